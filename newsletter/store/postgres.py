"""PostgreSQL's own ways: a server that several machines share. All that it does differently is here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from newsletter.errors import RefusedError, StoreError
from newsletter.tags import fold

#: the first word of our advisory locks; the second says which of them
_LOCKS = 0x6E65_7773
_WRITERS = 0
#: seconds
_CONNECT_TIMEOUT = 10
#: milliseconds
_REWRITE_TIMEOUT = 1_000
#: SQLSTATE: somebody else holds what we waited for
_LOCKED = "55P03"


def engine_of(url: sa.URL, *, wait_seconds: float) -> sa.Engine:
    """
    Through psycopg 3, whatever the address says.

    :raises StoreError: psycopg is not installed
    """
    told = f"-c timezone=UTC -c lock_timeout={int(wait_seconds * 1000)}"
    if find_spec("psycopg") is None:
        raise StoreError("PostgreSQL needs psycopg, which is not here", fix="pip install 'newsletter[postgresql]'")
    # A server that was started anew meanwhile is noticed before anything is asked of it.
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT, "options": told, "application_name": "newsletter"},
    )
    sa.event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    """The server takes no text with a NUL in it, nor looks for one: what nobody writes stands in its place."""
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    connection.adapters.register_dumper(str, Text)


def begin(connection: sa.Connection, *, is_writing: bool) -> None:
    """Whoever writes waits for their turn, as with SQLite: what was read is still so when it is acted upon."""
    if is_writing:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, {_WRITERS})")


@contextmanager
def copying(_: sa.Connection) -> Iterator[None]:
    """Nothing has to be made ready."""
    yield


def rewrite(engine: sa.Engine) -> bool:
    """The tables that name people; what the server's own log holds of them is gone when it has been recycled."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Whoever waits for a table to be free keeps all others from it.
        connection.exec_driver_sql(f"SET lock_timeout = {_REWRITE_TIMEOUT}")
        try:
            for table in _ABOUT_PEOPLE:
                connection.exec_driver_sql(f"VACUUM FULL {table}")
            connection.exec_driver_sql("CHECKPOINT")
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCKED:
                raise
            return False
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
    return True


_ABOUT_PEOPLE = ("subscribers", "subscriptions", "deliveries", "audit", "consents", "events", "signups", "answers")


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def next_ids(connection: sa.Connection, table: sa.Table, count: int) -> range:
    """In a row, since whoever takes ids by the number is the only writer."""
    told = sa.text("SELECT min(id), max(id) FROM (SELECT nextval(:name) AS id FROM generate_series(1, :count)) AS ids")
    if not count:
        return range(0)
    first, last = connection.execute(told, {"name": f"{table.name}_id_seq", "count": count}).one()
    return range(first, last + 1)


def insert_new(table: sa.Table) -> sa.Insert:
    return postgresql.insert(table).on_conflict_do_nothing()


def in_one_word(numbers: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    ordered = postgresql.aggregate_order_by(sa.literal(" ", sa.Text), numbers)
    return sa.func.string_agg(sa.cast(numbers, sa.Text), ordered, type_=sa.Text)


def folded_is(connection: sa.Connection, column: sa.ColumnElement[str], key: str) -> sa.ColumnElement[bool]:
    """The server cannot fold as we do; there are few companies, and few who look after readers."""
    said = connection.execute(sa.select(column).distinct()).scalars()
    return column.in_([word for word in said if fold(word) == key])


@contextmanager
def only_one(engine: sa.Engine, number: int, *, otherwise: RefusedError) -> Iterator[None]:
    """
    Be the only one who holds that number, as long as the server and the connection live.

    :raises RefusedError: while another one does
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = f"({_LOCKS}, {number})"
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{held}").scalar():
            raise otherwise
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock{held}")


def meaning_of(error: sa.exc.DBAPIError) -> tuple[str, str]:
    """What happened, and what to do. The server's details are left out: they quote rows, and so readers."""
    state = getattr(error.orig, "sqlstate", None) or ("08" if isinstance(error, sa.exc.OperationalError) else "")
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None) or type(error.orig).__name__
    said = (f"the database refuses ({' '.join(primary.split())})", "please report this")
    return next((meaning for start, meaning in _MEANINGS.items() if state.startswith(start)), said)


_LOOK_AFTER = "check its address and password, that its server runs, and has such a database"
#: by the beginning of the SQLSTATE (PostgreSQL's appendix A)
_MEANINGS = {
    "08": (
        "the database cannot be reached",
        _LOOK_AFTER,
    ),
    _LOCKED: ("another program is writing to the database", "wait until it is done, and try again"),
    "53100": ("the disk is full; nothing of this step was written", "make room, and try again"),
    "53": ("the database server has no room for more", "close other programs, or allow it more connections"),
    "25006": ("the database cannot be written", "use the server that takes writes"),
    "42501": ("the database does not allow that", "give its user the rights to this database"),
    "57P": ("the database server was stopped", "start it, and try again"),
    "23": ("the database refuses a change that contradicts what it holds", "please report this"),
}
