"""From MJML to HTML: what the compiler and the inliner would spoil, and what they are kept from."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from newsletter.errors import TemplateError
from newsletter.mjml import mail_html

FRAME = """<mjml lang="en" dir="ltr"><mj-head><mj-title>t</mj-title>{head}</mj-head>
<mj-body><mj-section padding="0px"><mj-column>{rows}</mj-column></mj-section></mj-body></mjml>"""


def html(rows: str = "<mj-text>x</mj-text>", head: str = "") -> str:
    return mail_html(FRAME.format(rows=rows, head=head), path="own/layout.mjml")


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


def test_a_picture_without_alt_text_gets_an_empty_one() -> None:
    reader = Attributes()

    reader.feed(html('<mj-image src="https://example.com/x.png" />'))

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


@pytest.mark.parametrize("rule", ["@import 'https://example.com/x.css';", ".a { background: url(https://e.com/x) }"])
def test_inline_css_that_asks_for_a_file_is_refused(rule: str) -> None:
    with pytest.raises(TemplateError, match="inline CSS asks for a file"):
        html(head=f'<mj-style inline="inline">{rule}</mj-style>')


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("<mj-txt>x</mj-txt>", "<mj-txt> cannot be used; did you mean <mj-text>?"),
        ('<mj-include path="x.mjml" />', "<mj-include> cannot be used"),
        ('<mj-text padding="0 30px">x</mj-text>', 'padding="0 30px" has a 0 without a unit; write 0px'),
        ('<mj-text color="#eee">x</mj-text>', 'color="#eee" is a short colour'),
        ("<mj-text><p>x</mj-text>", "<p> is not closed before </mj-text> in line 2"),
        ("<mj-text>x", "<mj-text> is not closed before </mj-column>"),
        ("x</p>", "line 2 once filled in"),
    ],
)
def test_what_the_compiler_would_let_pass_is_named_with_its_line(rows: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        html(rows)

    assert "own/layout.mjml: line 2 once filled in" in str(caught.value)
    assert said in str(caught.value)


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    html(head='<mj-style inline="inline">.a { mso-hide: all; word-break: odd; color-scheme: light }</mj-style>')

    assert capfd.readouterr() == ("", "")


def test_premailer_is_imported_only_when_it_is_needed() -> None:
    program = "import sys, newsletter.compiler; print({'premailer', 'cssutils', 'mjml'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout == "set()\n"
