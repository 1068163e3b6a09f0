"""Everything that is held on one person, table by table, for whoever asks what we know of them."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.consents import log_of
from newsletter.store.database import AnyRow, Database
from newsletter.store.people import email_key, interests_of

_person, _mailing = schema.subscribers.c, schema.mailings.c


class Holdings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, email: str) -> dict[str, Any] | None:
        """As JSON values; None when nobody is known by the address."""
        with self._database.reading() as connection:
            wanted = sa.select(schema.subscribers).where(_person.email == email_key(email))
            person = connection.execute(wanted).first()
            return _everything(connection, person) if person else None


def _everything(connection: sa.Connection, person: AnyRow) -> dict[str, Any]:
    number = person.id
    return {
        "person": _plain(person) | {"email": person.address},
        "subscriptions": _subscriptions(connection, number),
        "suppression": next(iter(_of(connection, schema.suppressions, number)), None),
        "consents": [record.as_json() for record in log_of(connection, number)],
        "deliveries": _deliveries(connection, number),
        "skips": _with_mailing(connection, schema.skips, number),
        "events": _of(connection, schema.events, number),
        "bounces": _with_mailing(connection, schema.bounces, number),
        "changes": [row | {"detail": json.loads(row["detail"])} for row in _of(connection, schema.audit, number)],
    }


def _subscriptions(connection: sa.Connection, number: int) -> list[dict[str, Any]]:
    rows = _of(connection, schema.subscriptions, number)
    tags = interests_of(connection, [row["id"] for row in rows])
    return [row | {"interests": sorted(tags.get(row["id"], ()))} for row in rows]


def _deliveries(connection: sa.Connection, number: int) -> list[dict[str, Any]]:
    editions = schema.editions.c
    also = (editions.subject, editions.stories)
    rows = _with_mailing(connection, schema.deliveries, number, also, lambda it: it.join(schema.editions))
    return [row | {"stories": json.loads(row["stories"])} for row in rows]


def _of(connection: sa.Connection, table: sa.Table, number: int) -> list[dict[str, Any]]:
    return [_plain(row) for row in connection.execute(sa.select(table).where(table.c.subscriber_id == number))]


def _with_mailing(
    connection: sa.Connection,
    table: sa.Table,
    number: int,
    also: tuple[sa.ColumnElement[Any], ...] = (),
    joined: Callable[[sa.FromClause], sa.FromClause] = lambda it: it,
) -> list[dict[str, Any]]:
    source = joined(table).join(schema.mailings, _mailing.id == table.c.mailing_id)
    columns = (_mailing.newsletter, _mailing.slug.label("issue"), *also)
    wanted = sa.select(table, *columns).select_from(source).where(table.c.subscriber_id == number)
    return [_plain(row) for row in connection.execute(wanted.order_by(_mailing.id))]


def _plain(row: AnyRow) -> dict[str, Any]:
    return {name: _json(value) for name, value in row._mapping.items()}


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else value
