"""Who comes by which link, and in which words they are spoken to."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.errors import RefusedError, TokenError
from newsletter.masthead import Masthead
from newsletter.providers.sendgrid.signature import SignatureKey
from newsletter.roster.own import linked_reader
from newsletter.store import Store
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary
from newsletter.tokens import Purpose, Token, make_token, read_token
from newsletter.web.face.wording import WORDS, language_of, masked


class StrangeLinkError(Exception):
    """The link is none of ours, or nobody is known by it any more; which of the two is not said."""


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
    #: where SendGrid reports to; None: nowhere
    events: EventDoor | None = None


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
