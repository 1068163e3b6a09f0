"""Write down every delivery of a mailing, and everybody left out, before the first message leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.audience import Rules, choose_stories, skip_reason
from newsletter.edition import CompiledIssue, Edition, cut_edition, digest
from newsletter.subscriber import Skip, Subscriber


@dataclass(frozen=True, slots=True)
class PlannedEdition:
    hash: str
    #: ids, in the order in which they stand
    stories: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    subscriber_id: int
    subscription_id: int
    edition_hash: str


@dataclass(frozen=True, slots=True)
class PlannedSkip:
    subscriber_id: int
    reason: Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a mailing needs: chosen and skipped together are all readers of the newsletter."""

    compiled: CompiledIssue
    segment: str
    #: readers who already hold this issue get it once more
    again: bool
    editions: tuple[PlannedEdition, ...]
    deliveries: tuple[PlannedDelivery, ...]
    skips: tuple[PlannedSkip, ...]
    #: how many of those who get it have named no interests, and so get every story
    without_interests: int
    #: the mailing whose readers are told what was wrong
    corrects_id: int | None = None

    @property
    def content_hash(self) -> str:
        return content_hash(edition.hash for edition in self.editions)


def content_hash(edition_hashes: Iterable[str]) -> str:
    """What was approved, in one word: the same editions give the same hash, whoever gets them."""
    return digest(sorted(edition_hashes))


def audience_hash(deliveries: Iterable[tuple[int, str]]) -> str:
    """Over (delivery id, edition hash): who gets what."""
    return audience_hash_in_order(sorted(deliveries))


def audience_hash_in_order(deliveries: Iterable[tuple[int, str]]) -> str:
    """The same over deliveries that come in the order of their ids, so that a million need not be held at once."""
    return digest(f"{delivery_id}:{edition_hash}" for delivery_id, edition_hash in deliveries)


def make_plan(readers: Iterable[Subscriber], rules: Rules, *, segment: str, again: bool = False) -> Plan:
    """Decide about every reader of the newsletter; nobody is left out without a reason."""
    compiled = rules.compiled
    editions: dict[tuple[str, ...], PlannedEdition] = {}
    deliveries: list[PlannedDelivery] = []
    skips: list[PlannedSkip] = []
    without_interests = 0
    for reader in readers:
        reason = skip_reason(reader, rules)
        stories = () if reason else choose_stories(compiled, reader.interests, rules.vocabulary)
        if reason or stories is None:
            skips.append(PlannedSkip(reader.subscriber_id, reason or Skip.TOO_FEW_STORIES))
            continue
        if stories not in editions:
            editions[stories] = planned_edition(cut_edition(compiled, stories))
        deliveries.append(PlannedDelivery(reader.subscriber_id, reader.subscription_id, editions[stories].hash))
        without_interests += not reader.interests
    return Plan(
        compiled=compiled,
        segment=segment,
        again=again,
        editions=tuple({edition.hash: edition for edition in editions.values()}.values()),
        deliveries=tuple(deliveries),
        skips=tuple(skips),
        without_interests=without_interests,
    )


def planned_edition(edition: Edition) -> PlannedEdition:
    return PlannedEdition(edition.hash, edition.stories, edition.subject)
