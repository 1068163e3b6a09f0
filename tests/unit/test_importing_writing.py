"""What is written down as Markdown is read back as the same issue."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.importing.writing import fields_of, scalar, write_issue
from newsletter.issue import AnyIssue, DailyBrief, TeamUpdate
from newsletter.prose import prose_html
from newsletter.reader import read_issue_text
from newsletter.yamlfile import read_yaml
from tests.builders import a_brief, a_masthead, an_update
from tests.issues import briefs, updates

MASTHEADS = {
    "harbour-brief": a_masthead(),
    "harbour-team": a_masthead(name="harbour-team", kind="team-update", title="Harbour Team Note"),
}


def read_back(issue: AnyIssue) -> AnyIssue:
    reading = read_issue_text(write_issue(fields_of(issue)), path="issue.md", mastheads=MASTHEADS)
    assert reading.warnings == ()
    return reading.issue


@given(briefs())
@settings(max_examples=60, deadline=None)
def test_a_brief_is_read_back_as_it_was(issue: DailyBrief) -> None:
    assert read_back(issue) == issue


@given(updates())
@settings(max_examples=60, deadline=None)
def test_an_update_is_read_back_as_it_was(issue: TeamUpdate) -> None:
    assert read_back(issue) == issue


@pytest.mark.parametrize(
    "details",
    [
        {"contact": {"name": "Tomas Arden", "email": "tomas@example.com", "phone": "+65 5550 0142"}},
        {"sender": {"name": "Harbour: Advisers", "address": "a@example.com"}, "reply_to": "b@example.com"},
        {"subject": "“Chips”: what now? # 1", "tags": ["a: b", "null", "NO", "-x", "{y}"], "embargo": "2026-06-11"},
        {"closing": "One.\n\nTwo: {{ contact }}.", "sign_off": "Best", "signature": "A name that ends with a stop."},
        {"greeting": "Dear {{ name }},", "preheader": "  a 'b' \"c\" \\d", "subject_label": "<ADV>"},
        {"closing": "- a closing that looks like a point"},
    ],
)
@pytest.mark.parametrize("make", [a_brief, an_update])
def test_every_field_of_the_front_matter_is_read_back(make: Any, details: dict[str, Any]) -> None:
    issue = make(**details)
    assert read_back(issue) == issue


@pytest.mark.parametrize(
    "story",
    [
        {"headline": "10. Downing Street moves"},
        {"headline": "# of ships"},
        {"headline": "Better than C #"},
        {"headline": "Three 3) ways"},
        {"sources": ["One, of two"], "_parted": ("One", "of two")},
        {"sources": ["[A/B, and C](https://example.com/x)", "D"]},
        {"summary": "One.\n\n- Two.\n\n---"},
        {"summary": "One.\n\nSummary: two.\n\n摘要：三。\n\n**Why it matters:** four."},
        {"summary": "Summary: one."},
        {"summary": "12. June"},
        {"id": "an-own-id"},
    ],
)
def test_a_story_that_looks_like_something_else_prints_as_it_was(story: dict[str, Any]) -> None:
    parted = story.pop("_parted", None)
    issue = a_brief(sections=[{"stories": [{"headline": "H", "summary": "S.", **story}]}])
    (found,) = read_back(issue).all_stories  # type: ignore[union-attr]
    (given_one,) = issue.all_stories
    assert (found.headline, found.id) == (given_one.headline, given_one.id)
    assert prose_html(found.summary) == prose_html(given_one.summary)
    assert [source.name for source in found.sources] == list(parted or [one.name for one in given_one.sources])


@pytest.mark.parametrize(
    "point",
    [
        {"lead": "One sentence. Two sentences.", "text": "Three."},
        {"lead": "no stop", "text": "and more"},
        {"lead": "Only a lead. With two sentences."},
        {"lead": "**Bold** within.", "text": "More."},
        {"lead": "重点。", "text": "后文。"},
        {"lead": "One.", "text": "Two.\n\nThree."},
        {"lead": "- One.", "text": "Two."},
    ],
)
def test_a_point_prints_as_it_was(point: dict[str, str]) -> None:
    issue = an_update(sections=[{"points": [point]}])
    found = read_back(issue)
    assert isinstance(found, TeamUpdate)
    (one,) = found.sections[0].points
    assert (one.lead.lstrip("\\"), one.text) == (point["lead"].replace("**", ""), point.get("text"))


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_keeps_its_words(first: str, second: str) -> None:
    try:
        issue = an_update(intro=f"{first}\n\n{second}", sections=[{"heading": "H", "points": [{"lead": second}]}])
    except ValueError:
        return  # the model refuses such a text
    try:
        found = read_back(issue)
    except IssueError as error:
        assert not {finding.rule for finding in error.findings} - {"missing-field", "blank"}  # noqa: PT017
        return
    assert isinstance(found, TeamUpdate)
    assert _words(found.intro) == _words(issue.intro)


def _words(text: str) -> str:
    return "".join("".join(prose_html(text)).replace("\u2060", "").split())


@given(st.text(min_size=1, max_size=40))
def test_every_text_is_a_yaml_scalar(text: str) -> None:
    try:
        an_update(subject=text)
    except ValueError:
        return
    line = f"subject: {scalar(' '.join(text.split()))}\n"
    try:
        found = read_yaml(line, path="x", error=IssueError)
    except IssueError as error:
        assert "invisible" in str(error)  # noqa: PT017
        return
    assert (found.values["subject"], found.warnings) == (" ".join(text.split()), [])
