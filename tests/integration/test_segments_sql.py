"""A segment as SQL holds the very readers that it holds as a function."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.segment import And, Everyone, Expression, HasInterest, InLanguage, Not, Or, matches
from newsletter.segment.grammar import parse_segment
from newsletter.store import schema
from newsletter.store.segments import segment_clause
from newsletter.tags import Tag, vocabulary_of
from tests.builders import NOW

TAGS = ("china", "ai", "ai-policy", "ai-rules", "crypto", "it's; DROP TABLE interests --")
LANGUAGES = ("en", "zh-Hans", "")

Reader = tuple[frozenset[str], str]
READERS: st.SearchStrategy[list[Reader]] = st.lists(
    st.tuples(st.frozensets(st.sampled_from(TAGS), max_size=4), st.sampled_from(LANGUAGES)), max_size=6
)
WORDS: st.SearchStrategy[Expression] = st.one_of(
    st.just(Everyone()),
    st.builds(HasInterest, st.sampled_from(TAGS), st.frozensets(st.sampled_from(TAGS), min_size=1)),
    st.builds(InLanguage, st.sampled_from(LANGUAGES[:2])),
)


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)


EXPRESSIONS = st.recursive(WORDS, _grown, max_leaves=12)


@pytest.fixture(name="connection", scope="module")
def _connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def add(connection: sa.Connection, readers: list[Reader]) -> None:
    for number, (interests, language) in enumerate(readers, start=1):
        email = f"reader{number}@example.com"
        person = {"id": number, "email": email, "address": email, "language": language, "created_at": NOW}
        # A subscription's id is not its subscriber's, so that mixing them up shows.
        subscription = {
            "id": number + 1000,
            "public_id": number.to_bytes(16, "big"),
            "subscriber_id": number,
            "newsletter": "harbour-brief",
            "status": "confirmed",
            "joined_at": NOW,
        }
        connection.execute(schema.subscribers.insert(), person)
        connection.execute(schema.subscriptions.insert(), subscription)
        rows = [{"subscription_id": number + 1000, "tag": tag} for tag in sorted(interests)]
        if rows:
            connection.execute(schema.interests.insert(), rows)


def held(connection: sa.Connection, expression: Expression, default_language: str) -> set[int]:
    clause = segment_clause(expression, default_language=default_language)
    joined = schema.subscriptions.join(schema.subscribers)
    return set(connection.execute(sa.select(schema.subscribers.c.id).select_from(joined).where(clause)).scalars())


@settings(max_examples=300, deadline=None)
@given(expression=EXPRESSIONS, readers=READERS, default_language=st.sampled_from(LANGUAGES[:2]))
def test_sql_and_the_function_hold_the_same_readers(
    connection: sa.Connection, expression: Expression, readers: list[Reader], default_language: str
) -> None:
    add(connection, readers)
    try:
        found = held(connection, expression, default_language)
    finally:
        connection.rollback()
    assert found == {
        number
        for number, (interests, language) in enumerate(readers, start=1)
        if matches(expression, interests=interests, language=language or default_language)
    }


def test_what_people_wrote_reaches_the_database_as_parameters_only() -> None:
    evil = "x' OR 1=1 --"
    expression = And((HasInterest(evil, frozenset({evil})), Not(InLanguage(evil))))
    clause = segment_clause(expression, default_language=evil)
    assert evil not in str(clause.compile(compile_kwargs={"render_postcompile": True}))


def nested(depth: int, join: str) -> str:
    """`(… join us)` written with the nested part last, where a parser has to remember most."""
    return f"us {join} (" * depth + "ai" + ")" * depth


@pytest.mark.parametrize(
    ("text", "readers"),
    [
        (" or ".join(["ai"] * 300), {1}),
        ("not " * 48 + "(ai and not us)", {1}),
        (nested(25, "or not"), {2, 3}),
        (nested(25, "and not"), {2}),
        ("us or (ai and (" * 25 + "ai" + "))" * 25, {1, 2}),
        ("not us and (" * 24 + "ai" + ")" * 24, {1}),
    ],
)
def test_the_largest_expressions_that_are_allowed_run(connection: sa.Connection, text: str, readers: set[int]) -> None:
    vocabulary = vocabulary_of([Tag("ai", {"en": "AI"}), Tag("us", {"en": "US"})])
    add(connection, [(frozenset({"ai"}), "en"), (frozenset({"us"}), "en"), (frozenset(), "")])
    try:
        assert held(connection, parse_segment(text, vocabulary, {}), "en") == readers
    finally:
        connection.rollback()


def test_the_same_person_counts_once_for_each_newsletter_by_its_own_interests(connection: sa.Connection) -> None:
    add(connection, [(frozenset({"ai"}), "en")])
    other = {
        "id": 2000,
        "public_id": (99).to_bytes(16, "big"),
        "subscriber_id": 1,
        "newsletter": "harbour-team",
        "status": "confirmed",
        "joined_at": NOW,
    }
    connection.execute(schema.subscriptions.insert(), other)
    try:
        clause = segment_clause(HasInterest("ai", frozenset({"ai"})), default_language="en")
        assert list(connection.execute(sa.select(schema.subscriptions.c.id).where(clause)).scalars()) == [1001]
    finally:
        connection.rollback()
