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
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """
    How many took effect.

    One that cannot, whatever is wrong with it, is set aside after some tries; it waits for the next process.

    :param turn: held while a page is written: others of this process wait in line, where SQLite would have them ask
    :param tell: a line for the log about each that is set aside
    """
    total = 0
    while not should_stop():
        with turn or nullcontext():
            applied = store.events.apply(limit=_PAGE, now=now())
        for one in applied.aside:
            tell(f"event={one.id} set aside, for it cannot take effect ({one.why}); please report this")
        if not applied.done:
            break
        total += applied.done
    return total
