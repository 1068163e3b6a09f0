"""The last mailings, a line each."""

from dataclasses import dataclass
from typing import Any

from newsletter.delivery import DeliveryState, Mailing
from newsletter.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMailing:
    mailing: Mailing
    planned: int
    #: taken by the provider, and not come back since
    accepted: int
    #: refused, or come back
    failed: int
    unknown: int
    complained: int

    def as_json(self) -> dict[str, Any]:
        mailing = self.mailing
        return {
            "mailing": mailing.id,
            "newsletter": mailing.newsletter,
            "issue": mailing.slug,
            "status": str(mailing.status),
            "started_at": mailing.started_at and mailing.started_at.isoformat(),
            "planned": self.planned,
            "accepted": self.accepted,
            "failed": self.failed,
            "unknown": self.unknown,
            "complained": self.complained,
        }


def last_mailings(store: Store, limit: int = 20) -> list[LastMailing]:
    """The newest first."""
    return [_told(store, mailing) for mailing in store.mailings.recent(limit)]


def _told(store: Store, mailing: Mailing) -> LastMailing:
    states, since = store.mailings.counts(mailing.id), store.outcomes.since(mailing.id)
    return LastMailing(
        mailing=mailing,
        planned=sum(states.values()),
        accepted=states[DeliveryState.ACCEPTED] - since.bounced,
        failed=states[DeliveryState.REFUSED] + since.bounced,
        unknown=states[DeliveryState.UNKNOWN],
        complained=since.complained,
    )
