"""Where the first sentence of a point ends."""

import re
from collections.abc import Iterator

#: a whole link, in which nothing ends; or the marks that may end a sentence, and what closes with them
_TOKEN = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|(?P<marks>[.!?。！？]+)[\"'”’»」』）)\]*_]*")
_CHINESE_MARKS = "。！？"
#: after these a dot does not end a sentence
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "messrs", "gov", "gen", "sen", "rep", "hon", "vs", "cf"})
#: nor after these, before a number
_COUNTED = frozenset(
    {"no", "nos", "art", "arts", "para", "paras", "sec", "fig", "figs", "vol", "approx", "ca", "p", "pp"}
    | {"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"}
)
#: U.S., e.g., a.m., and the initials of names
_INITIALS = re.compile(r"(?:^|[^A-Za-z])(?:[A-Za-z]\.)+$")
_LAST_WORD = re.compile(r"([A-Za-z]+)\.$")
_OPENING = " \t\n\"'“‘«「『（([*_"
#: no word that matters is longer
_LOOK = 24
#: what goes on for longer is all lead
_LONGEST = 2_000


def first_sentence(text: str) -> int:
    """How many characters the first sentence has, its closing quotes included; all when it never ends."""
    for mark_end, end in _ends(text):
        if _is_end(text, mark_end, end):
            return end
    return len(text)


def _ends(text: str) -> Iterator[tuple[int, int]]:
    """Where a sentence might end: outside links, brackets and emphasis."""
    is_paired = not any(_stars(text))
    depth, open_stars, counted = 0, (False, False), 0
    for found in _TOKEN.finditer(text, 0, _LONGEST):
        passed = text[counted : found.end()]
        counted = found.end()
        depth = max(0, depth + passed.count("[") - passed.count("]"))
        pair, single = _stars(passed)
        open_stars = (open_stars[0] ^ pair, open_stars[1] ^ single)
        if found["marks"] and depth == 0 and not (is_paired and any(open_stars)):
            yield found.end("marks"), found.end()


def _stars(text: str) -> tuple[bool, bool]:
    """Whether bold, and whether italics, are left open."""
    pairs = text.count("**")
    return pairs % 2 == 1, (text.count("*") - 2 * pairs) % 2 == 1


def _is_end(text: str, mark_end: int, end: int) -> bool:
    if text[mark_end - 1] in _CHINESE_MARKS:
        return True
    following = text[end : end + _LOOK]
    if following and not following[0].isspace():
        return False
    next_mark = following.lstrip(_OPENING)[:1]
    return not next_mark.islower() and not _is_shortened(text[max(0, mark_end - _LOOK) : mark_end], next_mark)


def _is_shortened(before: str, next_mark: str) -> bool:
    """Whether the dot belongs to a title, an abbreviation, initials, or the number of a list."""
    if not before.endswith("."):
        return False
    found = _LAST_WORD.search(before)
    word = found[1].lower() if found else ""
    is_counted = word in _COUNTED and next_mark.isdigit()
    return word in _TITLES or is_counted or before[:-1].isdigit() or bool(_INITIALS.search(before))
