"""
The deliveries table as a queue. The hot spot: everything that a sender does per batch is here.

Written before hand-over (a claim commits before anybody speaks to a provider) and after it (a settlement). Both are
conditional: a claim counts only while the run is the mailing's own, and a run settles nothing but what it claimed.
"""

import json
from collections.abc import Callable, Collection, Container, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus, Outcome, Receipt
from newsletter.store import schema
from newsletter.store.bounces import note_bounces
from newsletter.store.database import Database
from newsletter.store.departed import reopen_waiting, withdraw, withdraw_cancelled
from newsletter.store.rows import ClaimedDelivery
from newsletter.store.ways import in_turn, run_many

_DETAIL_LIMIT = 500
_mailing, _edition, _delivery, _run = schema.mailings.c, schema.editions.c, schema.deliveries.c, schema.runs.c
_person, _subscription = schema.subscribers.c, schema.subscriptions.c


#: a late answer may still turn into a fact what the run itself left unknown
_STILL_OPEN = (DeliveryState.CLAIMED, DeliveryState.UNKNOWN)


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database

    def withdraw_departed(self, mailing_id: int, now: datetime) -> int:
        """Take back what was planned for readers who left, were suppressed, or have the issue already; how many."""
        with self._database.writing() as connection:
            return sum(withdraw(connection, mailing_id, now).values())

    def claim(self, mailing_id: int, *, run_id: int, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """
        Take up to `limit` planned deliveries, in order; readers who departed are withdrawn on the way.

        Empty when nothing is planned, when the mailing is not under way (see `begin`), or when the run is over.
        """
        with self._database.together() as connection:
            in_turn(connection, mailing_id)
            while candidates := _next_batch(connection, mailing_id, run_id, limit):
                stretch = candidates[0], candidates[-1]
                withdraw(connection, mailing_id, now, among=stretch)
                taken = _take(connection, mailing_id, stretch, run_id=run_id, now=now)
                if taken:
                    return _claimed(connection, taken, stretch)
        return []

    def settle(
        self,
        receipts: Iterable[Receipt],
        *,
        run_id: int,
        now: datetime,
        due_at: datetime | Callable[[Receipt], datetime],
    ) -> int:
        """
        Write down what became of claimed deliveries; how many were this run's to settle.

        A mailbox that does not exist is suppressed in the same breath.

        :param due_at: when a deferred one is to be tried again
        """
        rows = [_settlement(receipt, run_id, now, due_at) for receipt in receipts]
        if not rows:
            return 0
        with self._database.together() as connection:
            settled = run_many(connection, _settling(), rows)
            refused = {row["delivery"]: row["new_detail"] for row in rows if row["new_state"] is DeliveryState.REFUSED}
            note_bounces(connection, refused, run_id=run_id, now=now)
            back = [row["delivery"] for row in rows if row["new_state"] is DeliveryState.DEFERRED]
            withdraw_cancelled(connection, back)
            reopen_waiting(connection, back)
        return settled

    def release(self, delivery_ids: Collection[int], *, run_id: int) -> int:
        """
        Give claimed deliveries back. Only while it is certain that nobody took anything of them.

        Those count as well that were called unknown because nobody heard of the run.
        """
        mine = (_delivery.state.in_(_STILL_OPEN), _delivery.run_id == run_id)
        back = sa.update(schema.deliveries).where(_delivery.id.in_(delivery_ids), *mine)
        values = {"state": DeliveryState.PLANNED, "run_id": None, "claimed_at": None, "settled_at": None, "detail": ""}
        with self._database.together() as connection:
            released = connection.execute(back.values(values | {"tries": _delivery.tries - 1})).rowcount
            withdraw_cancelled(connection, delivery_ids)
            reopen_waiting(connection, delivery_ids)
        return released

    def planned(self, mailing_id: int, *, most: int) -> int:
        """How many deliveries are planned; no more than so many are counted."""
        waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
        counted = sa.select(sa.literal(1)).select_from(schema.deliveries).where(*waiting).limit(most).subquery()
        with self._database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one())

    def replan_due(self, mailing_id: int, now: datetime) -> int:
        """Plan deferred deliveries again whose time has come; how many."""
        due = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.DEFERRED, _delivery.due_at <= now)
        again = sa.update(schema.deliveries).where(*due).values(state=DeliveryState.PLANNED, due_at=None, run_id=None)
        with self._database.writing() as connection:
            return connection.execute(again).rowcount

    def next_due(self, mailing_id: int) -> datetime | None:
        """When the first deferred delivery may be tried again."""
        waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.DEFERRED)
        wanted = sa.select(_delivery.due_at)
        with self._database.reading() as connection:
            first = connection.execute(wanted.where(*waiting).order_by(_delivery.due_at).limit(1)).first()
        return first.due_at if first else None


def _next_batch(connection: sa.Connection, mailing_id: int, run_id: int, limit: int) -> list[int]:
    """Ids of the next deliveries, in the order in which they were planned: an edition's stand together."""
    under_way = sa.exists().where(_mailing.id == mailing_id, _mailing.status == MailingStatus.SENDING)
    is_open = sa.exists().where(_run.id == run_id, _run.mailing_id == mailing_id, _run.ended_at.is_(None))
    waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED, under_way, is_open)
    wanted = sa.select(_delivery.id).where(*waiting)
    return list(connection.execute(wanted.order_by(_delivery.id).limit(limit)).scalars())


# From the first id to the last, and not one by one: a statement that names hundreds is made anew for every batch.
def _take(
    connection: sa.Connection, mailing_id: int, stretch: tuple[int, int], *, run_id: int, now: datetime
) -> set[int]:
    still = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
    values = {"state": DeliveryState.CLAIMED, "run_id": run_id, "claimed_at": now, "due_at": None}
    taking = sa.update(schema.deliveries).where(*still, _delivery.id.between(*stretch))
    taking = taking.values(values | {"tries": _delivery.tries + 1})
    return set(connection.execute(taking.returning(_delivery.id)).scalars())


def _claimed(connection: sa.Connection, taken: Container[int], stretch: tuple[int, int]) -> list[ClaimedDelivery]:
    columns = (
        _delivery.id.label("delivery_id"),
        _edition.hash.label("edition_hash"),
        _edition.stories,
        _person.address,
        _person.name,
        _person.salutation,
        _subscription.public_id,
        _subscription.consent_on,
        _delivery.tries,
    )
    joined = schema.deliveries.join(schema.editions).join(schema.subscriptions)
    joined = joined.join(schema.subscribers, _person.id == _delivery.subscriber_id)
    held = (_delivery.state == DeliveryState.CLAIMED, _delivery.id.between(*stretch))
    wanted = sa.select(*columns).select_from(joined).where(*held).order_by(_delivery.id)
    return [
        ClaimedDelivery(delivery_id, edition_hash, _stories(stories), *reader)
        for delivery_id, edition_hash, stories, *reader in connection.execute(wanted).all()
        if delivery_id in taken
    ]


@lru_cache(maxsize=1 << 10)
def _stories(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=1)
def _settling() -> sa.Update:
    names = ("state", "detail", "provider_id", "settled_at", "due_at")
    values = {name: sa.bindparam(f"new_{name}", type_=_delivery[name].type) for name in names}
    mine = (_delivery.id == sa.bindparam("delivery"), _delivery.run_id == sa.bindparam("run"))
    is_open = _delivery.state.in_([sa.literal_column(f"'{state}'") for state in _STILL_OPEN])
    return sa.update(schema.deliveries).where(*mine, is_open).values(**values)


def _settlement(
    receipt: Receipt, run_id: int, now: datetime, due_at: datetime | Callable[[Receipt], datetime]
) -> dict[str, Any]:
    is_deferred = receipt.outcome is Outcome.DEFERRED
    due = None if not is_deferred else due_at(receipt) if callable(due_at) else due_at
    return {
        "delivery": receipt.delivery_id,
        "run": run_id,
        "new_state": DeliveryState(receipt.outcome),
        "new_detail": " ".join(receipt.detail.split())[:_DETAIL_LIMIT],
        "new_provider_id": receipt.provider_id,
        "new_settled_at": None if is_deferred else now,
        "new_due_at": due,
    }
