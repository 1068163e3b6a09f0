"""A mail that came back, taken apart. Anybody may have written it: whatever is odd about it is passed over."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import TYPE_CHECKING

#: bytes of a mail by which it is known; and those that are taken apart: reports come first, then our own mail
LONGEST, LOOKED_AT = 2 << 20, 256 << 10
#: characters of a header, and of a part, that anybody needs
_LONGEST_HEADER, _LONGEST_PART = 4_096, 64 << 10
_DEEPEST, _MOST_GROUPS = 5, 100

if TYPE_CHECKING:
    AnyMessage = Message[str, str]
else:
    AnyMessage = Message

#: by what a mail may name the address that it was sent to
_ADDRESSED = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
#: of the mail that came back, and of a complaint about it (RFC 5965 section 3.2): where it came from
_ORIGIN = ("return-path", "original-mail-from")
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})


def parsed(raw: bytes) -> AnyMessage:
    return message_from_bytes(raw[:LOOKED_AT])


def parts_of(message: AnyMessage, depth: int = 0) -> Iterator[AnyMessage]:
    """Itself and what is in it, but nothing that is in an attached mail."""
    yield message
    if message.get_content_maintype() == "multipart" and message.is_multipart() and depth < _DEEPEST:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from parts_of(part, depth + 1)


def part_of(message: AnyMessage, *kinds: str) -> AnyMessage | None:
    return next((part for part in parts_of(message) if part.get_content_type() in kinds), None)


def text_of(part: AnyMessage) -> str:
    """What a part says; of a report's part (RFC 3464), its fields, one group after the other."""
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload[:_LONGEST_PART].decode("utf-8", "replace")
    inner = part.get_payload()
    groups = inner[:_MOST_GROUPS] if isinstance(inner, list) else [inner or ""]
    return "\n\n".join(str(one) for one in groups)[:_LONGEST_PART]


def header(message: AnyMessage, name: str) -> str:
    """In one line, decoded as far as it can be."""
    value = re.sub(r"\r?\n", "", str(message.get(name, ""))[:_LONGEST_HEADER])
    try:
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
            for part, charset in decode_header(value)
        )
    except (HeaderParseError, LookupError, ValueError):
        return value


def addressed_to(message: AnyMessage) -> str:
    """Every header by which a mail names the address that it came to, for a token to be found in."""
    return _values(message, _ADDRESSED)


def came_from(message: AnyMessage) -> str:
    """Likewise, where the mail came from that this one returns."""
    found = []
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind == "message/feedback-report" or kind in _RETURNED:
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            returned = first if isinstance(first, Message) else parsed(text_of(part).encode("utf-8", "replace"))
            found.append(_values(returned, _ORIGIN))
    return "\n".join(found)


def _values(message: AnyMessage, names: tuple[str, ...]) -> str:
    values = (value for name in names for value in message.get_all(name, [])[:_MOST_GROUPS])
    return "\n".join(str(value)[:_LONGEST_HEADER] for value in values)
