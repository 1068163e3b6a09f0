"""One connected database: its transactions, and what its refusals mean in words that say what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import sqlalchemy as sa

from newsletter.errors import AwayError, Finding, RefusedError, StoreError
from newsletter.store import advisory, postgres, sqlite
from newsletter.store.marks import insist_unmarked, meta_of
from newsletter.store.ways import WAYS

#: a row of whatever columns
AnyRow: TypeAlias = "sa.Row[*tuple[Any, ...]]"

_WRITING, _MOVING = "newsletter_writing", "newsletter_moving"


class Database:
    """Transactions on one database. Every refusal of the driver leaves here as a StoreError."""

    def __init__(self, engine: sa.Engine, path: Path | None) -> None:
        self._engine = engine
        self._ways = WAYS[engine.dialect.name]
        #: of its file; None for a database in memory, and for a server
        self.path = path
        #: called each time that it was away, and something has to be asked again
        self.missed: Callable[[], None] = lambda: None

    @property
    def is_shared(self) -> bool:
        """Other machines may be at work on it."""
        return self._ways is postgres

    @property
    def address(self) -> str:
        """With its password, as the database's own library takes it."""
        return self._engine.url.set(drivername=self._engine.dialect.name).render_as_string(hide_password=False)

    @property
    def keeps_nul(self) -> bool:
        """A text may hold a NUL byte."""
        return self._ways is sqlite

    @property
    def beside(self) -> Path | None:
        """Where files of its senders begin: beside its own, or in the folder of whoever works with a server."""
        if self.is_shared:
            return Path.cwd() / f"newsletter.{self._engine.url.database}"
        return self.path

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database and does not wait for writers."""
        options = {"isolation_level": "REPEATABLE READ"} if self.is_shared else {}
        with self._told(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes: all of it or nothing. It waits for its turn at the beginning."""
        with self._told(), self._writer() as connection, connection.begin():
            yield connection

    @contextmanager
    def together(self) -> Iterator[sa.Connection]:
        """
        The same for rows that are the writer's own: on a server side by side with others of this kind.

        Whoever is `writing` keeps them out, and is kept out by them.
        """
        with self._told(), self._writer("together") as connection, connection.begin():
            yield connection

    @contextmanager
    def copying(self) -> Iterator[sa.Connection]:
        """The same for rows by the million, whose keys are copied from the rows that they lead to."""
        with self._told(), self._writer() as connection, self._ways.copying(connection), connection.begin():
            yield connection

    @contextmanager
    def altering(self) -> Iterator[sa.Connection]:
        """
        The same for a change of the tables themselves, which nobody may be at work on meanwhile.

        :raises StoreError: somebody was (see `was_busy`); whoever came after us has waited for a moment, and goes on
        """
        with self.writing() as connection:
            self._ways.take_all_tables(connection)
            yield connection

    def was_busy(self, error: StoreError) -> bool:
        """Others were at work, and it may be tried again."""
        return isinstance(error.__cause__, sa.exc.DBAPIError) and bool(self._ways.is_busy(error.__cause__))

    @contextmanager
    def planning(self) -> Iterator[sa.Connection]:
        """
        The same for a plan, which sees one state of the database. On a server others write meanwhile: all but those who
        plan, and those who delete what a plan may point to (`insist_no_plan`).
        """
        with self._told(), self._planner() as connection, self._ways.planning(connection), connection.begin():
            yield connection

    def _planner(self) -> sa.Connection:
        options = {_WRITING: "plan", "isolation_level": "REPEATABLE READ"} if self.is_shared else {_WRITING: "alone"}
        return self._engine.connect().execution_options(**options)

    def _writer(self, how: str = "alone") -> sa.Connection:
        return self._engine.connect().execution_options(**{_WRITING: how})

    def rewrite(self) -> bool:
        """
        Write everything anew, so that nothing of what was deleted is left in it, and empty the log beside it.

        :return: False when somebody else has it open in a way that keeps the old pages; then it has to be done again
        """
        with self._told():
            return bool(self._ways.rewrite(self._engine))

    @contextmanager
    def held(self, number: int, *, otherwise: RefusedError, is_shared: bool = False) -> Iterator[None]:
        """
        Hold a number, on whatever machine: alone, or with others who share it. For a server alone.

        :raises RefusedError: somebody holds it in a way that keeps us out
        """
        with self._told(), advisory.held(self._engine, number, otherwise=otherwise, is_shared=is_shared):
            yield

    @contextmanager
    def leading(self, number: int, *, otherwise: RefusedError) -> Iterator[Callable[[], None]]:
        """
        Hold a number for long, on whatever machine. For a server alone.

        :return: raises AwayError when it is not held any more
        :raises RefusedError: somebody else holds it
        """
        with self._told(), advisory.leading(self._engine, number, otherwise=otherwise) as ask:

            def insist() -> None:
                with self._told():
                    ask()

            yield insist

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            if self._ways.is_passing(error):
                self.missed()
                raise AwayError(self._in_words(error)) from error
            raise StoreError(self._in_words(error)) from error

    def _in_words(self, error: sa.exc.DBAPIError) -> Finding:
        message, fix = self._ways.meaning_of(error)
        return Finding(message=f"{self.path}: {message}" if self.path else message, fix=fix)


def is_about_a_row(error: StoreError) -> bool:
    """That the database refuses what was to be written, and would take something else."""
    return isinstance(error.__cause__, sa.exc.IntegrityError | sa.exc.DataError)


def connect(url: str, *, wait_seconds: float, is_moving: bool = False) -> Database:
    """
    :param wait_seconds: how long to wait for another process that is writing
    :param is_moving: to move a store from here or to here, though a mark says that nobody must use it
    :raises StoreError: if the address is none of ours, or there is no such folder
    """
    parsed = parsed_address(url)
    ways = WAYS[parsed.get_backend_name()]
    engine = ways.engine_of(parsed, wait_seconds=wait_seconds)
    path = file_of(parsed)
    sa.event.listen(engine, "begin", partial(_begin, ways, path))
    if is_moving:
        return Database(engine.execution_options(**{_MOVING: True}), path)
    ways.watch(engine)
    return Database(engine, path)


def parsed_address(url: str) -> sa.URL:
    # The address itself is never repeated in an error: it may hold a password.
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("the database address is not an address", fix="write it as sqlite:///newsletter.db") from error
    if parsed.get_backend_name() not in WAYS:
        raise StoreError(
            f"databases of the kind {parsed.get_backend_name()} cannot be used",
            fix="set NEWSLETTER_DATABASE_URL to sqlite:///newsletter.db or postgresql://…",
        )
    return parsed.set(drivername=parsed.get_backend_name())


def shown_address(url: sa.URL) -> str:
    """Where it is, wherever one stands; without user and password, which may also hide behind a question mark."""
    path = file_of(url)
    if path is not None:
        return f"sqlite:///{path.absolute()}"
    # A socket's folder is named there.
    place = {name: value for name, value in url.query.items() if name in ("host", "port")}
    shown = sa.URL.create(url.drivername, host=url.host, port=url.port, database=url.database, query=place)
    return shown.render_as_string()


def file_of(url: sa.URL) -> Path | None:
    """None where there is none: in memory, and on a server."""
    return sqlite.file_of(url) if url.get_backend_name() == "sqlite" else None


def _begin(ways: ModuleType, path: Path | None, connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    ways.begin(connection, options.get(_WRITING))
    # Somebody may have had it open before it was moved.
    if not options.get(_MOVING) and ways.is_marked(connection):
        insist_unmarked(meta_of(connection), path)
