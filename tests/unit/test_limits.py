from collections import deque
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.limits import ONCE_A_DAY, Limit
from tests.builders import NOW

HOUR = timedelta(hours=1)


def times(limit: Limit, at: list[datetime]) -> list[datetime]:
    """Those of the instants at which it was allowed."""
    free_at, allowed = None, []
    for now in at:
        taken = limit.taken(free_at, now)
        if taken:
            free_at = taken
            allowed.append(now)
    return allowed


@pytest.mark.parametrize("count", [1, 3, 20])
def test_so_many_at_once_and_no_more(count: int) -> None:
    assert len(times(Limit(count, HOUR), [NOW] * 50)) == count


def test_once_a_day_is_not_twice_around_midnight() -> None:
    instants = [NOW, NOW + timedelta(hours=23, minutes=59, seconds=59), NOW + timedelta(hours=24)]
    assert times(ONCE_A_DAY, instants) == [instants[0], instants[2]]


def test_it_comes_back_little_by_little() -> None:
    limit = Limit(4, HOUR)
    later = NOW + timedelta(minutes=15)
    assert times(limit, [NOW] * 5 + [later] * 5) == [NOW] * 4 + [later]


@given(st.integers(1, 10), st.lists(st.integers(0, 1_000), max_size=60))
def test_in_no_span_are_there_more_than_twice_as_many(count: int, steps: list[int]) -> None:
    limit, now, at = Limit(count, HOUR), NOW, []
    for step in steps:
        now += timedelta(seconds=step)
        at.append(now)
    window: deque[datetime] = deque()
    for instant in times(limit, at):
        window.append(instant)
        while window[0] <= instant - HOUR:
            window.popleft()
        assert len(window) < 2 * count + (count == 1)
