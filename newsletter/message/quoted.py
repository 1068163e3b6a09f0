"""
Quoted-printable bodies (RFC 2045 section 6.7): the shorter form of a part that is mostly ASCII.

No line begins with a dot. SMTP would have to double it, for which every message would have to be searched; and RFC 2049
section 3 advises against one, since there are gateways that lose it.
"""

import re
from binascii import b2a_qp
from collections.abc import Sequence
from functools import lru_cache

_CRLF = b"\r\n"
#: a line that ends in it goes on in the next one
_SOFT_BREAK = b"=\r\n"
#: as a number, for which Python looks eight times faster
_EQUALS = ord("=")
#: characters that a line holds before a soft break
_ROOM = 75
#: a blank is encoded at the end of a line only, and Python's encoder does not count the two characters more
_OVERLONG = re.compile(rb"^(.{74,})(=20|=09)$", re.MULTILINE)
_LEADING_DOTS = re.compile(rb"^\.+", re.MULTILINE)
_DOT = b"=2E"
#: encoded dots that fit a line before a soft break
_DOTS_A_LINE = _ROOM // len(_DOT)
#: one character each; every other byte takes three
_AS_IT_IS = bytes({*b"\t\n", *range(ord(" "), ord("~") + 1)} - {ord("=")})
#: where a literal is parted to be encoded; any other place would do
_BLOCK = b"<div"


class QuotedBody:
    """Soft breaks part every value from what stands around it, so that it is encoded alone and moves nothing."""

    encoding = "quoted-printable"

    def __init__(self, literals: Sequence[bytes]) -> None:
        *others, last = literals
        encoded = [*map(_to_be_continued, others), _wire(last) + _CRLF]
        first, *after_values = encoded
        #: values at the odd places
        self._pieces = [first]
        for literal in after_values:
            self._pieces += [b"", _SOFT_BREAK + literal]
        self.size = sum(map(len, self._pieces))

    def prepared(self, values: bytes) -> list[bytes]:
        """Values that line breaks part, ready for their holes."""
        return _encoded_values(values)

    def filled(self, values: Sequence[bytes]) -> list[bytes]:
        """The body in pieces, the last of which ends in a line break."""
        pieces = self._pieces.copy()
        pieces[1::2] = values
        return pieces


def least_quoted_size(literals: Sequence[bytes]) -> int:
    """Bytes of a body without values and without line breaks."""
    return sum(len(literal) + 2 * len(literal.translate(None, _AS_IT_IS)) for literal in literals)


# Both parts of a message mostly have the same values.
@lru_cache(maxsize=1)
def _encoded_values(values: bytes) -> list[bytes]:
    return list(map(_value, values.split(b"\n")))


def _value(value: bytes) -> bytes:
    if not value.isascii():
        return _encoded(value)
    # The encoder would come to the same, and take three times as long.
    if len(value) <= _ROOM and _EQUALS not in value and not value.startswith(b"."):
        return value
    return _folded(value.replace(b"=", b"=3D"))


def _folded(line: bytes) -> bytes:
    """With soft breaks, none of them within the three characters of an equals sign."""
    lines = []
    line = _without_dot(line)
    while len(line) > _ROOM:
        sign = line.find(b"=", _ROOM - 2, _ROOM)
        end = _ROOM if sign < 0 else sign
        lines.append(line[:end])
        line = _without_dot(line[end:])
    return _SOFT_BREAK.join([*lines, line])


def _without_dot(line: bytes) -> bytes:
    return _DOT + line[1:] if line.startswith(b".") else line


def _to_be_continued(literal: bytes) -> bytes:
    """Encoded, and open for a value."""
    first, *blocks = literal.split(_BLOCK)
    return b"".join([_stretch(first), *(_stretch(_BLOCK + block) for block in blocks)])


# The editions of an issue share most of their blocks; to encode one takes ten times as long as to find it here.
@lru_cache(maxsize=1024)
def _stretch(block: bytes) -> bytes:
    return _encoded(block) + _SOFT_BREAK if block else b""


def _encoded(content: bytes) -> bytes:
    """
    So that a soft break may follow.

    The encoder fills the last line to 76 characters, to which no `=` can be added; so it is given one character
    more, which is then cut off.
    """
    return _wire(content + b"x")[:-1]


def _wire(content: bytes) -> bytes:
    encoded = b2a_qp(content, istext=True)
    if b"=20" in encoded or b"=09" in encoded:
        encoded = _OVERLONG.sub(rb"\1=\n\2", encoded)
    if b"\n." in encoded or encoded.startswith(b"."):
        encoded = _LEADING_DOTS.sub(_dots, encoded)
    return encoded.replace(b"\n", _CRLF)


def _dots(found: re.Match[bytes]) -> bytes:
    """On lines of their own, for what follows may fill its line already."""
    count = len(found[0])
    lines = [_DOT * min(_DOTS_A_LINE, count - start) for start in range(0, count, _DOTS_A_LINE)]
    return b"".join([line + b"=\n" for line in lines])
