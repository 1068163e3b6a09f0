"""Rows of one table in one order and one form, whatever the database: compared, copied and added up."""

import hashlib
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.store.database import ways_of

#: rows; few where each holds a whole compiled issue
_PAGE, _LARGE_PAGE = 5_000, 20

#: values that do not depend on the database
Page = list[tuple[object, ...]]


class ChangedError(Exception):
    """What was copied earlier is not what the source holds now."""


class Sum:
    """The number of rows and a checksum of them all, in the order of their key."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()

    def adding(self, pages: Iterator[Page], tell: Callable[[int], None]) -> Iterator[Page]:
        for page in pages:
            self.rows += len(page)
            self._hash.update("".join([f"{row!r}\n" for row in page]).encode())
            tell(len(page))
            yield page

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()


def pages_of(connection: sa.Connection, table: sa.Table) -> Iterator[Page]:
    """All rows in the order of their key, one page in memory."""
    size = _LARGE_PAGE if any(_is_large(column) for column in table.c) else _PAGE
    in_order = sa.select(table).order_by(*(ways_of(connection).by_bytes(key) for key in table.primary_key))
    found = connection.execute(in_order, execution_options={"yield_per": size})
    return ([tuple(row) for row in page] for page in found.partitions())


def missing_part(wanted: Iterator[Page], there: Iterator[Page]) -> Page:
    """
    Go through all that is there already; what the first page that is not there as a whole lacks.

    :raises ChangedError: what is there is not the beginning of what is wanted
    """
    for page in wanted:
        have = next(there, [])
        if have != page[: len(have)]:
            raise ChangedError
        if len(have) < len(page):
            return page[len(have) :]
    if next(there, []):
        raise ChangedError
    return []


def insert_page(connection: sa.Connection, table: sa.Table, page: Page) -> None:
    """
    :raises StoreError: a text holds what this database cannot keep
    """
    converts = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in table.c]
    rows = [
        tuple([convert(value) if convert else value for convert, value in zip(converts, row, strict=True)])
        for row in page
    ]
    try:
        ways_of(connection).insert_rows(connection, table, table.c.keys(), rows)
    except connection.dialect.loaded_dbapi.Error as error:
        _insist_without_nul(table, page)
        raise sa.exc.DBAPIError("COPY", None, error) from error


def _insist_without_nul(table: sa.Table, page: Page) -> None:
    found = (
        (row, column)
        for row in page
        for column, value in zip(table.c, row, strict=True)
        if isinstance(value, str) and "\0" in value
    )
    for row, column in found:
        key = ", ".join(f"{it.name} {value}" for it, value in zip(table.c, row, strict=True) if it.primary_key)
        taken = f"UPDATE {table.name} SET {column.name} = replace({column.name}, char(0), '')"  # noqa: S608
        raise StoreError(
            f"{table.name}, {key}: its {column.name} holds a NUL byte, which PostgreSQL cannot keep",
            fix=f'take it out, for example by sqlite3 newsletter.db "{taken}", and say the same again',
        )


def _is_large(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.LargeBinary) and column.type.length is None
