"""An issue poured into the shipped templates."""

import html
import os
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from newsletter.columns import width
from newsletter.compiler import compile_issue
from newsletter.edition import CompiledIssue, Edition, Field, Links, Part, cut_edition, slot
from newsletter.fields import Line
from newsletter.issue import AnyIssue, Contact, DailyBrief
from newsletter.tags import Tag, vocabulary_of
from tests.builders import a_brief, a_masthead, a_recipient, an_imprint, an_update

TEMPLATES = Path(__file__).parents[2] / "templates"
GOLDEN = Path(__file__).parents[1] / "golden"
VOCABULARY = vocabulary_of(
    [
        Tag(
            "ai-infrastructure", {"en": "AI infrastructure", "zh-Hans": "人工智能基础设施"}, ("compute",), offered=True
        ),
        Tag("ai-chips", {"en": "AI chips", "zh-Hans": "人工智能芯片"}, offered=True),
        Tag("squirrel", {"en": "Squirrel", "zh-Hans": "松鼠"}),
    ]
)
VOID = {"meta", "br", "img", "hr", "link", "o:allowpng"}


def compiled(issue: AnyIssue, **details: Any) -> CompiledIssue:
    values: dict[str, Any] = {
        "masthead": a_masthead(),
        "imprint": an_imprint(),
        "templates": TEMPLATES,
        "vocabulary": VOCABULARY,
        "links": Links.WEB,
    }
    return compile_issue(issue, **values | details)


def whole(made: CompiledIssue) -> Edition:
    return cut_edition(made, [story.id for story in made.stories])


def edition(issue: AnyIssue, **details: Any) -> Edition:
    return whole(compiled(issue, **details))


def filled(made: Edition, part: Part) -> str:
    """As one reader gets it."""
    text = made.html if part is Part.HTML else made.text
    values = a_recipient().values
    for field in Field:
        value = values[field]
        text = text.replace(slot(made.source, part, field), html.escape(value) if part is Part.HTML else value)
    return text


def four_stories(**details: Any) -> DailyBrief:
    def story(number: int, **more: Any) -> dict[str, Any]:
        return {
            "id": f"s{number}",
            "headline": f"Headline {number}",
            "summary": f"Summary {number} [there](https://example.com/{number}/more).",
            "sources": [f"[Wire](https://example.com/{number}/wire)"],
            "url": f"https://example.com/{number}",
            **more,
        }

    sections = [
        {"heading": "Top Stories", "stories": [story(1), story(2, why_it_matters="It does.", tags=["compute", "odd"])]},
        {"stories": [story(3, url="none", date="2026-06-09")]},
        {"heading": "Chips", "stories": [story(4)]},
    ]
    return a_brief(sections=sections, **details)


class Page(HTMLParser):
    """What a reader's program sees: balanced tags, headings, links, text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.items: list[str] = []
        self.comments: list[str] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.attributes: dict[str, list[dict[str, str | None]]] = {}
        self.feed(source)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes.setdefault(tag, []).append(found)
        self.links += [found["href"] or ""] if "href" in found else []
        self.ids += [found["id"] or ""] if "id" in found else []
        self.styles += [found["style"] or ""] if "style" in found else []
        if tag in ("h1", "h2", "h3"):
            self.headings.append((tag, ""))
        if tag == "li":
            self.items.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] in ("style", "title"):
            return
        self.text.append(data)
        if {"h1", "h2", "h3"} & set(self.open):
            self.headings[-1] = (self.headings[-1][0], self.headings[-1][1] + data)
        if "li" in self.open:
            self.items[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize(("name", "issue"), [("daily-brief", a_brief()), ("team-update", an_update())])
def test_both_parts_look_as_they_did(name: str, issue: AnyIssue) -> None:
    made = edition(issue, masthead=a_masthead(title="Harbour Note") if name == "team-update" else a_masthead())
    one_tag_a_line = re.sub(r">\s*<", ">\n<", filled(made, Part.HTML))
    shown = re.sub("(?:\u2007\ufeff\u034f ?)+", "(blanks)", one_tag_a_line) + "\n"
    for path, now in ((GOLDEN / f"{name}.html", shown), (GOLDEN / f"{name}.txt", filled(made, Part.TEXT))):
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(now, encoding="utf-8")
        assert now == path.read_text(encoding="utf-8"), f"UPDATE_GOLDEN=1 renews {path.name}, if that was meant"


def test_the_same_input_gives_the_same_bytes() -> None:
    assert compiled(a_brief()).to_json() == compiled(a_brief()).to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"imprint": an_imprint(postal_address="Harbour Advisers, 2 Quay Street")},
        {"masthead": a_masthead(title="Harbour")},
        {"links": Links.MAILBOX},
        {"vocabulary": vocabulary_of([])},
    ],
)
def test_whatever_goes_in_changes_the_source(change: dict[str, Any]) -> None:
    assert compiled(a_brief(), **change).source != compiled(a_brief()).source


def test_every_choice_of_stories_is_a_whole_mail() -> None:
    made = compiled(four_stories(closing="The {{ story_count }} stories lead with {{ lead_headline }}."))
    ids = [story.id for story in made.stories]
    for count in range(1, 5):
        for chosen in combinations(ids, count):
            cut = cut_edition(made, chosen)
            page = Page(cut.html)
            stories = [text for _, text in page.headings if "Headline" in text]
            headlines = [f"Headline {story[1]}" for story in chosen]
            assert stories == [f"{number}. {headline}" for number, headline in enumerate(headlines, start=1)]
            assert [item.strip() for item in page.items] == headlines
            assert set(page.ids) == {f"s-{story}" for story in chosen}
            assert f"The {count} stories lead with {headlines[0]}." in "".join(page.text)
            numbered = re.findall(r"^(\d+)\. Headline (\d)$", cut.text, re.MULTILINE)
            assert numbered == [(str(n), story[1]) for n, story in enumerate(chosen, start=1)] * 2
            assert ("Top Stories" in cut.text) == bool({"s1", "s2"} & set(chosen))
            assert links_of(cut.html) == links_of(cut.text)


def test_no_mark_and_no_held_value_is_left() -> None:
    made = whole(compiled(four_stories(closing="{{ lead_headline }} {{ contact }}", contact=Contact(name="Mei"))))
    for part, text in ((Part.HTML, made.html), (Part.TEXT, made.text)):
        left = set(re.findall(rf"NL{made.source}\w*?NL", text))
        assert left == {slot(made.source, part, field) for field in Field}
        assert text.count(slot(made.source, part, Field.GREETING)) == 1


def test_stories_in_another_order_keep_their_sections() -> None:
    made = compiled(four_stories())

    page = Page(cut_edition(made, ["s4", "s2", "s1", "s3"]).html)

    assert [text for _, text in page.headings][1:] == [
        "Top Stories", "1. Headline 2", "2. Headline 1", "3. Headline 3", "Chips", "4. Headline 4",
    ]  # fmt: skip


def test_headings_begin_with_one_h1_and_skip_no_level() -> None:
    page = Page(edition(four_stories()).html)

    assert [tag for tag, _ in page.headings] == ["h1", "h2", "h3", "h3", "h2", "h2", "h3"]
    assert [tag for tag, _ in Page(edition(an_update()).html).headings] == ["h1", "h2"]


def test_every_entry_of_the_contents_leads_to_its_story() -> None:
    page = Page(edition(four_stories()).html)

    jumps = [link[1:] for link in page.links if link.startswith("#")]

    assert jumps == page.ids == ["s-s1", "s-s2", "s-s3", "s-s4"]


@pytest.mark.parametrize("links", list(Links))
@pytest.mark.parametrize("kind", ["brief", "update"])
def test_both_parts_hold_the_same_links(links: Links, kind: str) -> None:
    contact = Contact(name="Mei Lin", email="mei.lin@example.com", phone="+65 6123 4567")
    issue = four_stories(contact=contact) if kind == "brief" else an_update(contact=contact, intro=INTRO)
    made = edition(issue, links=links)

    found = links_of(filled(made, Part.HTML))

    assert found == links_of(filled(made, Part.TEXT))
    assert "leave@example.com?subject=unsubscribe%20token1" in found
    pages = {f"https://news.example.com/{page}/token1" for page in "upv"}
    assert (pages <= found) is (links is Links.WEB)
    assert links is Links.WEB or not pages & found
    assert links is Links.WEB or slot(made.source, Part.HTML, Field.VIEW_URL) not in made.html


INTRO = "See [the rules](https://example.com/rules) or [ask](mailto:ask@example.com)."


def links_of(part: str) -> set[str]:
    """Web and mail addresses, without anchors."""
    if part.startswith("<!DOCTYPE"):
        return {link.removeprefix("mailto:") for link in Page(part).links if not link.startswith("#")}
    mails = re.findall(r"(?<=mailto:)\S+|(?<=\()[\w.]+@[\w.]+|(?<=\] )[\w.]+@[\w.]+", part)
    slots = [line for line in part.split("\n") if re.fullmatch(r"NL\w+NL", line) and "greeting" not in line]
    return {*re.findall(r"https?://[^\s）)]+", part), *mails, *(line.replace("text", "html", 1) for line in slots)}


def test_with_the_mailbox_as_the_only_way_out_only_the_mailbox_is_named() -> None:
    made = filled(edition(a_brief(), links=Links.MAILBOX), Part.TEXT)

    assert "To unsubscribe, write to leave@example.com" in made
    assert "Change preferences" not in made


@pytest.mark.parametrize("part", list(Part))
def test_the_footer_says_who_writes_where_and_why(part: Part) -> None:
    made = edition(a_brief())
    shown = filled(made, part)
    text = " ".join(("".join(Page(shown).text) if part is Part.HTML else shown).split())

    assert "Harbour Brief is written by Harbour Advisers" in text
    assert "Harbour Advisers, 1 Quay Street, Singapore 048616" in text
    assert "You receive Harbour Brief because you are on its list of readers (since 1 March 2026)." in text
    assert "write to leave@example.com" in text
    assert "its list of readers." in made.text.replace(slot(made.source, Part.TEXT, Field.SINCE), "").replace("\n", " ")


@pytest.mark.parametrize("issue", [a_brief(), an_update(), a_brief(language="zh-Hans"), an_update(language="zh-Hans")])
def test_the_text_part_keeps_to_72_columns(issue: AnyIssue) -> None:
    made = filled(edition(issue), Part.TEXT)

    assert [line for line in made.split("\n") if width(line) > 72] == []
    assert not re.search(r"\n\n\n|[ \t]\n", made)
    assert made.endswith("\n")
    assert not made.endswith("\n\n")


def test_a_long_lead_headline_is_wrapped_wherever_it_is_filled_in() -> None:
    headline = "数据中心与人工智能算力网络建设规划获得批准" * 5
    stories = [{"headline": headline, "summary": "Short.", "url": "none"}]
    issue = a_brief(sections=[{"stories": stories}], closing="We lead with {{ lead_headline }} today.")

    made = filled(edition(issue), Part.TEXT)

    assert [line for line in made.split("\n") if width(line) > 72] == []


@pytest.mark.parametrize("issue", [a_brief(), an_update()])
def test_each_part_holds_a_character_beyond_latin_1(issue: AnyIssue) -> None:
    made = edition(issue)

    assert any(ord(mark) > 255 for mark in made.html)
    assert any(ord(mark) > 255 for mark in made.text)


def test_the_text_part_begins_with_the_preheader() -> None:
    made = edition(a_brief(preheader="{{ story_count }} stories, first: {{ lead_headline }}"))

    assert made.text.split("\n")[0] == made.preheader == "2 stories, first: Harbour City funds a computing grid"
    assert f">{made.preheader}\u2007" in made.html


def test_without_a_preheader_an_update_shows_its_first_sentence() -> None:
    intro = "Mr. Chen of **U.S.** fame has [a note](https://example.com). It is long."

    assert compiled(an_update(intro=intro)).preheader == "Mr. Chen of U.S. fame has a note."
    assert compiled(an_update(intro="草案已公布。全文如下。")).preheader == "草案已公布。"


@pytest.mark.parametrize(
    ("label", "subject", "shown"),
    [
        ("<ADV>", "Rules", "<ADV> Rules"),
        ("广告", "规则", "广告 规则"),
        ("广告", "广告：规则", "广告：规则"),
        (None, "Rules", "Rules"),
    ],
)
def test_the_label_stands_in_front_of_the_subject_once(label: str | None, subject: str, shown: str) -> None:
    made = edition(an_update(subject=subject, subject_label=label))

    assert made.subject == shown
    assert f"<title>{html.escape(shown)}</title>" in made.html
    assert Page(made.html).headings[0] == ("h1", subject)


@pytest.mark.parametrize(
    ("greeting", "language", "with_name", "without"),
    [
        (None, "en", "Dear {{ name }},", "Dear reader,"),
        (None, "zh-Hans", "{{ name }}，您好：", "您好："),
        ("Hello {{name}}!", "en", "Hello {{ name }}!", "Dear reader,"),
        ("Hello all,", "en", "Hello all,", "Hello all,"),
    ],
)
def test_a_greeting_is_the_authors_else_the_themes(
    greeting: str | None, language: str, with_name: str, without: str
) -> None:
    made = compiled(an_update(greeting=greeting, language=language))

    assert (made.greeting, made.greeting_without_name) == (with_name, without)


CONTACT = Contact(name="Mei Lin", role="Adviser", email="mei.lin@example.com", phone="+65 6123 4567")


@pytest.mark.parametrize(
    ("closing", "language", "shown"),
    [
        ("Ask {{ contact }}.", "en", "Ask Mei Lin, Adviser (mei.lin@example.com, +65 6123 4567)."),
        ("**Ask {{ contact }}** or {{ contact }}", "en", "(mei.lin@example.com, +65 6123 4567) or Mei Lin"),
        ("请联系{{ contact }}。", "zh-Hans", "请联系Mei Lin，Adviser（mei.lin@example.com，+65 6123 4567）。"),
        ("Goodbye.", "en", "Your contact: Mei Lin, Adviser (mei.lin@example.com, +65 6123 4567)"),
        (None, "en", "Your contact: Mei Lin, Adviser (mei.lin@example.com, +65 6123 4567)"),
    ],
)
def test_the_contact_stands_where_the_closing_wants_it_in_full_once(
    closing: str | None, language: str, shown: str
) -> None:
    made = edition(an_update(closing=closing, contact=CONTACT, language=language))

    assert shown in "".join(Page(made.html).text)
    assert "".join(shown.split()) in "".join(made.text.split())
    assert made.html.count('href="mailto:mei.lin@example.com"') == 1
    assert made.text.count("mei.lin@example.com") == 1


def test_without_a_contact_the_placeholder_stays_as_written() -> None:
    made = edition(an_update(closing="Ask {{ contact }} or {{ nobody }}.", contact=None))

    assert "Ask {{ contact }} or {{ nobody }}." in made.html
    assert "Ask {{ contact }} or {{ nobody }}." in made.text


def test_tags_show_the_vocabularys_name_in_the_issues_language_else_as_written() -> None:
    stories = [{"headline": "x", "summary": "x", "tags": ["Compute", "ai infrastructure", "无名"]}]
    for language, name in (("en", "AI infrastructure"), ("zh-Hans", "人工智能基础设施")):
        made = compiled(a_brief(sections=[{"stories": stories}], language=language))
        assert made.stories[0].tags == ("ai-infrastructure",)
        for part in (whole(made).html, whole(made).text):
            assert part.count(name) == 1
            assert "无名" in part


def test_a_tag_that_is_not_offered_chooses_readers_and_is_shown_to_none() -> None:
    made = compiled(
        a_brief(sections=[{"stories": [{"headline": "x", "summary": "x", "tags": ["squirrel", "compute"]}]}])
    )

    assert made.stories[0].tags == ("squirrel", "ai-infrastructure")
    for part in (whole(made).html, whole(made).text):
        assert "AI infrastructure" in part
        assert "quirrel" not in part


def test_the_letterhead_and_the_choice_come_from_the_issue() -> None:
    made = compiled(four_stories(stories="matched", min_stories=2, embargo="2026-06-11"))

    assert made.letterhead.issued_at == datetime(2026, 6, 9, 22, tzinfo=UTC)
    assert made.embargo_at == datetime(2026, 6, 10, 16, tzinfo=UTC)
    assert (made.choice, made.min_stories) == ("matched", 2)
    assert made.letterhead.unsubscribe_address == "leave@example.com"
    assert [story.section for story in made.stories] == [0, 0, 1, 2]
    assert CompiledIssue.from_json(made.to_json()) == made


def test_ten_long_stories_stay_under_60_kilobytes() -> None:
    stories = [
        {
            "headline": f"Harbour City puts {number} billion yuan into a computing grid for its five parks",
            "sources": ["[Example Wire](https://example.com/a)", "Daily Example"],
            "date": "2026-06-09",
            "summary": "The city commits two billion yuan to a grid that joins five parks by next March. " * 6,
            "why_it_matters": "Local suppliers gain a buyer, and prices of machines will move within weeks. " * 4,
            "url": f"https://example.com/{number}",
            "tags": ["AI chips", "compute", "odd"],
        }
        for number in range(10)
    ]

    assert len(edition(a_brief(sections=[{"heading": "Top", "stories": stories}])).html.encode()) < 60_000


def test_the_mail_says_its_language_and_its_colour_schemes() -> None:
    page = Page(edition(a_brief(language="zh-Hans")).html)

    assert (page.attributes["html"][0]["lang"], page.attributes["html"][0]["dir"]) == ("zh-Hans", "ltr")
    assert {"name": "color-scheme", "content": "light dark"} in page.attributes["meta"]
    assert all(table.get("role") == "presentation" for table in page.attributes["table"])
    assert any("[if mso" in comment for comment in page.comments)
    assert "@media (prefers-color-scheme: dark)" in edition(a_brief()).html


def test_no_small_print_is_smaller_than_13_pixels_and_no_colour_has_three_digits() -> None:
    for issue in (a_brief(), an_update()):
        page = Page(edition(issue).html)
        sizes = {float(size) for style in page.styles for size in re.findall(r"font-size:\s*([\d.]+)px", style)}
        # MJML's own boxes have no text of their own
        assert min(sizes - {0.0, 1.0}) >= 13
        assert not [style for style in page.styles if re.search(r"#[0-9a-f]{3}(?![0-9a-f])", style)]


def _is_line(text: str) -> bool:
    try:
        TypeAdapter(Line).validate_python(text)
    except ValidationError:
        return False
    return True


AWKWARD = [
    "{{ 7*7 }}",
    "<script>alert(1)</script>",
    "a\\b \"q\" 'x'",
    "👩‍💻",
    "e\u0301",
    "สวัสดี\u3000芯片",
    "{# x #}",
    "&amp; %7B",
]
lines = st.one_of(
    st.sampled_from(AWKWARD),
    st.text("{}%#<>&\"'\\/芯片“”\u200d👩💻e\u0301ส\u3000 \tab1*_[]()`", min_size=1, max_size=30),
).filter(_is_line)


@settings(max_examples=20, deadline=None)
@given(headline=lines, heading=lines, name=lines, sign_off=lines)
def test_whatever_a_person_writes_comes_out_as_it_was_written(
    headline: str, heading: str, name: str, sign_off: str
) -> None:
    sections = [{"heading": heading, "stories": [{"headline": headline, "summary": "x", "tags": [name]}]}]
    contact = Contact(name=name)
    issue = a_brief(sections=sections, sign_off=sign_off, contact=contact, closing=None, subject=headline)
    story = issue.all_stories[0]
    made = edition(issue, masthead=a_masthead(title=heading))
    page = Page(made.html)

    assert [text for _, text in page.headings] == [
        issue.sections[0].heading,
        issue.sections[0].heading,
        f"1. {story.headline}",
    ]
    assert page.attributes["div"][0]["aria-label"] == made.subject
    text = "".join(page.text)
    assert f"Your contact: {story.tags[0]}" in text
    assert (issue.sign_off or "") in text
    for written in (story.headline, issue.sign_off or "", story.tags[0]):
        assert "".join(written.split()) in "".join(made.text.split())


def test_addresses_come_out_as_they_were_written() -> None:
    url = "https://example.com/芯片?a=1&b='{{x}}'"
    url = url.replace("{{x}}", "%7B%7B")
    stories = [{"headline": "x", "summary": "x", "url": url, "sources": [f"[S]({url})"]}]

    made = edition(a_brief(sections=[{"stories": stories}]))

    assert Page(made.html).links.count(url) == 2
    assert f"\n{url}\n" in made.text
