"""SQLite's own ways: one file, one writer at a time."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool, StaticPool

from newsletter.errors import StoreError
from newsletter.tags import fold

#: of pages that are kept at hand; SQLite's own choice, and for a plan
_KIB, _COPYING_KIB = 2_000, 48_000


def engine_of(url: sa.URL, *, wait_seconds: float) -> sa.Engine:
    """
    :raises StoreError: there is no such folder
    """
    path = file_of(url)
    if path is not None:
        _create_private(path)
    options: dict[str, Any] = {"poolclass": QueuePool} if path else {"poolclass": StaticPool}
    engine = sa.create_engine(url, connect_args={"timeout": wait_seconds, "check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", partial(_set_up, wait_seconds))
    return engine


def file_of(url: sa.URL) -> Path | None:
    """None for a database in memory."""
    if url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "")


def begin(connection: sa.Connection, writing: str | None) -> None:
    # IMMEDIATE: a transaction that reads first and writes later could not be made to wait, only to fail.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def in_turn(_: sa.Connection, _mailing_id: int) -> None:
    """Whoever writes is alone anyway."""


def take_all_tables(_: sa.Connection) -> None:
    """Whoever writes has them already; who reads goes on with what there was."""


@contextmanager
def copying(connection: sa.Connection) -> Iterator[None]:
    """
    Around a transaction that copies rows by the million.

    SQLite would look every key up again, which takes as long as to write it. And it would write a page of an index to
    the disk again and again, with too little room to keep it.
    """
    driver: Any = connection.connection.driver_connection
    # A transaction cannot change this any more.
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute(f"PRAGMA cache_size=-{_COPYING_KIB}")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.execute(f"PRAGMA cache_size=-{_KIB}")


planning = copying


def keep_plans_out(_: sa.Connection) -> bool:
    """One writer at a time, whatever is written."""
    return True


def rewrite(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute("VACUUM")
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                message = f"the database cannot be written anew ({error.sqlite_errorname})"
                raise StoreError(message, fix="check that the disk has room, and is sound") from error
            return False
        return not busy


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    # The names are those of our own columns.
    told = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    connection.exec_driver_sql(told, rows)


def next_ids(connection: sa.Connection, table: sa.Table, count: int) -> range:
    told = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    first = int(told.scalar() or 0) + 1
    return range(first, first + count)


def insert_new(table: sa.Table) -> sa.Insert:
    return sa.insert(table).prefix_with("OR IGNORE")


def clock() -> sa.ColumnElement[Any]:
    return sa.null()


def by_bytes(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Text in the order of its bytes, which is SQLite's own."""
    return column


def lock_all(_: sa.Connection, __: Sequence[sa.Table]) -> None:
    """Whoever writes is the only one."""


def watch(_: sa.Engine) -> None:
    """Nothing: a file is asked at every turn; see `is_marked`."""


def send_away(_: sa.Connection) -> None:
    """Nobody: their next turn is refused."""


def is_marked(connection: sa.Connection) -> bool:
    """That `meta` says why it must not be used; one number of the file's header, as it is asked for at every turn."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.execute("PRAGMA user_version").fetchone()[0])


def set_marked(connection: sa.Connection, *, is_marked: bool) -> None:
    connection.exec_driver_sql(f"PRAGMA user_version={int(is_marked)}")


def close_for_good(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Refuse every change of a row: also to programs that were started before there were marks."""
    for table in tables:
        for change in ("INSERT", "UPDATE", "DELETE"):
            name = f"tr_moved_{table.name}_{change.lower()}"
            refuses = "BEGIN SELECT RAISE(ABORT, 'this store was moved'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE {change} ON {table.name} {refuses}")


def empty(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Readers first, though others point to them: the consent log of a reader who is there lets nothing go."""
    for table in sorted(tables, key=lambda table: table.name != "subscribers"):
        connection.execute(sa.delete(table))


def last_id(connection: sa.Connection, table: sa.Table) -> int:
    """The highest id that was ever given; 0 when none was."""
    given = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    return max(int(given.scalar() or 0), int(connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0))


def set_last_id(connection: sa.Connection, table: sa.Table, last: int) -> None:
    if table.dialect_options["sqlite"]["autoincrement"]:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        told = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        connection.execute(told, {"name": table.name, "last": last})


def in_one_word(numbers: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    # In the order of the key, by which it groups.
    return sa.func.group_concat(numbers, " ", type_=sa.Text)


def sorted_by(_: sa.Connection, __: sa.Column[Any]) -> None:
    """Its key does that."""


def folded_is(_: sa.Connection, column: sa.ColumnElement[str], key: str) -> sa.ColumnElement[bool]:
    return sa.func.folded(column) == key


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """Somebody else is writing."""
    return (getattr(error.orig, "sqlite_errorname", "") or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_busy(error: sa.exc.DBAPIError) -> bool:
    return is_passing(error)


def meaning_of(error: sa.exc.DBAPIError) -> tuple[str, str]:
    """What happened, and what to do."""
    name = getattr(error.orig, "sqlite_errorname", "") or ""
    said = (f"the database refuses ({type(error.orig).__name__}: {error.orig})", "please report this")
    return next((meaning for start, meaning in _MEANINGS.items() if name.startswith(start)), said)


def _create_private(path: Path) -> None:
    """A new database can be read by its owner only: it holds people's addresses."""
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}", fix="create it, or correct the database address")
    if path.is_dir():
        raise StoreError(f"{path}: is a folder", fix="name a file in it, as sqlite:///folder/newsletter.db")
    with suppress(FileExistsError):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise
        except OSError as error:
            raise StoreError(
                f"{path}: the database cannot be created ({error.strerror})",
                fix="allow writing to its folder, or name another place",
            ) from error


def _set_up(wait_seconds: float, connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions on its own: `begin` says when, and which kind.
    connection.isolation_level = None
    connection.create_function("folded", 1, fold, deterministic=True)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    # What is deleted is overwritten: readers who were forgotten must not be found in the file.
    connection.execute("PRAGMA secure_delete=ON")
    deadline = time.monotonic() + wait_seconds
    while not _has_write_ahead_log(connection, is_last_try=time.monotonic() >= deadline):
        time.sleep(0.01)


def _has_write_ahead_log(connection: sqlite3.Connection, *, is_last_try: bool) -> bool:
    """Two who change the mode of a new file at once would wait for each other: SQLite fails one without waiting."""
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if is_last_try or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


#: by the beginning of SQLite's name for the failure
_MEANINGS = {
    "SQLITE_BUSY": ("another program is writing to the database", "wait until it is done, and try again"),
    "SQLITE_LOCKED": ("another program is writing to the database", "wait until it is done, and try again"),
    "SQLITE_FULL": ("the disk is full; nothing of this step was written", "make room, and try again"),
    "SQLITE_IOERR": (
        "the disk does not take what is written; nothing of this step was written",
        "check that it has room and is sound, and try again",
    ),
    "SQLITE_READONLY": ("the database cannot be written", "allow writing to the file and to its folder"),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "check its folder and who may read and write there"),
    "SQLITE_PERM": ("the database cannot be opened", "check its folder and who may read and write there"),
    "SQLITE_NOTADB": ("is not a database", "name another file, or move this one away"),
    "SQLITE_CORRUPT": ("the database is damaged", "bring back the last copy of it"),
    "SQLITE_CONSTRAINT": ("the database refuses a change that contradicts what it holds", "please report this"),
}
