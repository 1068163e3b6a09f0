"""Complaints with the places and names of the file."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from newsletter.errors import InputError
from newsletter.fields import Frozen, Line, WebAddress, shown
from newsletter.located import Located, Place, field_name, nearest, validate
from newsletter.yamlfile import read_yaml


class Leaf(Frozen):
    title: Line
    page: WebAddress | Literal["none"] | None = None


class Twig(Frozen):
    leaves: Annotated[tuple[Leaf, ...], Field(min_length=1, max_length=3)]
    first: Leaf | None = None


class Tree(Frozen):
    twigs: dict[str, Twig] = Field(default_factory=dict)


def complaints(text: str) -> list[str]:
    located = read_yaml(text, path="a.yaml", error=InputError)
    with pytest.raises(InputError) as caught:
        validate(Tree, located, InputError, path="a.yaml")
    return [str(finding) for finding in caught.value.findings]


def twig(leaf: str) -> str:
    return f"twigs:\n  one:\n    leaves:\n      - title: A\n{leaf}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            twig("        pge: x\n"),
            ["a.yaml:5:9: twigs.one.leaves[1].pge: there is no such field; did you mean page?"],
        ),
        (
            twig("    first: {titel: A, title: B}\n"),
            ["a.yaml:5:13: twigs.one.first.titel: there is no such field; did you mean title?"],
        ),
        (
            twig("        page: example\n"),
            [
                (
                    "a.yaml:5:9: twigs.one.leaves[1].page: 'example' is not a web address; "
                    "write it in full, as https://example.com/page"
                )
            ],
        ),
        (
            twig("        page: {a: b}\n"),
            [
                (
                    "a.yaml:5:9: twigs.one.leaves[1].page: is not text; "
                    "write it on one line, in quotes if it holds a colon"
                )
            ],
        ),
        (twig("      - page: none\n"), ["a.yaml:5:9: twigs.one.leaves[2].title: is missing; add it"]),
        (
            "twigs: {one: {leaves: [{title: ''}]}}\n",
            ["a.yaml:1:25: twigs.one.leaves[1].title: is empty; write something, or delete the field"],
        ),
        ("twigs: {one: {leaves: []}}\n", ["a.yaml:1:15: twigs.one.leaves: is empty; add at least one"]),
        (
            twig("      - title: B\n" * 3),
            ["a.yaml:3:5: twigs.one.leaves: has more than 3 entries; split the issue"],
        ),
        (
            'twigs: {"a\\nb": x}\n',
            [("a.yaml:1:9: twigs.a\\nb: does not hold fields; write them below it, indented, as 'name: value'")],
        ),
    ],
)
def test_a_complaint_names_the_field_as_it_stands_in_the_file(text: str, expected: list[str]) -> None:
    assert complaints(text) == expected


def test_complaints_come_in_the_order_of_the_file() -> None:
    found = complaints("b: 1\ntwigs:\n  one: {leaves: [{page: x}]}\na: 1\n")
    assert [line.split(":")[1] for line in found] == ["1", "3", "3", "4"]


def test_a_hundred_complaints_are_enough() -> None:
    found = complaints("".join(f"field{number}: x\n" for number in range(150)))
    assert (len(found), found[-1]) == (101, "a.yaml: and 50 more like these")


def test_the_place_of_what_is_missing_is_that_of_the_thing_around_it() -> None:
    located = Located({}, {(): Place(3), ("a",): Place(4, 2)})
    assert located.place(("a", 0, "b")) == Place(4, 2)
    assert located.place(("c",)) == Place(3, 1)
    assert Located().place(("c",)) == Place(1, 1)


def test_entries_are_counted_as_people_count() -> None:
    assert field_name(("sections", 0, "stories", 2, "url")) == "sections[1].stories[3].url"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("a\nb", "a\\nb"), ("x" * 80, "x" * 59 + "…"), ("中文", "中文"), ("a\u202eb", "a\\u202eb")],
)
def test_a_text_in_a_message_stays_on_one_line_and_short(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(("word", "expected"), [("Subjct", "subject"), ("colour", None), ("s" * 100_000, None)])
def test_the_nearest_name_is_named_only_when_it_is_near(word: str, expected: str | None) -> None:
    assert nearest(word, ["subject", "date"]) == expected
