"""The body of a team update."""

from typing import Any

import pytest

from newsletter.errors import IssueError, Severity
from newsletter.issue import TeamUpdate
from newsletter.reader import Reading, read_issue_text
from newsletter.reader.points import split_point
from tests.builders import a_masthead

FRONT = "---\nnewsletter: harbour-team\ndate: 2026-06-10\nsubject: Port rules\n"
#: the line on which the body begins
BODY = 6


def read(body: str, front: str = "", **masthead: Any) -> Reading:
    mastheads = {"harbour-team": a_masthead(name="harbour-team", kind="team-update", **masthead)}
    return read_issue_text(f"{FRONT}{front}---\n{body}", path="note.md", mastheads=mastheads)


def update(body: str, front: str = "") -> TeamUpdate:
    issue = read(body, front).issue
    assert isinstance(issue, TeamUpdate)
    return issue


def findings(body: str, front: str = "") -> list[str]:
    with pytest.raises(IssueError) as caught:
        read(body, front)
    return [str(finding) for finding in caught.value.findings]


def groups(body: str) -> list[tuple[str | None, list[str]]]:
    return [(part.heading, [point.lead for point in part.points]) for part in update(body).sections]


def test_paragraphs_above_the_first_point_are_the_intro() -> None:
    issue = update("One line\ngoes on.\n\nAnother paragraph.\n- A point\n")
    assert issue.intro == "One line goes on.\n\nAnother paragraph."


def test_chinese_lines_are_joined_without_a_space() -> None:
    issue = update("港口的新规则\n今天公布 on Monday\nmorning.\n\n- 一点。另一点。\n")
    assert issue.intro == "港口的新规则今天公布 on Monday morning."
    assert (issue.sections[0].points[0].lead, issue.sections[0].points[0].text) == ("一点。", "另一点。")


@pytest.mark.parametrize("bullet", ["- ", "* ", "• ", "•", "  • ", "\t- ", "+ "])
def test_every_kind_of_bullet_begins_a_point(bullet: str) -> None:
    assert groups(f"Intro.\n\n{bullet}One\n{bullet}Two\n") == [(None, ["One", "Two"])]


def test_blank_lines_alone_do_not_part_groups() -> None:
    assert groups("Intro.\n\n- One\n\n\n- Two\n") == [(None, ["One", "Two"])]


def test_a_line_of_dashes_parts_groups_and_a_heading_names_one() -> None:
    body = "Intro.\n\n---\n- One\n\n---\n\n- Two\n\n## Third ##\n- Three\n***\n## C#\n- Four\n"
    assert groups(body) == [(None, ["One"]), (None, ["Two"]), ("Third", ["Three"]), ("C#", ["Four"])]


def test_a_point_goes_on_in_the_lines_below_and_after_a_gap_when_they_are_indented() -> None:
    point = update("Intro.\n\n- **Lead.** Text\ngoes on.\n\n  Second paragraph.\n- Next\n").sections[0].points[0]
    assert (point.lead, point.text) == ("Lead.", "Text goes on.\n\nSecond paragraph.")


@pytest.mark.parametrize(
    ("words", "lead", "text"),
    [
        ("**Carriers report.** Shippers do not.", "Carriers report.", "Shippers do not."),
        ("**Carriers**: they report.", "Carriers:", "they report."),
        ("__Carriers report__ Others wait.", "Carriers report", "Others wait."),
        ("**Only a lead**", "Only a lead", ""),
        ("**never closed. Next", "**never closed.", "Next"),
        ("***bold italics*** here. Next", "***bold italics*** here.", "Next"),
        ("** not bold. Next", "** not bold.", "Next"),
        ("One. Two.", "One.", "Two."),
        ("Is it? Yes!", "Is it?", "Yes!"),
        ("No end", "No end", ""),
        ("The U.S. Navy waits. Next", "The U.S. Navy waits.", "Next"),
        ("It costs $1.2 million. Next", "It costs $1.2 million.", "Next"),
        ("Mr. Wang and Dr. Li met. Next", "Mr. Wang and Dr. Li met.", "Next"),
        ("Use tools, e.g. Scanners, now. Next", "Use tools, e.g. Scanners, now.", "Next"),
        ("J. K. Chen spoke. Next", "J. K. Chen spoke.", "Next"),
        ("See No. 5 there. Next", "See No. 5 there.", "Next"),
        ("He said no. Then he left.", "He said no.", "Then he left."),
        ("Yahoo! said so. Next", "Yahoo! said so.", "Next"),
        ("Wait... there is more. Next", "Wait... there is more.", "Next"),
        ("He said “stop.” Then he left.", "He said “stop.”", "Then he left."),
        ("1. First of all. Next", "1. First of all.", "Next"),
        ("See [the U.K. report. Part A](https://example.com/a.b) now. Next", None, "Next"),
        ("It is *not so. Really* bad. Next", "It is *not so. Really* bad.", "Next"),
        ("It is **not so. Really** bad. Next", "It is **not so. Really** bad.", "Next"),
        ("5 * 3 is 15. Next", "5 * 3 is 15.", "Next"),
        ("第一句。第二句。", "第一句。", "第二句。"),
        ("他说：“好！”然后走了。", "他说：“好！”", "然后走了。"),
        ("Paragraph one\n\nParagraph two. Three.", "Paragraph one", "Paragraph two. Three."),
    ],
)
def test_the_lead_is_the_opening_bold_or_the_first_sentence(words: str, lead: str | None, text: str) -> None:
    found = split_point(words)
    assert found[1] == text
    assert lead is None or found[0] == lead


@pytest.mark.parametrize(
    ("ending", "closing", "sign_off", "signature"),
    [
        ("Please write.\n\nBest regards,\n\nChina Team\n", "Please write.", "Best regards,", "China Team"),
        ("Please write.\n\nBest regards,\nChina Team\n", "Please write.", "Best regards,", "China Team"),
        ("Please write.\n\nBest,\n\nHarbour Ltd.\n", "Please write.", "Best,", "Harbour Ltd."),
        ("请来信。\n\n祝好，\n\n中国团队\n", "请来信。", "祝好，", "中国团队"),
        ("Please write.\n", "Please write.", None, None),
        ("Please write.\n\nChina Team\n", "Please write.", None, "China Team"),
        ("Best regards,\n\nChina Team\n", None, "Best regards,", "China Team"),
        ("Please write.\n\nBest regards,\n", "Please write.", "Best regards,", None),
        ("---\n\nOne.\n\nTwo.\n", "One.\n\nTwo.", None, None),
        ("If you have questions,\nplease write to us.\n", "If you have questions, please write to us.", None, None),
        ("Questions? {{ contact }}\n", "Questions? {{ contact }}", None, None),
        ("Write to brief@example.com\n", "Write to brief@example.com", None, None),
        ("---\n", None, None, None),
    ],
)
def test_the_last_words_are_told_apart_by_their_form(
    ending: str, closing: str | None, sign_off: str | None, signature: str | None
) -> None:
    issue = update(f"Intro.\n\n- A point\n\n{ending}")
    assert (issue.closing, issue.sign_off, issue.signature) == (closing, sign_off, signature)


def test_the_front_matter_counts_where_both_say_something_and_a_warning_says_so() -> None:
    reading = read("Intro.\n\n- A point\n\nChina Team\n", "signature: Harbour Team\n")
    assert reading.issue.signature == "Harbour Team"
    assert [str(finding) for finding in reading.warnings] == [
        "note.md:11:1: signature: stands here and in the front matter, which counts; delete one of the two"
    ]


def test_a_point_inside_a_point_becomes_a_point_and_a_warning() -> None:
    reading = read("Intro.\n\n- One\n  - Two\n")
    assert [finding.line for finding in reading.warnings] == [BODY + 3]
    assert reading.warnings[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "Intro.\n\n- One\n\nLost words.\n\n- Two\n",
            (
                "note.md:10:1: this paragraph stands between points and belongs to none; "
                "begin it with '- ', indent it below its point, or move it above the first point"
            ),
        ),
        (
            "# Port rules\n\nIntro.\n\n- One\n",
            (
                "note.md:6:1: a title line has no place here: the subject is the title; "
                "delete it, or write '## ' for a section heading"
            ),
        ),
        ("Intro.\n\n### Deep\n- One\n", "note.md:8:1: a section heading begins with two '#'; write '## Deep'"),
        ("1. One\n2. Two\n", "note.md:6:1: a number does not begin a point; begin the line with '- '"),
        (
            "Intro.\n\n## Empty\n\n## Full\n- One\n",
            "note.md:8:4: sections[1].points: is empty; write points below the heading, each after '- '",
        ),
        (
            "Intro only.\n",
            "note.md:6:1: sections: is missing; write points below the intro, each after '- '",
        ),
        ("- One\n", "note.md:6:1: intro: is missing; write a paragraph above the first point"),
        (
            "Intro.\n\n- One\n\nBest,\n\nMei Lin\nChina Team\n",
            "note.md:13:1: the signature is one line; write 'Mei Lin, China Team'",
        ),
        ("Intro.\n\n- \n", "note.md:8:2: sections[1].points[1].lead: is empty; write something, or delete the field"),
    ],
)
def test_what_has_no_place_is_an_error_with_its_place(body: str, expected: str) -> None:
    assert expected in findings(body)


def test_sections_and_a_second_intro_do_not_belong_into_the_front_matter() -> None:
    found = findings("Intro.\n\n- One\n", "intro: Another\nsections: []\n")
    assert "note.md:5:1: intro: belongs below the front matter; move it out of the front matter" in found
    assert "note.md:6:1: sections: belongs below the front matter; move it out of the front matter" in found


def test_an_intro_alone_may_stand_in_the_front_matter() -> None:
    assert update("- One\n", "intro: Hello.\n").intro == "Hello."


def test_html_braces_and_quotes_stay_as_written() -> None:
    issue = update("A <b>“bold”</b> & {{ 7*7 }} claim.\n\n- <script>alert(1)</script>\n")
    assert issue.intro == "A <b>“bold”</b> & {{ 7*7 }} claim."
    assert issue.sections[0].points[0].lead == "<script>alert(1)</script>"


def test_the_places_of_points_and_last_words_are_exact() -> None:
    reading = read("Intro.\n\n## Group\n  - One\n\nClosing words are here.\n")
    assert reading.place(("sections", 0, "heading")) == reading.place(("sections", 0))
    assert (reading.place(("sections", 0, "heading")).line, reading.place(("sections", 0, "heading")).column) == (8, 4)
    point = reading.place(("sections", 0, "points", 0, "lead"))
    assert (point.line, point.column) == (9, 5)
    assert reading.place(("closing",)).line == 11
