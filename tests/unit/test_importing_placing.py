"""Everything in a pasted text has its place in the issue file, or is said."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings

from newsletter.columns import wrap
from newsletter.errors import InputError
from newsletter.importing import Imported, Wishes, Workspace, import_source, read_source
from newsletter.importing.writing import fields_of, write_issue
from newsletter.issue import AnyIssue, DailyBrief, Kind, TeamUpdate
from newsletter.reader import read_issue_text
from tests.builders import NOW, a_masthead
from tests.issues import briefs, updates

ROOT = Path(__file__).parents[2]
MASTHEADS = {
    "harbour-brief": a_masthead(),
    "harbour-team": a_masthead(name="harbour-team", kind="team-update", title="Harbour Team Note"),
}
WORKSPACE = Workspace(templates=ROOT / "templates", mastheads=MASTHEADS, now=NOW)

NOTE = """The Harbour Team has read the new port rules.


  • Carriers report a day earlier. Shippers need not.
  • Fees rise by 1.2 percent.


  • U.S. carriers get until May. Others “wait”.

We write again. With questions, please contact Harbour Adviser Tomas Arden at

Best regards,

Harbour Team
"""
BRIEF = """Harbour Brief — 2026-06-10
Top Stories
1. A port orders a grid
- Example Wire/Daily Example · 2026-06-09
- Summary: It opens in May.
- Why It Matters: Local “makers” gain.
- URL: Read more
Rules
2. 新规则公布
- [示例财经](https://example.com/x) · 9 June 2026
- Summary: 规则公布。
- URL: https://example.com/a_(b)
- Tags: trade, 数据中心
FEATURED TAGS
node.js
美食
"""
CHINESE = """港口简报 2026年6月10日

一、头条

1、九款芯片通过审查
来源：示例财经、示例日报
日期：6月9日
摘要：九款芯片获准使用。
为何重要：采购范围扩大。
链接：阅读更多

2、新规则公布
来源：示例财经
日期：2026-06-10
摘要：规则公布。
链接：https://example.com/b
标签：AI芯片、半导体

顺颂商祺，

港口团队
"""


def imported(text: str, path: str = "-", **wishes: Any) -> Imported:
    return import_source(read_source(text.encode(), path=path), Wishes(**wishes), WORKSPACE)


def issue_of(made: Imported) -> AnyIssue:
    return read_issue_text(made.text, path=f"{made.slug}.md", mastheads=MASTHEADS).issue


def an_imported_update(text: str, **wishes: Any) -> TeamUpdate:
    issue = issue_of(imported(text, kind=Kind.TEAM_UPDATE, **wishes))
    assert isinstance(issue, TeamUpdate)
    return issue


def an_imported_brief(text: str, **wishes: Any) -> DailyBrief:
    issue = issue_of(imported(text, kind=Kind.DAILY_BRIEF, **wishes))
    assert isinstance(issue, DailyBrief)
    return issue


def said(made: Imported) -> dict[str, int | None]:
    return {finding.rule: finding.line for finding in made.findings}


def test_a_note_whose_headings_are_lost_keeps_its_groups() -> None:
    made = imported(NOTE)
    issue = issue_of(made)
    assert isinstance(issue, TeamUpdate)
    assert issue.intro == "The Harbour Team has read the new port rules."
    assert [(section.heading, len(section.points)) for section in issue.sections] == [(None, 2), (None, 1)]
    assert issue.sections[0].points[0].lead == "Carriers report a day earlier."
    assert issue.sections[1].points[0].text == "Others “wait”."
    assert (issue.sign_off, issue.signature) == ("Best regards,", "Harbour Team")
    assert said(made) == {"newsletter": 1, "date": 1, "subject": 1, "group": 8, "contact": 10}
    assert made.fields["date"] == "2026-06-10"


def test_a_contact_without_an_address_is_named() -> None:
    [finding] = [one for one in imported(NOTE).findings if one.rule == "contact"]
    assert "please contact Harbour Adviser Tomas Arden at" in finding.message
    assert str(issue_of(imported(NOTE)).closing).endswith("Harbour Adviser Tomas Arden at")


def test_a_contact_whom_the_newsletter_knows_is_put_in() -> None:
    made = imported(NOTE.replace("Tomas Arden", "Mei Lin"))
    issue = issue_of(made)
    assert str(issue.closing).endswith("please contact Harbour Adviser {{ contact }}.")
    assert issue.contact == MASTHEADS["harbour-team"].contacts["mei-lin"]


def test_a_brief_from_a_web_page() -> None:
    made = imported(BRIEF)
    issue = issue_of(made)
    assert isinstance(issue, DailyBrief)
    first, second = issue.all_stories
    assert [section.heading for section in issue.sections] == ["Top Stories", "Rules"]
    assert [first.headline, second.headline] == ["A port orders a grid", "新规则公布"]
    assert [source.name for source in first.sources] == ["Example Wire", "Daily Example"]
    assert (first.date, second.date) == (date(2026, 6, 9), date(2026, 6, 9))
    assert (first.summary, first.why_it_matters) == ("It opens in May.", "Local “makers” gain.")
    assert (first.url, second.url) == (None, "https://example.com/a_%28b%29")
    assert second.sources[0].url == "https://example.com/x"
    assert second.tags == ("trade", "数据中心")
    assert issue.subject == "Harbour Brief: {{ lead_headline }}"
    assert issue.date == date(2026, 6, 10)


def test_featured_tags_are_told_and_not_placed() -> None:
    made = imported(BRIEF)
    [finding] = [one for one in made.findings if one.rule == "tags"]
    assert finding.line == 14
    assert "node.js, 美食" in finding.message
    assert "newsletter tags resolve" in finding.fix
    assert "node.js" not in made.text


def test_read_more_that_leads_nowhere_is_said() -> None:
    [finding] = [one for one in imported(BRIEF).findings if one.rule == "no-link"]
    assert (finding.line, "Read more" in finding.message) == (7, True)


def test_read_more_that_is_a_link_is_the_page() -> None:
    issue = an_imported_brief(BRIEF.replace("Read more", "[Read more](https://example.com/p)"))
    assert issue.all_stories[0].url == "https://example.com/p"


def test_a_chinese_brief() -> None:
    made = imported(CHINESE, newsletter="harbour-brief")
    issue = issue_of(made)
    assert isinstance(issue, DailyBrief)
    first, second = issue.all_stories
    assert (first.headline, second.headline) == ("九款芯片通过审查", "新规则公布")
    assert [source.name for source in first.sources] == ["示例财经", "示例日报"]
    assert (first.date, second.date) == (date(2026, 6, 9), date(2026, 6, 10))
    assert (first.summary, first.why_it_matters, first.url) == ("九款芯片获准使用。", "采购范围扩大。", None)
    assert second.tags == ("AI芯片", "半导体")
    assert issue.date == date(2026, 6, 10)
    assert (issue.sign_off, issue.signature) == ("顺颂商祺，", "港口团队")
    assert issue.sections[0].heading == "一、头条"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-06-09", "2026-06-09"),
        ("June 9, 2026", "2026-06-09"),
        ("9 June 2026", "2026-06-09"),
        ("9th Jun 2026", "2026-06-09"),
        ("9 June", "2026-06-09"),
        ("2026年6月9日", "2026-06-09"),
        ("2026/6/9", "2026-06-09"),
        ("25/06/2026", "2026-06-25"),
        ("06/07/2026", None),
    ],
)
def test_a_storys_day_is_understood_or_said(written: str, expected: str | None) -> None:
    made = imported(BRIEF.replace("2026-06-09", written))
    issue = issue_of(made)
    assert isinstance(issue, DailyBrief)
    assert str(issue.all_stories[0].date) == str(expected)
    assert (expected is None) == any(f"“{written}” may mean" in one.message for one in made.findings)


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("A.\n\n- One.\n- Two.", [(None, 2)]),
        ("A.\n\n- One.\n\n- Two.\n\n- Three.", [(None, 3)]),
        ("A.\n\n- One.\n- Two.\n\n- Three.", [(None, 2), (None, 1)]),
        ("A.\n\nWhat is new\n- One.\nWhat is old\n- Two.", [("What is new", 1), ("What is old", 1)]),
        ("A.\n\n## New\n- One.\n\n---\n\n- Two.", [("New", 1), (None, 1)]),
        ("A.\n\nNew\n---\n\n1. One.\n2. Two.", [("New", 2)]),
        ("A.\n\n**New:**\n\n• One.\n• Two.", [("New", 2)]),
        ("A.\n\n- One.\n  - Two.", [(None, 2)]),
        ("A.\n\n- One.\n\nIt goes on.\n\n- Two.", [(None, 2)]),
        ("A.\n\nThe first thing.\n\nThe second thing.\n\nThank you.\n\nBest,\n\nMei", [(None, 2)]),
    ],
)
def test_points_and_groups_are_found(text: str, sections: list[tuple[str | None, int]]) -> None:
    issue = an_imported_update(text)
    assert [(section.heading, len(section.points)) for section in issue.sections] == sections
    assert issue.intro == "A."


def test_lines_that_were_wrapped_become_one() -> None:
    text = "\n".join(wrap(line) if line.strip() else line for line in NOTE.split("\n"))
    long = NOTE.replace(
        "Fees rise by 1.2 percent.", "Fees rise by 1.2 percent, " + "which is more than before, " * 9 + "so."
    )
    wrapped = "\n".join(wrap(line, rest="    ") if line.strip() else line for line in long.split("\n"))
    assert imported(text).text == imported(NOTE).text
    assert imported(wrapped).text == imported(long).text


def test_stars_of_plain_text_stay_stars() -> None:
    issue = an_imported_update("Rates*: 2 * 3 and snake_case [1](2).\n\n- One.")
    assert issue.intro == r"Rates\*: 2 * 3 and snake_case [1\](2)."


def test_markdown_keeps_its_marks() -> None:
    issue = an_imported_update("A **bold** word and a [link](https://example.com).\n\n- **One.** Two.")
    assert issue.intro == "A **bold** word and a [link](https://example.com)."
    assert issue.sections[0].points[0].lead == "One."


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [("Dear colleagues,", "Dear colleagues,"), ("Dear Ms Tan,", None), ("Dear {{ name }},", "Dear {{ name }},")],
)
def test_a_greeting_for_one_reader_is_left_out_and_said(greeting: str, expected: str | None) -> None:
    made = imported(f"{greeting}\n\n{NOTE}")
    assert issue_of(made).greeting == expected
    assert ("greeting" in said(made)) is (expected is None)


def test_what_stands_before_the_first_story_is_said() -> None:
    made = imported(BRIEF.replace("Top Stories\n", "These are the stories of the day, and they are many.\n"))
    [finding] = [one for one in made.findings if one.rule == "unplaced"]
    assert "These are the stories of the day, and they are many." in finding.message


def test_words_without_a_label_are_kept_and_said() -> None:
    made = imported(BRIEF.replace("- URL: Read more\n", "- URL: Read more\nSome more words.\n- Impact: none yet\n"))
    story = issue_of(made).all_stories[0]  # type: ignore[union-attr]
    assert story.why_it_matters == "Local “makers” gain.\n\nSome more words.\n\nImpact: none yet"
    assert {"unplaced", "unknown-label"} <= set(said(made))


def test_a_story_without_a_summary_is_said() -> None:
    made = imported(BRIEF.replace("- Summary: It opens in May.\n", ""))
    assert "no-summary" in said(made)


def test_what_check_will_refuse_is_said() -> None:
    made = imported("Only one line of text.")
    assert any("sections: is missing" in finding.message for finding in made.findings)


def test_front_matter_of_another_program_gives_title_and_day() -> None:
    made = imported("---\ntitle: 'Port rules'\ndate: 2026-05-04T10:00\nlayout: post\n---\nA.\n\n- One.\n", "a.md")
    issue = issue_of(made)
    assert (issue.subject, issue.date) == ("Port rules", date(2026, 5, 4))
    assert any("layout: post" in finding.message for finding in made.findings)


def test_an_issue_file_needs_no_import() -> None:
    text = "---\nnewsletter: harbour-team\nsubject: A\n---\nA.\n"
    with pytest.raises(
        InputError, match=r"is an issue file already; nothing has to be imported: newsletter check a\.md"
    ):
        imported(text, "a.md")


@pytest.mark.parametrize(
    ("wishes", "complaint"),
    [
        (
            {"newsletter": "harbour-brief", "kind": Kind.TEAM_UPDATE},
            "harbour-brief is a daily-brief, not a team-update",
        ),
    ],
)
def test_wishes_that_contradict_each_other(wishes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        imported(NOTE, **wishes)


def test_two_newsletters_of_a_kind_are_not_guessed() -> None:
    both = MASTHEADS | {"other-team": a_masthead(name="other-team", kind="team-update", title="Other")}
    workspace = Workspace(templates=ROOT / "templates", mastheads=both, now=NOW)
    with pytest.raises(InputError, match=r"--newsletter NAME \(harbour-team, other-team\)"):
        import_source(read_source(NOTE.encode(), path="-"), Wishes(), workspace)
    titled = read_source(f"Other\n\n{NOTE}".encode(), path="-")
    assert import_source(titled, Wishes(), workspace).newsletter == "other-team"


def pasted(issue: AnyIssue) -> str:
    """The body of the issue's file, without front matter."""
    fields = fields_of(issue)
    body = write_issue({name: fields[name] for name in ("sections", "intro") if name in fields})
    return body.split("---\n", 2)[2]


def body_of(issue: AnyIssue) -> Any:
    return (issue.sections, issue.intro if isinstance(issue, TeamUpdate) else None)


@given(briefs())
@settings(max_examples=60, deadline=None)
def test_the_body_of_a_brief_is_imported_as_it_was(issue: DailyBrief) -> None:
    assert body_of(an_imported_brief(pasted(issue))) == body_of(issue)


@given(updates())
@settings(max_examples=60, deadline=None)
def test_the_body_of_an_update_is_imported_as_it_was(issue: TeamUpdate) -> None:
    # a question above everything else is taken for the title, and the report says so
    assume(not issue.intro.partition("\n\n")[0].endswith("?"))
    # a file, because the one star of a lone emphasis does not make Markdown of what is pasted
    assert body_of(an_imported_update(pasted(issue), path="note.md")) == body_of(issue)


def loss(text: str, made: Imported) -> list[str]:
    """Pieces of the source, parted at full stops and lines, that are neither in the file nor in the report."""
    report = " ".join(str(finding) for finding in made.findings)
    kept = re.sub(r"[\\*#\s]+", "", made.text + report)
    pieces = (re.sub(r"^[\s•\-\d.、)]+|[*#\\\s]+", "", piece) for piece in re.split(r"(?<=[.。!?])\s|\n", text))
    return [piece for piece in pieces if piece and piece not in kept]


@given(updates(is_marked=False))
@settings(max_examples=60, deadline=None)
def test_no_sentence_of_an_update_is_lost(issue: TeamUpdate) -> None:
    text = write_issue(fields_of(issue)).split("---\n", 2)[2].replace("**", "").replace("---\n", "\n\n")
    made = imported(text, newsletter="harbour-team")
    assert loss(text, made) == []


@given(briefs(is_marked=False))
@settings(max_examples=60, deadline=None)
def test_no_sentence_of_a_brief_is_lost(issue: DailyBrief) -> None:
    text = pasted(issue).replace("### ", "1. ").replace("## ", "")
    made = imported(text, newsletter="harbour-brief")
    assert [piece for piece in loss(text, made) if not piece.startswith(("MustSend:no", "必发：否"))] == []
