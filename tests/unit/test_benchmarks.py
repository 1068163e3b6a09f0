"""What `make bench-…` measures is right before it is fast, and a missed target is seen."""

import os
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import crowd, readers_counting, readers_planning
from benchmarks.measuring import Row, in_turns
from benchmarks.processes import Cores, peak_of, seconds_of
from benchmarks.readers import MEASUREMENTS, measured_apart
from benchmarks.render import BRIEFS, EDITIONS, case_of, choices_of, cut_all, insist_equal
from benchmarks.scale import ratios_of
from benchmarks.stage import Way
from benchmarks.windows import limit_of
from newsletter.edition import Edition
from newsletter.message import prebuild
from newsletter.store import open_store


@pytest.mark.parametrize("language", BRIEFS)
def test_a_brief_of_ten_stories_is_written_as_the_standard_library_would(language: str) -> None:
    case = case_of(language)
    assert len(case.compiled.stories) == 10
    insist_equal(case)
    assert {prebuild(case.edition).text.encoding, prebuild(case.edition).html.encoding} == {
        "quoted-printable" if language == "English" else "base64"
    }


def test_it_cuts_as_many_distinct_editions_as_it_says() -> None:
    compiled = case_of("English").compiled
    editions: list[Edition] = cut_all(compiled, choices_of(compiled))
    assert len({edition.hash for edition in editions}) == len(editions) == EDITIONS


@pytest.mark.parametrize(
    ("row", "target", "verdict"),
    [
        (Row("x", 49_999, "a second", least=50_000), "at least 50,000", "MISSED"),
        (Row("x", 50_000, "a second", least=50_000), "at least 50,000", "met"),
        (Row("x", 15, "times", most=15), "at most 15", "met"),
        (Row("x", 0.51, "s", most=0.5), "at most 0.5", "MISSED"),
        (Row("x", 1, "s"), "", ""),
    ],
)
def test_each_row_says_whether_its_target_is_met(row: Row, target: str, verdict: str) -> None:
    assert (row.target, row.verdict) == (target, verdict)


def test_tasks_take_turns_and_the_first_round_only_warms_up() -> None:
    order: list[str] = []
    times = iter([100.0, 200.0, 0.0, 3.0, 0.0, 5.0, 0.0, 1.0, 0.0, 9.0])
    tasks = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    found = in_turns(tasks, rounds=2, clock=lambda: next(times))
    assert order == ["a", "b"] * 3
    assert found == {"a": 2.0, "b": 7.0}


def test_the_chinese_brief_names_nobody_but_examples() -> None:
    text = Path(BRIEFS["Chinese"]).read_text(encoding="utf-8")
    assert "example.com" in text
    assert "http" not in text.replace("https://example.com/", "")


def test_the_crowd_chooses_by_zipfs_law_and_everybody_is_planned_for(tmp_path: Path) -> None:
    path, readers = tmp_path / "newsletter.db", 2_000
    crowd.gather(path, readers)
    connection = sqlite3.connect(path)
    tags = Counter(tag for (tag,) in connection.execute("SELECT tag FROM interests"))
    connection.close()
    assert tags.total() == readers * crowd.INTERESTS
    first, second, *_, last = (tags[slug] for slug in crowd.slugs())
    assert first > second * 1.2 > last * 20
    narrow = readers_counting.narrowest_of(path, readers)
    with open_store(f"sqlite:///{path}") as store:
        segment = readers_counting.segment_of(narrow)
        assert readers * 0.03 < store.readers.count(crowd.NEWSLETTER, segment) <= readers * readers_counting.NARROW
        readers_counting.insist_equal(store, list(readers_counting.expressions(path, readers).values()))
        order = readers_planning.wanted(readers_planning.issue(), f"{narrow} or not {narrow}")
        draft = readers_planning.plan(store, order, readers)
    assert draft.planned == readers * 0.95


def test_a_measurement_runs_in_a_process_of_its_own_with_its_own_peak(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    crowd.gather(path, 500)
    found = measured_apart("counting", path, 500)
    assert found.rows[-1].what == "counting: peak memory"
    assert 20 < found.figures["counting_peak_mib"] == found.rows[-1].value < 150
    assert set(MEASUREMENTS) >= {"counting", "planning"}


@pytest.mark.parametrize(
    ("busy", "shares", "limit"),
    [
        (0.60, {"worker 1": 0.3, "sink": 0.9, "database": 0.1, "others": 0.0}, "sink fills its core"),
        (0.99, {"worker 1": 0.6, "sink": 0.5, "database": 0.9, "others": 0.0}, "all cores are at work"),
        (0.99, {"worker 1": 0.1, "sink": 0.1, "database": 0.1, "others": 1.7}, "nobody can tell"),
        (0.20, {"worker 1": 0.1, "sink": 0.1, "database": 0.1, "others": 0.1}, "neither cores nor a process"),
    ],
)
def test_the_limit_of_workers_is_named_by_what_was_at_work(busy: float, shares: dict[str, float], limit: str) -> None:
    figures = {f"share of a core: {name}": share for name, share in shares.items()}
    assert limit_of(figures | {"share of all cores that was busy": busy}).startswith(limit)


def test_more_workers_are_compared_with_one_in_the_same_place() -> None:
    rates = {Way(1, "sink"): 100.0, Way(2, "sink"): 150.0, Way(1, "sink", "sink"): 10.0, Way(2, "sink", "sink"): 19.0}
    assert ratios_of({way: {"messages/s": rate} for way, rate in rates.items()}) == {
        "sink: 2 workers beside one": 1.5,
        "sink, 20 ms before the sink: 2 workers beside one": 1.9,
    }


def test_what_a_process_has_used_is_told_by_the_kernel() -> None:
    used, told = time.process_time(), seconds_of(os.getpid())
    while time.process_time() - used < 0.2:
        pass
    assert 0.1 < seconds_of(os.getpid()) - told < 1
    assert peak_of(os.getpid()) > 10
    assert Cores(busy=13, idle=7).share_since(Cores(busy=10, idle=6)) == 0.75
