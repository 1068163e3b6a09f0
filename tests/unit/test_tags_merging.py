"""Several tags become one: what the vocabulary is then, and how its file is changed without losing a comment."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import InputError, NewsletterError
from newsletter.tags import Tag, Vocabulary, read_vocabulary
from newsletter.tags.editing import edited
from newsletter.tags.merging import changes_between, merge_of, merged_tags, unreached
from tests.tagged import SHIPPED, shipped

LAW = "ai-law: {names: {en: AI law}, aliases: [law of AI], parents: [ai-rules]}"
WRITTEN = """\
# The head of the file.

ai:
  names: {en: AI, zh-Hans: 人工智能}  # everything
  offered: yes

# Rules

ai-rules:
  names: {en: AI rules}
  aliases:
    - rules for AI
    # said by some
    - "AI: the rules"
  parents:
    - ai
ai-law: {names: {en: AI law}, aliases: [law of AI], parents: [ai-rules]}   # { one line }
ai-act:
  names: {en: AI Act}
  parents: ai-law
old-law: {names: {en: Old law}, replaced_by: ai-law}

# The end.
"""


@pytest.fixture(name="vocabulary")
def _vocabulary() -> Vocabulary:
    return read_vocabulary(WRITTEN, path="tags.yaml")


def merged(text: str, *slugs: str, into: str) -> str:
    vocabulary = read_vocabulary(text, path="tags.yaml")
    merge = merge_of(slugs, into, vocabulary, held=["lost-tag"])
    return edited(text, merged_tags(merge, vocabulary), path="tags.yaml")


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    was, now = before.split("\n"), after.split("\n")
    return [line for line in was if line not in now], [line for line in now if line not in was]


def test_a_merged_tag_retires_and_everything_else_in_the_file_stays() -> None:
    after = merged(WRITTEN, "ai-law", into="ai-rules")
    gone, new = lines_changed(WRITTEN, after)

    assert gone == [
        f"{LAW}   # {{ one line }}",
        "  parents: ai-law",
        "old-law: {names: {en: Old law}, replaced_by: ai-law}",
    ]
    assert new == [
        f"{LAW[:-1]}, replaced_by: ai-rules}}   # {{ one line }}",
        "  parents: ai-rules",
        "old-law: {names: {en: Old law}, replaced_by: ai-rules}",
    ]
    vocabulary = read_vocabulary(after, path="tags.yaml")
    assert {vocabulary.resolve(word) for word in ("ai-law", "law of AI", "old law")} == {"ai-rules"}
    assert vocabulary.ancestors("ai-act") == {"ai-rules", "ai"}


def test_a_parent_merged_into_its_child_hands_its_own_parents_down() -> None:
    after = read_vocabulary(merged(WRITTEN, "ai-rules", into="ai-law"), path="tags.yaml")

    assert after.tags["ai-law"].parents == ("ai",)
    assert after.resolve("AI: the rules") == "ai-law"


def test_a_root_merged_into_what_stands_far_below_makes_no_circle() -> None:
    after = read_vocabulary(merged(WRITTEN, "ai", into="ai-act"), path="tags.yaml")

    assert after.tags["ai-rules"].parents == ()
    assert after.ancestors("ai-act") == {"ai-law", "ai-rules"}
    assert after.resolve("人工智能") == "ai-act"


def test_a_tag_that_the_vocabulary_has_lost_becomes_a_word() -> None:
    after = merged(WRITTEN, "lost-tag", into="ai-law")

    assert read_vocabulary(after, path="tags.yaml").resolve("Lost tag") == "ai-law"
    assert lines_changed(WRITTEN, after)[1][0].startswith(
        "ai-law: {names: {en: AI law}, aliases: [law of AI, lost-tag]"
    )


def test_a_merge_that_was_made_can_be_made_again() -> None:
    once = merged(WRITTEN, "ai-law", into="ai-rules")
    assert merged(once, "ai-law", into="ai-rules") == once


@pytest.mark.parametrize(
    ("slugs", "into", "complaint"),
    [
        (["ai-lwa"], "ai", "there is no tag 'ai-lwa'"),
        (["ai"], "AI", "'ai' means ai already"),
        (["old-law"], "ai", "old-law is retired and means ai-law"),
        (["ai-act"], "old-law", "old-law is retired and means ai-law"),
        (["ai-act"], "robots", "there is no tag 'robots'"),
    ],
)
def test_what_cannot_be_merged_is_told(vocabulary: Vocabulary, slugs: list[str], into: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        merge_of(slugs, into, vocabulary)
    assert complaint in str(caught.value)


def test_who_would_no_longer_be_reached_is_known() -> None:
    above = "a: {names: {en: A}}\nb: {names: {en: B}}\n"
    text = above + "c: {names: {en: C}, parents: [a, b]}\nd: {names: {en: D}, parents: [a]}\n"
    vocabulary = read_vocabulary(text, path="tags.yaml")

    assert unreached(merge_of(["c"], "d", vocabulary), vocabulary) == {"c": ["b"]}
    assert unreached(merge_of(["d"], "c", vocabulary), vocabulary) == {}


@pytest.mark.parametrize(
    ("slug", "word", "line"),
    [
        ("ai", "machine mind", "  aliases: [machine mind]"),
        ("ai-rules", "C++: rules", '    - "C++: rules"'),
        ("ai-law", "law, of AI", '"law, of AI"]'),
        ("ai-act", "[act]", '  aliases: ["[act]"]'),
    ],
)
def test_a_word_is_added_in_the_form_in_which_the_others_stand(
    vocabulary: Vocabulary, slug: str, word: str, line: str
) -> None:
    tag = vocabulary.tags[slug]
    wanted = {**vocabulary.tags, slug: Tag(slug, tag.names, (*tag.aliases, word), tag.parents, offered=tag.offered)}
    after = edited(WRITTEN, wanted, path="tags.yaml")

    assert any(line in new for new in lines_changed(WRITTEN, after)[1])
    assert re.findall("#.*", after) == re.findall("#.*", WRITTEN)


def test_a_new_tag_stands_below_its_kin(vocabulary: Vocabulary) -> None:
    new = Tag("ai-audit", {"en": "AI audit", "zh-Hans": "审计"}, ("audits: AI",), ("ai",))
    after = edited(WRITTEN, {**vocabulary.tags, "ai-audit": new}, path="tags.yaml")

    assert after.index("ai-rules:") < after.index("ai-audit:") < after.index("ai-law: {")
    assert read_vocabulary(after, path="tags.yaml").tags["ai-audit"] == new


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: {names: {en: A}}\nb:\n  names: {en: B}\n  aliases: x\n", "it is no list; put it in [brackets]"),
        ("a: {names: {en: A}}\nb: {names: {en: B},\n  aliases: [x,\n  'y'\n  ]}\n", "its end is not found"),
    ],
)
def test_a_form_that_cannot_be_changed_safely_is_left_to_a_person(text: str, why: str) -> None:
    vocabulary = read_vocabulary(text, path="tags.yaml")
    tag = vocabulary.tags["b"]
    wanted = {**vocabulary.tags, "b": Tag("b", tag.names, (*tag.aliases, "z"))}
    with pytest.raises(InputError, match="change it by hand") as caught:
        edited(text, wanted, path="tags.yaml")
    assert why in str(caught.value)


def test_changes_are_told_field_by_field(vocabulary: Vocabulary) -> None:
    merge = merge_of(["ai-law"], "ai-rules", vocabulary)
    told = [
        (one.slug, one.field, one.before, one.after)
        for one in changes_between(vocabulary.tags, merged_tags(merge, vocabulary))
    ]

    assert told == [
        ("ai-law", "replaced_by", "", "ai-rules"),
        ("ai-act", "parents", "ai-law", "ai-rules"),
        ("old-law", "replaced_by", "ai-law", "ai-rules"),
    ]


@settings(max_examples=15)
@given(st.data())
def test_any_tags_of_the_shipped_vocabulary_can_be_merged_into_any_other(data: st.DataObject) -> None:
    vocabulary = shipped()
    in_use = sorted(slug for slug, tag in vocabulary.tags.items() if not tag.replaced_by)
    into, *slugs = data.draw(st.lists(st.sampled_from(in_use), min_size=2, max_size=5, unique=True))
    text = SHIPPED.read_text("utf-8")
    after = edited(text, merged_tags(merge_of(slugs, into, vocabulary), vocabulary), path="tags.yaml")
    then = read_vocabulary(after, path="tags.yaml")

    assert {then.words[word] for word, slug in vocabulary.words.items() if slug in {into, *slugs}} == {into}
    assert all(then.words[word] == slug for word, slug in vocabulary.words.items() if slug not in slugs)
    for slug in set(in_use) - set(slugs):
        if not vocabulary.ancestors(slug) & set(slugs):
            assert then.ancestors(slug) == vocabulary.ancestors(slug)
        elif set(vocabulary.tags[slug].parents) & set(slugs) and slug not in {into} | vocabulary.ancestors(into):
            assert into in then.tags[slug].parents
    assert [line for line in text.split("\n") if line.startswith("#")] == [
        line for line in after.split("\n") if line.startswith("#")
    ]


@given(st.text(min_size=1, max_size=30), st.sampled_from(["ai", "ai-rules", "ai-law", "ai-act"]))
def test_any_word_is_added_whole_or_refused(word: str, slug: str) -> None:
    vocabulary = read_vocabulary(WRITTEN, path="tags.yaml")
    tag = vocabulary.tags[slug]
    wanted = {**vocabulary.tags, slug: Tag(slug, tag.names, (*tag.aliases, word), tag.parents, offered=tag.offered)}
    try:
        after = edited(WRITTEN, wanted, path="tags.yaml")
    except NewsletterError:
        return
    assert read_vocabulary(after, path="tags.yaml").tags == wanted
