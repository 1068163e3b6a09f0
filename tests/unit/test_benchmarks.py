"""What `make bench-…` measures is right before it is fast, and a missed target is seen."""

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import crowd, readers_counting, readers_planning
from benchmarks.measuring import Row, in_turns
from benchmarks.readers import MEASUREMENTS, measured_apart
from benchmarks.render import BRIEFS, EDITIONS, case_of, choices_of, cut_all, insist_equal
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
