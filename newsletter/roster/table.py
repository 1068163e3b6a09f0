"""A list of readers as a table of cells, whatever it lies in; read as often as it takes, never as a whole."""

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import Finding, ReadersFileError
from newsletter.roster.delimited import Row, delimiter_of, rows_of
from newsletter.roster.encodings import Writing, writing_of
from newsletter.roster.formulas import as_written
from newsletter.roster.headings import REJECT_COLUMNS, Column, columns_of
from newsletter.roster.workbook import MARK, OLD_MARK, Sheet, sheet_of

SIZE_LIMIT = 1 << 30
STANDARD_INPUT = Path("-")
_SAMPLE = 50
_CHUNK = 1 << 20
_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Table:
    #: as it is named in findings
    path: str
    #: how it is read, in words
    form: str
    columns: tuple[Column, ...]
    #: for rows that are kept aside
    delimiter: str
    #: of the file, in hexadecimal
    sha256: str
    #: about how many
    size: int
    _source: "_Text | _Workbook"
    #: place of each known field among the cells
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def unread(self) -> list[str]:
        """Headings that mean nothing to us."""
        return [it.heading for it in self.columns if not it.field and it.heading and it.heading not in REJECT_COLUMNS]

    def rows(self) -> Iterator[Row]:
        """Each time from the first one below the headings."""
        rows = self._source.rows()
        next(rows, None)
        return rows

    def named(self, row: Row) -> dict[str, str]:
        """The cells of known fields that hold anything, without surrounding spaces."""
        cells = row.cells
        count = len(cells)
        found = {}
        for name, place in self.places.items():
            cell = cells[place].strip() if place < count else ""
            if cell:
                found[name] = as_written(cell) if cell[0] == "'" else cell
        return found

    def is_too_long(self, row: Row) -> bool:
        return len(row.cells) > len(self.columns) and any(cell.strip() for cell in row.cells[len(self.columns) :])


@dataclass(frozen=True, slots=True)
class _Text:
    file: BinaryIO
    writing: Writing
    path: str

    def rows(self) -> Iterator[Row]:
        lines = self._lines()
        delimiter, skipped, first = delimiter_of(lines)
        return rows_of(lines, delimiter, first=first, line=skipped + 1)

    @property
    def delimiter(self) -> str:
        return delimiter_of(self._lines())[0]

    def _lines(self) -> Iterator[str]:
        self.file.seek(0)
        text = io.TextIOWrapper(self.file, self.writing.encoding, self.writing.errors, newline="")
        try:
            # `yield from` would close the file, if nobody reads to the end.
            for line in text:  # noqa: UP028
                yield line
        except UnicodeDecodeError as error:
            message = f"holds bytes that are no {self.writing.name}"
            fix = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
            raise ReadersFileError(Finding(message=message, fix=fix, path=self.path, rule="encoding")) from error
        finally:
            # Else the file would be closed with it.
            text.detach()


@dataclass(frozen=True, slots=True)
class _Workbook:
    sheet: Sheet
    delimiter: str = ","

    def rows(self) -> Iterator[Row]:
        return self.sheet.rows()


@contextmanager
def open_table(path: Path, *, chosen: Mapping[str, str] | None = None, encoding: str | None = None) -> Iterator[Table]:
    """
    The table in a CSV, TSV or XLSX file; `-` is standard input.

    :param chosen: headings of columns that somebody named, by field
    :raises ReadersFileError: if it cannot be read as a table, or has no column for the address
    """
    with _opened(path) as file:
        yield _table(file, str(path), chosen or {}, encoding)


def _table(file: BinaryIO, said: str, chosen: Mapping[str, str], encoding: str | None) -> Table:
    file.seek(0)
    mark = file.read(8)
    if mark.startswith(OLD_MARK):
        message, fix = "is an old Excel file, or one with a password", "save it as .xlsx without a password, or as CSV"
        raise ReadersFileError(Finding(message=message, fix=fix, path=said, rule="workbook"))
    writing = writing_of(file, said, encoding="latin-1" if mark.startswith(MARK) else encoding)
    if mark.startswith(MARK):
        sheet = sheet_of(file, said)
        source: _Text | _Workbook = _Workbook(sheet)
        also = f"; not the {'sheets' if len(sheet.others) > 1 else 'sheet'} {', '.join(sheet.others)}"
        form, size = f"Excel, sheet {sheet.name}{also if sheet.others else ''}", sheet.height
    else:
        source = _Text(file, writing, said)
        parted = _DELIMITER_NAMES.get(source.delimiter, repr(source.delimiter))
        form, size = f"{writing.name}, cells parted by {parted}", writing.lines
    rows = source.rows()
    heading = next(rows, None)
    if heading is None:
        raise ReadersFileError(Finding(message="is empty", fix="the first line names the columns", path=said))
    if heading.fault:
        message, fix, rule = heading.fault
        raise ReadersFileError(Finding(message=message, fix=fix, path=said, line=heading.line, rule=rule))
    sample = [row.cells for row in islice(rows, _SAMPLE)]
    columns = columns_of(heading.cells, sample, chosen, path=said, line=heading.line)
    places = {column.field: number for number, column in enumerate(columns) if column.field}
    return Table(said, form, columns, source.delimiter, writing.sha256, size, source, places)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file that can be read several times; what comes by a pipe is kept for as long, under no name."""
    with ExitStack() as stack:
        try:
            file = _open(path, stack)
            size = file.seek(0, io.SEEK_END)
        except OSError as error:
            message = f"cannot be read ({error.strerror})"
            raise ReadersFileError(Finding(message=message, fix="check the name", path=str(path))) from error
        if size > SIZE_LIMIT:
            message = f"is longer than {SIZE_LIMIT >> 20} MiB"
            raise ReadersFileError(Finding(message=message, fix="split it", path=str(path)))
        yield file


def _open(path: Path, stack: ExitStack) -> BinaryIO:
    source: BinaryIO = sys.stdin.buffer if path == STANDARD_INPUT else stack.enter_context(path.open("rb"))
    if path != STANDARD_INPUT and source.seekable():
        return source
    kept = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    left = SIZE_LIMIT + 1
    while left > 0 and (chunk := source.read(min(_CHUNK, left))):
        kept.write(chunk)
        left -= len(chunk)
    return kept
