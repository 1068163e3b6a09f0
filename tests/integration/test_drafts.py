"""A plan that the database makes for all readers at once is the plan that the pure function makes, reader by reader."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience import Rules
from newsletter.delivery import DeliveryState, Mailing
from newsletter.edition import CompiledIssue, CompiledStory, Piece
from newsletter.errors import Finding, StoreError
from newsletter.issue import Choice
from newsletter.plan import Plan, audience_hash, audience_hash_of_stretches
from newsletter.segment.grammar import parse_segment
from newsletter.store import Store, schema
from newsletter.store.database import Database
from newsletter.store.drafts import Wanted
from newsletter.subscriber import Skip, SubscriptionStatus, SuppressionReason
from newsletter.tags import read_vocabulary
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.planning import holders_of, planned_one_by_one
from tests.stores import NEWSLETTER, a_plan, a_store, an_entry, only_sqlite, take_in

VOCABULARY = read_vocabulary(
    """
tech: {names: {en: Tech}}
ai: {names: {en: AI}, parents: [tech]}
ai-policy: {names: {en: AI policy}, parents: [ai]}
crypto: {names: {en: Crypto}}
bitcoin: {names: {en: Bitcoin}, replaced_by: crypto}
""",
    path="tags.yaml",
)
TAGS = (*VOCABULARY.tags, "unheard-of")
SEGMENTS = ("everyone", "ai", "not crypto", "language:en and (ai or crypto)", "=tech and not company:Acme")
SLUG = "harbour-2026-06-10"

READERS = st.fixed_dictionaries(
    {
        "interests": st.frozensets(st.sampled_from(TAGS), max_size=4),
        "language": st.sampled_from(["", "en", "zh-Hans"]),
        "company": st.sampled_from(["", "Acme"]),
        "status": st.sampled_from([*[SubscriptionStatus.CONFIRMED] * 4, *SubscriptionStatus]),
    }
)


@st.composite
def issues(draw: st.DrawFn) -> CompiledIssue:
    """Stories with any tags, retired and unknown ones among them, some to be sent to everybody; no stories at all."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 2), st.sets(st.sampled_from(TAGS)), st.booleans()), max_size=5))
    stories = [
        CompiledStory(f"s{number}", f"Headline {number}", section, tuple(sorted(tags)), must_send)
        for number, (section, tags, must_send) in enumerate(sorted(drawn, key=lambda story: story[0]))
    ]
    pieces = tuple(Piece(f"{story.headline}\n", story.section, story.id) for story in stories)
    choice = draw(st.sampled_from(Choice)) if stories else Choice.ALL
    details = {"stories": tuple(stories), "choice": choice, "min_stories": draw(st.integers(1, 3))}
    return a_compiled_issue(letterhead=a_letterhead(slug=SLUG), html=pieces, text=pieces, **details)


@pytest.fixture
def store(tmp_path: Any) -> Iterator[Store]:
    with a_store(tmp_path) as store:
        yield store


def database_of(store: Store) -> Database:
    return store._database


def rows(store: Store, wanted: sa.Select[Any]) -> list[tuple[Any, ...]]:
    with database_of(store).reading() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def written(store: Store, mailing: Mailing) -> tuple[dict[int, str], dict[int, str]]:
    """By reader: the hash of the edition, or the reason."""
    delivery, edition, skip = schema.deliveries.c, schema.editions.c, schema.skips.c
    joined = schema.deliveries.join(schema.editions)
    got = sa.select(delivery.subscriber_id, edition.hash).select_from(joined)
    got = got.where(delivery.mailing_id == mailing.id, delivery.state == DeliveryState.PLANNED)
    left = sa.select(skip.subscriber_id, skip.reason).where(skip.mailing_id == mailing.id)
    found, skipped = rows(store, got), rows(store, left)
    assert len(dict(found)) == len(found)
    return dict(found), dict(skipped)


def rules_for(compiled: CompiledIssue, segment: str) -> Rules:
    expression = parse_segment(segment, VOCABULARY, {})
    return Rules(compiled=compiled, segment=expression, vocabulary=VOCABULARY, language="en")


def forget_mailings(store: Store) -> None:
    tables = (schema.deliveries, schema.skips, schema.editions, schema.interests, schema.audit)
    with database_of(store).writing() as connection:
        for table in (*tables, schema.mailings, schema.subscriptions, schema.suppressions, schema.subscribers):
            connection.execute(sa.delete(table))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    readers=st.lists(READERS, min_size=1, max_size=8),
    suppressed=st.sets(st.integers(0, 7), max_size=2),
    holders=st.sets(st.integers(0, 7), max_size=8),
    compiled=issues(),
    segment=st.sampled_from(SEGMENTS),
    again=st.booleans(),
)
def test_both_ways_decide_alike_about_every_reader(
    store: Store,
    readers: list[dict[str, Any]],
    suppressed: set[int],
    holders: set[int],
    compiled: CompiledIssue,
    segment: str,
    again: bool,
) -> None:
    forget_mailings(store)
    taken = take_in(store, *(an_entry(number, **reader) for number, reader in enumerate(readers)))
    take_in(store, an_entry(1), newsletter="another-brief")
    for number in suppressed & set(range(len(taken))):
        store.readers.suppress(taken[number].subscriber_id, SuppressionReason.MANUAL, actor="mei", now=NOW)
    earlier = [reader for number, reader in enumerate(taken) if number in holders]
    if earlier:
        mailing = store.mailings.save_plan(a_plan(earlier), actor="mei", now=NOW)
        accept_all_but_one(store, mailing)
    rules = rules_for(compiled, segment)
    held = frozenset() if again else holders_of(store, NEWSLETTER, SLUG)
    readers_now = store.readers.stream(NEWSLETTER)
    plan = planned_one_by_one(readers_now, rules, segment=segment, again=again, holders=held)

    wanted = Wanted(rules=rules, segment=segment, again=again)
    foreseen = store.drafts.foresee(wanted)
    draft, saved = store.drafts.plan(wanted, actor="mei", now=NOW)

    assert draft == foreseen
    assert (draft.planned, draft.without_interests) == (len(plan.deliveries), plan.without_interests)
    assert {edition for edition, _ in draft.editions} == set(plan.editions)
    assert draft.content_hash == plan.content_hash
    assert sum(draft.skipped.values()) == len(plan.skips)
    if saved is None:
        assert not plan.deliveries
        return
    insist_as_planned(store, saved, plan)


def accept_all_but_one(store: Store, mailing: Mailing) -> None:
    """A planned delivery is not held; an accepted one is."""
    delivery = schema.deliveries.c
    first = sa.select(sa.func.min(delivery.id)).where(delivery.mailing_id == mailing.id).scalar_subquery()
    with database_of(store).writing() as connection:
        these = sa.update(schema.deliveries).where(delivery.mailing_id == mailing.id, delivery.id != first)
        connection.execute(these.values(state=DeliveryState.ACCEPTED))


def insist_as_planned(store: Store, mailing: Mailing, plan: Plan) -> None:
    got, left_out = written(store, mailing)
    assert got == {delivery.subscriber_id: delivery.edition_hash for delivery in plan.deliveries}
    assert left_out == {skip.subscriber_id: skip.reason for skip in plan.skips}
    assert mailing.audience_hash == store.approvals.audience_hash(mailing.id)
    assert mailing.content_hash == plan.content_hash
    if not database_of(store).is_shared:
        assert rows(store, sa.text("PRAGMA foreign_key_check")) == []  # type: ignore[arg-type]


def test_a_plan_is_as_good_as_one_that_was_saved_row_by_row(store: Store) -> None:
    take_in(store, *(an_entry(number, interests=frozenset({"ai" if number % 2 else "crypto"})) for number in range(7)))
    compiled = a_compiled_issue(choice=Choice.MATCHED, min_stories=1)
    rules = rules_for(compiled, "everyone")
    warned = Finding(message="a word of warning")
    plan = planned_one_by_one(store.readers.stream(NEWSLETTER), rules, segment="everyone")
    one = store.mailings.save_plan(plan, actor="mei", now=NOW, findings=[warned])
    _, other = store.drafts.plan(Wanted(rules=rules, segment="everyone"), actor="mei", now=NOW, findings=[warned])
    assert other is not None
    assert replace(one, id=0, audience_hash="") == replace(other, id=0, audience_hash="")
    assert written(store, one) == written(store, other)
    assert store.mailings.findings(one.id) == store.mailings.findings(other.id) == [warned]
    assert store.mailings.compiled(other.id) == compiled
    assert {(e, n) for _, e, n in store.mailings.editions(one.id)} == {
        (e, n) for _, e, n in store.mailings.editions(other.id)
    }


@pytest.mark.parametrize(("again", "planned"), [(False, 2), (True, 4)])
def test_who_holds_the_issue_or_may_hold_it_is_left_out_unless_it_is_to_go_out_again(
    store: Store, again: bool, planned: int
) -> None:
    readers = take_in(store, *(an_entry(number) for number in range(4)))
    accept_all_but_one(store, store.mailings.save_plan(a_plan(readers[:3]), actor="mei", now=NOW))
    compiled = a_compiled_issue(letterhead=a_letterhead(slug=SLUG))
    wanted = Wanted(rules=rules_for(compiled, "everyone"), segment="everyone", again=again)
    draft, mailing = store.drafts.plan(wanted, actor="mei", now=NOW)
    assert mailing is not None
    got, left_out = written(store, mailing)
    assert (draft.planned, len(got)) == (planned, planned)
    assert set(left_out.values()) == (set() if again else {Skip.ALREADY_SENT})
    other = Wanted(rules=rules_for(a_compiled_issue(letterhead=a_letterhead(slug="another")), "everyone"), segment="x")
    assert store.drafts.foresee(other).planned == 4


def test_an_editions_deliveries_stand_together(store: Store) -> None:
    take_in(
        store, *(an_entry(number, interests=frozenset({"ai" if number % 2 else "ai-policy"})) for number in range(9))
    )
    stories = tuple(CompiledStory(f"s{tag}", tag, 0, (tag,), must_send=False) for tag in ("ai", "ai-policy"))
    pieces = tuple(Piece(story.headline, 0, story.id) for story in stories)
    compiled = a_compiled_issue(stories=stories, html=pieces, text=pieces, choice=Choice.MATCHED, min_stories=1)
    wanted = Wanted(rules=rules_for(compiled, "everyone"), segment="everyone")
    _, mailing = store.drafts.plan(wanted, actor="mei", now=NOW)
    assert mailing is not None
    editions = [
        row[0] for row in rows(store, sa.select(schema.deliveries.c.edition_id).order_by(schema.deliveries.c.id))
    ]
    assert editions == sorted(editions)
    assert len(set(editions)) == 2
    assert mailing.audience_hash == store.approvals.audience_hash(mailing.id)


def test_nothing_is_saved_and_nothing_is_left_over_when_nobody_is_left(store: Store) -> None:
    take_in(store, an_entry(1, consent=None))
    wanted = Wanted(rules=rules_for(a_compiled_issue(), "everyone"), segment="everyone")
    for _ in range(2):
        draft, mailing = store.drafts.plan(wanted, actor="mei", now=NOW)
        assert (mailing, draft.planned, draft.skipped) == (None, 0, {Skip.PENDING: 1})
    assert store.mailings.recent() == []
    with database_of(store).reading() as connection:
        assert sa.inspect(connection).get_temp_table_names() == []


@only_sqlite
def test_a_plan_that_fails_leaves_nothing_and_keys_are_minded_again(
    store: Store,
) -> None:
    take_in(store, an_entry(1))
    wanted = Wanted(rules=rules_for(a_compiled_issue(), "everyone"), segment="everyone")
    with database_of(store).writing() as connection:
        said = "CREATE TEMP TRIGGER full AFTER INSERT ON main.skips BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        connection.exec_driver_sql(said)
    store.readers.suppress(1, SuppressionReason.MANUAL, actor="mei", now=NOW)
    take_in(store, an_entry(2))
    with pytest.raises(StoreError):
        store.drafts.plan(wanted, actor="mei", now=NOW)
    assert store.mailings.recent() == []
    assert rows(store, sa.text("PRAGMA foreign_keys")) == [(1,)]  # type: ignore[arg-type]
    with database_of(store).writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER temp.full")
    _, mailing = store.drafts.plan(wanted, actor="mei", now=NOW)
    assert mailing is not None


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["a" * 64, "b" * 64])), max_size=5), st.integers(1, 2000))
def test_stretches_of_deliveries_have_the_hash_that_each_of_them_alone_would_give(
    stretches: list[tuple[int, str]], first: int
) -> None:
    ranges: list[tuple[range, str]] = []
    for length, found in stretches:
        ranges.append((range(first, first + length), found))
        first += length
    each = [(delivery_id, found) for ids, found in ranges for delivery_id in ids]
    assert audience_hash_of_stretches(ranges) == audience_hash(each)


def test_hashing_in_large_pieces_changes_nothing() -> None:
    ids = range(9_995, 30_020)
    assert audience_hash_of_stretches([(ids, "c" * 64)]) == audience_hash((number, "c" * 64) for number in ids)
