"""A mailing in figures that add up to its plan: by fate, by domain, by hour, by story and by tag."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.bounce import BounceKind
from newsletter.delivery import Mailing
from newsletter.edition import CompiledIssue
from newsletter.report.fates import FAILED, REACHED, Fate, fate_of
from newsletter.report.moments import Moment, moments_of
from newsletter.store import Store
from newsletter.store.outcomes import Look, Share, Tracked
from newsletter.subscriber import Skip
from newsletter.tags import Vocabulary

Fates = Mapping[Fate, int]


@dataclass(frozen=True, slots=True)
class DomainReach:
    domain: str
    fates: Fates

    @property
    def planned(self) -> int:
        return sum(self.fates.values())

    @property
    def reached(self) -> int:
        return reached(self.fates)

    @property
    def failed(self) -> int:
        return sum(self.fates[fate] for fate in FAILED)


@dataclass(frozen=True, slots=True)
class StoryReach:
    """How many were to get a story, and how many have it as far as anybody knows."""

    id: str
    headline: str
    tags: tuple[str, ...]
    planned: int
    reached: int


@dataclass(frozen=True, slots=True)
class TagReach:
    """The same of readers with at least one story of that tag."""

    tag: str
    stories: int
    planned: int
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    mailing: Mailing
    made_at: datetime
    #: all of them, zeros included
    fates: Fates
    skipped: Mapping[Skip, int]
    #: of those that were refused or came back
    bounces: Mapping[BounceKind, int]
    #: those with most readers first
    domains: tuple[DomainReach, ...]
    moments: tuple[Moment, ...]
    stories: tuple[StoryReach, ...]
    tags: tuple[TagReach, ...]
    #: of the issue's tags, those that no reader of the newsletter follows today
    unfollowed: tuple[str, ...]
    complained: int
    #: who got it and left the newsletter, until a week after it ended
    left: int
    tracked: Tracked

    @property
    def planned(self) -> int:
        return sum(self.fates.values())

    @property
    def failed(self) -> int:
        return sum(self.fates[fate] for fate in FAILED)

    @property
    def reached(self) -> int:
        return reached(self.fates)

    @property
    def unserved(self) -> int:
        """Readers for whom too few stories were of interest, so that they got nothing."""
        return self.skipped.get(Skip.TOO_FEW_STORIES, 0)

    def as_json(self) -> dict[str, Any]:
        """What `report --json` says beside the counts that `mailings show` has."""
        return {
            "made_at": self.made_at.isoformat(),
            "fates": {str(fate): count for fate, count in self.fates.items()},
            "bounces": {str(kind): count for kind, count in self.bounces.items()},
            "domains": [
                {"domain": one.domain, "planned": one.planned, "reached": one.reached, "failed": one.failed}
                for one in self.domains
            ],
            "over_time": [one.as_json() for one in self.moments],
            "stories": [
                {"id": one.id, "headline": one.headline, "planned": one.planned, "reached": one.reached}
                for one in self.stories
            ],
            "tags": [
                {"tag": one.tag, "stories": one.stories, "planned": one.planned, "reached": one.reached}
                for one in self.tags
            ],
            "unfollowed_tags": list(self.unfollowed),
            "unserved": self.unserved,
            "complained": self.complained,
            "left": self.left,
            "tracked": self.tracked._asdict() if any(self.tracked) else None,
        }


def reached(fates: Fates) -> int:
    return sum(fates[fate] for fate in REACHED)


def account_of(store: Store, mailing: Mailing, vocabulary: Vocabulary, *, now: datetime) -> Account:
    """At this instant; a mailing that is under way changes."""
    compiled = store.mailings.compiled(mailing.id)
    stories_of = {number: edition.stories for number, edition in store.mailings.planned_editions(mailing.id)}
    with store.outcomes.look(mailing, now) as look:
        editions = _fates(look.by_edition())
        hours = look.hours()
        return Account(
            mailing=mailing,
            made_at=now,
            fates=_added(editions.values()),
            skipped=dict(sorted(look.skipped().items(), key=lambda it: -it[1])),
            bounces=dict(sorted(look.bounces().items(), key=lambda it: -it[1])),
            domains=_domains(look.by_domain()),
            moments=moments_of(hours),
            stories=_stories(compiled, editions, stories_of),
            tags=_tags(compiled, editions, stories_of),
            unfollowed=_unfollowed(look, compiled, vocabulary),
            complained=sum(hours["complained"].values()),
            left=sum(hours["left"].values()),
            tracked=look.tracked(),
        )


def _fates(shares: Iterable[Share]) -> dict[Any, Counter[Fate]]:
    found: dict[Any, Counter[Fate]] = {}
    for share in shares:
        found.setdefault(share.of, Counter())[fate_of(share.standing)] += share.deliveries
    return found


def _added(all_fates: Iterable[Fates]) -> dict[Fate, int]:
    counted: Counter[Fate] = Counter()
    for fates in all_fates:
        counted.update(fates)
    return {fate: counted[fate] for fate in Fate}


def _domains(shares: Iterable[Share]) -> tuple[DomainReach, ...]:
    found = [DomainReach(domain, fates) for domain, fates in _fates(shares).items()]
    return tuple(sorted(found, key=lambda one: (-one.planned, one.domain)))


def _stories(
    compiled: CompiledIssue, editions: Mapping[int, Fates], stories_of: Mapping[int, Sequence[str]]
) -> tuple[StoryReach, ...]:
    """In the order of the issue."""
    return tuple(
        StoryReach(story.id, story.headline, story.tags, *_holding({story.id}, editions, stories_of))
        for story in compiled.stories
    )


def _tags(
    compiled: CompiledIssue, editions: Mapping[int, Fates], stories_of: Mapping[int, Sequence[str]]
) -> tuple[TagReach, ...]:
    """The one that reached most comes first."""
    tagged: dict[str, set[str]] = {}
    for story in compiled.stories:
        for tag in story.tags:
            tagged.setdefault(tag, set()).add(story.id)
    found = [TagReach(tag, len(ids), *_holding(ids, editions, stories_of)) for tag, ids in tagged.items()]
    return tuple(sorted(found, key=lambda one: (-one.reached, -one.planned, one.tag)))


def _holding(ids: set[str], editions: Mapping[int, Fates], stories_of: Mapping[int, Sequence[str]]) -> tuple[int, int]:
    """Planned and reached, of the editions that hold any of these stories: every reader has one edition."""
    holding = [fates for number, fates in editions.items() if ids.intersection(stories_of[number])]
    return sum(sum(fates.values()) for fates in holding), sum(map(reached, holding))


def _unfollowed(look: Look, compiled: CompiledIssue, vocabulary: Vocabulary) -> tuple[str, ...]:
    """A tag is followed by whoever chose it, or a wider one."""
    tags = dict.fromkeys(tag for story in compiled.stories for tag in story.tags)
    ways = {tag: vocabulary.stored_as({vocabulary.current(tag), *vocabulary.ancestors(tag)}) for tag in tags}
    followed = look.followed(frozenset().union(*ways.values()))
    return tuple(tag for tag, chosen in ways.items() if not chosen & followed)
