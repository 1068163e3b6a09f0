"""What a refusal says about an address, by its enhanced status code (RFC 3463)."""

import re
from enum import StrEnum
from typing import NamedTuple

_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)[45]\d\d(?!\d)")
#: RFC 5321 section 4.2.1: with another second digit it is no "come again" of SMTP; SendGrid says 400 and 413 over HTTP
_COME_AGAIN = re.compile(r"4[2-5]\d")
#: RFC 5321 section 4.2.3: exceeded storage
_NO_ROOM = "552"
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
    #: it is our mail that does not fit there: it is too big, or a server on the way takes no such address
    OURS = "ours"
    OTHER = "other"


class Code(NamedTuple):
    #: 4: not now; 5: never
    level: int
    subject: int
    detail: int


def code_of(said: str) -> Code | None:
    """The enhanced code in what a server said."""
    found = _ENHANCED.search(said)
    return Code(*map(int, found.groups())) if found else None


def kind_of(said: str) -> BounceKind:
    """
    The kind of a refusal, by what the server said.

    A code of its own beats the three digits, which some servers choose without care.
    """
    code = code_of(said)
    if code is None:
        return _kind_of_reply(said)
    if code.subject == _POLICY:
        return BounceKind.POLICY
    if code[1:] == _FULL:
        return BounceKind.FULL
    if code.level == 4:
        return BounceKind.TEMPORARY
    return BounceKind.DEAD if code[1:] in _DEAD else BounceKind.OTHER


def _kind_of_reply(said: str) -> BounceKind:
    reply = _REPLY.search(said)
    if reply and _COME_AGAIN.fullmatch(reply[0]):
        return BounceKind.TEMPORARY
    return BounceKind.FULL if reply and reply[0] == _NO_ROOM else BounceKind.OTHER
