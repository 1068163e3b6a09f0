"""What a refusal says about an address, by its enhanced status code (RFC 3463)."""

import re
from enum import StrEnum

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)([45])\d\d(?!\d)")
_DEAD = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_FULL = (2, 2)
_POLICY = 7


class BounceKind(StrEnum):
    #: there is no such mailbox, now and for ever
    DEAD = "dead"
    #: the mailbox is full
    FULL = "full"
    #: the server asked to come again later, until we gave up
    TEMPORARY = "temporary"
    #: it is about us: our content, our authentication, our reputation
    POLICY = "policy"
    OTHER = "other"


def kind_of(said: str) -> BounceKind:
    """
    The kind of a refusal, by what the server said.

    A code of its own beats the three digits, which some servers choose without care.
    """
    found = _ENHANCED.search(said)
    if found is None:
        reply = _REPLY.search(said)
        return BounceKind.TEMPORARY if reply and reply[1] == "4" else BounceKind.OTHER
    kind, subject, detail = map(int, found.groups())
    if subject == _POLICY:
        return BounceKind.POLICY
    if (subject, detail) == _FULL:
        return BounceKind.FULL
    if kind == 5 and (subject, detail) in _DEAD:
        return BounceKind.DEAD
    return BounceKind.TEMPORARY if kind == 4 else BounceKind.OTHER
