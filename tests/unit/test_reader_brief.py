"""The body of a daily brief."""

import pytest

from newsletter.errors import IssueError
from newsletter.issue import DailyBrief, Story
from newsletter.reader import Reading, read_issue_text
from tests.builders import a_masthead

FRONT = "---\nnewsletter: harbour-brief\ndate: 2026-06-10\nsubject: Ports\n---\n"
MASTHEADS = {"harbour-brief": a_masthead()}


def read(body: str) -> Reading:
    return read_issue_text(FRONT + body, path="brief.md", mastheads=MASTHEADS)


def brief(body: str) -> DailyBrief:
    issue = read(body).issue
    assert isinstance(issue, DailyBrief)
    return issue


def story(lines: str) -> Story:
    return brief(f"### A headline\n{lines}").all_stories[0]


def findings(body: str) -> list[str]:
    with pytest.raises(IssueError) as caught:
        read(body)
    return [str(finding) for finding in caught.value.findings]


def sources(lines: str) -> list[tuple[str, str | None]]:
    return [(source.name, source.url) for source in story(f"{lines}\n- Summary: S.\n").sources]


def test_sections_hold_their_stories_in_order() -> None:
    body = "### A\nSummary: S.\n\n## One\n### B\nSummary: S.\n### C\nSummary: S.\n## Two\n### D\nSummary: S.\n"
    found = [(part.heading, [one.headline for one in part.stories]) for part in brief(body).sections]
    assert found == [(None, ["A"]), ("One", ["B", "C"]), ("Two", ["D"])]


@pytest.mark.parametrize(
    ("written", "headline"),
    [
        ("3. Ports open", "Ports open"),
        ("3) Ports open", "Ports open"),
        ("12、港口开放", "港口开放"),
        ("3.5 percent growth", "3.5 percent growth"),
        ("2026. A year", "2026. A year"),
        ("{{ 7*7 }} “ports” & <b>", "{{ 7*7 }} “ports” & <b>"),
    ],
)
def test_a_number_before_the_headline_is_dropped_and_nothing_else(written: str, headline: str) -> None:
    assert brief(f"### {written}\nSummary: S.\n").all_stories[0].headline == headline


@pytest.mark.parametrize(
    ("line", "names", "date"),
    [
        ("- Example Wire/Daily Example · 2026-06-09", ["Example Wire", "Daily Example"], "2026-06-09"),
        ("Example Wire / Daily Example | 2026-06-09", ["Example Wire", "Daily Example"], "2026-06-09"),
        ("- Example Wire, Daily Example, 2026-06-09", ["Example Wire", "Daily Example"], "2026-06-09"),
        ("- 示例财经、示例日报，2026-06-09", ["示例财经", "示例日报"], "2026-06-09"),
        ("- Example Wire 2026-06-09", ["Example Wire"], "2026-06-09"),
        ("- Example Wire (2026-06-09)", ["Example Wire"], "2026-06-09"),
        ("- 2026-06-09", [], "2026-06-09"),
        ("- Example Wire", ["Example Wire"], None),
        ("- Example.com.cn: Asia desk · 2026-06-09", ["Example.com.cn: Asia desk"], "2026-06-09"),
    ],
)
def test_the_line_below_the_headline_names_sources_and_date(line: str, names: list[str], date: str | None) -> None:
    found = story(f"{line}\n- Summary: S.\n")
    assert [source.name for source in found.sources] == names
    assert found.date is None if date is None else str(found.date) == date


def test_a_source_may_be_a_link_and_a_slash_in_it_parts_nothing() -> None:
    line = "- [Example Wire](https://example.com/a/b,c)/Daily, Ltd · 2026-06-09"
    assert sources(line) == [("Example Wire", "https://example.com/a/b%2Cc"), ("Daily", None), ("Ltd", None)]


def test_source_and_date_may_have_labels() -> None:
    found = story("Source: A/B\nDate: 2026-06-09\nSummary: S.\n")
    assert ([source.name for source in found.sources], str(found.date)) == (["A", "B"], "2026-06-09")


@pytest.mark.parametrize(
    "line",
    [
        "- Summary: Words",
        "Summary: Words",
        "**Summary**: Words",
        "**Summary:** Words",
        "**Summary: Words**",
        "__Summary:__ Words",
        "* *Summary:* Words",
        "• SUMMARY : Words",
        "- 摘要：Words",
        "**摘要：**Words",
        "- Summary:\n  Words",
    ],
)
def test_a_label_may_be_written_in_many_ways(line: str) -> None:
    assert story(line).summary == "Words"


@pytest.mark.parametrize(("line", "summary"), [("**Summary:** **Bold** words", "**Bold** words")])
def test_emphasis_behind_a_label_stays(line: str, summary: str) -> None:
    assert story(line).summary == summary


def test_the_chinese_labels_fill_the_same_fields() -> None:
    labels = "来源：示例\n日期：2026-06-09\n摘要：一。\n为何重要：二。\n链接：none\n标签：AI、芯片\n必发：是\n"
    found = story(labels)
    assert found.sources[0].name == "示例"
    assert (found.summary, found.why_it_matters, found.url, found.must_send) == ("一。", "二。", "none", True)
    assert found.tags == ("AI", "芯片")


def test_lines_and_paragraphs_without_a_label_belong_to_the_text_above() -> None:
    lines = "- Summary: One\n  goes on.\n\nSecond: with a colon.\n\n- Why It Matters: Three.\n\n  Four.\n- URL: none\n"
    found = story(lines)
    assert found.summary == "One goes on.\n\nSecond: with a colon."
    assert found.why_it_matters == "Three.\n\nFour."


@pytest.mark.parametrize("tags", ["a, b", "a，b", "a、b", "a; b", "a；b,", "a,\n  b"])
def test_tags_are_parted_by_every_comma(tags: str) -> None:
    assert story(f"- Summary: S.\n- Tags: {tags}\n").tags == ("a", "b")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("<https://example.com/a>", "https://example.com/a"),
        ("[Read more](https://example.com/a)", "https://example.com/a"),
        ("None", "none"),
        ("", None),
    ],
)
def test_a_url_may_stand_bare_in_brackets_or_in_a_link(written: str, url: str | None) -> None:
    assert story(f"- Summary: S.\n- URL: {written}\n").url == url


def test_a_label_without_words_counts_as_left_out() -> None:
    found = story("- Summary: S.\n- Tags:\n- Source:\n- Date:\n- ID:\n")
    assert (found.tags, found.sources, found.date, found.id) == ((), (), None, "a-headline")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "Hello.\n\n### A\n- Summary: S.\n",
            (
                "brief.md:6:1: this line stands before the first story and belongs to none; "
                "begin a story with a line '### Headline', or delete it"
            ),
        ),
        (
            "## Ports\n- Summary: S.\n",
            (
                "brief.md:7:1: this line stands before the first story and belongs to none; "
                "begin a story with a line '### Headline', or delete it"
            ),
        ),
        (
            "### A\n- Summary: S.\n\n---\n\nBye.\n",
            (
                "brief.md:11:1: this line stands below a rule and belongs to no story; "
                "put last words into the field closing in the front matter, or delete the rule"
            ),
        ),
        ("### A\n- Sumary: S.\n", "brief.md:7:1: there is no label 'Sumary'; did you mean Summary?"),
        ("### A\nSumary: S.\n", "brief.md:7:1: there is no label 'Sumary'; did you mean Summary?"),
        (
            "### A\n- Summary: S.\n- Reach: wide\n",
            (
                "brief.md:8:1: there is no label 'Reach'; "
                "use Source, Date, Summary, Why It Matters, URL, Tags, Must Send or ID"
            ),
        ),
        (
            "### A\n- Summary: S.\n- Summary: T.\n",
            "brief.md:8:1: Summary stands in this story a second time; keep one of the two",
        ),
        (
            "### A\n- Wire · 2026-06-09\n- Summary: S.\n- Date: 2026-06-09\n",
            "brief.md:9:1: Date stands in this story a second time; keep one of the two",
        ),
        (
            "### A\nThe city commits two billion yuan.\n",
            (
                "brief.md:7:1: this line belongs to no label; "
                "begin it with 'Summary:' or 'Why It Matters:', or move it below one of them"
            ),
        ),
        (
            "### A\n- Summary: S.\n- URL: none\n\nLost.\n",
            (
                "brief.md:10:1: this line belongs to no label; "
                "begin it with 'Summary:' or 'Why It Matters:', or move it below one of them"
            ),
        ),
        (
            "# Brief\n### A\n- Summary: S.\n",
            (
                "brief.md:6:1: a title line has no place here: the subject is the title; "
                "delete it, or write '## ' for a section and '### ' for a story"
            ),
        ),
        ("#### A\n- Summary: S.\n", "brief.md:6:1: a story's headline begins with three '#'; write '### A'"),
        (
            "### A\n",
            "brief.md:6:1: sections[1].stories[1].summary: is missing; write a line '- Summary: …' below the headline",
        ),
        ("### A\n- Summary:\n", "brief.md:7:1: sections[1].stories[1].summary: is empty; write it behind 'Summary:'"),
        ("###\n- Summary: S.\n", None),
        (
            "## Ports\n",
            "brief.md:6:4: sections[1].stories: is empty; begin a story below the heading with a line '### Headline'",
        ),
        ("", "brief.md:6:1: sections: is missing; begin each story with a line '### Headline'"),
        (
            "### A\n- Wire · 10 June\n- Summary: S.\n",
            "brief.md:7:10: sections[1].stories[1].date: '10 June' is not a date; write it as 2026-06-10",
        ),
        (
            "### A\n- Wire · 2026-02-30\n- Summary: S.\n",
            (
                "brief.md:7:10: sections[1].stories[1].date: '2026-02-30' is not a day of the calendar; "
                "check month and day"
            ),
        ),
        (
            "### A\n- Summary: S.\n- URL: Read more\n",
            (
                "brief.md:8:1: sections[1].stories[1].url: 'Read more' is not a web address; "
                "write it in full, as https://example.com/page"
            ),
        ),
        (
            "### A\n- [W](javascript:x)\n- Summary: S.\n",
            (
                "brief.md:7:3: sections[1].stories[1].sources[1]: 'javascript:x' is not a web address; "
                "write it in full, as https://example.com/page"
            ),
        ),
        (
            "### A\n- Summary: S.\n- ID: one\n### B\n- Summary: S.\n- ID: one\n",
            (
                "brief.md:11:1: sections[1].stories[2].id: the id one stands at an earlier story as well; "
                "give each its own"
            ),
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(body: str, expected: str | None) -> None:
    found = findings(body)
    assert (
        expected in found
        if expected
        else found == ["brief.md:6:4: sections[1].stories[1].headline: is empty; write the headline behind '###'"]
    )


def test_structure_and_values_are_complained_about_together_in_the_order_of_the_file() -> None:
    found = findings("Lost.\n### A\n- Wire · 10 June\n- Sumary: S.\n### B\n- Summary: S.\n- URL: here\n")
    assert [line.split(":")[1] for line in found] == ["6", "7", "8", "9", "12"]


@pytest.mark.parametrize("label", ["Tags: a", "Source: A", "URL: none", "Must Send: yes"])
def test_a_paragraph_below_a_one_line_field_has_no_place(label: str) -> None:
    (found,) = findings(f"### A\n- Summary: S.\n- {label}\n\nLost.\n")
    assert found.startswith("brief.md:10:1: this line belongs to no label;")


def test_lines_without_a_place_that_follow_each_other_are_one_complaint() -> None:
    found = findings("### A\n- Summary: S.\n- one\n- two\n- three\n")
    assert len(found) == 1


def test_every_tag_and_source_knows_its_place() -> None:
    reading = read("### A\n- Wire/ Daily · 2026-06-09\n- Summary: S.\n- Tags: AI, 芯片,\n  ports\n")
    path = ("sections", 0, "stories", 0)
    places = [reading.place((*path, "tags", number)) for number in range(3)]
    assert [(place.line, place.column) for place in places] == [(9, 9), (9, 13), (10, 3)]
    second = reading.place((*path, "sources", 1))
    assert (second.line, second.column) == (7, 9)
    finding = reading.finding((*path, "tags", 1), "there is no tag '芯片'")
    assert str(finding) == "brief.md:9:13: sections[1].stories[1].tags[2]: there is no tag '芯片'"
