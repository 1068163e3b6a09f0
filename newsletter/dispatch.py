"""Hand deliveries to a transport, batch by batch, and write down what came of each before the next."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import TransientError, TransportError
from newsletter.message import Letter
from newsletter.store.mailings import Mailings
from newsletter.store.rows import ClaimedDelivery

#: how long a reader whose server said "not now" waits before the next try, by number of tries
PATIENCE = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
#: seconds to wait before asking a provider again that certainly took nothing
BACK_OFF = (1.0, 4.0)
#: seconds; a provider that asks for more is left alone, and the person told
LONGEST_WAIT = 60.0
NAP = 0.2
#: seconds
POLL = 0.05


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
    #: names this run in the claims, so that only it can settle them
    holder: str
    edition_of: Callable[[ClaimedDelivery], Edition]
    recipient_of: Callable[[ClaimedDelivery], Recipient]
    #: messages a second; None: as fast as they are taken
    rate: float | None = None
    should_stop: Callable[[], bool] = lambda: False
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep


def drain(mailings: Mailings, transport: Transport, run: Run) -> Iterator[Counter[Outcome]]:
    """
    Hand over until nothing of the mailing is planned, or somebody asks to stop; yields the outcomes of each batch.

    The claim is committed before the hand-over, and the receipts after it: whatever kills us in between leaves
    claimed rows, which the next sender turns into unknown ones.

    :raises TransportError: the provider takes nothing; what it did not take is planned again
    """
    failures = 0
    while not run.should_stop():
        limit = _batch_size(transport, run.rate)
        claimed = mailings.claim(run.mailing_id, holder=run.holder, limit=limit, now=run.now())
        if not claimed:
            return
        started = time.monotonic()
        try:
            outcomes = _hand_over(mailings, transport, claimed, run)
        except TransientError as error:
            if failures >= len(BACK_OFF) or (error.retry_after or 0) > LONGEST_WAIT:
                raise
            _rest(run, error.retry_after or BACK_OFF[failures])
            failures += 1
            continue
        failures = 0
        yield outcomes
        _keep_pace(run, len(claimed), time.monotonic() - started)


def _hand_over(
    mailings: Mailings, transport: Transport, claimed: Sequence[ClaimedDelivery], run: Run
) -> Counter[Outcome]:
    waiting = {delivery.delivery_id: delivery for delivery in claimed}
    outcomes: Counter[Outcome] = Counter()
    try:
        recipients = [run.recipient_of(delivery) for delivery in claimed]
        for receipt in transport.send(run.edition_of(claimed[0]), recipients):
            delivery = waiting.pop(receipt.delivery_id)
            receipt = _patient(receipt, delivery.tries)
            mailings.settle([receipt], holder=run.holder, now=run.now(), due_at=run.now() + _wait(delivery.tries))
            outcomes[receipt.outcome] += 1
    except TransportError:
        mailings.release(list(waiting), holder=run.holder)
        raise
    return outcomes


def _wait(tries: int) -> timedelta:
    return PATIENCE[min(tries, len(PATIENCE)) - 1]


def _patient(receipt: Receipt, tries: int) -> Receipt:
    """After as many tries as our patience lasts, "not now" is a no."""
    if receipt.outcome is Outcome.DEFERRED and tries > len(PATIENCE):
        return Receipt(receipt.delivery_id, Outcome.REFUSED, f"still deferred after {tries} tries: {receipt.detail}")
    return receipt


def _batch_size(transport: Transport, rate: float | None) -> int:
    """At most a second's worth at once, so that a rate is kept from the first message on."""
    return transport.batch_size if rate is None else max(1, min(transport.batch_size, int(rate)))


def _keep_pace(run: Run, handed: int, took: float) -> None:
    if run.rate:
        _rest(run, handed / run.rate - took)


def _rest(run: Run, seconds: float) -> None:
    """Short naps, so that whoever asks to stop is heard."""
    while seconds > 0 and not run.should_stop():
        nap = min(seconds, NAP)
        run.sleep(nap)
        seconds -= nap
