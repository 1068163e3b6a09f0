"""One file with forty kinds of bad rows: each is told with its line and why, and the good rows among them land."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from newsletter.roster import Intake, import_readers
from tests.stores import CONSENT, NEWSLETTER, a_store, a_vocabulary

HEADINGS = (
    "email,name,salutation,company,manager,status,consent_basis,consent_on,cross_border,suppressed,joined_at,interests"
)
NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)
MANY = ";".join(f"ai {number}" for number in range(300))
#: the bytes of a row, and how its reason begins. In `{}` stands an address of its own.
KINDS: list[tuple[str | bytes, str]] = [
    # the address
    (",Nobody", "email: is missing; add the address"),
    ("no-at-sign.example.com", "email: is not a mail address; write it as name@example.com"),
    ("@example.com", "email: is not a mail address"),
    ("mei@", "email: is not a mail address"),
    ("mei@@example.com", "email: is not a mail address"),
    ("mei@example..com", "email: is not a mail address"),
    (".mei@example.com", "email: is not a mail address"),
    ("mei.@example.com", "email: is not a mail address"),
    ("mei li@example.com", "email: is not a mail address"),
    ("mei@example", "email: is not a mail address"),
    ("mei@localhost", "email: is not a mail address"),
    ("mei@-example.com", "email: is not a mail address"),
    ("mei@exam_ple.com", "email: is not a mail address"),
    ("mei@[192.0.2.1]", "email: is not a mail address"),
    ("mei@192.0.2.1", "email: is not a mail address"),
    (f"{'m' * 65}@example.com", "email: is not a mail address"),
    (f"mei@{'e' * 64}.com", "email: is not a mail address"),
    (f"m@{'.'.join(['e' * 60] * 5)}.com", "email: is not a mail address"),
    ("Mei Chen <mei@example.com>", "email: is not a mail address alone; put the name into a column of its own"),
    ('"mei@example.com; li@example.com"', "email: holds several addresses; give each reader a row of their own"),
    ("mei\u200b@example.com", "email: is not a mail address: it holds an invisible character; type it anew"),
    ("mei@example.com\u202e", "email: is not a mail address: it holds an invisible character"),
    ("mei@xn--a.com", "email: is not a mail address"),
    # the same twice
    ("GOOD@Example.com", "same address as line 2; keep one of the two"),
    ("good@中国.example", "same address as line 3; keep one of the two"),
    # names and other lines
    ('{},"Mei\nBcc: all@example.com",,,,,,,,,,', "name: holds a line break; write it on one line"),
    ("{},Mei\x07", "name: holds the invisible character U+0007; delete it"),
    ("{},Mei\x00", "name: holds the invisible character U+0000; delete it"),
    ("{},Mei\u202eCod", "name: holds the invisible character U+202E; delete it"),
    ("{},Mei,Ms\u200fChen", "salutation: holds the invisible character U+200F; delete it"),
    ("{},Mei,,Har\u2028bour", "company: holds a line break; write it on one line"),
    (f"{{}},Mei,,,{'x' * 501}", "manager: is longer than 500 characters; shorten it"),
    (b"{},Zo\xeb", "name: holds bytes of another encoding; type it anew"),
    # what was said
    ("{},Mei,,,,perhaps", "status: is not a status; write confirmed, pending or unsubscribed"),
    ("{},Mei,,,,,form,01/03/2026", "consent_on: is not a date; write it as 2026-03-01"),
    ("{},Mei,,,,,form,2026-02-30", "consent_on: is not a date; write it as 2026-03-01"),
    ("{},Mei,,,,,form,2027-01-01", "consent_on: lies in the future; write the day on which consent was given"),
    ("{},Mei,,,,,form,2026-03-01,maybe", "cross_border: is neither yes nor no; write yes, no, or nothing"),
    (
        "{},Mei,,,,,,,,tired",
        "suppressed: is no reason that we know; write one of: bounced, complained, manual, forgotten",
    ),
    ("{},Mei,,,,,,,,,last spring", "joined_at: is neither a date nor an instant; write it as 2026-03-01"),
    ("{},Mei,,,,,,,,,2027-01-01", "joined_at: lies in the future; write the day on which they became a reader"),
    # the row itself
    ("{},Mei,,,,,,,,,,ai,,too,much", "has more cells than there are columns; put a text that holds a delimiter into"),
    ('{},"Mei', "the quotation marks of this row do not match; close them, and write"),
    ('{},"Mei" Chen', "the quotation marks of this row do not match"),
    (f'{{}},"{"x" * 140_000}"', "a cell of this row is longer than 131,072 characters; close its quotation mark"),
]
GOOD = ["good@example.com", "good@xn--fiqs8s.example"]


def the_file() -> tuple[bytes, dict[int, str], list[str]]:
    """Its bytes, the reason for each bad line, and the addresses that are to land: one sound row after each bad one."""
    lines: list[bytes] = [HEADINGS.encode(), *(f"{address},Sound".encode() for address in GOOD)]
    reasons, landing = {}, list(GOOD)
    for number, (row, reason) in enumerate(KINDS):
        reasons[sum(line.count(b"\n") + 1 for line in lines) + 1] = reason
        said = row if isinstance(row, bytes) else row.encode()
        lines.append(said.replace(b"{}", f"bad{number}@example.com".encode()))
        landing.append(f"sound{number}@example.com")
        # Quoted, so that a lost quotation mark meets another one.
        lines.append(f'"{landing[-1]}","陈 {number}"'.encode())
    return b"\r\n".join(lines) + b"\r\n", reasons, landing


def test_forty_kinds_of_bad_rows_are_told_by_line_while_the_good_rows_land(tmp_path: Path) -> None:
    content, reasons, landing = the_file()
    assert len({row for row, _ in KINDS}) >= 40
    path = tmp_path / "readers.csv"
    path.write_bytes(content)
    with a_store(tmp_path) as store:
        intake = Intake(newsletter=NEWSLETTER, vocabulary=a_vocabulary(), consent=CONSENT)
        result = import_readers(store, path, intake, actor="mei", now=NOW)
        landed = [reader.email for reader in store.readers.stream(NEWSLETTER)]
    told = {finding.line: f"{finding.message}; {finding.fix}" for finding in result.rejects}
    assert told.keys() == reasons.keys()
    for line, reason in reasons.items():
        assert told[line].startswith(reason), line
    assert landed == landing
    assert (result.read, result.added, result.rejected) == (len(KINDS) + len(landing), len(landing), len(KINDS))

    assert result.rejects_file is not None
    kept = result.rejects_file.read_bytes().decode("utf-8-sig", "surrogateescape")
    before = csv.field_size_limit(1 << 20)
    rows = list(csv.reader(io.StringIO(kept, newline="")))
    csv.field_size_limit(before)
    assert [(int(row[-2]), row[-1]) for row in rows[1:]] == sorted(told.items())
    assert b"Zo\xeb" in result.rejects_file.read_bytes(), "the bytes of a row are kept as they were"


def test_no_row_of_the_rejects_is_a_formula_and_all_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email,name\nbad,=1+1\nbad,'=2\n=3,x\n", encoding="utf-8")
    with a_store(tmp_path) as store:
        intake = Intake(newsletter=NEWSLETTER, vocabulary=a_vocabulary(), consent=CONSENT)
        first = import_readers(store, path, intake, actor="mei", now=NOW)
        assert first.rejects_file is not None
        rows = list(csv.reader(io.StringIO(first.rejects_file.read_text("utf-8-sig"), newline="")))
        assert [row[:2] for row in rows[1:]] == [["bad", "'=1+1"], ["bad", "'=2"], ["'=3", "x"]]
        mended = first.rejects_file.read_text("utf-8-sig")
        for number in range(2):
            mended = mended.replace("bad,", f"r{number}@example.com,", 1)
        path.write_text(mended, encoding="utf-8")
        import_readers(store, path, intake, actor="mei", now=NOW)
        assert [reader.name for reader in store.readers.stream(NEWSLETTER)] == ["=1+1", "=2"]
