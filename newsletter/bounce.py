"""What a refusal says about an address, by its enhanced status code (RFC 3463)."""

import re
from collections.abc import Iterable, Set
from datetime import datetime, timedelta
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
#: too big, for the mailbox or on the way
_TOO_BIG = frozenset({(2, 3), (3, 4)})
#: what is wrong with the content, or with an address that is not ASCII (RFC 6531: 5.6.7)
_CONTENT = 6
#: in the words of servers; what may be about us is never held against the reader
_ABOUT_US = r"spam|black ?list|block(ed|list)|polic(y|ies)|reputation|\b(dmarc|spf|dkim)\b|sender|relay"
_NO_SPACE = r"quota|(mail)?box (is )?full|exceed\w* (its )?(storage|space)"
_NOBODY = (
    r"(user|recipient|address|mailbox|account)( \S+)? (is )?(unknown|not found|disabled|closed|does(n't| not) exist)|"
    r"(unknown|no such|invalid|non-?existent) (user|recipient|address|mailbox|account)|no mailbox here"
)
#: a mailbox that is full is emptied, some day; so many issues that it did not take, over so long, are the end of it
_FULL_ISSUES, _FULL_TIME = 3, timedelta(days=15)
#: likewise when nobody knows why; one after the other
_SOFT_ISSUES, _SOFT_TIME = 5, timedelta(days=30)


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


_WORDS = {
    BounceKind.POLICY: re.compile(_ABOUT_US, re.IGNORECASE),
    BounceKind.FULL: re.compile(_NO_SPACE, re.IGNORECASE),
    BounceKind.DEAD: re.compile(_NOBODY, re.IGNORECASE),
}


class Code(NamedTuple):
    #: 4: not now; 5: never
    level: int
    subject: int
    detail: int


class Sent(NamedTuple):
    """An issue that was handed over to a reader's mail server, and what came back: nothing, when it was taken."""

    at: datetime
    kinds: Set[BounceKind]


_SOFT = frozenset({BounceKind.FULL, BounceKind.TEMPORARY, BounceKind.OTHER})


def is_beyond_hope(issues: Iterable[Sent]) -> bool:
    """
    Whether a mailbox is not to be written to any more, by all that was sent to it.

    It does not matter in which order the bounces became known. What is about us says nothing of the mailbox.

    :param issues: the oldest first
    """
    row: list[Sent] = []
    for sent in issues:
        if BounceKind.DEAD in sent.kinds:
            return True
        if not sent.kinds:
            row = []
        elif sent.kinds & _SOFT:
            row.append(sent)
            full = [one for one in row if BounceKind.FULL in one.kinds]
            if _last(full, _FULL_ISSUES, _FULL_TIME) or _last(row, _SOFT_ISSUES, _SOFT_TIME):
                return True
    return False


def _last(row: list[Sent], fewest: int, shortest: timedelta) -> bool:
    return len(row) >= fewest and row[-1].at - row[0].at >= shortest


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
    if code.subject == _CONTENT or code[1:] in _TOO_BIG:
        return BounceKind.OURS
    if code[1:] == _FULL:
        return BounceKind.FULL
    if code.level == 4:
        return BounceKind.TEMPORARY
    if code[1:] in _DEAD:
        return BounceKind.DEAD
    return BounceKind.OTHER if code.detail else _kind_of_words(said)


def _kind_of_reply(said: str) -> BounceKind:
    reply = _REPLY.search(said)
    if reply and _COME_AGAIN.fullmatch(reply[0]):
        return BounceKind.TEMPORARY
    return BounceKind.FULL if reply and reply[0] == _NO_ROOM else _kind_of_words(said)


def _kind_of_words(said: str) -> BounceKind:
    """For servers whose code says nothing; the first that fits."""
    return next((kind for kind, words in _WORDS.items() if words.search(said)), BounceKind.OTHER)
