"""Rows of a text whose cells are parted by commas, semicolons or tabs. One broken row costs no other."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

#: a row may hold line breaks within quotation marks; one that goes on for longer has lost a mark
_LONGEST_ROW = 100
_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = (
    "the quotation marks of this row do not match",
    'close them, and write a quotation mark inside a cell twice ("")',
)


class Fault(NamedTuple):
    """Why a row cannot be read, and what to do."""

    message: str
    fix: str
    rule: str


class Row(NamedTuple):
    #: where it begins
    line: int
    cells: list[str]
    #: then the cells are a guess
    fault: Fault | None = None


def delimiter_of(lines: Iterator[str]) -> tuple[str, int, list[str]]:
    """
    The delimiter of the first line that holds anything; how many lines stand before, and that line itself.

    Spreadsheets may name it in a line of its own: `sep=;`
    """
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        told = re.fullmatch(r"\ufeff?sep=(.)", line.strip("\r\n "), re.IGNORECASE)
        if told:
            return told[1], number + 1, []
        bare = re.sub(r'"[^"]*"', "", line)
        return max(_DELIMITERS, key=bare.count), number, [line]
    return ",", 0, []


def rows_of(lines: Iterator[str], delimiter: str, *, first: list[str], line: int) -> Iterator[Row]:
    """
    Rows that hold anything.

    :param first: lines that were read ahead
    :param line: the number of the first of these
    """
    again = deque(first)
    held: list[str] = []
    columns = 0

    def feed() -> Iterator[str]:
        """Lines, each kept until its row is whole."""
        while True:
            found = again.popleft() if again else next(lines, None)
            if found is None:
                return
            held.append(found)
            yield found

    def given_up(fault: Fault) -> Row:
        """The first line alone; what was read with it, in the belief that it belongs to it, is read once more."""
        row = Row(line, held[0].rstrip("\r\n").split(delimiter), fault)
        again.extendleft(reversed(held[1:]))
        return row

    is_done = False
    while not is_done:
        reader = csv.reader(feed(), delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            for cells in reader:
                if len(held) > 1 and (len(held) > _LONGEST_ROW or len(cells) != columns):
                    yield given_up(Fault(*_QUOTES, "quotes"))
                    line += 1
                    held.clear()
                    continue
                if not columns:
                    columns = len(cells)
                if "".join(cells).strip():
                    yield Row(line, cells)
                line += len(held)
                held.clear()
            is_done = True
        except csv.Error as error:
            yield given_up(_fault(error))
            line += 1
            held.clear()


def _fault(error: csv.Error) -> Fault:
    if "limit" in str(error):
        message = f"a cell of this row is longer than {csv.field_size_limit():,} characters"
        return Fault(message, "close its quotation mark", "quotes")
    return Fault(*_QUOTES, "quotes")
