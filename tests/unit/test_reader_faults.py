"""What people get wrong, and the very words in which they are told."""

import pytest

from newsletter.errors import IssueError
from newsletter.issue import DailyBrief, TeamUpdate
from newsletter.reader import Reading, read_issue_text
from tests.builders import a_masthead

MASTHEADS = {
    "harbour-brief": a_masthead(contact="mei-lin", greeting="Dear {{ name }},", sign_off="Best,", team="Harbour Team"),
    "harbour-team": a_masthead(name="harbour-team", kind="team-update", language="zh-Hans", team="Harbour Team"),
    "harbour-any": a_masthead(name="harbour-any", kind=None),
}
#: six lines of a brief in YAML; its stories follow
HEAD = "newsletter: harbour-brief\ndate: 2026-06-10\nsubject: Ports\nsections:\n  - heading: Ports\n    stories:\n"
STORY = HEAD + "      - headline: A port opens\n        summary: It opens.\n"


def read(text: str, path: str = "brief.yaml") -> Reading:
    return read_issue_text(text, path=path, mastheads=MASTHEADS)


def findings(text: str, path: str = "brief.yaml") -> list[str]:
    with pytest.raises(IssueError) as caught:
        read(text, path)
    return [str(finding) for finding in caught.value.findings]


def changed(old: str, new: str) -> str:
    assert old in STORY
    return STORY.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed("subject:", "subjct:"), "brief.yaml:3:1: subjct: there is no such field; did you mean subject?"),
        (changed("subject:", "subjct:"), "brief.yaml:1:1: subject: is missing; add it"),
        (
            STORY + "        sumary: again\n",
            "brief.yaml:9:9: sections[1].stories[1].sumary: there is no such field; did you mean summary?",
        ),
        (
            STORY + "colour: red\n",
            (
                "brief.yaml:9:1: colour: there is no such field; "
                "delete it, or see the list of fields in docs/issue-file.md"
            ),
        ),
        (
            changed("2026-06-10", "2026-02-30"),
            "brief.yaml:2:1: date: '2026-02-30' is not a day of the calendar; check month and day",
        ),
        (changed("2026-06-10", "10 June"), "brief.yaml:2:1: date: '10 June' is not a date; write it as 2026-06-10"),
        (
            changed("2026-06-10", "'{{ 7*7 }} {'"),
            "brief.yaml:2:1: date: '{{ 7*7 }} {' is not a date; write it as 2026-06-10",
        ),
        (
            changed("headline: A port opens\n        ", ""),
            "brief.yaml:7:9: sections[1].stories[1].headline: is missing; add it",
        ),
        (
            changed("        summary: It opens.\n", ""),
            "brief.yaml:7:9: sections[1].stories[1].summary: is missing; add it",
        ),
        (
            changed("It opens.", ""),
            "brief.yaml:8:9: sections[1].stories[1].summary: is empty; write something, or delete the line",
        ),
        (changed("Ports\nsec", '"  "\nsec'), "brief.yaml:3:1: subject: is empty; write something, or delete the field"),
        (
            changed("subject: Ports", r'subject: "Ports\nBcc: a@example.com"'),
            "brief.yaml:3:1: subject: holds a line break; write it on one line",
        ),
        (
            changed("subject: Ports", r'subject: "Ports\r\nBcc: a@example.com"'),
            "brief.yaml:3:1: subject: holds a line break; write it on one line",
        ),
        (
            changed("subject: Ports", "subject: Ports\u202eevil"),
            "brief.yaml:3:1: subject: holds the invisible character U+202E; delete it",
        ),
        (
            changed("sections:", "stories: some\nsections:"),
            "brief.yaml:4:1: stories: must be 'all', 'matched' or 'matched-first'; choose one of them",
        ),
        (
            changed("sections:", "tags: trade, ports\nsections:"),
            "brief.yaml:4:1: tags: is one text, not a list; write it as a list: [trade, ports]",
        ),
        (
            changed("sections:", "tags:\n  - {a: b}\nsections:"),
            "brief.yaml:5:5: tags[1]: is not text; write it on one line, in quotes if it holds a colon",
        ),
        (
            changed("sections:", "min_stories: two\nsections:"),
            "brief.yaml:4:1: min_stories: is not a whole number; write it in digits",
        ),
        (changed("sections:", "min_stories: 0\nsections:"), "brief.yaml:4:1: min_stories: is below 1; raise it"),
        (
            changed("sections:", "language: de\nsections:"),
            "brief.yaml:4:1: language: must be 'en' or 'zh-Hans'; choose one of them",
        ),
        (
            changed("sections:", "slug: my brief\nsections:"),
            "brief.yaml:4:1: slug: 'my brief' is not a slug; use letters, digits and hyphens",
        ),
        (
            changed("sections:", "sender: Mei\nsections:"),
            "brief.yaml:4:1: sender: does not hold fields; write them below it, indented, as 'name: value'",
        ),
        (
            changed("sections:", "sender: {name: Mei, adress: mei@example.com}\nsections:"),
            "brief.yaml:4:21: sender.adress: there is no such field; did you mean address?",
        ),
        (
            changed("sections:", "contact: mei-ling\nsections:"),
            "brief.yaml:4:1: contact: harbour-brief has no contact named 'mei-ling'; did you mean mei-lin?",
        ),
        (
            changed("harbour-brief", "harbor-brief"),
            "brief.yaml:1:1: newsletter: there is no newsletter 'harbor-brief'; did you mean harbour-brief?",
        ),
        (
            changed("harbour-brief", "harbour-any"),
            "brief.yaml:1:1: kind: is missing; write kind: team-update or kind: daily-brief",
        ),
        (
            changed("sections:", "kind: daily-breif\nsections:"),
            "brief.yaml:4:1: kind: must be 'team-update' or 'daily-brief'; did you mean daily-brief?",
        ),
        (
            changed("sections:", "kind: team-update\nsections:"),
            "brief.yaml:4:1: kind: harbour-brief is a daily-brief; delete the line, or name another newsletter",
        ),
        (
            STORY + "        must_send: perhaps\n",
            "brief.yaml:9:9: sections[1].stories[1].must_send: 'perhaps' is neither yes nor no; write yes or no",
        ),
        (
            STORY + "        url: {a: b}\n",
            (
                "brief.yaml:9:9: sections[1].stories[1].url: is not text; "
                "write it on one line, in quotes if it holds a colon"
            ),
        ),
        (
            STORY + "        url: example.com\n",
            (
                "brief.yaml:9:9: sections[1].stories[1].url: 'example.com' is not a web address; "
                "write it in full, as https://example.com/page"
            ),
        ),
        (
            STORY + "        sources:\n          - {name: A, link: b}\n",
            (
                "brief.yaml:10:23: sections[1].stories[1].sources[1].link: there is no such field; "
                "delete it, or see the list of fields in docs/issue-file.md"
            ),
        ),
        (
            STORY + "        sources:\n          - {nam: A}\n",
            "brief.yaml:10:14: sections[1].stories[1].sources[1].nam: there is no such field; did you mean name?",
        ),
        (
            HEAD.replace("    stories:\n", "    stories: []\n"),
            "brief.yaml:6:5: sections[1].stories: is empty; add at least one",
        ),
        (HEAD, "brief.yaml:6:5: sections[1].stories: is empty; write something, or delete the line"),
        ("- one\n", "brief.yaml:1:1: holds no fields; write lines as 'name: value'"),
        ("", "brief.yaml:1:1: holds no fields; write lines as 'name: value'"),
        (
            changed("  - heading", "\t- heading"),
            "brief.yaml:5:1: a tab stands where YAML wants spaces; indent with spaces",
        ),
        (
            "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            "brief.yaml:1:4: '&' and '*' names are not allowed; write the value out, or quote it",
        ),
        (
            changed("subject: Ports", "subject: Ports: a start"),
            'brief.yaml:3:15: a second colon ends the text here; quote the value: subject: "Ports: a start"',
        ),
    ],
)
def test_every_mistake_has_its_sentence(text: str, expected: str) -> None:
    assert expected in findings(text)


@pytest.mark.parametrize(
    "change",
    [
        ("harbour-brief", "harbor-brief"),
        ("2026-06-10", "10 June"),
        ("subject: Ports", "subject: "),
        ("A port opens", ""),
        ("sections:", "contact: nobody\nsections:"),
        ("sections:", "kind: nothing\nsections:"),
    ],
)
def test_one_mistake_is_one_complaint(change: tuple[str, str]) -> None:
    assert len(findings(changed(*change))) == 1


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = STORY.replace("2026-06-10", "soon").replace("subject", "sujet").replace("summary", "sumary")
    assert [line.split(":")[1] for line in findings(text)] == ["1", "2", "3", "7", "8"]


def test_a_mistake_in_the_front_matter_does_not_hide_those_of_the_body() -> None:
    found = findings("---\nnewsletter: harbour-brief\nsubject: a: b\n---\n## Ports\n### A\n- Sumary: S.\n", "a.md")
    assert found == [
        'a.md:3:11: a second colon ends the text here; quote the value: subject: "a: b"',
        "a.md:6:1: sections[1].stories[1].summary: is missing; write a line '- Summary: …' below the headline",
        "a.md:7:1: there is no label 'Sumary'; did you mean Summary?",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Hello.\n\n- A point\n",
            ["a.md:1:1: has no front matter; begin with a line '---', then newsletter, date and subject, then '---'"],
        ),
        (
            "\n---\nnewsletter: harbour-team\n",
            ["a.md:2:1: the front matter never ends; write a line '---' below its last field"],
        ),
        (
            "---\n---\nHello.\n\n- A point\n",
            ["a.md:1:1: holds no fields; write lines as 'name: value'"],
        ),
    ],
)
def test_a_front_matter_that_is_none_is_one_complaint(text: str, expected: list[str]) -> None:
    assert findings(text, "a.md") == expected


def test_an_impossible_file_name_is_no_slug() -> None:
    assert findings(STORY, "issues/my note_1.yaml") == [
        (
            "issues/my note_1.yaml:1:1: slug: the file name 'my note_1' cannot be the slug; "
            "rename the file with letters, digits and hyphens, or write slug: my-note-1"
        )
    ]
    assert read(STORY.replace("sections", "slug: my-note\nsections"), "issues/my note_1.yaml").issue.slug == "my-note"


def test_the_file_name_is_the_slug_when_none_is_written() -> None:
    assert read(STORY, "issues/Ports-2026.yaml").issue.slug == "Ports-2026"


def test_the_newsletter_says_what_the_file_leaves_out() -> None:
    issue = read(changed("sections:", "greeting:\nsign_off: Yours,\nsections:")).issue
    assert isinstance(issue, DailyBrief)
    assert (issue.greeting, issue.sign_off, issue.language) == ("Dear {{ name }},", "Yours,", "en")
    assert issue.contact is not None
    assert issue.contact.email == "mei.lin@example.com"


def test_a_contact_may_be_written_out() -> None:
    issue = read(changed("sections:", "contact: {name: Tomas Arden, phone: '1'}\nsections:")).issue
    assert issue.contact is not None
    assert (issue.contact.name, issue.contact.phone) == ("Tomas Arden", "1")


def test_the_kind_decides_which_defaults_fit() -> None:
    text = (
        "newsletter: harbour-team\ndate: 2026-06-10\nsubject: Ports\nintro: Hello.\nsections: [{points: [{lead: A}]}]\n"
    )
    issue = read(text).issue
    assert isinstance(issue, TeamUpdate)
    assert (issue.team, issue.language) == ("Harbour Team", "zh-Hans")


def test_text_that_yaml_swallows_is_a_warning() -> None:
    reading = read(changed("subject: Ports", "subject: Ports #1 and #2"))
    assert reading.issue.subject == "Ports"
    assert [str(finding) for finding in reading.warnings] == [
        (
            "brief.yaml:3:16: what follows ' #' is taken for a comment; "
            'if it belongs to the text, quote the value: subject: "Ports #1 and #2"'
        )
    ]


def test_a_warning_in_front_matter_has_the_line_of_the_file() -> None:
    text = "\n---\nnewsletter: harbour-brief\ndate: 2026-06-10\nsubject: Ports #1\n---\n### A\nSummary: S.\n"
    assert [(finding.line, finding.column) for finding in read(text, "a.md").warnings] == [(5, 16)]


def test_braces_are_kept_as_they_are() -> None:
    issue = read(changed("A port opens", '"{{ 7*7 }} opens {% x %}"')).issue
    assert isinstance(issue, DailyBrief)
    assert issue.all_stories[0].headline == "{{ 7*7 }} opens {% x %}"


def test_a_word_that_yaml_takes_for_something_else_stays_a_word() -> None:
    issue = read(changed("subject: Ports", "subject: NO")).issue
    assert issue.subject == "NO"


def test_json_with_tabs_escapes_and_nulls_is_read() -> None:
    text = (
        '{\n\t"newsletter": "harbour-brief",\n'
        '\t"date": "2026-06-10",\n\t"subject": "Ports \\u00e9\\ud83d\\ude00 \\\\ud83d",\n'
        '\t"preheader": null,\n\t"sections": [{"stories": [{"headline": "A", "summary": "S", "must_send": true}]}]\n}\n'
    )
    issue = read(text, "brief.json").issue
    assert isinstance(issue, DailyBrief)
    assert (issue.subject, issue.preheader, issue.all_stories[0].must_send) == ("Ports é😀 \\ud83d", None, True)


def test_markdown_and_yaml_of_one_issue_are_the_same_issue() -> None:
    markdown = (
        "---\nnewsletter: harbour-brief\ndate: 2026-06-10\nsubject: Ports\n---\n## Ports\n### 1. A port opens\n"
        "- [Wire](https://example.com/a)/Daily · 2026-06-09\n- Summary: It opens.\n\n  Soon.\n- Tags: AI、芯片\n"
        "- URL: NONE\n- Must Send: yes\n"
    )
    yaml = STORY.replace("It opens.", '"It opens.\\n\\nSoon."') + (
        '        sources: ["[Wire](https://example.com/a)", Daily]\n        date: 2026-06-09\n'
        "        tags: [AI, 芯片]\n        url: none\n        must_send: true\n"
    )
    assert read(markdown, "brief.md").issue == read(yaml).issue


def test_a_team_update_in_both_forms_is_the_same_issue() -> None:
    head = "newsletter: harbour-team\ndate: 2026-06-10\nsubject: Ports\n"
    markdown = f"---\n{head}---\nIntro.\n\n## One\n- **Lead.** Text.\n---\n- Only a lead\n\nBye now.\n\nYours,\n\nMei\n"
    yaml = (
        f"{head}intro: Intro.\nsections:\n  - heading: One\n    points: [{{lead: Lead., text: Text.}}]\n"
        "  - points:\n      - lead: Only a lead\nclosing: Bye now.\nsign_off: Yours,\nsignature: Mei\n"
    )
    assert read(markdown, "note.md").issue == read(yaml, "note.yaml").issue


@pytest.mark.parametrize("path", ["brief.txt", "brief.docx", "brief", ".md"])
def test_a_suffix_that_we_do_not_read_is_named(path: str) -> None:
    found = findings(STORY, path)
    assert len(found) == 1
    assert found[0].endswith("; name it .md for Markdown, or .yaml, .yml or .json")
