"""The JSON Schema of issue files: it says what the reader says, as far as a schema can."""

import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from newsletter.errors import IssueError
from newsletter.issue import Kind
from newsletter.reader import read_issue, read_issue_text, read_mastheads
from newsletter.starting.schema import schema_name, schema_of, schema_text
from newsletter.yamlfile import read_yaml
from tests.builders import a_masthead

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schema"
FORMS = [(kind, front_matter) for kind in (None, *Kind) for front_matter in (False, True)]
MASTHEADS = {
    "harbour-brief": a_masthead(),
    "harbour-team": a_masthead(name="harbour-team", kind="team-update"),
    "2026": a_masthead(name="2026"),
}
LONG = "x" * 501

STORY = {"headline": "A headline", "summary": "A summary.", "tags": ["chips"], "sources": ["Example Wire"]}
ISSUES: dict[Kind, dict[str, Any]] = {
    Kind.DAILY_BRIEF: {
        "newsletter": "harbour-brief",
        "date": "2026-06-10",
        "subject": "A subject",
        "sections": [{"heading": "Top", "stories": [STORY]}],
    },
    Kind.TEAM_UPDATE: {
        "newsletter": "harbour-team",
        "date": "2026-06-10",
        "subject": "A subject",
        "intro": "An intro.",
        "sections": [{"heading": "Top", "points": [{"lead": "A lead.", "text": "A text."}]}],
    },
}
#: what people and programs write where something else belongs
VALUES: list[Any] = [
    *(None, "", " ", "words", "a-slug", "two lines\nof text", LONG, "x" * 20_001, "yes", "NO", "是", "maybe", "none"),
    *("2026-06-10", "10 June 2026", "https://example.com/a", "https://example.com/a b", "ftp://example.com", "en"),
    *("zh-Hans", "matched", "a@example.com", "not@address", "1", "a, b", "芯片；算力", "mei-lin", 0, 1, 99, 100, 2.5),
    *(True, False, [], [""], ["words"], ["words", 3], [["words"]], ["a, b"], ["x"] * 201, {}, {"name": "Mei Lin"}),
    *({"name": ""}, {"name": "Mei", "email": "mei"}, {"name": "Mei", "age": 3}, [{"name": "Wire"}], [{}]),
    *({"name": "Wire", "url": "https://example.com/a"}, {"name": "News", "address": "news@example.com"}),
    *([{"name": "Wire", "url": "no page"}], [{"name": "Wire", "url": "https://example.com/a"}, "Daily"]),
]
#: a schema cannot know the newsletters of a workspace and their contacts
UNKNOWN = {"unknown-newsletter", "unknown-contact"}


def paths(kind: Kind) -> list[tuple[str | int, ...]]:
    """Every field of an issue and of its first part."""
    defs = schema_of(kind)["$defs"]
    section, parts, part = (
        ("BriefSection", "stories", "Story") if kind is Kind.DAILY_BRIEF else ("UpdateSection", "points", "Point")
    )
    return [
        *((name,) for name in schema_of(kind)["properties"]),
        *(("sections", 0, name) for name in defs[section]["properties"]),
        *(("sections", 0, parts, 0, name) for name in defs[part]["properties"]),
        *(("other",), ("sections", 0, "other"), ("sections", 0, parts, 0, "other")),
    ]


def with_value(issue: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(issue))
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def reader_says(document: dict[str, Any]) -> set[str]:
    """The rules that a document breaks. JSON is YAML, and all its scalars are text to the reader."""
    try:
        read_issue_text(json.dumps(document, ensure_ascii=False), path="a-file.json", mastheads=MASTHEADS)
    except IssueError as error:
        return {finding.rule for finding in error.findings}
    return set()


def schema_says(document: Any, kind: Kind | None, *, front_matter: bool = False) -> list[str]:
    checker = Draft7Validator(schema_of(kind, front_matter=front_matter), format_checker=FormatChecker(["date"]))
    return [error.message for error in checker.iter_errors(document)]


@pytest.mark.parametrize(("kind", "front_matter"), FORMS)
def test_the_committed_schema_is_what_the_command_prints(kind: Kind | None, front_matter: bool) -> None:
    committed = SCHEMAS / schema_name(kind, front_matter=front_matter)
    if os.environ.get("UPDATE_GOLDEN"):
        committed.write_text(schema_text(kind, front_matter=front_matter), encoding="utf-8")
    assert committed.read_text(encoding="utf-8") == schema_text(kind, front_matter=front_matter)
    Draft7Validator.check_schema(json.loads(committed.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", Kind)
def test_whatever_stands_in_a_field_schema_and_reader_agree(kind: Kind) -> None:
    differences = []
    for path, value in product(paths(kind), VALUES):
        document = with_value(ISSUES[kind], path, value)
        rules, faults = reader_says(document), schema_says(document, kind)
        if bool(rules) is not bool(faults) and not (rules and rules <= UNKNOWN):
            differences.append((path, str(value)[:40], rules, [fault[:90] for fault in faults]))
    assert differences == []


@pytest.mark.parametrize("kind", Kind)
def test_what_a_file_must_hold_is_required_and_nothing_else(kind: Kind) -> None:
    assert schema_says(ISSUES[kind], kind) == schema_says(ISSUES[kind], None) == []
    for name in ISSUES[kind]:
        less = {field: value for field, value in ISSUES[kind].items() if field != name}
        assert reader_says(less) or name == "newsletter"
        assert schema_says(less, kind), name
        assert schema_says(less, None), name
    other = Kind.TEAM_UPDATE if kind is Kind.DAILY_BRIEF else Kind.DAILY_BRIEF
    assert schema_says(ISSUES[kind], other)
    assert schema_says(ISSUES[kind] | {"kind": str(other)}, None)


@pytest.mark.parametrize("name", ["china-ai-brief", "china-team-note"])
def test_both_examples_pass_as_yaml_and_as_front_matter(name: str) -> None:
    path = ROOT / "docs" / "examples" / f"{name}.md"
    declared = read_mastheads(
        (ROOT / "templates/newsletters.yaml").read_text(encoding="utf-8"), path="newsletters.yaml"
    )
    issue = read_issue(path, declared).issue
    front = read_yaml(path.read_text(encoding="utf-8").split("---")[1], path=path.name, error=IssueError).values

    assert schema_says(issue.model_dump(mode="json"), issue.kind) == []
    assert schema_says(issue.model_dump(mode="json"), None) == []
    assert schema_says(front, issue.kind, front_matter=True) == []
    assert schema_says(front | {"sections": []}, issue.kind, front_matter=True)
    assert schema_says(front | {"subjct": "x"}, issue.kind, front_matter=True)


@pytest.mark.parametrize("kind", Kind)
def test_an_editor_can_say_something_about_every_field(kind: Kind) -> None:
    schema = schema_of(kind)
    for part in (schema, *schema["$defs"].values()):
        assert part["title"][0].isupper()
        for name, field in part.get("properties", {}).items():
            assert field["description"].endswith("."), name
            for example in field.get("examples", ()):
                nested = {"$defs": schema["$defs"], **field}
                assert [error.message for error in Draft7Validator(nested).iter_errors(example)] == []
