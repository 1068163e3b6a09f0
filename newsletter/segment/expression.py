"""What a segment means once it is parsed, and whether it holds a reader."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

from newsletter.subscriber import Subscriber
from newsletter.tags import fold


@dataclass(frozen=True, slots=True)
class Home:
    """What counts for readers of a newsletter who say nothing else."""

    #: of those who named none
    language: str
    #: in which days begin
    zone: str = "UTC"

    @property
    def clock(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Everyone:
    pass


@dataclass(frozen=True, slots=True)
class HasInterest:
    """A reader with at least one of the interests that the written tag stands for."""

    #: as the vocabulary calls it today
    slug: str
    #: the tag and its kin, or the tag alone; with retired slugs that readers may still hold
    holds: frozenset[str]


@dataclass(frozen=True, slots=True)
class InLanguage:
    language: str


class About(StrEnum):
    """What is known of a reader in words of their own or ours."""

    COMPANY = "company"
    #: the adviser who looks after them
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Known:
    """A reader of whom this is on record, however it is spelt; empty: of whom nothing is."""

    about: About
    #: as written
    words: str

    @property
    def key(self) -> str:
        return fold(self.words)


class Side(StrEnum):
    BEFORE = "<"
    UP_TO = "<="
    WITHIN = "="
    FROM = ">="
    AFTER = ">"


@dataclass(frozen=True, slots=True)
class Joined:
    """A reader who joined before, in or after a stretch of days: a day, a month or a year, as it was written."""

    side: Side
    first: date
    #: the first day that is not in it any more
    end: date

    def instants(self, home: Home) -> tuple[datetime | None, datetime | None]:
        """From when, and before when they joined; None where there is no bound."""
        first, end = (datetime.combine(day, time(), home.clock).astimezone(UTC) for day in (self.first, self.end))
        bounds: dict[Side, tuple[datetime | None, datetime | None]] = {
            Side.BEFORE: (None, first),
            Side.UP_TO: (None, end),
            Side.WITHIN: (first, end),
            Side.FROM: (first, None),
            Side.AFTER: (end, None),
        }
        return bounds[self.side]


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Expression", ...]


Word: TypeAlias = Everyone | HasInterest | InLanguage | Known | Joined
Expression: TypeAlias = Word | Not | And | Or


@dataclass(frozen=True, slots=True)
class Segment:
    """An expression in the hands of one newsletter."""

    expression: Expression
    home: Home


def matches(expression: Expression, reader: Subscriber, home: Home) -> bool:
    """
    Whether the segment holds a reader.

    The same answer as `newsletter.store.segments` gives in SQL.
    """
    match expression:
        case Not(inner=inner):
            return not matches(inner, reader, home)
        case And(parts=parts):
            return all(matches(part, reader, home) for part in parts)
        case Or(parts=parts):
            return any(matches(part, reader, home) for part in parts)
    return _fits(expression, reader, home)


def _fits(word: Word, reader: Subscriber, home: Home) -> bool:
    match word:
        case HasInterest(holds=holds):
            return not holds.isdisjoint(reader.interests)
        case InLanguage(language=wanted):
            return wanted == (reader.language or home.language)
        case Known(about=about, key=key):
            return key == fold(reader.company if about is About.COMPANY else reader.manager)
        case Joined():
            since, until = word.instants(home)
            return (since is None or reader.joined_at >= since) and (until is None or reader.joined_at < until)
    return True


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Not(inner=inner):
            return (inner,)
        case And(parts=parts) | Or(parts=parts):
            return parts
    return ()


def walk(expression: Expression) -> Iterator[tuple[int, Expression]]:
    """Everything in the expression with its depth; a loop, because it judges what is too deep for recursion."""
    waiting = [(0, expression)]
    while waiting:
        depth, found = waiting.pop()
        yield depth, found
        waiting.extend((depth + 1, part) for part in parts_of(found))


def with_nots_inside(expression: Expression, *, is_negated: bool = False) -> Expression:
    """The same with every `not` carried down to the words, and tags that any or none of is wanted made one."""
    match expression:
        case Not(inner=inner):
            return with_nots_inside(inner, is_negated=not is_negated)
        case And(parts=parts) | Or(parts=parts):
            kind = And if isinstance(expression, And) is not is_negated else Or
            inside = [with_nots_inside(part, is_negated=is_negated) for part in parts]
            flat = [inner for part in inside for inner in (part.parts if isinstance(part, kind) else (part,))]
            made = _tags_made_one(flat, is_negated=kind is And)
            return made[0] if len(made) == 1 else kind(tuple(made))
    return Not(expression) if is_negated else expression


def _tags_made_one(parts: list[Expression], *, is_negated: bool) -> list[Expression]:
    """`a or b` asks for any of two tags, and `not a and not b` for none of them."""
    found: list[HasInterest] = []
    others: list[Expression] = []
    for part in parts:
        word = part.inner if is_negated and isinstance(part, Not) else part
        is_such = isinstance(word, HasInterest) and is_negated is isinstance(part, Not)
        found += [word] if is_such and isinstance(word, HasInterest) else []
        others += [] if is_such else [part]
    if not found:
        return others
    one = HasInterest(found[0].slug, frozenset[str]().union(*(tag.holds for tag in found)))
    return [Not(one) if is_negated else one, *others]
