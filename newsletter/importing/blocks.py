"""The blocks of our own text part: unwrapped, without their frames, their numbered addresses back in place."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from newsletter.columns import COLUMNS, WEB_ADDRESS, is_wide, width
from newsletter.importing.lines import escape_inline, inline_joined, inline_link

_NOTE = re.compile(r"\[(\d{1,3})\] (\S+)")
_MARKED = re.compile(r"(?P<words>\S+) \[(?P<number>\d{1,3})\]")
_NUMBER = re.compile(r"\[\d{1,3}\]")
#: a link's words begin behind the last of these
_BREAK = re.compile(r"[，。；：、！？“‘（《「『(\[](?=.)")
_SPACED = re.compile(r"(?<=\S) (?=\S)")
_QUOTES = frozenset("“”‘’—…·")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines between two blank ones."""

    number: int
    lines: tuple[str, ...]

    def stroke_at(self, stroke: str) -> int | None:
        """The place of the line of strokes below a heading."""
        for place, line in enumerate(self.lines[1:], start=1):
            if line and not line.strip(stroke):
                return place if max(width(one) for one in self.lines[:place]) == len(line) else None
        return None

    def notes(self) -> Mapping[int, str] | None:
        """The addresses, when it holds nothing but numbered ones."""
        found = [_NOTE.fullmatch(line) for line in self.lines]
        pairs = [(int(one[1]), one[2]) for one in found if one]
        if len(pairs) != len(found) or [number for number, _ in pairs] != list(range(1, len(pairs) + 1)):
            return None
        return {number: url if "://" in url else f"mailto:{url}" for number, url in pairs}


@dataclass(frozen=True, slots=True)
class Unwrapping:
    """How lines join again; a text says by its other lines whether it parts Chinese from Latin by spaces."""

    is_spaced: bool

    @classmethod
    def like(cls, text: str) -> "Unwrapping":
        spaced = close = 0
        for before, after in pairwise(text):
            close += is_wide(before) != is_wide(after) and before.isalnum() and after.isalnum()
        for found in _SPACED.finditer(text):
            spaced += is_wide(text[found.start() - 1]) != is_wide(text[found.end()])
        return cls(is_spaced=spaced > close)

    def join(self, lines: Iterable[str], *, indent: int = 0) -> str:
        """One paragraph; lines are without their indent, whose width says when a line was full."""
        out, last = "", ""
        for line in (line.strip(" ") for line in lines):
            out += self._gap(last, line, COLUMNS - indent) + line if out else line
            last = line
        return out

    def _gap(self, last: str, line: str, columns: int) -> str:
        if _NUMBER.match(line):
            return " "
        before, after = last[-1:], line[:1]
        if is_wide(before) and is_wide(after):
            return ""
        if is_wide(before) or is_wide(after):
            other = after if is_wide(before) else before
            return " " if self.is_spaced and other not in _QUOTES else ""
        # a word longer than a line was broken without a space
        is_broken = " " not in last and width(last) >= columns - 1 and not WEB_ADDRESS.search(last) and "@" not in last
        return "" if is_broken else " "


def blocks_of(text: str) -> list[Block]:
    blocks: list[Block] = []
    lines: list[str] = []
    # a block ends at a blank line; the one behind the last line is ours
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            blocks.append(Block(number - len(lines), tuple(lines)))
            lines = []
    return blocks


def linked(text: str, notes: Mapping[int, str]) -> str:
    """Plain text as inline Markdown; `words [1]` becomes a link, of the last word before the number."""
    pieces: list[str] = []
    end = 0
    for found in _MARKED.finditer(text):
        url = notes.get(int(found["number"]))
        if url is None:
            continue
        start = found.start() + _words_start(found["words"])
        words = inline_link(escape_inline(text[start : found.end("words")]), url)
        pieces += [escape_inline(text[end:start]), words]
        end = found.end()
    return inline_joined([*pieces, escape_inline(text[end:])])


def _words_start(words: str) -> int:
    return max((found.end() for found in _BREAK.finditer(words)), default=0)


def take_notes(blocks: Sequence[Block]) -> tuple[list[Block], Mapping[int, str]]:
    """The blocks without the last one, when that holds the addresses of the others."""
    notes = blocks[-1].notes() if blocks else None
    return (list(blocks[:-1]), notes) if notes else (list(blocks), {})
