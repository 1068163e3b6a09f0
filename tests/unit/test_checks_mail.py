"""Rules about the mail that a file becomes: the shipped templates are clean, and each fault of a template is found."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks import check_compiled
from newsletter.checks.clients import ORNAMENTS, known
from newsletter.checks.contrast import contrast, faint, read_colour
from newsletter.checks.features import features_of
from newsletter.checks.markup import read_markup
from newsletter.checks.sheets import read_selector, read_sheet
from newsletter.edition import CompiledIssue, Links, Piece, cut_edition
from tests.builders import a_brief, an_imprint, an_update
from tests.checking import ROOT, a_brief_file, a_reading, compiled
from tests.trim_caniemail import baseline


def found_in(made: CompiledIssue, **details: Any) -> list[str]:
    return [finding.rule for finding in check_compiled(made, an_imprint(**details), path="issue.md")]


def changed(tmp_path: Path, file: str, old: str, new: str) -> CompiledIssue:
    """The brief, poured into templates of which one file is changed."""
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return compiled(a_brief(), templates=folder)


@pytest.mark.parametrize("links", Links)
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("kind", [a_brief, an_update])
def test_the_shipped_templates_are_clean(links: Links, language: str, kind: Any) -> None:
    assert found_in(compiled(kind(language=language), links=links)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "said"),
    [
        ("partials/theme.yaml", 'ink: "#22292f"', 'ink: "#999999"', "NL704", "light scheme"),
        ("partials/theme.yaml", 'muted: "#a7b1bb"', 'muted: "#3a444f"', "NL704", "dark scheme"),
        ("partials/theme.yaml", 'accent: "#93c1ea"', 'accent: "#1d4d78"', "NL704", "dark scheme"),
        ("partials/head.mjml", ".sheet div, .sheet h1,", ".sheet div,", "NL704", "dark scheme"),
        ("daily-brief/layout.mjml", '<h1 class="display">{{ title }}</h1>', "<h2>{{ title }}</h2>", "NL705", "h1"),
        ("daily-brief/layout.mjml", "{{ section.heading }}</h2>", "</h2><h5>y</h5>", "NL705", "an h5 follows an h2"),
        ("partials/foot.txt", "{{ pages.view }}", "{{ pages.view }} https://example.org/x", "NL706", "text part only"),
        ("daily-brief/text.txt", "{{ story.url }}", "", "NL706", "HTML part only"),
        ("partials/foot.txt", "{{ pages.view }}", "", "NL706", "the view page"),
        ("daily-brief/layout.mjml", "{{ title }}</h1>", "{{ title }}\u202e</h1>", "NL707", "U+202E"),
        ("daily-brief/text.txt", "{{ story.url }}", "\u008d{{ story.url }}", "NL707", "U+008D"),
        ("daily-brief/layout.mjml", '<h1 class="display">', '<h1 style="position:fixed">', "NL709", "position"),
        ("daily-brief/layout.mjml", ".plain {", ".plain { mask-image: none;", "NL709", "mask-image"),
        ("partials/head.mjml", ".foot > table", "p:has(a) { float: left; } .foot > table", "NL709", ":has()"),
        ("daily-brief/layout.mjml", "{{ greeting }}</p>", "{{ greeting }}<video></video></p>", "NL709", "<video>"),
    ],
)  # fmt: skip
def test_a_fault_of_a_template_is_found(file: str, old: str, new: str, rule: str, said: str, tmp_path: Path) -> None:
    found = check_compiled(changed(tmp_path, file, old, new), an_imprint(), path="issue.md")
    assert {finding.rule for finding in found} == {rule}
    assert any(said in finding.message for finding in found)


def test_a_template_without_a_footer_lacks_all_three() -> None:
    made = compiled(an_update(), links=Links.MAILBOX)
    [html] = made.html
    start = html.content.index("foot")
    cut = replace(made, html=(Piece(html.content[: html.content.rindex("<", 0, start)]),))
    said = [finding.message for finding in check_compiled(cut, an_imprint(), path="x") if finding.rule == "NL708"]
    assert said == [
        f"the html part lacks {what}"
        for what in ("a way to unsubscribe", "the postal address", "why the reader gets it")
    ]


def test_another_postal_address_than_the_imprints_is_missed() -> None:
    made = compiled(a_brief())
    assert found_in(made, postal_address="Harbour Advisers, 9 Other Street") == ["NL708", "NL708"]


@pytest.mark.parametrize(
    ("size", "rules"), [(79_000, []), (80_001, ["NL701"]), (102_400, ["NL701"]), (102_401, ["NL702"])]
)
def test_the_html_part_is_measured_in_bytes(size: int, rules: list[str]) -> None:
    made = compiled(an_update())
    [piece] = made.html
    rest = size - len(cut_edition(made, []).html.encode())
    padded = piece.content.replace("</body>", "<!--" + "é" * ((rest - 7) // 2) + "x" * ((rest - 7) % 2) + "--></body>")
    made = replace(made, html=(Piece(padded),))
    assert len(cut_edition(made, []).html.encode()) == size
    assert found_in(made) == rules


@pytest.mark.parametrize(("extra", "rules"), [(0, []), (1, ["NL703"])])
def test_style_sheets_are_measured_together(extra: int, rules: list[str]) -> None:
    made = compiled(an_update())
    [piece] = made.html
    held = sum(map(len, read_markup(piece.content).styles))
    filler = f"<style>{'x' * (16_384 - held + extra)}</style></head>"
    assert found_in(replace(made, html=(Piece(piece.content.replace("</head>", filler)),))) == rules


def test_settings_that_are_missing_are_named() -> None:
    assert found_in(compiled(a_brief()), placeholders=("NEWSLETTER_REPLY_TO",)) == ["NL710"]


def test_a_subject_is_measured_with_its_headline_in_it() -> None:
    reading = a_reading(a_brief_file(subject='"{{ lead_headline }}: ' + "x" * 80 + '"'))
    found = check_compiled(compiled(reading.issue), an_imprint(), path="issue.md", reading=reading)
    assert [(one.rule, one.line) for one in found] == [("NL711", 4)]


def test_a_control_character_of_the_file_is_placed_in_it() -> None:
    reading = a_reading(a_brief_file(subject="Ports\u200e and grids"))
    found = check_compiled(compiled(reading.issue), an_imprint(), path="issue.md", reading=reading)
    assert ("NL707", 4) in [(one.rule, one.line) for one in found]


# Colours:


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000", "#ffffff", 21.0),
        ("#777777", "white", 4.48),
        ("rgb(118, 118, 118)", "#fff", 4.54),
        ("red", "#0000FF", 2.15),
    ],
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    first, second = read_colour(one), read_colour(other)
    assert first
    assert second
    assert round(contrast(first, second), 2) == ratio == round(contrast(second, first), 2)


@pytest.mark.parametrize("written", ["", "transparent", "#12345", "rgba(0,0,0,.5)", "var(--x)", "linear-gradient()"])
def test_what_is_no_colour_is_not_guessed(written: str) -> None:
    assert read_colour(written) is None


PAGE = '<body style="background:#ffffff"><div class="sheet"><p class="a b" style="color:{}">words</p></div></body>'


@pytest.mark.parametrize(
    ("colour", "css", "is_found"),
    [
        ("#000000", "", False),
        ("#888888", "", True),
        ("#888888;font-size:24px", "", False),
        ("#888888;font-size:19px;font-weight:bold", "", False),
        ("#ffffff;display:none", "", False),
        ("#000000", ".a { color: #eeeeee }", False),
        ("#000000", ".a { color: #eeeeee !important }", True),
        ("#000000", "@media (prefers-color-scheme: dark) { .a { color: #eee !important } }", True),
        ("#000000", "@media (prefers-color-scheme: dark) { .a, .c { color: #eee } }", False),
        ("#000000", "@media (max-width: 9px) { .a { color: #eee !important } }", False),
        (
            "#000000",
            "@media (prefers-color-scheme:dark){.sheet > .a{color:#eee!important}.sheet{background:#000}}",
            False,
        ),
        ("#000000", "@media (prefers-color-scheme:dark){.other .a{color:#eee!important}}", False),
        ("#000000", "@media (prefers-color-scheme:dark){.a.b{color:#eee!important}.a{color:#000!important}}", True),
        ("#000000", "a:hover, .a:hover { color: #ffffff !important }", False),
    ],
)
def test_the_cascade_is_followed_as_far_as_mail_uses_it(colour: str, css: str, is_found: bool) -> None:
    markup = read_markup(f"<head><style>{css}</style></head>" + PAGE.format(colour))
    assert bool(list(faint(markup))) is is_found


@given(st.text(alphabet="{}@;:/*.#> ,a[]()!\"'\\\n", max_size=200))
def test_no_style_sheet_is_too_odd_to_be_read(css: str) -> None:
    for rule in read_sheet(css).rules:
        for selector in rule.selectors:
            read_selector(selector).fits(read_markup("<p class='a'>x</p>").elements[0])


# What mail programs know:


def test_the_baseline_is_what_plain_mjml_uses_today() -> None:
    raw = json.loads((ROOT / "newsletter" / "checks" / "caniemail.json").read_text(encoding="utf-8"))
    assert raw["baseline"] == baseline()
    assert "MIT" in (ROOT / "newsletter" / "checks" / "caniemail-LICENSE.txt").read_text(encoding="utf-8")


def test_every_ornament_is_in_the_file() -> None:
    assert set(ORNAMENTS) <= set(known().titles)


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<p style="display:flex">', "css-display-flex"),
        ('<p style="width:calc(1px + 2px)">', "css-unit-calc"),
        ('<p style="width:50vw">', "css-unit-vw"),
        ('<p style="top:1px">', "css-left-right-top-bottom"),
        ('<p style="border-top-left-radius:1px">', "css-border-radius"),
        ('<p style="border-top:1px solid #000000">', "css-border"),
        ('<p style="margin-inline-start:1px">', "css-margin-inline-start-end"),
        ('<p style="--x:1">', "css-variables"),
        ("<style>.a + .b { }</style>", "css-selector-adjacent-sibling"),
        ("<style>.a:nth-child(2n) { }</style>", "css-pseudo-class-nth-child"),
        ("<style>p::before { }</style>", "css-pseudo-element-before"),
        ("<style>[data-x] p { }</style>", "css-selector-attribute"),
        ("<style>@import url(x); @font-face { src: url(x) }</style>", "css-at-font-face"),
        ("<style>@media (orientation: portrait) { p { } }</style>", "css-at-media-orientation"),
        ("<article>", "html-semantics"),
        ('<input type="checkbox">', "html-input-checkbox"),
        ('<img src="a.webp?x" srcset="b">', "image-webp"),
        ('<img src="a.webp?x" srcset="b">', "html-srcset"),
        ('<img src="data:image/png;base64,x">', "image-base64"),
        ('<a href="mailto:x">', "html-mailto-links"),
    ],
)
def test_a_feature_is_recognised(html: str, feature: str) -> None:
    assert feature in features_of(read_markup(html))


def test_what_stands_within_an_at_rule_concerns_only_who_knows_the_at_rule() -> None:
    within = features_of(read_markup("<style>@media (max-width:9px) { p > a { color: #000 } }</style>"))
    outside = features_of(read_markup("<style>p > a { color: #000 }</style>"))
    data = known()
    lost = "Outlook on Windows"
    assert lost in data.losing("css-selector-child", outside["css-selector-child"])
    assert lost not in data.losing("css-selector-child", within["css-selector-child"])


def test_words_of_both_parts_are_compared_as_links_not_as_text() -> None:
    issue = a_brief(
        closing="Write to https://example.com/typed. [Here is more on it](https://example.com/c?a=1&b=2), in the end."
    )
    made = compiled(issue)
    assert "NL706" not in found_in(made)
    assert any("https://example.com/typed" in piece.content for piece in made.text)
