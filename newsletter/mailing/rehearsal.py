"""Show what a mail will look like: filled with a reader's values or with examples, its links leading nowhere."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from newsletter.audience import choose_stories
from newsletter.delivery import Receipt, Recipient
from newsletter.edition import CompiledIssue, Edition, cut_edition
from newsletter.errors import RefusedError
from newsletter.merge import merge_values
from newsletter.message import Letter
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary

if TYPE_CHECKING:
    from newsletter.dispatch import Transport

#: stands in links that must do nothing
EXAMPLE = "example"
_TEST_LABEL = "[Test] "


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Whose copy is shown: a real reader's, or an example."""

    name: str = ""
    since_on: date | None = None
    interests: frozenset[str] = frozenset()
    address: str = "reader@example.com"

    @classmethod
    def of(cls, reader: Subscriber) -> "Rehearsed":
        since_on = reader.consent.on if reader.consent else None
        return cls(reader.salutation or reader.name, since_on, reader.interests, reader.email)


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


def edition_of_stories(compiled: CompiledIssue, numbers: Sequence[int]) -> Edition:
    """
    The edition that holds these stories, counted from 1 as they stand in the file, in this order.

    :raises RefusedError: the issue has no such stories, or one is named twice
    """
    if len(set(numbers)) < len(numbers) or not all(1 <= number <= len(compiled.stories) for number in numbers):
        raise RefusedError("there is no such edition any more: the stories have changed", fix="choose another")
    return cut_edition(compiled, [compiled.stories[number - 1].id for number in numbers])


def example_recipient(
    compiled: CompiledIssue, rehearsed: Rehearsed, *, base_url: str, message_id: str = EXAMPLE
) -> Recipient:
    domain = compiled.letterhead.sender.address.rpartition("@")[2]
    return Recipient(
        delivery_id=0,
        address=rehearsed.address,
        name=rehearsed.name,
        message_id=f"{message_id}@{domain}",
        values=merge_values(
            compiled,
            base_url=base_url,
            name=rehearsed.name,
            since_on=rehearsed.since_on,
            token_for=lambda _: EXAMPLE,
        ),
    )


def send_test(
    compiled: CompiledIssue,
    edition: Edition,
    rehearsed: Rehearsed,
    *,
    addresses: Sequence[str],
    transport: "Transport",
    base_url: str,
) -> Iterable[tuple[str, Receipt]]:
    """Send to named addresses only, marked as a test; nothing is written down, and no link does anything."""
    marked = replace(edition, subject=_TEST_LABEL + edition.subject)
    recipients = [
        replace(
            example_recipient(compiled, rehearsed, base_url=base_url, message_id=f"test-{secrets.token_hex(8)}"),
            address=address,
            # none of the store's, whatever a provider reports of it later
            delivery_id=-number,
        )
        for number, address in enumerate(addresses, start=1)
    ]
    letters = [Letter(marked, recipient) for recipient in recipients]
    with transport:
        for receipts in transport.send(iter(letters), lambda _: None):
            for receipt in receipts:
                yield addresses[-receipt.delivery_id - 1], receipt
