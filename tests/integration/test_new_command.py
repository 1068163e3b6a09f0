"""`newsletter new`, and the way from an empty folder to a built mail."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.integration.conftest import SETTINGS, Command
from tests.integration.test_init_command import GIVEN


@pytest.mark.parametrize("kind", ["team-update", "daily-brief"])
def test_from_an_empty_folder_to_a_built_mail(kind: str, command: Command, tmp_path: Path) -> None:
    unset = dict.fromkeys(SETTINGS)
    assert command("init", *GIVEN, **unset).code == 0

    written = command("new", kind, "first-note", **unset)
    checked = command("check", "--strict", "issues/first-note.md", "--json", **unset)
    built = command("build", "issues/first-note.md", "-o", "out", **unset)

    assert written.out == "issues/first-note.md\n"
    assert "Next: fill it in, then newsletter check issues/first-note.md" in written.err
    assert (checked.code, checked.document) == (0, [])
    assert built.code == 0
    assert "PLACEHOLDER" not in (tmp_path / "out/first-note.txt").read_text()


@pytest.mark.parametrize("place", ["first-note.md", "issues/first-note.md", "a/b/first-note.md", "../beside/note.md"])
def test_an_editor_finds_the_schema_that_a_new_file_names(place: str, command: Command, tmp_path: Path) -> None:
    said = command("new", "daily-brief", "first-note", "-o", place)
    assert said.code == 0

    fence, line = (tmp_path / place).read_text(encoding="utf-8").splitlines()[:2]
    named = (tmp_path / place).parent / line.removeprefix("# yaml-language-server: $schema=")
    printed = command("schema", "daily-brief", "--front-matter")

    assert fence == "---"
    assert named.resolve() == tmp_path / ".newsletter/daily-brief.front-matter.schema.json"
    assert json.loads(named.read_text(encoding="utf-8")) == printed.document
    assert command("check", "--strict", place).code == 0


def test_an_older_schema_is_renewed_and_a_folder_in_its_place_leaves_nothing_behind(
    command: Command, tmp_path: Path
) -> None:
    schema = tmp_path / ".newsletter/team-update.schema.json"
    schema.parent.mkdir()
    schema.write_text("{}")
    assert command("new", "team-update", "note").code == 0
    assert "$defs" in json.loads(schema.read_text(encoding="utf-8"))

    schema.unlink()
    schema.mkdir()
    refused = command("new", "team-update", "other")
    assert refused.code == 1
    assert "cannot be written" in refused.errors[0]
    assert not (tmp_path / "other.md").exists()
    assert not [path for path in schema.parent.iterdir() if path.name.startswith(".")]


def test_the_date_is_today_where_the_newsletter_is(command: Command, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    command("new", "daily-brief", "today")
    zone = ZoneInfo("Asia/Shanghai")
    days = {moment.astimezone(zone).date().isoformat() for moment in (before, datetime.now(UTC))}
    text = (tmp_path / "today.md").read_text(encoding="utf-8")
    assert any(f"\ndate: {day}\n" in text for day in days)


def test_an_issue_that_is_there_is_never_touched(command: Command, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("mine")
    refused = command("new", "team-update", "note")
    assert refused.code == 1
    assert refused.errors == [
        "error: note.md: is there already; it stays as it is; choose another slug, or another place with --output"
    ]
    assert (tmp_path / "note.md").read_text() == "mine"


def test_another_place_keeps_the_slug(command: Command, tmp_path: Path) -> None:
    assert command("new", "team-update", "june", "-o", "drafts/note.md").code == 0
    assert command("build", "drafts/note.md", "--json").document["slug"] == "june"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("new", "letter", "a"), 2, "neither team-update nor daily-brief"),
        (("new", "team-update", "a b"), 1, "SLUG: 'a b' is not a slug"),
        (("new", "team-update", "a", "-n", "china-ai-brief"), 1, "china-ai-brief is a daily-brief"),
        (("new", "team-update", "a", "-n", "nobody"), 1, "there is no newsletter 'nobody'"),
        (("new", "team-update", "a", "-o", "a.txt"), 1, "give it a name that ends in .md"),
        (("new", "team-update", "a", "-o", "/dev/null/a.md"), 1, "cannot be written"),
        (("new", "team-update", "a", "--templates", "none"), 1, "there is no such folder"),
    ],
)
def test_a_mistake_is_said_in_one_line(
    words: tuple[str, ...], code: int, said: str, command: Command, tmp_path: Path
) -> None:
    refused = command(*words)
    assert refused.code == code
    assert said in refused.err
    assert list(tmp_path.iterdir()) == []
