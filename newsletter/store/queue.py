"""
The deliveries table as a queue. The hot spot: everything that a sender does per batch is here.

Written before hand-over (a claim commits before anybody speaks to a provider) and after it (a settlement), so that
whatever dies in between leaves rows that say `claimed`: known to be not known. Leases and fencing come later.
"""

import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus, Outcome, Receipt
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.departed import withdraw
from newsletter.store.rows import ClaimedDelivery

_DETAIL_LIMIT = 500
_ABANDONED = "the sender stopped between handing over and hearing the answer"

_mailing, _edition, _delivery = schema.mailings.c, schema.editions.c, schema.deliveries.c
_person, _subscription = schema.subscribers.c, schema.subscriptions.c


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database

    def withdraw_departed(self, mailing_id: int, now: datetime) -> int:
        """Take back what was planned for readers who left, were suppressed, or have the issue already; how many."""
        with self._database.writing() as connection:
            return sum(withdraw(connection, mailing_id, now).values())

    def claim(self, mailing_id: int, *, holder: str, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """
        Take up to `limit` planned deliveries of one edition, in order; readers who departed are withdrawn on the way.

        Empty when nothing is planned and due, or when the mailing is not under way (see `begin`).
        """
        with self._database.writing() as connection:
            while candidates := _next_batch(connection, mailing_id, limit, now):
                withdraw(connection, mailing_id, now, among=candidates)
                taken = _take(connection, candidates, holder=holder, now=now)
                if taken:
                    return _claimed(connection, taken)
        return []

    def settle(
        self,
        receipts: Iterable[Receipt],
        *,
        holder: str,
        now: datetime,
        due_at: datetime | Callable[[Receipt], datetime],
    ) -> int:
        """
        Write down what became of claimed deliveries; how many were this holder's to settle.

        :param due_at: when a deferred one is to be tried again
        """
        rows = [_settlement(receipt, now, due_at) for receipt in receipts]
        if not rows:
            return 0
        names = ("state", "detail", "provider_id", "settled_at", "due_at")
        values = {name: sa.bindparam(f"new_{name}", type_=_delivery[name].type) for name in names}
        mine = (_delivery.id == sa.bindparam("delivery"), _delivery.state == DeliveryState.CLAIMED)
        told = sa.update(schema.deliveries).where(*mine, _delivery.holder == holder).values(**values, holder=None)
        with self._database.writing() as connection:
            settled = connection.execute(told, rows).rowcount
            _withdraw_cancelled(connection, [row["delivery"] for row in rows])
        return settled

    def release(self, delivery_ids: Collection[int], *, holder: str) -> int:
        """Give claimed deliveries back. Only while it is certain that nobody took anything of them."""
        mine = (_delivery.state == DeliveryState.CLAIMED, _delivery.holder == holder)
        back = sa.update(schema.deliveries).where(_delivery.id.in_(delivery_ids), *mine)
        back = back.values(state=DeliveryState.PLANNED, holder=None, claimed_at=None, tries=_delivery.tries - 1)
        with self._database.writing() as connection:
            released = connection.execute(back).rowcount
            _withdraw_cancelled(connection, delivery_ids)
        return released

    def replan_due(self, mailing_id: int, now: datetime) -> int:
        """Plan deferred deliveries again whose time has come; how many."""
        due = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.DEFERRED, _delivery.due_at <= now)
        again = sa.update(schema.deliveries).where(*due).values(state=DeliveryState.PLANNED, due_at=None)
        with self._database.writing() as connection:
            return connection.execute(again).rowcount

    def next_due(self, mailing_id: int) -> datetime | None:
        """When the first deferred delivery may be tried again."""
        waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.DEFERRED)
        wanted = sa.select(_delivery.due_at)
        with self._database.reading() as connection:
            first = connection.execute(wanted.where(*waiting).order_by(_delivery.due_at).limit(1)).first()
        return first.due_at if first else None

    def abandon_claims(self, mailing_id: int, now: datetime, *, actor: str = "newsletter") -> int:
        """
        Settle what is still claimed as unknown; how many.

        Called under the mailing's lock: whoever held them is dead, and may have handed them over.
        """
        left = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.CLAIMED)
        values = {"state": DeliveryState.UNKNOWN, "settled_at": now, "detail": _ABANDONED, "holder": None}
        with self._database.writing() as connection:
            count = connection.execute(sa.update(schema.deliveries).where(*left).values(values)).rowcount
            if count:
                told = audit_row("abandoned", actor=actor, at=now, mailing_id=mailing_id, detail={"unknown": count})
                write_audit(connection, told)
            return count


def _next_batch(connection: sa.Connection, mailing_id: int, limit: int, now: datetime) -> list[int]:
    """Ids of the next deliveries, all of the edition of the first one."""
    under_way = sa.exists().where(_mailing.id == mailing_id, _mailing.status == MailingStatus.SENDING)
    is_due = sa.or_(_delivery.due_at.is_(None), _delivery.due_at <= now)
    waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED, is_due, under_way)
    first = connection.execute(sa.select(_delivery.edition_id).where(*waiting).order_by(_delivery.id).limit(1)).scalar()
    if first is None:
        return []
    wanted = sa.select(_delivery.id).where(*waiting, _delivery.edition_id == first)
    return list(connection.execute(wanted.order_by(_delivery.id).limit(limit)).scalars())


def _take(connection: sa.Connection, candidates: list[int], *, holder: str, now: datetime) -> list[int]:
    still = (_delivery.id.in_(candidates), _delivery.state == DeliveryState.PLANNED)
    values = {"state": DeliveryState.CLAIMED, "holder": holder, "claimed_at": now, "due_at": None}
    taking = sa.update(schema.deliveries).where(*still).values(values | {"tries": _delivery.tries + 1})
    return list(connection.execute(taking.returning(_delivery.id)).scalars())


def _claimed(connection: sa.Connection, taken: list[int]) -> list[ClaimedDelivery]:
    columns = (
        _delivery.id.label("delivery_id"),
        _edition.hash.label("edition_hash"),
        _edition.stories,
        _person.address,
        _person.name,
        _person.salutation,
        _person.language,
        _subscription.public_id,
        _subscription.consent_on,
        _subscription.joined_at,
        _delivery.tries,
    )
    joined = schema.deliveries.join(schema.editions).join(schema.subscriptions)
    joined = joined.join(schema.subscribers, _person.id == _delivery.subscriber_id)
    wanted = sa.select(*columns).select_from(joined).where(_delivery.id.in_(taken)).order_by(_delivery.id)
    rows = connection.execute(wanted).all()
    stories = {text: tuple(json.loads(text)) for text in {row.stories for row in rows}}
    return [ClaimedDelivery(**row._asdict() | {"stories": stories[row.stories]}) for row in rows]


def _settlement(receipt: Receipt, now: datetime, due_at: datetime | Callable[[Receipt], datetime]) -> dict[str, Any]:
    is_deferred = receipt.outcome is Outcome.DEFERRED
    due = due_at(receipt) if callable(due_at) else due_at
    return {
        "delivery": receipt.delivery_id,
        "new_state": DeliveryState(receipt.outcome),
        "new_detail": " ".join(receipt.detail.split())[:_DETAIL_LIMIT],
        "new_provider_id": receipt.provider_id,
        "new_settled_at": None if is_deferred else now,
        "new_due_at": due if is_deferred else None,
    }


def _withdraw_cancelled(connection: sa.Connection, delivery_ids: Collection[int]) -> None:
    """What goes back to waiting in a mailing that was cancelled meanwhile would wait for ever."""
    cancelled = sa.select(_mailing.id).where(_mailing.status == MailingStatus.CANCELLED)
    waiting = _delivery.state.in_((DeliveryState.PLANNED, DeliveryState.DEFERRED))
    gone = sa.update(schema.deliveries).where(_delivery.id.in_(delivery_ids), waiting)
    ended = sa.select(_mailing.finished_at).where(_mailing.id == _delivery.mailing_id).scalar_subquery()
    values = {"state": DeliveryState.WITHDRAWN, "settled_at": ended, "due_at": None, "detail": "cancelled"}
    connection.execute(gone.where(_delivery.mailing_id.in_(cancelled)).values(values))
