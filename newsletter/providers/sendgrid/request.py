"""
The body of a mail/send request: the edition once, and for each reader a personalization with substitutions.

Limits and names: SendGrid's OpenAPI description of v3 mail/send, and its pages on personalizations and substitutions.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from newsletter.delivery import Receipt, Recipient
from newsletter.edition import Edition, Part
from newsletter.message import (
    Letter,
    RefusedValueError,
    checked_values,
    escaped,
    list_headers,
    plain_address,
    plain_message_id,
    plain_value,
    slots_in,
    unsubscribe_headers,
)
from newsletter.providers.sendgrid.schedule import Batch
from newsletter.providers.words import refused

#: of one reader's substitutions together; counted here as JSON, which is the longest that SendGrid may count
SUBSTITUTION_BYTES = 10_000
#: the names by which every later event names our delivery: its number in this database, and the part of its Message-ID
#: before the @, which no other database has
DELIVERY_ARG, MESSAGE_ARG = "delivery", "message"
#: of a request: SendGrid takes less than 30 MB, and this leaves room for how it may count
REQUEST_BYTES = 28_000_000
#: by name, since the account's defaults would rewrite our links, and put a footer and a header beside our own
_NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One reader's part of a request, encoded."""

    recipient: Recipient
    personalization: bytes


class Sheet:
    """An edition as a request holds it: what is the same for all is encoded once, and spliced into every request."""

    def __init__(self, edition: Edition) -> None:
        """
        :raises RefusedValueError: the edition itself holds what must not go out
        """
        self.edition = edition
        self._slots = slots_in(edition)
        self._fields = [field for _, field in self._slots.values()]
        self._is_html = [part is Part.HTML for part, _ in self._slots.values()]
        self._before, self._after = b'{"personalizations":[', b"]," + _encoded(_same_for_all(edition))[1:]

    @cached_property
    def size(self) -> int:
        """Bytes of a request without readers, with room for a batch."""
        return len(self._before) + len(self._after) + 200

    def copy_for(self, recipient: Recipient) -> Copy:
        """
        What differs for one reader.

        :raises RefusedValueError: a value that must not go out, or more of them than SendGrid takes
        """
        personalization = {
            "to": [_mailbox(plain_address(recipient.address), recipient.name)],
            "headers": unsubscribe_headers(self.edition.letterhead, recipient)
            | {"Message-ID": f"<{plain_message_id(recipient.message_id)}>"},
            "custom_args": {
                DELIVERY_ARG: str(recipient.delivery_id),
                MESSAGE_ARG: recipient.message_id.partition("@")[0],
            },
        }
        values = self._substitutions(recipient)
        return Copy(recipient, b'%b,"substitutions":%b}' % (_encoded(personalization)[:-1], values))

    def body(self, copies: Sequence[Copy], batch: Batch | None = None) -> bytes:
        """The whole request."""
        end = self._after
        if batch:
            end = end[:-1] + b"," + _encoded({"batch_id": batch.id, "send_at": batch.send_at})[1:]
        return self._before + b",".join([copy.personalization for copy in copies]) + end

    def _substitutions(self, recipient: Recipient) -> bytes:
        values = checked_values(recipient, self._fields)
        # SendGrid does not say in which order it substitutes; a value with a slot in it could be filled in its turn.
        if self._slots and self.edition.source in "".join(values) and self._holds_a_slot(values):
            raise RefusedValueError(f"a value holds a slot of this edition ({self.edition.source})")
        # None of them holds a line break, so they are escaped in one go, and parted again.
        for_html = escaped(Part.HTML, "\n".join(values)).split("\n")
        pairs = zip(self._slots, self._is_html, for_html, values, strict=False)
        found = _encoded({token: html if is_html else text for token, is_html, html, text in pairs})
        if len(found) > SUBSTITUTION_BYTES:
            raise RefusedValueError(
                f"{len(found):,} bytes of values, and SendGrid takes {SUBSTITUTION_BYTES:,} a reader"
            )
        return found

    def _holds_a_slot(self, values: Sequence[str]) -> bool:
        return any(token in value for token in self._slots for value in values)


@dataclass(frozen=True, slots=True)
class Group:
    """Readers of one edition who share a request."""

    sheet: Sheet
    copies: list[Copy]


class Gathering:
    """Letters on their way into a group: neighbours of the same edition, and no address twice."""

    def __init__(self, *, most: int, largest: int = REQUEST_BYTES) -> None:
        """
        :param most: readers in a request
        :param largest: bytes of a request
        """
        self._most = most
        self._largest = largest
        self._sheet: Sheet | None = None
        self._copies: list[Copy] = []
        self._addresses: set[str] = set()
        self._size = 0

    def add(self, letter: Letter) -> Iterator[Group | Receipt]:
        """
        What the letter completes: a group that it does not fit into, or one that it fills; or its refusal.

        :raises RefusedValueError: the edition itself holds what must not go out
        """
        if self._sheet is None or self._sheet.edition != letter.edition:
            yield from self.close()
            self._sheet = Sheet(letter.edition)
        try:
            copy = self._sheet.copy_for(letter.recipient)
        except RefusedValueError as error:
            yield refused(letter.recipient, error)
            return
        address = copy.recipient.address.lower()
        # SendGrid refuses a request as a whole when an address stands in it twice.
        if address in self._addresses or self._size + len(copy.personalization) >= self._largest:
            yield from self.close()
        self._copies.append(copy)
        self._addresses.add(address)
        self._size += len(copy.personalization) + 1
        if len(self._copies) == self._most:
            yield from self.close()

    def close(self) -> Iterator[Group]:
        """The group that has been gathered so far, if there is any."""
        if self._sheet and self._copies:
            yield Group(self._sheet, self._copies)
        self._copies, self._addresses = [], set()
        self._size = self._sheet.size if self._sheet else 0


def _same_for_all(edition: Edition) -> dict[str, Any]:
    head = edition.letterhead
    found: dict[str, Any] = {
        "from": _mailbox(plain_address(head.sender.address), plain_value(head.sender.name, "sender's name")),
        "subject": plain_value(edition.subject, "subject"),
        "content": [
            {"type": "text/plain", "value": edition.text},
            {"type": "text/html", "value": edition.html},
        ],
        "headers": {name: value.replace("\r\n", "") for name, value in list_headers(head).items()},
        "tracking_settings": _NO_TRACKING,
    }
    if head.reply_to:
        found["reply_to"] = {"email": plain_address(head.reply_to)}
    return found


def _encoded(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _mailbox(address: str, name: str) -> dict[str, str]:
    """An address object. A comma or semicolon in a name needs quotes (sendgrid-python issue 578)."""
    if not name:
        return {"email": address}
    if "," in name or ";" in name:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return {"email": address, "name": name}
