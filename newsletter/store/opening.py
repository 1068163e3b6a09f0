"""Bring a database to the schema of this program: a new one, an old one, or say why not."""

import threading
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store import schema
from newsletter.store.database import Database

#: the newest of `migrations/versions`; kept here so that opening an up-to-date store does not load Alembic
HEAD = "0012"
#: Alembic knows one migration at a time in a process, whatever the database
_ALEMBIC = threading.Lock()


def open_schema(database: Database) -> str:
    """
    Create or upgrade the schema where needed.

    :return: the store's id
    :raises StoreError: if the database belongs to something else or to a newer version
    """
    with database.reading() as connection:
        version = version_of(connection, database.path)
        if version == HEAD:
            return store_id_of(connection, database.path)
    with database.writing() as connection:
        # Another process may have been faster.
        if version_of(connection, database.path) != HEAD:
            _upgrade(connection)
        return store_id_of(connection, database.path)


def version_of(connection: sa.Connection, path: Path | None) -> str | None:
    """The revision that the database is at; None for an empty one."""
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    place = f"{path}: " if path else ""
    if "alembic_version" not in tables or "meta" not in tables:
        raise StoreError(f"{place}is a database of another program", fix="name another file")
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if version is None:
        raise _damaged(path)
    if str(version) > HEAD:
        raise StoreError(
            f"{place}was written by a newer version of newsletter",
            fix="update this program; the database stays as it is",
        )
    return str(version)


def store_id_of(connection: sa.Connection, path: Path | None) -> str:
    found = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "store_id")).scalar()
    if found is None:
        raise _damaged(path)
    return str(found)


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
