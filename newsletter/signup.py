"""Somebody signs up for a newsletter, and is answered by mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: how long the link in the mail is good
GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What was filled in. It changes nothing of anybody's before its reader has confirmed it."""

    newsletter: str
    address: str
    name: str = ""
    #: in which the form was read, and the mails are wished
    language: str
    interests: frozenset[str] = frozenset()
    #: which text was agreed to
    wording: str
    #: the network from which it came, "" when nobody knows
    network: str = ""


class AnswerKind(StrEnum):
    #: asks whether it was them
    CONFIRM = "confirm"
    #: they get it already
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A mail to somebody who signed up."""

    id: int
    kind: AnswerKind
    newsletter: str
    address: str
    language: str
    #: what the link in it carries: of this answer, and of the subscription
    public_id: bytes
    subscription: bytes
    #: this try included
    tries: int


class Confirmation(StrEnum):
    """What became of a link that was followed."""

    DONE = "done"
    #: it was done before, and still holds
    DONE_BEFORE = "done-before"
    #: it was used, or is older than it may be
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a link asks to be confirmed."""

    newsletter: str
    address: str
    language: str
    interests: frozenset[str]
    #: of the subscription
    public_id: bytes
    is_open: bool
    is_confirmed: bool


def is_good(asked_at: datetime, now: datetime) -> bool:
    return now - asked_at <= GOOD_FOR
