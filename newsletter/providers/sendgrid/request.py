"""
The body of a mail/send request: the edition once, and for each reader a personalization with substitutions.

Limits and names: SendGrid's OpenAPI description of v3 mail/send, and its pages on personalizations and substitutions.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring as _quoted
from typing import Any

from newsletter.delivery import Batch, Receipt, Recipient
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
    thread_headers,
    unsubscribe_headers,
)
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
        slots = slots_in(edition)
        self._tokens = list(slots)
        #: each field that has a slot, with what stands before its value in a personalization, by part
        self._fields = sorted({field for _, field in slots.values()})
        self._before_value = [
            (self._fields.index(field), part is Part.HTML, f"{_quoted(token)}:")
            for token, (part, field) in slots.items()
        ]
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
        # Written by hand, since nothing else takes as long for each reader.
        to = _encoded_mailbox(plain_address(recipient.address), recipient.name)
        message_id = plain_message_id(recipient.message_id)
        substitutions = self._substitutions(recipient)
        ways_out = unsubscribe_headers(self.edition.letterhead, recipient)
        thread = {name: value.replace("\r\n", "") for name, value in thread_headers(recipient).items()}
        headers = "".join([f",{_quoted(name)}:{_quoted(value)}" for name, value in (ways_out | thread).items()])
        personalization = (
            f'{{"to":[{to}],"headers":{{"Message-ID":{_quoted(f"<{message_id}>")}{headers}}},'
            f'"custom_args":{{"{DELIVERY_ARG}":"{recipient.delivery_id}",'
            f'"{MESSAGE_ARG}":{_quoted(message_id.partition("@")[0])}}},'
            f'"substitutions":{substitutions}}}'
        )
        return Copy(recipient, personalization.encode())

    def body(self, copies: Sequence[Copy], batch: Batch | None = None) -> bytes:
        """The whole request."""
        end = self._after
        if batch:
            end = end[:-1] + b"," + _encoded({"batch_id": batch.id, "send_at": batch.send_at})[1:]
        return self._before + b",".join([copy.personalization for copy in copies]) + end

    def _substitutions(self, recipient: Recipient) -> str:
        values = checked_values(recipient, self._fields)
        joined = "\n".join(values)
        # SendGrid does not say in which order it substitutes; a value with a slot in it could be filled in its turn.
        if self.edition.source in joined and any(token in joined for token in self._tokens):
            raise RefusedValueError(f"a value holds a slot of this edition ({self.edition.source})")
        plain = [_quoted(value) for value in values]
        # None of them holds a line break, so they are escaped in one go, and parted again.
        html = [_quoted(value) for value in escaped(Part.HTML, joined).split("\n")] if values else []
        pairs = [before + (html if is_html else plain)[number] for number, is_html, before in self._before_value]
        found = f"{{{','.join(pairs)}}}"
        # None of our characters is longer than four bytes.
        if len(found) * 4 > SUBSTITUTION_BYTES and len(found.encode()) > SUBSTITUTION_BYTES:
            size = len(found.encode())
            raise RefusedValueError(f"{size:,} bytes of values, and SendGrid takes {SUBSTITUTION_BYTES:,} a reader")
        return found


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
        if self._sheet is None or (self._sheet.edition is not letter.edition and self._sheet.edition != letter.edition):
            yield from self.close()
            self._sheet = Sheet(letter.edition)
            self._size = self._sheet.size
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


def _encoded_mailbox(address: str, name: str) -> str:
    if not name:
        return f'{{"email":{_quoted(address)}}}'
    return f'{{"email":{_quoted(address)},"name":{_quoted(_name(name))}}}'


def _mailbox(address: str, name: str) -> dict[str, str]:
    return {"email": address, "name": _name(name)} if name else {"email": address}


def _name(name: str) -> str:
    """A comma or semicolon in a name needs quotes (sendgrid-python issue 578)."""
    if "," in name or ";" in name:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return name
