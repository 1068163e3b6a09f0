"""Tags found in a story by the names and aliases that stand in its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tags import read_vocabulary
from newsletter.tags.finding import MOST, Finder
from tests.tagged import shipped

SHIPPED_FINDER = Finder(shipped())
FINDER = Finder(
    read_vocabulary(
        """
ai: {names: {en: AI, zh-Hans: 人工智能}}
ai-chips: {names: {en: AI chips, zh-Hans: 人工智能芯片}, parents: [ai]}
ai5: {names: {en: AI5}}
agents: {names: {en: AI agents, zh-Hans: 智能体}, aliases: [AI agent], parents: [ai]}
us: {names: {en: United States}, aliases: [US, U.S.]}
visa: {names: {en: Visa Inc.}, aliases: [Visa]}
law: {names: {en: Regulation}, aliases: [law]}
cpp: {names: {en: C++}}
c: {names: {en: C}}
gemini: {names: {en: Gemini}}
gemini-3: {names: {en: Gemini 3}, parents: [gemini]}
data-centres: {names: {en: Data centres}, aliases: [data centre, data-center]}
""",
        path="tags.yaml",
    )
)


def found(headline: str, *texts: str, but: tuple[str, ...] = ()) -> list[str]:
    return [one.slug for one in FINDER.find(headline, texts, but=but)]


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("He said that the mainland waits", []),
        ("Tesla shows AI5", ["ai5"]),
        ("AI is everywhere", ["ai"]),
        ("An AI-driven plan", ["ai"]),
        ("ＡＩ everywhere", ["ai"]),
        ("Beijing's AI‑chips", ["ai-chips"]),
        ("Tell us about it", []),
        ("The US and the U.S.", ["us"]),
        ("A visa for students", []),
        ("Visa raises its fees", ["visa"]),
        ("Regulation comes late", ["law"]),
        ("regulation, law", ["law"]),
        ("Written in C++", ["cpp"]),
        ("Written in C", ["c"]),
        ("Gemini 3 is here", ["gemini-3"]),
        ("Gemini 3.5 is here", ["gemini"]),
        ("Gemini 30 is here", ["gemini"]),
        ("Two data-centers open", ["data-centres"]),
        ("中国人工智能芯片通过审查", ["ai-chips"]),
        ("新的人工智能 芯片与智能体", ["ai-chips", "agents"]),
        ("用AI芯片", ["ai"]),
    ],
)
def test_words_are_found_whole_in_their_case_and_the_longest_counts(text: str, slugs: list[str]) -> None:
    assert sorted(found(text)) == sorted(slugs)


def test_what_a_narrower_tag_says_is_not_said_again() -> None:
    assert found("AI agents", "AI here, AI there") == ["agents"]
    assert found("AI agents and AI chips", but=("agents",)) == ["ai-chips"]


def test_the_headline_weighs_most_and_an_everyday_word_mentioned_once_nothing() -> None:
    assert found("Visa", "the law and the law; AI") == ["visa", "law", "ai"]
    assert found("Visa", "the law") == ["visa"]


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for one in SHIPPED_FINDER.find(text, [text]):
        assert one.slug in shipped().tags
        assert one.words


def test_not_more_than_a_person_reads_is_proposed() -> None:
    names = [tag.names["en"] for tag in shipped().tags.values()]
    assert len(SHIPPED_FINDER.find("; ".join(names), ())) == MOST
