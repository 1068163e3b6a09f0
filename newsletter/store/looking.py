"""Look at a database without creating, upgrading or changing it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.store import database, opening, schema
from newsletter.store.database import Database

_event = schema.events.c
#: events that are named
_MOST = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that have yet to take effect."""

    #: some of those before which others have that came later: something is wrong with them
    passed_by: Sequence[int] = ()
    #: when the oldest of the others came; None when there are none
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at an address: nothing, an empty file, an older store, or one that a command can work with."""

    place: str
    is_there: bool
    version: str | None = None
    #: of a store only that needs no upgrade
    store_id: str | None = None
    waiting: Waiting = Waiting()

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
            is_there = found.path is not None or version is not None
            if not opening.is_current(version):
                return Look(place, is_there=is_there, version=version)
            store_id, waiting = opening.store_id_of(connection, found.path), _waiting(connection)
            return Look(place, is_there=is_there, version=version, store_id=store_id, waiting=waiting)
    finally:
        found.close()


def _waiting(connection: sa.Connection) -> Waiting:
    is_waiting = _event.applied_at.is_(None)
    last = connection.execute(sa.select(sa.func.max(_event.id)).where(_event.applied_at.is_not(None))).scalar() or 0
    ids = sa.select(_event.id).where(is_waiting, _event.id < last).order_by(_event.id).limit(_MOST)
    since = sa.select(sa.func.min(_event.received_at)).where(is_waiting, _event.id > last)
    return Waiting(list(connection.execute(ids).scalars()), connection.execute(since).scalar())


def _untouched(path: Path) -> Database:
    """
    A connection that neither creates the file nor sets the mode of its journal, as an ordinary one does to any file.

    `ro` would leave the journal's files behind.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    return Database(engine, path)
