"""Where and when a story was found: `Source/Source · 2026-06-09`, and other lists written in one line."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from newsletter.issue import MOST_ENTRIES, TAG_MARKS
from newsletter.reader.rows import Mark, Row, Spot

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
#: what looks like a date at the end of a line, in whatever form; only 2026-06-09 will be taken for one
_DATED = re.compile(
    r"(?:^|[·•|、,，;；/\s(（])\s*(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)[)）]?$",
    re.IGNORECASE,
)
_LONGEST_DATE = 40
#: a link or a bare address is one source, whatever it holds; else these marks part sources
_SOURCE_MARKS = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|https?://\S+|(?P<mark>[/·•|、,，;；])")
_LINK = re.compile(r"\[[^\[\]]*\]\(([^()\s]*)\)")
_SENTENCE_ENDS = tuple(".!?。！？")
_LONGEST_CREDIT = 100


def credits_of(row: Row) -> dict[str, Spot]:
    """`sources` and, when the line ends with one, `date`."""
    start = max(0, len(row.text) - _LONGEST_DATE)
    dated = _DATED.search(row.text[start:])
    names, spots = row.text, {}
    if dated:
        names = row.text[: start + dated.start()]
        spots["date"] = _spot(row, start + dated.start("date"), dated["date"])
    # One more than allowed is enough to be refused.
    sources = list(islice(_pieces(row, names), MOST_ENTRIES + 1))
    if sources:
        spots["sources"] = Spot.at(row, sources)
    return spots


def is_credit(row: Row) -> bool:
    """Whether an unlabelled line names sources: it ends with a date, or it is a bullet and no sentence."""
    if len(row.text) > 2 * _LONGEST_CREDIT:
        return False
    if "date" in credits_of(row):
        return True
    is_brief = 0 < len(row.text) <= _LONGEST_CREDIT
    return row.mark is Mark.BULLET and is_brief and not row.text.endswith(_SENTENCE_ENDS)


def tags_of(rows: Iterable[Row]) -> list[Spot]:
    found = (spot for row in rows for spot in _trimmed(row, TAG_MARKS.finditer(row.text), len(row.text)))
    return list(islice(found, MOST_ENTRIES + 1))


def address_of(text: str) -> str:
    """The address alone, from `<https://…>` and from a Markdown link as well."""
    link = _LINK.fullmatch(text)
    return link[1] if link else text.removeprefix("<").removesuffix(">") if text.startswith("<") else text


def _pieces(row: Row, names: str) -> Iterator[Spot]:
    marks = (found for found in _SOURCE_MARKS.finditer(names) if found["mark"])
    return _trimmed(row, marks, len(names))


def _trimmed(row: Row, marks: Iterable[re.Match[str]], length: int) -> Iterator[Spot]:
    """What stands between the marks, without spaces and empty pieces."""
    start = 0
    for end, next_start in chain((found.span() for found in marks), [(length, length)]):
        piece = row.text[start:end]
        if piece.strip():
            yield _spot(row, start + len(piece) - len(piece.lstrip()), piece.strip())
        start = next_start


def _spot(row: Row, start: int, text: str) -> Spot:
    return Spot(text, row.line, row.column + start)
