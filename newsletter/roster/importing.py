"""Import a list of readers: every row is taken in, or reported with its line and kept aside."""

import csv
import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from newsletter.errors import Finding, InputError, ReadersFileError, Severity
from newsletter.roster.cells import BadCellError, Reader, Remark, day
from newsletter.roster.table import REJECT_COLUMNS, STANDARD_INPUT, Row, Table, read_table
from newsletter.store import Store
from newsletter.store.intake import TakenIn
from newsletter.store.people import email_key
from newsletter.subscriber import Consent, Entry
from newsletter.tags import Vocabulary

#: to look for what somebody may have meant is slow; who misspells more words has the wrong vocabulary
_GUESSES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """`read` is the sum of the next four. Duplicates are among the rejected."""

    read: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    #: how many of those taken in stand as pending now: they get no mail
    pending: int
    duplicates: int
    unknown_interests: int
    rejects: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    rejects_file: Path | None

    def as_json(self) -> dict[str, Any]:
        """The form that `subscribers import --json` promises."""
        counts = ("read", "added", "updated", "unchanged", "rejected", "pending", "duplicates", "unknown_interests")
        return {name: getattr(self, name) for name in counts} | {
            "rejects": [finding.as_json() for finding in self.rejects],
            "warnings": [finding.as_json() for finding in self.warnings],
            "rejects_file": str(self.rejects_file) if self.rejects_file else None,
        }


@dataclass(slots=True)
class _Sorted:
    """The rows of a file: those that can be taken in, those that cannot, and what was left out of the former."""

    path: str
    entries: list[Entry] = field(default_factory=list)
    rejects: list[tuple[Row, Finding]] = field(default_factory=list)
    #: in which lines it stands
    remarks: dict[Remark, list[int]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0

    def reject(self, row: Row, message: str, fix: str, *, rule: str = "row") -> None:
        self.rejects.append((row, Finding(message=message, fix=fix, path=self.path, line=row.line, rule=rule)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How a list of readers is to be taken in."""

    newsletter: str
    vocabulary: Vocabulary
    #: change readers who are on the list already
    update: bool = False
    #: counts for rows that name none
    consent: Consent | None = None
    #: say what would happen, and write nothing
    dry_run: bool = False


def import_readers(store: Store, path: Path, intake: Intake, *, actor: str, now: datetime) -> ImportResult:
    """
    Take the readers of a CSV file into a newsletter, all good rows or none.

    :raises ReadersFileError: the file cannot be read as a list of readers
    """
    if intake.consent:
        _insist_past(intake.consent, now)
    table = read_table(path)
    sorted_rows = _sort(table, str(path), Reader(intake.vocabulary, intake.consent, now))
    # First what can fail without harm: a list that was taken in, but whose rejects are lost, would be half an import.
    rejects_file = None if intake.dry_run else _keep_rejects(path, table, sorted_rows.rejects)
    taken = store.readers.take_in(
        intake.newsletter,
        sorted_rows.entries,
        update=intake.update,
        actor=actor,
        now=now,
        rehearse=intake.dry_run,
    )
    return _result(table, sorted_rows, taken, intake.vocabulary, rejects_file=rejects_file)


def _result(
    table: Table, found: _Sorted, taken: TakenIn, vocabulary: Vocabulary, *, rejects_file: Path | None
) -> ImportResult:
    return ImportResult(
        read=len(table.rows),
        added=taken.added,
        updated=taken.updated,
        unchanged=taken.unchanged,
        rejected=len(found.rejects),
        pending=taken.pending,
        duplicates=found.duplicates,
        unknown_interests=sum(len(lines) for it, lines in found.remarks.items() if it.column == "interests"),
        rejects=tuple(finding for _, finding in found.rejects),
        warnings=tuple(_warnings(table, found, vocabulary)),
        rejects_file=rejects_file,
    )


def _insist_past(consent: Consent, now: datetime) -> None:
    try:
        day(consent.on.isoformat(), now)
    except BadCellError as error:
        raise InputError(error.message, fix=error.fix) from None


def _sort(table: Table, path: str, reader: Reader) -> _Sorted:
    found = _Sorted(path)
    for row in table.rows:
        if table.is_too_long(row):
            fix = "put a text that holds a delimiter into quotation marks"
            found.reject(row, "has more cells than there are columns", fix, rule="cells")
            continue
        try:
            reading = reader.read(table.named(row))
        except BadCellError as error:
            found.reject(row, error.message, error.fix)
            continue
        first = found.lines.setdefault(email_key(reading.entry.email), row.line)
        if first != row.line:
            found.duplicates += 1
            found.reject(row, f"same address as line {first}", "keep one of the two", rule="duplicate")
            continue
        found.entries.append(reading.entry)
        for remark in reading.remarks:
            found.remarks.setdefault(remark, []).append(row.line)
    return found


def _warnings(table: Table, found: _Sorted, vocabulary: Vocabulary) -> Iterable[Finding]:
    if table.unknown:
        names = ", ".join(repr(name) for name in table.unknown)
        yield _warning(f"columns that are not read: {names}", "rename them if they should be", found.path, [])
    for number, (remark, lines) in enumerate(found.remarks.items()):
        message, fix = _told(remark, vocabulary, guess=number < _GUESSES)
        yield _warning(message, fix, found.path, lines)


def _told(remark: Remark, vocabulary: Vocabulary, *, guess: bool) -> tuple[str, str]:
    written = repr(remark.written[:60])
    if remark.column == "interests":
        near = vocabulary.nearest(remark.written, 1) if guess else ()
        fix = f"did you mean {near[0]}?" if near else "see newsletter tags list"
        return f"interests: {written} is not in the vocabulary; left out", fix
    if remark.column.startswith("consent"):
        return f"{remark.column}: is missing, so the row names no consent", "a consent needs a basis and a date"
    fix = "write en or zh-Hans" if remark.column == "language" else "write it as Asia/Singapore"
    return f"{remark.column}: {written} is not known; left out", fix


def _warning(message: str, fix: str, path: str, lines: list[int]) -> Finding:
    more = f" (and in {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    line = lines[0] if lines else 1
    return Finding(
        message=message + more, fix=fix, path=path, line=line, rule="readers-file", severity=Severity.WARNING
    )


def rejects_path(path: Path) -> Path:
    return path.with_suffix(".rejects.csv")


def _keep_rejects(path: Path, table: Table, rejects: list[tuple[Row, Finding]]) -> Path | None:
    """
    The rejected rows as they stood, each with its line and the reason, beside the file; whole or not at all.

    One from an earlier import of the same file goes: its rows were mended, or are in the new one.
    """
    if path == STANDARD_INPUT:
        return None
    beside = rejects_path(path)
    try:
        if not rejects:
            beside.unlink(missing_ok=True)
            return None
        _write_whole(beside, _rejects_text(table, rejects))
    except OSError as error:
        raise ReadersFileError(
            Finding(
                message=f"the rejected rows cannot be kept ({error.strerror}); nothing was imported",
                fix="make room, or allow writing to that folder",
                path=str(beside),
            )
        ) from error
    return beside


def _rejects_text(table: Table, rejects: list[tuple[Row, Finding]]) -> str:
    kept = [number for number, name in enumerate(table.columns) if name not in REJECT_COLUMNS]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter)
    writer.writerow([*(table.columns[number] for number in kept), *REJECT_COLUMNS])
    for row, finding in rejects:
        cells = [row.cells[number] if number < len(row.cells) else "" for number in kept]
        writer.writerow([*cells, row.line, f"{finding.message}; {finding.fix}"])
    return out.getvalue()


def _write_whole(path: Path, text: str) -> None:
    # With a byte order mark, so that a spreadsheet does not guess; readable by its owner only, as it holds addresses.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8-sig", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        scratch = Path(file.name)
        try:
            file.write(text)
            file.flush()
            scratch.replace(path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
