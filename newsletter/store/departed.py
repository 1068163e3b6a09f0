"""Take back deliveries to readers who must not get them any more: decided at the instant of the claim, not before."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.store import schema
from newsletter.store.plans import HOLDING
from newsletter.store.rows import Departed
from newsletter.subscriber import Skip, SubscriptionStatus

_mailing, _delivery, _subscription = schema.mailings.c, schema.deliveries.c, schema.subscriptions.c
_suppressed = schema.suppressions.c.subscriber_id


def withdraw(
    connection: sa.Connection, mailing_id: int, now: datetime, *, among: tuple[int, int] | None = None
) -> dict[Skip, int]:
    """
    Withdraw planned deliveries (all, or those from one id to another) whose reader left, was suppressed, paused, or has
    the issue from another mailing.

    The caller writes in the same transaction, so that nobody can leave in between.
    """
    reason = reason_to_withdraw(connection, mailing_id, now)
    wanted = sa.select(_delivery.id, reason.label("reason")).select_from(schema.deliveries.join(schema.subscriptions))
    wanted = wanted.where(_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
    wanted = wanted.where(reason.is_not(None))
    if among is not None:
        wanted = wanted.where(_delivery.id.between(*among))
    found = {delivery_id: Skip(said) for delivery_id, said in connection.execute(wanted)}
    if found:
        gone = sa.update(schema.deliveries).where(_delivery.id == sa.bindparam("gone"))
        gone = gone.values(state=DeliveryState.WITHDRAWN, settled_at=now, detail=sa.bindparam("said"))
        connection.execute(gone, [{"gone": delivery_id, "said": str(said)} for delivery_id, said in found.items()])
    reasons = list(found.values())
    return {said: reasons.count(said) for said in dict.fromkeys(reasons)}


def departing(connection: sa.Connection, mailing_id: int, now: datetime) -> list[Departed]:
    """Those whom `withdraw` would take back now, by name; nothing is changed."""
    reason = reason_to_withdraw(connection, mailing_id, now)
    people = schema.subscribers.c
    joined = schema.deliveries.join(schema.subscriptions).join(schema.subscribers, people.id == _delivery.subscriber_id)
    wanted = sa.select(people.address, people.name, reason.label("reason")).select_from(joined)
    wanted = wanted.where(_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
    wanted = wanted.where(reason.is_not(None)).order_by(_delivery.id)
    return [Departed(*row) for row in connection.execute(wanted)]


def withdraw_cancelled(connection: sa.Connection, delivery_ids: Collection[int]) -> None:
    """What goes back to waiting in a mailing that was cancelled meanwhile would wait for ever."""
    if not delivery_ids:
        return
    cancelled = sa.select(_mailing.id).where(_mailing.status == MailingStatus.CANCELLED)
    waiting = _delivery.state.in_((DeliveryState.PLANNED, DeliveryState.DEFERRED))
    gone = sa.update(schema.deliveries).where(_delivery.id.in_(delivery_ids), waiting)
    ended = sa.select(_mailing.finished_at).where(_mailing.id == _delivery.mailing_id).scalar_subquery()
    values = {"state": DeliveryState.WITHDRAWN, "settled_at": ended, "due_at": None, "detail": "cancelled"}
    connection.execute(gone.where(_delivery.mailing_id.in_(cancelled)).values(values))


def reopen_waiting(connection: sa.Connection, delivery_ids: Collection[int]) -> None:
    """What goes back to waiting in a mailing that counted as sent: it is under way again, or it would wait for ever."""
    if not delivery_ids:
        return
    waiting = _delivery.state.in_((DeliveryState.PLANNED, DeliveryState.DEFERRED))
    theirs = sa.select(_delivery.mailing_id).where(_delivery.id.in_(delivery_ids), waiting)
    again = sa.update(schema.mailings).where(_mailing.status == MailingStatus.SENT, _mailing.id.in_(theirs))
    connection.execute(again.values(status=MailingStatus.SENDING, finished_at=None))


def reason_to_withdraw(connection: sa.Connection, mailing_id: int, now: datetime) -> sa.ColumnElement[str]:
    """Null for those who may still get it. In the order in which `Skip` lists the reasons."""
    is_suppressed = sa.exists().where(_suppressed == _delivery.subscriber_id)
    whens: list[tuple[sa.ColumnElement[bool], str]] = [
        (_subscription.status == SubscriptionStatus.UNSUBSCRIBED, Skip.UNSUBSCRIBED),
        (_subscription.status != SubscriptionStatus.CONFIRMED, Skip.PENDING),
        (is_suppressed, Skip.SUPPRESSED),
        (_subscription.paused_until > now, Skip.PAUSED),
    ]
    others = _others_of_the_issue(connection, mailing_id)
    if others:
        other = schema.deliveries.alias("other")
        same_reader = (other.c.mailing_id.in_(others), other.c.subscriber_id == _delivery.subscriber_id)
        whens.append((sa.exists().where(*same_reader, other.c.state.in_(HOLDING)), Skip.ALREADY_SENT))
    return sa.case(*whens, else_=sa.null())


def _others_of_the_issue(connection: sa.Connection, mailing_id: int) -> list[int]:
    """Other mailings of the same issue; none where the mailing is meant to reach those who have it."""
    this = schema.mailings.alias("this")
    same = (_mailing.newsletter == this.c.newsletter, _mailing.slug == this.c.slug, _mailing.id != this.c.id)
    wanted = sa.select(_mailing.id).select_from(schema.mailings.join(this, sa.and_(*same)))
    return list(connection.execute(wanted.where(this.c.id == mailing_id, this.c.again.is_(False))).scalars())
