"""Let take effect what was stored; whoever was killed at it left the rest, and nothing half."""

from collections.abc import Callable
from datetime import datetime

from newsletter.store import Store

#: events in one transaction; nobody else writes meanwhile
_PAGE = 500


def apply_waiting(store: Store, now: Callable[[], datetime], should_stop: Callable[[], bool] = lambda: False) -> int:
    """How many took effect."""
    total = 0
    while not should_stop() and (done := store.events.apply(limit=_PAGE, now=now())):
        total += done
    return total
