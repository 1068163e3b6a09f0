"""
A segment as SQL holds the very readers that it holds as a function, and that it was meant to hold.

Expressions are drawn together with their meaning, told here in the plainest way, from the vocabulary's parents up.
NEWSLETTER_ORACLE_RUNS is how many of them; `make test-faults` takes 20,000.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.segment import And, Expression, HasInterest, Home, InLanguage, Known, Not, Segment, matches
from newsletter.segment.expression import About
from newsletter.segment.grammar import SavedSegment, parse_segment
from newsletter.store import opening, schema
from newsletter.store.database import Database, connect
from newsletter.store.readers import Readers
from newsletter.store.segments import STEPS, held_clause, segment_clause
from newsletter.subscriber import Subscriber
from newsletter.tags import Tag, fold, vocabulary_of
from tests import postgres
from tests.builders import NOW

RUNS = int(os.environ.get("NEWSLETTER_ORACLE_RUNS", "1000"))
#: expressions that are asked of the same readers
AT_ONCE = 20
NEWSLETTER = "harbour-brief"
PARENTS = {
    "asia": (),
    "china": ("asia",),
    "hong-kong": ("china",),
    "tech": (),
    "ai": ("tech",),
    "ai-policy": ("ai", "policy"),
    "policy": (),
    "crypto": (),
}
RETIRED = {"bitcoin": "crypto", "prc": "china"}
VOCABULARY = vocabulary_of(
    [
        *(Tag(slug, {"en": slug}, parents=parents) for slug, parents in PARENTS.items()),
        *(Tag(slug, {"en": slug}, replaced_by=new) for slug, new in RETIRED.items()),
    ]
)
INTERESTS = (*PARENTS, *RETIRED, "it's; DROP TABLE interests --")
COMPANIES = ("", "Acme Ltd", "ACME  LTD.", "Économie", "ÉCONOMIE", "O'Neil & Co", "%_")
MANAGERS = ("", "Mei Lin", "陈美")
LANGUAGES = ("en", "zh-Hans", "")
ZONE = ZoneInfo("Asia/Singapore")
HOMES = (Home("en", ZONE.key), Home("zh-Hans", ZONE.key))
#: the last instant of a year and the first of the next, by two clocks
INSTANTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in ("2025-12-31T15:59:59.999999", "2025-12-31T16:00", "2025-12-31T23:59", "2026-01-01", "2026-01-31T16:00")
)


@dataclass(frozen=True)
class Said:
    """Words of the segment language, and whom they are meant to hold."""

    text: str
    holds: Callable[[Subscriber, Home], bool]


def above(slug: str) -> set[str]:
    return {slug}.union(*(above(parent) for parent in PARENTS[slug]))


def chosen(reader: Subscriber) -> set[str]:
    """Their interests by the names of today."""
    return {RETIRED.get(tag, tag) for tag in reader.interests}


def has_kin(slug: str) -> Said:
    """A wider or a narrower one is as good."""
    now = RETIRED.get(slug, slug)
    kin = above(now) | {other for other in PARENTS if now in above(other)}
    return Said(slug, lambda reader, _: bool(kin & chosen(reader)))


def has_exactly(slug: str) -> Said:
    return Said(f"={slug}", lambda reader, _: RETIRED.get(slug, slug) in chosen(reader))


def reads(language: str) -> Said:
    return Said(f"language:{language}", lambda reader, home: (reader.language or home.language) == language)


def works_for(company: str) -> Said:
    return Said(f'company:"{company}"', lambda reader, _: fold(reader.company) == fold(company))


def looked_after_by(manager: str) -> Said:
    return Said(f'manager:"{manager}"', lambda reader, _: reader.manager == manager)


def joined(side: str, day: date) -> Said:
    compared: dict[str, Callable[[date], bool]] = {
        "<": lambda on: on < day,
        "<=": lambda on: on <= day,
        "": lambda on: on == day,
        ">=": lambda on: on >= day,
        ">": lambda on: on > day,
    }
    return Said(f"joined:{side}{day}", lambda reader, _: compared[side](reader.joined_at.astimezone(ZONE).date()))


def is_far(reader: Subscriber, _: Home) -> bool:
    return bool({"asia", "china", "hong-kong"} & chosen(reader)) and "crypto" not in chosen(reader)


SAVED = {"chinese": reads("zh-Hans"), "far": Said("asia and not crypto", is_far)}
SEGMENTS = {
    name: SavedSegment(name, name, said.text, parse_segment(said.text, VOCABULARY, {})) for name, said in SAVED.items()
}
TAGS = (*PARENTS, *RETIRED)
WORDS: st.SearchStrategy[Said] = st.one_of(
    st.builds(has_kin, st.sampled_from(TAGS)),
    st.builds(has_exactly, st.sampled_from(TAGS)),
    st.builds(reads, st.sampled_from(LANGUAGES[:2])),
    st.builds(works_for, st.sampled_from(COMPANIES)),
    st.builds(looked_after_by, st.sampled_from(MANAGERS)),
    st.builds(joined, st.sampled_from(["<", "<=", "", ">=", ">"]), st.dates(date(2025, 12, 31), date(2026, 1, 2))),
    st.sampled_from(sorted(SAVED)).map(lambda name: Said(f"segment:{name}", SAVED[name].holds)),
    st.just(Said("everyone", lambda *_: True)),
)


def _not(said: Said) -> Said:
    return Said(f"not ({said.text})", lambda reader, home: not said.holds(reader, home))


def _all(several: list[Said]) -> Said:
    text = " and ".join(f"({said.text})" for said in several)
    return Said(text, lambda reader, home: all(said.holds(reader, home) for said in several))


def _any(several: list[Said], is_list: bool) -> Said:
    text = f"any-of({', '.join(s.text for s in several)})" if is_list else " or ".join(f"({s.text})" for s in several)
    return Said(text, lambda reader, home: any(said.holds(reader, home) for said in several))


def _grown(inner: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    several = st.lists(inner, min_size=1, max_size=4)
    return st.builds(_not, inner) | st.builds(_all, several) | st.builds(_any, several, st.booleans())


EXPRESSIONS = st.recursive(WORDS, _grown, max_leaves=10)
READERS = st.fixed_dictionaries(
    {
        "interests": st.frozensets(st.sampled_from(INTERESTS), max_size=4),
        "language": st.sampled_from(LANGUAGES),
        "company": st.sampled_from(COMPANIES),
        "manager": st.sampled_from(MANAGERS),
        "joined_at": st.sampled_from(INSTANTS),
    }
)


@pytest.fixture(name="database", scope="module")
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = connect(
        postgres.empty_for(tmp_path_factory.mktemp("sql")) if postgres.IS_WANTED else "sqlite://", wait_seconds=1
    )
    opening.open_schema(database)
    yield database
    database.close()


def fill(database: Database, readers: list[dict[str, object]]) -> None:
    with database.writing() as connection:
        for table in (schema.interests, schema.subscriptions, schema.subscribers):
            connection.execute(sa.delete(table))
        for number, reader in enumerate(readers, start=1):
            add(connection, number, reader)


def add(connection: sa.Connection, number: int, reader: dict[str, object]) -> None:
    email = f"reader{number}@example.com"
    details = {name: reader.get(name, "") for name in ("language", "company", "manager")}
    person = {"id": number, "email": email, "address": email, "created_at": NOW} | details
    # A subscription's id is not its subscriber's, so that mixing them up shows.
    subscription = {
        "id": number + 1000,
        "public_id": number.to_bytes(16, "big"),
        "subscriber_id": number,
        "newsletter": NEWSLETTER,
        "status": "confirmed",
        "joined_at": reader.get("joined_at", NOW),
    }
    connection.execute(schema.subscribers.insert(), person)
    connection.execute(schema.subscriptions.insert(), subscription)
    interests = reader.get("interests", frozenset())
    assert isinstance(interests, frozenset)
    rows = [{"subscription_id": number + 1000, "tag": tag} for tag in sorted(interests)]
    if rows:
        connection.execute(schema.interests.insert(), rows)


def held(database: Database, segment: Segment, *, steps: tuple[int, ...] | None) -> set[int]:
    """
    :param steps: how the readers of all at once are found; None: one by one
    """
    joined = schema.subscriptions.join(schema.subscribers)
    wanted = sa.select(schema.subscriptions.c.id).select_from(joined)
    with database.reading() as connection:
        clause = segment_clause(connection, segment) if steps is None else held_clause(connection, segment, steps=steps)
        return set(connection.execute(wanted.where(clause)).scalars())


@settings(max_examples=max(1, RUNS // AT_ONCE), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    readers=st.lists(READERS, min_size=1, max_size=12),
    expressions=st.lists(EXPRESSIONS, min_size=AT_ONCE, max_size=AT_ONCE),
    home=st.sampled_from(HOMES),
)
def test_sql_and_the_function_hold_the_readers_that_were_meant(
    database: Database, readers: list[dict[str, object]], expressions: list[Said], home: Home
) -> None:
    fill(database, readers)
    everybody = list(Readers(database).stream(NEWSLETTER))
    assert len(everybody) == len(readers)
    for said in expressions:
        segment = Segment(parse_segment(said.text, VOCABULARY, SEGMENTS), home)
        meant = {reader.subscription_id for reader in everybody if said.holds(reader, home)}
        assert {r.subscription_id for r in everybody if matches(segment.expression, r, home)} == meant, said.text
        for steps in (None, STEPS, ()):
            assert held(database, segment, steps=steps) == meant, (said.text, steps)
        assert Readers(database).count(NEWSLETTER, segment, mailable=True) == len(meant), said.text


def test_what_people_wrote_reaches_the_database_as_parameters_only(database: Database) -> None:
    evil = "x' OR 1=1 --"
    tag = HasInterest(evil, frozenset({evil}))
    expression = And((tag, Not(InLanguage(evil)), Known(About.COMPANY, evil)))
    segment = Segment(expression, Home(evil))
    with database.reading() as connection:
        clauses = [
            segment_clause(connection, segment),
            held_clause(connection, segment),
            held_clause(connection, segment, steps=()),
        ]
    for clause in clauses:
        assert "OR 1=1" not in str(clause.compile(compile_kwargs={"render_postcompile": True})).upper()


def nested(depth: int, join: str) -> str:
    """`(… join us)` written with the nested part last, where a parser has to remember most."""
    return f"us {join} (" * depth + "ai" + ")" * depth


@pytest.mark.parametrize("steps", [None, STEPS, ()])
@pytest.mark.parametrize(
    ("text", "readers"),
    [
        (" or ".join(["ai"] * 300), {1}),
        (" or ".join(["ai", "not us"] * 120), {1, 3}),
        ("not " * 48 + "(ai and not us)", {1}),
        (nested(25, "or not"), {2, 3}),
        (nested(25, "and not"), {2}),
        ("us or (ai and (" * 25 + "ai" + "))" * 25, {1, 2}),
        ("not us and (" * 24 + "ai" + ")" * 24, {1}),
        ("language:en and (us or (" * 24 + "ai" + "))" * 24, {1, 2}),
    ],
)
def test_the_largest_expressions_that_are_allowed_run(
    database: Database, text: str, readers: set[int], steps: tuple[int, ...] | None
) -> None:
    vocabulary = vocabulary_of([Tag("ai", {"en": "AI"}), Tag("us", {"en": "US"})])
    fill(database, [{"interests": frozenset({"ai"})}, {"interests": frozenset({"us"})}, {}])
    expression: Expression = parse_segment(text, vocabulary, {})
    assert {number - 1000 for number in held(database, Segment(expression, Home("en")), steps=steps)} == readers


def test_the_same_person_counts_once_for_each_newsletter_by_its_own_interests(database: Database) -> None:
    fill(database, [{"interests": frozenset({"ai"})}])
    other = {
        "id": 2000,
        "public_id": (99).to_bytes(16, "big"),
        "subscriber_id": 1,
        "newsletter": "harbour-team",
        "status": "confirmed",
        "joined_at": NOW,
    }
    with database.writing() as connection:
        connection.execute(schema.subscriptions.insert(), other)
    segment = Segment(HasInterest("ai", frozenset({"ai"})), Home("en"))
    for steps in (None, STEPS, ()):
        assert held(database, segment, steps=steps) == {1001}
    assert [Readers(database).count(name, segment) for name in (NEWSLETTER, "harbour-team")] == [1, 0]
