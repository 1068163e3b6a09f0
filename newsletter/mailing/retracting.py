"""Take back what a provider still holds: of a sender that died, or of a mailing that somebody cancels in time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.delivery import Batch, DeliveryState, Mailing, MailingStatus
from newsletter.mailing.holding import Holding, is_in_time, said_of
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.store import Store
from newsletter.store.batches import HELD, KeptBatch


@dataclass(frozen=True, slots=True)
class Ended:
    """What it came to that a mailing was cancelled; readers."""

    #: nothing had been handed over
    withdrawn: int
    #: the provider held their mail, and discards it
    taken_back: int = 0
    #: their mail leaves, or has left
    too_late: int = 0
    #: nobody knows
    unsure: int = 0


def cancel_mailing(
    store: Store, mailing: Mailing, transport_of: Callable[[], object], *, actor: str, now: datetime
) -> Ended:
    """
    What has not left never will, and what the provider still holds is taken back.

    :param transport_of: what it was sent by; asked only when something is held
    :raises RefusedError: it was sent, and nothing of it can be taken back
    """
    withdrawn = 0
    if mailing.status is not MailingStatus.SENT or not _in_time(store, mailing.id, HELD, now):
        # First of all: whoever is at work on it opens no batch from then on.
        withdrawn = store.mailings.cancel(mailing.id, actor=actor, now=now)
    kept = store.batches.with_deliveries(mailing.id, HELD)
    transport = transport_of() if kept else None
    ended = _taken_back(store, kept, transport, withdrawn, now=now, note=(mailing.id, actor))
    # Nobody sends it any more, so nobody else would settle what a dead sender held.
    left = recover_from_the_dead(store, mailing.id, now=now)
    never_left = left[DeliveryState.PLANNED] + left[DeliveryState.DEFERRED]
    return replace(ended, withdrawn=ended.withdrawn + never_left, unsure=ended.unsure + left[DeliveryState.UNKNOWN])


def _taken_back(
    store: Store, kept: Sequence[KeptBatch], transport: object, withdrawn: int, *, now: datetime, note: tuple[int, str]
) -> Ended:
    in_time = {one.batch.id: one for one in kept if is_in_time(one.batch, now)}
    too_late = sum(one.readers for one in kept if one.batch.id not in in_time)
    if not in_time or not isinstance(transport, Holding):
        return Ended(withdrawn, too_late=too_late + sum(one.readers for one in in_time.values()))
    taken_back = unsure = 0
    for found in transport.cancel_batches(one.batch for one in in_time.values()):
        if found.is_certain:
            taken_back += store.batches.cancelled(found.batch, DeliveryState.WITHDRAWN, detail="cancelled", now=now)
        elif found.will_leave:
            too_late += in_time[found.batch.id].readers
        else:
            unsure += store.batches.unsure(found.batch, detail=said_of(found), now=now)
    mailing_id, actor = note
    store.batches.note_taken_back(mailing_id, taken_back, actor=actor, now=now)
    return Ended(withdrawn, taken_back, too_late, unsure)


def _in_time(store: Store, mailing_id: int, states: Sequence[DeliveryState], now: datetime) -> list[Batch]:
    kept = store.batches.with_deliveries(mailing_id, states)
    return [one.batch for one in kept if is_in_time(one.batch, now)]
