"""Days as people write them: 2026-06-10, 10 June 2026, June 10, 2026年6月10日."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<word>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ORDINAL = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<!\d){_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?!\d)",
        r"(?<!\d)(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]",
        rf"(?<!\d){_ORDINAL}(?: of)? {_MONTH}(?:,? {_YEAR})?",
        rf"(?<![a-z]){_MONTH} {_ORDINAL}(?!\d)(?:,? {_YEAR})?",
        r"(?<!\d)(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)",
    )
)


@dataclass(frozen=True, slots=True)
class FoundDay:
    """A day in a text, and from where to where it stands there."""

    day: date
    start: int
    end: int
    #: the text names no year, so it was supposed
    is_guessed: bool = False


def find_day(text: str, *, year: int | None = None) -> FoundDay | None:
    """The first day that a text names; one without a year only when `year` says which is meant."""
    return min(_days(text[:500], year), key=lambda found: (found.start, -found.end), default=None)


def is_day(text: str, *, year: int | None = None) -> bool:
    """Whether a text says a day and nothing else, but perhaps the day of the week."""
    found = find_day(text, year=year)
    if found is None:
        return False
    rest = text[: found.start] + text[found.end :]
    return not re.sub(r"(?i)\b(?:date|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|日期|星期.|周.", "", rest).strip(
        " ,:，：()（）"
    )


def without_day(text: str, found: FoundDay) -> str:
    """What a title says beside its day, without the dash or brackets around that."""
    before = text[: found.start].rstrip(" \u00a0-–—·|,:，：(（")
    after = text[found.end :].lstrip(" \u00a0-–—·|,:，：)）")
    return " ".join(part for part in (before, after) if part)


def _days(text: str, year: int | None) -> Iterator[FoundDay]:
    for form in _FORMS:
        for found in form.finditer(text):
            made = _made(found.groupdict(), year)
            if made:
                yield FoundDay(made, found.start(), found.end(), is_guessed=found["year"] is None)


def _made(parts: dict[str, str | None], year: int | None) -> date | None:
    named = parts.get("year")
    which = int(named) if named else year
    month, day = _month_and_day(parts)
    try:
        return date(which, month, day) if which else None
    except ValueError:
        return None


def _month_and_day(parts: dict[str, str | None]) -> tuple[int, int]:
    if parts.get("word"):
        return _MONTHS.index(str(parts["word"])[:3].lower()) + 1, int(parts["day"] or 0)
    if parts.get("month"):
        return int(parts["month"] or 0), int(parts["day"] or 0)
    first, second = int(parts["first"] or 0), int(parts["second"] or 0)
    # 05/06/2026 may be either day; only a number over 12, or the same number twice, settles it
    if first > 12 or first == second:
        return second, first
    return (first, second) if second > 12 else (0, 0)
