"""Rows of a table as lines: the cells of one row side by side, where each holds no more than one paragraph."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from newsletter.importing.lines import Line, Role

_LAYOUT = ("presentation", "none")
_LONGEST_CELL = 300
_MARK = " | "


@dataclass(slots=True)
class _Table:
    is_layout: bool
    #: where the open row and its cells begin among the lines
    row: int = 0
    cells: list[int] = field(default_factory=list)
    is_said: bool = False


class Rows:
    """Follows the open tables; knows nothing of what stands in them."""

    def __init__(self) -> None:
        self._tables: list[_Table] = []

    def start(self, tag: str, attributes: Mapping[str, str], line_count: int) -> None:
        if tag == "table":
            self._tables.append(_Table(attributes.get("role", "").strip().lower() in _LAYOUT))
        elif self._tables and tag == "tr":
            self._tables[-1].row, self._tables[-1].cells = line_count, []
        elif self._tables and tag in ("td", "th"):
            self._tables[-1].cells.append(line_count)

    def end(self, tag: str, lines: list[Line]) -> int | None:
        """Join the cells of a row that ended; the paragraph's number when that is to be said."""
        if not self._tables:
            return None
        table = self._tables[-1]
        if tag == "table":
            self._tables.pop()
        if tag != "tr" or table.is_layout:
            return None
        cells = _cells(lines[table.row :], [start - table.row for start in table.cells])
        if cells is None:
            return None
        blanks = next(place for place, line in enumerate(lines[table.row :]) if line.text)
        del lines[table.row + blanks :]
        lines.append(replace(cells[0], text=_MARK.join(cell.text for cell in cells)))
        is_news, table.is_said = not table.is_said, True
        return cells[0].number if is_news else None


def _cells(lines: list[Line], starts: list[int]) -> list[Line] | None:
    """A row's cells; None when it is no row of a table of words, but arranges paragraphs."""
    if not starts:
        return None
    spans = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    found = [[line for line in span if line.role is not Role.BLANK] for span in spans]
    filled = [words for words in found if words]
    if len(filled) < 2 or any(len(words) > 1 for words in filled):
        return None
    cells = [words[0] for words in filled]
    is_words = all(cell.role is Role.PARAGRAPH and len(cell.text) <= _LONGEST_CELL for cell in cells)
    return cells if is_words else None
