"""Say why one reader did or did not get one mailing, and each of its stories."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from newsletter.audience import StoryVerdict, judge_stories
from newsletter.delivery import Mailing
from newsletter.errors import RefusedError
from newsletter.store import Store
from newsletter.store.rows import DeliveryRecord
from newsletter.subscriber import Skip
from newsletter.tags import Vocabulary

#: what a skip means, in a sentence for the adviser
REASONS = {
    Skip.UNSUBSCRIBED: "has unsubscribed from this newsletter",
    Skip.PENDING: "is on the list, but there is no proof of consent yet",
    Skip.SUPPRESSED: "must not be mailed: bounced, complained or taken out by hand",
    Skip.PAUSED: "asked for some weeks without mail, which are not over yet",
    Skip.NOT_IN_SEGMENT: "is outside the segment",
    Skip.ALREADY_SENT: "holds this issue already",
    Skip.TOO_FEW_STORIES: "follows interests that too few stories fit",
    Skip.UNAFFECTED: "holds no copy of what is corrected",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    email: str
    in_audience: bool
    reason: str
    stories: tuple[StoryVerdict, ...]
    delivery: DeliveryRecord | None

    def as_json(self) -> dict[str, Any]:
        """The form that `explain --json` promises."""
        return {
            "email": self.email,
            "in_audience": self.in_audience,
            "reason": self.reason,
            "stories": [
                {"headline": verdict.story.headline, "included": verdict.included, "why": verdict.why}
                for verdict in self.stories
            ],
            "delivery": self.delivery.as_json() if self.delivery else None,
        }


def _as_planned(verdict: StoryVerdict, stories: Collection[str]) -> StoryVerdict:
    """What was planned counts; the reader's interests may have changed since."""
    is_in = verdict.story.id in stories
    return verdict if verdict.included == is_in else StoryVerdict(verdict.story, is_in, "interests-changed-since")


def explain(store: Store, mailing: Mailing, email: str, vocabulary: Vocabulary) -> Explanation:
    """
    :raises RefusedError: nobody of that address reads this newsletter
    """
    readers = store.readers.find(email, mailing.newsletter)
    if not readers:
        raise RefusedError(
            f"{email} is not among the readers of {mailing.newsletter}", fix="newsletter subscribers list shows them"
        )
    delivery = store.mailings.delivery_of(mailing.id, email)
    if delivery is None:
        skip = store.mailings.skip_of(mailing.id, email)
        return Explanation(email, False, str(skip or "joined-later"), (), None)
    verdicts = judge_stories(store.mailings.compiled(mailing.id), readers[0].interests, vocabulary)
    sent = tuple(_as_planned(verdict, delivery.stories) for verdict in verdicts)
    return Explanation(email, True, "in-segment", sent, delivery)
