"""A segment in words, and why it holds a reader."""

from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.columns import pointer
from newsletter.segment import Home, Segment
from newsletter.segment.grammar import parse_segment
from newsletter.segment.telling import told, told_for
from newsletter.tags import Tag, vocabulary_of
from tests.builders import a_subscriber

VOCABULARY = vocabulary_of(
    [
        Tag("china", {"en": "China"}),
        Tag("ai", {"en": "AI"}),
        *(Tag(f"ai-{number}", {"en": f"AI {number}"}, parents=("ai",)) for number in range(9)),
        Tag("machine-minds", {"en": "Machine minds"}, replaced_by="ai"),
    ]
)
AI = "follows ai, or a wider or narrower tag: ai-0, ai-1, ai-2, ai-3, ai-4, ai-5 and 3 more"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("china", "follows china"),
        ("=ai", "follows exactly ai"),
        ("ai-1", "follows ai-1, or a wider or narrower tag: ai"),
        ("ai", AI),
        ("everyone", "everyone"),
        ("language:zh-Hans", "reads zh-Hans"),
        ('company:"Harbour Trust"', "works for Harbour Trust"),
        ("manager:mei", "is looked after by mei"),
        ('manager:""', "has no manager on record"),
        ("joined:<2026-01-31", "joined before 2026-01-31"),
        ("joined:<=2026-01", "joined in or before 2026-01"),
        ("joined:2026", "joined in 2026"),
        ("joined:>=2026-01-31", "joined on or after 2026-01-31"),
        ("joined:>2026-02", "joined after 2026-02"),
    ],
)
def test_each_word_is_told_in_words(text: str, words: str) -> None:
    assert list(told(parse_segment(text, VOCABULARY, {}), VOCABULARY).lines()) == [words]


def lines_for(text: str, **details: Any) -> list[str]:
    segment = Segment(parse_segment(text, VOCABULARY, {}), Home("en", "Asia/Singapore"))
    return list(told_for(segment, a_subscriber(**details), VOCABULARY).lines())


def test_every_branch_says_yes_or_no_and_why() -> None:
    assert lines_for("ai and not (china or company:Acme)", interests=frozenset({"machine-minds", "china"})) == [
        "no   all of these:",
        f"yes    {AI} (follows machine-minds)",
        "no     not:",
        "yes      any of these:",
        "yes        follows china (follows china)",
        "no         works for Acme (no company on record)",
    ]


@pytest.mark.parametrize(
    ("text", "details", "line"),
    [
        ("china", {"interests": frozenset()}, "no   follows china (follows none of them)"),
        ("language:en", {"language": ""}, "yes  reads en (reads en, as the newsletter, for they named none)"),
        ("language:en", {"language": "zh-Hans"}, "no   reads en (reads zh-Hans)"),
        ("manager:mei", {"manager": "Mei"}, "yes  is looked after by mei (manager: Mei)"),
        (
            "joined:>=2026",
            {"joined_at": datetime(2025, 12, 31, 16, 30, tzinfo=UTC)},
            "yes  joined in or after 2026 (joined on 2026-01-01)",
        ),
    ],
)
def test_the_reason_is_what_is_on_record(text: str, details: dict[str, Any], line: str) -> None:
    assert lines_for(text, **details) == [line]


def test_as_json_each_branch_has_its_words_and_its_answer() -> None:
    segment = Segment(parse_segment("not china", VOCABULARY, {}), Home("en"))
    assert told_for(segment, a_subscriber(interests=frozenset({"china"})), VOCABULARY).as_json() == {
        "words": "not",
        "holds": False,
        "parts": [{"words": "follows china", "holds": True, "why": "follows china"}],
    }
    assert told(segment.expression, VOCABULARY).as_json() == {"words": "not", "parts": [{"words": "follows china"}]}


@pytest.mark.parametrize(
    ("line", "column", "mark"), [("chna", 1, "^"), ("ai and x", 8, " " * 7 + "^"), ("中国 x", 4, " " * 5 + "^")]
)
def test_a_mark_stands_under_the_character(line: str, column: int, mark: str) -> None:
    assert pointer(line, column) == mark
