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


class _Feed:
    """Lines, each kept until its row is whole."""

    def __init__(self, lines: Iterator[str], first: list[str], line: int) -> None:
        self._lines = lines
        self._again = deque(first)
        #: of the row at hand
        self.held: list[str] = []
        #: the number of the first of these
        self.line = line

    def __iter__(self) -> Iterator[str]:
        while True:
            found = self._again.popleft() if self._again else next(self._lines, None)
            if found is None:
                return
            self.held.append(found)
            yield found

    def go_on(self) -> None:
        self.line += len(self.held)
        self.held.clear()

    def given_up(self, delimiter: str, fault: Fault) -> Row:
        """The first line alone; what was read with it, in the belief that it belongs to it, is read once more."""
        row = Row(self.line, self.held[0].rstrip("\r\n").split(delimiter), fault)
        self._again.extendleft(reversed(self.held[1:]))
        del self.held[1:]
        self.go_on()
        return row


def rows_of(lines: Iterator[str], delimiter: str, *, first: list[str], line: int) -> Iterator[Row]:
    """
    Rows that hold anything.

    :param first: lines that were read ahead
    :param line: the number of the first of these
    """
    feed = _Feed(lines, first, line)
    columns = 0
    while True:
        try:
            for cells in csv.reader(iter(feed), delimiter=delimiter, strict=True, skipinitialspace=True):
                if len(feed.held) > 1 and not _is_whole(feed.held, cells, columns):
                    yield feed.given_up(delimiter, Fault(*_QUOTES, "quotes"))
                    continue
                columns = columns or len(cells)
                if "".join(cells).strip():
                    yield Row(feed.line, cells)
                feed.go_on()
        except csv.Error as error:
            yield feed.given_up(delimiter, _fault(error))
        else:
            return


def _is_whole(held: list[str], cells: list[str], columns: int) -> bool:
    """A row over several lines that was meant to be one; the first row of all says how many cells there are."""
    return not columns or (len(held) <= _LONGEST_ROW and len(cells) == columns)


def _fault(error: csv.Error) -> Fault:
    if "limit" in str(error):
        message = f"a cell of this row is longer than {csv.field_size_limit():,} characters"
        return Fault(message, "close its quotation mark", "quotes")
    return Fault(*_QUOTES, "quotes")
