"""Any text ends in an issue or in an IssueError whose places are in the file, and it ends soon."""

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import IssueError, TemplateError
from newsletter.reader import read_issue_text, read_mastheads
from newsletter.reader.points import split_point
from newsletter.reader.rows import joined
from tests.builders import a_masthead

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "examples").glob("*.md"))]
MASTHEADS = {
    "china-ai-brief": a_masthead(name="china-ai-brief"),
    "china-team": a_masthead(name="china-team", kind="team-update"),
}
FRONT = "---\nnewsletter: {}\ndate: 2026-06-10\nsubject: x\n---\n"
MEBIBYTE = 1 << 20
#: generous: the machine may be busy
SECONDS = 2.0

#: pieces that mean something to the readers
PIECES = st.sampled_from(
    [
        *(
            "---\n",
            "- ",
            "• ",
            "# ",
            "## ",
            "### ",
            "Summary: ",
            "摘要：",
            "- Tags: ",
            "- URL: ",
            "Date: ",
            "2026-06-09",
        ),
        *(
            "newsletter: china-team\n",
            "kind: daily-brief\n",
            "date: ",
            "subject: a\n",
            "sections:\n",
            "https://",
            "\n\n",
        ),
        *"\n\t x。,·/[](): '\"!#&*\u2028\x85\x0b\0\r\ufeff",
        *("**", "](", "{{", "}}", "  "),
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))


def assert_sound(text: str, path: str) -> None:
    """Reading ends well, or in findings that point into the file."""
    try:
        found = read_issue_text(text, path=path, mastheads=MASTHEADS).warnings
    except IssueError as error:
        found = error.findings
        assert found
    lines = re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))
    for finding in found:
        assert finding.path == path
        assert "\n" not in str(finding)
        if finding.line is not None:
            assert 1 <= finding.line <= len(lines)
            assert 1 <= (finding.column or 1) <= len(lines[finding.line - 1]) + 1


@given(text=TEXTS, path=st.sampled_from(["a.md", "a.yaml", "a.json"]))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_read_or_refused_with_places_in_the_file(text: str, path: str) -> None:
    assert_sound(text, path)


@given(body=TEXTS, newsletter=st.sampled_from(sorted(MASTHEADS)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_body_is_read_or_refused_with_places_in_the_file(body: str, newsletter: str) -> None:
    assert_sound(FRONT.format(newsletter) + body, "a.md")


@given(example=st.sampled_from(EXAMPLES), edits=st.lists(st.tuples(st.integers(0, 9_000), PIECES, st.integers(0, 40))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_real_issue_with_accidents_is_read_or_refused(example: str, edits: list[tuple[int, str, int]]) -> None:
    for place, piece, cut in edits:
        example = example[:place] + piece + example[place + cut :]
    assert_sound(example, "a.md")


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_any_declaration_is_read_or_refused(text: str) -> None:
    with suppress(TemplateError):
        assert read_mastheads(text, path="newsletters.yaml")


@given(words=st.text(alphabet=st.sampled_from(list("ab.!?。*_[]() “”\n1U")), max_size=60).map(str.strip))
@settings(max_examples=400, deadline=None)
def test_a_point_keeps_every_letter(words: str) -> None:
    lead, text = split_point(words)
    letters = re.compile("[^ab1U]")
    assert letters.sub("", lead + text) == letters.sub("", words)


@given(lines=st.lists(st.text(alphabet="ab中。", max_size=4), max_size=6))
def test_joined_lines_keep_every_letter(lines: list[str]) -> None:
    assert joined(lines).replace(" ", "") == "".join(lines)


BODIES: dict[str, str] = {
    "stars": "**" * 200_000,
    "brackets": "[" * 500_000,
    "bullets": "- " * 300_000,
    "bullet lines": "- \n" * 4_900,
    "one line": "a" * 1_000_000,
    "long lines": ("- " + "a. b " * 3_999 + "\n") * 50,
    "long links": ("- " + "[](x" * 4_999 + "\n") * 50,
    "long stars": ("- **" + "*a" * 9_900 + "\n") * 50,
    "long quotes": ("- " + ".)" * 9_900 + "\n") * 50,
    "headlines": "### a\n" * 4_900,
    "many headlines": "### a\n" * 100_000,
    "sections": "## a\n" * 4_900,
    "stories": "### a\n- Summary: b\n" * 2_400,
    "labels": "### a\n" + "- Labl: b\n" * 4_900,
    "strays": "a\n\n" * 2_400,
    "points and strays": "- a\n\nb\n\n" * 1_200,
    "sources": "### a\n" + ("- Source: " + "a," * 9_900 + "\n") * 50,
    "tags": "### a\n- Summary: x\n- Tags: a,\n" + ("a," * 9_900 + "\n") * 50,
    "slashes": "### a\n- " + "/" * 19_000,
    "addresses": "### a\n" + ("- Source: " + "https://" * 2_400 + "\n") * 50,
    "lazy lines": "- a\n" + "b\n" * 4_900,
    "blank lines": "- a\n" + "\n" * 4_900 + "b",
    "sign-offs": "- a\n\n" + "b,\n\n" * 2_400,
    "emphasis": "### a\n" + "**" * 10 + ": " * 9_000,
}
YAML: dict[str, str] = {
    "sequence": "a:\n" + "- \n" * 300_000,
    "flow": "a: " + "[" * 500_000,
    "keys": "".join(f"k{number}: x\n" for number in range(80_000)),
    "unknown fields": "newsletter: china-team\n" + "".join(f"subjec{number}: x\n" for number in range(24_000)),
    "spaces": "a: x" + " " * 1_000_000,
    "spaces in a list": "- " + " " * 1_000_000 + "x",
    "hashes": "a: " + "#" * 1_000_000,
    "long key": "k" * 900_000 + ": x\n",
    "long date": "date: " + "9" * 1_000_000,
    "open quote": 'a: "' + "x\n" * 400_000,
    "braces": "{" * 900_000,
    "colons": "a: " + ": " * 400_000,
    "questions": "? " * 400_000,
    "list": "a: [" + "x, " * 300_000 + "]",
    "stories": "newsletter: china-ai-brief\ndate: 2026-06-10\nsubject: x\nsections:\n- stories:\n"
    + "  - headline: a\n    summary: b\n" * 9_000,
}


def _seconds(text: str, path: str) -> float:
    started = time.process_time()
    with pytest.raises(IssueError) as caught:
        read_issue_text(text[:MEBIBYTE], path=path, mastheads=MASTHEADS)
    assert len(caught.value.findings) <= 102
    assert all(len(str(finding)) < 500 for finding in caught.value.findings)
    return time.process_time() - started


@pytest.mark.parametrize("newsletter", sorted(MASTHEADS))
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_soon(name: str, newsletter: str) -> None:
    assert _seconds(FRONT.format(newsletter) + BODIES[name], "a.md") < SECONDS


@pytest.mark.parametrize("name", YAML)
def test_a_hostile_yaml_file_is_refused_soon(name: str) -> None:
    assert _seconds(YAML[name], "a.yaml") < SECONDS


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(IssueError, match="'&' and '\\*' names are not allowed"):
        read_issue_text(f"a0: &a0 [x]\n{levels}", path="a.yaml", mastheads=MASTHEADS)


def _stories(count: int) -> str:
    return FRONT.format("china-ai-brief") + "### The same headline\n- Summary: S.\n" * count


def test_stories_of_one_headline_get_names_of_their_own() -> None:
    issue: Any = read_issue_text(_stories(200), path="a.md", mastheads=MASTHEADS).issue
    assert len({story.id for story in issue.all_stories}) == 200


def test_a_section_with_too_many_stories_is_refused() -> None:
    with pytest.raises(IssueError, match="has more than 200 entries; split the issue"):
        read_issue_text(_stories(201), path="a.md", mastheads=MASTHEADS)
