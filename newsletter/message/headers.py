"""Header values as RFC 5322, 2047 and 2369 want them, and what must not stand in one."""

import re
import textwrap
from binascii import b2a_base64
from collections.abc import Mapping
from string import ascii_letters, digits
from urllib.parse import quote

from newsletter.delivery import Recipient
from newsletter.errors import PermanentError

#: everything that some program takes for the end of a line, the other controls, and halves of characters
_NEVER = "\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_UNFIT = re.compile(f"[{_NEVER}]")
#: those of them that are ASCII
_CONTROLS = bytes({*range(32), 127} - {ord("\t")})
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*")
_PLAIN = rf"[^\s()<>@,;:\\\"\[\]{_NEVER}]"
_ADDRESS = re.compile(f"{_PLAIN}{{1,64}}@{_PLAIN}{{1,255}}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,255}")
#: beside letters and digits; the percent sign is one of earlier escapes
_URI_SAFE = "!#$%&'()*+./:;=?@[]_~-"
_IN_URIS = f"{ascii_letters}{digits}{_URI_SAFE}".encode()
#: RFC 5322 allows 998 characters a line; the rest is for the name, brackets and the comma
_LONGEST_URI = 900
#: RFC 2047 allows an encoded word 75 characters: `=?utf-8?b?` and `?=` leave 63, of which base64 can use 60
_BYTES_A_WORD = 45
#: a text of so many characters fits a line behind the longest header name that we give it
_LINE = 64


class RefusedValueError(PermanentError):
    """A value that must not stand in a mail. A reader's own is a refused delivery; an edition's stops the mailing."""


def is_plain(text: str) -> bool:
    """True for one line that can be encoded."""
    # The pattern is right for any text; the ways around it are faster.
    if text.isascii():
        return len(text.encode().translate(None, _CONTROLS)) == len(text)
    return text.isprintable() or _UNFIT.search(text) is None


def plain_value(value: str, what: str) -> str:
    """The value, when it is one line and can be encoded."""
    if not is_plain(value):
        mark = f"U+{ord(_UNFIT.findall(value)[0]):04X}"
        raise RefusedValueError(f"the {what} holds a line break or a control character ({mark})", fix="correct it")
    return value


def plain_address(address: str) -> str:
    """The address, when it can stand in a header and in an SMTP command without quotes."""
    if not _ADDRESS.fullmatch(address):
        raise RefusedValueError("the address is not a mail address", fix="correct it")
    return address


def plain_message_id(message_id: str) -> str:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise RefusedValueError("the Message-ID is not one")
    return message_id


def thread_headers(recipient: Recipient) -> dict[str, str]:
    """What puts a mail below the one that it answers (RFC 5322 section 3.6.4); none when it answers none."""
    if not recipient.in_reply_to:
        return {}
    ids = "\r\n ".join([f"<{plain_message_id(answered)}>" for answered in recipient.in_reply_to])
    return {"In-Reply-To": ids, "References": ids}


def plain_uris(uris: list[str]) -> list[str]:
    """URIs as ASCII without commas, which would part one from itself in a list (RFC 2369 section 3.4)."""
    together = "".join(uris)
    # Nothing is left of a URI once all is taken out that may stand in one.
    if together.isascii() and len(together) <= _LONGEST_URI and not together.encode().translate(None, _IN_URIS):
        return uris
    return list(map(_plain_uri, uris))


def _plain_uri(uri: str) -> str:
    found = quote(plain_value(uri, "unsubscribe link"), safe=_URI_SAFE)
    if len(found) > _LONGEST_URI:
        raise RefusedValueError(f"the unsubscribe link is longer than {_LONGEST_URI} characters", fix="shorten it")
    return found


def address_line(name: str, address: str) -> str:
    """`Chen Mei <reader@example.com>`; the address alone when there is no name."""
    shown, inside = phrase(name), plain_address(address)
    return named(shown, inside) if shown else inside


def named(shown: str, inside: str) -> str:
    """A phrase, and in angle brackets what it names; folded in between when it is long."""
    apart = " " if len(shown) + len(inside) < _LINE else "\r\n "
    return f"{shown}{apart}<{inside}>"


def phrase(text: str) -> str:
    """A display name: as it is, in quotes, or as encoded words."""
    if len(text) <= _LINE and _ATOMS.fullmatch(text) and "=?" not in text:
        return text
    text = " ".join(plain_value(text, "name").split())
    if not _stays_ascii(text) or len(text) > _LINE:
        return "\r\n ".join(_encoded_words(text))
    if not text or _ATOMS.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unstructured(text: str) -> str:
    """A subject: ASCII folded at its spaces, or encoded words, which alone keep a blank at either end."""
    folded = textwrap.wrap(text, _LINE, break_long_words=False, break_on_hyphens=False)
    if _stays_ascii(text) and " ".join(folded) == text == text.strip() and all(len(line) <= _LINE for line in folded):
        return "\r\n ".join(folded)
    return "\r\n ".join(_encoded_words(text))


def header_lines(headers: Mapping[str, str]) -> bytes:
    """As they stand in a message, each with its line break."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode()


def _stays_ascii(text: str) -> bool:
    """Plain ASCII that no reader takes for an encoded word."""
    return text.isascii() and "\t" not in text and "=?" not in text


def _encoded_words(text: str) -> list[str]:
    """RFC 2047, base64 over UTF-8; no character is cut in two."""
    words = [text.encode()]
    if len(words[0]) > _BYTES_A_WORD:
        words = _in_words(text)
    return [f"=?utf-8?b?{b2a_base64(word, newline=False).decode()}?=" for word in words if word]


def _in_words(text: str) -> list[bytes]:
    words = [b""]
    for character in text:
        encoded = character.encode()
        if len(words[-1]) + len(encoded) > _BYTES_A_WORD:
            words.append(b"")
        words[-1] += encoded
    return words
