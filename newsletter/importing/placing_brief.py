"""A daily brief: sections, stories, and what a web page leaves behind them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from newsletter.importing.clouds import cloud_end, is_cloud_heading, say_cloud
from newsletter.importing.ending import is_sign_off, place_ending
from newsletter.importing.headlines import Outline, outline_of
from newsletter.importing.lines import Line, Role
from newsletter.importing.opening import Opening, looks_like_title, read_opening
from newsletter.importing.remarks import Remarks
from newsletter.importing.storywords import StoryWords, story_label
from newsletter.masthead import Masthead
from newsletter.prose import prose_plain

_LONGEST_HEADING = 40
_CONTACT = re.compile(r"(?:your |any )?(?:contact|questions)\b.{0,40}?[:：?]|联系人[:：]", re.IGNORECASE)


@dataclass(slots=True)
class _Section:
    heading: str | None = None
    stories: list[StoryWords] = field(default_factory=list)


@dataclass(slots=True)
class _Brief:
    """A brief while its lines come in."""

    lines: Sequence[Line]
    outline: Outline
    remarks: Remarks
    year: int | None
    sections: list[_Section] = field(default_factory=list)
    story: StoryWords | None = None
    #: lines behind the last story
    last: list[Line] = field(default_factory=list)

    def take(self, place: int) -> int:
        """Put one line where it belongs; returns how many lines that took."""
        line = self.lines[place]
        if is_cloud_heading(line.text):
            end = cloud_end(self.lines, place + 1)
            say_cloud(self.lines[place:end], self.remarks)
            return end - place
        if place in self.outline.headlines:
            self._begin(line)
        elif place in self.outline.sections:
            self.sections.append(_Section(prose_plain(line.text).strip()))
            self.story = None
        elif self.last or self._closes(place):
            self.last.append(line)
        elif self.story:
            self.story.take(line, is_after_gap=place > 0 and self.lines[place - 1].role is Role.BLANK)
        elif line.text:
            self._unplaced(place)
        return 1

    def _begin(self, line: Line) -> None:
        if not self.sections:
            self.sections.append(_Section())
        self.story = StoryWords(line, self.remarks, self.year)
        self.sections[-1].stories.append(self.story)

    def _closes(self, place: int) -> bool:
        """Whether the last story is over and the last words begin."""
        line = self.lines[place]
        if not self.story or place < self.outline.last or not line.text or line.level or line.role is Role.BULLET:
            return False
        label = story_label(line)
        if label and label.field:
            return False
        is_after_gap = self.lines[place - 1].role in (Role.BLANK, Role.RULE)
        is_last_word = is_sign_off(line.text.split("\n")[0]) or bool(_CONTACT.match(line.text))
        return is_last_word or self.story.is_complete(is_after_gap=is_after_gap)

    def _unplaced(self, place: int) -> None:
        line = self.lines[place]
        if self._lists(place) or (len(line.text) <= _LONGEST_HEADING and self._lists(self._next(place))):
            return  # a table of contents, or its heading: each mail gets its own
        message = f"this stands before the first story and has no place in a brief: {prose_plain(line.text)}"
        self.remarks.say(line.number, message, "put it into a story, or into preheader or closing", rule="unplaced")

    def _lists(self, place: int | None) -> bool:
        """Whether a line repeats a headline that stands further down."""
        if place is None or place in self.outline.headlines:
            return False
        return prose_plain(self.lines[place].text).strip() in self.outline.texts

    def _next(self, place: int) -> int | None:
        return next((n for n in range(place + 1, len(self.lines)) if self.lines[n].text), None)


def place_brief(
    lines: Sequence[Line], masthead: Masthead | None, remarks: Remarks, *, year: int | None
) -> tuple[dict[str, Any], Opening]:
    """The fields that a daily brief's lines hold; every line is in one of them, or in a remark."""
    lines = [piece for line in lines for piece in _parted(line)]
    outline = outline_of(lines)
    opening = read_opening(lines, masthead, remarks, is_title=lambda place: _is_title(lines, outline, place, masthead))
    brief = _Brief(lines, outline, remarks, opening.day.year if opening.day else year)
    place = opening.start
    while place < len(lines):
        place += brief.take(place)
    fields: dict[str, Any] = {"sections": [_value(section) for section in brief.sections if section.stories]}
    if opening.greeting:
        fields["greeting"] = opening.greeting
    return fields | place_ending(brief.last, masthead, remarks), opening


def _value(section: _Section) -> dict[str, Any]:
    return {"heading": section.heading, "stories": [story.fields() for story in section.stories]}


def _parted(line: Line) -> list[Line]:
    """Labels may stand on lines of one paragraph, parted by line breaks."""
    if "\n" not in line.text or line.role not in (Role.PARAGRAPH, Role.BULLET, Role.NUMBERED):
        return [line]
    first, *more = [part.strip() for part in line.text.split("\n") if part.strip()] or [""]
    rest = [Line(line.number, part, Role.PARAGRAPH, line.level) for part in more]
    return [Line(line.number, first, line.role, line.level), *rest]


def _is_title(lines: Sequence[Line], outline: Outline, place: int, masthead: Masthead | None) -> bool:
    line = lines[place]
    if place in outline.headlines or not looks_like_title(line):
        return False
    if line.role is Role.HEADING or (masthead and masthead.title.lower() in line.text.lower()):
        return True
    return place not in outline.sections
