"""A plan in figures: how many get which edition, how many do not, and why. The same for a new plan and a saved one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.delivery import Mailing
from newsletter.edition import Letterhead
from newsletter.plan import Draft, PlannedEdition
from newsletter.store import Store
from newsletter.subscriber import Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    letterhead: Letterhead
    segment: str
    #: with the number of readers
    editions: tuple[tuple[PlannedEdition, int], ...]
    skipped: Mapping[Skip, int]
    #: of those who get it: they have named no interests, and so get every story; None when nobody counted
    without_interests: int | None
    content_hash: str
    #: None as long as nothing is saved
    mailing_id: int | None = None
    audience_hash: str | None = None

    @property
    def planned(self) -> int:
        return sum(readers for _, readers in self.editions)

    def by_readers(self) -> list[tuple[PlannedEdition, int]]:
        """The editions, the one that most readers get first."""
        return sorted(self.editions, key=lambda counted: (-counted[1], counted[0].hash))

    def as_json(self) -> dict[str, Any]:
        """The form that `plan --json` promises."""
        return {
            "mailing": self.mailing_id,
            "issue": self.letterhead.slug,
            "newsletter": self.letterhead.newsletter,
            "segment": self.segment,
            "content_hash": self.content_hash,
            "audience_hash": self.audience_hash,
            "planned": self.planned,
            "without_interests": self.without_interests,
            "skipped": {str(reason): count for reason, count in self.skipped.items() if count},
            "editions": [
                {"hash": edition.hash, "subject": edition.subject, "stories": list(edition.stories), "readers": readers}
                for edition, readers in self.editions
            ],
        }


def outline_of_plan(draft: Draft) -> Outline:
    return Outline(
        letterhead=draft.compiled.letterhead,
        segment=draft.segment,
        editions=draft.editions,
        skipped=draft.skipped,
        without_interests=draft.without_interests,
        content_hash=draft.content_hash,
    )


def outline_of_mailing(store: Store, mailing: Mailing) -> Outline:
    return Outline(
        letterhead=store.mailings.compiled(mailing.id).letterhead,
        segment=mailing.segment,
        editions=tuple((edition, readers) for _, edition, readers in store.mailings.editions(mailing.id)),
        skipped=store.mailings.skip_counts(mailing.id),
        without_interests=mailing.without_interests,
        content_hash=mailing.content_hash,
        mailing_id=mailing.id,
        audience_hash=mailing.audience_hash,
    )
