"""
RFC 5322 bytes of one mail: encoded once per edition, filled per reader by joining bytes.

Bodies are quoted-printable. A soft line break on both sides of every slot lets a value be encoded alone and put in
without changing a byte around it.
"""

import binascii
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Field, Letterhead, Links, Part, slot
from newsletter.message.headers import (
    RefusedValueError,
    address_line,
    feedback_id,
    is_plain,
    named,
    phrase,
    plain_address,
    plain_message_id,
    plain_uri,
    plain_value,
    unstructured,
)

#: on the wire, and between the encoded segments
_CRLF = b"\r\n"
_SOFT_BREAK = b"=\r\n"
#: where in the pieces of a prebuilt message the headers of one reader go
_TO, _MESSAGE_ID, _WAYS_OUT = 1, 3, 5


@dataclass(frozen=True, slots=True)
class Hole:
    """A slot of one part, and which of the prebuilt pieces it is."""

    piece: int
    part: Part
    field: Field


@dataclass(frozen=True, slots=True)
class Prebuilt:
    """A message of which only what differs per reader is missing."""

    letterhead: Letterhead
    #: encoded for the wire; empty where something is to be filled in
    pieces: tuple[bytes, ...]
    holes: tuple[Hole, ...]

    def fill(self, recipient: Recipient) -> bytes:
        """The reader's copy, lines ended by CRLF and not dot-stuffed; RefusedValueError when a value is unfit."""
        values = checked_values(recipient)
        pieces = list(self.pieces)
        pieces[_TO] = address_line(recipient.name, recipient.address).encode()
        pieces[_MESSAGE_ID] = plain_message_id(recipient.message_id).encode()
        pieces[_WAYS_OUT] = _ways_out(self.letterhead, recipient)
        for hole in self.holes:
            pieces[hole.piece] = _segment(escaped(hole.part, value_of(hole.field, values)))
        return b"".join(pieces)


@lru_cache(maxsize=64)
def prebuild(edition: Edition) -> Prebuilt:
    """Everything that is the same for all who get the edition, encoded for the wire."""
    head = edition.letterhead
    boundary = f"=_{edition.hash[:32]}"
    pieces: list[bytes] = [
        _lines(From=address_line(head.sender.name, head.sender.address)) + b"To: ",
        b"",
        _CRLF + _lines(**_letter_headers(edition)) + b"Message-ID: <",
        b"",
        b">\r\n" + _lines(MIME_Version="1.0"),
        b"",
        _lines(**list_headers(head), Content_Type=f'multipart/alternative;\r\n boundary="{boundary}"') + _CRLF,
    ]
    holes: list[Hole] = []
    # Text first: of the alternatives, the last one is the one to show (RFC 2046 section 5.1.4).
    for part, subtype, content in ((Part.TEXT, "plain", edition.text), (Part.HTML, "html", edition.html)):
        pieces.append(_part_head(boundary, subtype))
        _append_part(pieces, holes, part, _at_slots(edition.source, part, content))
        pieces.append(_CRLF)
    pieces.append(f"--{boundary}--\r\n".encode())
    return Prebuilt(head, tuple(pieces), tuple(holes))


def slots_in(edition: Edition) -> dict[str, tuple[Part, Field]]:
    """Every slot token that stands in one of the edition's parts."""
    tokens = {slot(edition.source, part, field): (part, field) for part in Part for field in Field}
    content = {Part.HTML: edition.html, Part.TEXT: edition.text}
    return {token: place for token, place in tokens.items() if token in content[place[0]]}


def list_headers(head: Letterhead) -> dict[str, str]:
    """Headers that name the list and ask robots to be quiet; the same for all."""
    return {
        "List-Id": named(phrase(head.title), plain_value(head.list_id, "List-Id")),
        "Feedback-ID": plain_value(feedback_id(head), "Feedback-ID"),
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": plain_value(head.language, "language"),
    }


def unsubscribe_headers(head: Letterhead, recipient: Recipient) -> dict[str, str]:
    """
    One reader's ways out: https first, then mailto (RFC 2369), and one click when there is https (RFC 8058).

    The value may be folded after its comma and nowhere else, and is never encoded.
    """
    web = recipient.values.get(Field.UNSUBSCRIBE_URL, "") if head.links is Links.WEB else ""
    ways = [plain_uri(way) for way in (web, recipient.values.get(Field.UNSUBSCRIBE_MAILTO, "")) if way]
    if not ways:
        raise RefusedValueError("there is no link and no mailbox to unsubscribe", fix="set NEWSLETTER_BASE_URL")
    found = {"List-Unsubscribe": ", ".join(f"<{way}>" for way in ways)}
    if web.startswith("https://"):
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def checked_values(recipient: Recipient) -> Mapping[str, str]:
    """The reader's merge values, when neither they nor name and address hold a line break of any kind."""
    plain_address(recipient.address)
    plain_value(recipient.name, "name")
    if not is_plain("".join(recipient.values.values())):
        for name, value in recipient.values.items():
            plain_value(value, name)
    return recipient.values


def value_of(field: Field, values: Mapping[str, str]) -> str:
    try:
        return values[field]
    except KeyError:
        raise RefusedValueError(f"there is no value for the slot {field}") from None


def escaped(part: Part, value: str) -> str:
    """A raw value for where it goes."""
    return html.escape(value, quote=True) if part is Part.HTML else value


def _letter_headers(edition: Edition) -> dict[str, str]:
    head = edition.letterhead
    reply_to = {"Reply-To": plain_address(head.reply_to)} if head.reply_to else {}
    return reply_to | {
        "Subject": unstructured(plain_value(edition.subject, "subject")),
        "Date": format_datetime(head.issued_at),
    }


def _lines(**headers: str) -> bytes:
    return b"".join(f"{name.replace('_', '-')}: {value}\r\n".encode() for name, value in headers.items())


def _ways_out(head: Letterhead, recipient: Recipient) -> bytes:
    ways = unsubscribe_headers(head, recipient)
    ways["List-Unsubscribe"] = ways["List-Unsubscribe"].replace(", ", ",\r\n ")
    return _lines(**ways)


def _part_head(boundary: str, subtype: str) -> bytes:
    headers = {"Content-Type": f'text/{subtype}; charset="utf-8"', "Content-Transfer-Encoding": "quoted-printable"}
    return f"--{boundary}\r\n".encode() + _lines(**headers) + _CRLF


def _at_slots(source: str, part: Part, content: str) -> list[str]:
    """The content cut at its slots: literal, field, literal, …, literal."""
    one_of = "|".join(re.escape(slot(source, part, field)) for field in Field)
    lined = content.replace("\r\n", "\n").replace("\r", "\n")
    fields = {slot(source, part, field): str(field) for field in Field}
    return [fields.get(piece, piece) for piece in re.split(f"({one_of})", lined)]


def _append_part(pieces: list[bytes], holes: list[Hole], part: Part, cut: list[str]) -> None:
    for number, content in enumerate(cut):
        if number % 2:
            holes.append(Hole(len(pieces), part, Field(content)))
            pieces.append(b"")
        elif number == len(cut) - 1:
            pieces.append(_wire(binascii.b2a_qp(content.encode(), istext=True)))
        else:
            pieces.append(_segment(content))


def _segment(content: str) -> bytes:
    """
    Quoted-printable that ends in a soft line break, so that anything encoded may follow.

    The encoder fills the last line to 76 characters, to which no `=` can be added; so it is given one character
    more, which is then cut off.
    """
    return _wire(binascii.b2a_qp(content.encode() + b"x", istext=True)[:-1]) + _SOFT_BREAK


def _wire(encoded: bytes) -> bytes:
    return encoded.replace(b"\n", _CRLF)
