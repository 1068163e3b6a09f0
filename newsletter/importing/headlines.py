"""Which lines of a brief are headlines, and which head a section."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.importing.clouds import is_cloud_heading
from newsletter.importing.dates import is_day
from newsletter.importing.lines import Line, Role
from newsletter.importing.storywords import row_of, story_label
from newsletter.prose import prose_plain
from newsletter.reader.credits import credits_of, is_credit

_OPENING = frozenset({"sources", "date", "summary"})
_LONGEST_HEADLINE = 300
_LONGEST_HEADING = 80
_SENTENCE_ENDS = tuple(".!?。！？:：,，;；")


@dataclass(frozen=True, slots=True)
class Outline:
    """Places of lines, counted from 0."""

    headlines: frozenset[int]
    sections: frozenset[int]
    #: the headlines' words
    texts: frozenset[str]
    #: the last headline's place
    last: int


def outline_of(lines: Sequence[Line]) -> Outline:
    headlines = frozenset(_headlines(lines))
    texts = frozenset(prose_plain(lines[place].text).strip() for place in headlines)
    heads = [place for place in range(len(lines)) if _heads(lines, place, headlines)]
    # where headings are marked as such, a short paragraph is none
    marked = [place for place in heads if lines[place].role is Role.HEADING]
    sections = frozenset(marked or heads)
    return Outline(headlines, sections, texts, max(headlines, default=len(lines)))


def is_brief(lines: Sequence[Line]) -> bool:
    """Whether stories with labels stand in it."""
    fields = [label.field for line in lines for part in line.text.split("\n") if (label := story_label(line, part))]
    return {"summary", "why_it_matters"} & set(fields) != set() and len([one for one in fields if one]) > 1


def _headlines(lines: Sequence[Line]) -> list[int]:
    found: list[int] = []
    has_summary = True
    for place, line in enumerate(lines):
        label = story_label(line)
        if label and label.field == "summary":
            has_summary = True
        elif not (label and label.field) and _is_headline(lines, place, has_summary=has_summary):
            found.append(place)
            has_summary = False
    # where a heading is a headline, so are the others of its depth: a story may have neither sources nor labels
    depths = {lines[place].level for place in found if lines[place].role is Role.HEADING}
    alike = {n for n, line in enumerate(lines) if line.role is Role.HEADING and line.level in depths}
    return sorted({*found, *(n for n in alike if _has_words(lines, n))}) or _by_form(lines)


def _has_words(lines: Sequence[Line], place: int) -> bool:
    """Whether something stands below a heading; below a section's heading, the next headline does."""
    after = _next(lines, place)
    return after is not None and lines[after].role in (Role.PARAGRAPH, Role.BULLET)


def _is_headline(lines: Sequence[Line], place: int, *, has_summary: bool) -> bool:
    line = lines[place]
    is_title = line.role is Role.HEADING and line.level <= 1
    if is_title or line.role in (Role.BLANK, Role.RULE) or not 0 < len(line.text) <= _LONGEST_HEADLINE:
        return False
    after = _next(lines, place)
    is_formed = line.role is Role.NUMBERED or (line.role is Role.HEADING and line.level >= 3)
    opens = after is not None and _opens_story(lines[after], is_below_headline=is_formed)
    if is_formed:
        return opens
    is_day_only = after is not None and is_day(prose_plain(lines[after].text))
    return opens and has_summary and not is_day_only and not _is_credit(line)


def _by_form(lines: Sequence[Line]) -> list[int]:
    """Without labels, the deepest headings are headlines, else the numbers."""
    levels = [line.level for line in lines if line.role is Role.HEADING and line.level > 1]
    if levels:
        return [n for n, line in enumerate(lines) if line.role is Role.HEADING and line.level == max(levels)]
    return [n for n, line in enumerate(lines) if line.role is Role.NUMBERED and line.text]


def _opens_story(line: Line, *, is_below_headline: bool) -> bool:
    """Sources and date, or the first label of a story."""
    label = story_label(line)
    if label and label.field:
        return label.field in _OPENING
    return _is_credit(line, is_below_headline=is_below_headline)


def _is_credit(line: Line, *, is_below_headline: bool = False) -> bool:
    """A line that ends with a day; below what is a headline by its form, a bullet without a label as well."""
    if line.role in (Role.NUMBERED, Role.HEADING):
        return False
    row = row_of(line)
    if not is_credit(row) or "date" in credits_of(row):
        return is_credit(row)
    return is_below_headline and line.role is Role.BULLET and story_label(line) is None


def _next(lines: Sequence[Line], place: int) -> int | None:
    return next((n for n in range(place + 1, len(lines)) if lines[n].role is not Role.BLANK), None)


def _heads(lines: Sequence[Line], place: int, headlines: frozenset[int]) -> bool:
    """A heading, or a short line that ends like no sentence, right above a headline."""
    line = lines[place]
    if place in headlines or line.role not in (Role.HEADING, Role.PARAGRAPH) or is_cloud_heading(line.text):
        return False
    after = _next(lines, place)
    if after is None or after not in headlines:
        return False
    label = story_label(line)
    if label and label.field:
        return False
    text = prose_plain(line.text).strip()
    return len(text) <= _LONGEST_HEADING and (line.role is Role.HEADING or not text.endswith(_SENTENCE_ENDS))
