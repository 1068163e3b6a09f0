"""A segment in words, as a tree; and for one reader, which of its branches hold them and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from newsletter.segment.expression import (
    About,
    And,
    Expression,
    HasInterest,
    InLanguage,
    Joined,
    Known,
    Not,
    Or,
    Segment,
    Side,
    Word,
    matches,
    parts_of,
)
from newsletter.subscriber import Subscriber
from newsletter.tags import Vocabulary

#: so many other tags are named; more would hide the one that was written
_NAMED = 6
_SIDES = {
    Side.BEFORE: "before",
    Side.UP_TO: "{} or before",
    Side.WITHIN: "{}",
    Side.FROM: "{} or after",
    Side.AFTER: "after",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A branch of a segment."""

    words: str
    parts: tuple["Told", ...] = ()
    #: whether it holds the reader; None when nobody was asked about
    holds: bool | None = None
    #: what is on record about them, as far as this branch asks
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form that `segments show --json` and `segments explain --json` promise."""
        found: dict[str, Any] = {"words": self.words}
        if self.holds is not None:
            found["holds"] = self.holds
        if self.why:
            found["why"] = self.why
        return found | ({"parts": [part.as_json() for part in self.parts]} if self.parts else {})

    def lines(self, depth: int = 0) -> Iterator[str]:
        """As people read it: a branch a line, what is inside it further in."""
        mark = {None: "", True: "yes  ", False: "no   "}[self.holds]
        why = f" ({self.why})" if self.why else ""
        yield f"{mark}{'  ' * depth}{self.words}{':' if self.parts else ''}{why}"
        for part in self.parts:
            yield from part.lines(depth + 1)


def told(expression: Expression, vocabulary: Vocabulary) -> Told:
    return Told(_words(expression, vocabulary), tuple(told(part, vocabulary) for part in parts_of(expression)))


def told_for(segment: Segment, reader: Subscriber, vocabulary: Vocabulary) -> Told:
    expression, home = segment.expression, segment.home
    inside = tuple(told_for(Segment(part, home), reader, vocabulary) for part in parts_of(expression))
    why = "" if isinstance(expression, Not | And | Or) else _why(expression, segment, reader)
    return Told(_words(expression, vocabulary), inside, matches(expression, reader, home), why)


_JOINS: dict[type[Expression], str] = {Not: "not", And: "all of these", Or: "any of these"}


def _words(expression: Expression, vocabulary: Vocabulary) -> str:
    match expression:
        case HasInterest():
            return _tag_in_words(expression, vocabulary)
        case InLanguage(language=language):
            return f"reads {language}"
        case Known(about=about, words=""):
            return f"has no {about} on record"
        case Known(about=about, words=words):
            return f"works for {words}" if about is About.COMPANY else f"is looked after by {words}"
        case Joined():
            return _joined_in_words(expression)
    return _JOINS.get(type(expression), "everyone")


def _joined_in_words(word: Joined) -> str:
    """A day, a month or a year is named as it is written."""
    days = (word.end - word.first).days
    stretch = word.first.isoformat() if days == 1 else f"{word.first:%Y-%m}" if days < 32 else f"{word.first:%Y}"
    side = _SIDES[word.side].format("on" if days == 1 else "in")
    return f"joined {side} {stretch}"


def _tag_in_words(word: HasInterest, vocabulary: Vocabulary) -> str:
    others = sorted({vocabulary.current(slug) for slug in word.holds} - {word.slug})
    if not others:
        exactly = len(vocabulary.kin(word.slug)) > 1
        return f"follows exactly {word.slug}" if exactly else f"follows {word.slug}"
    rest = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"follows {word.slug}, or a wider or narrower tag: {', '.join(others[:_NAMED])}{rest}"


def _why(word: Word, segment: Segment, reader: Subscriber) -> str:
    match word:
        case HasInterest(holds=holds):
            found = sorted(holds & reader.interests)
            return f"follows {', '.join(found)}" if found else "follows none of them"
        case InLanguage():
            said = f"{segment.home.language}, as the newsletter, for they named none"
            return f"reads {reader.language or said}"
        case Known(about=about):
            value = reader.company if about is About.COMPANY else reader.manager
            return f"{about}: {value}" if value else f"no {about} on record"
        case Joined():
            return f"joined on {reader.joined_at.astimezone(segment.home.clock).date()}"
    return ""
