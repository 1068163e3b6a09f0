"""Decide who gets an issue and which of its stories; for everybody else, why not. No I/O."""

from collections.abc import Container
from dataclasses import dataclass

from newsletter.edition import CompiledIssue, CompiledStory
from newsletter.issue import Choice
from newsletter.segment import Expression, matches
from newsletter.subscriber import Skip, Subscriber, SubscriptionStatus
from newsletter.tags import Vocabulary, fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides about every reader of a mailing alike."""

    compiled: CompiledIssue
    segment: Expression
    vocabulary: Vocabulary
    #: the newsletter's, for readers who named none
    language: str
    #: ids of subscribers who hold this issue already
    holders: Container[int] = ()


def skip_reason(reader: Subscriber, rules: Rules) -> Skip | None:
    """Why this reader is left out, whatever the stories; None for one who is not."""
    if reader.status is SubscriptionStatus.UNSUBSCRIBED:
        return Skip.UNSUBSCRIBED
    if reader.suppressed_for is not None:
        return Skip.SUPPRESSED
    if reader.status is SubscriptionStatus.PENDING:
        return Skip.PENDING
    if not matches(rules.segment, interests=reader.interests, language=reader.language or rules.language):
        return Skip.NOT_IN_SEGMENT
    if reader.subscriber_id in rules.holders:
        return Skip.ALREADY_SENT
    return None


@dataclass(frozen=True, slots=True)
class StoryVerdict:
    story: CompiledStory
    included: bool
    why: str


def judge_stories(compiled: CompiledIssue, interests: frozenset[str], vocabulary: Vocabulary) -> list[StoryVerdict]:
    """Each story, whether a reader with these interests gets it, and why; in the order of the file."""
    return [_judge(story, compiled.choice, interests, vocabulary) for story in compiled.stories]


def _judge(story: CompiledStory, choice: Choice, interests: frozenset[str], vocabulary: Vocabulary) -> StoryVerdict:
    if not interests:
        return StoryVerdict(story, True, "no-interests")
    if fits(vocabulary, interests, story.tags):
        return StoryVerdict(story, True, "matched")
    if story.must_send:
        return StoryVerdict(story, True, "must-send")
    if choice is Choice.MATCHED:
        return StoryVerdict(story, False, "not-matched")
    return StoryVerdict(story, True, "all-stories")


def choose_stories(
    compiled: CompiledIssue, interests: frozenset[str], vocabulary: Vocabulary
) -> tuple[str, ...] | None:
    """
    Ids of the stories that a reader with these interests gets, in order; None when they are too few.

    A story marked `must_send` does not count towards `min_stories`. A team update has no stories: ().
    """
    verdicts = judge_stories(compiled, interests, vocabulary)
    if compiled.choice is Choice.MATCHED and interests:
        counted = sum(verdict.why == "matched" and not verdict.story.must_send for verdict in verdicts)
        if counted < compiled.min_stories:
            return None
    kept = [verdict for verdict in verdicts if verdict.included]
    if compiled.choice is Choice.MATCHED_FIRST:
        # Sections keep their order: first means first within the section.
        kept.sort(key=lambda verdict: (verdict.story.section, verdict.why != "matched"))
    return tuple(verdict.story.id for verdict in kept)
