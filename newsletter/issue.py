"""What an author writes: a team update or a daily brief, its sections, points and stories."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from newsletter.allowance import Allowance
from newsletter.fields import Frozen, Line, Lines, MailAddress, Prose, Slug, WebAddress, one_or_many, shown


class Kind(StrEnum):
    TEAM_UPDATE = "team-update"
    DAILY_BRIEF = "daily-brief"


class Choice(StrEnum):
    """Which stories of a brief a reader with interests gets. A reader without interests gets every story."""

    ALL = "all"
    #: only those that fit, and those marked `must_send`
    MATCHED = "matched"
    #: every story, those that fit first
    MATCHED_FIRST = "matched-first"


Language = Literal["en", "zh-Hans"]

#: sections of an issue, stories or points of a section, tags or sources of a story
MOST_ENTRIES = 200

_SOURCE_LINK = re.compile(r"\[(?P<name>[^\]]+)\]\((?P<url>[^()\s]+)\)")
_YES_NO = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}
#: what parts tags that stand in one line
TAG_MARKS = re.compile("[,，、;；]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError(
                "date", "'{value}' is not a day of the calendar", {"value": shown(value), "fix": "check month and day"}
            ) from error
        raise PydanticCustomError(
            "date", "'{value}' is not a date", {"value": shown(value), "fix": "write it as 2026-06-10"}
        )
    return value


def _yes_or_no(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return _YES_NO[value.strip().lower()]
        except KeyError as error:
            raise PydanticCustomError(
                "yes_or_no", "'{value}' is neither yes nor no", {"value": shown(value), "fix": "write yes or no"}
            ) from error
    return value


def _source(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    link = _SOURCE_LINK.fullmatch(value.strip())
    return link.groupdict() if link else {"name": value}


def _listed(value: Any) -> Any:
    """Several tags in one text would pass as one tag that nobody knows."""
    if isinstance(value, str) and TAG_MARKS.search(value):
        as_list = ", ".join(part.strip() for part in TAG_MARKS.split(value) if part.strip())
        raise PydanticCustomError(
            "one_text", "is one text, not a list", {"fix": f"write it as a list: [{shown(as_list)}]"}
        )
    return value


def _none_in_any_case(value: Any) -> Any:
    return "none" if isinstance(value, str) and value.strip().lower() in ("none", "无") else value


#: what an editor is told; the words are what _YES_NO knows, in any case
_YES_OR_NO = {
    "anyOf": [
        {"type": "boolean"},
        {"enum": ["yes", "no", "是", "否"]},
        {"type": "string", "pattern": r"^\s*([yY][eE][sS]|[nN][oO]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|是|否)\s*$"},
    ]
}

Day = Annotated[date, BeforeValidator(_day), Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}-\d{2}$"})]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no), WithJsonSchema(_YES_OR_NO)]


class Sender(Frozen):
    """The From identity."""

    name: Line
    address: MailAddress


class Contact(Frozen):
    """Whom a reader can ask."""

    name: Line
    role: Line | None = None
    email: MailAddress | None = None
    phone: Line | None = None


class SourceLink(Frozen):
    """Where a story was found: a name, perhaps with its page."""

    name: Line
    url: WebAddress | None = None


_SourceAsWritten = Line | SourceLink
_Several = Field(max_length=MOST_ENTRIES)
Source = Annotated[SourceLink, BeforeValidator(_source, json_schema_input_type=_SourceAsWritten)]
Sources = Annotated[
    tuple[Source, ...],
    _Several,
    BeforeValidator(
        one_or_many, json_schema_input_type=Annotated[tuple[_SourceAsWritten, ...], _Several] | Line | None
    ),
]
#: raw names, resolved by the vocabulary later
_OneTag = Annotated[Line, Field(json_schema_extra={"pattern": r"^\s*[^\s,，、;；][^\n,，、;；]*\s*$"})]
Tags = Annotated[
    Lines,
    _Several,
    BeforeValidator(_listed, json_schema_input_type=Annotated[tuple[Line, ...], _Several] | _OneTag | None),
]
_NoLink = Annotated[str, Field(json_schema_extra={"pattern": r"^\s*([nN][oO][nN][eE]|无)\s*$"})]
Link = Annotated[
    WebAddress | Literal["none"] | None,
    BeforeValidator(_none_in_any_case, json_schema_input_type=WebAddress | Literal["none"] | _NoLink | None),
]


class Point(Frozen):
    """A bullet: the lead carries the point, the text the rest."""

    lead: Prose
    text: Prose | None = None


class Story(Frozen):
    #: letters, digits, hyphens; made from the headline when absent, and unique in the issue
    id: Slug | None = None
    headline: Line
    sources: Sources = ()
    date: Day | None = None
    summary: Prose
    why_it_matters: Prose | None = None
    #: "none" says that there is none; absent says that nobody thought of it
    url: Link = None
    tags: Tags = ()
    #: goes to every reader of the issue, whatever their interests
    must_send: YesNo = False

    @property
    def link(self) -> str | None:
        return None if self.url == "none" else self.url


class UpdateSection(Frozen):
    heading: Line | None = None
    points: tuple[Point, ...] = Field(min_length=1, max_length=MOST_ENTRIES)


class BriefSection(Frozen):
    heading: Line | None = None
    stories: tuple[Story, ...] = Field(min_length=1, max_length=MOST_ENTRIES)


class Issue(Frozen):
    """What both kinds have in common. `{{ lead_headline }}` and `{{ story_count }}` stay as written."""

    newsletter: Slug
    date: Day
    slug: Slug
    language: Language
    subject: Line
    preheader: Line | None = None
    tags: Tags = ()
    #: the newsletter's, or the settings', when absent
    sender: Sender | None = None
    reply_to: MailAddress | None = None
    subject_label: Line | None = None
    #: not to be sent before this day
    embargo: Day | None = None
    #: what was wrong in what readers already have; stands above everything
    correction: Prose | None = None
    contact: Contact | None = None
    #: `{{ name }}` is where the reader's name goes
    greeting: Line | None = None
    #: `{{ contact }}` prints the contact
    closing: Prose | None = None
    sign_off: Line | None = None
    signature: Line | None = None
    #: never part of what is sent
    allow: Allowance = ()


class TeamUpdate(Issue):
    """A short note to clients."""

    kind: Literal[Kind.TEAM_UPDATE] = Kind.TEAM_UPDATE
    team: Line | None = None
    lead_author: Line | None = None
    intro: Prose
    sections: tuple[UpdateSection, ...] = Field(min_length=1, max_length=MOST_ENTRIES)


class DailyBrief(Issue):
    """Numbered stories."""

    kind: Literal[Kind.DAILY_BRIEF] = Kind.DAILY_BRIEF
    stories: Choice = Choice.ALL
    #: a reader whom fewer stories fit gets nothing, with the reason
    min_stories: int = Field(default=1, ge=1, le=99)
    sections: Annotated[
        tuple[BriefSection, ...],
        Field(min_length=1, max_length=MOST_ENTRIES),
        AfterValidator(lambda found: _with_ids(found)),
    ]

    @property
    def all_stories(self) -> tuple[Story, ...]:
        return tuple(story for section in self.sections for story in section.stories)


#: by kind, for readers of files and for `newsletter schema`
MODELS: dict[Kind, type[TeamUpdate] | type[DailyBrief]] = {
    Kind.TEAM_UPDATE: TeamUpdate,
    Kind.DAILY_BRIEF: DailyBrief,
}
AnyIssue = TeamUpdate | DailyBrief


def _with_ids(sections: Iterable[BriefSection]) -> tuple[BriefSection, ...]:
    """Give each story without an id one made from its headline; refuse an id that was written twice."""
    sections = tuple(sections)
    written: set[str] = set()
    for number, section in enumerate(sections):
        for place, story in enumerate(section.stories):
            if story.id in written:
                under = (number, "stories", place, "id")
                raise PydanticCustomError(
                    "story_id_twice",
                    "the id {name} stands at an earlier story as well",
                    {"name": story.id, "fix": "give each its own", "under": under},
                )
            written |= {story.id} if story.id else set()
    used = dict.fromkeys(written, 1)
    return tuple(
        section.model_copy(update={"stories": tuple(_with_id(story, used) for story in section.stories)})
        for section in sections
    )


def _with_id(story: Story, used: dict[str, int]) -> Story:
    """`used` counts how often a name was wanted, so that stories of one headline do not search for theirs."""
    if story.id:
        return story
    name = stem = slug_of(story.headline)
    while name in used:
        used[stem] += 1
        name = f"{stem}-{used[stem]}"
    used[name] = 1
    return story.model_copy(update={"id": name})


def slug_of(text: str) -> str:
    """Letters, digits and hyphens from a headline; from a digest where it has too few (a Chinese one)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    slug = "-".join(words)[:60].rstrip("-")
    letters = sum(character.isalpha() for character in text)
    if sum(character.isalpha() for character in slug) * 2 < letters and not text.isascii():
        return "story-" + hashlib.sha256(text.encode()).hexdigest()[:8]
    return slug or "story"
