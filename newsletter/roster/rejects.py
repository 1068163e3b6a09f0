"""Rows that could not be taken in, kept beside their file: as they stood, each with its line and the reason."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from newsletter.errors import Finding, ReadersFileError
from newsletter.roster.delimited import Row
from newsletter.roster.formulas import as_written, harmless
from newsletter.roster.headings import REJECT_COLUMNS
from newsletter.roster.table import STANDARD_INPUT, Table
from newsletter.roster.writing import scratch_file

SUFFIX = ".rejects.csv"


def rejects_path(path: Path) -> Path:
    return path.with_suffix(SUFFIX)


class Rejects:
    """A file that stands under its name only once it is whole; `place` is None when nothing is to be kept."""

    def __init__(self, table: Table, place: Path | None) -> None:
        self._table, self._place = table, place
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._kept = [number for number, it in enumerate(table.columns) if it.heading not in REJECT_COLUMNS]

    def add(self, row: Row, finding: Finding) -> None:
        if self._place is None:
            return
        if self._file is None:
            self._open(self._place)
        cells = [row.cells[number] if number < len(row.cells) else "" for number in self._kept]
        self._writer.writerow(
            [*(harmless(as_written(cell)) for cell in cells), row.line, f"{finding.message}; {finding.fix}"]
        )

    def _open(self, place: Path) -> None:
        self._file = scratch_file(place, mark=True)
        self._writer = csv.writer(self._file, delimiter=self._table.delimiter)
        headings = [self._table.columns[number].heading for number in self._kept]
        self._writer.writerow([*map(harmless, headings), *REJECT_COLUMNS])

    def settle(self) -> Path | None:
        """
        Put the file in its place.

        One from an earlier import of the same file goes: its rows were mended, or are in the new one.
        """
        if self._place is None:
            return None
        if self._file is None:
            self._place.unlink(missing_ok=True)
            return None
        self._file.close()
        Path(self._file.name).replace(self._place)
        self._file = None
        return self._place

    def drop(self) -> None:
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)


@contextmanager
def kept_aside(table: Table, *, is_rehearsed: bool) -> Iterator[Rejects]:
    """
    :raises ReadersFileError: they cannot be kept; then nothing must be imported
    """
    is_kept = not is_rehearsed and table.path != str(STANDARD_INPUT)
    place = rejects_path(Path(table.path)) if is_kept else None
    rejects = Rejects(table, place)
    try:
        yield rejects
    except OSError as error:
        raise ReadersFileError(
            Finding(
                message=f"the rejected rows cannot be kept ({error.strerror}); nothing was imported",
                fix="make room, or allow writing to that folder",
                path=str(place or table.path),
            )
        ) from error
    finally:
        rejects.drop()
