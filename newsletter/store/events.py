"""Events: stored as they come, each once, and applied afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.event import Event, EventKind
from newsletter.store import schema
from newsletter.store.applying import Unapplied, apply_events
from newsletter.store.database import AnyRow, Database, insert_new, run_many

_event, _delivery, _subscription = schema.events.c, schema.deliveries.c, schema.subscriptions.c
#: names in one statement
_PAGE = 500
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


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

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

    def apply(self, *, limit: int, now: datetime) -> int:
        """Let the oldest of those take effect that have not yet, in one transaction; how many."""
        waiting = sa.select(schema.events).where(_event.applied_at.is_(None)).order_by(_event.id).limit(limit)
        with self._database.reading() as connection:
            if connection.execute(waiting.with_only_columns(_event.id).limit(1)).first() is None:
                return 0
        with self._database.writing() as connection:
            found = [_unapplied(row) for row in connection.execute(waiting)]
            if found:
                apply_events(connection, found, now=now)
                stretch = (_event.id.between(found[0].id, found[-1].id), _event.applied_at.is_(None))
                connection.execute(sa.update(schema.events).where(*stretch).values(applied_at=now))
        return len(found)


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
