"""Who reads: subscriber, subscription, interests, suppression, and why somebody is left out."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class SubscriptionStatus(StrEnum):
    """Belongs to a subscriber of one newsletter. Listed in the order of a life."""

    #: on the list, but consent is not proven yet; gets nothing
    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(StrEnum):
    """Why an address must not be mailed, by any newsletter."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    MANUAL = "manual"
    #: asked to be forgotten; of them nothing is kept but a keyed hash
    FORGOTTEN = "forgotten"


class Skip(StrEnum):
    """Why a reader of the newsletter is left out of a mailing. The first that applies is the one that is told."""

    UNSUBSCRIBED = "unsubscribed"
    PENDING = "pending"
    SUPPRESSED = "suppressed"
    #: asked for some weeks without mail, and comes back by itself
    PAUSED = "paused"
    NOT_IN_SEGMENT = "not-in-segment"
    #: holds an accepted or unknown delivery of the same issue from an earlier mailing
    ALREADY_SENT = "already-sent"
    #: too few stories fit this reader's interests
    TOO_FEW_STORIES = "too-few-stories"
    #: of a correction: their copy held nothing that was wrong, or they have none
    UNAFFECTED = "unaffected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The proof that somebody may be mailed: how it was given ("signed up at the conference"), and when."""

    basis: str
    on: date
    #: which text they agreed to; "" when nobody wrote it down
    wording: str = ""
    #: whether they agreed that their address goes to a provider abroad; None when they were not asked
    cross_border: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A reader as a list or a command names them. None says that the source is silent about it; "" empties it."""

    email: str
    name: str | None = None
    salutation: str | None = None
    language: str | None = None
    company: str | None = None
    manager: str | None = None
    zone: str | None = None
    interests: frozenset[str] | None = None
    #: None: confirmed with a consent, pending without one
    status: SubscriptionStatus | None = None
    consent: Consent | None = None
    #: an address that must not be mailed, as another list knows it
    suppressed_for: SuppressionReason | None = None
    #: None: now
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person as a subscriber of one newsletter."""

    #: id of the person
    subscriber_id: int
    #: id of the subscription (person x newsletter)
    subscription_id: int
    #: 16 random bytes: what links to this subscription carry instead of an id or an address
    public_id: bytes
    newsletter: str
    email: str
    name: str = ""
    #: how to address the person ("Ms Chen", "陈女士"); the name when empty
    salutation: str = ""
    #: "" when unknown: then the newsletter's language counts
    language: str = ""
    company: str = ""
    #: the adviser who looks after this reader
    manager: str = ""
    zone: str = ""
    status: SubscriptionStatus
    interests: frozenset[str] = frozenset()
    consent: Consent | None = None
    joined_at: datetime
    suppressed_for: SuppressionReason | None = None
    #: wants no mail before this instant; one that has passed says nothing
    paused_until: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now
