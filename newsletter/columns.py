"""Display width, and wrapping by it: a Chinese character takes two columns, and lines break by its rules too."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

COLUMNS = 72

_WIDE = (
    "\u1100-\u115f\u2e80-\u303f\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff"
    "\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
)
_FOLLOWERS = "\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
#: a web address ends where it ends in print: at a space, a quotation mark, or Chinese punctuation
WEB_ADDRESS = re.compile("https?://[^\\s\u2018-\u201f\u3000-\u303f\uff00-\uffef]+")
_WIDE_CHARACTER = re.compile(f"[{_WIDE}]")
#: may not begin a line; may not end one (W3C, Requirements for Chinese Text Layout, 3.1.3)
_CLOSING = frozenset("，。、；：！？）》〉」』】〕〗”’％…—～·\u3000!),.:;?]}")
_OPENING = frozenset("（《〈「『【〔〖“‘([{￥$")


def width(text: str) -> int:
    """Columns on the screen."""
    if text.isascii():
        return len(text)
    found: int = _wcwidth().wcswidth(text)
    # -1 says that a control character is in it, which takes no room
    return found if found >= 0 else sum(max(0, _wcwidth().wcwidth(mark)) for mark in text)


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
    lines: list[str] = []
    line, used, room = "", 0, columns - measure(first)
    for gap, unit, is_alone in _fitting(text, columns - measure(rest), alone, measure):
        size = measure(unit)
        if line and (is_alone or used < 0 or used + len(gap) + size > room):
            lines.append(line)
            line, used, gap = "", 0, ""
            room = columns - measure(rest)
        line += gap + unit if line else unit
        # a negative count closes the line
        used = -1 if is_alone else used + len(gap) + size
    if line or not lines:
        lines.append(line)
    return "\n".join(((rest if number else first) + shown).rstrip(" ") for number, shown in enumerate(lines))


def _fitting(
    text: str, columns: int, alone: re.Pattern[str], measure: Callable[[str], int]
) -> Iterator[tuple[str, str, bool]]:
    """(space before, unit, whether it wants its own line); units too long for a line come in parts."""
    for gap, unit in _units(text, alone):
        is_alone = bool(alone.search(unit))
        if is_alone or "@" in unit or measure(unit) <= columns:
            yield gap, unit, is_alone
            continue
        for part in _broken(unit, columns):
            yield gap, part, False
            gap = ""


def _units(text: str, alone: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Stretches that must stay together, each with the space before it."""
    gap, unit = "", ""
    for token in _tokens(text, alone):
        if not token.strip(" \t\n"):
            if unit:
                yield gap, unit
            gap, unit = " ", ""
        elif unit and (unit[-1] in _OPENING or token[0] in _CLOSING):
            unit += token
        else:
            if unit:
                yield gap, unit
                gap = ""
            unit = token
    if unit:
        yield gap, unit


@cache
def _token_pattern(alone: re.Pattern[str]) -> re.Pattern[str]:
    own = alone.pattern
    return re.compile(f"(?:{own})|[ \\t\\n]+|[{_WIDE}][{_FOLLOWERS}]*|[^ \\t\\n{_WIDE}](?:(?!{own})[^ \\t\\n{_WIDE}])*")


def _tokens(text: str, alone: re.Pattern[str]) -> list[str]:
    return _token_pattern(alone).findall(text)


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
