"""Bring a database to the schema of this program: a new one, an old one, or say why not."""

import random
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store.database import Database
from newsletter.store.marks import insist_unmarked, meta_of

#: the newest of `migrations/versions`; kept here so that opening an up-to-date store does not load Alembic
HEAD = "0013"
#: Alembic knows one migration at a time in a process, whatever the database
_ALEMBIC = threading.Lock()
#: seconds between two tries to have all tables for oneself
_BETWEEN_TRIES = 0.5


def open_schema(database: Database, *, wait_seconds: float = 0) -> str:
    """
    Create or upgrade the schema where needed.

    :param wait_seconds: how long to try for a moment in which nobody is at work on the tables that change
    :return: the store's id
    :raises StoreError: if the database belongs to something else, or to a newer version that this program cannot live
        with; or such a moment never came
    """
    with database.reading() as connection:
        if is_current(version_of(connection, database.path)):
            return store_id_of(connection, database.path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return _brought_up_to_date(database)
        except StoreError as error:
            if not database.was_busy(error) or time.monotonic() >= deadline:
                raise
        # Two who try at once must not do so for ever in step.
        time.sleep(_BETWEEN_TRIES * (0.5 + random.random()))  # noqa: S311


def _brought_up_to_date(database: Database) -> str:
    with database.altering() as connection:
        bring_up_to_date(connection, database.path)
        return store_id_of(connection, database.path)


def bring_up_to_date(connection: sa.Connection, path: Path | None) -> None:
    """In a transaction that writes."""
    # Another process may have been faster.
    if not is_current(version_of(connection, path)):
        _upgrade(connection)


def is_current(version: str | None) -> bool:
    """Nothing has to be done to it: it is of this program's revision, or of a newer one that this one can live with."""
    return version is not None and version >= HEAD


def version_of(connection: sa.Connection, path: Path | None) -> str | None:
    """
    The revision that the database is at; None for an empty one.

    :raises StoreError: it is another program's, is damaged, or is of a newer version that this one cannot live with
    """
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    place = f"{path}: " if path else ""
    if "alembic_version" not in tables or "meta" not in tables:
        raise StoreError(f"{place}is a database of another program", fix="name another file")
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if version is None:
        raise _damaged(path)
    if str(version) > HEAD and not _may_work(connection):
        raise StoreError(
            f"{place}was written by a newer version of newsletter",
            fix="update this program; the database stays as it is",
        )
    return str(version)


def _may_work(connection: sa.Connection) -> bool:
    """What the last migration said of programs as old as this one; without a word of it, the answer is no."""
    works_from = meta_of(connection).get("works_from")
    return works_from is not None and works_from <= HEAD


def store_id_of(connection: sa.Connection, path: Path | None) -> str:
    """
    :raises StoreError: if the store was moved, or has not come here as a whole
    """
    meta = meta_of(connection)
    insist_unmarked(meta, path)
    if "store_id" not in meta:
        raise _damaged(path)
    return meta["store_id"]


def _damaged(path: Path | None) -> StoreError:
    place = f"{path}: " if path else ""
    return StoreError(f"{place}the database is damaged", fix="bring back the last copy of it")


def _upgrade(connection: sa.Connection, revision: str = HEAD) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic reads its settings through a parser for which a percent sign is special.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _ALEMBIC:
        command.upgrade(config, revision)
