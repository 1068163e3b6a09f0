"""What a report counts, against the same counted delivery by delivery, for any history."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState
from newsletter.event import EventKind
from newsletter.plan import Plan, PlannedDelivery, PlannedEdition
from newsletter.report.account import Account, account_of
from newsletter.report.fates import Fate, fate_of
from newsletter.report.moments import SERIES, moments_of
from newsletter.store import Store, schema
from newsletter.store.outcomes import Standing
from newsletter.subscriber import Skip
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.stores import (
    PlannedSkip,
    a_store,
    a_vocabulary,
    an_entry,
    take_in,
)

SEEN = NOW + timedelta(days=40)
EDITIONS = (("grid",), ("grid", "chips"), ("chips", "rules"), ("rules",))
CAME_BACK = {EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED}


@dataclass(frozen=True)
class Told:
    kind: EventKind
    hours: int
    bounce: BounceKind | None
    is_machine: bool


@dataclass(frozen=True)
class Past:
    """Of one reader."""

    edition: int
    state: DeliveryState
    domain: str
    told: tuple[Told, ...]
    refused_as: BounceKind | None
    left_after: int | None


TOLD = st.builds(
    Told, st.sampled_from(EventKind), st.integers(0, 900), st.sampled_from([None, *BounceKind]), st.booleans()
)
PAST = st.builds(
    Past,
    st.integers(0, len(EDITIONS) - 1),
    st.sampled_from(DeliveryState) | st.just(DeliveryState.ACCEPTED),
    st.sampled_from(["example.com", "example.org", "公司.example"]),
    st.lists(TOLD, max_size=4).map(tuple),
    st.none() | st.sampled_from(BounceKind),
    st.none() | st.integers(-5, 400),
)


def written(store: Store, pasts: list[Past], skips: list[Skip]) -> int:
    """The mailing, as the store would hold it after such a past."""
    entries = [an_entry(n, email=f"reader{n}@{past.domain}") for n, past in enumerate(pasts)]
    readers = take_in(store, *entries, *(an_entry(1_000 + n) for n in range(len(skips))))
    editions = [PlannedEdition(f"hash{n}", stories, f"Subject {n}") for n, stories in enumerate(EDITIONS)]
    plan = Plan(
        compiled=a_compiled_issue(letterhead=a_letterhead(slug="harbour-2026-06-10")),
        segment="everyone",
        again=False,
        editions=tuple(editions),
        deliveries=tuple(
            PlannedDelivery(one.subscriber_id, one.subscription_id, f"hash{past.edition}")
            for one, past in zip(readers, pasts, strict=False)
        ),
        skips=tuple(
            PlannedSkip(one.subscriber_id, reason) for one, reason in zip(readers[len(pasts) :], skips, strict=True)
        ),
        without_interests=0,
    )
    mailing = store.mailings.save_plan(plan, actor="mei", now=NOW)
    store.mailings.begin(mailing.id, transport="smtp", actor="mei", now=NOW)
    with store._database.writing() as connection:
        ids = {row.subscriber_id: row for row in connection.execute(sa.select(schema.deliveries))}
        for number, (reader, past) in enumerate(zip(readers, pasts, strict=False)):
            _happen(connection, number, ids[reader.subscriber_id], past)
    return mailing.id


def _happen(connection: sa.Connection, number: int, row: Any, past: Past) -> None:
    settled = sa.update(schema.deliveries).where(schema.deliveries.c.id == row.id)
    connection.execute(settled.values(state=past.state, claimed_at=NOW, settled_at=NOW))
    theirs = {"mailing_id": row.mailing_id, "subscriber_id": row.subscriber_id}
    for place, told in enumerate(past.told):
        at = NOW + timedelta(hours=told.hours)
        values: dict[str, Any] = {"kind": told.kind, "bounce": told.bounce, "happened_at": at, "received_at": at}
        values |= {"key": f"{number}-{place}", "is_machine": told.is_machine, "delivery_id": row.id}
        connection.execute(sa.insert(schema.events).values(values | theirs))
    if past.refused_as:
        # One was refused twice, after a retry; another bounce is known by an event.
        for kind, event in ((BounceKind.OTHER, None), (past.refused_as, None), (BounceKind.FULL, 7)):
            refusal = theirs | {"kind": kind, "bounced_at": NOW, "event_id": event}
            connection.execute(sa.insert(schema.bounces).values(refusal))
    if past.left_after is not None:
        gone = sa.update(schema.subscriptions).where(schema.subscriptions.c.id == row.subscription_id)
        at = NOW + timedelta(hours=past.left_after)
        connection.execute(gone.values(status="unsubscribed", unsubscribed_at=at))


def fate_by_hand(past: Past) -> Fate:
    kinds = {told.kind for told in past.told}
    if past.state in (DeliveryState.PLANNED, DeliveryState.CLAIMED, DeliveryState.DEFERRED):
        return Fate.WAITING
    if past.state is not DeliveryState.ACCEPTED:
        return Fate(past.state)
    if kinds & CAME_BACK:
        return Fate.BOUNCED
    return Fate.DELIVERED if EventKind.DELIVERED in kinds else Fate.ACCEPTED


def counted(pasts: list[Past], skips: list[Skip]) -> Account:
    with tempfile.TemporaryDirectory() as folder, a_store(Path(folder)) as store:
        mailing_id = written(store, pasts, skips)
        return account_of(store, store.mailings.find(mailing_id), a_vocabulary(), now=SEEN)


@settings(max_examples=40, deadline=None)
@given(st.lists(PAST, max_size=12), st.lists(st.sampled_from(Skip), max_size=4))
def test_for_any_history_every_figure_adds_up_to_the_plan(pasts: list[Past], skips: list[Skip]) -> None:
    found = counted(pasts, skips)
    fates = [fate_by_hand(past) for past in pasts]

    assert found.fates == {fate: fates.count(fate) for fate in Fate}
    assert found.planned == len(pasts) == sum(one.planned for one in found.domains)
    assert found.skipped == Counter(skips)
    assert found.unserved == skips.count(Skip.TOO_FEW_STORIES)
    assert sum(found.bounces.values()) == found.failed == sum(one.failed for one in found.domains)
    assert found.reached == sum(one.reached for one in found.domains)
    over_time = {name: sum(getattr(one, name) for one in found.moments) for name in SERIES}
    assert over_time["accepted"] == sum(past.state is DeliveryState.ACCEPTED for past in pasts)
    assert over_time["delivered"] == found.fates[Fate.DELIVERED]
    assert over_time["bounced"] == found.fates[Fate.BOUNCED]
    assert over_time["complained"] == found.complained
    assert over_time["left"] == found.left


@settings(max_examples=40, deadline=None)
@given(st.lists(PAST, max_size=12))
def test_for_any_history_reach_is_that_of_each_reader_by_name(pasts: list[Past]) -> None:
    found = counted(pasts, [])
    has_it = [(set(EDITIONS[past.edition]), fate_by_hand(past) in (Fate.DELIVERED, Fate.ACCEPTED)) for past in pasts]
    for story in found.stories:
        assert story.planned == sum(story.id in held for held, _ in has_it)
        assert story.reached == sum(story.id in held for held, is_reached in has_it if is_reached)
    assert found.complained == sum(any(told.kind is EventKind.COMPLAINED for told in past.told) for past in pasts)
    is_left = [
        past.left_after is not None and past.left_after >= 0 and past.state is DeliveryState.ACCEPTED for past in pasts
    ]
    assert found.left == sum(is_left)
    for what, kind in (("opened", EventKind.OPENED), ("clicked", EventKind.CLICKED)):
        by_person = [any(t.kind is kind and not t.is_machine for t in past.told) for past in pasts]
        by_any = [any(t.kind is kind for t in past.told) for past in pasts]
        assert getattr(found.tracked, what) == sum(by_person)
        assert getattr(found.tracked, f"{what}_by_machine") == sum(by_any) - sum(by_person)


def test_a_refusal_counts_by_the_last_thing_that_was_said_of_it(tmp_path: Path) -> None:
    full, unsaid = Told(EventKind.BOUNCED, 2, BounceKind.FULL, False), Told(EventKind.DROPPED, 2, None, False)
    pasts = [
        Past(0, DeliveryState.REFUSED, "example.com", (), BounceKind.DEAD, None),
        Past(0, DeliveryState.REFUSED, "example.com", (), None, None),
        Past(0, DeliveryState.ACCEPTED, "example.com", (full,), None, None),
        Past(0, DeliveryState.ACCEPTED, "example.com", (unsaid,), None, None),
    ]
    found = counted(pasts, [])
    assert found.bounces == {BounceKind.DEAD: 1, BounceKind.FULL: 1, BounceKind.OTHER: 2}


def test_who_left_long_after_or_before_is_not_counted_for_this_mailing(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        pasts = [Past(0, DeliveryState.ACCEPTED, "example.com", (), None, after) for after in (-1, 0, 24, 24 * 8)]
        mailing_id = written(store, pasts, [])
        store.mailings.finish(mailing_id, NOW)
        found = account_of(store, store.mailings.find(mailing_id), a_vocabulary(), now=SEEN)
    assert found.left == 2


def test_a_tag_is_followed_by_whoever_chose_it_or_a_wider_one(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        pasts = [Past(0, DeliveryState.ACCEPTED, "example.com", (), None, None)]
        mailing_id = written(store, pasts, [Skip.TOO_FEW_STORIES])
        before = account_of(store, store.mailings.find(mailing_id), a_vocabulary(), now=SEEN)
        take_in(store, an_entry(50, interests=frozenset({"ai"})))
        found = account_of(store, store.mailings.find(mailing_id), a_vocabulary(), now=SEEN)
    assert before.unfollowed == ("ai-infrastructure", "ai-chips", "ai-policy")
    # the vocabulary does not know this one; of the others "ai" is a wider one
    assert found.unfollowed == ("ai-infrastructure",)
    assert found.unserved == 1
    assert {one.tag: (one.stories, one.reached) for one in found.tags} == {
        "ai-infrastructure": (1, 1),
        "ai-chips": (1, 0),
        "ai-policy": (1, 0),
    }


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("is_bounced", [True, False])
@pytest.mark.parametrize("is_delivered", [True, False])
def test_only_what_was_accepted_can_have_become_something_else(
    state: DeliveryState, is_bounced: bool, is_delivered: bool
) -> None:
    found = fate_of(Standing(state, is_bounced, is_delivered))
    assert (found in (Fate.DELIVERED, Fate.ACCEPTED, Fate.BOUNCED)) is (state is DeliveryState.ACCEPTED)
    # whichever of the two was told first
    assert (found is Fate.BOUNCED) is (state is DeliveryState.ACCEPTED and is_bounced)


@given(st.dictionaries(st.sampled_from(SERIES), st.dictionaries(st.integers(0, 2_000), st.integers(1, 9), max_size=9)))
def test_no_count_is_lost_between_hours_and_days(hours: dict[str, dict[int, int]]) -> None:
    start = datetime(2026, 6, 10, 9, tzinfo=UTC)
    told = {name: {start + timedelta(hours=h): n for h, n in found.items()} for name, found in hours.items()}
    moments = moments_of(told)
    for name in SERIES:
        assert sum(getattr(one, name) for one in moments) == sum(hours.get(name, {}).values())
    assert len(moments) <= 24 + 30
    begins = [one.begins_at for one in moments]
    assert begins == sorted(set(begins))
    assert [one.is_hour for one in moments] == sorted((one.is_hour for one in moments), reverse=True)
