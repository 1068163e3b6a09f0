"""One connected database: its transactions, and what its refusals mean in words that say what to do."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool, StaticPool

from newsletter.errors import Finding, StoreError
from newsletter.tags import fold

#: a row of whatever columns
AnyRow: TypeAlias = "sa.Row[*tuple[Any, ...]]"

_WRITING = "newsletter_writing"
#: of pages that are kept at hand; SQLite's own choice, and for a plan
_KIB, _COPYING_KIB = 2_000, 48_000


class Database:
    """Transactions on one database. Every refusal of the driver leaves here as a StoreError."""

    def __init__(self, engine: sa.Engine, path: Path | None) -> None:
        self._engine = engine
        #: None for a database in memory
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database and does not wait for writers."""
        with self._told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes: all of it or nothing. It waits for its turn at the beginning."""
        options = {_WRITING: True}
        with self._told(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def copying(self) -> Iterator[sa.Connection]:
        """
        A transaction that writes, by the million, rows whose keys it copies from the rows that they lead to.

        SQLite would look every one of them up again, which takes as long as to write it. And it would write a page of
        an index to the disk again and again, with too little room to keep it.
        """
        options = {_WRITING: True}
        with self._told(), self._engine.connect().execution_options(**options) as connection:
            driver = connection.connection.driver_connection
            # A transaction cannot change this any more.
            _execute(driver, "PRAGMA foreign_keys=OFF")
            _execute(driver, f"PRAGMA cache_size=-{_COPYING_KIB}")
            try:
                with connection.begin():
                    yield connection
            finally:
                _execute(driver, "PRAGMA foreign_keys=ON")
                _execute(driver, f"PRAGMA cache_size=-{_KIB}")

    def rewrite(self) -> bool:
        """
        Write the whole file anew, so that nothing of what was deleted is left in it, and empty the log beside it.

        :return: False when somebody else has it open in a way that keeps the old pages; then it has to be done again
        """
        with self._told(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            try:
                _execute(driver, "VACUUM")
                busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] if driver else 1
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    message = f"the database cannot be written anew ({error.sqlite_errorname})"
                    raise StoreError(message, fix="check that the disk has room, and is sound") from error
                return False
            return not busy

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise StoreError(_in_words(error, self.path)) from error


def _execute(driver: Any, statement: str) -> None:
    if isinstance(driver, sqlite3.Connection):
        driver.execute(statement)


def run_many(connection: sa.Connection, statement: sa.UpdateBase, rows: Sequence[Mapping[str, Any]]) -> int:
    """
    One statement for many rows, and how many it changed: a third of the time that SQLAlchemy takes over each row.

    :param statement: made once and kept, for it is compiled once
    :param rows: by the names of its bound parameters
    """
    text, names = _compiled(statement, connection.dialect)
    made = [tuple([convert(row[name]) if convert else row[name] for name, convert in names]) for row in rows]
    return connection.exec_driver_sql(text, made).rowcount


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
        # The names are those of our own columns.
        told = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
        connection.exec_driver_sql(told, rows)


def stored(connection: sa.Connection, column: sa.Column[Any], value: Any) -> Any:
    """A value as the driver wants it for that column."""
    convert = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return convert(value) if convert else value


def next_ids(connection: sa.Connection, table: sa.Table, count: int) -> range:
    """Ids that no row has had. They hold only in a transaction that writes: nobody else can take them meanwhile."""
    told = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    first = int(told.scalar() or 0) + 1
    return range(first, first + count)


def connect(url: str, *, wait_seconds: float) -> Database:
    """
    :param wait_seconds: how long to wait for another process that is writing
    :raises StoreError: if the address is none of ours, or there is no such folder
    """
    parsed = parsed_address(url)
    path = file_of(parsed)
    if path is not None:
        _create_private(path)
    options: dict[str, Any] = {"poolclass": QueuePool} if path else {"poolclass": StaticPool}
    engine = sa.create_engine(parsed, connect_args={"timeout": wait_seconds, "check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", partial(_set_up, wait_seconds))
    sa.event.listen(engine, "begin", _begin)
    return Database(engine, path)


def parsed_address(url: str) -> sa.URL:
    # The address itself is never repeated in an error: it may hold a password.
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("the database address is not an address", fix="write it as sqlite:///newsletter.db") from error
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            f"databases of the kind {parsed.get_backend_name()} cannot be used yet",
            fix="set NEWSLETTER_DATABASE_URL to sqlite:///newsletter.db",
        )
    return parsed.set(drivername="sqlite")


def file_of(url: sa.URL) -> Path | None:
    if url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "")


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
    # The driver must not begin transactions on its own: `_begin` says when, and which kind.
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


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later could not be made to wait, only to fail.
    is_writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _in_words(error: sa.exc.DBAPIError, path: Path | None) -> Finding:
    name = getattr(error.orig, "sqlite_errorname", "") or ""
    said = (f"the database refuses ({type(error.orig).__name__}: {error.orig})", "please report this")
    message, fix = next((meaning for start, meaning in _MEANINGS.items() if name.startswith(start)), said)
    return Finding(message=f"{path}: {message}" if path else message, fix=fix)


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
