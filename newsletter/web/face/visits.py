"""Who comes by which link, and in which words they are spoken to."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from newsletter.errors import RefusedError, TokenError
from newsletter.limits import Limit
from newsletter.masthead import Imprint, Masthead
from newsletter.providers.sendgrid.signature import SignatureKey
from newsletter.roster.own import linked_reader
from newsletter.store import Store
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary
from newsletter.tokens import Purpose, Token, make_token, read_token
from newsletter.web.face.figures import Figures
from newsletter.web.face.wording import WORDS, language_of, masked

DAY = timedelta(hours=24)


class StrangeLinkError(Exception):
    """The link is none of ours, or nobody is known by it any more; which of the two is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How readers come in by themselves."""

    #: the newsletters that anybody may sign up for, by name, with who answers for them
    imprints: Mapping[str, Imprint]
    per_network: Limit
    in_all: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDoor:
    #: who signs what is handed in
    key: SignatureKey
    #: held by whoever writes events
    turn: AbstractContextManager[object]
    #: told when something was stored that has yet to take effect
    stored: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the pages are made from."""

    store: Store
    mastheads: Mapping[str, Masthead]
    vocabulary: Vocabulary
    keys: Sequence[bytes]
    base_url: str
    #: where a newsletter's readers write to leave
    mailbox_of: Callable[[Masthead], str]
    now: Callable[[], datetime]
    door: Door
    #: keeps nothing of an address but its hash
    forget: Callable[[str], None]
    #: where SendGrid reports to; None: nowhere
    events: EventDoor | None = None
    #: web servers of ours before this one
    proxies: int = 0
    #: without it, the figures are for this machine alone
    metrics_token: str = ""
    figures: Figures = field(default_factory=Figures)
    #: somebody was forgotten, and the file holds bytes of theirs yet
    traces: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    house: House
    reader: Subscriber
    mailing_id: int
    #: as it stands in the link
    token: str

    @property
    def masthead(self) -> Masthead | None:
        return self.house.mastheads.get(self.reader.newsletter)

    @property
    def title(self) -> str:
        return self.masthead.title if self.masthead else self.reader.newsletter

    @property
    def language(self) -> str:
        return language_of(self.reader, self.masthead.language if self.masthead else "en")

    def say(self, key: str) -> str:
        mailbox = self.house.mailbox_of(self.masthead) if self.masthead else ""
        return WORDS[self.language][key].format(title=self.title, address=masked(self.reader.email), mailbox=mailbox)

    def day_of(self, at: datetime) -> date:
        """Where the newsletter is at home."""
        return self.masthead.today(at) if self.masthead else at.date()

    def values(self) -> dict[str, Any]:
        """What all pages of a visit are made with."""
        return {
            "say": self.say,
            "language": self.language,
            "title": self.title,
            "token": self.token,
            "leaving": self._link(Purpose.UNSUBSCRIBE),
            "preferences": self._link(Purpose.PREFERENCES),
        }

    def _link(self, purpose: Purpose) -> str:
        return make_token(self.house.keys, purpose, Token(self.reader.public_id, self.mailing_id))


def masthead_speaker(house: House, masthead: Masthead, language: str, address: str = "") -> Callable[[str], str]:
    """Says words to somebody of whom nothing is known but what they want to read."""

    def say(key: str) -> str:
        mailbox = house.mailbox_of(masthead)
        return WORDS[language][key].format(title=masthead.title, address=masked(address), mailbox=mailbox)

    return say


def subscription_of(house: House, purpose: Purpose, text: str) -> bytes:
    """
    Whose link it is.

    :raises StrangeLinkError: it is none of ours
    """
    try:
        return read_token(house.keys, purpose, text).subscription
    except TokenError as error:
        raise StrangeLinkError from error


def visit_of(house: House, purpose: Purpose, text: str) -> Visit:
    """
    :raises StrangeLinkError: there is no reader behind it
    """
    try:
        token = read_token(house.keys, purpose, text)
        reader = linked_reader(house.store, token.subscription)
    except (TokenError, RefusedError) as error:
        raise StrangeLinkError from error
    return Visit(house=house, reader=reader, mailing_id=token.mailing_id, token=text)
