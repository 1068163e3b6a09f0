"""`build --all-editions`: one of each version that a mailing would produce, and who gets it."""

import email
import email.policy
import json
from pathlib import Path

import pytest

from tests.integration.conftest import Command

ROOT = Path(__file__).parents[2]
BRIEF = ROOT / "docs" / "examples" / "china-ai-brief.md"
NOTE = ROOT / "docs" / "examples" / "china-team-note.md"
SAMPLE = ROOT / "subscribers" / "sample.csv"


def a_matched_brief(folder: Path) -> Path:
    """Each reader gets only what fits."""
    issue = folder / "brief.md"
    text = BRIEF.read_text(encoding="utf-8")
    issue.write_text(text.replace("stories: matched-first", "stories: matched"), encoding="utf-8")
    return issue


def test_each_edition_of_the_plan_is_written_once_with_its_readers(command: Command, tmp_path: Path) -> None:
    assert command("subscribers", "import", SAMPLE, "--newsletter", "china-ai-brief", "--yes").code == 0
    issue = a_matched_brief(tmp_path)

    built = command("build", issue, "--all-editions", "--segment", "ai", "--json")
    plan = command("plan", issue, "--segment", "ai", "--json").document

    found = built.document
    told = {edition["hash"]: (edition["stories"], edition["readers"]) for edition in found["editions"]}
    assert told == {edition["hash"]: (edition["stories"], edition["readers"]) for edition in plan["editions"]}
    assert len(told) > 10
    assert (found["planned"], found["skipped"]) == (plan["planned"], plan["skipped"])
    assert found["content_hash"] == plan["content_hash"]
    readers = [edition["readers"] for edition in found["editions"]]
    assert readers == sorted(readers, reverse=True)
    assert json.loads((tmp_path / "out" / "brief.editions.json").read_text(encoding="utf-8")) == found
    files = {path for edition in found["editions"] for path in edition["files"]}
    assert {f"out/{path.name}" for path in (tmp_path / "out").iterdir()} == {*files, "out/brief.editions.json"}
    assert len(files) == 3 * len(told)


def test_an_edition_holds_its_stories_and_no_other(command: Command, tmp_path: Path) -> None:
    assert command("subscribers", "import", SAMPLE, "--newsletter", "china-ai-brief", "--yes").code == 0
    found = command("build", a_matched_brief(tmp_path), "--all-editions", "--segment", "ai", "--json").document
    headlines = {
        line.removeprefix("### ") for line in BRIEF.read_text(encoding="utf-8").splitlines() if line.startswith("### ")
    }
    for edition in found["editions"]:
        html, text, message = ((tmp_path / name).read_bytes() for name in edition["files"])
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        body = parsed.get_body(("plain",))
        assert body is not None
        assert parsed["Subject"] == edition["subject"]
        assert body.get_content().replace("\r\n", "\n").strip() == text.decode().strip()
        flat = " ".join(text.decode().split())
        assert sum(headline in flat for headline in headlines) == len(edition["stories"])
        assert len(html) == edition["html_bytes"]


def test_the_terminal_shows_a_table_of_editions(command: Command) -> None:
    assert command("subscribers", "import", SAMPLE, "--newsletter", "china-team", "--yes").code == 0
    built = command("build", NOTE, "--all-editions", "--segment", "everyone", "-o", "there")

    assert built.code == 0
    assert built.out.splitlines()[1].split() == ["edition", "stories", "readers", "subject", "HTML"]
    assert "there/china-team-note." in built.out
    assert "1 edition for " in built.err
    assert "Next: newsletter plan" in built.err


def test_nobody_in_the_segment_means_no_edition(command: Command, tmp_path: Path) -> None:
    built = command("build", BRIEF, "--all-editions", "--segment", "everyone", "--json")
    assert (built.code, built.document["planned"], built.document["editions"]) == (0, 0, [])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["china-ai-brief.editions.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all-editions",), "belong together"),
        (("--segment", "everyone"), "belong together"),
        (("--all-editions", "--segment", "everyone", "--interests", "ai"), "choose one of"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(command: Command, words: tuple[str, ...], said: str) -> None:
    built = command("build", BRIEF, *words)
    assert built.code == 2
    assert said in " ".join(built.err.replace("│", " ").split())


def test_a_segment_that_cannot_be_read_is_told_in_one_line(command: Command, tmp_path: Path) -> None:
    built = command("build", BRIEF, "--all-editions", "--segment", "ai and (")
    assert (built.code, len(built.errors)) == (1, 1)
    assert not (tmp_path / "out").exists()


def test_editions_are_shown_before_anybody_has_said_who_writes(command: Command) -> None:
    assert command("subscribers", "import", SAMPLE, "--newsletter", "china-team", "--yes").code == 0
    built = command("build", NOTE, "--all-editions", "--segment", "everyone", "--json", NEWSLETTER_SENDER_NAME=None)
    assert (built.code, len(built.document["editions"])) == (0, 1)
    assert "placeholders stand for NEWSLETTER_SENDER_NAME" in built.err
