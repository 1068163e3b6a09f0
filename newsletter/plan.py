"""Write down every delivery of a mailing, and everybody left out, before the first message leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.edition import CompiledIssue, digest
from newsletter.subscriber import Skip


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

    @property
    def content_hash(self) -> str:
        return content_hash(edition.hash for edition in self.editions)


def content_hash(edition_hashes: Iterable[str]) -> str:
    """What was approved, in one word: the same editions give the same hash, whoever gets them."""
    return digest(sorted(edition_hashes))


def audience_hash(deliveries: Iterable[tuple[int, str]]) -> str:
    """Over (delivery id, edition hash): who gets what."""
    return digest([f"{delivery_id}:{edition_hash}" for delivery_id, edition_hash in sorted(deliveries)])
