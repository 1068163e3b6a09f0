"""Look at a database without creating, upgrading or changing it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from newsletter.store import database, opening
from newsletter.store.database import Database


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at an address: nothing, an empty file, an older store, or one that a command can work with."""

    place: str
    is_there: bool
    version: str | None = None
    #: of a store only that needs no upgrade
    store_id: str | None = None

    @property
    def is_current(self) -> bool:
        return opening.is_current(self.version)


def look(url: str) -> Look:
    """
    What a command would find there.

    :raises StoreError: it cannot be read, is damaged, or is another program's or a newer version's
    """
    parsed = database.parsed_address(url)
    if parsed.get_backend_name() != "sqlite":
        return _seen(database.connect(url, wait_seconds=1), parsed.render_as_string(hide_password=True))
    path = database.file_of(parsed)
    if path is None or not path.exists():
        return Look(str(path or "a database in memory"), is_there=False)
    return _seen(_untouched(path), str(path))


def _seen(found: Database, place: str) -> Look:
    try:
        with found.reading() as connection:
            version = opening.version_of(connection, found.path)
            store_id = opening.store_id_of(connection, found.path) if opening.is_current(version) else None
            is_there = found.path is not None or version is not None
            return Look(place, is_there=is_there, version=version, store_id=store_id)
    finally:
        found.close()


def _untouched(path: Path) -> Database:
    """
    A connection that neither creates the file nor sets the mode of its journal, as an ordinary one does to any file.

    `ro` would leave the journal's files behind.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    return Database(engine, path)
