"""Show what a mail will look like: filled with a reader's values or with examples, its links leading nowhere."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter.audience import choose_stories
from newsletter.delivery import Receipt, Recipient
from newsletter.dispatch import Transport
from newsletter.edition import CompiledIssue, Edition, Field, Links, cut_edition
from newsletter.errors import RefusedError
from newsletter.merge import greeting, since
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary

#: stands in links that must do nothing
EXAMPLE = "example"
_TEST_LABEL = "[Test] "


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Whose copy is shown: a real reader's, or an example."""

    name: str = ""
    since_on: date | None = None
    interests: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reader: Subscriber) -> "Rehearsed":
        since_on = reader.consent.on if reader.consent else None
        return cls(reader.salutation or reader.name, since_on, reader.interests)


def insist_edition(compiled: CompiledIssue, rehearsed: Rehearsed, vocabulary: Vocabulary) -> Edition:
    """
    The edition that this reader would get.

    :raises RefusedError: too few stories fit, so that such a reader gets nothing
    """
    stories = choose_stories(compiled, rehearsed.interests, vocabulary)
    if stories is None:
        raise RefusedError(
            f"a reader with these interests gets nothing: fewer than {compiled.min_stories} stories fit",
            fix="lower min_stories, or choose other interests",
        )
    return cut_edition(compiled, stories)


def example_values(compiled: CompiledIssue, rehearsed: Rehearsed, *, base_url: str) -> dict[str, str]:
    """Merge values whose links are well formed and lead to nothing."""
    head = compiled.letterhead
    values: dict[str, str] = {
        Field.GREETING: greeting(compiled, rehearsed.name),
        Field.SINCE: since(head.language, rehearsed.since_on or head.issued_at.date()),
        Field.UNSUBSCRIBE_MAILTO: f"mailto:{head.unsubscribe_address}?subject=unsubscribe%20{EXAMPLE}",
    }
    if head.links is Links.WEB:
        pages = (Field.UNSUBSCRIBE_URL, "u"), (Field.PREFERENCES_URL, "p"), (Field.VIEW_URL, "v")
        values |= {field: f"{base_url.rstrip('/')}/{page}/{EXAMPLE}" for field, page in pages}
    return values


def example_recipient(
    compiled: CompiledIssue, rehearsed: Rehearsed, *, address: str, base_url: str, message_id: str = EXAMPLE
) -> Recipient:
    domain = compiled.letterhead.sender.address.rpartition("@")[2]
    return Recipient(
        delivery_id=0,
        address=address,
        name=rehearsed.name,
        message_id=f"{message_id}@{domain}",
        values=example_values(compiled, rehearsed, base_url=base_url),
    )


def test_send(
    compiled: CompiledIssue,
    edition: Edition,
    rehearsed: Rehearsed,
    *,
    addresses: Sequence[str],
    transport: Transport,
    base_url: str,
) -> Iterable[tuple[str, Receipt]]:
    """Send to named addresses only, marked as a test; nothing is written down, and no link does anything."""
    marked = replace(edition, subject=_TEST_LABEL + edition.subject)
    recipients = [
        replace(
            example_recipient(
                compiled, rehearsed, address=address, base_url=base_url, message_id=f"test-{secrets.token_hex(8)}"
            ),
            delivery_id=number,
        )
        for number, address in enumerate(addresses)
    ]
    with transport:
        for start in range(0, len(recipients), transport.batch_size):
            for receipt in transport.send(marked, recipients[start : start + transport.batch_size]):
                yield addresses[receipt.delivery_id], receipt
