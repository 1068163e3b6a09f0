"""How long to wait before trying again: longer each time, and never two senders at the same instant."""

from collections.abc import Callable
from datetime import timedelta

from newsletter.delivery import Outcome, Receipt

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


def wait_after(tries: int, random: Callable[[], float]) -> timedelta:
    """
    Before the next try of a delivery that was tried so often.

    :param random: gives numbers from 0 up to 1; half of the wait is left to it, so that those who were refused
        together do not come back together
    """
    whole = min(FIRST_WAIT * 3 ** min(tries - 1, MOST_TRIES), LONGEST_DEFERRAL)
    return whole * (0.5 + random() / 2)


def patient(receipt: Receipt, tries: int) -> Receipt:
    """After as many tries as our patience lasts, "not now" is a no."""
    if receipt.outcome is Outcome.DEFERRED and tries >= MOST_TRIES:
        return Receipt(receipt.delivery_id, Outcome.REFUSED, f"still deferred after {tries} tries: {receipt.detail}")
    return receipt
