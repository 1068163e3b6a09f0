"""What people and readers get wrong, and what disks do: each ends in one clear line, and nothing is lost."""

import email
import email.policy
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Command

NOTE = """---
newsletter: china-team
date: 2026-06-10
subject: What the draft rules ask of providers
contact: mei-lin
---
The team has a new note.

- **Providers carry the duty.** Users do not.

Questions? Please contact {{ contact }}.
"""
BRIEF = """---
newsletter: china-ai-brief
date: 2026-06-10
subject: "China AI: {{ lead_headline }}"
---
## Top Stories

### Harbour City funds a computing grid
- Example Wire · 2026-06-09
- Summary: The city commits two billion yuan.
- Why It Matters: Local suppliers gain a buyer.
- URL: none
- Tags: AI infrastructure
"""
CONSENT = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (NOTE.replace("subject:", "subjekt:"), "issue.md:4:1: subjekt: there is no such field; did you mean subject?"),
        (NOTE.replace("2026-06-10", "2026-02-30"), "issue.md:3:1: date: '2026-02-30' is not a day of the calendar"),
        (NOTE.replace("2026-06-10", "10 June"), "issue.md:3:1: date: '10 June' is not a date; write it as 2026-06-10"),
        (BRIEF.replace("### Harbour City funds a computing grid", "###"), "issue.md:8"),
        (NOTE.replace("contact: mei-lin", "contact:\n\tname: Mei"), "a tab stands where YAML wants spaces"),
        (NOTE.replace("contact: mei-lin", "tags: &a [x]\ncontact: *a"), "'&' and '*' names are not allowed"),
        (NOTE.replace("What the draft rules ask of providers", r'"Bcc: x\r\nWhat"'), "subject: holds a line break"),
        (NOTE.replace("mei-lin", r'{name: "Mei\nLin", email: m@example.com}'), "contact.name: holds a line break"),
        (NOTE.replace("subject: What", "subject: China AI: What"), 'quote the value: subject: "China AI: What'),
        (NOTE.replace("mei-lin", "mei-lim"), "mei-lin"),
        (NOTE.replace("china-team", "china-taem"), "china-team"),
        ("x" * (2 << 20), "issue.md"),
        ("", "issue.md"),
    ],
    ids=lambda value: value[:40] if len(value) < 400 else f"{len(value)} characters",
)  # fmt: skip
def test_a_mistake_in_an_issue_is_named_with_its_place_and_what_to_do(
    command: Command, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "issue.md").write_text(content, encoding="utf-8")

    answer = command("build", "issue.md", "-o", "out")

    assert answer.code == 1
    assert said in answer.err
    assert answer.errors
    assert not (tmp_path / "out").exists()


def test_all_mistakes_are_told_at_once(command: Command, tmp_path: Path) -> None:
    wrong = BRIEF.replace("date: 2026-06-10", "date: tomorrow").replace("- Summary:", "- Sumary:")
    (tmp_path / "issue.md").write_text(wrong.replace("subject:", "subjekt:"), encoding="utf-8")

    answer = command("check", "issue.md", "--json")

    assert answer.code == 1
    assert {finding["line"] for finding in answer.document} >= {3, 4, 10}
    assert all(finding["fix"] for finding in answer.document)


def test_braces_in_a_headline_and_in_a_readers_name_are_printed_as_they_are(command: Command, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(BRIEF.replace("computing grid", "{{ 7*7 }} grid"), encoding="utf-8")
    command("subscribers", "add", "a@example.com", "-n", "china-ai-brief", "--name", "{{ 7*7 }}", *CONSENT)

    sent = command("send", "issue.md", "-s", "everyone", "--yes")

    assert sent.code == 0, sent.err
    (path,) = (tmp_path / "outbox").rglob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "China AI: Harbour City funds a {{ 7*7 }} grid"
    assert message["To"].addresses[0].display_name == "{{ 7*7 }}"
    for part in message.iter_parts():
        assert part.get_content().count("{{ 7*7 }}") >= 2


@pytest.mark.parametrize("name", ["Mei\r\nBcc: x@example.com", "Mei\nLin", "Mei\u202eniL"])
def test_a_line_break_or_a_hidden_mark_in_a_readers_name_is_refused(command: Command, name: str) -> None:
    answer = command("subscribers", "add", "a@example.com", "-n", "china-team", "--name", name)

    assert answer.code == 1
    assert len(answer.errors) == 1
    assert command("subscribers", "list", "-n", "china-team", "--json").document == []


def test_bad_rows_are_reported_by_line_and_kept(command: Command, tmp_path: Path) -> None:
    rows = [
        "email,name",
        "good@example.com,Good",
        "bad address,Bad",
        '"two@example.com","Two\nLines"',
        "GOOD@example.com,Again",
    ]
    (tmp_path / "readers.csv").write_text("\n".join(rows), encoding="utf-8")

    answer = command("subscribers", "import", "readers.csv", "-n", "china-team", *CONSENT, "--json")

    assert answer.code == 0
    assert {k: answer.document[k] for k in ("read", "added", "rejected")} == {"read": 4, "added": 1, "rejected": 3}
    kept = (tmp_path / "readers.rejects.csv").read_text(encoding="utf-8-sig")
    assert "bad address" in kept
    assert "Two" in kept


def test_a_table_without_addresses_is_refused_whole(command: Command, tmp_path: Path) -> None:
    (tmp_path / "readers.csv").write_text("name;company\nMei;Harbour\n", encoding="utf-8")

    answer = command("subscribers", "import", "readers.csv", "-n", "china-team")

    assert answer.code == 1
    assert len(answer.errors) == 1
    assert "readers.csv:1" in answer.err
    assert "email" in answer.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with 96 KiB of room."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_written_file(command: Command, tmp_path: Path, small_disk: Path) -> None:
    (tmp_path / "issue.md").write_text(BRIEF, encoding="utf-8")
    (small_disk / "filler").write_bytes(b"x" * (88 << 10))

    answer = command("build", "issue.md", "-o", small_disk)

    assert answer.code == 1
    assert len(answer.errors) == 1
    assert "cannot be written" in answer.err
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_an_outbox_on_a_full_disk_stops_the_sending_and_loses_nobody(
    command: Command, tmp_path: Path, small_disk: Path
) -> None:
    (tmp_path / "issue.md").write_text(BRIEF, encoding="utf-8")
    rows = ["email", *(f"reader{number}@example.com" for number in range(8))]
    (tmp_path / "readers.csv").write_text("\n".join(rows), encoding="utf-8")
    command("subscribers", "import", "readers.csv", "-n", "china-ai-brief", *CONSENT)

    full = command("send", "issue.md", "-s", "everyone", "--yes", "--json", NEWSLETTER_OUTBOX=str(small_disk))
    shown = command("mailings", "show", "1", "--json").document
    again = command("send", "issue.md", "-s", "everyone", "--yes", "--json")

    assert full.code == 1
    assert len(full.errors) == 1
    written = {path.name for path in small_disk.rglob("*.eml")}
    assert shown["deliveries"]["accepted"] == len(written)
    assert shown["deliveries"]["planned"] == 8 - len(written)
    assert again.document["deliveries"]["accepted"] == 8
    rest = {path.name for path in (tmp_path / "outbox").rglob("*.eml")}
    assert len(written) + len(rest) == 8


def test_a_database_on_a_full_disk_ends_in_one_line(command: Command, tmp_path: Path, small_disk: Path) -> None:
    database = f"sqlite:///{small_disk / 'newsletter.db'}"

    answer = command("subscribers", "add", "a@example.com", "-n", "china-team", NEWSLETTER_DATABASE_URL=database)

    assert answer.code == 1
    assert len(answer.errors) == 1
    assert "disk" in answer.err
