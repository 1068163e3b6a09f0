"""Who has been silent for too long, by one's own clock alone."""

from datetime import timedelta

import pytest

from newsletter.dispatch.leases import LEASE, Leases
from newsletter.store.runs import OpenRun
from tests.builders import NOW


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_run(number: int, beats: int = 0) -> OpenRun:
    return OpenRun(number, 1, "elsewhere 7", NOW + timedelta(seconds=beats))


def watch(leases: Leases, clock: Clock, seconds: float, run_at: dict[int, int], step: float = 1.0) -> frozenset[int]:
    """Look every so many seconds at runs, by number how often they have given a sign of life."""
    silent: frozenset[int] = frozenset()
    until = clock.now + seconds
    while clock.now < until:
        clock.now += step
        silent = leases.silent([a_run(number, beats) for number, beats in run_at.items()])
    return silent


def test_a_run_that_gives_no_sign_is_silent_after_its_lease_and_not_before() -> None:
    clock = Clock()
    leases = Leases(clock)
    assert watch(leases, clock, LEASE, {1: 0}) == set()
    assert watch(leases, clock, 3, {1: 0}) == {1}
    assert watch(leases, clock, 1, {1: 1}) == set(), "it has given one"
    assert watch(leases, clock, LEASE + 3, {1: 1, 2: 0}) == {1, 2}
    assert watch(leases, clock, 1, {2: 0}) == {2}, "the other has ended"


def test_whoever_gives_signs_is_never_silent_whatever_its_clock_says() -> None:
    clock = Clock()
    leases = Leases(clock)
    for beats in (9_000, 0, -9_000, 5, 4):
        assert watch(leases, clock, LEASE - 1, {1: beats}) == set()


@pytest.mark.parametrize("gap", [11.0, 600.0])
def test_whoever_has_not_looked_for_long_knows_nothing(gap: float) -> None:
    """We slept, or the database was away from everybody: the others could give no sign either."""
    clock = Clock()
    leases = Leases(clock)
    watch(leases, clock, LEASE - 2, {1: 0})
    clock.now += gap
    assert leases.silent([a_run(1)]) == set()
    assert watch(leases, clock, LEASE - 2, {1: 0}) == set()
    assert watch(leases, clock, 4, {1: 0}) == {1}
