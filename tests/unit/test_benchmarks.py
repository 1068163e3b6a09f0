"""What `make bench-…` measures is right before it is fast, and a missed target is seen."""

from pathlib import Path

import pytest

from benchmarks.measuring import Row, in_turns
from benchmarks.render import BRIEFS, EDITIONS, case_of, choices_of, cut_all, insist_equal
from newsletter.edition import Edition
from newsletter.message import prebuild


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
