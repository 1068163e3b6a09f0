"""What we send: an issue compiled once, and the editions cut from it, with slots for what differs per reader."""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from typing import Any

from newsletter.columns import wrap
from newsletter.issue import Choice, Kind, Sender


class Field(StrEnum):
    """What differs per reader. The values are raw text; each transport escapes them for where they go."""

    GREETING = "greeting"
    #: since when this reader gets the newsletter, as a date in words
    SINCE = "since"
    UNSUBSCRIBE_URL = "unsubscribe"
    PREFERENCES_URL = "preferences"
    VIEW_URL = "view"
    #: a mailto: address with the subject that identifies the subscription
    UNSUBSCRIBE_MAILTO = "mailto"


class Part(StrEnum):
    HTML = "html"
    TEXT = "text"


class Filling(StrEnum):
    """What differs per edition, and is the same for all who get it."""

    NUMBER = "number"
    SUBJECT = "subject"
    PREHEADER = "preheader"
    LEAD_HEADLINE = "lead"
    STORY_COUNT = "count"


class Links(StrEnum):
    """Which ways out the footer and the headers name."""

    #: pages under BASE_URL, and the mailbox
    WEB = "web"
    #: the unsubscribe mailbox only: for small lists without a web face
    MAILBOX = "mailbox"


def slot(source: str, part: Part, field: Field) -> str:
    """
    The token that stands where a reader's value goes.

    Letters and digits only, so that every tool passes it on unchanged; it carries ten hex digits of the compiled
    source's hash, so that no text written by a person can hold one.
    """
    return f"NL{source}{part}{field}NL"


def mark(source: str, part: Part, filling: Filling) -> str:
    """The token that stands where an edition's value goes: the same for all who get the edition."""
    return f"NL{source}{part}{filling}NL"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The headers that are the same for every reader of a mailing."""

    newsletter: str
    title: str
    slug: str
    language: str
    #: aware; from the issue's day, not from the clock
    issued_at: datetime
    sender: Sender
    reply_to: str | None
    list_id: str
    links: Links
    #: the mailbox that a reader can write to in order to leave
    unsubscribe_address: str = ""
    #: no mail of the list, but one to a single person who has just done something that it answers
    is_answer: bool = False
    #: where everybody may read the issues before this one; "" when that is nowhere
    archive_url: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A stretch of a compiled part.

    With neither story nor section it is in every edition; with a section only, in those that hold any of the
    section's stories; with a story, in those that hold the story.
    """

    content: str
    section: int | None = None
    story: str | None = None


@dataclass(frozen=True, slots=True)
class CompiledStory:
    id: str
    headline: str
    section: int
    #: slugs of the vocabulary
    tags: tuple[str, ...]
    must_send: bool


@dataclass(frozen=True)
class CompiledIssue:
    """An issue poured into its template once. Everything a mailing needs; files are never read again."""

    kind: Kind
    #: ten hex digits, part of every slot
    source: str
    letterhead: Letterhead
    #: `{{ lead_headline }}` and `{{ story_count }}` unfilled, the label in front
    subject: str
    preheader: str
    #: how the mail begins: with `{{ name }}`, and for a reader without a name
    greeting: str
    greeting_without_name: str
    stories: tuple[CompiledStory, ...]
    choice: Choice
    min_stories: int
    html: tuple[Piece, ...]
    text: tuple[Piece, ...]
    #: not to be sent before this instant
    embargo_at: datetime | None = None

    def to_json(self) -> str:
        """For the store. `from_json` gives the same value back."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "CompiledIssue":
        raw: dict[str, Any] = json.loads(text)
        head = raw.pop("letterhead")
        letterhead = Letterhead(
            **head
            | {
                "sender": Sender(**head["sender"]),
                "issued_at": datetime.fromisoformat(head["issued_at"]),
                "links": Links(head["links"]),
            }
        )
        return cls(
            **raw
            | {
                "kind": Kind(raw["kind"]),
                "embargo_at": datetime.fromisoformat(raw["embargo_at"]) if raw["embargo_at"] else None,
                "letterhead": letterhead,
                "choice": Choice(raw["choice"]),
                "stories": tuple(CompiledStory(**story | {"tags": tuple(story["tags"])}) for story in raw["stories"]),
                "html": tuple(Piece(**piece) for piece in raw["html"]),
                "text": tuple(Piece(**piece) for piece in raw["text"]),
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Sender):
        return value.model_dump()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot be stored: {type(value).__name__}")


@dataclass(frozen=True)
class Edition:
    """A compiled issue for one choice of stories, the same for all who get it; slots unfilled."""

    letterhead: Letterhead
    source: str
    #: ids, in the order in which they stand
    stories: tuple[str, ...]
    subject: str
    preheader: str
    html: str
    text: str

    @cached_property
    def hash(self) -> str:
        """Over everything a reader can see, slots unfilled: two editions with one hash are one edition."""
        sender = self.letterhead.sender
        parts = (self.subject, self.preheader, sender.name, sender.address, self.html, self.text)
        return digest(parts)


def digest(parts: Iterable[str]) -> str:
    """SHA-256 in hex over texts, each with its length before it so that no two lists give the same bytes."""
    state = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        state.update(b"%d:" % len(encoded) + encoded)
    return state.hexdigest()


def cut_edition(compiled: CompiledIssue, stories: Sequence[str]) -> Edition:
    """The edition that holds these stories (ids, in the order in which they are to stand within their sections)."""
    shown = _in_order(compiled, stories)
    headlines = {story.id: story.headline for story in compiled.stories}
    values = {
        Filling.LEAD_HEADLINE: headlines[shown[0]] if shown else "",
        Filling.STORY_COUNT: str(len(shown)),
    }
    values[Filling.SUBJECT] = fill_placeholders(compiled.subject, values)
    values[Filling.PREHEADER] = fill_placeholders(compiled.preheader, values)
    return Edition(
        letterhead=compiled.letterhead,
        source=compiled.source,
        stories=shown,
        subject=values[Filling.SUBJECT],
        preheader=values[Filling.PREHEADER],
        html=_join(compiled, Part.HTML, shown, values),
        text=_join(compiled, Part.TEXT, shown, values),
    )


def _in_order(compiled: CompiledIssue, stories: Sequence[str]) -> tuple[str, ...]:
    """Sections keep their order; within a section the asked-for order counts."""
    section = {story.id: story.section for story in compiled.stories}
    return tuple(sorted(stories, key=section.__getitem__))


#: what an author may write in subject, preheader and closing
PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>lead_headline|story_count)\s*\}\}")
PLACEHOLDERS = {"lead_headline": Filling.LEAD_HEADLINE, "story_count": Filling.STORY_COUNT}


def fill_placeholders(text: str, values: Mapping[Filling, str]) -> str:
    """Replace the two placeholders once, as text; any other brace stays as it is."""
    return PLACEHOLDER.sub(lambda found: values[PLACEHOLDERS[found["name"]]], text)


def _join(compiled: CompiledIssue, part: Part, shown: Sequence[str], values: Mapping[Filling, str]) -> str:
    place = {story: number for number, story in enumerate(shown, start=1)}
    sections = {story.section for story in compiled.stories if story.id in place}
    number = mark(compiled.source, part, Filling.NUMBER)
    out: list[str] = []
    for is_story, run in groupby(_pieces(compiled, part), key=lambda piece: piece.story is not None):
        if is_story:
            kept = sorted((piece for piece in run if piece.story in place), key=lambda piece: place[piece.story or ""])
            out += [piece.content.replace(number, str(place[piece.story or ""])) for piece in kept]
        else:
            out += [piece.content for piece in run if piece.section is None or piece.section in sections]
    return "".join(_filled(compiled.source, part, content, values) for content in out)


def _pieces(compiled: CompiledIssue, part: Part) -> tuple[Piece, ...]:
    return compiled.html if part is Part.HTML else compiled.text


def _filled(source: str, part: Part, content: str, values: Mapping[Filling, str]) -> str:
    if source in content:
        for filling, value in values.items():
            token = mark(source, part, filling)
            if token in content:
                content = content.replace(token, _set(part, value))
    return content


def _set(part: Part, value: str) -> str:
    # In the text part these marks stand alone on their lines.
    return html.escape(value) if part is Part.HTML else wrap(value)
