"""Which words of a list may mean the same: found with their reasons, and never where they differ in substance."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tags import fold, read_vocabulary
from newsletter.tags.forms import american, singular
from newsletter.tags.likeness import Likeness, Reason, alike
from newsletter.tending import is_english
from tests.tagged import kept_apart, measure, real_tags, same_meaning, shipped, word_pairs


def suggested(*raws: str) -> list[Likeness]:
    return alike(raws, is_word=is_english)


def test_the_labels_are_about_the_real_list_and_the_shipped_vocabulary_agrees_with_them() -> None:
    words = {fold(raw) for raw in real_tags()}
    told, known = same_meaning()
    labelled = word_pairs([*told, *known])
    vocabulary = shipped()
    one_tag: dict[str | None, set[str]] = {}
    for word in words:
        one_tag.setdefault(vocabulary.resolve(word), set()).add(word)

    assert {word for pair in labelled for word in pair} <= words
    assert word_pairs(one_tag.values()) == labelled


def test_pairs_of_the_real_list_are_found_and_almost_nothing_else() -> None:
    """
    Of what the words themselves tell, with any vocabulary; of all that means the same, with ours, entry by entry.

    Print the table with: python -m tests.tagged
    """
    for one in measure(is_english):
        assert one.precision > 0.95, one
        if one.wanted == "told by the words" or (one.counted, one.vocabulary) == ("entries", "shipped"):
            assert one.recall > 0.85, one


@pytest.mark.parametrize(("one", "other"), kept_apart(), ids=map(" | ".join, kept_apart()))
def test_what_differs_in_substance_is_never_suggested(one: str, other: str) -> None:
    for raws in ([one, other], [one, other, *real_tags()]):
        pairs = {frozenset((pair.one, pair.other)) for pair in alike(raws, is_word=is_english, vocabulary=shipped())}
        assert frozenset((one, other)) not in pairs


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ("AI governance", "ai-governance", [Reason.SPELLING]),
        ("node.js", "NodeJS", [Reason.SPELLING]),
        ("U.S.", "US", [Reason.SPELLING]),
        ("risk & return", "risk and return", [Reason.SPELLING]),
        ("AIGovernance", "AI governance", [Reason.RUN_TOGETHER]),
        ("e-commerce", "ecommerce", [Reason.RUN_TOGETHER]),
        ("Gemini3", "Gemini 3", [Reason.RUN_TOGETHER]),
        ("data centre", "data center", [Reason.BRITISH]),
        ("labour market", "labor market", [Reason.BRITISH]),
        ("tokenisation", "tokenization", [Reason.BRITISH]),
        ("AI labelling", "AI labeling", [Reason.BRITISH]),
        ("catalogue", "catalog", [Reason.BRITISH]),
        ("defence tech", "defense tech", [Reason.BRITISH]),
        ("LLMs", "LLM", [Reason.PLURAL]),
        ("EVs", "EV", [Reason.PLURAL]),
        ("policy", "policies", [Reason.PLURAL]),
        ("taxes", "tax", [Reason.PLURAL]),
        ("analysis", "analyses", [Reason.PLURAL]),
        ("data centres", "data center", [Reason.BRITISH, Reason.PLURAL]),
        ("AI in finance", "AI finance", [Reason.SMALL_WORD]),
        ("Nvdia", "Nvidia", [Reason.TYPO]),
        ("semicondutcors", "semiconductors", [Reason.TYPO]),
        ("goverment", "government", [Reason.TYPO]),
        ("intelligenc", "intelligence", [Reason.TYPO]),
        ("AIGoverance", "AI governance", [Reason.RUN_TOGETHER, Reason.TYPO]),
        ("VC", "venture capital", [Reason.INITIALS]),
        ("M&A", "mergers and acquisitions", [Reason.INITIALS]),
        ("GRC", "governance, risk and compliance", [Reason.INITIALS]),
        ("LLM evaluation", "large language model evaluation", [Reason.INITIALS]),
        ("SEC", "Securities and Exchange Commission", [Reason.INITIALS]),
    ],
)
def test_each_likeness_has_its_reason(one: str, other: str, reasons: list[Reason]) -> None:
    [pair] = suggested(one, other)
    assert {pair.one, pair.other} == {one, other}
    assert list(pair.reasons) == reasons
    assert 0.5 < pair.score <= 1


def test_a_translation_is_known_to_the_vocabulary_or_not_at_all() -> None:
    vocabulary = read_vocabulary("ai: {names: {en: AI, zh-Hans: 人工智能}}", path="tags.yaml")
    assert suggested("AI", "人工智能") == []
    [pair] = alike(["AI", "人工智能", "咖啡"], is_word=is_english, vocabulary=vocabulary)
    assert pair.reasons == (Reason.TRANSLATION,)


def test_initials_that_could_stand_for_several_tags_stand_for_none() -> None:
    assert suggested("PR", "public relations", "pull requests") == []


def test_a_lost_letter_in_any_long_word_of_the_real_list_is_found() -> None:
    chance = random.Random(20260610)
    missed, tried = [], 0
    for raw in real_tags():
        long_words = [word for word in raw.lower().split() if len(word) > 7 and is_english(word)]
        if not long_words:
            continue
        word = chance.choice(long_words)
        at = chance.randrange(1, len(word) - 1)
        slip = word[:at] + word[at + 1 :]
        if not is_english(slip):
            tried += 1
            missed += [] if suggested(raw, raw.lower().replace(word, slip)) else [(raw, slip)]
    assert tried > 200
    assert len(missed) < tried * 0.04, missed


@given(st.sampled_from(real_tags()), st.integers(0, 9999))
def test_a_number_more_or_another_number_is_never_the_same(raw: str, number: int) -> None:
    assert suggested(raw, f"{raw} {number}") == []
    assert suggested(f"{raw} {number}", f"{raw} {number + 1}") == []
    assert suggested(f"{raw}{number}", f"{raw}{number + 1}") == []


@given(st.lists(st.text(max_size=20) | st.sampled_from(real_tags()), max_size=12))
def test_any_list_can_be_compared_and_each_pair_stands_in_it_once(raws: list[str]) -> None:
    pairs = suggested(*raws)
    assert all({pair.one, pair.other} <= set(raws) and pair.one != pair.other for pair in pairs)
    assert len({frozenset((pair.one, pair.other)) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("securities", "securities"),
        ("news", "news"),
        ("robotics", "robotics"),
        ("class", "class"),
        ("companies", "company"),
        ("wolves", "wolf"),
        ("stablecoins", "stablecoin"),
        ("processes", "process"),
        ("women", "woman"),
        ("aws", "aws"),
        ("gpt4s", "gpt4s"),
    ],
)
def test_the_singular_of_a_word(plural: str, one: str) -> None:
    assert singular(plural, is_english) == one


@pytest.mark.parametrize(
    ("british", "spelt"),
    [
        ("four", "four"),
        ("hour", "hour"),
        ("advise", "advise"),
        ("enterprise", "enterprise"),
        ("colour", "color"),
        ("modelling", "modeling"),
        ("analyse", "analyze"),
        ("programme", "program"),
        ("fibre", "fiber"),
        ("tokenised", "tokenized"),
    ],
)
def test_the_american_spelling_of_a_word(british: str, spelt: str) -> None:
    assert american(british, is_english) == spelt
