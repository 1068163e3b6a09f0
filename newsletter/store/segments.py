"""Segments as conditions in SQL. Everything that people wrote is a bound parameter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from newsletter.segment import (
    About,
    And,
    Everyone,
    Expression,
    HasInterest,
    Home,
    InLanguage,
    Joined,
    Known,
    Not,
    Or,
    Segment,
)
from newsletter.segment.expression import Word, walk, with_nots_inside
from newsletter.store import schema
from newsletter.store.ways import folded_is

_person, _subscription, _interest = schema.subscribers.c, schema.subscriptions.c, schema.interests.c

_ASKED = schema.interests.alias("asked")

Tags: TypeAlias = frozenset[str]

#: among so few tags it is quicker to look for each than to look at all that a reader has
_LOOKED_FOR = 2
#: how many rows of the narrowest tag make it worth asking every reader in it about the others, one by one
STEPS = (1 << 12, 1 << 17, 1 << 18)


def segment_clause(connection: sa.Connection, segment: Segment) -> sa.ColumnElement[bool]:
    """
    The condition for a statement over `subscriptions` joined with `subscribers` that looks at some readers.

    Gives the same answer as `newsletter.segment.matches`.
    """
    return _Terms(connection, segment.home, _subscription.id).clause(with_nots_inside(segment.expression))


def held_clause(connection: sa.Connection, segment: Segment, *, steps: Sequence[int] = STEPS) -> sa.ColumnElement[bool]:
    """
    The same for a statement that looks at all readers at once.

    Where a tag that all of them hold is narrow, its readers are taken from the index and asked about the rest; else the
    readers of every tag become a set.
    """
    expression = with_nots_inside(segment.expression)
    driver = narrowest(connection, expression, steps)
    if driver is None:
        return _Terms(connection, segment.home, _subscription.id, at_once=True).clause(expression)
    parts = expression.parts if isinstance(expression, And) else (expression,)
    asked = [part for part in parts if not (isinstance(part, HasInterest) and part.holds == driver)]
    row = schema.interests.alias("narrowest")
    inside = _Terms(connection, segment.home, row.c.subscription_id)
    outside = _Terms(connection, segment.home, _subscription.id)
    driven = sa.select(row.c.subscription_id).where(row.c.tag.in_(sorted(driver)))
    driven = driven.where(*(inside.clause(part) for part in asked if _is_of_tags(part)))
    return sa.and_(_subscription.id.in_(driven), *(outside.clause(part) for part in asked if not _is_of_tags(part)))


def needs_people(expression: Expression) -> bool:
    """Whether the condition asks for columns of `subscribers`."""
    return any(isinstance(part, InLanguage | Known) for _, part in walk(expression))


def unindexed(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The column's value, by which no index is to be chosen: another one is narrower."""
    return sa.func.coalesce(column, "")


def narrowest(connection: sa.Connection, expression: Expression, steps: Sequence[int]) -> Tags | None:
    """
    Tags of which everybody in the segment holds one, with the fewest readers; None where there are none, or too many.

    :param expression: with its `not`s carried down to the words
    """
    for most in steps:
        sizes: dict[Tags, int] = {}

        def size(tags: Tags, most: int = most, sizes: dict[Tags, int] = sizes) -> int:
            if tags not in sizes:
                sizes[tags] = _rows_of(connection, tags, most)
            return sizes[tags]

        found = _narrowest(expression, size)
        if found is None or size(found) < most:
            return found
    return None


def _rows_of(connection: sa.Connection, tags: Tags, most: int) -> int:
    """How many, or `most`: that there are more is all that is asked."""
    rows = sa.select(sa.literal(1)).where(_interest.tag.in_(sorted(tags))).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


def _narrowest(expression: Expression, size: Callable[[Tags], int]) -> Tags | None:
    match expression:
        case HasInterest(holds=holds):
            return holds
        case And(parts=parts):
            found = [tags for part in parts if (tags := _narrowest(part, size)) is not None]
            return min(found, key=size, default=None)
        case Or(parts=parts):
            each = [_narrowest(part, size) for part in parts]
            return None if None in each or not each else frozenset[str]().union(*(tags or () for tags in each))
    return None


def _is_of_tags(expression: Expression) -> bool:
    return all(isinstance(part, HasInterest | And | Or | Not) for _, part in walk(expression))


@dataclass(frozen=True, slots=True)
class _Terms:
    connection: sa.Connection
    home: Home
    #: the subscription of whom it is asked
    of: sa.ColumnElement[int]
    #: a set of readers is made for each tag, instead of asking each reader
    at_once: bool = False

    def clause(self, expression: Expression) -> sa.ColumnElement[bool]:
        """
        The most nested part of an AND or OR is written first.

        SQLite's parser has room for 100 symbols (YYSTACKDEPTH): `(((…) OR a) AND b)` takes one a level, and the other
        way round more.
        """
        match expression:
            case Not(inner=inner):
                return sa.not_(self._word(inner))  # type: ignore[arg-type] # with_nots_inside: only words are left
            case And(parts=parts):
                return sa.and_(sa.true(), *map(self.clause, _most_nested_first(parts)))
            case Or(parts=parts):
                return sa.or_(sa.false(), *map(self.clause, _most_nested_first(parts)))
        return self._word(expression)

    def _word(self, word: Word) -> sa.ColumnElement[bool]:
        match word:
            case HasInterest(holds=holds):
                return self._in_a_set(holds) if self.at_once else self._one_by_one(holds)
            case InLanguage(language=language):
                return _person.language.in_((language, "") if language == self.home.language else (language,))
            case Known(about=about, key=key):
                column = _person.company if about is About.COMPANY else _person.manager
                return folded_is(self.connection, column, key)
            case Joined():
                since, until = word.instants(self.home)
                bounds = [_subscription.joined_at >= since] if since else []
                bounds += [_subscription.joined_at < until] if until else []
                return sa.and_(*bounds)
            case Everyone():
                return sa.true()

    def _in_a_set(self, holds: Tags) -> sa.ColumnElement[bool]:
        return self.of.in_(sa.select(_interest.subscription_id).where(_interest.tag.in_(sorted(holds))))

    def _one_by_one(self, holds: Tags) -> sa.ColumnElement[bool]:
        tags = sorted(holds)
        if len(tags) <= _LOOKED_FOR:
            return sa.or_(sa.false(), *(self._has(_ASKED.c.tag == tag) for tag in tags))
        return self._has(unindexed(_ASKED.c.tag).in_(tags))

    def _has(self, wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        chosen = sa.select(sa.literal(1)).where(_ASKED.c.subscription_id == self.of, wanted)
        return sa.exists(chosen.correlate_except(_ASKED))


def _most_nested_first(parts: tuple[Expression, ...]) -> list[Expression]:
    return sorted(parts, key=lambda part: max(depth for depth, _ in walk(part)), reverse=True)
