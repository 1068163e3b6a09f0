"""Base64 bodies (RFC 2045 section 6.8): the shorter form of a part that is mostly beyond ASCII."""

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

_CRLF = b"\r\n"
#: characters of a line
_LINE = 76
#: bytes; a literal no longer than this is encoded for each reader, together with the values around it
_SHORT = 60
#: combinations of lengths that a body remembers: links are all of one length, names and dates are not
_STENCILS = 512


@dataclass(frozen=True, slots=True)
class Run:
    """
    A literal, encoded for one of the three ways in which it can stand after a value.

    Base64 makes four characters of three bytes. What is waiting for a multiple of three gets it from the literal's
    first bytes; its last ones, fewer than three, wait for the next value.
    """

    given: bytes
    #: whole lines, after the end of the line before; nothing for a short literal, which is all given
    encoded: bytes
    left: bytes


@dataclass(frozen=True, slots=True)
class Stencil:
    """A body for values of certain lengths, whatever they are: where they stand, and where lines end."""

    #: what is to be encoded, in one go; values at the odd places
    plain: list[bytes]
    #: cuts what comes out into lines
    lines: Struct
    #: the whole body; those lines at the odd places
    pieces: list[bytes]

    def filled(self, values: Sequence[bytes]) -> list[bytes]:
        plain, pieces = self.plain.copy(), self.pieces.copy()
        plain[1::2] = values
        pieces[1::2] = self.lines.unpack(b2a_base64(b"".join(plain), newline=False))
        return pieces


class Base64Body:
    """A literal is encoded once for each way in which it stands. A reader costs the values and a few bytes beside."""

    encoding = "base64"

    def __init__(self, literals: Sequence[bytes]) -> None:
        first, *others = map(_canonical, literals)
        whole = len(first) - len(first) % 3
        self._opening, self._left = _lines(first[:whole]), first[whole:]
        self._others = others
        # Made when a reader first needs them: most literals stand in one way or two, and many editions have one reader.
        self._runs: dict[tuple[int, int], Run] = {}
        self._stencils: dict[tuple[int, ...], Stencil] = {}

    def prepared(self, values: bytes) -> list[bytes]:
        """Values that line breaks part, ready for their holes."""
        return values.split(b"\n")

    def filled(self, values: Sequence[bytes]) -> list[bytes]:
        """The body in pieces, the last of which ends in a line break."""
        lengths = tuple(map(len, values))
        stencil = self._stencils.get(lengths)
        if stencil is None:
            if len(self._stencils) == _STENCILS:
                self._stencils.clear()
            stencil = self._stencils[lengths] = self._drawn(lengths)
        return stencil.filled(values)

    def _drawn(self, lengths: Sequence[int]) -> Stencil:
        plain, pieces, sizes = [self._left], [self._opening], []
        waiting = len(self._left)
        for number, length in enumerate(lengths):
            waiting += length
            run = self._run(number, 3 - waiting % 3)
            plain += [b"", run.given + run.left]
            waiting += len(run.given)
            if run.encoded:
                added = _sizes(waiting)
                pieces += [*[b"", _CRLF] * (len(added) - 1), b"", run.encoded]
                sizes += added
                waiting = len(run.left)
        last = _sizes(waiting)
        pieces += [b"", _CRLF] * len(last)
        return Stencil(plain, _cutter([*sizes, *last]), pieces)

    def _run(self, number: int, given: int) -> Run:
        """
        :param given: one to three bytes; none would leave an empty line when nothing is waiting
        """
        literal = self._others[number]
        if len(literal) <= _SHORT:
            return Run(literal, b"", b"")
        if (number, given) not in self._runs:
            end = len(literal) - (len(literal) - given) % 3
            self._runs[number, given] = Run(literal[:given], _CRLF + _lines(literal[given:end]), literal[end:])
        return self._runs[number, given]


def base64_size(literals: Sequence[bytes]) -> int:
    """Bytes of the literals alone, in full lines."""
    sizes = _sizes(sum(len(literal) + literal.count(b"\n") for literal in literals))
    return sum(sizes) + len(_CRLF) * len(sizes)


def _canonical(literal: bytes) -> bytes:
    """Line breaks are CRLF before text is encoded, too (RFC 2045 section 6.8)."""
    return literal.replace(b"\n", _CRLF)


def _lines(content: bytes) -> bytes:
    encoded = b2a_base64(content, newline=False)
    return _CRLF.join([*_cutter(_sizes(len(content))).unpack(encoded), b""])


def _sizes(count: int) -> list[int]:
    """Of the lines that so many bytes become."""
    full, rest = divmod((count + 2) // 3 * 4, _LINE)
    return [_LINE] * full + [rest] * bool(rest)


def _cutter(sizes: Sequence[int]) -> Struct:
    return Struct("".join([f"{size}s" for size in sizes]))
