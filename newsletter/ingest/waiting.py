"""Let take effect what was stored; whoever was killed at it left the rest, and nothing half."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from newsletter.store import Store

#: events in one transaction; nobody else writes meanwhile
_PAGE = 500


def apply_waiting(
    store: Store,
    now: Callable[[], datetime],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    turn: AbstractContextManager[object] | None = None,
) -> int:
    """
    How many took effect.

    :param turn: held while a page is written: others of this process wait in line, where SQLite would have them ask
    """
    total = 0
    while not should_stop():
        with turn or nullcontext():
            done = store.events.apply(limit=_PAGE, now=now())
        if not done:
            break
        total += done
    return total
