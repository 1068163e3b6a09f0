"""Plan a mailing: decide about every reader of the newsletter, and write it down."""

from dataclasses import dataclass, field
from datetime import datetime

from newsletter.audience import Rules
from newsletter.checks import check_date
from newsletter.delivery import PLANNED_ONLY, Mailing
from newsletter.errors import Finding, RefusedError
from newsletter.mailing.prepare import Prepared, insist_ready
from newsletter.plan import Draft
from newsletter.segment import Expression
from newsletter.store import Store
from newsletter.store.drafts import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody asked to be planned."""

    prepared: Prepared
    #: as written, and as understood
    segment: str
    expression: Expression = field(repr=False)
    #: readers who already hold this issue get it once more
    again: bool = False


def last_findings(prepared: Prepared, now: datetime) -> list[Finding]:
    """The last look before mail leaves: whatever `check` says, and a date that readers would wonder at."""
    return [*prepared.findings, *check_date(prepared.reading, prepared.masthead.today(now))]


def foresee(store: Store, order: Order, *, now: datetime) -> Draft:
    """What a plan would say, of an issue that may still be unfit: to look at, never to save."""
    return store.drafts.foresee(_wanted(order), now=now)


def plan_mailing(store: Store, order: Order, *, actor: str, now: datetime) -> tuple[Draft, Mailing | None]:
    """
    Plan afresh and save it as a draft; an earlier draft of the same issue and segment, approved or not, is cancelled.

    Nothing is saved when nobody is left to get it: then there is no mailing.

    :raises NewsletterError: the issue is not fit to be sent
    :raises RefusedError: a mailing of this issue and segment is under way
    """
    insist_ready(order.prepared)
    head = order.prepared.compiled.letterhead
    earlier = store.mailings.open_for(head.newsletter, head.slug, order.segment)
    if earlier and earlier.status not in PLANNED_ONLY:
        raise RefusedError(
            f"mailing {earlier.id} of this issue is under way for the same segment: it is {earlier.status}",
            fix=f"newsletter send {earlier.id} finishes it; newsletter mailings cancel {earlier.id} drops it",
        )
    if earlier:
        store.mailings.cancel(earlier.id, actor=actor, now=now)
    return store.drafts.plan(_wanted(order), actor=actor, now=now, findings=last_findings(order.prepared, now))


def _wanted(order: Order) -> Wanted:
    masthead = order.prepared.masthead
    rules = Rules(
        compiled=order.prepared.compiled,
        segment=order.expression,
        vocabulary=order.prepared.vocabulary,
        language=masthead.language,
        zone=masthead.zone,
    )
    return Wanted(rules=rules, segment=order.segment, again=order.again)


def open_mailing(store: Store, order: Order) -> Mailing | None:
    """
    The mailing that `send ISSUE` takes up again: same issue, same segment, nothing changed in the file.

    :raises RefusedError: the file has changed since it was planned
    """
    head = order.prepared.compiled.letterhead
    mailing = store.mailings.open_for(head.newsletter, head.slug, order.segment)
    if mailing and store.mailings.compiled(mailing.id) != order.prepared.compiled:
        raise RefusedError(
            f"mailing {mailing.id} was planned from another version of this file, its template or its settings",
            fix=f"newsletter send {mailing.id} sends it as planned; newsletter mailings cancel {mailing.id} drops it",
        )
    return mailing
