"""Rows of one table in one order and one form, whatever the database: compared, copied and added up."""

import hashlib
from collections.abc import Callable, Generator, Iterator

import sqlalchemy as sa

from newsletter.store.ways import ways_of

#: rows; few where each holds a whole compiled issue
_PAGE, _LARGE_PAGE = 5_000, 20

#: PostgreSQL's text holds no NUL byte; this is what stands for one
PICTURE_OF_NUL = "\N{SYMBOL FOR NULL}"
#: values that do not depend on the database
Page = list[tuple[object, ...]]


class ChangedError(Exception):
    """What was copied earlier is not what the source holds now."""


class Sum:
    """The number of rows and a checksum of them all, in the order of their key."""

    def __init__(self, *, keeps_nul: bool = True) -> None:
        """
        :param keeps_nul: else a NUL byte in a text becomes its picture, before it is counted
        """
        self.rows = 0
        #: texts that held one
        self.replaced = 0
        self._keeps_nul = keeps_nul
        self._hash = hashlib.sha256()

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()

    def adding(self, pages: Iterator[Page], tell: Callable[[int], None]) -> Iterator[Page]:
        for page in pages:
            told = _told(page)
            # Where one is, its escape is; a look at each value takes longer.
            if not self._keeps_nul and "\\x00" in told:
                page = self._without_nul(page)
                told = _told(page)
            self.rows += len(page)
            self._hash.update(told.encode())
            tell(len(page))
            yield page

    def _without_nul(self, page: Page) -> Page:
        self.replaced += sum(isinstance(value, str) and "\0" in value for row in page for value in row)
        return [
            tuple([value.replace("\0", PICTURE_OF_NUL) if isinstance(value, str) else value for value in row])
            for row in page
        ]


def _told(page: Page) -> str:
    return "".join([f"{row!r}\n" for row in page])


def pages_of(connection: sa.Connection, table: sa.Table) -> Generator[Page, None, None]:
    """All rows in the order of their key, one page in memory. To be closed, when it is left early."""
    size = _LARGE_PAGE if any(_is_large(column) for column in table.c) else _PAGE
    in_order = sa.select(table).order_by(*(ways_of(connection).by_bytes(key) for key in table.primary_key))
    with connection.execute(in_order, execution_options={"yield_per": size}) as found:
        for page in found.partitions():
            yield [tuple(row) for row in page]


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
    converts = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in table.c]
    rows = [
        tuple([convert(value) if convert else value for convert, value in zip(converts, row, strict=True)])
        for row in page
    ]
    try:
        ways_of(connection).insert_rows(connection, table, table.c.keys(), rows)
    except connection.dialect.loaded_dbapi.Error as error:
        # A copy goes past SQLAlchemy, and so do its faults.
        raise sa.exc.DBAPIError("COPY", None, error) from error


def _is_large(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.LargeBinary) and column.type.length is None
