"""What mails of ours bring with them, and what else only a broken import showed to be untested."""

from newsletter.compiler import compile_issue
from newsletter.edition import Links, Part, cut_edition
from newsletter.importing import Wishes, import_source, read_source
from newsletter.issue import DailyBrief
from newsletter.mailing.building import fill_part
from newsletter.mailing.rehearsal import Rehearsed, example_recipient
from tests.builders import a_brief, an_imprint
from tests.unit.test_importing_placing import NOTE, imported, issue_of
from tests.unit.test_importing_textpart import MASTHEADS, ROOT, VOCABULARY, WORKSPACE, round_trip


def test_a_known_contact_is_put_in_only_at_the_end_of_the_sentence() -> None:
    made = imported(NOTE.replace("Tomas Arden", "Mei Lin or her deputy"))
    assert str(issue_of(made).closing).endswith("Mei Lin or her deputy at")


def test_a_story_without_a_page_says_so() -> None:
    found = round_trip(a_brief())
    assert isinstance(found, DailyBrief)
    assert [story.url for story in found.all_stories] == ["https://example.com/a", "none"]


def test_the_page_of_a_mail_of_ours_loses_its_footer_and_keeps_its_stories() -> None:
    issue = a_brief()
    compiled = compile_issue(
        issue,
        masthead=MASTHEADS[issue.newsletter],
        imprint=an_imprint(),
        templates=ROOT / "templates",
        vocabulary=VOCABULARY,
        links=Links.MAILBOX,
    )
    recipient = example_recipient(compiled, Rehearsed(), base_url="https://example.com")
    page = fill_part(cut_edition(compiled, [story.id for story in compiled.stories]), Part.HTML, recipient.values)
    made = import_source(read_source(page.encode(), path="mail.html"), Wishes(), WORKSPACE)
    found = issue_of(made)
    assert isinstance(found, DailyBrief)
    assert [story.headline for story in found.all_stories] == [story.headline for story in issue.all_stories]
    assert "leave@example.com" not in made.text
    [footer] = [finding.message for finding in made.findings if finding.rule == "footer"]
    assert "leave@example.com" in footer


def test_headings_of_one_depth_may_head_sections_and_stories() -> None:
    text = "## Ports\n\n## A grid\n\nExample Wire · 2026-06-09\n\nSummary: One.\n\n## A crane\n\nIt turns.\n"
    found = issue_of(imported(text, newsletter="harbour-brief"))
    assert isinstance(found, DailyBrief)
    assert [section.heading for section in found.sections] == ["Ports"]
    assert [(story.headline, story.summary) for story in found.all_stories] == [
        ("A grid", "One."),
        ("A crane", "It turns."),
    ]
