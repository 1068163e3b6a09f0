"""Plain text stays plain text inside inline Markdown; days are read as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.importing.dates import find_day, is_day
from newsletter.importing.lines import escape_inline, inline_joined, inline_link
from newsletter.prose import prose_plain, prose_text

MARKS = st.text(st.sampled_from("ab *_[]()!\\<&`~#-芯片“”"), min_size=1, max_size=16)


def printed(text: str) -> str:
    return " ".join(prose_plain(text).split())


@given(MARKS)
def test_an_escaped_text_prints_as_it_was(text: str) -> None:
    assert printed(escape_inline(text)) == " ".join(text.split())


@given(MARKS, MARKS, MARKS)
def test_an_escaped_text_keeps_its_words_beside_other_marks(before: str, words: str, after: str) -> None:
    url = "https://example.com/a"
    made = inline_joined([escape_inline(before), inline_link(escape_inline(words), url), escape_inline(after)])
    assert printed(made) == " ".join((before + words + after).split())
    assert prose_text(made).urls == ((url,) if words.strip() else ())


@pytest.mark.parametrize(
    "text", ["snake_case", "2 * 3", "“quoted”", "a [note]", "R&D", "C:\\dir is here", "Is it? Yes!", "3 < 4"]
)
def test_a_text_without_danger_is_left_alone(text: str) -> None:
    assert escape_inline(text) == text


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://example.com/a_(b)", "[w](https://example.com/a_%28b%29)"),
        ("mailto:a@example.com", "[w](mailto:a@example.com)"),
        ("javascript:alert(1)", "w"),
        ("file:///etc/passwd", "w"),
        ("", "w"),
    ],
)
def test_a_link_leads_where_links_may_lead(url: str, made: str) -> None:
    assert inline_link("w", url) == made


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("Brief — 2026-06-10", None, date(2026, 6, 10)),
        ("on Wednesday, June 10th, 2026", None, date(2026, 6, 10)),
        ("10 Sept 2026", None, date(2026, 9, 10)),
        ("2026 年 6 月 10 日", None, date(2026, 6, 10)),
        ("6月10日", 2026, date(2026, 6, 10)),
        ("6月10日", None, None),
        ("10 June", None, None),
        ("10 June", 2026, date(2026, 6, 10)),
        ("10.06.2026", None, None),
        ("10.10.2026", None, date(2026, 10, 10)),
        ("06/25/2026", None, date(2026, 6, 25)),
        ("2026-02-30", None, None),
        ("May I ask", 2026, None),
        ("version 1.2.2026", None, None),
        ("12026-06-101", None, None),
    ],
)
def test_a_day_is_found(text: str, year: int | None, expected: date | None) -> None:
    found = find_day(text, year=year)
    assert (found.day if found else None) == expected


@pytest.mark.parametrize(
    ("text", "says"), [("Wednesday, 10 June 2026", True), ("Since 10 June 2026", False), ("", False)]
)
def test_a_line_that_says_a_day_and_nothing_else(text: str, says: bool) -> None:
    assert is_day(text) is says
