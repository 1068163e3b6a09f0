"""
The deliveries table as a queue. The hot spot: everything that a sender does per batch is here.

Written before hand-over (a claim commits before anybody speaks to a provider) and after it (a settlement). Both are
conditional: a claim counts only while the run is the mailing's own, and a run settles nothing but what it claimed.
"""

import json
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import BatchState, DeliveryState, MailingStatus, Outcome, Receipt
from newsletter.store import schema
from newsletter.store.bounces import note_bounces
from newsletter.store.database import Database
from newsletter.store.departed import reopen_waiting, withdraw, withdraw_cancelled
from newsletter.store.rows import ClaimedDelivery
from newsletter.store.ways import change_each, in_turn

_DETAIL_LIMIT = 500
_mailing, _edition, _delivery, _run = schema.mailings.c, schema.editions.c, schema.deliveries.c, schema.runs.c
_person, _subscription, _batch = schema.subscribers.c, schema.subscriptions.c, schema.batches.c


#: what a settlement changes, and what it says of each delivery
_SETTLED = ("state", "detail", "provider_id", "settled_at", "due_at")
_SAID = {"delivery": _delivery.id.type, "run": _delivery.run_id.type} | {
    f"new_{name}": _delivery[name].type for name in _SETTLED
}
#: a late answer may still turn into a fact what the run itself left unknown
_STILL_OPEN = (DeliveryState.CLAIMED, DeliveryState.UNKNOWN)


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database
        #: by mailing, the last delivery that was claimed here
        self._reached: dict[int, int] = {}

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
            while candidates := self._next(connection, mailing_id, run_id, limit):
                stretch = candidates[0], candidates[-1]
                withdraw(connection, mailing_id, now, among=stretch)
                taken = _take(connection, mailing_id, stretch, run_id=run_id, now=now)
                if taken:
                    return _claimed(connection, taken, stretch)
        return []

    def _next(self, connection: sa.Connection, mailing_id: int, run_id: int, limit: int) -> list[int]:
        """
        Ids of the next deliveries, in the order in which they were planned: an edition's stand together.

        A server keeps what was claimed in its index until it cleans up, and would walk over all of it each time. So we
        begin where we were, and look at what was given back behind us when nothing lies ahead.
        """
        reached = self._reached.get(mailing_id, 0) if self._database.is_shared else 0
        found = _next_batch(connection, mailing_id, run_id, limit, after=reached)
        if not found and reached:
            found = _next_batch(connection, mailing_id, run_id, limit, after=0)
        if found:
            self._reached[mailing_id] = found[-1]
        return found

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
        refused = {row["delivery"]: row["new_detail"] for row in rows if row["new_state"] is DeliveryState.REFUSED}
        with self._database.together() as connection:
            # What was settled before, though nobody heard of it, was counted then.
            new = _still_open(connection, refused, run_id)
            settled = change_each(connection, _settling, _SAID, rows)
            note_bounces(connection, {number: refused[number] for number in new}, run_id=run_id, now=now)
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
            # What is planned grows in turn, too: a claim that is half done would take it without a look at its reader.
            in_turn(connection, connection.execute(sa.select(_run.mailing_id).where(_run.id == run_id)).scalar() or 0)
            released = connection.execute(back.values(values | {"tries": _delivery.tries - 1})).rowcount
            withdraw_cancelled(connection, delivery_ids)
            reopen_waiting(connection, delivery_ids)
        return released

    def planned(self, mailing_id: int, *, most: int) -> int:
        """How many deliveries are planned, ahead of what was claimed here or anywhere; so many are counted at most."""
        waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED)
        counted = sa.select(sa.literal(1)).select_from(schema.deliveries).where(*waiting).limit(most)
        ahead = counted.where(_delivery.id > self._reached.get(mailing_id, 0))
        with self._database.reading() as connection:
            return _count(connection, ahead) or _count(connection, counted)

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


def _count(connection: sa.Connection, rows: sa.Select[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _next_batch(connection: sa.Connection, mailing_id: int, run_id: int, limit: int, *, after: int) -> list[int]:
    under_way = sa.exists().where(_mailing.id == mailing_id, _mailing.status == MailingStatus.SENDING)
    is_open = sa.exists().where(_run.id == run_id, _run.mailing_id == mailing_id, _run.ended_at.is_(None))
    waiting = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.PLANNED, under_way, is_open)
    wanted = sa.select(_delivery.id).where(*waiting, _delivery.id > after)
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


def _still_open(connection: sa.Connection, delivery_ids: Collection[int], run_id: int) -> list[int]:
    """Those of them that the run has to settle."""
    if not delivery_ids:
        return []
    wanted = sa.select(_delivery.id).where(_delivery.id.in_(delivery_ids), _delivery.run_id == run_id)
    return list(connection.execute(wanted.where(_delivery.state.in_(_STILL_OPEN))).scalars())


def _settling(said: Mapping[str, sa.ColumnElement[Any]]) -> sa.Update:
    mine = (_delivery.id == said["delivery"], _delivery.run_id == said["run"])
    # Not as it stands in an index: a server would look at all that is claimed, and not at these by their numbers.
    state = _delivery.state.concat(sa.literal_column("''"))
    is_open = state.in_([sa.literal_column(f"'{state}'") for state in _STILL_OPEN])
    # Of what others tried to take back from a provider meanwhile, its yes says nothing.
    is_in = (_batch.id == _delivery.batch_id, _batch.run_id == _delivery.run_id)
    tried = sa.exists().where(*is_in, _batch.state == sa.literal_column(f"'{BatchState.UNSURE}'"))
    counts = sa.or_(said["new_state"] != sa.literal_column(f"'{DeliveryState.ACCEPTED}'"), ~tried)
    these = sa.update(schema.deliveries).where(*mine, is_open, counts)
    return these.values({name: said[f"new_{name}"] for name in _SETTLED})


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
