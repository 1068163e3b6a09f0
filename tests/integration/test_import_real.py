"""The two documents that people have: nothing of them is lost. Skipped where they are not at hand."""

import os
import re
from pathlib import Path

import pytest

from tests.integration.conftest import Command

SHARED = Path(os.environ.get("NEWSLETTER_SHARED") or Path(__file__).parents[2].parent / "shared") / "real-input"
DOCUMENTS = {"team-note.txt": "team-update", "daily-brief.txt": "daily-brief"}

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the real documents are not at hand")


def pieces(text: str) -> list[str]:
    """Sentences, and lines such as headlines and tags, without the marks that a list puts before them."""
    found = (re.sub(r"^\s*(?:[•-]|\d+[.)])\s+", "", line) for line in text.split("\n"))
    return [piece.strip() for line in found for piece in re.split(r"(?<=[.!?])\s+", line) if piece.strip()]


def folded(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_sentence_is_in_the_file_or_in_the_report(command: Command, tmp_path: Path, name: str) -> None:
    done = command("import", SHARED / name, "-o", "issue.md", "--json")
    report = done.document
    kept = folded((tmp_path / "issue.md").read_text(encoding="utf-8"))
    said = folded(" ".join(finding["message"] for finding in report["findings"]))
    # the title's day stands in the front matter, and what is behind "URL:" is said to lead nowhere
    lost = [one for one in pieces((SHARED / name).read_text(encoding="utf-8")) if folded(one) not in kept + said]
    assert report["kind"] == DOCUMENTS[name]
    assert [one for one in lost if one not in ("URL: Read more", "China AI Brief — 2026-06-10")] == []
    assert any("Read more" in finding["message"] for finding in report["findings"]) is (name == "daily-brief.txt")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_issue_passes_check_and_builds(command: Command, name: str) -> None:
    assert command("import", SHARED / name, "-o", "issue.md").code == 0
    assert command("check", "issue.md").code == 0
    assert command("build", "issue.md").code == 0


def test_the_note_has_three_groups_and_a_contact_without_an_address(command: Command, tmp_path: Path) -> None:
    report = command("import", SHARED / "team-note.txt", "-o", "issue.md", "--json").document
    assert (report["sections"], report["points"]) == (3, 6)
    assert {"group", "contact"} <= {finding["rule"] for finding in report["findings"]}


def test_the_brief_has_ten_stories_and_no_featured_tags(command: Command, tmp_path: Path) -> None:
    report = command("import", SHARED / "daily-brief.txt", "-o", "issue.md", "--json").document
    assert (report["sections"], report["stories"], report["date"]) == (1, 10, "2026-06-10")
    [tags] = [finding for finding in report["findings"] if finding["rule"] == "tags"]
    assert tags["line"] == 53
    assert "新加坡传统早餐" in tags["message"]
    assert "FEATURED" not in (tmp_path / "issue.md").read_text(encoding="utf-8")


def test_of_the_brief_only_the_overlap_and_the_missing_pages_are_reported(command: Command) -> None:
    assert command("import", SHARED / "daily-brief.txt", "-o", "issue.md").code == 0
    found = command("check", "issue.md", "--json").document
    assert [one["rule"] for one in found].count("NL104") == 10
    [overlap] = [one for one in found if one["rule"] != "NL104"]
    assert (overlap["rule"], "story 3" in overlap["message"], "stories[10]" in overlap["message"]) == (
        "NL402",
        True,
        True,
    )


def test_of_the_note_nothing_is_reported(command: Command) -> None:
    assert command("import", SHARED / "team-note.txt", "-o", "issue.md").code == 0
    assert command("check", "issue.md", "--json").document == []
