"""Texts made to cost much: every rule stays linear. Seconds are the processor's own, whatever else the machine does."""

import time
from dataclasses import replace

import pytest

from newsletter.checks import check_compiled, check_issue
from newsletter.edition import Piece
from tests.builders import an_imprint, an_update
from tests.checking import VOCABULARY, a_brief_file, a_reading, a_story, compiled, earlier, secrets_of

SECRETS = secrets_of(c="[Northwind Bank, aa aa, 芯片]")
#: each nearly as long as a field may be
HOSTILE = {
    "open links": "[" * 19_000,
    "open pictures": "![" * 9_000,
    "link heads": "](" * 9_000,
    "half links": "[a](" * 4_900,
    "whole links": "[a](https://example.com/a)" * 700,
    "quotes": "“" * 19_000,
    "straight quotes": '"' * 19_000,
    "brackets": "（《「" * 6_000,
    "apostrophes": "‘’" * 9_000,
    "stars": "*" * 19_000,
    "starred": "**a" * 6_000,
    "han and commas": "芯," * 9_000,
    "han and stars": "芯***" * 4_000,
    "full width": "a，" * 9_000,
    "addresses": "https://a.example.com/x " * 800,
    "slashes": "http://" * 2_700,
    "percents": "https://example.com/?" + "%" * 18_000,
    "parameters": "[a](https://example.com/?" + "utm_a=1&" * 240 + ")",
    "tags": "<a><b>" * 3_000,
    "words": "word " * 3_900,
    "the same": "a b c " * 3_200,
    "blanks": "x" + " " * 18_000 + "x",
    "marks": "T" * 19_000,
    "dashes": "-" * 9_000 + "–" * 9_000,
    "names": "Northwind " * 1_900,
    "invisible": "\u200b" * 19_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mebibyte_of_it_is_checked_in_time(name: str) -> None:
    stories = [a_story(f"Story {number} of many", Summary=HOSTILE[name]) for number in range(20)]
    reading = a_reading(a_brief_file(*stories))
    before = [earlier(f"Story {number}", summary=HOSTILE[name]) for number in range(20)]
    began = time.process_time()
    found = check_issue(reading, VOCABULARY, confidential=SECRETS, earlier=before)
    assert time.process_time() - began < 5
    assert all("\n" not in str(one) and len(str(one)) < 1_000 for one in found)


def test_many_stories_are_compared_in_time() -> None:
    def stories(section: int) -> str:
        told = (
            a_story(
                f"The port orders a grid for the {section * 50 + n}th time", Summary="a b c d e f g " * 40, URL="none"
            )
            for n in range(50)
        )
        return "\n".join(told)

    text = a_brief_file(stories(0), *(f"## Section {section}\n\n{stories(section)}" for section in range(1, 10)))
    reading = a_reading(text)
    began = time.process_time()
    found = check_issue(reading, VOCABULARY, confidential=SECRETS)
    assert time.process_time() - began < 5
    assert {"NL402"} == {one.rule for one in found}


@pytest.mark.parametrize(
    "html",
    [
        "<p>x</p>" * 20_000,
        "<div>" * 20_000 + "x",
        "<b " + "a " * 50_000 + ">",
        "<" * 100_000,
        "<!--" * 30_000,
        "&#x200e;" * 20_000,
        "<style>" + "{" * 60_000 + "</style>",
        "<style>" + "a{b:c;" * 20_000 + "</style>",
        "<style>" + "@media x{" * 20_000 + "</style>",
        "<style>" + "/*" * 60_000 + "</style>",
        "<style>" + ".a>" * 40_000 + "{color:#000000}</style><p class='a'>x</p>",
        "<p style='" + "color:#000000;" * 9_000 + "'>x</p>",
        "https://example.com/" * 9_000,
        "<a href='https://example.com/x'>y</a>" * 5_000,
    ],
)
def test_odd_html_is_read_in_time(html: str) -> None:
    made = compiled(an_update())
    [piece] = made.html
    odd = replace(made, html=(Piece(piece.content.replace("</body>", f"{html}</body>")),))
    began = time.process_time()
    check_compiled(odd, an_imprint(), path="issue.md")
    assert time.process_time() - began < 5
