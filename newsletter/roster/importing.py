"""Import a list of readers: every row is taken in, or reported with its line and kept aside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from newsletter.errors import Finding, InputError
from newsletter.roster.cells import BadCellError, Reader, day
from newsletter.roster.delimited import Row
from newsletter.roster.rejects import Rejects, kept_aside
from newsletter.roster.remarks import Remarks
from newsletter.roster.table import Table, open_table
from newsletter.store import Store
from newsletter.store.deciding import Overlap, TakenIn
from newsletter.store.intake import BATCH, Lined
from newsletter.store.intake import Intake as StoreIntake
from newsletter.store.readers import OpenIntake, in_batches
from newsletter.subscriber import Consent
from newsletter.tags import Vocabulary

#: more are not held in memory; the file of rejects has all of them
_HELD = 10_000
#: of somebody who is new; above this a list is only rehearsed, unless a person has said yes
MOST_UNASKED = 50

Progress = Callable[[int], None]


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
    #: how many of those taken in said no before: they get no mail either
    kept_away: int
    duplicates: int
    unknown_interests: int
    #: at most so many as can be held
    rejects: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    rejects_file: Path | None
    #: False when it was rehearsed
    written: bool
    sha256: str

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in _COUNTS}

    def as_json(self) -> dict[str, Any]:
        """The form that `subscribers import --json` promises."""
        return self.counts() | {
            "rejects": [finding.as_json() for finding in self.rejects],
            "warnings": [finding.as_json() for finding in self.warnings],
            "rejects_file": str(self.rejects_file) if self.rejects_file else None,
            "written": self.written,
            "sha256": self.sha256,
        }


_COUNTS = (
    "read", "added", "updated", "unchanged", "rejected", "pending", "kept_away", "duplicates", "unknown_interests",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How a list of readers is to be taken in."""

    newsletter: str
    vocabulary: Vocabulary
    #: what becomes of readers who are on the list already
    overlap: Overlap = field(default_factory=Overlap)
    #: counts for rows that name none
    consent: Consent | None = None
    #: say what would happen, and write nothing
    dry_run: bool = False
    #: when more than these are new, nothing is written; None: a person has said yes to any number
    most_new: int | None = None


@dataclass(slots=True)
class _Count:
    """What became of the rows so far."""

    path: str
    rejects: Rejects
    remarks: Remarks
    taken: TakenIn = field(default_factory=TakenIn)
    read: int = 0
    rejected: int = 0
    duplicates: int = 0
    findings: list[Finding] = field(default_factory=list)

    def reject(self, found: list[tuple[Row, Finding]]) -> None:
        """In the order of their lines."""
        for row, finding in sorted(found, key=lambda pair: pair[0].line):
            self.rejects.add(row, finding)
            if len(self.findings) < _HELD:
                self.findings.append(finding)
        self.rejected += len(found)

    def finding(self, line: int, message: str, fix: str, rule: str) -> Finding:
        return Finding(message=message, fix=fix, path=self.path, line=line, rule=rule)


def import_readers(store: Store, path: Path, intake: Intake, *, actor: str, now: datetime) -> ImportResult:
    """
    Take the readers of a file into a newsletter, all good rows or none.

    :raises ReadersFileError: the file cannot be read as a list of readers
    """
    with open_table(path) as table:
        return import_table(store, table, intake, actor=actor, now=now)


def import_table(
    store: Store,
    table: Table,
    intake: Intake,
    *,
    actor: str,
    now: datetime,
    progress: Progress = lambda _: None,
) -> ImportResult:
    """
    :param progress: told how many rows have been read
    """
    if intake.consent:
        _insist_past(intake.consent, now)
    reader = Reader(intake.vocabulary, intake.consent, now)
    source = f"sha256:{table.sha256}"
    landing = StoreIntake(intake.newsletter, intake.overlap, actor, now, source)
    rejects_file = None
    written = False
    with kept_aside(table, is_rehearsed=intake.dry_run) as rejects:
        count = _Count(table.path, rejects, Remarks(table.path))
        with store.readers.intake(landing) as opened:
            for batch in in_batches(table.rows(), BATCH):
                _take(opened, table, reader, batch, count)
                progress(count.read)
            if _is_rehearsal(intake, count.taken.added):
                opened.undo()
            # Before it is final: a list that was taken in, but whose rejects are lost, would be half an import.
            rejects_file = rejects.settle()
            opened.note(_told(table, count))
            written = True
    return _result(table, count, intake.vocabulary, rejects_file=rejects_file, written=written)


def _is_rehearsal(intake: Intake, added: int) -> bool:
    return intake.dry_run or (intake.most_new is not None and added > intake.most_new)


def _take(opened: OpenIntake, table: Table, reader: Reader, batch: list[Row], count: _Count) -> None:
    rows: dict[int, Row] = {}
    entries: list[Lined] = []
    bad: list[tuple[Row, Finding]] = []
    for row in batch:
        try:
            reading = reader.read(_cells(table, row))
        except BadCellError as error:
            bad.append((row, count.finding(row.line, error.message, error.fix, error.rule)))
            continue
        rows[row.line] = row
        entries.append((row.line, reading.entry))
        for remark in reading.remarks:
            count.remarks.add(remark, row.line)
    taken = opened.take(entries)
    for line, first in taken.duplicates:
        message = f"same address as line {first}"
        bad.append((rows[line], count.finding(line, message, "keep one of the two", "duplicate")))
    count.read += len(batch)
    count.duplicates += len(taken.duplicates)
    count.taken.add(taken)
    count.reject(bad)


def _cells(table: Table, row: Row) -> dict[str, str]:
    """:raises BadCellError: the row is broken"""
    if row.fault:
        raise BadCellError("", row.fault.message, row.fault.fix, rule=row.fault.rule)
    if table.is_too_long(row):
        fix = "put a text that holds a delimiter into quotation marks"
        raise BadCellError("", "has more cells than there are columns", fix, rule="cells")
    return table.named(row)


def _told(table: Table, count: _Count) -> dict[str, Any]:
    taken = count.taken
    return {
        "sha256": table.sha256,
        "read": count.read,
        "added": taken.added,
        "updated": taken.updated,
        "rejected": count.rejected,
    }


def _result(
    table: Table, count: _Count, vocabulary: Vocabulary, *, rejects_file: Path | None, written: bool
) -> ImportResult:
    taken = count.taken
    return ImportResult(
        read=count.read,
        added=taken.added,
        updated=taken.updated,
        unchanged=taken.unchanged,
        rejected=count.rejected,
        pending=taken.pending,
        kept_away=taken.kept_away,
        duplicates=count.duplicates,
        unknown_interests=count.remarks.unknown_interests,
        rejects=tuple(count.findings),
        warnings=tuple(_warnings(table, count, vocabulary)),
        rejects_file=rejects_file,
        written=written,
        sha256=table.sha256,
    )


def _warnings(table: Table, count: _Count, vocabulary: Vocabulary) -> Iterator[Finding]:
    if table.unread:
        names = ", ".join(repr(name) for name in table.unread)
        message = f"columns that are not read: {names}"
        yield count.remarks.warning(message, "rename them if they should be", 1, rule="unread-columns")
    yield from count.remarks.warnings(vocabulary)


def _insist_past(consent: Consent, now: datetime) -> None:
    try:
        day(consent.on.isoformat(), now)
    except BadCellError as error:
        raise InputError(error.message, fix=error.fix) from None
