"""The segment language: what an expression means, where it is wrong, and saved segments."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import SegmentError
from newsletter.segment import (
    About,
    And,
    Everyone,
    Expression,
    HasInterest,
    Home,
    InLanguage,
    Joined,
    Known,
    Not,
    Or,
    Side,
    matches,
)
from newsletter.segment.grammar import parse, parse_segment
from newsletter.segment.saved import read_segments
from newsletter.tags import Tag, Vocabulary, read_vocabulary, vocabulary_of
from tests.builders import a_subscriber

ROOT = Path(__file__).parents[2]
VOCABULARY = vocabulary_of(
    [
        Tag("china", {"en": "China", "zh-Hans": "中国"}),
        Tag("ai", {"en": "AI", "zh-Hans": "人工智能"}, aliases=("artificial intelligence",)),
        Tag("ai-policy", {"en": "AI policy"}, parents=("ai",)),
        Tag("ai-governance", {"en": "AI governance"}, parents=("ai",)),
        Tag("ai-rules", {"en": "AI rules"}, parents=("ai-governance",)),
        Tag("crypto", {"en": "Crypto"}, aliases=("R&D", "C++", "not")),
        Tag("bitcoin", {"en": "Bitcoin"}, replaced_by="crypto"),
    ]
)
CHINA = HasInterest("china", frozenset({"china"}))
AI = HasInterest("ai", frozenset({"ai", "ai-policy", "ai-governance", "ai-rules"}))
CRYPTO = HasInterest("crypto", frozenset({"crypto", "bitcoin"}))
POLICY = HasInterest("ai-policy", frozenset({"ai-policy", "ai"}))
CHINESE = InLanguage("zh-Hans")
HOME = Home("en")


def parsed(text: str, vocabulary: Vocabulary = VOCABULARY) -> Expression:
    return parse_segment(text, vocabulary, {})


def held(text: str, *, interests: str = "", home: Home = HOME, **details: Any) -> bool:
    return matches(parsed(text), a_subscriber(interests=frozenset(interests.split()), **details), home)


def complaints(text: str) -> list[str]:
    with pytest.raises(SegmentError) as caught:
        parsed(text)
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("china", CHINA),
        ("ai", AI),
        ("=ai", HasInterest("ai", frozenset({"ai"}))),
        ("=bitcoin", HasInterest("crypto", frozenset({"crypto", "bitcoin"}))),
        ("ai-policy", POLICY),
        ('"AI policy"', POLICY),
        ("“ai policy”", POLICY),
        ("'AI Policy'", POLICY),
        ('= "artificial intelligence"', HasInterest("ai", frozenset({"ai"}))),
        ("人工智能 and 中国", And((AI, CHINA))),
        ("r&d", CRYPTO),
        ("C++", CRYPTO),
        ('"not"', CRYPTO),
        ("everyone", Everyone()),
        ("Everyone", Everyone()),
        ("language:zh-Hans", CHINESE),
        ("Language： ZH-hans", CHINESE),
        ("china or ai and crypto", Or((CHINA, And((AI, CRYPTO))))),
        ("china and ai or crypto", Or((And((CHINA, AI)), CRYPTO))),
        ("not china and ai", And((Not(CHINA), AI))),
        ("not not china", Not(Not(CHINA))),
        ("(china or ai) and crypto", And((Or((CHINA, AI)), CRYPTO))),
        ("（china or ai）AND crypto", And((Or((CHINA, AI)), CRYPTO))),
        ("china and ai and crypto", And((CHINA, AI, CRYPTO))),
        ("NOT(china)Or ai", Or((Not(CHINA), AI))),
        ("  china\n and\tai ", And((CHINA, AI))),
        ('not"AI policy"', Not(POLICY)),
        ("any-of(china, =ai, crypto)", Or((CHINA, HasInterest("ai", frozenset({"ai"})), CRYPTO))),
        ("any-of（中国、ai，crypto）and china", And((Or((CHINA, AI, CRYPTO)), CHINA))),
        ("Any-Of (china)", CHINA),
        ("any-of(china and ai, not crypto)", Or((And((CHINA, AI)), Not(CRYPTO)))),
        ('company:"Harbour Trust"', Known(About.COMPANY, "Harbour Trust")),
        ("company:R&D", Known(About.COMPANY, "R&D")),
        ("Manager： 陈美", Known(About.MANAGER, "陈美")),
        ("manager:“Mei Lin”", Known(About.MANAGER, "Mei Lin")),
        ('company:""', Known(About.COMPANY, "")),
        ("joined:2026-01-31", Joined(Side.WITHIN, date(2026, 1, 31), date(2026, 2, 1))),
        ("joined:=2026-12", Joined(Side.WITHIN, date(2026, 12, 1), date(2027, 1, 1))),
        ("joined:>2026", Joined(Side.AFTER, date(2026, 1, 1), date(2027, 1, 1))),
        ("joined: ＞＝2026-1", Joined(Side.FROM, date(2026, 1, 1), date(2026, 2, 1))),
        ("joined:≤2026-02-28", Joined(Side.UP_TO, date(2026, 2, 28), date(2026, 3, 1))),
        ("joined:<2026-01-01", Joined(Side.BEFORE, date(2026, 1, 1), date(2026, 1, 2))),
    ],
)
def test_an_expression_means_what_it_says(text: str, meaning: Expression) -> None:
    assert parsed(text) == meaning


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("china and cryto", "segment:1:11: unknown tag 'cryto'; did you mean crypto?"),
        ("china and\nnot cryto", "segment:2:5: unknown tag 'cryto'; did you mean crypto?"),
        ("qqqqq", "segment:1:1: unknown tag 'qqqqq'; see newsletter tags list"),
        ("language:fr", "segment:1:10: unknown language 'fr'; write en or zh-Hans"),
        ("segment:x", "segment:1:9: unknown segment 'x'; see newsletter segments list"),
        ("tag:china", ("segment:1:1: 'tag' cannot be asked for; "
         "write language:…, company:…, manager:…, joined:…, segment:…, or a tag alone")),
        ("manger:mei", "segment:1:1: 'manger' cannot be asked for; did you mean manager:…?"),
        ("company:", ("segment:1:9: company is not named; "
         'write company:"Its name", or company:"" for readers without one')),
        ("company:>Acme", "segment:1:1: '>' cannot be asked of company; only joined has an order"),
        ("joined:>2026-02-30",
         "segment:1:9: '2026-02-30' is no day, month or year; write it as 2026-01-31, 2026-01 or 2026"),
        ("joined:><2026", "segment:1:1: '><' cannot be asked of joined; write one of < <= = >= >"),
        ("joined:0001-01-01",
         "segment:1:8: '0001-01-01' is no day, month or year; write it as 2026-01-31, 2026-01 or 2026"),
        ("any-of(china, cryto)", "segment:1:15: unknown tag 'cryto'; did you mean crypto?"),
        ("any-of(china,)", "segment:1:14: ')' cannot stand here; write a tag before it"),
        ("any-of(china", "segment:1:13: a parenthesis is not closed; write ')'"),
        ("any-of", "segment:1:1: unknown tag 'any-of'; a list stands in parentheses: any-of(china, ai)"),
        ("china, ai", "segment:1:6: a comma stands only in any-of(…); write 'or' instead, or any-of(china, ai)"),
        ("china and", "segment:1:10: the expression stops too early; write a tag here"),
        ("china or and ai", "segment:1:10: 'and' cannot stand here; write a tag before it"),
        ("(china", "segment:1:7: a parenthesis is not closed; write ')'"),
        ("china)", "segment:1:6: this parenthesis was never opened; take it out, or write '(' before"),
        ("()", "segment:1:2: ')' cannot stand here; write a tag before it"),
        ("China AI", ("segment:1:7: 'AI' stands without a join; "
         "write 'and' or 'or' before it, and put a name of several words in quotes")),
        ("china & ai", ("segment:1:7: '&' cannot stand here; "
         "join tags with and, or, not; put a name with such a sign in quotes")),
        ('china or "ai', "segment:1:10: a quotation mark has no partner; close it, or take it out"),
        ("", "segment:1:1: is empty; write a tag, or everyone"),
        (" \n", "segment:1:1: is empty; write a tag, or everyone"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_its_remedy(text: str, complaint: str) -> None:
    assert complaints(text) == [complaint]


def test_all_unknown_words_are_told_at_once() -> None:
    assert [line[:13] for line in complaints("chna or language:xx and =aii")] == [
        "segment:1:1: ",
        "segment:1:18:",
        "segment:1:26:",
    ]


@pytest.mark.parametrize("text", ["(" * 2000, "not " * 499 + "ai", "(" * 51 + "ai" + ")" * 51, "not(" * 26])
def test_deep_nesting_is_refused_without_recursion(text: str) -> None:
    assert "is nested deeper than 50 levels; take out parentheses" in complaints(text)[0]


def test_nesting_up_to_the_limit_is_read() -> None:
    assert parsed("(" * 50 + "ai" + ")" * 50) == AI
    assert held("not " * 50 + "ai", interests="ai")


def test_parentheses_beside_each_other_do_not_add_up() -> None:
    assert isinstance(parsed(" or ".join(["(not (ai))"] * 100)), Or)


def test_an_expression_that_is_too_long_is_refused() -> None:
    assert "longer than 2000 characters" in complaints("not " * 1000 + "ai")[0]


@pytest.mark.parametrize(
    ("text", "interests", "language", "holds"),
    [
        ("everyone", "", "en", True),
        ("ai", "", "en", False),
        ("ai", "ai", "en", True),
        ("ai", "ai-rules", "en", True),
        ("ai-rules", "ai", "en", True),
        ("ai-rules", "ai-policy", "en", False),
        ("=ai", "ai-rules", "en", False),
        ("=ai-rules", "ai", "en", False),
        ("crypto", "bitcoin", "en", True),
        ("not crypto", "", "en", True),
        ("china and not crypto", "china crypto", "en", False),
        ("china and (ai-governance or ai-policy) and not crypto", "china ai-rules", "en", True),
        ("language:zh-Hans", "", "zh-Hans", True),
        ("language:zh-Hans", "", "en", False),
        ("language:zh-Hans and china", "china", "zh-Hans", True),
    ],
)
def test_a_segment_holds_readers_by_interest_and_language(
    text: str, interests: str, language: str, holds: bool
) -> None:
    assert held(text, interests=interests, language=language) is holds


@pytest.mark.parametrize(
    ("text", "details", "holds"),
    [
        ("company:acme-ltd", {"company": "Acme Ltd."}, True),
        ("company:acme", {"company": "Acme Ltd."}, False),
        ('company:""', {}, True),
        ('not company:""', {"company": "Acme"}, True),
        ("manager:陈美", {"manager": "陈美"}, True),
        ("language:en", {"language": ""}, True),
        ("language:zh-Hans", {"language": ""}, False),
        ("language:zh-Hans", {"language": "zh-Hans"}, True),
    ],
)
def test_a_segment_holds_readers_by_what_is_on_record(text: str, details: dict[str, Any], holds: bool) -> None:
    assert held(text, **details) is holds


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("joined:<2026-01", ["2025-12-31"]),
        ("joined:<=2026-01", ["2025-12-31", "2026-01-01", "2026-01-31"]),
        ("joined:2026-01", ["2026-01-01", "2026-01-31"]),
        ("joined:>=2026-01", ["2026-01-01", "2026-01-31", "2026-02-01"]),
        ("joined:>2026-01", ["2026-02-01"]),
    ],
)
def test_a_month_has_a_beginning_and_an_end(text: str, days: list[str]) -> None:
    asked = ["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01"]
    assert [day for day in asked if held(text, joined_at=datetime.fromisoformat(f"{day}T12:00Z"))] == days


def test_days_begin_where_the_newsletter_lives() -> None:
    late = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
    assert held("joined:>=2026-01-01", home=Home("en", "Asia/Singapore"), joined_at=late)
    assert not held("joined:>=2026-01-01", home=Home("en", "Europe/London"), joined_at=late)


SCRAPS = (
    *"()（）,、=><“”':：&|芯",
    '"',
    "\n",
    "==",
    "ai",
    "and",
    "or",
    "not",
    "any-of",
    "everyone",
    "company:",
    "joined:",
)


@given(st.lists(st.sampled_from(SCRAPS) | st.characters()).map(" ".join) | st.text(st.sampled_from("".join(SCRAPS))))
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    expression, findings = parse(text, VOCABULARY, {})
    assert all(finding.line and finding.column and finding.fix for finding in findings)
    assert matches(expression, a_subscriber(), HOME) in (True, False)


def saved(text: str) -> dict[str, Expression]:
    found = read_segments(text, path="segments.yaml", vocabulary=VOCABULARY)
    return {name: entry.expression for name, entry in found.items()}


def test_saved_segments_build_on_each_other_in_any_order() -> None:
    found = saved(
        "both: {says: Both, rule: 'segment:rules and segment:chinese'}\n"
        "rules: {says: Rules, rule: china or ai}\n"
        "chinese: {says: Chinese, rule: 'language:zh-Hans'}\n"
    )
    assert list(found) == ["both", "rules", "chinese"]
    assert found["both"] == And((Or((CHINA, AI)), CHINESE))


def test_an_expression_can_name_a_saved_segment() -> None:
    found = read_segments("rules: {says: R, rule: china or ai}\n", path="segments.yaml", vocabulary=VOCABULARY)
    assert found["rules"].says == "R"
    assert parse_segment("not segment:rules", VOCABULARY, found) == Not(Or((CHINA, AI)))
    with pytest.raises(SegmentError, match="unknown segment 'rule'; did you mean rules\\?"):
        parse_segment("segment:rule", VOCABULARY, found)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("a:\n  says: A\n  rule: china and cryto\n",
         "segments.yaml:3:19: a.rule: unknown tag 'cryto'; did you mean crypto?"),
        ("a: {says: A, rule: 'china and cryto'}\n",
         "segments.yaml:1:31: a.rule: unknown tag 'cryto'; did you mean crypto?"),
        ("a:\n  says: A\n  rule: >\n    china and\n    cryto\n",
         "segments.yaml:3:3: a.rule: unknown tag 'cryto'; did you mean crypto?"),
        ("a: {says: A, rule: 'segment:a'}\n",
         "segments.yaml:1:14: a.rule: goes round in a circle (a > a); take one of the segment:… out"),
        ("a: {rule: china}\n", "segments.yaml:1:1: a.says: is missing; add it"),
        ("a: {says: A, rule: ''}\n", "segments.yaml:1:14: a.rule: is empty; write a tag, or everyone"),
        ("a: china\n",
         "segments.yaml:1:1: a: does not hold fields; write them below it, indented, as 'name: value'"),
        ("a b: {says: A, rule: china}\n",
         "segments.yaml:1:1: a b: is no name for a segment; use letters, digits and hyphens"),
    ],
)  # fmt: skip
def test_a_fault_in_a_saved_segment_is_told_with_its_place(written: str, complaint: str) -> None:
    with pytest.raises(SegmentError) as caught:
        saved(written)
    assert [str(finding) for finding in caught.value.findings] == [complaint]


def test_every_faulty_rule_and_every_circle_is_told_at_once() -> None:
    with pytest.raises(SegmentError) as caught:
        saved(
            "a: {says: A, rule: 'segment:b'}\n"
            "b: {says: B, rule: 'china and segment:a'}\n"
            "c: {says: C, rule: chna}\n"
            "d: {says: D, rule: 'segment:c and segment:a'}\n"
            "e: {says: E, rule: 'segment:f'}\n"
            "f: {says: F, rule: 'not segment:e'}\n"
        )
    found = [(finding.line, finding.rule) for finding in caught.value.findings]
    assert found == [(1, "cycle"), (3, "segment"), (5, "cycle")]


def test_saved_segments_that_double_each_other_are_refused_before_they_explode() -> None:
    rules = ["s0: {says: S, rule: china}"]
    rules += [f"s{n}: {{says: S, rule: 'segment:s{n - 1} or segment:s{n - 1}'}}" for n in range(1, 40)]
    with pytest.raises(SegmentError, match="more than 300 words"):
        saved("\n".join(rules))


def test_a_long_chain_of_saved_segments_is_refused_as_too_deep() -> None:
    rules = ["s0: {says: S, rule: china}"]
    rules += [f"s{n}: {{says: S, rule: 'not segment:s{n - 1}'}}" for n in range(1, 1500)]
    with pytest.raises(SegmentError, match="nested deeper than 50"):
        saved("\n".join(rules))


@pytest.fixture(name="shipped", scope="module")
def _shipped() -> Vocabulary:
    return read_vocabulary((ROOT / "subscribers/tags.yaml").read_text("utf-8"), path="subscribers/tags.yaml")


def test_the_shipped_segments_are_sound_and_one_is_for_readers_of_chinese(shipped: Vocabulary) -> None:
    written = (ROOT / "subscribers/segments.yaml").read_text("utf-8")
    found = read_segments(written, path="subscribers/segments.yaml", vocabulary=shipped)
    assert found["chinese-readers"].expression == CHINESE
    assert len(found) == 5


def test_every_example_of_the_guide_is_understood(shipped: Vocabulary) -> None:
    guide = (ROOT / "docs/tags-and-segments.md").read_text("utf-8")
    written = (ROOT / "subscribers/segments.yaml").read_text("utf-8")
    found = read_segments(written, path="subscribers/segments.yaml", vocabulary=shipped)
    examples = [line for block in re.findall(r"```segment\n(.*?)```", guide, re.DOTALL) for line in block.splitlines()]
    for example in examples:
        parse_segment(example, shipped, found)
    assert len(examples) >= 8


def test_the_guides_extracts_of_the_files_can_be_read(shipped: Vocabulary) -> None:
    guide = (ROOT / "docs/tags-and-segments.md").read_text("utf-8")
    tags, segments = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert read_vocabulary(tags, path="guide").resolve("HK") == "hong-kong"
    assert "china-rules" in read_segments(segments, path="guide", vocabulary=shipped)
