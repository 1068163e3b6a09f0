"""Cells that a spreadsheet would take for a formula: made harmless on the way out, and as they were on the way in."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import IO

#: what OWASP names under "CSV Injection", with any apostrophes before it, so that ours can be told from theirs
_RISKY = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def harmless(cell: str) -> str:
    """With an apostrophe in front, which makes it text in every spreadsheet."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def write_table(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """
    As CSV in which no cell is a formula; how many rows there are beside the first.

    :param file: opened with `newline=""`
    """
    writer = csv.writer(file)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow(map(harmless, row))
        count += 1
    return count


def as_written(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell[:1] == "'" and _RISKY.match(cell) else cell
