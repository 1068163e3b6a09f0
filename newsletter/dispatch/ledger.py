"""
Claims ahead of need and settlements behind the answers, so that no connection waits for the disk.

They are written in one thread, one after the other. A claim is committed before anything of it is handed over; a
settlement is committed before the flight recorder forgets it.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from functools import partial

from newsletter.delivery import MailingStatus, Receipt
from newsletter.dispatch.patience import Outlast, wait_after
from newsletter.errors import AwayError
from newsletter.store.flight import Flight, NoFlight
from newsletter.store.mailings import Mailings
from newsletter.store.rows import ClaimedDelivery

#: settlements that may be under way, until somebody waits for the first of them
MOST_UNDER_WAY = 2
#: seconds between two signs of life
BEAT = 5.0


class Ledger:
    """One sender's hand in it. While the database is away, it waits; whatever it asks for may be done twice."""

    def __init__(
        self, mailings: Mailings, clerk: Executor, flight: Flight | NoFlight, *, run_id: int, outlast: Outlast
    ) -> None:
        self._mailings, self._clerk, self._flight, self._run_id = mailings, clerk, flight, run_id
        self._outlast = outlast
        self._ahead: Future[list[ClaimedDelivery]] | None = None
        self._asked_at = 0.0
        self._beaten_at = time.monotonic()
        self._sign: Future[None] | None = None
        #: what is being settled, oldest first
        self._under_way: deque[tuple[Future[int], Collection[int]]] = deque()

    def claim_ahead(self, mailing_id: int, *, limit: int, now: datetime) -> None:
        """Begin to claim; once until somebody asks what came of it."""
        if self._ahead is None:
            self._asked_at = time.monotonic()
            claim = partial(self._mailings.claim, mailing_id, run_id=self._run_id, limit=limit, now=now)
            self._ahead = self._clerk.submit(self._outlast, claim)

    def claimed(self) -> tuple[list[ClaimedDelivery], float]:
        """What was claimed ahead, and since when (monotonic seconds)."""
        found = self._ahead.result() if self._ahead else []
        self._ahead = None
        # What was settled before may be among them once more, and its word is new then.
        self.look(most=MOST_UNDER_WAY)
        return found, self._asked_at

    def settle(
        self, receipts: Sequence[Receipt], tries: Mapping[int, int], *, now: datetime, chance: Callable[[], float]
    ) -> None:
        """
        Write down what became of deliveries, by and by.

        :param tries: how often each has been handed over
        """
        settle = partial(
            self._mailings.settle,
            receipts,
            run_id=self._run_id,
            now=now,
            due_at=lambda receipt: now + wait_after(tries[receipt.delivery_id], chance),
        )
        settling = self._clerk.submit(self._outlast, settle)
        self._under_way.append((settling, [receipt.delivery_id for receipt in receipts]))
        self.look(most=MOST_UNDER_WAY)

    def look(self, *, most: int) -> None:
        """
        Forget what has been settled; wait until at most so many settlements are under way.

        :raises StoreError: one of them failed
        """
        while self._under_way and (len(self._under_way) > most or self._under_way[0][0].done()):
            settling, delivery_ids = self._under_way.popleft()
            settling.result()
            self._flight.settled(delivery_ids)

    def release(self, delivery_ids: Collection[int]) -> None:
        """Give claimed deliveries back of which nobody took anything."""
        if delivery_ids:
            release = partial(self._mailings.release, delivery_ids, run_id=self._run_id)
            self._clerk.submit(self._outlast, release).result()
            self._flight.settled(delivery_ids)

    def beat(self, now: datetime) -> None:
        """Say that the run is alive, every few seconds; while the database is away, once."""
        if time.monotonic() - self._beaten_at >= BEAT and (self._sign is None or self._sign.done()):
            self._beaten_at = time.monotonic()
            self._sign = self._clerk.submit(self._outlast, partial(self._mailings.beat, self._run_id, now))

    def is_under_way(self, mailing_id: int) -> bool:
        return self._outlast(lambda: self._mailings.find(mailing_id)).status is MailingStatus.SENDING

    def complaints(self, mailing_id: int, *, before: int) -> int:
        """:param before: how many there were; they still are, when nobody can tell for the moment"""
        try:
            return self._mailings.complaints(mailing_id)
        except AwayError:
            return before
