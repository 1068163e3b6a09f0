"""What became of a mailing, counted, and the readers one must know by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.delivery import DeliveryState, Mailing
from newsletter.store.mailings import Mailings
from newsletter.subscriber import Skip


@dataclass(frozen=True, slots=True)
class Report:
    mailing: Mailing
    #: every state, zeros included; they add up to the plan
    deliveries: dict[DeliveryState, int]
    skipped: dict[Skip, int]
    #: address, delivery id, since when nobody knows
    unknown: tuple[tuple[str, int, datetime], ...]
    #: address, what the provider said
    refused: tuple[tuple[str, str], ...]
    #: address, the reason why it was taken back
    withdrawn: tuple[tuple[str, str], ...]

    @property
    def planned(self) -> int:
        return sum(self.deliveries.values())

    @property
    def waiting(self) -> int:
        return sum(self.deliveries[s] for s in (DeliveryState.PLANNED, DeliveryState.CLAIMED, DeliveryState.DEFERRED))

    def as_json(self) -> dict[str, Any]:
        """The form that `mailings show`, `send` and `report` promise."""
        mailing = self.mailing
        return {
            "mailing": mailing.id,
            "status": str(mailing.status),
            "newsletter": mailing.newsletter,
            "issue": mailing.slug,
            "segment": mailing.segment,
            "content_hash": mailing.content_hash,
            "audience_hash": mailing.audience_hash,
            "transport": mailing.transport,
            "send_at": mailing.send_at and mailing.send_at.isoformat(),
            "pause_reason": mailing.pause_reason,
            "corrects": mailing.corrects_id,
            "planned": self.planned,
            "deliveries": {str(state): count for state, count in self.deliveries.items()},
            "skipped": {str(reason): count for reason, count in self.skipped.items() if count},
            "unknown": [
                {"email": email, "delivery": delivery, "since": since.isoformat()}
                for email, delivery, since in self.unknown
            ],
            "refused": [{"email": email, "detail": detail} for email, detail in self.refused],
            "withdrawn": [{"email": email, "reason": reason} for email, reason in self.withdrawn],
            "started_at": mailing.started_at and mailing.started_at.isoformat(),
            "finished_at": mailing.finished_at and mailing.finished_at.isoformat(),
        }


def report_on(mailings: Mailings, mailing_id: int) -> Report:
    return Report(
        mailing=mailings.find(mailing_id),
        deliveries=mailings.counts(mailing_id),
        skipped=mailings.skip_counts(mailing_id),
        unknown=tuple(mailings.unknown(mailing_id)),
        refused=tuple(mailings.refusals(mailing_id)),
        withdrawn=tuple(mailings.withdrawals(mailing_id)),
    )
