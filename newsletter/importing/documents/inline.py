"""The words of a paragraph with their looks, and the inline Markdown that prints them so."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

from newsletter.columns import is_wide
from newsletter.importing.lines import escape_inline, inline_joined, inline_link
from newsletter.prose import CHINESE, prose_html

_SPACES = re.compile(r"[ \t\n\r\f\xa0\u2000-\u200a\u202f\u205f]+")
_COMMON_SPACES = " \t\n\r\f"
#: break points, joiners and fillers that programs put in; they print nothing
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060\ufeff]")
_EDGES = re.compile(r"^(?P<before>[\s\W]*)(?P<words>.*?)(?P<after>[\s\W]*)$", re.DOTALL)
_SPACE_EDGES = re.compile(r"^(?P<before>\s*)(?P<words>.*?)(?P<after>\s*)$", re.DOTALL)
#: a line break that the author made, as long as the others have not been folded
BREAK = "\v"
_AROUND_BREAK = re.compile("[ \v]*\v[ \v]*")
#: longer ones are no prose of ours, and not worth the work of looking twice
_LONGEST = 20_000
_MOST_RUNS = 100
_STRONG = re.compile("<strong>(.*?)</strong>")
_TAG = re.compile("<[^>]*>")
_NO_SPACE = re.compile(r"\S")
_LETTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Look:
    """How words look."""

    bold: bool = False
    italic: bool = False
    href: str = ""


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    look: Look = PLAIN


def spaced(text: str) -> str:
    """Every run of spaces as one, as a browser shows it; a line break between two Chinese characters as none."""
    return _SPACES.sub(_gap, _INVISIBLE.sub("", text))


def _gap(found: re.Match[str]) -> str:
    if len(found[0]) == 1 and found[0] not in _COMMON_SPACES:
        # a no-break space that somebody typed; beside other spaces it only makes room
        return found[0]
    if "\n" not in found[0]:
        return " "
    whole = found.string
    before, after = whole[found.start() - 1 : found.start()], whole[found.end() : found.end() + 1]
    return "" if before and after and is_wide(before) and is_wide(after) else " "


def plain_words(runs: Iterable[Run]) -> str:
    return "".join(run.text for run in runs)


def tidied(runs: Iterable[Run]) -> list[Run]:
    """No two spaces in a row, none beside a break or at the ends; neighbours that look alike are one."""
    kept: list[Run] = []
    last = BREAK
    for look, same in groupby(runs, key=lambda run: run.look):
        text = _AROUND_BREAK.sub(BREAK, spaced(plain_words(same)))
        text = text.lstrip(" \xa0") if last in (" ", BREAK) else text
        if text.startswith(BREAK) and last == " ":
            kept[-1] = replace(kept[-1], text=kept[-1].text[:-1])
        if text:
            kept.append(Run(text, look))
            last = text[-1]
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    if kept:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip())
    return [replace(run, text=run.text.replace(BREAK, "\n")) for run in kept if run.text]


def inline_markdown(runs: Sequence[Run], *, is_heading: bool = False) -> str:
    """
    Markdown that prints the words as they look.

    Emphasis that Markdown cannot say where it stands (`**“a.”**b`) is said for fewer characters; then italics are given
    up, and bold last: the words count more than their looks.
    """
    whole = plain_words(runs)
    if all(run.look == PLAIN for run in runs):
        return escape_inline(whole)
    bare = [replace(run, look=Look(href=run.look.href)) for run in runs]
    if not is_heading and len(whole) <= _LONGEST and len(runs) <= _MOST_RUNS:
        bold = [replace(run, look=replace(run.look, italic=False)) for run in runs]
        for tried, write, edges in product((runs, bold), (_emphasised, _links_around), (_SPACE_EDGES, _EDGES)):
            made = inline_joined(write(tried, edges))
            if _prints(made, tried):
                return made
    return inline_joined(_linked(bare))


def _prints(markdown: str, runs: Sequence[Run]) -> bool:
    """Whether it prints these words, and these in bold; marks at the edges of bold do not count."""
    printed = "".join(prose_html(markdown, language=CHINESE))
    if _NO_SPACE.findall(_bare(printed)) != _NO_SPACE.findall(plain_words(runs)):
        return False
    meant = plain_words(run for run in runs if run.look.bold)
    return _LETTER.findall(_bare("".join(_STRONG.findall(printed)))) == _LETTER.findall(meant)


def _bare(printed: str) -> str:
    return html.unescape(_TAG.sub("", printed))


def _emphasised(runs: Sequence[Run], edges: re.Pattern[str]) -> Iterator[str]:
    """Bold around italics around links, so that a bold lead with a link in it stays one lead."""
    for bold, some in groupby(runs, key=lambda run: run.look.bold):
        strong = list(some)
        if bold:
            yield from _marked(strong, "**", edges)
        else:
            yield from _slanted(strong, edges)


def _links_around(runs: Sequence[Run], edges: re.Pattern[str]) -> Iterator[str]:
    """The other way round, for emphasis that ends with a link where words go on: `[**a**](…)b`."""
    for href, same in groupby(runs, key=lambda run: run.look.href):
        within = [replace(run, look=replace(run.look, href="")) for run in same]
        found = _SPACE_EDGES.match(plain_words(within))
        if not href or found is None or not found["words"]:
            yield from _emphasised(within, edges)
            continue
        words = inline_joined(_emphasised(_cut(within, *found.span("words")), edges))
        yield from (found["before"], inline_link(words, href), found["after"])


def _slanted(runs: Sequence[Run], edges: re.Pattern[str]) -> Iterator[str]:
    for italic, some in groupby(runs, key=lambda run: run.look.italic):
        same = list(some)
        yield from _marked(same, "*", edges) if italic else _linked(same)


def _marked(runs: Sequence[Run], mark: str, edges: re.Pattern[str]) -> Iterator[str]:
    """The runs between two marks; what may not stand next to a mark stands outside."""
    inner = _slanted if mark == "**" else _without_edges
    found = edges.match(plain_words(runs))
    if found is None or not found["words"]:
        yield from inner(runs, edges)
        return
    start, end = found.start("words"), found.end("words")
    before, within, after = (_cut(runs, *span) for span in ((0, start), (start, end), (end, len(found[0]))))
    yield from _linked(before)
    yield f"{mark}{inline_joined(inner(within, edges))}{mark}"
    yield from _linked(after)


def _without_edges(runs: Sequence[Run], _: re.Pattern[str]) -> Iterator[str]:
    yield from _linked(runs)


def _cut(runs: Sequence[Run], start: int, end: int) -> list[Run]:
    """The runs between two characters of the whole."""
    kept, place = [], 0
    for run in runs:
        text = run.text[max(0, start - place) : max(0, end - place)]
        place += len(run.text)
        if text:
            kept.append(replace(run, text=text))
    return kept


def _linked(runs: Sequence[Run]) -> Iterator[str]:
    for href, same in groupby(runs, key=lambda run: run.look.href):
        words = plain_words(same)
        if not href or not words.strip():
            yield escape_inline(words)
            continue
        found = _SPACE_EDGES.match(words)
        before, inner, after = found.group("before", "words", "after") if found else ("", words, "")
        yield from (before, inline_link(escape_inline(inner), href), after)
