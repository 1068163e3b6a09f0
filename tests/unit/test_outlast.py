"""A database that is away for a while is waited for; one that refuses is not."""

import pytest

from newsletter.dispatch.patience import LONGEST_OUTAGE, OUTAGE_AT_THE_END, outlast
from newsletter.errors import AwayError, StoreError


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
