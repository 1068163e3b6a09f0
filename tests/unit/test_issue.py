"""The model of an issue and of a newsletter's declaration, and the kinds of text in them."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from newsletter.fields import Line, MailAddress, Prose, Slug, WebAddress
from newsletter.issue import DailyBrief, slug_of
from tests.builders import a_brief, a_masthead, an_update


def said(kind: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return caught.value.errors()[0]["msg"]


def story(**details: Any) -> dict[str, Any]:
    return {"headline": "A port opens", "summary": "It opens."} | details


def brief_of(*stories: dict[str, Any]) -> DailyBrief:
    return a_brief(sections=[{"stories": list(stories)}])


def test_a_line_folds_spaces_and_composes_letters() -> None:
    assert TypeAdapter(Line).validate_python("  A\t port \u3000 cafe\u0301 ") == "A port café"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb", "a\rb", "a\x0bb", "a\x85b", "a\u2028b"])
def test_a_line_holds_no_line_break_of_any_kind(value: str) -> None:
    assert said(Line, value) == "holds a line break"


@pytest.mark.parametrize("value", [" ", "\t\n", "\u3000"])
@pytest.mark.parametrize("kind", [Line, Prose])
def test_spaces_are_no_text(kind: Any, value: str) -> None:
    assert said(kind, value) == "is empty"


@pytest.mark.parametrize(("value", "mark"), [("a\u202eb", "U+202E"), ("a\0b", "U+0000"), ("a\u2066b", "U+2066")])
@pytest.mark.parametrize("kind", [Line, Prose])
def test_invisible_characters_are_named(kind: Any, value: str, mark: str) -> None:
    assert said(kind, value) == f"holds the invisible character {mark}"


def test_prose_keeps_its_paragraphs_and_takes_the_breaks_of_word_processors() -> None:
    assert TypeAdapter(Prose).validate_python(" a \r\n b\u2028c\n\n\td\n") == "a\nb\nc\n\nd"


@pytest.mark.parametrize("value", ["a b", "-a", "a--b", "a_b", "ä", "a\n"])
def test_a_slug_has_letters_digits_and_single_hyphens(value: str) -> None:
    assert said(Slug, value).endswith("is not a slug")


@pytest.mark.parametrize(
    "value",
    [
        "example.com",
        "javascript:alert(1)",
        "https://",
        "https://a b",
        "ftp://a.b",
        "https://a/<b>",
        "https://a/\u202e",
        "https://user@example.com/",
        "https://a.b/\x01",
        "//example.com",
    ],
)
def test_only_a_whole_web_address_is_one(value: str) -> None:
    assert said(WebAddress, value).endswith("is not a web address")


def test_a_comma_in_a_web_address_is_escaped() -> None:
    # RFC 2369 and others part addresses with commas.
    assert TypeAdapter(WebAddress).validate_python("https://example.com/a,b?c=d#e") == "https://example.com/a%2Cb?c=d#e"


@pytest.mark.parametrize("value", ["mei", "mei@", "a b@example.com", "mei@example.com\nBcc: x@example.com"])
def test_only_a_mail_address_is_one(value: str) -> None:
    assert said(MailAddress, value).endswith("is not a mail address")


def test_a_domain_is_kept_as_it_goes_on_the_wire() -> None:
    assert TypeAdapter(MailAddress).validate_python("mei@münchen.example") == "mei@xn--mnchen-3ya.example"


@pytest.mark.parametrize("value", ["none", "None", " NONE ", "无"])
def test_no_address_can_be_said_in_words(value: str) -> None:
    found = brief_of(story(url=value)).all_stories[0]
    assert (found.url, found.link) == ("none", None)


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("TRUE", True), ("是", True), ("no", False), ("否", False), (True, True)]
)
def test_yes_and_no_are_words(value: Any, expected: bool) -> None:
    assert brief_of(story(must_send=value)).all_stories[0].must_send is expected


def test_a_date_has_one_form() -> None:
    assert a_brief(date="2026-06-10").date == date(2026, 6, 10)
    for wrong in ("20260610", "2026-6-10", "10.06.2026", "2026-06-10T00:00"):
        with pytest.raises(ValidationError, match="is not a date"):
            a_brief(date=wrong)


def test_a_source_is_a_name_or_a_link() -> None:
    found = brief_of(story(sources=["A/B", "[C](https://example.com/c)"])).all_stories[0].sources
    assert [(source.name, source.url) for source in found] == [("A/B", None), ("C", "https://example.com/c")]


def test_several_tags_in_one_text_are_refused_with_the_list_to_write() -> None:
    with pytest.raises(ValidationError) as caught:
        brief_of(story(tags="AI, 芯片、ports"))
    error = caught.value.errors()[0]
    assert (error["msg"], error["ctx"]["fix"]) == ("is one text, not a list", "write it as a list: [AI, 芯片, ports]")
    assert brief_of(story(tags="AI")).all_stories[0].tags == ("AI",)


def test_a_story_gets_a_name_from_its_headline_and_no_two_share_it() -> None:
    stories = brief_of(story(), story(), story(id="a-port-opens-2"), story()).all_stories
    assert [one.id for one in stories] == ["a-port-opens", "a-port-opens-3", "a-port-opens-2", "a-port-opens-4"]


def test_a_name_written_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="the id x stands at an earlier story as well"):
        brief_of(story(id="x"), story(id="x"))


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("Beijing’s “Plan” costs $295bn", "beijings-plan-costs-295bn"),
        ("Café König", "cafe-konig"),
        ("...", "story"),
        ("x" * 100, "x" * 60),
    ],
)
def test_a_slug_is_made_from_the_words_of_a_headline(headline: str, slug: str) -> None:
    assert slug_of(headline.replace("’", "'")) == slug


def test_a_chinese_headline_gets_a_name_that_stays_the_same() -> None:
    assert slug_of("九款芯片通过审查") == slug_of("九款芯片通过审查")
    assert slug_of("九款芯片通过审查") != slug_of("八款芯片通过审查")
    assert slug_of("九款AI芯片通过审查").startswith("story-")


def test_issues_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        an_update().subject = "x"  # type: ignore[misc]


@pytest.mark.parametrize("zone", ["", "Asia", "../etc/passwd", "Asia/Atlantis", "a\0b", "x" * 5_000])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is not a time zone"):
        a_masthead(zone=zone)


@pytest.mark.parametrize("name", ["brief", "a..example.com", "-a.example.com", "a b.example.com", "ä.example.com"])
def test_a_list_id_is_a_name_below_a_domain(name: str) -> None:
    with pytest.raises(ValidationError, match="is not a list id"):
        a_masthead(list_id=name)
