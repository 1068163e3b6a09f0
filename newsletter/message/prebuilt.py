"""RFC 5322 bytes of one mail: encoded once per edition, filled per reader by joining bytes."""

from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Field, Letterhead, Part, slot
from newsletter.message.body import Body, cut_at_slots
from newsletter.message.headers import (
    address_line,
    header_lines,
    plain_address,
    plain_message_id,
    plain_value,
    thread_headers,
    unstructured,
)
from newsletter.message.lists import list_headers, unsubscribe_lines
from newsletter.message.values import checked_values, for_both_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Prebuilt:
    """A message of which only what differs per reader is missing; its stretches stand here in their order."""

    letterhead: Letterhead
    #: those that have a hole in either part
    fields: tuple[Field, ...]
    #: headers
    before_reader: bytes
    before_text: bytes
    text: Body
    before_html: bytes
    html: Body
    end: bytes

    def fill(self, recipient: Recipient) -> bytes:
        """The reader's copy, lines ended by CRLF and not dot-stuffed; RefusedValueError when a value is unfit."""
        raw, for_html = for_both_parts(checked_values(recipient, self.fields))
        return b"".join(
            [
                self.before_reader,
                _reader_headers(self.letterhead, recipient),
                self.before_text,
                *self.text.filled(raw),
                self.before_html,
                *self.html.filled(for_html),
                self.end,
            ]
        )


@lru_cache(maxsize=64)
def prebuild(edition: Edition) -> Prebuilt:
    """Everything that is the same for all who get the edition, encoded for the wire."""
    head = edition.letterhead
    cuts = [cut_at_slots(edition, part) for part in (Part.TEXT, Part.HTML)]
    fields = tuple(field for field in Field if any(field in cut[1::2] for cut in cuts))
    text, html = (Body(cut, fields) for cut in cuts)
    boundary = f"=_{edition.hash[:32]}"
    alternatives = {"Content-Type": f'multipart/alternative;\r\n boundary="{boundary}"'}
    return Prebuilt(
        letterhead=head,
        fields=fields,
        before_reader=header_lines(_letter_headers(edition)),
        # Text first: of the alternatives, the last one is the one to show (RFC 2046 section 5.1.4).
        before_text=header_lines(list_headers(head) | alternatives) + b"\r\n" + _part_head(boundary, "plain", text),
        text=text,
        before_html=_part_head(boundary, "html", html),
        html=html,
        end=f"--{boundary}--\r\n".encode(),
    )


def slots_in(edition: Edition) -> dict[str, tuple[Part, Field]]:
    """Every slot token that stands in one of the edition's parts."""
    tokens = {slot(edition.source, part, field): (part, field) for part in Part for field in Field}
    content = {Part.HTML: edition.html, Part.TEXT: edition.text}
    return {token: place for token, place in tokens.items() if token in content[place[0]]}


def _letter_headers(edition: Edition) -> dict[str, str]:
    head = edition.letterhead
    reply_to = {"Reply-To": plain_address(head.reply_to)} if head.reply_to else {}
    return {
        "From": address_line(head.sender.name, head.sender.address),
        **reply_to,
        "Subject": unstructured(plain_value(edition.subject, "subject")),
        "Date": format_datetime(head.issued_at),
        "MIME-Version": "1.0",
    }


def _reader_headers(head: Letterhead, recipient: Recipient) -> bytes:
    to, message_id = address_line(recipient.name, recipient.address), plain_message_id(recipient.message_id)
    answers = "".join(f"{name}: {value}\r\n" for name, value in thread_headers(recipient).items())
    return f"To: {to}\r\nMessage-ID: <{message_id}>\r\n{answers}{unsubscribe_lines(head, recipient)}".encode()


def _part_head(boundary: str, subtype: str, body: Body) -> bytes:
    headers = {
        "Content-Type": f'text/{subtype}; charset="utf-8"',
        "Content-Transfer-Encoding": body.encoding,
    }
    return f"--{boundary}\r\n".encode() + header_lines(headers) + b"\r\n"
