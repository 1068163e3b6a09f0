"""How long to wait before trying again: longer each time, and never two senders at the same instant."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from newsletter.delivery import Outcome, Receipt
from newsletter.errors import AwayError

_Found = TypeVar("_Found")

#: a reader whose server says "not now" waits so long before the second try, and three times as long each time after
FIRST_WAIT = timedelta(minutes=5)
#: but never longer
LONGEST_DEFERRAL = timedelta(hours=4)
#: with these waits, a little over a day
MOST_TRIES = 10
#: seconds to wait before asking a provider again that certainly took nothing
BACK_OFF = (1.0, 4.0)
#: seconds; a provider that asks for more is left alone, and the person told
LONGEST_WAIT = 60.0
#: seconds for which a sender waits for a database that is away; and one that was asked to stop
LONGEST_OUTAGE, OUTAGE_AT_THE_END = 600.0, 10.0
#: seconds between two tries of it
_BETWEEN_LOOKS = (0.1, 0.5, 1.0, 2.0)


class Outlast(Protocol):
    """`outlast`, for one sender."""

    def __call__(self, work: Callable[[], _Found], /) -> _Found: ...


def outlast(
    work: Callable[[], _Found],
    *,
    sleep: Callable[[float], None],
    should_stop: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> _Found:
    """
    Try again while the database is away.

    :param work: does no harm when it is done twice, for nobody may know that it was done once
    :raises AwayError: it has been away for too long
    """
    waited, tries = 0.0, 0
    while True:
        began = clock()
        try:
            return work()
        except AwayError:
            # A server that does not answer at all takes its time for each try.
            waited += clock() - began
            # Whoever has slept in the midst of it finds their connection broken, and the server well.
            if tries and waited >= (OUTAGE_AT_THE_END if should_stop() else LONGEST_OUTAGE):
                raise
            nap = _BETWEEN_LOOKS[min(tries, len(_BETWEEN_LOOKS) - 1)]
            sleep(nap)
            waited, tries = waited + nap, tries + 1


def wait_after(tries: int, random: Callable[[], float]) -> timedelta:
    """
    Before the next try of a delivery that was tried so often.

    :param random: gives numbers from 0 up to 1; half of the wait is left to it, so that those who were refused
        together do not come back together
    """
    longer = 3 ** min(tries - 1, MOST_TRIES)
    whole: timedelta = min(FIRST_WAIT * longer, LONGEST_DEFERRAL)
    return whole * (0.5 + random() / 2)


def patient(receipt: Receipt, tries: int) -> Receipt:
    """After as many tries as our patience lasts, "not now" is a no."""
    if receipt.outcome is Outcome.DEFERRED and tries >= MOST_TRIES:
        return Receipt(receipt.delivery_id, Outcome.REFUSED, f"still deferred after {tries} tries: {receipt.detail}")
    return receipt
