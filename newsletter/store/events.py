"""Events: stored as they come, each once, and applied afterwards."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState
from newsletter.errors import StoreError
from newsletter.event import Event, EventKind
from newsletter.store import schema
from newsletter.store.applying import Unapplied, apply_events, settle
from newsletter.store.database import AnyRow, Database, is_about_a_row
from newsletter.store.ways import insert_new, run_many

_event, _delivery, _subscription = schema.events.c, schema.deliveries.c, schema.subscriptions.c
#: names in one statement
_PAGE = 500
#: how often an event may fail to take effect before it is set aside
_TRIES = 3
_NAMES = tuple(field.name for field in fields(Event))
_ADDING: dict[str, sa.Insert] = {}


class Owner(NamedTuple):
    """Whose delivery it is."""

    delivery_id: int | None
    mailing_id: int | None
    subscriber_id: int
    subscription_id: int
    #: "" where nobody asked for it
    address: str = ""


class SetAside(NamedTuple):
    """An event that does not take effect. It waits still, and the next process tries it again; others pass it by."""

    id: int
    #: the kind of failure; its words could quote a reader
    why: str


class Applied(NamedTuple):
    #: how many took effect
    done: int
    #: which were tried for the last time
    aside: tuple[SetAside, ...] = ()


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database
        #: how often an event failed here, by its id
        self._failed: Counter[int] = Counter()

    def owners(self, delivery_ids: Iterable[int]) -> dict[int, Owner]:
        """By delivery; those that there are."""
        ids, found = list(dict.fromkeys(delivery_ids)), dict[int, Owner]()
        columns = (_delivery.id, _delivery.mailing_id, _delivery.subscriber_id, _delivery.subscription_id)
        with self._database.reading() as connection:
            for start in range(0, len(ids), _PAGE):
                wanted = sa.select(*columns).where(_delivery.id.in_(ids[start : start + _PAGE]))
                found |= {row[0]: Owner(*row) for row in connection.execute(wanted)}
        return found

    def addressee(self, delivery_id: int) -> Owner | None:
        """With the address."""
        columns = (_delivery.id, _delivery.mailing_id, _delivery.subscriber_id, _delivery.subscription_id)
        joined = schema.deliveries.join(schema.subscribers, schema.subscribers.c.id == _delivery.subscriber_id)
        wanted = sa.select(*columns, schema.subscribers.c.address).select_from(joined)
        with self._database.reading() as connection:
            row = connection.execute(wanted.where(_delivery.id == delivery_id)).first()
        return Owner(*row) if row else None

    def subscriber_of(self, public_id: bytes, mailing_id: int) -> Owner | None:
        """Who is meant by a link, and by which of their mails they have it; None when they were forgotten."""
        known = (_subscription.public_id == public_id, _subscription.newsletter != "")
        theirs = sa.and_(_delivery.subscriber_id == _subscription.subscriber_id, _delivery.mailing_id == mailing_id)
        joined = schema.subscriptions.outerjoin(schema.deliveries, theirs)
        wanted = sa.select(_delivery.id, _delivery.mailing_id, _subscription.subscriber_id, _subscription.id)
        with self._database.reading() as connection:
            row = connection.execute(wanted.select_from(joined).where(*known)).first()
        return Owner(*row) if row else None

    def knows(self, key: str) -> bool:
        with self._database.reading() as connection:
            return connection.execute(sa.select(_event.id).where(_event.key == key)).first() is not None

    def add(self, events: Sequence[Event]) -> int:
        """Write them down, in one transaction; how many nobody had told before."""
        if not events:
            return 0
        with self._database.writing() as connection:
            return run_many(connection, _adding(connection), [_row(event) for event in events])

    def apply(self, *, limit: int, now: datetime) -> Applied:
        """
        Let the oldest of those take effect that have not yet, in one transaction.

        If that fails, each has one of its own, so that one that is broken holds up no other.

        :raises StoreError: the database takes nothing now; that is no fault of an event
        """
        ids = self._waiting(limit)
        if not ids:
            return Applied(0)
        try:
            return Applied(self._apply(ids, now))
        except Exception as error:  # noqa: BLE001 - whatever one of them does, the others are to take effect
            _insist_about_an_event(error)
        return self._apply_singly(ids, now)

    def settle_told(self, mailing_id: int, *, now: datetime) -> int:
        """
        Settle what nobody is sure of by what took effect before it was unknown; how many deliveries.

        A provider may report a mail while we still wait for its answer to the hand-over, which then never comes.
        """
        unknown = sa.select(_delivery.id).where(
            _delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.UNKNOWN
        )
        told = sa.select(schema.events).where(_event.mailing_id == mailing_id, _event.delivery_id.in_(unknown))
        with self._database.writing() as connection:
            applied = connection.execute(told.where(_event.applied_at.is_not(None)).order_by(_event.id))
            return settle(connection, [_unapplied(row).event for row in applied], now)

    def _waiting(self, limit: int) -> list[int]:
        aside = [number for number, times in self._failed.items() if times >= _TRIES]
        waiting = sa.select(_event.id).where(_event.applied_at.is_(None), _event.id.not_in(aside))
        with self._database.reading() as connection:
            return list(connection.execute(waiting.order_by(_event.id).limit(limit)).scalars())

    def _apply(self, ids: Sequence[int], now: datetime) -> int:
        # Another process may have been faster.
        these = (_event.id.in_(ids), _event.applied_at.is_(None))
        with self._database.writing() as connection:
            rows = connection.execute(sa.select(schema.events).where(*these).order_by(_event.id))
            found = [_unapplied(row) for row in rows]
            if found:
                apply_events(connection, found, now=now)
                connection.execute(sa.update(schema.events).where(*these).values(applied_at=now))
        return len(found)

    def _apply_singly(self, ids: Sequence[int], now: datetime) -> Applied:
        done, aside = 0, list[SetAside]()
        for number in ids:
            try:
                done += self._apply([number], now)
            except Exception as error:  # noqa: BLE001 - as above
                _insist_about_an_event(error)
                self._failed[number] += 1
                if self._failed[number] >= _TRIES:
                    aside.append(SetAside(number, type(error.__cause__ or error).__name__))
        return Applied(done, tuple(aside))


def _insist_about_an_event(error: Exception) -> None:
    """
    :raises Exception: the error itself, when the database fails, whatever is written
    """
    if isinstance(error, StoreError) and not is_about_a_row(error):
        raise error


def _adding(connection: sa.Connection) -> sa.Insert:
    """Made once for each kind of database, for it is compiled once."""
    name = connection.dialect.name
    if name not in _ADDING:
        values = {name: sa.bindparam(name, type_=_event[name].type) for name in _NAMES}
        _ADDING[name] = insert_new(connection, schema.events).values(**values)
    return _ADDING[name]


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _NAMES}


def _unapplied(row: AnyRow) -> Unapplied:
    values = {name: getattr(row, name) for name in _NAMES}
    values |= {"kind": EventKind(row.kind), "bounce": BounceKind(row.bounce) if row.bounce else None}
    return Unapplied(row.id, Event(**values))
