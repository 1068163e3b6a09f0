"""The text part of what we built is the issue again, in everything that it shows."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from newsletter.compiler import compile_issue
from newsletter.compiler.ink import gap_after
from newsletter.edition import Links, Part, cut_edition
from newsletter.importing import Imported, Wishes, Workspace, import_source, read_source
from newsletter.issue import AnyIssue, BriefSection, DailyBrief, Kind, Point, Story, TeamUpdate
from newsletter.mailing.building import fill_part
from newsletter.mailing.rehearsal import Rehearsed, example_recipient
from newsletter.prose import prose_plain
from newsletter.reader import read_issue_text
from newsletter.tags import read_vocabulary
from tests.builders import NOW, a_brief, a_masthead, an_imprint, an_update
from tests.issues import briefs, updates

ROOT = Path(__file__).parents[2]
VOCABULARY = read_vocabulary((ROOT / "subscribers" / "tags.yaml").read_text(encoding="utf-8"), path="tags.yaml")
MASTHEADS = {
    "harbour-brief": a_masthead(),
    "harbour-team": a_masthead(name="harbour-team", kind="team-update", title="Harbour Team Note"),
}
WORKSPACE = Workspace(templates=ROOT / "templates", mastheads=MASTHEADS, now=NOW)


def built(issue: AnyIssue, *, links: Links = Links.MAILBOX, name: str = "") -> str:
    compiled = compile_issue(
        issue,
        masthead=MASTHEADS[issue.newsletter],
        imprint=an_imprint(),
        templates=ROOT / "templates",
        vocabulary=VOCABULARY,
        links=links,
    )
    recipient = example_recipient(compiled, Rehearsed(name=name), base_url="https://news.example.com")
    edition = cut_edition(compiled, [story.id for story in compiled.stories])
    return fill_part(edition, Part.TEXT, recipient.values)


def imported(text: str, path: str, wishes: Wishes = Wishes()) -> Imported:  # noqa: B008
    return import_source(read_source(text.encode(), path=path), wishes, WORKSPACE)


def round_trip(issue: AnyIssue, **how: Any) -> AnyIssue:
    made = imported(built(issue, **how), f"out/{issue.slug}.txt")
    return read_issue_text(made.text, path=f"{made.slug}.md", mastheads=MASTHEADS).issue


def in_words(issue: AnyIssue) -> dict[str, Any]:
    """What a text part shows of an issue."""
    common = {
        name: getattr(issue, name)
        for name in ("newsletter", "date", "slug", "language", "preheader", "sign_off", "signature", "contact", "kind")
    }
    common["closing"] = _said(issue.closing)
    if isinstance(issue, DailyBrief):
        return common | {"sections": [_section(section, issue) for section in issue.sections]}
    groups = [(section.heading, [_point(point) for point in section.points]) for section in issue.sections]
    own = {name: getattr(issue, name) for name in ("subject", "team", "lead_author")}
    return common | own | {"intro": _said(issue.intro), "sections": groups}


def _said(text: str | None) -> str | None:
    return prose_plain(text) if text else None


def _point(point: Point) -> str:
    text = _said(point.text)
    return prose_plain(point.lead) + (gap_after(point.lead) + text if text else "")


def _section(section: BriefSection, issue: AnyIssue) -> tuple[str | None, list[dict[str, Any]]]:
    return section.heading, [_story(story) for story in section.stories]


def _story(story: Story) -> dict[str, Any]:
    return {
        "headline": story.headline,
        "sources": [(one.name, one.url if one.url != story.link else None) for one in story.sources],
        "date": story.date,
        "summary": _said(story.summary),
        "why": _said(story.why_it_matters),
        "link": story.link,
        "tags": [VOCABULARY.resolve(tag) or tag for tag in story.tags],
    }


@given(briefs(is_marked=True))
@settings(max_examples=60, deadline=None)
def test_the_text_part_of_a_brief_is_the_brief_again(issue: DailyBrief) -> None:
    assert in_words(round_trip(issue)) == in_words(issue)


@given(updates(is_marked=True))
@settings(max_examples=60, deadline=None)
def test_the_text_part_of_an_update_is_the_update_again(issue: TeamUpdate) -> None:
    assert in_words(round_trip(issue)) == in_words(issue)


@pytest.mark.parametrize("issue", [a_brief(), an_update()], ids=["brief", "update"])
@pytest.mark.parametrize("how", [{"links": Links.WEB}, {"name": "Ana Ruiz"}], ids=str)
def test_a_readers_copy_is_the_issue_as_well(issue: AnyIssue, how: dict[str, Any]) -> None:
    found = round_trip(issue, **how)
    assert in_words(found) == in_words(issue)
    assert found.greeting is None


@pytest.mark.parametrize("contact", ["mei-lin", {"name": "Tomas Arden", "role": "Senior Adviser", "phone": "+65 5550"}])
@pytest.mark.parametrize("closing", [None, "Please ask {{ contact }} on any day.", "We write again."])
def test_the_contact_comes_back(contact: Any, closing: str | None) -> None:
    value = MASTHEADS["harbour-team"].contacts["mei-lin"] if isinstance(contact, str) else contact
    issue = an_update(contact=value, closing=closing)
    text = built(issue)
    found = round_trip(issue)
    assert built(found) == text
    if isinstance(contact, str) or closing is None:
        assert found.contact == issue.contact


def test_a_preheader_that_somebody_wrote_comes_back() -> None:
    assert round_trip(a_brief(preheader="Ports, and a grid")).preheader == "Ports, and a grid"


def test_words_of_a_link_become_a_link_again() -> None:
    found = round_trip(
        an_update(intro="See the [draft rules](https://example.com/rules), or [us](mailto:a@example.com)!")
    )
    assert isinstance(found, TeamUpdate)
    assert found.intro == "See the draft [rules](https://example.com/rules), or [us](mailto:a@example.com)!"


def test_stars_and_brackets_of_a_text_part_stay_what_they_are() -> None:
    intro = r"A \*star\* and \[brackets](https://example.com), snake_case and 2 * 3."
    found = round_trip(an_update(intro=intro))
    assert isinstance(found, TeamUpdate)
    assert prose_plain(found.intro) == "A *star* and [brackets](https://example.com), snake_case and 2 * 3."


@pytest.mark.parametrize(
    "intro",
    [
        f"A word {'of' * 70} that is longer than a line.",
        "At https://example.com/a-page and on.",
        "使用AI模型的企业增加，" * 12 + "而且很快。",
        "使用 AI 模型的企业增加，" * 12 + "而且很快。",
        "中文“引号”和——破折号，" * 12 + "完。",
    ],
)
def test_lines_join_as_they_were(intro: str) -> None:
    found = round_trip(an_update(intro=intro))
    assert isinstance(found, TeamUpdate)
    assert found.intro == intro


def test_what_was_left_out_is_said() -> None:
    made = imported(built(a_brief()), "harbour.txt")
    rules = [finding.rule for finding in made.findings]
    assert rules == ["text-part", "subject", "footer"]
    assert made.kind is Kind.DAILY_BRIEF


def test_what_the_person_says_counts_more() -> None:
    made = imported(built(a_brief()), "-", Wishes(subject="Ports", day=date(2027, 1, 2)))
    assert (made.fields["subject"], made.fields["date"]) == ("Ports", "2027-01-02")
    assert made.slug == "harbour-brief-2027-01-02"
