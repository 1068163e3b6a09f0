"""`make bench-scale`, small: it sends what it says, costs come to something, and a wrong list is seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.scale import everything, insist_same
from benchmarks.stage import Stage, Way, a_stage

READERS = 2_000


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage(READERS) as (found, took):
        assert took["plan_seconds"] > 0
        yield found


def test_a_window_counts_messages_and_what_they_cost(stage: Stage) -> None:
    found = stage.look(Way(1, "sink"), 0.2).figures
    assert found["messages/s"] > 0
    assert found["WAL bytes a message"] > 100
    assert found["database CPU, us a message"] > 0
    assert found["MiB a worker at most"] > 10


def test_two_workers_send_everything_and_the_sinks_list_is_the_plan(stage: Stage) -> None:
    found = everything(stage)
    assert found["whole: readers"] == READERS
    with pytest.raises(SystemExit, match="1 readers did not get exactly one message"):
        _once_more(stage, b"reader7@example.com")


def _once_more(stage: Stage, reader: bytes) -> None:
    lines = stage.sink.truth.read_bytes().splitlines(keepends=True)[-READERS:]
    place = stage.sink.truth.stat().st_size - sum(map(len, lines))
    insist_same(stage, stage.mailings["smtp"], place)
    with Path(stage.sink.truth).open("ab") as file:
        file.write(reader + b"\n")
    insist_same(stage, stage.mailings["smtp"], place)
