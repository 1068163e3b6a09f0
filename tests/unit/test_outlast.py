"""A database that is away for a while is waited for; one that refuses is not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.dispatch import ledger as ledgers
from newsletter.dispatch.ledger import Ledger
from newsletter.dispatch.patience import LONGEST_OUTAGE, OUTAGE_AT_THE_END, outlast
from newsletter.errors import AwayError, StoreError
from newsletter.store.flight import NoFlight
from tests.builders import NOW


class Away:
    """A database that is away for so many tries."""

    def __init__(self, tries: int, error: type[StoreError] = AwayError) -> None:
        self.tries, self.error = tries, error
        self.waited = 0.0

    def work(self) -> str:
        self.tries -= 1
        if self.tries >= 0:
            raise self.error("it is away")
        return "done"

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


@pytest.mark.parametrize("tries", [0, 1, 7, 100])
def test_what_was_asked_is_done_once_the_database_is_back(tries: int) -> None:
    away = Away(tries)
    assert outlast(away.work, sleep=away.sleep, should_stop=lambda: False) == "done"
    assert (away.waited > 0) == (tries > 0)
    assert away.waited <= 2 * tries


@pytest.mark.parametrize(("is_asked_to_stop", "most"), [(False, LONGEST_OUTAGE), (True, OUTAGE_AT_THE_END)])
def test_patience_has_an_end_and_less_of_it_when_asked_to_stop(is_asked_to_stop: bool, most: float) -> None:
    away = Away(10**6)
    with pytest.raises(AwayError):
        outlast(away.work, sleep=away.sleep, should_stop=lambda: is_asked_to_stop)
    assert most <= away.waited <= most + 2


def test_a_refusal_is_told_at_once() -> None:
    away = Away(1, StoreError)
    with pytest.raises(StoreError, match="it is away"):
        outlast(away.work, sleep=away.sleep, should_stop=lambda: False)
    assert away.waited == 0


def test_the_time_that_each_try_takes_counts() -> None:
    """A server that does not answer is given up after ten seconds each time."""
    away, clock = Away(1_000), [0.0]

    def work() -> str:
        clock[0] += 10
        return away.work()

    with pytest.raises(AwayError):
        outlast(work, sleep=away.sleep, should_stop=lambda: True, clock=lambda: clock[0])
    assert clock[0] <= OUTAGE_AT_THE_END + 10


def test_one_try_says_nothing_however_long_it_took() -> None:
    """Whoever slept in the midst of it finds the connection broken, and may have been asked to stop."""
    away, clock = Away(1), [0.0]

    def work() -> str:
        clock[0] += LONGEST_OUTAGE
        return away.work()

    assert outlast(work, sleep=away.sleep, should_stop=lambda: True, clock=lambda: clock[0]) == "done"


def test_while_the_database_is_away_one_sign_of_life_waits_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a sender that is told to stop would wait for each of them."""
    monkeypatch.setattr(ledgers, "BEAT", 0.0)
    waits, asked = threading.Event(), []

    def outlasts(_: object) -> Any:
        asked.append("sign")
        assert waits.wait(timeout=10)

    with ThreadPoolExecutor(1) as clerk:
        mailings: Any = SimpleNamespace(beat=lambda *_: None)
        ledger = Ledger(mailings, clerk, NoFlight(), run_id=1, outlast=outlasts)
        for _ in range(5):
            ledger.beat(NOW)
        waits.set()
    assert asked == ["sign"]
