"""NL22x: marks of two scripts in one sentence, quotes that never end, marks that nobody sees."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.checks.manuscript import Form, Manuscript, Written
from newsletter.checks.rules import Rule, Spotted, file_rule
from newsletter.fields import shown
from newsletter.located import Path

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HAN_MARK = re.compile(f"[{_HAN}]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
#: a half-width mark right behind Chinese; a dot or a colon may belong to what follows
_HALF = re.compile(rf"[{_HAN}》」』）”’](?:\*{{1,3}})?(?:[,;!?]|[:.](?![A-Za-z0-9/.@]))")
#: half-width brackets around Chinese within Chinese
_HALF_BRACKET = re.compile(rf"(?<=[{_HAN}])\((?=[{_HAN}])")
#: a full-width mark between Latin words
_FULL = re.compile(r"[，。；：！？（）]")
_BLANK_LINE = re.compile(r"\n\s*\n")
_AROUND = 8


@file_rule(
    Rule(
        id="NL221",
        title="Half- and full-width marks are mixed",
        reason="A half-width comma in Chinese, or a full-width one in English, looks like a slip of the keyboard.",
        example="- Summary: 九款芯片获准使用,采购范围扩大。",
        mend="In Chinese write ，。；：！？（）; in English , . ; : ! ? ( ). Numbers and addresses keep theirs.",
    )
)
def mixed_widths(draft: Manuscript) -> Iterator[Spotted]:
    for one in draft.texts:
        if one.form is Form.NAME or one.text.isascii():
            continue
        text = one.bare()
        found = _half_in_chinese(text, draft.issue.language) or _full_in_latin(text)
        if found:
            fix = "write the other width" if found[-1] not in _WIDER else f"write {_WIDER[found[-1]]}"
            yield Spotted(one.path, f"'{found}' mixes half- and full-width marks", fix, found)


_WIDER = dict(zip(",;:!?.(，。；：！？（）", "，；：！？。（,.;:!?()", strict=True))


def _half_in_chinese(text: str, language: str) -> str | None:
    """Where most letters are Chinese; in an English sentence about Chinese words the marks are the sentence's."""
    han = len(_HAN_MARK.findall(text))
    weight = 3 if language.startswith("zh") else 1
    if not han or han * weight <= len(_LATIN.findall(text)):
        return None
    found = _HALF.search(text) or _HALF_BRACKET.search(text)
    return text[max(0, found.start() - 1) : found.end()].split("\n")[-1] if found else None


def _full_in_latin(text: str) -> str | None:
    if _HAN_MARK.search(text) or not _LATIN.search(text):
        return None
    found = _FULL.search(text)
    if not found:
        return None
    return text[_word_before(text, max(0, found.start() - _AROUND), 0) : found.end()].split("\n")[-1]


#: what opens, by what closes it; half-width brackets are left out, for `a)` has no other half either
_OPENED_BY = {"”": "“", "’": "‘", "」": "「", "』": "『", "》": "《", "〉": "〈", "】": "【", "〕": "〔", "）": "（"}
_OPENING = frozenset(_OPENED_BY.values())
_MARKS = re.compile('[“”‘’「」『』《》〈〉【】〔〕（）"＂]')
#: ‘90s and ‘tis, where a program took an apostrophe for an opening quote
_APOSTROPHE = re.compile(r"‘(?:\d|(?:tis|twas|em|til|cause|n)\b)", re.IGNORECASE)
_INCHES = re.compile(r'\d"')


@file_rule(
    Rule(
        id="NL222",
        title="A quote or bracket has no other half",
        reason="The reader cannot tell where somebody else's words end and ours begin.",
        example="- Summary: The minister called it “a first step and left.",
        mend="Close it. A quotation of several paragraphs opens each of them and closes the last.",
    )
)
def unbalanced(draft: Manuscript) -> Iterator[Spotted]:
    for path, text in _units(draft.texts):
        paragraphs = [_Marks.of(one) for one in _BLANK_LINE.split(text)]
        for number, marks in enumerate(paragraphs):
            goes_on = number + 1 < len(paragraphs) and paragraphs[number + 1].opens_with(marks.lonely)
            if marks.lonely and not goes_on:
                message = f"{marks.lonely} has no other half in '{shown(marks.around)}'"
                yield Spotted(path, message, "close it, or delete it", marks.around)
                break


def _units(texts: Sequence[Written]) -> Iterator[tuple[Path, str]]:
    """A point's lead and text are one run: a quotation may begin in one and end in the other."""
    waiting: Written | None = None
    for one in texts:
        if waiting and one.name == "text" and one.path[:-1] == waiting.path[:-1]:
            yield waiting.path, f"{waiting.bare()} {one.bare()}"
            waiting = None
            continue
        if waiting:
            yield waiting.path, waiting.bare()
        waiting = one if one.name == "lead" else None
        if not waiting:
            yield one.path, one.bare()
    if waiting:
        yield waiting.path, waiting.bare()


@dataclass(frozen=True, slots=True)
class _Marks:
    """What one paragraph leaves open, or closes without having opened it; empty when all is well."""

    lonely: str
    around: str
    first: str

    def opens_with(self, mark: str) -> bool:
        return bool(mark) and self.first == mark

    @classmethod
    def of(cls, text: str) -> "_Marks":
        first = text.lstrip(" \t\n*_")[:1]
        place = _lonely(text)
        if place is None:
            return cls("", "", first)
        line_start, line_end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        start = _word_before(text, max(line_start, place - _AROUND), line_start)
        end = min(len(text) if line_end < 0 else line_end, place + _AROUND)
        return cls(text[place], text[start:end].strip(), first)


def _word_before(text: str, place: int, first: int) -> int:
    """Where the word begins in which the place lies; no further back than some twenty characters."""
    at = text.rfind(" ", max(first, place - 20), place + 1)
    return at + 1 if at >= 0 else place


def _lonely(text: str) -> int | None:
    """The place of the first mark without its other half."""
    open_at: list[tuple[str, int]] = []
    straight: dict[str, list[int]] = {'"': [], "＂": []}
    for found in _MARKS.finditer(text):
        mark, place = found[0], found.start()
        if mark in straight:
            straight[mark].append(place)
        elif mark in _OPENING:
            open_at += [] if _APOSTROPHE.match(text, place) else [(mark, place)]
        elif not _closes(mark, open_at):
            return min([place, *(at for _, at in open_at)])
    if open_at:
        return open_at[0][1]
    return next((odd for at in straight.values() if (odd := _odd(text, at)) is not None), None)


def _closes(mark: str, open_at: list[tuple[str, int]]) -> bool:
    """Whether the mark closes what is open, which it then takes away; an apostrophe need not close anything."""
    wanted = _OPENED_BY[mark]
    if mark == "’":
        if open_at and open_at[-1][0] == wanted:
            open_at.pop()
        return True
    while open_at and open_at[-1][0] == "‘" != wanted:  # it was an apostrophe after all
        open_at.pop()
    return bool(open_at) and open_at.pop()[0] == wanted


def _odd(text: str, places: list[int]) -> int | None:
    """The last straight quote where their number is odd, unless one of them says inches."""
    if len(places) % 2 == 0 or any(_INCHES.match(text, place - 1) for place in places if place):
        return None
    return places[-1] if len(places) > 1 else places[0]


#: turn the direction of text, or part words where nobody sees it
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff]")


@file_rule(
    Rule(
        id="NL223",
        title="An invisible character",
        reason="It comes along when text is copied, and breaks searching, line ends, even the order of letters.",
        example="- Summary: The city\\u200bcommits two billion yuan.",
        mend="Delete it: retype the word, or paste without formatting.",
    )
)
def unseen(draft: Manuscript) -> Iterator[Spotted]:
    for one in draft.texts:
        if not one.text.isascii() and (found := _UNSEEN.search(one.text)):
            before = one.text[max(0, found.start() - _AROUND) : found.start()].split("\n")[-1]
            message = f"holds the invisible character U+{ord(found[0]):04X} after '{before.strip()}'"
            yield Spotted(one.path, message, "delete it", found[0])
