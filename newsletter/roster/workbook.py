"""Rows of an Excel workbook (.xlsx), of its first sheet that holds anything."""

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from newsletter.errors import Finding, ReadersFileError
from newsletter.roster.delimited import Row

ROW_LIMIT = 100_000
_PACKED_LIMIT = 50 << 20
_UNPACKED_LIMIT = 400 << 20
_FILE_LIMIT = 2_000
_ENTRY_MARK = b"PK\x01\x02"
MARK = b"PK\x03\x04"
#: .xls, and .xlsx with a password
OLD_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    #: sheets that hold something, too, and are not read
    others: tuple[str, ...]
    #: as calamine has read it; from the first row of the sheet, be it empty
    cells: Any

    @property
    def height(self) -> int:
        return int(self.cells.end[0]) + 1

    def rows(self) -> Iterator[Row]:
        """Rows that hold anything, by their numbers in Excel."""
        for number, values in enumerate(self.cells.iter_rows(), 1):
            cells = [_text(value) for value in values]
            if any(cells):
                yield Row(number, cells)


def sheet_of(file: BinaryIO, path: str) -> Sheet:
    """
    :raises ReadersFileError: it is no workbook, is damaged, or holds more than a list of readers can
    """
    from python_calamine import CalamineError, CalamineWorkbook

    _insist_harmless(file, path)
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise _refused(path, "is damaged, or no Excel workbook", "save it again as .xlsx, or as CSV") from error
    filled = [(name, sheet) for name, sheet in sheets if sheet.height]
    if not filled:
        raise _refused(path, "is empty", "the first line names the columns")
    name, cells = filled[0]
    sheet = Sheet(name, tuple(other for other, _ in filled[1:]), cells)
    if sheet.height > ROW_LIMIT + 1:
        raise _refused(path, f"holds more than {ROW_LIMIT:,} rows", "save it as CSV, which may be as long as you like")
    return sheet


def _insist_harmless(file: BinaryIO, path: str) -> None:
    """Before anything is unpacked: a small file can hold more than the machine."""
    file.seek(0)
    content = file.read(_PACKED_LIMIT + 1)
    if len(content) > _PACKED_LIMIT:
        raise _refused(path, f"is larger than {_PACKED_LIMIT >> 20} MiB", "save it as CSV")
    # Before the directory is read: zipfile makes an entry for each of these marks.
    if content.count(_ENTRY_MARK) > _FILE_LIMIT:
        raise _refused(path, f"holds more than {_FILE_LIMIT:,} files", "save its first sheet as CSV")
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise _refused(path, "is cut off or damaged", "save it again, or ask for it again") from error
    if not any(entry.filename == "xl/workbook.xml" for entry in entries):
        raise _refused(path, "is a packed file, and no Excel workbook", "save the list as .xlsx or as CSV")
    if sum(entry.file_size for entry in entries) > _UNPACKED_LIMIT:
        raise _refused(path, f"unpacks to more than {_UNPACKED_LIMIT >> 20} MiB", "save it as CSV")


def _refused(path: str, message: str, fix: str) -> ReadersFileError:
    return ReadersFileError(Finding(message=message, fix=fix, path=path, rule="workbook"))


def _text(value: object) -> str:
    """A cell as somebody would have typed it into a text."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)
