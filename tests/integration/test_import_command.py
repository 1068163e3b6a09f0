"""`newsletter import`: files in, an issue file out, and everything said in one line each."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Command

NOTE = "The team has read the rules.\n\n- **One.** Two.\n\nRegards,\n\nThe Team\n"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Example Wire</title>
<item><title>A port opens</title><link>https://example.com/a</link>
<pubDate>Mon, 08 Jun 2026 04:00:00 GMT</pubDate><description>It opens.</description></item></channel></rss>"""


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(NOTE, encoding="utf-8")
    return path


def test_a_note_becomes_an_issue_file_that_check_takes(command: Command, note: Path, tmp_path: Path) -> None:
    done = command("import", "note.txt", "--date", "2026-06-10", "--subject", "The rules")
    assert (done.code, done.out) == (0, "china-team-2026-06-10.md\n")
    assert "Next: newsletter check china-team-2026-06-10.md" in done.err
    assert "warning: note.txt:1: is a team-update for china-team: the only team-update" in done.err
    assert command("check", "china-team-2026-06-10.md").code == 0


def test_the_folder_for_issues_is_used_where_there_is_one(command: Command, note: Path, tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    assert command("import", "note.txt", "--date", "2026-06-10").out == "issues/china-team-2026-06-10.md\n"


def test_a_file_that_is_there_is_never_overwritten(command: Command, note: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.md"
    target.write_text("mine", encoding="utf-8")
    refused = command("import", "note.txt", "-o", "mine.md")
    assert refused.errors == ["error: mine.md: is there already; name another with -o, or overwrite it with --force"]
    assert target.read_text(encoding="utf-8") == "mine"
    assert command("import", "note.txt", "-o", "mine.md", "--force").code == 0
    assert target.read_text(encoding="utf-8").startswith("---\nnewsletter: china-team\n")


def test_the_issue_can_be_printed(command: Command, note: Path, tmp_path: Path) -> None:
    done = command("import", "note.txt", "-o", "-")
    assert done.out.startswith("---\nnewsletter: china-team\n")
    assert list(tmp_path.glob("*.md")) == []


def test_the_report_is_one_json_document(command: Command, note: Path) -> None:
    report = command("import", "note.txt", "--date", "2026-06-10", "--json").document
    assert report["file"] == "china-team-2026-06-10.md"
    assert (report["kind"], report["newsletter"], report["points"], report["sections"]) == (
        "team-update",
        "china-team",
        1,
        1,
    )
    assert [finding["rule"] for finding in report["findings"]] == ["markdown", "newsletter", "subject"]


def test_pasted_text_comes_from_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "import", "-", "-o", "-"],
        cwd=tmp_path,
        input=NOTE,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert "- **One.** Two." in done.stdout


def test_the_text_part_of_a_shipped_example_comes_back(command: Command, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "china-team-note.md"
    assert command("build", example, "-o", "out").code == 0
    assert command("import", "out/china-team-note.txt").code == 0
    assert command("check", "china-team-note.md", "--json").document == []
    assert command("build", "china-team-note.md", "-o", "again").code == 0
    first, again = ((tmp_path / folder / "china-team-note.txt").read_text() for folder in ("out", "again"))
    assert first == again


def test_a_feed_becomes_a_draft_that_check_refuses(command: Command, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(FEED, encoding="utf-8")
    done = command("import", "--feed", "feed.xml", "--since", "2026-06-07", "--date", "2026-06-10")
    assert (done.code, done.out) == (0, "china-ai-brief-2026-06-10.md\n")
    refused = command("check", "china-ai-brief-2026-06-10.md")
    assert refused.code == 1
    assert "why_it_matters: is still to be written" in refused.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["missing.txt"], "missing.txt: there is no such file; check its name and where you stand"),
        (["folder"], "folder: is a folder; name the document in it"),
        (["empty.txt"], "empty.txt: holds no text; name a file that does"),
        (["old.doc"], "old.doc: is an old Word file; open it there and save it as .docx"),
        (["page.pdf"], "page.pdf: is a PDF, whose lines have lost their order; open it there and save it as .docx"),
        (["picture.txt"], "picture.txt: is no text; import plain text, Markdown, .docx, .html or .eml"),
        (["latin.txt"], "latin.txt:2: is not UTF-8 text (byte 0xE9); save it as UTF-8"),
        (["big.txt"], "big.txt: is larger than 1 MiB; import the part that is the issue"),
        (["huge.docx"], "huge.docx: is larger than 20 MiB; import the part that is the issue"),
        (["issue.md"], "issue.md:1: is an issue file already; nothing has to be imported: newsletter check issue.md"),
        (["--feed", "empty.txt", "--since", "soon"], "--since 'soon' is no day; write yesterday, 3 days or 2026-06-09"),
        (
            ["note.txt", "-n", "china-ai-brief", "--kind", "team-update"],
            "china-ai-brief is a daily-brief, not a team-update; name another newsletter",
        ),
    ],
)
def test_what_cannot_be_imported_ends_in_one_line(
    command: Command, note: Path, tmp_path: Path, words: list[str], complaint: str
) -> None:
    (tmp_path / "folder").mkdir()
    files = {
        "empty.txt": b" \n\n",
        "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1",
        "page.pdf": b"%PDF-1.7\n",
        "picture.txt": b"\x89PNG\r\n\x1a\n\0\0\0",
        "latin.txt": b"One\ncaf\xe9\n",
        "big.txt": b"word " * 220_000,
        "issue.md": b"---\nnewsletter: china-team\n---\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with (tmp_path / "huge.docx").open("wb") as file:
        file.truncate(100 << 20)
    done = command("import", *words)
    assert (done.code, done.errors) == (1, [f"error: {complaint}"])
    assert {path.name for path in tmp_path.iterdir()} == {*files, "folder", "note.txt", "huge.docx"}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["note.txt", "--feed", "feed.xml"],
        ["note.txt", "--kind", "letter"],
        ["note.txt", "--newsletter", "nobody"],
        ["note.txt", "--date", "tomorrow"],
        ["note.txt", "--subject", " "],
        ["note.txt", "--json", "-o", "-"],
        ["--feed", "feed.xml", "--subject", "x"],
    ],
)
def test_wrong_usage_is_told(command: Command, note: Path, words: list[str]) -> None:
    assert command("import", *words).code == 2


@pytest.mark.parametrize("text", ["- \n" * 40_000, "(" * 900_000, "1. " * 300_000, "[a](" * 200_000, "\n" * 1_000_000])
def test_a_strange_text_ends_within_seconds(command: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "strange.txt").write_text(text, encoding="utf-8")
    done = command("import", "strange.txt", "-o", "x.md")
    assert done.code in (0, 1)
    assert "unexpected" not in done.err
