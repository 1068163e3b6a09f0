"""Editions cut from one compile: whatever is chosen, what a reader gets is whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compiler import compile_issue
from newsletter.edition import CompiledIssue, Edition, Field, Links, Part, cut_edition, slot
from newsletter.issue import DailyBrief, Sender
from newsletter.tags import vocabulary_of
from tests.builders import a_compiled_issue, a_letterhead, a_masthead, an_imprint
from tests.issues import briefs

TEMPLATES = Path(__file__).parents[2] / "templates"
CLOSING = "The {{ story_count }} begin with {{ lead_headline }}."


@dataclass(frozen=True)
class Choice:
    """A brief, and some of its stories in some order."""

    issue: DailyBrief
    compiled: CompiledIssue
    chosen: tuple[str, ...]

    @property
    def edition(self) -> Edition:
        return cut_edition(self.compiled, self.chosen)

    @property
    def headlines(self) -> list[str]:
        """Of the edition's stories as they stand."""
        by_id = {story.id: story.headline for story in self.compiled.stories}
        return [by_id[story] for story in self.edition.stories]

    @property
    def headings(self) -> list[str]:
        """Of those sections that have a story in the edition."""
        of_story = {story.id: story.section for story in self.compiled.stories}
        numbers = [number for number, _ in groupby(of_story[story] for story in self.edition.stories)]
        return [self.issue.sections[number].heading or "" for number in numbers]


def compiled_from(issue: DailyBrief) -> CompiledIssue:
    return compile_issue(
        issue,
        masthead=a_masthead(),
        imprint=an_imprint(),
        templates=TEMPLATES,
        vocabulary=vocabulary_of([]),
        links=Links.WEB,
    )


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    issue = draw(briefs())
    issue = issue.model_copy(update={"closing": CLOSING, "subject": "{{ story_count }}: {{ lead_headline }}"})
    compiled = compiled_from(issue)
    ids = [story.id for story in compiled.stories]
    chosen = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    return Choice(issue, compiled, tuple(chosen))


def squeezed(text: str) -> str:
    """Without blanks, which HTML and a wrapped text part have elsewhere."""
    return "".join(text.split())


def shown(elements: Sequence[lxml.html.HtmlElement]) -> list[str]:
    return [squeezed(element.text_content()) for element in elements]


def numbered(headlines: Sequence[str]) -> list[str]:
    return [squeezed(f"{number}. {headline}") for number, headline in enumerate(headlines, start=1)]


@settings(max_examples=60, deadline=None)
@given(choices())
def test_in_html_the_chosen_stories_are_numbered_from_one_and_listed(choice: Choice) -> None:
    page = lxml.html.fromstring(choice.edition.html)
    assert shown(page.cssselect(".headline")) == numbered(choice.headlines)
    assert shown(page.cssselect("h2.section")) == [squeezed(heading) for heading in choice.headings]
    entries = page.cssselect("ol > li > a")
    # An issue of one story lists no contents; an edition of one story of several lists that one.
    assert shown(entries) == ([squeezed(line) for line in choice.headlines] if len(choice.compiled.stories) > 1 else [])
    anchors = [element.get("id") for element in page.cssselect(".headline [id]")]
    assert anchors == [f"s-{story}" for story in choice.edition.stories]
    assert [entry.get("href") for entry in entries] == [f"#{anchor}" for anchor in anchors][: len(entries)]


@settings(max_examples=60, deadline=None)
@given(choices())
def test_in_text_the_chosen_stories_are_numbered_from_one_and_listed(choice: Choice) -> None:
    text = choice.edition.text
    listed = 2 if len(choice.compiled.stories) > 1 else 1
    assert re.findall(r"^(\d+)\. ", text, re.MULTILINE) == [str(n + 1) for n in range(len(choice.chosen))] * listed
    place = 0
    for line in numbered(choice.headlines) * listed:
        place = squeezed(text).index(line, place) + len(line)
    # the last rule parts the footer from the rest
    ruled = re.findall(r"^(\S.*)\n-+$", text, re.MULTILINE)
    assert len(ruled) == len(choice.headings)
    assert all(squeezed(heading).endswith(squeezed(line)) for heading, line in zip(choice.headings, ruled, strict=True))
    assert not re.search(r"\n\n\n|[ \t]\n", text)


@settings(max_examples=60, deadline=None)
@given(choices())
def test_subject_closing_and_both_parts_say_the_same_and_no_mark_is_left(choice: Choice) -> None:
    edition, count, lead = choice.edition, len(choice.chosen), choice.headlines[0]
    assert edition.subject == f"{count}: {lead}"
    page = lxml.html.fromstring(edition.html)
    assert page.findtext(".//title") == edition.subject
    for part in (str(page.xpath("string()")), edition.text):
        assert squeezed(f"The {count} begin with {lead}.") in squeezed(part)
        assert squeezed(edition.preheader) in squeezed(part)
    for part, content in ((Part.HTML, edition.html), (Part.TEXT, edition.text)):
        left = set(re.findall(r"NL[0-9a-f]{10}\w*?NL", content))
        assert left == {slot(edition.source, part, field) for field in Field}
        assert "{{" not in content


def visible(edition: Edition) -> tuple[str, ...]:
    sender = edition.letterhead.sender
    return (edition.subject, edition.preheader, sender.name, sender.address, edition.html, edition.text)


IDS = [story.id for story in a_compiled_issue().stories]
a_choice = st.lists(st.sampled_from(IDS), min_size=1, unique=True)
a_sender = st.sampled_from([Sender(name=name, address="brief@example.com") for name in ("Harbour", "Harbour Brief")])


@given(a_choice, a_choice, a_sender, a_sender)
def test_the_hash_is_the_same_exactly_when_what_a_reader_sees_is_the_same(
    one: list[str], other: list[str], sender: Sender, another: Sender
) -> None:
    first = cut_edition(a_compiled_issue(letterhead=a_letterhead(sender=sender)), one)
    second = cut_edition(a_compiled_issue(letterhead=a_letterhead(sender=another)), other)
    assert (first.hash == second.hash) == (visible(first) == visible(second))


@pytest.mark.parametrize("change", ["subject", "preheader", "html", "text"])
def test_a_changed_letter_anywhere_changes_the_hash(change: str) -> None:
    edition = cut_edition(a_compiled_issue(), IDS)
    assert replace(edition, **{change: getattr(edition, change) + "."}).hash != edition.hash


def test_a_letter_that_moves_from_one_field_to_the_next_changes_the_hash() -> None:
    edition = replace(cut_edition(a_compiled_issue(), IDS), subject="ab", preheader="c")
    assert replace(edition, subject="a", preheader="bc").hash != edition.hash


def test_a_headline_with_a_placeholder_or_markup_in_it_is_filled_in_as_text() -> None:
    stories = tuple(
        replace(story, headline="{{ story_count }} <b> & {{ lead_headline }}") for story in a_compiled_issue().stories
    )
    edition = cut_edition(a_compiled_issue(stories=stories), IDS[:1])
    assert edition.subject == "Harbour: {{ story_count }} <b> & {{ lead_headline }}"
    assert "Harbour: {{ story_count }} &lt;b&gt; &amp; {{ lead_headline }}" in edition.html
    assert "Harbour: {{ story_count }} <b> & {{ lead_headline }}" in edition.text
