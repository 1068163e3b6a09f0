"""Settle what a dead sender held where no sending will: of a mailing that was cancelled after it died."""

from collections import Counter
from datetime import datetime

from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError
from newsletter.store import Store


def recover_from_the_dead(store: Store, mailing_id: int, *, now: datetime) -> Counter[DeliveryState]:
    """How many went to which state; none while a sender is alive, for it settles what it holds itself."""
    try:
        with store.mailings.lock(mailing_id):
            return store.mailings.recover(mailing_id, now=now)
    except RefusedError:
        return Counter()
