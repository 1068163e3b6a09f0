"""Write down every delivery of a mailing, and everybody left out, before the first message leaves."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from newsletter.audience import Standing, verdict
from newsletter.edition import CompiledIssue, Edition, cut_edition, digest
from newsletter.subscriber import Skip

_AT_ONCE = 10_000


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


def audience_hash_of_stretches(stretches: Iterable[tuple[range, str]]) -> str:
    """The same over deliveries of which so many in a row, by their ids, get one edition: a tenth of the time."""
    state = hashlib.sha256()
    for ids, edition_hash in stretches:
        rest = len(edition_hash) + 1
        for start in range(0, len(ids), _AT_ONCE):
            told = [f"{len(text) + rest}:{text}:{edition_hash}" for text in map(str, ids[start : start + _AT_ONCE])]
            state.update("".join(told).encode())
    return state.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan by how readers stand: what each standing gets, and how many stand so."""

    compiled: CompiledIssue
    segment: str
    again: bool
    #: with the number of readers, the one that most of them get first
    editions: tuple[tuple[PlannedEdition, int], ...]
    skipped: Mapping[Skip, int]
    #: the hash of an edition, or why there is none
    verdicts: Mapping[Standing, str | Skip]
    without_interests: int

    @property
    def planned(self) -> int:
        return sum(readers for _, readers in self.editions)

    @property
    def content_hash(self) -> str:
        return content_hash(edition.hash for edition, _ in self.editions)


def draft_of(counted: Mapping[Standing, int], compiled: CompiledIssue, *, segment: str, again: bool) -> Draft:
    """
    :param counted: how many readers of the newsletter stand so; together, all of them
    """
    editions: dict[tuple[str, ...], PlannedEdition] = {}
    verdicts: dict[Standing, str | Skip] = {}
    readers: Counter[PlannedEdition] = Counter()
    skipped: Counter[Skip] = Counter()
    for standing, number in counted.items():
        found = verdict(standing, compiled)
        if isinstance(found, Skip):
            verdicts[standing] = found
            skipped[found] += number
            continue
        if found not in editions:
            editions[found] = planned_edition(cut_edition(compiled, found))
        verdicts[standing] = editions[found].hash
        readers[editions[found]] += number
    chosen = [standing for standing, found in verdicts.items() if not isinstance(found, Skip)]
    return Draft(
        compiled=compiled,
        segment=segment,
        again=again,
        editions=tuple(sorted(readers.items(), key=lambda item: (-item[1], item[0].hash))),
        skipped=skipped,
        verdicts=verdicts,
        without_interests=sum(counted[standing] for standing in chosen if not standing.has_interests),
    )


def planned_edition(edition: Edition) -> PlannedEdition:
    return PlannedEdition(edition.hash, edition.stories, edition.subject)
