"""
From the events of an HTML parser to lines.

Nothing is kept but the open elements and the paragraph being written: no tree, so that neither depth nor size matters.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from newsletter.importing.documents.frames import WORD_MARK, Frame, Skipped, child_of
from newsletter.importing.documents.inline import BREAK, Run, inline_markdown, plain_words, tidied
from newsletter.importing.documents.limits import PARAGRAPH_LIMIT, TEXT_LIMIT, refusal
from newsletter.importing.documents.remarks import LeftOut
from newsletter.importing.documents.tables import Rows
from newsletter.importing.lines import Line, Role

_PARAGRAPHS = frozenset({"p", "li", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _PARAGRAPHS | {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "details", "dir", "div", "dl"),
    *("fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "main", "menu", "ol"),
    *("pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
_LISTED = (Role.BULLET, Role.NUMBERED)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_TYPED_BULLET = re.compile(r"(?:[-–—*+·]\s+|[•‣▪◦●∙○■□◆►▶✓➢➤\uf0b7\uf0a7]\s*|o\s{2,})(?=\S)")
_TYPED_NUMBER = re.compile(r"(?:\d{1,3}(?:[.)]\s+|[、．]\s*)|[(（]\d{1,3}[)）]\s*)(?=\S)")
_WORD_NUMBER = re.compile(r"[(（]?(?:\d+|[a-zA-Z]|[ivxIVX]+)[.)）、]")
_BLANKS = " \t\r\n\f\xa0"
_JOINERS = " \u200c\u200d"
_WEB_LINK = ("http://", "https://", "mailto:")
_SMALL = re.compile(r"[01](?:px)?")


@dataclass(frozen=True, slots=True)
class _Kind:
    role: Role = Role.PARAGRAPH
    level: int = 0
    #: points of one list stand together
    list_number: int = 0


class Walk:
    """Takes the events of an HTML parser. `lines` and `title` are there once it was closed."""

    def __init__(self, left_out: LeftOut, *, path: str) -> None:
        self.lines: list[Line] = []
        self.title = ""
        self._left_out, self._path = left_out, path
        self._frames = [Frame("")]
        self._open: Counter[str] = Counter()
        self._runs: list[Run] = []
        self._rows = Rows()
        self._number = self._size = self._controls = self._gap = self._lists = 0
        #: about the open paragraph: whether it has words, and whether a break came last
        self._has_words = self._is_broken = False
        self._last = _Kind(Role.BLANK)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _BLOCKS:
            self._flush()
        frame = child_of(self._frames[-1], tag, attributes)
        if frame.is_list and not self._frames[-1].list_number:
            self._lists += 1
        frame.list_number = frame.list_number or (self._lists if frame.is_list else 0)
        self._frames.append(frame)
        self._open[tag] += 1
        if frame.skipped is None:
            self._begin(tag, attributes, frame)

    def _begin(self, tag: str, attributes: Mapping[str, str], frame: Frame) -> None:
        if tag == "br":
            self._break()
        elif tag == "img":
            self._picture(attributes)
        elif tag == "hr":
            self._number += 1
            self._add(Line(self._number, "", Role.RULE), _Kind(Role.RULE))
        elif tag == "a" and attributes.get("href", "").strip():
            self._link(attributes["href"].strip(), frame)
        elif tag == "span" and attributes.get("class") == "tag":
            # our own mails print tags side by side
            while self._runs and not self._runs[-1].text.strip():
                self._runs.pop()
            self._runs.append(Run(", " if self._has_words else "Tags: ", frame.look))
        elif tag in ("s", "strike", "del"):
            message = "words that are struck through were kept"
            self._left_out.say(message, "delete them if they are not meant", line=self._number + 1, rule="struck")
        self._rows.start(tag, attributes, len(self.lines))

    def end(self, tag: str) -> None:
        if not self._open[tag]:
            return
        while True:
            frame = self._frames.pop()
            self._open[frame.tag] -= 1
            self._finish(frame)
            if frame.tag == tag:
                return

    def words(self, text: str) -> None:
        """What stands between two marks."""
        self._size += len(text)
        if self._size > TEXT_LIMIT:
            message = f"holds more than {TEXT_LIMIT >> 20} MiB of text"
            raise refusal(self._path, message, "split it, or import the part that you need", rule="size")
        frame = self._frames[-1]
        if frame.skipped is not None:
            frame.skipped.words.append(text)
            return
        clean, found = _CONTROLS.subn("", text)
        self._controls += found
        clean = clean.replace("\n", BREAK) if frame.is_pre else clean
        if not clean.isspace():
            self._has_words, self._is_broken = True, False
        self._runs.append(Run(clean, frame.look))

    def close(self) -> "Walk":
        while len(self._frames) > 1:
            frame = self._frames.pop()
            self._finish(frame)
        self._flush()
        if self._controls:
            marks = "1 invisible character" if self._controls == 1 else f"{self._controls:,} invisible characters"
            self._left_out.say(f"{marks} left out", rule="control-character")
        return self

    def _finish(self, frame: Frame) -> None:
        if frame.skipped is not None:
            if frame.begins_skipping:
                self._report(frame.skipped)
            return
        if frame.tag in _BLOCKS:
            self._flush(frame)
        self._frames[-1].has_blocks |= frame.has_blocks
        merged = self._rows.end(frame.tag, self.lines)
        if merged:
            message = "a table was written row by row"
            self._left_out.say(message, "look whether readers can follow it", line=merged, rule="table")

    def _report(self, skipped: Skipped) -> None:
        point = self._frames[-1].point
        if skipped.what == WORD_MARK and point:
            point.is_numbered = bool(_WORD_NUMBER.match("".join(skipped.words).strip()))
        elif skipped.what == WORD_MARK:
            return
        elif skipped.what == "title":
            self.title = self.title or " ".join("".join(skipped.words).split())
        elif skipped.what:
            text = plain_words(tidied([Run(_CONTROLS.sub("", "".join(skipped.words)))])).strip(_JOINERS)
            self._left_out.words(skipped.what, text, line=self._number + 1, rule="left-out")

    def _break(self) -> None:
        """One break is a line break; two are the end of a paragraph."""
        if self._has_words and self._is_broken:
            self._flush()
        else:
            self._runs.append(Run(BREAK, self._frames[-1].look))
            self._is_broken = True

    def _picture(self, attributes: Mapping[str, str]) -> None:
        alt = " ".join(attributes.get("alt", "").split())
        if LEFT_OUT in attributes:
            self._left_out.words(attributes[LEFT_OUT], alt, line=self._place(), rule="left-out")
        elif not any(_SMALL.fullmatch(attributes.get(side, "").strip()) for side in ("width", "height")):
            said = f"a picture (“{alt}”)" if alt else "a picture"
            self._left_out.say(f"{said} was left out", "say in words what it shows", line=self._place(), rule="picture")

    def _place(self) -> int:
        return self._number + 1 if self._has_words else self._number

    def _link(self, href: str, frame: Frame) -> None:
        if href.lower().startswith(_WEB_LINK):
            frame.look = replace(frame.look, href="".join(href.split()))
        elif not href.startswith("#"):
            message = f"a link to “{href[:200]}” was left out, its words were kept"
            fix = "only https, http and mailto links work in a mail"
            self._left_out.say(message, fix, line=self._number + 1, rule="link")

    def _flush(self, ended: Frame | None = None) -> None:
        """Write the paragraph that is open, if it has words."""
        runs, self._runs = self._runs, []
        self._has_words = self._is_broken = False
        frame, words = ended or self._frames[-1], tidied(runs)
        if words:
            self._gap += plain_words(runs[:9]).lstrip(_BLANKS).startswith(BREAK)
            self._number += 1
            frame.has_blocks = True
            self._write(words, frame)
        elif _is_spacer(ended) or any(BREAK in run.text for run in runs):
            self._gap += 1
            frame.has_blocks = True

    def _write(self, words: list[Run], frame: Frame) -> None:
        if frame.heading:
            text = inline_markdown(words, is_heading=True)
            self._add(Line(self._number, text.replace("\n", " "), Role.HEADING, frame.heading), _Kind(Role.HEADING))
            return
        kind = self._kind(frame)
        for part in _typed_parts(words) if kind.role is Role.PARAGRAPH and not kind.level else [words]:
            role, bare = (kind.role, part) if kind.role in _LISTED or kind.level else _typed(part)
            self._add(Line(self._number, inline_markdown(bare), role, kind.level), replace(kind, role=role))

    def _kind(self, frame: Frame) -> _Kind:
        """What a paragraph is in its list: the first of a point is the point, others belong to it."""
        point = frame.point
        if point is None:
            return _Kind()
        is_first, point.is_marked = not point.is_marked, True
        if is_first:
            return _Kind(Role.NUMBERED if point.is_numbered else Role.BULLET, point.level, frame.list_number)
        return _Kind(Role.PARAGRAPH, 1, frame.list_number)

    def _add(self, line: Line, kind: _Kind) -> None:
        if self._number > PARAGRAPH_LIMIT:
            message = f"holds more than {PARAGRAPH_LIMIT:,} paragraphs"
            raise refusal(self._path, message, "split it, or import the part that you need", rule="size")
        is_together = kind.list_number and kind.list_number == self._last.list_number and not self._gap
        blanks = (0 if is_together else 1) + self._gap if self.lines else 0
        self.lines += [Line(self.lines[-1].number, "", Role.BLANK) for _ in range(min(blanks, 9))]
        self.lines.append(line)
        self._last, self._gap = kind, 0


#: on a picture of our own making: what stands for it in the report
LEFT_OUT = "data-left-out"


def _is_spacer(ended: Frame | None) -> bool:
    """An empty paragraph, which is how people make room."""
    return ended is not None and ended.tag in _PARAGRAPHS and not ended.has_blocks


def _typed(words: list[Run]) -> tuple[Role, list[Run]]:
    """A paragraph that begins with a typed bullet or number is a point."""
    text = plain_words(words)
    for pattern, role in ((_TYPED_BULLET, Role.BULLET), (_TYPED_NUMBER, Role.NUMBERED)):
        found = pattern.match(text)
        if found:
            return role, _without(words, found.end())
    return Role.PARAGRAPH, words


def _without(words: list[Run], count: int) -> list[Run]:
    kept = []
    for run in words:
        kept.append(replace(run, text=run.text[count:]))
        count = max(0, count - len(run.text))
    return [run for run in kept if run.text]


def _typed_parts(words: list[Run]) -> list[list[Run]]:
    """A paragraph in whose lines points were typed, as these points."""
    parts: list[list[Run]] = [[]]
    for run in words:
        first, *others = run.text.split("\n")
        parts[-1].append(replace(run, text=first))
        parts += [[replace(run, text=text)] for text in others]
    if not any(_TYPED_BULLET.match(plain_words(part)) for part in parts[1:]):
        return [words]
    return [kept for part in parts if (kept := [run for run in part if run.text])]
