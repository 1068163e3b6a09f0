"""What is told of a mail after it has left: by the provider, by a reader's mail server, by the reader."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState


class EventKind(StrEnum):
    """In the order of a mail's life."""

    #: the provider works at it
    PROCESSED = "processed"
    #: a server asks to come again later; whoever holds the mail does so
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    #: a server refused it, for what is with the mailbox or the way there
    BOUNCED = "bounced"
    #: a server refused it, for what is with us
    BLOCKED = "blocked"
    #: the provider did not even try
    DROPPED = "dropped"
    OPENED = "opened"
    CLICKED = "clicked"
    #: the reader called it spam
    COMPLAINED = "complained"
    #: left this newsletter
    UNSUBSCRIBED = "unsubscribed"
    #: left all of them
    UNSUBSCRIBED_FROM_ALL = "unsubscribed-from-all"
    #: the provider counts them as readers again; which is no yes to us
    RESUBSCRIBED = "resubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One of them, as it is kept. It names nobody but by our own ids, and holds no address."""

    #: the same however often it is told: "sg:" and SendGrid's id of it, or "mail:" and the SHA-256 of the message
    key: str
    kind: EventKind
    happened_at: datetime
    received_at: datetime
    #: what a refusal says about the address; None where nothing was refused
    bounce: BounceKind | None = None
    delivery_id: int | None = None
    mailing_id: int | None = None
    subscriber_id: int | None = None
    subscription_id: int | None = None
    #: enhanced status code (RFC 3463); "" when none was named
    code: str = ""
    #: in the words of whoever told it, without an address
    detail: str = ""
    #: that a click led to
    url: str | None = None
    #: opened or clicked by a scanner, not by a person
    is_machine: bool = False


class Effect(StrEnum):
    """What an event changes beyond being on record."""

    NOTHING = "nothing"
    #: one more refusal; `newsletter.bounce.is_beyond_hope` says when it is one too many
    COUNT = "count"
    #: no mail of ours to this address any more, until its reader says otherwise themselves
    COMPLAIN = "complain"
    #: this newsletter
    LEAVE = "leave"
    LEAVE_ALL = "leave all"


_EFFECTS = {
    EventKind.COMPLAINED: Effect.COMPLAIN,
    EventKind.UNSUBSCRIBED: Effect.LEAVE,
    EventKind.UNSUBSCRIBED_FROM_ALL: Effect.LEAVE_ALL,
}
#: why SendGrid drops a mail that a reader does not want, in its own words ("Event Webhook Reference", drop reasons)
_UNWANTED = {"unsubscribed address": Effect.LEAVE_ALL, "spam reporting address": Effect.COMPLAIN}


def effect_of(event: Event) -> Effect:
    """
    By itself; that somebody is a reader again is nobody's word but theirs, so no event makes anybody one.
    """
    if event.kind is EventKind.DROPPED:
        found = next((effect for words, effect in _UNWANTED.items() if words in event.detail.lower()), None)
        if found:
            return found
    return Effect.COUNT if event.bounce else _EFFECTS.get(event.kind, Effect.NOTHING)


def proof_of(kind: EventKind) -> DeliveryState | None:
    """What an event proves of a delivery of which nobody is sure: a server took it; or certainly none did."""
    if kind is EventKind.DROPPED:
        return DeliveryState.REFUSED
    return None if kind is EventKind.RESUBSCRIBED else DeliveryState.ACCEPTED
