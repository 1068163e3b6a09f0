"""The life of one edition on its way to one reader: mailing, delivery, recipient, receipt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class MailingStatus(StrEnum):
    """Listed in the order of a life."""

    #: planned and saved; nothing has left
    DRAFT = "draft"
    #: somebody has said yes to its content and its audience
    APPROVED = "approved"
    #: waits for its time; then a worker sends it
    SCHEDULED = "scheduled"
    #: a sender is at work, or died at it
    SENDING = "sending"
    #: nothing leaves until a person says so
    PAUSED = "paused"
    #: no delivery is waiting any more
    SENT = "sent"
    #: stopped for good by a person; what had not left never will
    CANCELLED = "cancelled"


#: what a mailing may become, by what it is
CHANGES: Mapping[MailingStatus, frozenset[MailingStatus]] = {
    MailingStatus.DRAFT: frozenset(
        {MailingStatus.APPROVED, MailingStatus.SCHEDULED, MailingStatus.SENDING, MailingStatus.CANCELLED}
    ),
    MailingStatus.APPROVED: frozenset({MailingStatus.SCHEDULED, MailingStatus.SENDING, MailingStatus.CANCELLED}),
    MailingStatus.SCHEDULED: frozenset(
        {MailingStatus.SCHEDULED, MailingStatus.SENDING, MailingStatus.PAUSED, MailingStatus.CANCELLED}
    ),
    MailingStatus.SENDING: frozenset(
        {MailingStatus.SENDING, MailingStatus.PAUSED, MailingStatus.SENT, MailingStatus.CANCELLED}
    ),
    MailingStatus.PAUSED: frozenset({MailingStatus.SCHEDULED, MailingStatus.SENDING, MailingStatus.CANCELLED}),
    # Somebody was refused, and is tried once more.
    MailingStatus.SENT: frozenset({MailingStatus.SENDING}),
    MailingStatus.CANCELLED: frozenset(),
}
#: as it was planned; nobody has set it going
PLANNED_ONLY = frozenset({MailingStatus.DRAFT, MailingStatus.APPROVED})
#: nothing of it waits any more
ENDED = frozenset({MailingStatus.SENT, MailingStatus.CANCELLED})


class DeliveryState(StrEnum):
    """Listed in the order of a life. Only `deferred` goes back (to `planned`); the last four are final."""

    #: written down, not handed over yet
    PLANNED = "planned"
    #: a sender holds it and may be handing it over at this moment
    CLAIMED = "claimed"
    #: refused for now, and certainly not taken; waits to be planned again
    DEFERRED = "deferred"
    #: the provider has taken it
    ACCEPTED = "accepted"
    #: the provider said no, for good
    REFUSED = "refused"
    #: handed over without an answer; not sent again unless a person says so
    UNKNOWN = "unknown"
    #: taken back before hand-over: unsubscribed or suppressed meanwhile, or the mailing was cancelled
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What a transport can say about one recipient."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: a temporary no: certainly not taken
    DEFERRED = "deferred"
    #: the line went dead, or the answer did not come in time
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A delivery as the transport sees it. Values are raw: each transport escapes them for where they go."""

    delivery_id: int
    address: str
    #: shown in the To header; empty when unknown
    name: str
    #: without angle brackets; the same for every try of this delivery
    message_id: str
    #: by name of merge field (`newsletter.edition.Field`)
    values: Mapping[str, str] = field(default_factory=dict)
    #: Message-IDs of the mail that this one answers, without angle brackets; more than one when nobody knows which
    in_reply_to: tuple[str, ...] = ()
    #: by which a bounce of this delivery is known, where it has an address of its own; else empty
    bounce_token: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transport can say about one recipient. `detail` never holds an address."""

    delivery_id: int
    outcome: Outcome
    detail: str = ""
    #: the provider's own id of the message, where it gives one
    provider_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One sending of an issue to an audience, as the store keeps it."""

    id: int
    newsletter: str
    slug: str
    title: str
    segment: str
    status: MailingStatus
    content_hash: str
    audience_hash: str
    planned_at: datetime
    planned_by: str
    #: how many of its readers had named no interests; None when it was planned before this was counted
    without_interests: int | None = None
    transport: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    #: when a worker is to send it
    send_at: datetime | None = None
    #: why it is paused; None when it is not
    pause_reason: str | None = None
    #: the mailing whose readers it tells what was wrong
    corrects_id: int | None = None


class BatchState(StrEnum):
    """Of mail that a provider holds for a while."""

    #: it leaves, unless it is cancelled in time
    OPEN = "open"
    #: certainly nobody gets its mails
    CANCELLED = "cancelled"
    #: nobody knows whether it was cancelled
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Batch:
    """The name under which a provider holds mail for a while, and until when."""

    #: seconds before it leaves, after which a cancellation may come too late (SendGrid, "Cancel scheduled sends")
    MARGIN: ClassVar[int] = 600

    id: str
    #: seconds since 1970, by the provider's clock
    send_at: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of the wish to take a batch back."""

    batch: Batch
    #: nobody gets any of its mails, whatever was answered to the request that carried it
    is_certain: bool
    #: why it is not
    detail: str = ""
    #: certain, too: nothing has been cancelled, and what the provider took will go out
    will_leave: bool = False
