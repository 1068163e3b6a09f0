"""A provider that holds mail for a while: the store knows each batch, so that a dead sender's can be taken back."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from newsletter.delivery import Batch, Cancellation, DeliveryState
from newsletter.dispatch import Outlast
from newsletter.store import Store


@runtime_checkable
class Holding(Protocol):
    """A transport whose provider can hold mail for a while."""

    #: told of every batch before it is used
    remember: Callable[[Batch, Sequence[int]], None] | None

    def cancel_batches(self, batches: Iterable[Batch]) -> Iterator[Cancellation]: ...


def remember_batches(store: Store, transport: object, outlast: Outlast, *, mailing_id: int, run_id: int) -> None:
    """From now on the store knows each batch before it leaves."""
    if isinstance(transport, Holding):
        transport.remember = lambda batch, ids: outlast(
            lambda: store.batches.remember(batch, ids, mailing_id=mailing_id, run_id=run_id)
        )


def recall_of_the_dead(
    store: Store, transport: object, mailing_id: int, *, silent: Collection[int] = (), now: datetime
) -> None:
    """
    What a sender held when it died is taken back where that can be done, and planned again.

    Called under the mailing's lock, and before the others that it held are settled.

    :param silent: runs that nobody waits for any longer
    """
    if not isinstance(transport, Holding):
        return
    dead = store.mailings.dead_runs(mailing_id, silent=silent)
    kept = store.batches.with_deliveries(mailing_id, (DeliveryState.CLAIMED,))
    theirs = [one.batch for one in kept if one.run_id in dead and is_in_time(one.batch, now)]
    for found in transport.cancel_batches(theirs):
        if found.is_certain:
            store.batches.cancelled(found.batch, DeliveryState.PLANNED, detail="", now=now)
        elif not found.will_leave:
            store.batches.unsure(found.batch, detail=said_of(found), now=now)


def is_in_time(batch: Batch, now: datetime) -> bool:
    """Its provider can be asked not to let it go."""
    return now.timestamp() < batch.send_at - batch.MARGIN


def said_of(found: Cancellation) -> str:
    return f"batch {found.batch.id} {found.detail}"
