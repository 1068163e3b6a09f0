"""Marks in `meta` of a database that must not be used: its store was moved away, or is still on its way here."""

from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store import schema

#: where the store is now, without user and password; and the id that it has there
MOVED_TO, MOVED_AS = "moved_to", "moved_as"
#: the id of the store that is being copied into this database
COPY_OF = "copy_of"
MARKS = (MOVED_TO, MOVED_AS, COPY_OF)

_meta = schema.meta.c


def meta_of(connection: sa.Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(sa.select(_meta.key, _meta.value))}


def insist_unmarked(meta: dict[str, str], path: Path | None) -> None:
    """
    :raises StoreError: the store was moved, or has not come here as a whole
    """
    place = f"{path}: " if path else ""
    if MOVED_TO in meta:
        raise StoreError(f"{place}this store was moved to {meta[MOVED_TO]}", fix="set NEWSLETTER_DATABASE_URL to it")
    if COPY_OF in meta:
        raise StoreError(
            f"{place}a store is being moved here, and is not here as a whole",
            fix="run the same newsletter migrate-store again, or go on with the old address",
        )
