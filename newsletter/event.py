"""What is told of a mail after it has left: by the provider, by a reader's mail server, by the reader."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.bounce import BounceKind


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
