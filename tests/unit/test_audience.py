from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import Rules, choose_stories, judge_stories, skip_reason, verdict
from newsletter.edition import CompiledIssue, CompiledStory
from newsletter.issue import Choice
from newsletter.segment.grammar import parse_segment
from newsletter.subscriber import Skip, Subscriber, SubscriptionStatus, SuppressionReason
from newsletter.tags import read_vocabulary
from tests.builders import NOW, a_compiled_issue, a_subscriber
from tests.planning import planned_one_by_one, standing_of

VOCABULARY = read_vocabulary(
    """
ai: {names: {en: AI}}
ai-policy: {names: {en: AI policy}, parents: [ai]}
ai-chips: {names: {en: AI chips}, parents: [ai]}
ai-infrastructure: {names: {en: AI infrastructure}, parents: [ai]}
crypto: {names: {en: Crypto}}
""",
    path="tags.yaml",
)


def the_rules(segment: str = "ai and not crypto", **details: Any) -> Rules:
    return Rules(
        **{
            "compiled": a_compiled_issue(),
            "segment": parse_segment(segment, VOCABULARY, {}),
            "vocabulary": VOCABULARY,
            "language": "en",
            **details,
        }
    )


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, None),
        ({"status": SubscriptionStatus.PENDING}, Skip.PENDING),
        ({"status": SubscriptionStatus.UNSUBSCRIBED}, Skip.UNSUBSCRIBED),
        ({"suppressed_for": SuppressionReason.COMPLAINED}, Skip.SUPPRESSED),
        ({"interests": frozenset({"ai", "crypto"})}, Skip.NOT_IN_SEGMENT),
        ({"interests": frozenset()}, Skip.NOT_IN_SEGMENT),
        ({"paused_until": NOW + timedelta(days=1)}, Skip.PAUSED),
        ({"paused_until": NOW}, None),
        ({"paused_until": NOW + timedelta(days=1), "status": SubscriptionStatus.UNSUBSCRIBED}, Skip.UNSUBSCRIBED),
        ({"subscriber_id": 7}, Skip.ALREADY_SENT),
        ({"status": SubscriptionStatus.UNSUBSCRIBED, "subscriber_id": 7}, Skip.UNSUBSCRIBED),
    ],
)
def test_who_is_left_out_and_why(details: dict[str, Any], expected: Skip | None) -> None:
    rules, reader = the_rules(), a_subscriber(**details)
    found = verdict(standing_of(reader, rules, holders={7}), rules.compiled)
    assert (found if isinstance(found, Skip) else None) is expected
    if expected is not Skip.ALREADY_SENT:
        assert skip_reason(reader, rules, NOW) is expected


@pytest.mark.parametrize(("language", "expected"), [("", None), ("en", None), ("zh-Hans", Skip.NOT_IN_SEGMENT)])
def test_a_reader_who_named_no_language_has_the_newsletters(language: str, expected: Skip | None) -> None:
    assert skip_reason(a_subscriber(language=language), the_rules("language:en"), NOW) is expected


@pytest.mark.parametrize(
    ("choice", "min_stories", "interests", "expected"),
    [
        (Choice.ALL, 1, {"ai-chips"}, ("grid", "chips", "rules")),
        (Choice.MATCHED, 1, {"ai-chips"}, ("grid", "chips")),
        (Choice.MATCHED, 2, {"ai-chips"}, None),
        (Choice.MATCHED, 1, {"ai-infrastructure"}, None),
        (Choice.MATCHED, 1, {"crypto"}, None),
        (Choice.MATCHED, 9, set(), ("grid", "chips", "rules")),
        (Choice.MATCHED, 2, {"ai"}, ("grid", "chips", "rules")),
        (Choice.MATCHED_FIRST, 1, {"ai-chips"}, ("chips", "grid", "rules")),
        (Choice.MATCHED_FIRST, 1, {"ai-policy"}, ("grid", "chips", "rules")),
        (Choice.MATCHED_FIRST, 1, {"crypto"}, ("grid", "chips", "rules")),
    ],
)
def test_which_stories_a_reader_gets(
    choice: Choice, min_stories: int, interests: set[str], expected: tuple[str, ...] | None
) -> None:
    compiled = a_compiled_issue(choice=choice, min_stories=min_stories)

    assert choose_stories(compiled, frozenset(interests), VOCABULARY) == expected


def test_each_story_has_a_reason() -> None:
    compiled = a_compiled_issue(choice=Choice.MATCHED)

    reasons = [verdict.why for verdict in judge_stories(compiled, frozenset({"ai-chips"}), VOCABULARY)]

    assert reasons == ["must-send", "matched", "not-matched"]


SUBSCRIBERS = st.builds(
    lambda number, status, interests, suppressed: a_subscriber(
        number, status=status, interests=frozenset(interests), suppressed_for=suppressed
    ),
    st.integers(1, 10_000),
    st.sampled_from(SubscriptionStatus),
    st.sets(st.sampled_from(sorted(VOCABULARY.tags))),
    st.none() | st.sampled_from(SuppressionReason),
)


@given(
    st.lists(SUBSCRIBERS, unique_by=lambda reader: reader.subscriber_id),
    st.sets(st.integers(1, 10_000)),
    st.sampled_from(Choice),
)
def test_chosen_and_skipped_together_are_everybody_once(
    readers: list[Subscriber], holders: set[int], choice: Choice
) -> None:
    rules = the_rules(compiled=a_compiled_issue(choice=choice))

    plan = planned_one_by_one(readers, rules, segment="ai and not crypto", holders=holders)

    chosen = [delivery.subscriber_id for delivery in plan.deliveries]
    skipped = [skip.subscriber_id for skip in plan.skips]
    assert sorted(chosen + skipped) == sorted(reader.subscriber_id for reader in readers)
    assert {delivery.edition_hash for delivery in plan.deliveries} == {edition.hash for edition in plan.editions}
    mailable = {r.subscriber_id for r in readers if r.status is SubscriptionStatus.CONFIRMED and not r.suppressed_for}
    assert set(chosen) <= mailable - holders


@pytest.mark.parametrize("choice", Choice)
def test_no_two_planned_editions_are_the_same(choice: Choice) -> None:
    tags = ("ai", "ai-policy", "ai-chips", "ai-infrastructure", "crypto")
    readers = [a_subscriber(number, interests=frozenset({tag})) for number, tag in enumerate(tags)]

    plan = planned_one_by_one(
        readers, the_rules("everyone", compiled=a_compiled_issue(choice=choice)), segment="everyone"
    )

    hashes = [edition.hash for edition in plan.editions]
    assert len(hashes) == len(set(hashes))


def test_readers_with_the_same_choice_share_an_edition() -> None:
    readers = [a_subscriber(1, interests=frozenset({"ai-chips"})), a_subscriber(2, interests=frozenset({"ai-chips"}))]
    readers.append(a_subscriber(3, interests=frozenset({"ai-policy"})))

    plan = planned_one_by_one(readers, the_rules(compiled=a_compiled_issue(choice=Choice.MATCHED)), segment="ai")

    assert [edition.stories for edition in plan.editions] == [("grid", "chips"), ("grid", "rules")]
    assert plan.editions[0].subject == "Harbour: Harbour City funds a computing grid"


TAGS = ("ai-policy", "ai-chips", "ai-infrastructure", "crypto")


@st.composite
def compiled_briefs(draw: st.DrawFn) -> CompiledIssue:
    """Stories with any tags, some to be sent to everybody, in any number of sections."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 3), st.sets(st.sampled_from(TAGS)), st.booleans()), min_size=1))
    stories = [
        CompiledStory(f"s{number}", f"Headline {number}", section, tuple(sorted(tags)), must_send)
        for number, (section, tags, must_send) in enumerate(sorted(drawn, key=lambda story: story[0]))
    ]
    choice, least = draw(st.sampled_from(Choice)), draw(st.integers(1, 4))
    return a_compiled_issue(stories=tuple(stories), choice=choice, min_stories=least, html=(), text=())


interests = st.sets(st.sampled_from(sorted(VOCABULARY.tags))).map(frozenset)


def fitting(compiled: CompiledIssue, wanted: frozenset[str]) -> list[CompiledStory]:
    """Of this vocabulary, in which "ai" stands above everything but crypto."""
    return [story for story in compiled.stories if set(story.tags) & (wanted | AI if "ai" in wanted else wanted)]


AI = frozenset(TAGS) - {"crypto"}


@given(compiled_briefs(), interests)
def test_nobody_gets_an_empty_brief_or_a_story_twice(compiled: CompiledIssue, wanted: frozenset[str]) -> None:
    chosen = choose_stories(compiled, wanted, VOCABULARY)
    assert chosen is None or 0 < len(chosen) == len(set(chosen))


@given(compiled_briefs(), interests)
def test_every_story_is_for_those_without_interests_and_where_all_are_sent(
    compiled: CompiledIssue, wanted: frozenset[str]
) -> None:
    everything = tuple(story.id for story in compiled.stories)
    assert choose_stories(compiled, frozenset(), VOCABULARY) == everything
    assert choose_stories(replace(compiled, choice=Choice.ALL), wanted, VOCABULARY) == everything


@given(compiled_briefs(), interests.filter(bool))
def test_matched_sends_what_fits_and_what_must_be_sent_or_nothing_when_too_little_fits(
    compiled: CompiledIssue, wanted: frozenset[str]
) -> None:
    fits = fitting(compiled, wanted)
    kept = tuple(story.id for story in compiled.stories if story in fits or story.must_send)
    enough = sum(not story.must_send for story in fits) >= compiled.min_stories
    matched = replace(compiled, choice=Choice.MATCHED)
    assert choose_stories(matched, wanted, VOCABULARY) == (kept if enough else None)


@given(compiled_briefs(), interests.filter(bool))
def test_matched_first_moves_what_fits_to_the_front_of_its_section_and_drops_nothing(
    compiled: CompiledIssue, wanted: frozenset[str]
) -> None:
    fits = fitting(compiled, wanted)
    expected = sorted(compiled.stories, key=lambda story: (story.section, story not in fits))
    chosen = choose_stories(replace(compiled, choice=Choice.MATCHED_FIRST), wanted, VOCABULARY)
    assert chosen == tuple(story.id for story in expected)


@given(compiled_briefs(), st.lists(interests, max_size=12))
def test_a_plan_names_those_who_get_too_little_and_counts_those_without_interests(
    compiled: CompiledIssue, wanted: list[frozenset[str]]
) -> None:
    readers = [a_subscriber(number, interests=one) for number, one in enumerate(wanted, start=1)]
    plan = planned_one_by_one(readers, the_rules("everyone", compiled=compiled), segment="everyone")
    choices = {reader.subscriber_id: choose_stories(compiled, reader.interests, VOCABULARY) for reader in readers}
    assert {skip.subscriber_id: skip.reason for skip in plan.skips} == {
        number: Skip.TOO_FEW_STORIES for number, chosen in choices.items() if chosen is None
    }
    stories = {edition.hash: edition.stories for edition in plan.editions}
    planned = {delivery.subscriber_id: stories[delivery.edition_hash] for delivery in plan.deliveries}
    assert planned.keys() == {number for number, chosen in choices.items() if chosen is not None}
    assert len(set(planned.values())) <= len(plan.editions) == len({edition.hash for edition in plan.editions})
    assert plan.without_interests == wanted.count(frozenset())
