"""From MJML to HTML: what the compiler and the inliner would spoil, and what they are kept from."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mjml import Fault, html_of, lint
from newsletter.mjml.guarding import guarded

FRAME = """<mjml lang="en" dir="ltr"><mj-head><mj-title>t</mj-title>{head}</mj-head>
<mj-body><mj-section padding="0px"><mj-column>{rows}</mj-column></mj-section></mj-body></mjml>"""


def html(rows: str = "<mj-text>x</mj-text>", head: str = "") -> str:
    made = html_of(FRAME.format(rows=rows, head=head))
    assert isinstance(made, str), made
    return made


def faults(rows: str = "<mj-text>x</mj-text>", head: str = "") -> list[tuple[int, str]]:
    """Each with its line, counted from 1."""
    source = FRAME.format(rows=rows, head=head)
    return [(source.count("\n", 0, fault.offset) + 1, f"{fault.message}; {fault.fix}") for fault in lint(source)]


class Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.alt: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alt.append(dict(attrs).get("alt"))


@pytest.mark.parametrize(
    "value",
    [
        'say "hi" onerror=1',
        "back\\slash",
        "tab\there",
        "👩‍💻 joined",
        "e\u0301 decomposed",
        "สวัสดี",
        "full\u3000width",
        "no\u00a0break",
        "❤️",
        "a > b < c",
        "芯片",
        "{{ 7*7 }}",
    ],
)
def test_an_attribute_comes_out_as_it_went_in(value: str) -> None:
    reader = Attributes()

    reader.feed(html(f"<mj-image src='https://example.com/x.png' alt='{value}' />"))

    assert reader.alt == [value]


def test_the_icon_of_a_network_gets_an_empty_alt_text() -> None:
    reader = Attributes()

    reader.feed(html('<mj-social><mj-social-element src="https://example.com/x.png">x</mj-social-element></mj-social>'))

    assert reader.alt == [""]


def test_the_width_of_a_picture_stays_what_outlook_needs() -> None:
    made = html('<mj-image src="https://example.com/x.png" width="120px" alt="x" padding="0px 30px" />')

    assert 'width="120"' in made


def test_our_rules_are_inlined_and_all_others_stay_in_the_head() -> None:
    made = html(
        '<mj-text><p class="a">x</p></mj-text>',
        '<mj-style inline="inline">.a { color: #112233; }</mj-style>'
        "<mj-style>@media (prefers-color-scheme: dark) { .a { color: #ddeeff !important; } }</mj-style>",
    )

    assert '<p class="a" style="color:#112233">' in made
    assert ".a { color: #ddeeff !important; }" in made
    assert "data-premailer" not in made
    assert made.startswith("<!DOCTYPE html>")


def test_comments_for_outlook_and_our_own_marks_survive() -> None:
    made = html("<mj-raw><!--mark--></mj-raw><mj-text>x</mj-text>")

    assert "<!--mark-->" in made
    assert "<!--[if mso | IE]>" in made
    assert made.count("<!--[if") == made.count("<![endif]")


def test_the_invalid_attribute_of_a_button_goes() -> None:
    made = html('<mj-button href="https://example.com">go</mj-button>')

    assert not re.search(r"<td[^>]* vertical-align=", made)


def test_no_font_is_fetched() -> None:
    assert "fonts.googleapis" not in html('<mj-text font-family="Roboto, Arial">x</mj-text>')


@pytest.mark.parametrize("rule", ["@import 'https://example.com/x.css';", ".a { background: URL(https://e.com/x) }"])
def test_inline_css_that_asks_for_a_file_is_refused(rule: str) -> None:
    made = html_of(FRAME.format(rows="", head=f'\n<mj-style inline="inline">{rule}</mj-style>'))

    assert isinstance(made, Fault)
    assert "inline CSS asks for a file" in made.message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("<mj-txt>x</mj-txt>", "there is no component <mj-txt> here; did you mean <mj-text>?"),
        ("<MJ-TEXT>x</MJ-TEXT>", "there is no component <MJ-TEXT> here"),
        ('<mj-include path="x.mjml" />', "there is no component <mj-include> here"),
        ("<mj-carousel></mj-carousel>", "there is no component <mj-carousel> here"),
        ('<mj-text padding="0 30px">x</mj-text>', 'padding="0 30px" has a 0 without a unit; write 0px'),
        ('<mj-text color="#eee">x</mj-text>', 'color="#eee" has a colour of three digits; write six'),
        ('<mj-button border="1px solid #abc">x</mj-button>', "has a colour of three digits"),
        ('<mj-text colour="#eeeeee">x</mj-text>', "<mj-text> has no attribute colour here; did you mean color?"),
        ('<mj-text padding-lft="1px">x</mj-text>', "did you mean padding-left?"),
        ('<mj-wrapper gap="1px"></mj-wrapper>', "<mj-wrapper> has no attribute gap here"),
        ('<mj-text align="left" align="right">x</mj-text>', "<mj-text> has align twice; keep one"),
        ("<mj-text align=left>x</mj-text>", "<mj-text> holds 'align=left'; write every attribute as name="),
        ('<mj-text mj-class="a b">x</mj-text>', 'mj-class="a b" names several; name one'),
        ('<mj-image src="https://example.com/x.png" />', "<mj-image> has no alt; say what it shows"),
        ('<mj-text><img src="https://example.com/x.png"></mj-text>', "<img> has no alt; say what it shows"),
        ("<mj-section></mj-section>", "<mj-section> cannot stand directly in <mj-column>; put it into <mj-body>"),
        ("<p>x</p>", "<p> cannot stand directly in <mj-column>; put it into <mj-text> or <mj-raw>"),
        ("<mj-text><mj-text>x</mj-text></mj-text>", "<mj-text> cannot stand in <mj-text>"),
        ("<mj-text><p><mj-button>x</mj-button></p></mj-text>", "<mj-button> cannot stand in <p>"),
        ("loose", "text stands loose in <mj-column>; put it into <mj-text>"),
        ("<mj-text><p>x</mj-text>", "<p> is not closed before </mj-text>; write </p>"),
        ("<mj-text>x", "<mj-text> is not closed before </mj-column>"),
        ("<mj-text>x</p></mj-text>", "<mj-text> is not closed before </p>"),
        ("<mj-text>a < b</mj-text>", "a '<' that begins no tag; write &lt;"),
        ("<mj-text>a <b c</mj-text>", "a '<' that begins no tag; write &lt;"),
        ("<mj-text><!-- never closed </mj-text>", "a '<' that begins no tag"),
        ("<mj-text>" + "<div>" * 60 + "x", "tags nest deeper than 60"),
    ],
)
def test_what_the_compiler_would_let_pass_is_named_with_its_line(rows: str, said: str) -> None:
    found = faults(rows)

    assert {line for line, _ in found} == {2}
    assert any(said in one for _, one in found), found


def test_all_faults_come_at_once_in_order() -> None:
    found = faults('\n<mj-txt>x</mj-txt>\n<mj-text color="#eee" padding="0 1px">x</mj-text>\n<mj-spacer></mj-text>')

    assert [line for line, _ in found] == [3, 4, 4, 5]


@pytest.mark.parametrize(
    "rows",
    [
        "<mj-text><!--[if mso]><table><tr><td><![endif]-->x</mj-text>",
        "<mj-text>a<br>b<br/>c <img alt='' src='x'></mj-text>",
        '<mj-divider width="64px" border-color="#a1b2c3" padding="0px 0 0px" />'.replace(" 0 ", " 0px "),
        "<mj-raw><!--NL0123456789cutstory1NL--></mj-raw>",
        "<mj-text><style>a < b { }</style>x</mj-text>",
        '<mj-button href="https://example.com/a?b=1&c=2">x > y</mj-button>',
    ],
)
def test_what_is_sound_passes(rows: str) -> None:
    assert faults(rows) == []


def test_our_own_templates_pass_the_linter_and_so_does_what_it_lets_pass() -> None:
    defaults = '<mj-attributes><mj-all font-family="Arial" /><mj-image padding="0px" /></mj-attributes>'

    assert faults(head=f"{defaults}<mj-style>p > b {{ color: #fff }}</mj-style>") == []


@given(st.text(st.sampled_from("<>/ab \"'=!-\nm0"), max_size=60))
def test_the_linter_has_a_word_on_everything_and_never_falls(rows: str) -> None:
    source = FRAME.format(rows=rows, head="")

    for fault in lint(source):
        assert 0 <= fault.offset <= len(source)
        assert fault.message
        assert fault.fix


@given(st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs"], exclude_characters='"'), max_size=30))
def test_the_guard_changes_no_attribute_as_a_browser_reads_it(value: str) -> None:
    tag = f'<mj-image alt="{value}" src="https://example.com/x.png" />'
    before, after = Attributes(), Attributes()

    before.feed(tag.replace("mj-image", "img"))
    after.feed(guarded(tag).replace("mj-image", "img"))

    assert after.alt == before.alt


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    html(head='<mj-style inline="inline">.a { mso-hide: all; word-break: odd; color-scheme: light }</mj-style>')

    assert capfd.readouterr() == ("", "")


def test_premailer_is_imported_only_when_it_is_needed() -> None:
    program = "import sys, newsletter.compiler; print({'premailer', 'cssutils', 'mjml'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout == "set()\n"
