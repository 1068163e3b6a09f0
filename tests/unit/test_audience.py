from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import Rules, choose_stories, judge_stories, skip_reason
from newsletter.issue import Choice
from newsletter.plan import make_plan
from newsletter.segment.grammar import parse_segment
from newsletter.subscriber import Skip, Subscriber, SubscriptionStatus, SuppressionReason
from newsletter.tags import read_vocabulary
from tests.builders import a_compiled_issue, a_subscriber

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
        ({"subscriber_id": 7}, Skip.ALREADY_SENT),
        ({"status": SubscriptionStatus.UNSUBSCRIBED, "subscriber_id": 7}, Skip.UNSUBSCRIBED),
    ],
)
def test_who_is_left_out_and_why(details: dict[str, Any], expected: Skip | None) -> None:
    assert skip_reason(a_subscriber(**details), the_rules(holders={7})) is expected


@pytest.mark.parametrize(("language", "expected"), [("", None), ("en", None), ("zh-Hans", Skip.NOT_IN_SEGMENT)])
def test_a_reader_who_named_no_language_has_the_newsletters(language: str, expected: Skip | None) -> None:
    assert skip_reason(a_subscriber(language=language), the_rules("language:en")) is expected


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
    rules = the_rules(compiled=a_compiled_issue(choice=choice), holders=holders)

    plan = make_plan(readers, rules, segment="ai and not crypto")

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

    plan = make_plan(readers, the_rules("everyone", compiled=a_compiled_issue(choice=choice)), segment="everyone")

    hashes = [edition.hash for edition in plan.editions]
    assert len(hashes) == len(set(hashes))


def test_readers_with_the_same_choice_share_an_edition() -> None:
    readers = [a_subscriber(1, interests=frozenset({"ai-chips"})), a_subscriber(2, interests=frozenset({"ai-chips"}))]
    readers.append(a_subscriber(3, interests=frozenset({"ai-policy"})))

    plan = make_plan(readers, the_rules(compiled=a_compiled_issue(choice=Choice.MATCHED)), segment="ai")

    assert [edition.stories for edition in plan.editions] == [("grid", "chips"), ("grid", "rules")]
    assert plan.editions[0].subject == "Harbour: Harbour City funds a computing grid"
