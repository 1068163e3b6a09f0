"""PostgreSQL's own ways: a server that several machines share. All that it does differently is here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from newsletter.errors import StoreError
from newsletter.store.advisory import begin as begin
from newsletter.store.advisory import in_turn as in_turn
from newsletter.store.advisory import keep_plans_out as keep_plans_out
from newsletter.store.advisory import planning as planning
from newsletter.store.kinds import Instant
from newsletter.store.marks import insist_unmarked
from newsletter.store.sqlstates import LOCKED, MOVED, READ_ONLY
from newsletter.store.sqlstates import is_busy as is_busy
from newsletter.store.sqlstates import is_passing as is_passing
from newsletter.store.sqlstates import meaning_of as meaning_of
from newsletter.tags import fold

#: milliseconds for which whoever changes tables makes others wait in vain
_PATIENCE = 700
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
#: the trigger of every table of a store that was moved
_CLOSED = "newsletter_moved"
#: milliseconds
_REWRITE_TIMEOUT = 1_000


def engine_of(url: sa.URL, *, wait_seconds: float) -> sa.Engine:
    """
    Through psycopg 3, whatever the address says.

    :raises StoreError: psycopg is not installed
    """
    told = f"-c timezone=UTC -c lock_timeout={int(wait_seconds * 1000)} {_SERVERS_EYE}"
    if find_spec("psycopg") is None:
        raise StoreError("PostgreSQL needs psycopg, which is not here", fix="pip install 'newsletter[postgresql]'")
    # A server that was started anew meanwhile is noticed before anything is asked of it. And whoever waited for their
    # turn sees what was written until then, however the server was told to isolate.
    engine = sa.create_engine(
        with_our_eye(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"options": told, "application_name": "newsletter"},
    )
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "handle_error", _let_go_of_a_follower)
    return engine


def _let_go_of_a_follower(context: sa.engine.ExceptionContext) -> None:
    """A server that takes no writes any more, since another one took over: the next connection may find that one."""
    context.is_disconnect |= getattr(context.original_exception, "sqlstate", None) == READ_ONLY


def _set_up(connection: Any, _record: object) -> None:
    """
    The server takes no text with a NUL in it, nor looks for one: what nobody writes stands in its place.

    And it must not forget what it has confirmed, whatever a role or a database was told.
    """
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    connection.adapters.register_dumper(str, Text)
    # A claim that a crash of the server takes back is claimed once more, and its reader mailed twice.
    told = connection.execute("SHOW synchronous_commit").fetchone()
    if told == ("off",):
        connection.execute("SET synchronous_commit = on")
    connection.commit()


def with_our_eye(url: sa.URL) -> sa.URL:
    """The address, with how long we wait for a server that does not answer; what it says of that itself holds."""
    return url.update_query_dict({name: value for name, value in _OUR_EYE.items() if name not in url.query})


def take_all_tables(connection: sa.Connection) -> None:
    """
    For oneself alone, all at once and at the beginning: afterwards nothing has to be waited for any more.

    Whoever wants a table meanwhile stands in line behind us, and may hold what we want. So that neither is broken, we
    give up before the server looks for such knots (`deadlock_timeout`, a second unless somebody has changed it).
    """
    tables = sorted(sa.inspect(connection).get_table_names())
    if tables:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_PATIENCE}")
        named = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in tables)
        connection.exec_driver_sql(f"LOCK TABLE {named} IN ACCESS EXCLUSIVE MODE")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


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
            if getattr(error.orig, "sqlstate", None) != LOCKED:
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


def clock() -> sa.ColumnElement[Any]:
    return sa.func.clock_timestamp(type_=Instant)


def by_bytes(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Text in the order of its bytes, whatever the server's language."""
    return column.collate("C") if isinstance(column.type, sa.Text) else column


def lock_all(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Nobody changes a row until the transaction ends, however they would go about it; reading goes on."""
    names = ", ".join(table.name for table in tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def watch(engine: sa.Engine) -> None:
    """Refuse a database whose store was moved: asked once a connection, for a turn would be longer by a way."""
    sa.event.listen(engine, "connect", _insist_not_moved)


def _insist_not_moved(connection: Any, _record: object) -> None:
    connection.autocommit = True
    try:
        if connection.execute(f"SELECT to_regproc('{_CLOSED}') IS NOT NULL").fetchone()[0]:
            insist_unmarked(dict(connection.execute("SELECT key, value FROM meta").fetchall()), None)
    except BaseException:
        connection.close()
        raise
    connection.autocommit = False


def send_away(connection: sa.Connection) -> None:
    """End all other connections of ours: whoever connects anew is told why not."""
    ours = "datname = current_database() AND usename = current_user AND application_name = 'newsletter'"
    told = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours} AND pid <> pg_backend_pid()"  # noqa: S608
    connection.exec_driver_sql(told)


def is_marked(_: sa.Connection) -> bool:
    """Not asked at every turn; see `watch`."""
    return False


def set_marked(_: sa.Connection, *, is_marked: bool) -> None:
    """Nothing beside `meta`."""


def close_for_good(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Refuse every statement that would change something, also one that finds no row."""
    said = f"RAISE EXCEPTION USING ERRCODE = '{MOVED}', MESSAGE = (SELECT 'this store was moved to ' || value"
    said = f"{said} FROM meta WHERE key = 'moved_to')"
    connection.exec_driver_sql(
        f"CREATE FUNCTION {_CLOSED}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {said}; END $$"
    )
    for table in tables:
        changes = f"BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table.name}"
        connection.exec_driver_sql(
            f"CREATE TRIGGER {_CLOSED} {changes} FOR EACH STATEMENT EXECUTE FUNCTION {_CLOSED}()"
        )


def empty(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    connection.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in tables)}")


def last_id(connection: sa.Connection, table: sa.Table) -> int:
    """The highest id that was ever given; 0 when none was."""
    told = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table.name}_id_seq"  # noqa: S608
    given = connection.exec_driver_sql(told).scalar()
    return max(int(given or 0), int(connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0))


def set_last_id(connection: sa.Connection, table: sa.Table, last: int) -> None:
    told = sa.text("SELECT setval(:name, :last, :is_called)")
    name = f"{table.name}_id_seq"
    connection.execute(told, {"name": name, "last": max(last, 1), "is_called": last > 0})


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
