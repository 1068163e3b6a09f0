"""Decide who gets an issue and which of its stories; for everybody else, why not. No I/O."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from newsletter.edition import CompiledIssue, CompiledStory
from newsletter.issue import Choice
from newsletter.segment import Expression, Home, Segment, matches
from newsletter.subscriber import Skip, Subscriber, SubscriptionStatus
from newsletter.tags import Vocabulary, fits


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides about every reader of a mailing alike."""

    compiled: CompiledIssue
    segment: Expression
    vocabulary: Vocabulary
    #: the newsletter's, for readers who named none
    language: str
    #: the newsletter's
    zone: str = "UTC"

    @cached_property
    def home(self) -> Home:
        return Home(self.language, self.zone)

    @property
    def asked(self) -> Segment:
        return Segment(self.segment, self.home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that decides about a reader: who stand alike get the same, or are left out for the same reason."""

    status: SubscriptionStatus = SubscriptionStatus.CONFIRMED
    is_suppressed: bool = False
    is_paused: bool = False
    is_in_segment: bool = True
    holds_issue: bool = False
    has_interests: bool = False
    #: ids of the stories that fit their interests
    fitting: frozenset[str] = frozenset()


def verdict(standing: Standing, compiled: CompiledIssue) -> Skip | tuple[str, ...]:
    """Ids of the stories that such a reader gets, in order, or why they are left out."""
    reason = _reason(standing)
    if reason:
        return reason
    stories = choose_fitting(compiled, standing.fitting, has_interests=standing.has_interests)
    return Skip.TOO_FEW_STORIES if stories is None else stories


def skip_reason(reader: Subscriber, rules: Rules, now: datetime) -> Skip | None:
    """Why this reader is left out, whatever the stories and whatever they got before; None for one who is not."""
    return _reason(
        Standing(
            status=reader.status,
            is_suppressed=reader.suppressed_for is not None,
            is_paused=reader.is_paused(now),
            is_in_segment=matches(rules.segment, reader, rules.home),
        )
    )


def _reason(standing: Standing) -> Skip | None:
    if standing.status is SubscriptionStatus.UNSUBSCRIBED:
        return Skip.UNSUBSCRIBED
    if standing.is_suppressed:
        return Skip.SUPPRESSED
    if standing.status is SubscriptionStatus.PENDING:
        return Skip.PENDING
    if standing.is_paused:
        return Skip.PAUSED
    if not standing.is_in_segment:
        return Skip.NOT_IN_SEGMENT
    return Skip.ALREADY_SENT if standing.holds_issue else None


@dataclass(frozen=True, slots=True)
class StoryVerdict:
    story: CompiledStory
    included: bool
    why: str


def judge_stories(compiled: CompiledIssue, interests: frozenset[str], vocabulary: Vocabulary) -> list[StoryVerdict]:
    """Each story, whether a reader with these interests gets it, and why; in the order of the file."""
    fitting = {story.id for story in compiled.stories if fits(vocabulary, interests, story.tags)}
    return _judged(compiled, fitting, has_interests=bool(interests))


def _judged(compiled: CompiledIssue, fitting: Container[str], *, has_interests: bool) -> list[StoryVerdict]:
    return [
        _judge(story, compiled.choice, fits=story.id in fitting, has_interests=has_interests)
        for story in compiled.stories
    ]


def _judge(story: CompiledStory, choice: Choice, *, fits: bool, has_interests: bool) -> StoryVerdict:
    if not has_interests:
        return StoryVerdict(story, True, "no-interests")
    if fits:
        return StoryVerdict(story, True, "matched")
    if story.must_send:
        return StoryVerdict(story, True, "must-send")
    if choice is Choice.MATCHED:
        return StoryVerdict(story, False, "not-matched")
    return StoryVerdict(story, True, "all-stories")


def choose_stories(
    compiled: CompiledIssue, interests: frozenset[str], vocabulary: Vocabulary
) -> tuple[str, ...] | None:
    """Ids of the stories that a reader with these interests gets, in order; None when they are too few."""
    fitting = {story.id for story in compiled.stories if fits(vocabulary, interests, story.tags)}
    return choose_fitting(compiled, fitting, has_interests=bool(interests))


def choose_fitting(compiled: CompiledIssue, fitting: Container[str], *, has_interests: bool) -> tuple[str, ...] | None:
    """
    The same by the ids of the stories that fit.

    A story marked `must_send` does not count towards `min_stories`. A team update has no stories: ().
    """
    verdicts = _judged(compiled, fitting, has_interests=has_interests)
    if compiled.choice is Choice.MATCHED and has_interests:
        counted = sum(verdict.why == "matched" and not verdict.story.must_send for verdict in verdicts)
        if counted < compiled.min_stories:
            return None
    kept = [verdict for verdict in verdicts if verdict.included]
    if compiled.choice is Choice.MATCHED_FIRST:
        # Sections keep their order: first means first within the section.
        kept.sort(key=lambda verdict: (verdict.story.section, verdict.why != "matched"))
    return tuple(verdict.story.id for verdict in kept)
