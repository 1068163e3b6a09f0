"""One part of a message, encoded for the wire, with holes where a reader's values go."""

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from newsletter.edition import Edition, Field, Part, slot
from newsletter.message.base64 import Base64Body, base64_size
from newsletter.message.quoted import QuotedBody, least_quoted_size


class Encoded(Protocol):
    """The literals of a part (what stands before, between and after the holes), encoded."""

    #: as Content-Transfer-Encoding names it
    encoding: str

    def prepared(self, values: bytes) -> Sequence[bytes]:
        """Values that line breaks part, ready for any hole."""
        ...

    def filled(self, values: Sequence[bytes]) -> list[bytes]:
        """In pieces to be joined, one prepared value in each hole; the last piece ends in a line break."""
        ...


class Body:
    """One part. It is given the values of both, and picks those that it has holes for."""

    def __init__(self, cut: Sequence[str], fields: Sequence[str]) -> None:
        """
        :param cut: as `cut_at_slots` makes it
        :param fields: of the values, in their order
        """
        self._encoded = _shorter([literal.encode() for literal in cut[::2]])
        self._pick = _picker([fields.index(field) for field in cut[1::2]])
        self.encoding = self._encoded.encoding

    def filled(self, values: bytes) -> list[bytes]:
        """In pieces to be joined, the last of which ends in a line break; the values are parted by line breaks."""
        return self._encoded.filled(self._pick(self._encoded.prepared(values)))


def cut_at_slots(edition: Edition, part: Part) -> list[str]:
    """A part as literal, field, literal, …, literal."""
    content = edition.html if part is Part.HTML else edition.text
    fields = {slot(edition.source, part, field): str(field) for field in Field}
    cut = re.split(f"({'|'.join(fields)})", content.replace("\r\n", "\n").replace("\r", "\n"))
    cut[1::2] = [fields[token] for token in cut[1::2]]
    return cut


def _shorter(literals: Sequence[bytes]) -> Encoded:
    """Quoted-printable or base64, whichever makes less of the literals."""
    base64 = base64_size(literals)
    if least_quoted_size(literals) <= base64:
        quoted = QuotedBody(literals)
        if quoted.size <= base64:
            return quoted
    return Base64Body(literals)


def _picker(numbers: Sequence[int]) -> Callable[[Any], Sequence[Any]]:
    """All of these at once; itemgetter gives no tuple for a single one, and cannot be made for none."""
    return itemgetter(*numbers) if len(numbers) > 1 else lambda found: [found[number] for number in numbers]
