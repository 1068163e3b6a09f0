"""What a segment means once it is parsed, and whether it holds a reader."""

from collections.abc import Iterator
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Expression", ...]


Expression = Everyone | HasInterest | InLanguage | Not | And | Or


def matches(expression: Expression, *, interests: frozenset[str], language: str) -> bool:
    """
    Whether the segment holds a reader with these interests, who reads this language.

    The same answer as `newsletter.store.segments.segment_clause` gives in SQL. For a reader whose language is
    unknown, name the newsletter's.
    """
    match expression:
        case Everyone():
            return True
        case HasInterest(holds=holds):
            return not holds.isdisjoint(interests)
        case InLanguage(language=wanted):
            return wanted == language
        case Not(inner=inner):
            return not matches(inner, interests=interests, language=language)
        case And(parts=parts):
            return all(matches(part, interests=interests, language=language) for part in parts)
        case Or(parts=parts):
            return any(matches(part, interests=interests, language=language) for part in parts)


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
