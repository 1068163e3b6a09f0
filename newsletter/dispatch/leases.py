"""Senders on other machines that have not been heard of for too long."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime

from newsletter.store.runs import OpenRun

#: seconds without a sign of life, after which nobody waits for a sender any longer; it gives one every five
LEASE = 30.0
#: seconds between two looks, after which we may have slept ourselves, or had no database, as all others
_BLIND = 10.0


class Leases:
    """
    Told by one's own clock alone, for the clocks of other machines may be wrong: a sign of life that does not change.

    Whoever is given up may be alive. Nothing depends on it: what it held is unknown, and never sent again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = float("-inf")
        #: by run: its last sign of life, and when it was new to us
        self._seen: dict[int, tuple[datetime, float]] = {}

    def silent(self, runs: Iterable[OpenRun]) -> frozenset[int]:
        """:param runs: all that are open; to be asked at least every few seconds"""
        now = self._clock()
        before = self._seen if now - self._looked_at <= _BLIND else {}
        self._looked_at, self._seen = now, {}
        for run in runs:
            sign, since = before.get(run.id, (None, now))
            self._seen[run.id] = run.beat_at, since if sign == run.beat_at else now
        return frozenset(run for run, (_, since) in self._seen.items() if now - since > LEASE)
