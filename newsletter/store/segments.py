"""Segments as conditions in SQL. Everything that people wrote is a bound parameter."""

import sqlalchemy as sa

from newsletter.segment import And, Everyone, Expression, HasInterest, InLanguage, Not, Or
from newsletter.segment.expression import walk
from newsletter.store import schema


def segment_clause(expression: Expression, *, default_language: str) -> sa.ColumnElement[bool]:
    """
    The condition for a statement over `subscriptions` joined with `subscribers`.

    Gives the same answer as `newsletter.segment.matches`. A reader whose language is unknown counts as one of
    `default_language`, the newsletter's.
    """
    return _clause(expression, default_language, negated=False)


def _clause(expression: Expression, default_language: str, *, negated: bool) -> sa.ColumnElement[bool]:
    """
    With every NOT carried down to the words, and the most nested part of an AND or OR written first.

    SQLite's parser has room for 100 symbols (YYSTACKDEPTH): `(((…) OR a) AND b)` takes one a level,
    `NOT (b AND NOT (a AND …))` takes four and fails at 25 levels.
    """
    match expression:
        case Everyone():
            return sa.false() if negated else sa.true()
        case HasInterest(holds=holds):
            return sa.not_(_holds_any(holds)) if negated else _holds_any(holds)
        case InLanguage(language=language):
            counts = (language, "") if language == default_language else (language,)
            column = schema.subscribers.c.language
            return column.not_in(counts) if negated else column.in_(counts)
        case Not(inner=inner):
            return _clause(inner, default_language, negated=not negated)
        case And(parts=parts) | Or(parts=parts):
            clauses = [_clause(part, default_language, negated=negated) for part in _most_nested_first(parts)]
            all_of = isinstance(expression, And) is not negated
            return sa.and_(sa.true(), *clauses) if all_of else sa.or_(sa.false(), *clauses)


def _most_nested_first(parts: tuple[Expression, ...]) -> list[Expression]:
    return sorted(parts, key=lambda part: max(depth for depth, _ in walk(part)), reverse=True)


def _holds_any(holds: frozenset[str]) -> sa.ColumnElement[bool]:
    interests, subscriptions = schema.interests, schema.subscriptions
    of_reader = interests.c.subscription_id == subscriptions.c.id
    chosen = sa.select(1).select_from(interests).where(of_reader, interests.c.tag.in_(sorted(holds)))
    return chosen.correlate(subscriptions).exists()
