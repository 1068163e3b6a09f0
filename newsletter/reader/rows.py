"""The lines of a Markdown file, each with its mark and its place. Blocks are read by us, so that places are exact."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Any

from newsletter.errors import Finding, Severity
from newsletter.located import Located, Path, Place

#: these begin a point only with a space after them; the other ones are nothing but bullets
_SPACED_BULLETS = "-*+"
_BULLETS = _SPACED_BULLETS + "•‣▪◦●"
_RULES = "-*_"


class Mark(StrEnum):
    BLANK = "blank"
    RULE = "rule"
    HEADING = "heading"
    BULLET = "bullet"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """A line: its text without the mark, and where the text begins."""

    mark: Mark
    text: str
    line: int
    column: int
    #: characters before the mark
    indent: int = 0
    #: how many `#`
    level: int = 0

    def said(self, message: str, fix: str, *, rule: str, severity: Severity = Severity.ERROR) -> Finding:
        """A finding about this line."""
        column = self.indent + 1
        return Finding(message=message, fix=fix, line=self.line, column=column, rule=rule, severity=severity)

    def cut(self, start: int, text: str) -> "Row":
        """The same line, its text beginning `start` characters later."""
        return replace(self, text=text, column=self.column + start)


def read_rows(body: str, first_line: int) -> list[Row]:
    return [_row(line, number) for number, line in enumerate(body.split("\n"), start=first_line)]


def _row(line: str, number: int) -> Row:
    text = line.strip()
    indent = len(line) - len(line.lstrip()) if text else 0
    if not text:
        return Row(Mark.BLANK, "", number, 1)
    if _is_rule(text):
        return Row(Mark.RULE, text, number, indent + 1, indent)
    hashes = len(text) - len(text.lstrip("#"))
    if 1 <= hashes <= 6 and (hashes > 1 or text[1:2].isspace() or text == "#"):
        heading, column = _after(text, hashes, indent)
        return Row(Mark.HEADING, _without_closing(heading), number, column, indent, hashes)
    if text[0] in _BULLETS and (text[0] not in _SPACED_BULLETS or not text[1:2].strip()):
        words, column = _after(text, 1, indent)
        return Row(Mark.BULLET, words, number, column, indent)
    return Row(Mark.TEXT, text, number, indent + 1, indent)


def _is_rule(text: str) -> bool:
    return text[0] in _RULES and not text.strip(text[0] + " \t") and text.count(text[0]) >= 3


def _after(text: str, mark: int, indent: int) -> tuple[str, int]:
    """What follows a mark, and its column."""
    words = text[mark:].lstrip()
    return words, indent + len(text) - len(words) + 1


def _without_closing(heading: str) -> str:
    """`Heading ##` is an old way to write a heading; `C#` is a name."""
    bare = heading.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else heading


def prose(rows: Iterable[Row]) -> str:
    """Lines of one paragraph joined, paragraphs parted by a blank line as they were."""
    paragraphs = groupby(rows, key=lambda row: row.mark is Mark.BLANK)
    return "\n\n".join(joined([row.text for row in run]) for is_gap, run in paragraphs if not is_gap)


def joined(lines: Sequence[str]) -> str:
    """With a space, except where Chinese meets Chinese, which knows none."""
    lines = [line for line in lines if line]
    gaps = ["" if _is_chinese(one[-1]) and _is_chinese(other[0]) else " " for one, other in pairwise(lines)]
    return "".join(part for pair in zip(lines, [*gaps, ""], strict=False) for part in pair)


def _is_chinese(mark: str) -> bool:
    return mark > "\u2e7f" and unicodedata.east_asian_width(mark) in "WF"


@dataclass(frozen=True, slots=True)
class Spot:
    """A value read from Markdown, with its place; lists and mappings hold spots again."""

    value: Any
    line: int
    column: int

    @classmethod
    def at(cls, row: Row, value: Any) -> "Spot":
        return cls(value, row.line, row.column)


def add_spots(spots: dict[str, Spot], located: Located) -> None:
    """Put what the body holds beside what the front matter holds."""
    for name, spot in spots.items():
        located.values[name] = _plain(spot)
        located.places.update(_places(spot, (name,)))


def _plain(spot: Spot) -> Any:
    if isinstance(spot.value, list):
        return [_plain(inner) for inner in spot.value]
    if isinstance(spot.value, dict):
        return {name: _plain(inner) for name, inner in spot.value.items()}
    return spot.value


def _places(spot: Spot, path: Path) -> Iterator[tuple[Path, Place]]:
    yield path, Place(spot.line, spot.column)
    inner: Iterable[tuple[Any, Spot]] = ()
    if isinstance(spot.value, list):
        inner = enumerate(spot.value)
    elif isinstance(spot.value, dict):
        inner = spot.value.items()
    for key, value in inner:
        yield from _places(value, (*path, key))
