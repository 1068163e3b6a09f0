"""
From the deliveries table to a transport and back.

The claim is committed before the hand-over and the receipts after it, in groups. What is in between stands in the
flight recorder, so that whatever kills us leaves in doubt only what was on the wire at that instant.
"""

import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.dispatch.ledger import MOST_UNDER_WAY, Ledger
from newsletter.dispatch.pace import MOST_HELD, Pace
from newsletter.dispatch.patience import BACK_OFF, LONGEST_WAIT, Outlast, outlast, patient
from newsletter.dispatch.quiet import Watch
from newsletter.edition import Edition
from newsletter.errors import TransientError, TransportError
from newsletter.message import Letter
from newsletter.store.flight import Flight, NoFlight
from newsletter.store.mailings import Mailings
from newsletter.store.rows import ClaimedDelivery

#: seconds
NAP = 0.2
POLL = 0.05
#: receipts are written down together, as soon as there are so many or the first has waited so long (seconds)
GROUP = 256
GROUP_WAIT = 0.1
#: seconds that a claim lasts: what has not left by then is given back and claimed anew, so that a slow pace does not
#: mail anybody who has left meanwhile
CLAIM_LASTS = 2.0
#: seconds between two looks at what readers complained of
LOOK_AT_COMPLAINTS = 10.0


class Transport(Protocol):
    """A way to hand letters to a provider. Nothing else in the core knows providers."""

    name: str
    #: deliveries that are claimed for it at once
    window: int

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        """
        Hand over one letter after another, until there are no more and all are answered.

        :param letters: asked for one when it can be handed over, and not before; None: there is none for the moment,
            ask again within `POLL` seconds, and meanwhile keep nothing back that could go
        :param at_risk: told the ids of deliveries at the last instant at which it is certain that nobody took them
        :return: receipts, exactly one for each letter, as they come in; and an empty list every `POLL` seconds while
            nothing comes
        :raises TransientError: only while it is certain that letters without a receipt were not taken
        :raises PermanentError: likewise, and trying again cannot help
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one sender of one mailing works with."""

    mailing_id: int
    #: the fence: nobody but this run settles what it claims
    id: int
    edition_of: Callable[[ClaimedDelivery], Edition]
    recipient_of: Callable[[ClaimedDelivery], Recipient]
    pace: Pace
    #: told why, when the mailing has to stop by itself
    pause: Callable[[str], None]
    #: deliveries that it claims before it ends; None: all that are planned
    most: int | None = None
    #: looks at every answer
    watch: Watch = field(default_factory=Watch)
    #: whether to hand over nothing more
    should_stop: Callable[[], bool] = lambda: False
    #: waits for a database that is away, also when nothing more is handed over: what was has to be written down
    outlast: Outlast = field(default=partial(outlast, sleep=time.sleep, should_stop=lambda: False))
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


def drain(mailings: Mailings, transport: Transport, run: Run) -> Iterator[Counter[Outcome]]:
    """
    Hand over until nothing of the mailing is planned, or somebody asks to stop; yields outcomes as they come in.

    :raises TransportError: the provider takes nothing; what it did not take is planned again
    """
    failures = 0
    size = 4 * transport.window + (MOST_UNDER_WAY + 2) * GROUP
    # The recorder is removed last, when the ledger knows everything that it does.
    with mailings.flight(run.mailing_id, run.id, size=size) as flight, mailings.clerk() as clerk:
        ledger = Ledger(mailings, clerk, flight, run_id=run.id, outlast=run.outlast)
        desk = _Desk(ledger, run, flight, transport.window)
        while not run.should_stop():
            try:
                for receipts in transport.send(desk.letters(), flight.at_risk):
                    failures = 0 if receipts else failures
                    yield desk.take_in(receipts)
            except TransientError as error:
                desk.clear()
                if failures >= len(BACK_OFF) or (error.retry_after or 0) > LONGEST_WAIT:
                    raise
                _rest(run, error.retry_after or BACK_OFF[failures], ledger)
                failures += 1
            except TransportError:
                desk.clear()
                raise
            else:
                desk.clear()
                return


class _Desk:
    """Where claimed deliveries leave as letters and come back as receipts."""

    def __init__(self, ledger: Ledger, run: Run, flight: Flight | NoFlight, window: int) -> None:
        self._ledger, self._run, self._flight = ledger, run, flight
        #: no more than the pace lets go while a claim lasts, or most would be given back again and again
        self._window = min(window, run.pace.most_within(CLAIM_LASTS))
        self._claimed: deque[ClaimedDelivery] = deque()
        self._claimed_at = 0.0
        #: may still be claimed
        self._left = sys.maxsize if run.most is None else run.most
        self._asked_for = 0
        #: the last claim found less than it asked for
        self._is_last = False
        #: claimed and without a receipt: by delivery, the number of tries
        self._waiting: dict[int, int] = {}
        self._unsettled: list[Receipt] = []
        self._tries: dict[int, int] = {}
        self._since = 0.0
        self._looked_at = 0.0
        self._complaints = 0
        self._is_over = False

    def letters(self) -> Iterator[Letter | None]:
        run, claimed = self._run, self._claimed
        while not (self._is_over or run.should_stop()):
            if time.monotonic() - self._claimed_at >= CLAIM_LASTS:
                self._let_go()
            if len(claimed) <= self._window // 2 and run.pace.held < MOST_HELD:
                self._claim()
            if not claimed and not run.pace.held:
                return
            delivery = run.pace.next_of(claimed, run.now())
            if delivery is None:
                yield None
            else:
                yield Letter(run.edition_of(delivery), run.recipient_of(delivery))

    def take_in(self, receipts: Sequence[Receipt]) -> Counter[Outcome]:
        """Note what came in; in the ledger only when enough has come together."""
        outcomes: Counter[Outcome] = Counter()
        for receipt in receipts:
            self._flight.answered(receipt.delivery_id, receipt.outcome)
            tries = self._tries[receipt.delivery_id] = self._waiting.pop(receipt.delivery_id)
            receipt = patient(receipt, tries)
            self._run.watch.see(receipt)
            self._unsettled.append(receipt)
            outcomes[receipt.outcome] += 1
        self._settle_in_time()
        self._ledger.beat(self._run.now())
        return outcomes

    def clear(self) -> None:
        """Everything that has an answer is written down, and what was not handed over is given back."""
        self._settle()
        self._ledger.look(most=0)
        self._take_over()
        self._claimed.clear()
        self._run.pace.clear()
        self._release(list(self._waiting))

    def _let_go(self) -> None:
        """Of everything that waits for its turn, and is not in the transport's hands."""
        self._take_over()
        held = [*self._run.pace.clear(), *self._claimed]
        self._claimed.clear()
        self._release([delivery.delivery_id for delivery in held])

    def _release(self, delivery_ids: Sequence[int]) -> None:
        self._ledger.release(delivery_ids)
        for delivery_id in delivery_ids:
            del self._waiting[delivery_id]

    def _claim(self) -> None:
        """Ask for more before they are needed, and wait for them when they are."""
        run = self._run
        if self._left > 0 and not (self._claimed and self._is_last):
            self._asked_for = min(self._window, self._left)
            self._ledger.claim_ahead(run.mailing_id, limit=self._asked_for, now=run.now())
        if not self._claimed:
            self._settle()
            self._take_over()
            if self._claimed and not self._ledger.is_under_way(run.mailing_id):
                # It was paused or cancelled after these were claimed.
                self._let_go()

    def _take_over(self) -> None:
        found, since = self._ledger.claimed()
        self._left -= len(found)
        self._is_last = len(found) < self._asked_for
        if not self._run.pace.held:
            self._claimed_at = since
        self._claimed.extend(found)
        self._waiting |= {delivery.delivery_id: delivery.tries for delivery in found}

    def _settle_in_time(self) -> None:
        if not self._unsettled:
            self._since = time.monotonic()
        elif len(self._unsettled) >= GROUP or time.monotonic() - self._since >= GROUP_WAIT:
            self._settle()

    def _settle(self) -> None:
        if not self._unsettled:
            return
        self._ledger.settle(self._unsettled, self._tries, now=self._run.now(), chance=self._run.random)
        self._unsettled, self._tries, self._since = [], {}, time.monotonic()
        self._look()

    def _look(self) -> None:
        if time.monotonic() - self._looked_at >= LOOK_AT_COMPLAINTS:
            self._looked_at = time.monotonic()
            self._complaints = self._ledger.complaints(self._run.mailing_id, before=self._complaints)
        reason = self._run.watch.reason(self._complaints)
        if reason and not self._is_over:
            self._is_over = True
            self._run.pause(reason)


def _rest(run: Run, seconds: float, ledger: Ledger) -> None:
    """Short naps, so that whoever asks to stop is heard, and nobody takes us for dead."""
    while seconds > 0 and not run.should_stop():
        nap = min(seconds, NAP)
        run.sleep(nap)
        ledger.beat(run.now())
        seconds -= nap
