"""PostgreSQL's own ways: a server that several machines share. All that it does differently is here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from newsletter.errors import RefusedError, StoreError
from newsletter.tags import fold

#: the first word of our advisory locks; the second says which of them
_LOCKS = 0x6E65_7773
_WRITERS = 0
#: likewise, of issues: one claims at a time, so that no reader gets an issue by two mailings
_ISSUES = _LOCKS + 1
#: likewise, of plans
_PLANS = _LOCKS + 2
#: seconds
#: seconds and milliseconds until either side takes the other for lost, of whom nothing is heard (PostgreSQL 18, section
#: 32.1.2 and 19.3.2): else a machine that is cut off would hold its locks for hours
_OUR_EYE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
_SERVERS_EYE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
#: likewise, of whoever writes and says nothing more
_NOBODY_SLEEPS = "set_config('idle_in_transaction_session_timeout', '60s', true)"
_LEADERS_SILENCE = 15


def engine_of(url: sa.URL, *, wait_seconds: float) -> sa.Engine:
    """
    Through psycopg 3, whatever the address says.

    :raises StoreError: psycopg is not installed
    """
    told = f"-c timezone=UTC -c lock_timeout={int(wait_seconds * 1000)} {_SERVERS_EYE}"
    if find_spec("psycopg") is None:
        raise StoreError("PostgreSQL needs psycopg, which is not here", fix="pip install 'newsletter[postgresql]'")
    # A server that was started anew meanwhile is noticed before anything is asked of it.
    return sa.create_engine(
        with_our_eye(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"options": told, "application_name": "newsletter"},
    )


def with_our_eye(url: sa.URL) -> sa.URL:
    """The address, with how long we wait for a server that does not answer; what it says of that itself holds."""
    return url.update_query_dict({name: value for name, value in _OUR_EYE.items() if name not in url.query})


def begin(connection: sa.Connection, writing: str | None) -> None:
    """
    Whoever writes waits for their turn, as with SQLite: what was read is still so when it is acted upon.

    Those who write `together` keep out of each other's rows, so only the others have to wait for them.
    """
    if writing:
        lock = f"pg_advisory_xact_lock{'_shared' if writing == 'together' else ''}({_LOCKS}, {_WRITERS})"
        connection.exec_driver_sql(f"SELECT {lock}, {_NOBODY_SLEEPS}")


def in_turn(connection: sa.Connection, mailing_id: int) -> None:
    issue = "hashtext(newsletter || '/' || slug)"
    told = sa.text(f"SELECT pg_advisory_xact_lock({_ISSUES}, {issue}) FROM mailings WHERE id = :id")  # noqa: S608
    connection.execute(told, {"id": mailing_id})


@contextmanager
def copying(_: sa.Connection) -> Iterator[None]:
    """Nothing has to be made ready."""
    yield


@contextmanager
def planning(connection: sa.Connection) -> Iterator[None]:
    """Before the transaction begins: what that sees is settled by its first statement, be it one that waits."""
    held = f"({_PLANS}, 0)"
    connection.exec_driver_sql(f"SELECT pg_advisory_lock{held}")
    connection.commit()
    try:
        yield
    finally:
        # It went with the server, or with the connection, when there is none any more.
        with suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock{held}")
            connection.commit()


def keep_plans_out(connection: sa.Connection) -> bool:
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_PLANS}, 0)").scalar())


def rewrite(engine: sa.Engine) -> bool:
    """The tables that name people; what the server's own log holds of them is gone when it has been recycled."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _ABOUT_PEOPLE:
            connection.exec_driver_sql(f"VACUUM FULL {table}")
        connection.exec_driver_sql("CHECKPOINT")
    return True


_ABOUT_PEOPLE = ("subscribers", "subscriptions", "deliveries", "audit", "consents")


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


def sorted_by(connection: sa.Connection, column: sa.Column[Any]) -> None:
    """An index that is made at once takes half as long as one that grows; and nobody else counts the rows."""
    connection.exec_driver_sql(f"CREATE INDEX ON {column.table.name} ({column.name})")
    connection.exec_driver_sql(f"ANALYZE {column.table.name}")


def folded_is(connection: sa.Connection, column: sa.ColumnElement[str], key: str) -> sa.ColumnElement[bool]:
    """The server cannot fold as we do; there are few companies, and few who look after readers."""
    said = connection.execute(sa.select(column).distinct()).scalars()
    return column.in_([word for word in said if fold(word) == key])


def make_room(connection: sa.Connection, schema: str, tables: str) -> None:
    """A schema with tables that somebody else's SQL makes, unless it is there."""
    is_there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if connection.execute(is_there, {"name": schema}).first():
        return
    connection.execute(sa.schema.CreateSchema(schema))
    connection.exec_driver_sql(f"SET LOCAL search_path TO {schema}")
    driver: Any = connection.connection.driver_connection
    # Many statements, and no parameters: percent signs in them are nothing but that.
    driver.execute(tables)


@contextmanager
def held(engine: sa.Engine, number: int, *, otherwise: RefusedError, is_shared: bool) -> Iterator[None]:
    """
    Hold that number as long as the server and the connection live.

    :raises RefusedError: somebody holds it in a way that keeps us out
    """
    how, this = "_shared" if is_shared else "", f"({_LOCKS}, {number})"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{how}{this}").scalar():
            raise otherwise
        try:
            yield
        finally:
            # It went with the server, or with the connection, when there is none any more.
            with suppress(sa.exc.DBAPIError):
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock{how}{this}")


@contextmanager
def leading(engine: sa.Engine, number: int, *, otherwise: RefusedError) -> Iterator[Callable[[], None]]:
    """
    The same for long; lost by whoever does not ask for some seconds, be it that they sleep or that the line is cut.

    :return: asks
    :raises RefusedError: somebody else holds it
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCKS}, {number})").scalar():
            raise otherwise
        connection.exec_driver_sql(f"SET idle_session_timeout = '{_LEADERS_SILENCE}s'")
        try:
            yield lambda: connection.exec_driver_sql("SELECT 1").close()
        finally:
            # Closed, and the lock and its clock with it.
            connection.invalidate()


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """The server is away or in a hurry, or somebody else was faster (PostgreSQL's appendix A)."""
    return _state_of(error).startswith(("08", "57P", "53300", "55P03", "40001", "40P01"))


def _state_of(error: sa.exc.DBAPIError) -> str:
    """The SQLSTATE; without one, nobody answered."""
    state = getattr(error.orig, "sqlstate", None)
    return state or ("08" if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) else "")


def meaning_of(error: sa.exc.DBAPIError) -> tuple[str, str]:
    """What happened, and what to do. The server's details are left out: they quote rows, and so readers."""
    state = _state_of(error)
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
    "55P03": ("another program is writing to the database", "wait until it is done, and try again"),
    "53100": ("the disk is full; nothing of this step was written", "make room, and try again"),
    "53": ("the database server has no room for more", "close other programs, or allow it more connections"),
    "25006": ("the database cannot be written", "use the server that takes writes"),
    "42501": ("the database does not allow that", "give its user the rights to this database"),
    "57P": ("the database server was stopped", "start it, and try again"),
    "23": ("the database refuses a change that contradicts what it holds", "please report this"),
}
