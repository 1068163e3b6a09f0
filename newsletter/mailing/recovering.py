"""Settle what dead senders held: before others go on, and of a mailing that was cancelled after they died."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError
from newsletter.mailing.holding import recall_of_the_dead
from newsletter.store import Store


def bury(
    store: Store, transport: object, mailing_id: int, *, silent: Collection[int] = (), now: datetime
) -> Counter[DeliveryState]:
    """
    Take back what a provider still holds of dead senders, and settle the rest; how many went to which state.

    Called under the mailing's lock.

    :param silent: runs that nobody waits for any longer
    """
    recall_of_the_dead(store, transport, mailing_id, silent=silent, now=now)
    return store.mailings.recover(mailing_id, now=now, silent=silent)


def recover_from_the_dead(
    store: Store, mailing_id: int, *, silent: Collection[int] = (), now: datetime
) -> Counter[DeliveryState]:
    """How many went to which state; none while a sender is alive, for it settles what it holds itself."""
    try:
        with store.mailings.lock(mailing_id, is_shared=True):
            return store.mailings.recover(mailing_id, now=now, silent=silent)
    except RefusedError:
        return Counter()
