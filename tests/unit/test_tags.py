"""The tag vocabulary: how words meet, what is refused, and which stories fit a reader."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import VocabularyError
from newsletter.tags import Tag, Vocabulary, fits, fold, read_vocabulary, vocabulary_of
from tests.tagged import real_tags
from tests.tagged import shipped as shipped_vocabulary

ROOT = Path(__file__).parents[2]
WRITTEN = """\
china:
  names: {en: China, zh-Hans: 中国}
  aliases: [PRC]
  offered: yes
ai:
  names: {en: AI, zh-Hans: 人工智能}
  aliases: [artificial intelligence]
ai-chips:
  names: {en: AI chips, zh-Hans: AI芯片}
  parents: [ai, semiconductors]
semiconductors:
  names: {en: Semiconductors, zh-Hans: 半导体}
gpu:
  names: {en: GPU}
  aliases: [C++, AI5]
  parents: ai-chips
chip-making:
  names: {en: Chip making}
  replaced_by: semiconductors
"""


@pytest.fixture(name="vocabulary")
def _vocabulary() -> Vocabulary:
    return read_vocabulary(WRITTEN, path="tags.yaml")


@pytest.fixture(name="shipped", scope="module")
def _shipped() -> Vocabulary:
    return shipped_vocabulary()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Data Centre", "data-centre"),
        ("open‑source AI", "Open_Source  AI"),
        ("AI – policy", "ai policy"),
        ("ＡＩ", "AI"),
        ("#AI", "ai"),
        ("#AI#", "ai"),
        ("“AI”,", "AI"),
        ("**AI**", "ai"),
        ("AI 芯片", "AI芯片"),
        ("人工智能。", "人工智能"),
        ("AI\u200b agents\u00a0", "AI agents"),
        ("STRASSE", "straße"),
        ("cross−border", "cross-border"),
        ("...AI…", "AI"),
        ("AI\ufe0f", "AI"),
        ("China’s AI", "China's AI"),
        ("_AI_", "AI"),
        ("「人工 智能」", "人工智能"),
    ],
)
def test_spellings_that_differ_in_dress_only_are_one_word(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++", "C"),
        ("C#", "C"),
        (".NET", "net"),
        ("AI5", "AI6"),
        ("R&D", "RD"),
        ("M&A", "MA"),
        ("chip", "chips"),
        ("AI+", "AI"),
        ("芯片", "晶片"),
    ],
)
def test_words_that_differ_in_substance_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


#: every character that Unicode calls a dash or a hyphen (PropList.txt), but for the soft one, which nobody sees
DASHES = (
    "\u002d\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2053\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d"
)
#: every character that Unicode calls white space
SPACES = (
    "\t\n\v\f\r\x85 \u00a0\u1680\u2000\u2001\u2002\u2003\u2004"
    "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


@pytest.mark.parametrize("mark", [*DASHES, *SPACES, "_", "\uff3f", "\u203f"], ids=lambda mark: f"U+{ord(mark):04X}")
def test_every_kind_of_dash_space_and_underscore_parts_words(mark: str) -> None:
    assert fold(f"Open{mark}source AI") == fold(f"open source{mark}AI") == "open source ai"
    assert fold(f"{mark}AI{mark}") == "ai"


@given(st.text(st.sampled_from("aB1 -_–#.+'“”芯AIé\u00a0\u200b\u3000") | st.characters(exclude_categories=["Cs"])))
def test_folding_a_folded_word_changes_nothing(raw: str) -> None:
    assert fold(fold(raw)) == fold(raw)


@pytest.mark.parametrize(
    ("raw", "slug"),
    [
        ("china", "china"),
        ("P.R.C", None),
        ("prc", "china"),
        ("中国", "china"),
        ("Artificial-Intelligence", "ai"),
        ("AI Chips", "ai-chips"),
        ("c++", "gpu"),
        ("C", None),
        ("AI6", None),
        ("chip making", "semiconductors"),
        ("", None),
    ],
)
def test_a_word_resolves_exactly_or_not_at_all(vocabulary: Vocabulary, raw: str, slug: str | None) -> None:
    assert vocabulary.resolve(raw) == slug


def test_a_misspelt_word_is_near_the_tag_it_means(vocabulary: Vocabulary) -> None:
    assert vocabulary.nearest("semiconducters")[0] == "semiconductors"
    assert vocabulary.nearest("artifical intelligence", count=1) == ("ai",)
    assert vocabulary.nearest("qqqqqq") == ()


def test_a_tag_is_named_in_the_language_or_else_in_english(vocabulary: Vocabulary) -> None:
    assert vocabulary.name("china", "zh-Hans") == "中国"
    assert vocabulary.name("gpu", "zh-Hans") == "GPU"
    assert vocabulary.name("nothing", "en") == "nothing"


def test_kin_are_all_above_and_all_below_but_not_beside(vocabulary: Vocabulary) -> None:
    assert vocabulary.ancestors("gpu") == {"ai-chips", "ai", "semiconductors"}
    assert vocabulary.descendants("ai") == {"ai-chips", "gpu"}
    assert vocabulary.kin("ai-chips") == {"ai", "semiconductors", "ai-chips", "gpu"}
    assert vocabulary.kin("semiconductors") == {"semiconductors", "ai-chips", "gpu"}
    assert vocabulary.kin("chip-making") == vocabulary.kin("semiconductors")
    assert vocabulary.descendants("nothing") == frozenset()


@pytest.mark.parametrize(
    ("interests", "tags", "fit"),
    [
        ([], [], True),
        ([], ["china"], True),
        (["ai"], ["ai"], True),
        (["ai"], ["gpu"], True),
        (["gpu"], ["ai"], False),
        (["china"], ["ai"], False),
        (["china", "ai"], ["semiconductors", "ai-chips"], True),
        (["ai"], [], False),
        (["chip-making"], ["gpu"], True),
        (["semiconductors"], ["chip-making"], True),
        (["nothing"], ["gpu"], False),
    ],
)
def test_a_story_fits_an_interest_in_its_tag_or_a_wider_one(
    vocabulary: Vocabulary, interests: list[str], tags: list[str], fit: bool
) -> None:
    assert fits(vocabulary, frozenset(interests), tags) is fit


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("a: {names: {en: A}, parents: [b]}\nb: {names: {en: B}, parents: [c]}\nc: {names: {en: C}, parents: [a]}\n",
         "tags.yaml:1:21: a.parents: stands above itself (through b, c); take one of the parents out"),
        ("a: {names: {en: A}, parents: [a]}\n",
         "tags.yaml:1:21: a.parents: stands above itself; take one of the parents out"),
        ("china: {names: {en: China}}\nhk: {names: {en: HK}, parents: [chnia]}\n",
         "tags.yaml:2:33: hk.parents[1]: unknown tag 'chnia'; did you mean china?"),
        ("a: {names: {en: Data centre}}\nb: {names: {en: B}, aliases: [x, data-centre]}\n",
         "tags.yaml:2:34: b.aliases[2]: 'data-centre' already means a; keep it at one of the two"),
        ("a: {names: {en: A}, replaced_by: b}\nb: {names: {en: B}, replaced_by: c}\nc: {names: {en: C}}\n",
         "tags.yaml:1:21: a.replaced_by: b is retired; name c instead"),
        ("a: {names: {en: A}, replaced_by: zzz}\n",
         "tags.yaml:1:21: a.replaced_by: unknown tag 'zzz'; add it to the file, or take it out"),
        ("A_b: {names: {en: A}}\n", "tags.yaml:1:1: A_b: is not a slug; use small letters, digits and hyphens"),
        ("not: {names: {en: Nought}}\n",
         "tags.yaml:1:1: not: is a word of the segment language; choose another slug"),
        ("a: {names: {zh-Hans: 甲}}\n", "tags.yaml:1:5: a.names: holds no English name; add 'en: ...'"),
        ("a: {names: {en: A}, aliases: ['—']}\n",
         "tags.yaml:1:31: a.aliases[1]: '—' holds no letter or digit; write a word"),
        ("a: {names: {en: A}, parent: [b]}\n",
         "tags.yaml:1:21: a.parent: there is no such field; did you mean parents?"),
        ("a:\n",
         "tags.yaml:1:1: a: does not hold fields; write them below it, indented, as 'name: value'"),
        ("a: {names: {fr: Un, en: A}}\n", "tags.yaml:1:13: a.names.fr: must be 'en' or 'zh-Hans'; choose one of them"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_its_remedy(written: str, complaint: str) -> None:
    with pytest.raises(VocabularyError) as caught:
        read_vocabulary(written, path="tags.yaml")
    assert [str(finding) for finding in caught.value.findings] == [complaint]


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    written = "a: {names: {en: A}, parents: [x]}\nb: {aliases: [A]}\nc: {names: {en: a}}\nD: {names: {en: D}}\n"
    with pytest.raises(VocabularyError) as caught:
        read_vocabulary(written, path="tags.yaml")
    assert [finding.line for finding in caught.value.findings] == [1, 2, 3, 4]


def test_a_tag_below_a_faulty_one_is_not_blamed_for_it() -> None:
    with pytest.raises(VocabularyError) as caught:
        read_vocabulary("a: {aliases: [x]}\nb: {names: {en: B}, parents: [a]}\n", path="tags.yaml")
    assert [finding.line for finding in caught.value.findings] == [1]


def test_a_long_chain_of_parents_needs_no_recursion() -> None:
    # Longer than half the recursion limit: each level of a recursive walk would take two frames.
    chain = [Tag(f"t{number}", {"en": f"T{number}"}, parents=(f"t{number + 1}",)) for number in range(600)]
    vocabulary = vocabulary_of([*chain, Tag("t600", {"en": "T600"})])
    assert len(vocabulary.ancestors("t0")) == 600


def test_a_reader_may_still_hold_a_retired_tag(vocabulary: Vocabulary) -> None:
    assert vocabulary.stored_as(["semiconductors", "ai"]) == {"semiconductors", "ai", "chip-making"}


def test_every_shipped_tag_is_named_in_both_languages_under_few_roots(shipped: Vocabulary) -> None:
    in_use = [tag for tag in shipped.tags.values() if not tag.replaced_by]
    assert all(set(tag.names) == {"en", "zh-Hans"} for tag in in_use)
    assert sum(not tag.parents for tag in in_use) <= 25


@pytest.mark.parametrize(
    ("raw", "slug"),
    [
        ("AI infrastructure", "ai-infrastructure"),
        ("labor market", "labour-market"),
        ("data center", "data-centres"),
        ("tokenization", "tokenisation"),
        ("人工智能", "ai"),
        ("数据中心", "data-centres"),
        ("芯片", "semiconductors"),
        ("AI 芯片", "ai-chips"),
        ("WeChat", "wechat"),
        ("IPOs", "ipo"),
        ("chatbots", "ai-chatbots"),
    ],
)
def test_the_shipped_vocabulary_knows_the_spellings_that_people_use(shipped: Vocabulary, raw: str, slug: str) -> None:
    assert shipped.resolve(raw) == slug


REAL = real_tags()


def test_every_entry_of_the_real_list_resolves(shipped: Vocabulary) -> None:
    assert len(REAL) == 639
    assert [raw for raw in REAL if shipped.resolve(raw) is None] == []


def test_entries_with_other_numbers_never_share_a_tag(shipped: Vocabulary) -> None:
    numbers: dict[str | None, set[tuple[str, ...]]] = {}
    for raw in REAL:
        numbers.setdefault(shipped.resolve(raw), set()).add(tuple(re.findall(r"\d+(?:\.\d+)?", fold(raw))))
    assert {slug: found for slug, found in numbers.items() if len(found) > 1} == {}


def test_a_client_is_offered_subjects_and_no_hobby_no_company_and_no_year(shipped: Vocabulary) -> None:
    offered = {tag.slug for tag in shipped.tags.values() if tag.offered}
    hidden = shipped.descendants("everyday-life") | shipped.descendants("companies")
    assert 40 < len(offered) < 80
    assert offered & hidden == set()
    assert not any(re.search(r"20\d\d", slug) for slug in offered)
    assert {"squirrel", "nfl"} <= hidden


def dressed(word: str, draw: st.DataObject) -> str:
    """The word with another case, other dashes and spaces, full width and quotation marks around it."""
    marks = [draw.draw(st.sampled_from(DASHES + SPACES + "_")) if mark in " -" else mark for mark in word]
    wide = [chr(ord(m) + 0xFEE0) if "!" < m < "~" and draw.draw(st.booleans()) else m for m in marks]
    cased = "".join(m.upper() if m.isascii() and draw.draw(st.booleans()) else m for m in wide)
    before, after = draw.draw(
        st.sampled_from([("", ""), ("“", "”"), (" ", "\u3000"), ("「", "」,"), ("**", "**"), ("(", ")")])
    )
    return before + cased + after


@given(st.sampled_from(REAL), st.data())
def test_spellings_by_case_width_dash_and_space_resolve_alike(raw: str, data: st.DataObject) -> None:
    vocabulary = shipped_vocabulary()
    assert vocabulary.resolve(dressed(raw, data)) == vocabulary.resolve(raw) is not None


@given(st.sampled_from(REAL) | st.text(max_size=20))
def test_what_a_word_resolves_to_resolves_to_itself(raw: str) -> None:
    vocabulary = shipped_vocabulary()
    slug = vocabulary.resolve(raw)
    if slug is not None:
        assert vocabulary.resolve(slug) == slug
        assert vocabulary.current(slug) == slug


@given(st.sampled_from(sorted({raw for raw in REAL if re.search(r"\d", raw)})), st.data())
def test_another_digit_is_never_the_same_tag(raw: str, data: st.DataObject) -> None:
    places = [at for at, mark in enumerate(raw) if mark.isdigit()]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([one for one in "0123456789" if one != raw[at]]))
    vocabulary = shipped_vocabulary()
    assert vocabulary.resolve(raw[:at] + digit + raw[at + 1 :]) != vocabulary.resolve(raw)


@given(st.sampled_from(REAL), st.sampled_from("0123456789"))
def test_a_digit_more_is_never_the_same_tag(raw: str, digit: str) -> None:
    vocabulary = shipped_vocabulary()
    assert vocabulary.resolve(raw + digit) != vocabulary.resolve(raw)


def test_the_sample_holds_two_hundred_invented_readers(shipped: Vocabulary) -> None:
    with (ROOT / "subscribers/sample.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    addresses = {row["email"].lower() for row in rows}
    interests = {interest for row in rows for interest in row["interests"].split(";") if interest}
    assert len(rows) == len(addresses) == 200
    assert {address.rpartition("@")[2] for address in addresses} == {"example.com", "example.org", "example.net"}
    assert [interest for interest in sorted(interests) if shipped.resolve(interest) is None] == []
    assert all(row["consent_basis"] and row["consent_on"] for row in rows if row["status"] == "confirmed")


def test_every_tag_of_the_shipped_examples_is_known(shipped: Vocabulary) -> None:
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "docs/examples").glob("*.md"))]
    lines = [line for text in texts for line in re.findall(r"(?im)^[-*\s]*\**(?:tags|标签)\**[:：]\**(.+)$", text)]
    written = [tag for line in lines for tag in re.split(r"[,，、;；]", line.strip().strip("[]")) if tag.strip()]
    assert [tag for tag in written if shipped.resolve(tag) is None] == []
    assert len(written) >= 10
