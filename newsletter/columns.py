"""Display width, and wrapping by it: a Chinese character takes two columns, and lines break by its rules too."""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

COLUMNS = 72

_WIDE = (
    "\u1100-\u115f\u2e80-\u303f\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff"
    "\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
)
_FOLLOWERS = "\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
#: a web address ends where it ends in print: at a space, a quotation mark, or Chinese punctuation
WEB_ADDRESS = re.compile("https?://[^\\s\u2018-\u201f\u3000-\u303f\uff00-\uffef]+")
#: one column each: ASCII, Latin letters, dashes, curly quotation marks, the ellipsis, the euro
_NARROW = re.compile("[\\t\\n\\x20-\\x7e\\u00a0-\\u00ac\\u00ae-\\u02ff\\u2010-\\u2015\\u2018-\\u2022\\u2026\\u20ac]+")
_NO_SPACE = re.compile("[^ \\t\\n]+")
_WIDE_CHARACTER = re.compile(f"[{_WIDE}]")
#: may not begin a line; may not end one (W3C, Requirements for Chinese Text Layout, 3.1.3)
_CLOSING = frozenset("，。、；：！？）》〉」』】〕〗”’％…—～·\u3000!),.:;?]}")
_OPENING = frozenset("（《〈「『【〔〖“‘([{￥$")
_BLANKS = " \t\n"


@lru_cache(maxsize=1 << 14)
def width(text: str) -> int:
    """Columns on the screen."""
    if text.isascii():
        return len(text)
    found: int = _wcwidth().wcswidth(text)
    # -1 says that a control character is in it, which takes no room
    return found if found >= 0 else sum(max(0, _wcwidth().wcwidth(mark)) for mark in text)


def pointer(line: str, column: int) -> str:
    """A mark that stands under a character of the line, counted from 1."""
    return " " * width(line[: column - 1]) + "^"


def is_wide(character: str) -> bool:
    """Belongs to a script in which a line may break between any two characters."""
    return bool(_WIDE_CHARACTER.match(character))


def wrap(
    text: str,
    *,
    first: str = "",
    rest: str = "",
    columns: int = COLUMNS,
    alone: re.Pattern[str] = WEB_ADDRESS,
    measure: Callable[[str], int] = width,
) -> str:
    """
    The text in lines of at most so many columns; `first` stands before the first line, `rest` before the others.

    What matches `alone` is never broken and gets a line of its own. Any other word that is too long is broken, but
    never within a character as people see it.
    """
    room, columns = columns - measure(first), columns - measure(rest)
    words = _words(text, columns, alone)
    lines = _filled(words, room, columns) if words else _by_rules(text, room, columns, alone, measure)
    return "\n".join(((rest if number else first) + shown).rstrip(" ") for number, shown in enumerate(lines))


def _words(text: str, columns: int, alone: re.Pattern[str]) -> list[str]:
    """The words of a text that is nothing but narrow ones, each of which fits into a line; else none."""
    if not _NARROW.fullmatch(text) or "NL" in text or alone.search(text):
        return []
    words = _NO_SPACE.findall(text) if "\xa0" in text else text.split()
    return words if words and max(map(len, words)) <= columns else []


def _filled(words: list[str], room: int, columns: int) -> list[str]:
    """Most of what is written: no rule of Chinese applies, and a character is a column."""
    lines: list[str] = []
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, columns
        else:
            line = f"{line} {word}"
    return [*lines, line]


def _by_rules(text: str, room: int, columns: int, alone: re.Pattern[str], measure: Callable[[str], int]) -> list[str]:
    lines: list[str] = []
    line, used = "", 0
    for gap, unit, size, is_alone in _fitting(text, columns, alone, measure):
        if line and (is_alone or used < 0 or used + len(gap) + size > room):
            lines.append(line)
            line, used, room = unit, 0, columns
        else:
            line = f"{line}{gap}{unit}" if line else unit
            used += len(gap)
        # a negative count closes the line
        used = -1 if is_alone else used + size
    if line or not lines:
        lines.append(line)
    return lines


def _fitting(
    text: str, columns: int, alone: re.Pattern[str], measure: Callable[[str], int]
) -> Iterator[tuple[str, str, int, bool]]:
    """(space before, unit, its columns, whether it wants its own line); a unit too long for a line comes in parts."""
    has_alone = bool(alone.search(text))
    gap = ""
    for unit in _unit_pattern(alone).findall(text):
        if unit[0] in _BLANKS:
            gap = " "
            continue
        size = measure(unit)
        is_alone = has_alone and bool(alone.search(unit))
        if size <= columns or is_alone or "@" in unit:
            yield gap, unit, size, is_alone
        else:
            first, *parts = _broken(unit, columns)
            yield gap, first, measure(first), False
            yield from (("", part, measure(part), False) for part in parts)
        gap = ""


@cache
def _unit_pattern(alone: re.Pattern[str]) -> re.Pattern[str]:
    """Blanks; or a word or a wide character with what may not stand apart from it."""
    own = alone.pattern
    token = f"(?:(?:{own})|[{_WIDE}][{_FOLLOWERS}]*|[^{_BLANKS}{_WIDE}](?:(?!{own})[^{_BLANKS}{_WIDE}])*)"
    opening, closing = (re.escape("".join(sorted(marks))) for marks in (_OPENING, _CLOSING))
    return re.compile(f"[{_BLANKS}]+|{token}(?:(?:(?<=[{opening}])|(?=[{closing}])){token})*")


def _broken(unit: str, columns: int) -> Iterator[str]:
    part, used = "", 0
    for cluster in _wcwidth().iter_graphemes(unit):
        size = width(cluster)
        if part and used + size > columns:
            yield part
            part, used = "", 0
        part, used = part + cluster, used + size
    yield part


@cache
def _wcwidth() -> Any:
    # 40 ms to import, and needed only where a text is not ASCII
    import wcwidth

    return wcwidth
