"""Take back what a provider still holds: of a sender that died, or of a mailing that somebody cancels in time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from newsletter.delivery import Batch, Cancellation, DeliveryState, Mailing, MailingStatus
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.store import Store
from newsletter.store.batches import HELD, KeptBatch


@runtime_checkable
class Holding(Protocol):
    """A transport whose provider can hold mail for a while."""

    #: told of every batch before it is used
    remember: Callable[[Batch, Sequence[int]], None] | None

    def cancel_batches(self, batches: Iterable[Batch]) -> Iterator[Cancellation]: ...


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


def remember_batches(store: Store, transport: object, *, mailing_id: int, run_id: int) -> None:
    """From now on the store knows each batch before it leaves."""
    if isinstance(transport, Holding):
        transport.remember = lambda batch, ids: store.batches.remember(batch, ids, mailing_id=mailing_id, run_id=run_id)


def recall_of_the_dead(store: Store, transport: object, mailing_id: int, *, now: datetime) -> None:
    """
    What a sender held when it died is taken back where that can be done, and planned again.

    Called under the mailing's lock, and before the others that it held are settled.
    """
    if not isinstance(transport, Holding):
        return
    for found in transport.cancel_batches(_in_time(store, mailing_id, (DeliveryState.CLAIMED,), now)):
        if found.is_certain:
            store.batches.cancelled(found.batch, DeliveryState.PLANNED, detail="", now=now)
        elif not found.will_leave:
            store.batches.unsure(found.batch, detail=_said(found), now=now)


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
    in_time = {one.batch.id: one for one in kept if _is_in_time(one.batch, now)}
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
            unsure += store.batches.unsure(found.batch, detail=_said(found), now=now)
    mailing_id, actor = note
    store.batches.note_taken_back(mailing_id, taken_back, actor=actor, now=now)
    return Ended(withdrawn, taken_back, too_late, unsure)


def _in_time(store: Store, mailing_id: int, states: Sequence[DeliveryState], now: datetime) -> list[Batch]:
    kept = store.batches.with_deliveries(mailing_id, states)
    return [one.batch for one in kept if _is_in_time(one.batch, now)]


def _is_in_time(batch: Batch, now: datetime) -> bool:
    return now.timestamp() < batch.send_at - batch.MARGIN


def _said(found: Cancellation) -> str:
    return f"batch {found.batch.id} {found.detail}"
