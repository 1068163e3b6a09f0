"""Statements that each database has its own way of, asked of a connection."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from newsletter.errors import AwayError
from newsletter.store import postgres, sqlite

#: what differs between databases, by SQLAlchemy's name
WAYS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgres}


def insist_no_plan(connection: sa.Connection) -> None:
    """
    From now on until the end of this transaction nobody plans.

    :raises AwayError: somebody does
    """
    if not WAYS[connection.dialect.name].keep_plans_out(connection):
        raise AwayError("a mailing is being planned", fix="wait until that is done, and try again")


def run_many(connection: sa.Connection, statement: sa.UpdateBase, rows: Sequence[Mapping[str, Any]]) -> int:
    """
    One statement for many rows, and how many it changed: with SQLite a third of SQLAlchemy's time over each row.

    :param statement: made once and kept, for it is compiled once
    :param rows: by the names of its bound parameters
    """
    if connection.dialect.name != "sqlite":
        # SQLAlchemy keeps the number for a change, and for an insert only when asked.
        return connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount
    text, names = _compiled(statement, connection.dialect)
    made = [tuple([convert(row[name]) if convert else row[name] for name, convert in names]) for row in rows]
    return connection.exec_driver_sql(text, made).rowcount


def change_each(
    connection: sa.Connection,
    change: Callable[[Mapping[str, sa.ColumnElement[Any]]], sa.Update],
    types: Mapping[str, sa.types.TypeEngine[Any]],
    rows: Sequence[Mapping[str, Any]],
) -> int:
    """
    Change many rows, each in its own way, and how many were changed; a server is asked once for all of them.

    :param change: makes the statement from what stands for each name in it; kept with what it makes
    :param rows: values by name
    """
    if connection.dialect.name == "sqlite":
        return run_many(connection, _row_by_row(change, tuple(types.items())), rows)
    columns = {name: [row[name] for row in rows] for name in types}
    return connection.execute(_at_once(change, tuple(types.items())), columns).rowcount


@lru_cache(maxsize=8)
def _row_by_row(change: Callable[..., sa.Update], types: tuple[tuple[str, Any], ...]) -> sa.Update:
    return change({name: sa.bindparam(name, type_=kind) for name, kind in types})


@lru_cache(maxsize=8)
def _at_once(change: Callable[..., sa.Update], types: tuple[tuple[str, Any], ...]) -> sa.Update:
    arrays = [sa.bindparam(name, type_=sa.ARRAY(kind)) for name, kind in types]
    rows = sa.func.unnest(*arrays).table_valued(*(sa.column(name, kind) for name, kind in types), name="said")
    said = rows.render_derived()
    return change({name: said.c[name] for name, _ in types})


@lru_cache(maxsize=32)
def _compiled(statement: sa.UpdateBase, dialect: sa.Dialect) -> tuple[str, list[tuple[str, Any]]]:
    """Its text, and its parameters in order, each with what makes the driver's value of ours."""
    compiled = statement.compile(dialect=dialect)
    binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    return str(compiled), [(name, binds[name]) for name in compiled.positiontup or ()]


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """
    Many rows, without a look at each: a tenth of the time that SQLAlchemy takes.

    :param rows: as the driver wants them; `stored` makes instants and dates fit
    """
    if rows:
        WAYS[connection.dialect.name].insert_rows(connection, table, names, rows)


def stored(connection: sa.Connection, column: sa.Column[Any], value: Any) -> Any:
    """A value as the driver wants it for that column."""
    convert = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return convert(value) if convert else value


def next_ids(connection: sa.Connection, table: sa.Table, count: int) -> range:
    """Ids that no row has had. They hold only in a transaction that writes: nobody else can take them meanwhile."""
    found: range = WAYS[connection.dialect.name].next_ids(connection, table, count)
    return found


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An insert that passes over rows that are there already."""
    found: sa.Insert = WAYS[connection.dialect.name].insert_new(table)
    return found


def in_turn(connection: sa.Connection, mailing_id: int) -> None:
    """From here to the end of the transaction, nobody else claims deliveries of its issue, or gives them back."""
    WAYS[connection.dialect.name].in_turn(connection, mailing_id)


def servers_clock(connection: sa.Connection) -> sa.ColumnElement[datetime | None]:
    """What the server's clock says as this is read; null where there is no server."""
    found: sa.ColumnElement[datetime | None] = WAYS[connection.dialect.name].clock()
    return found


def by_bytes(connection: sa.Connection, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """To order by it: the same order in every database."""
    found: sa.ColumnElement[Any] = WAYS[connection.dialect.name].by_bytes(column)
    return found


def ways_of(connection: sa.Connection) -> Any:
    """What differs between databases where a store is moved."""
    return WAYS[connection.dialect.name]


def in_one_word(connection: sa.Connection, numbers: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """All numbers of a group with spaces between, the least first, where they are the key of their table."""
    found: sa.ColumnElement[str] = WAYS[connection.dialect.name].in_one_word(numbers)
    return found


def sorted_by(connection: sa.Connection, column: sa.Column[Any]) -> None:
    """Rows of a passing table, all there by now, are to be found by that column."""
    WAYS[connection.dialect.name].sorted_by(connection, column)


def folded_is(connection: sa.Connection, column: sa.ColumnElement[str], key: str) -> sa.ColumnElement[bool]:
    """That the column holds a spelling of the word."""
    found: sa.ColumnElement[bool] = WAYS[connection.dialect.name].folded_is(connection, column, key)
    return found
