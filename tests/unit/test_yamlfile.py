"""Strict YAML with places."""

import pytest
import yaml

from newsletter.errors import InputError, Severity
from newsletter.located import Located, Place
from newsletter.yamlfile import VALUE_LIMIT, read_yaml


def read(text: str, first_line: int = 1) -> Located:
    return read_yaml(text, path="a.yaml", error=InputError, first_line=first_line)


def fault(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    (finding,) = caught.value.findings
    return str(finding)


def test_every_scalar_is_text_and_nothing_is_none() -> None:
    text = "a: NO\nb: 2026-06-10\nc: 007\nd:\ne: ~\nf: null\ng: ''\nh: 'null'\ni: 1e3\n"
    assert read(text).values == {
        "a": "NO",
        "b": "2026-06-10",
        "c": "007",
        "d": None,
        "e": None,
        "f": None,
        "g": "",
        "h": "null",
        "i": "1e3",
    }


def test_the_parser_in_c_and_the_one_in_python_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: NO #1\nb:\n  - x\n  - [y, ~, '']\nc: |\n  z #2\n"
    fast = read(text)
    monkeypatch.setattr("newsletter.yamlfile._Loader", yaml.SafeLoader)
    assert read(text) == fast


def test_places_name_the_key_and_count_characters() -> None:
    located = read("中文: x\nlist:\n  - a: 中\n    b: c\n  - d\n", first_line=3)
    assert located.place(("中文",)) == Place(3, 1)
    assert located.place(("list", 0, "b")) == Place(6, 5)
    assert located.place(("list", 1)) == Place(7, 5)


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_breaks_that_no_editor_shows_move_no_place(mark: str) -> None:
    located = read(f"a: x{mark}y\nb: z\n")
    assert (located.values["a"], located.place(("b",))) == ("x y", Place(2, 1))


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_every_line_end_is_one(ends: str) -> None:
    assert read(f"a: x{ends}b: y{ends}").place(("b",)) == Place(2, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c\n", 'a.yaml:1:5: a second colon ends the text here; quote the value: a: "b: c"'),
        (
            'a: say "hi": c\n',
            'a.yaml:1:12: a second colon ends the text here; quote the value: a: "say \\"hi\\": c"',
        ),
        ("a: {{ x }} more\n", None),
        (
            "a: 'China's plan'\n",
            'a.yaml:1:11: is not YAML here (did not find expected key); quote the value: a: "China\'s plan"',
        ),
        (
            "a: *bold* words\n",
            (
                "a.yaml:1:9: is not YAML here (did not find expected alphabetic or numeric character); "
                'quote the value: a: "*bold* words"'
            ),
        ),
        ("a: *x\n", "a.yaml:1:4: '&' and '*' names are not allowed; write the value out, or quote it"),
        ("a: @x\n", None),
        ("a: 'open\nb: c\n", "a.yaml:1:4: this quote is never closed; close it at the end of the text"),
        ("a:\n\tb: c\n", "a.yaml:2:1: a tab stands where YAML wants spaces; indent with spaces"),
        ("a: x\na: y\n", "a.yaml:2:1: a: stands here a second time; keep one of the two"),
        ("<<: x\n", "a.yaml:1:1: this key is not plain text; write 'name: value'"),
        ("? [a]\n: b\n", "a.yaml:1:3: this key is not plain text; write 'name: value'"),
        ("a: !!python/object:os.system x\n", "a.yaml:1:4: '!' tags are not allowed; quote the value"),
        ("!x a: b\n", "a.yaml:1:1: '!' tags are not allowed; quote the value"),
        ("a: b\n---\nc: d\n", "a.yaml:2:1: holds a second document; keep one; delete the line '---'"),
        ("a: b\x07\n", "a.yaml:1:5: holds the invisible character U+0007; delete it"),
        ("a: \ud800\n", "a.yaml:1:4: holds the invisible character U+D800; delete it"),
        ("[" * 1_000, "a.yaml:1:42: is nested deeper than 40 levels; flatten it"),
        ("- x\n" * VALUE_LIMIT, "a.yaml:50000:3: holds more than 50,000 values; split the file"),
        ("text\n", "a.yaml:1:1: holds no fields; write lines as 'name: value'"),
        ("# nothing\n", "a.yaml:1:1: holds no fields; write lines as 'name: value'"),
        ("[1,\n", "a.yaml:2:1: is not YAML here (did not find expected node content)"),
    ],
)
def test_what_yaml_refuses_is_told_in_one_line(text: str, expected: str | None) -> None:
    said = fault(text)
    assert "\n" not in said
    if expected is None:
        assert said.partition(":")[0] == "a.yaml"
    else:
        assert said.startswith(expected)


@pytest.mark.parametrize(
    ("text", "column", "quoted"),
    [
        ("a: Rule #1 stands\n", 9, 'a: "Rule #1 stands"'),
        ("a: #1 in chips\n", 4, 'a: "#1 in chips"'),
        ("- one\n- two #2\n", 7, '- "two #2"'),
    ],
)
def test_a_comment_that_looks_like_text_is_a_warning(text: str, column: int, quoted: str) -> None:
    located = read(text if text.startswith("a") else "k:\n" + text)
    (warning,) = located.warnings
    assert (warning.column, warning.severity, warning.path) == (column, Severity.WARNING, "a.yaml")
    assert warning.fix.endswith(quoted)


@pytest.mark.parametrize("text", ["a: b # a note\n", "a: 'x #1'\n", "a: |\n  x #1\n", "# a\na: b\n", "a: x#1\n"])
def test_an_honest_comment_and_quoted_text_are_no_warning(text: str) -> None:
    assert read(text).warnings == []
