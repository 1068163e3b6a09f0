"""The file as the rules see it: every text that somebody wrote, every link, each with its place."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property

from newsletter.checks.confidential import Confidential
from newsletter.checks.telling import Told, told
from newsletter.errors import Finding
from newsletter.issue import AnyIssue, BriefSection, Contact, DailyBrief, Story, UpdateSection
from newsletter.located import Path, Place
from newsletter.prose import prose_links
from newsletter.reader import Reading
from newsletter.tags import Vocabulary

#: addresses and the targets of links are no prose; blanks stand in their place, so that all else keeps its own
_NO_PROSE = re.compile(r"\]\([^()\s]*\)|https?://[^\s<>\"'“”‘’()\[\]（）《》，。；、]+")

_MOST_BRACKETS = 200
_PLAIN_LINK = re.compile(r"\[([^\[\]\n\\]{0,300})\]\((https?://[^()\s]{1,2000})\)")


class Form(StrEnum):
    LINE = "line"
    PROSE = "prose"
    #: a name: of a source, a team, a person
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Written:
    """One text of the file."""

    path: Path
    text: str
    form: Form = Form.PROSE

    @property
    def name(self) -> str:
        """The field: `headline`, `summary`, …"""
        return next(str(key) for key in reversed(self.path) if isinstance(key, str))

    def bare(self) -> str:
        """The text with blanks in place of addresses."""
        if "](" not in self.text and "://" not in self.text:
            return self.text
        return _NO_PROSE.sub(lambda found: " " * len(found[0]), self.text)


@dataclass(frozen=True, slots=True)
class LinkHere:
    """A link of the file: its words, None where it has none of its own, and its address."""

    path: Path
    words: str | None
    url: str


@dataclass(frozen=True, slots=True)
class EarlierStory:
    """A story that readers had before."""

    slug: str
    day: date
    headline: str
    summary: str
    url: str | None


@dataclass(frozen=True)
class Manuscript:
    """An issue as it was read, with all that its rules may look at."""

    reading: Reading
    vocabulary: Vocabulary
    #: the newsletter's today; None when nobody says, and then nothing lies in the future
    today: date | None = None
    earlier: Sequence[EarlierStory] = ()
    confidential: Confidential = field(default_factory=Confidential)

    @property
    def issue(self) -> AnyIssue:
        return self.reading.issue

    @cached_property
    def stories(self) -> tuple[tuple[Path, Story], ...]:
        if not isinstance(self.issue, DailyBrief):
            return ()
        return tuple(
            (("sections", place, "stories", number), story)
            for place, section in enumerate(self.issue.sections)
            for number, story in enumerate(section.stories)
        )

    @cached_property
    def texts(self) -> tuple[Written, ...]:
        """In the order of a mail. What the newsletter says where the file is silent is not the file's."""
        found = [*_letter(self.issue), *_body(self.issue)]
        return tuple(one for one in found if one.path[0] in self.reading.located.values)

    @cached_property
    def links(self) -> tuple[LinkHere, ...]:
        prose = (
            LinkHere(one.path, words, url)
            for one in self.texts
            if one.form is Form.PROSE and "](" in one.text
            for words, url in _links_in(one.text)
        )
        return (*prose, *_story_links(self.stories))

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """The stories as they are compared with each other and with those before."""
        return tuple(
            told(story.headline, story.summary, story.link, path=path, where=f"story {number}")
            for number, (path, story) in enumerate(self.stories, start=1)
        )

    @cached_property
    def told_before(self) -> tuple[Told, ...]:
        return tuple(
            told(one.headline, one.summary, one.url, path=None, where=f"'{one.slug}' of {one.day}")
            for one in self.earlier
        )

    def finding(self, path: Path, message: str, fix: str, words: str = "") -> Finding:
        """With the place of the words where they can be found, else of the field."""
        found = self.reading.finding(path, message, fix)
        spot = self.spot(path, words) if words else None
        return replace(found, line=spot.line, column=spot.column) if spot else found

    def spot(self, path: Path, words: str) -> Place | None:
        """Where the words stand, between the field's own place and the next field's."""
        sought = words.casefold()
        found = ((place, line.casefold().find(sought)) for place, line in self.lines_of(path))
        return next((Place(place.line, place.column + at) for place, at in found if at >= 0), None)

    def lines_of(self, path: Path) -> Iterator[tuple[Place, str]]:
        """The lines of the file that hold a field, the first from where it begins."""
        start = self.reading.place(path)
        after = bisect_right(self._marks, (start.line, start.column))
        last = self._marks[after][0] if after < len(self._marks) else len(self.reading.lines)
        lines = self.reading.lines[start.line - 1 : last]
        yield from ((start, line[start.column - 1 :]) for line in lines[:1])
        yield from ((Place(start.line + number), line) for number, line in enumerate(lines[1:], start=1))

    @cached_property
    def _marks(self) -> list[tuple[int, int]]:
        return sorted({(place.line, place.column) for place in self.reading.located.places.values()})


def _links_in(text: str) -> list[tuple[str, str]]:
    """As readers get them; in a text that is nothing but brackets, which would cost much, those in one piece."""
    return prose_links(text) if text.count("[") <= _MOST_BRACKETS else _PLAIN_LINK.findall(text)


def _letter(issue: AnyIssue) -> Iterator[Written]:
    for name in ("subject", "preheader", "greeting", "sign_off", "signature"):
        if text := getattr(issue, name):
            yield Written((name,), text, Form.LINE)
    for name, text in (("correction", issue.correction), ("closing", issue.closing)):
        if text:
            yield Written((name,), text)
    yield from _contact(issue.contact)


def _contact(contact: Contact | None) -> Iterator[Written]:
    for name in ("name", "role") if contact else ():
        if text := getattr(contact, name):
            yield Written(("contact", name), text, Form.NAME)


def _body(issue: AnyIssue) -> Iterator[Written]:
    if isinstance(issue, DailyBrief):
        for place, section in enumerate(issue.sections):
            yield from _brief_section(("sections", place), section)
        return
    for name in ("team", "lead_author"):
        if text := getattr(issue, name):
            yield Written((name,), text, Form.NAME)
    yield Written(("intro",), issue.intro)
    for place, update in enumerate(issue.sections):
        yield from _update_section(("sections", place), update)


def _brief_section(path: Path, section: BriefSection) -> Iterator[Written]:
    if section.heading:
        yield Written((*path, "heading"), section.heading, Form.LINE)
    for number, story in enumerate(section.stories):
        under = (*path, "stories", number)
        yield Written((*under, "headline"), story.headline, Form.LINE)
        for place, source in enumerate(story.sources):
            yield Written((*under, "sources", place), source.name, Form.NAME)
        yield Written((*under, "summary"), story.summary)
        if story.why_it_matters:
            yield Written((*under, "why_it_matters"), story.why_it_matters)


def _update_section(path: Path, section: UpdateSection) -> Iterator[Written]:
    if section.heading:
        yield Written((*path, "heading"), section.heading, Form.LINE)
    for number, point in enumerate(section.points):
        under = (*path, "points", number)
        yield Written((*under, "lead"), point.lead)
        if point.text:
            yield Written((*under, "text"), point.text)


def _story_links(stories: Sequence[tuple[Path, Story]]) -> Iterator[LinkHere]:
    for path, story in stories:
        for place, source in enumerate(story.sources):
            if source.url:
                yield LinkHere((*path, "sources", place), source.name, source.url)
        if story.link:
            yield LinkHere((*path, "url"), None, story.link)
