"""What stands above the body: the title, the day, a greeting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter.importing.dates import FoundDay, find_day, is_day, without_day
from newsletter.importing.ending import is_greeting, place_greeting
from newsletter.importing.lines import Line, Role
from newsletter.importing.remarks import Remarks
from newsletter.masthead import Masthead
from newsletter.prose import prose_plain
from newsletter.reader.sentences import first_sentence

_LONGEST_TITLE = 150
_SENTENCE_ENDS = tuple(".!。！:：;；,，")
#: of lines that are no blanks, how many may come before the body
_LOOK = 4


@dataclass(frozen=True, slots=True)
class Opening:
    #: index of the first line that belongs to the body
    start: int = 0
    title: str | None = None
    title_line: int | None = None
    day: date | None = None
    day_line: int | None = None
    greeting: str | None = None


def read_opening(
    lines: Sequence[Line], masthead: Masthead | None, remarks: Remarks, *, is_title: Callable[[int], bool]
) -> Opening:
    """Title, day and greeting from the first lines; the body begins at the first line that is none of them."""
    found = Opening()
    for index in [index for index, line in enumerate(lines) if line.role is not Role.BLANK][: _LOOK + 1]:
        line = lines[index]
        if line.role in (Role.PARAGRAPH, Role.HEADING) and is_greeting(line.text):
            return replace(found, start=index + 1, greeting=place_greeting(line, masthead, remarks))
        may_title = (found.title is None or _is_own(found.title, masthead)) and is_title(index)
        taken = _taken(found, line, remarks, may_title=may_title)
        if taken is None:
            return found
        found = replace(taken, start=index + 1)
    return found


def _taken(found: Opening, line: Line, remarks: Remarks, *, may_title: bool) -> Opening | None:
    """With what one more line says; None when it belongs to the body."""
    text = prose_plain(line.text).strip()
    day = find_day(text) if len(text) <= _LONGEST_TITLE else None
    dated = replace(found, day=day.day, day_line=line.number) if day and found.day is None else found
    if line.role is Role.RULE:
        return found if found.start else None
    if line.role not in (Role.PARAGRAPH, Role.HEADING):
        return None
    if dated is not found and is_day(text):
        return dated
    if day and found.start and line.role is Role.PARAGRAPH and _is_byline(text, day):
        message = f"who wrote it was left out: {without_day(text, day)}"
        remarks.say(line.number, message, "write team or lead_author into the front matter", rule="left-out")
        return dated
    if not may_title:
        return None
    title = without_day(text, day) if day and dated is not found else text
    return replace(dated, title=title, title_line=line.number)


def _is_byline(text: str, day: FoundDay) -> bool:
    """`China Team, led by Mei Lin · 18 April 2023`."""
    return day.end == len(text) and text[: day.start].rstrip().endswith(("·", "|", "—", "–"))


def _is_own(title: str, masthead: Masthead | None) -> bool:
    return masthead is not None and title.lower() == masthead.title.lower()


def looks_like_title(line: Line) -> bool:
    """Short, and no sentence."""
    if line.role is Role.HEADING:
        return line.level <= 1
    if len(line.text) > 3 * _LONGEST_TITLE:
        return False
    text = prose_plain(line.text).strip()
    is_line = line.role is Role.PARAGRAPH and "\n" not in line.text and len(text) <= _LONGEST_TITLE
    return is_line and not text.endswith(_SENTENCE_ENDS) and first_sentence(text) == len(text)
