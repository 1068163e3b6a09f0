"""
How long a list of a million readers takes to come in, and in how much memory: python -m benchmarks.readers_import.

Beside it a floor: the same file read by `csv`, and the same rows written into the same tables, with nothing looked at.
"""

import csv
import json
import os
import random
import resource
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks.measuring import Row, keep, show

READERS = 1_000_000
NEWSLETTER = "bench"
NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)
AT = "2026-06-10 01:30:00.000000"
INTERESTS = 5
TAGS = 600
DOMAINS = 50_000
#: what the project promises for a million
MOST_SECONDS = 90
MOST_MEMORY = 200
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class ImportFigures:
    readers: int
    #: from the call to the end of the transaction
    seconds: float
    #: of these, how long a core was at work for it
    cpu_seconds: float
    #: of the process that did it, at its highest, in MiB
    memory: float
    #: the same rows, bare
    floor_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor_seconds

    def rows(self) -> list[Row]:
        """For the table of a benchmark; the targets are those of a million."""
        scale = self.readers / READERS
        return [
            Row(f"import of {self.readers:,} rows of CSV", self.seconds, "s", most=MOST_SECONDS * scale),
            Row("of these a core was at work", self.cpu_seconds, "s"),
            Row("its memory at the highest", self.memory, "MiB", most=MOST_MEMORY),
            Row("readers a second", self.readers / self.seconds, "readers/s"),
            Row("the floor: csv and bare inserts", self.floor_seconds, "s"),
            Row("our time by the floor's", self.ratio, "times"),
        ]


def measure_import(readers: int = READERS) -> ImportFigures:
    """Each in a process of its own, one after the other."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name:
        folder = Path(name)
        write_list(folder / "readers.csv", readers)
        floor = _child("floor", folder, "floor.db")
        ours = _child("ours", folder, "ours.db")
        _insist_same(folder, readers)
    return ImportFigures(readers, ours["seconds"], ours["cpu"], ours["memory"], floor["seconds"])


def write_list(path: Path, readers: int) -> None:
    """Invented readers with five interests each, drawn by Zipf, the columns that a list of ours has, and no bad row."""
    draw = random.Random(7)  # noqa: S311 - no secret
    weights = [1 / rank for rank in range(1, TAGS + 1)]
    slugs = draw.choices([f"tag-{number}" for number in range(TAGS)], weights, k=100_000)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "name", "language", "company", "manager", "interests", "consent_basis", "consent_on"])
        for number in range(readers):
            name = f"Reader Number {number}" if number % 3 else f"读者 {number}"
            chosen = sorted({draw.choice(slugs) for _ in range(INTERESTS)})
            email = f"reader.{number}@office{draw.randrange(DOMAINS)}.example.com"
            language = "en" if number % 3 else "zh-Hans"
            company, manager = f"Company {number % 5_000}", f"Adviser {number % 40}"
            writer.writerow([email, name, language, company, manager, ";".join(chosen), "signed up", "2026-03-01"])


def _child(what: str, folder: Path, database: str) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.readers_import", what, str(folder), database]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _ours(folder: Path, database: str) -> None:
    from newsletter.roster import Intake, import_readers
    from newsletter.store import open_store
    from newsletter.tags import read_vocabulary

    words = "".join(f"tag-{number}: {{names: {{en: Tag {number}}}}}\n" for number in range(TAGS))
    intake = Intake(newsletter=NEWSLETTER, vocabulary=read_vocabulary(words, path="tags.yaml"))
    with open_store(f"sqlite:///{folder / database}") as store:
        result = import_readers(store, folder / "readers.csv", intake, actor="bench", now=NOW)
    if result.rejected or result.warnings:
        raise SystemExit(f"{result.rejected} rows were rejected: {result.rejects[:3]} {result.warnings[:3]}")


def _floor(folder: Path, database: str) -> None:
    connection = sqlite3.connect(folder / database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA cache_size=-49152")
    connection.execute("BEGIN IMMEDIATE")
    with (folder / "readers.csv").open(encoding="utf-8", newline="") as file:
        rows = enumerate(islice(csv.reader(file), 1, None), 1)
        while batch := list(islice(rows, _BATCH)):
            for table, columns, values in _bare(batch):
                marks = ", ".join("?" * len(columns.split(", ")))
                connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608
    connection.execute("COMMIT")


def _bare(batch: list[tuple[int, list[str]]]) -> Iterator[tuple[str, str, Sequence[tuple[object, ...]]]]:
    people = [(n, it[0], it[0], it[1], it[2], it[3], it[4], AT) for n, it in batch]
    yield "subscribers", "id, email, address, name, language, company, manager, created_at", people
    read = [(n, secrets.token_bytes(16), n, NEWSLETTER, "confirmed", it[6], it[7], AT) for n, it in batch]
    columns = "id, public_id, subscriber_id, newsletter, status, consent_basis, consent_on, joined_at"
    yield "subscriptions", columns, read
    yield "interests", "subscription_id, tag", [(n, tag) for n, it in batch for tag in it[5].split(";")]
    said = [(n, NEWSLETTER, "added", AT, it[6], it[7], "sha256:" + "0" * 64, "bench") for n, it in batch]
    yield "consents", "subscriber_id, newsletter, event, at, basis, given_on, source, actor", said


def _insist_same(folder: Path, readers: int) -> None:
    """What is fast is right, too: both databases hold the same."""
    asked = (
        "SELECT count(*), sum(id), min(email), max(email), max(name) FROM subscribers",
        "SELECT count(*), max(status), max(consent_on) FROM subscriptions",
        "SELECT count(*), count(DISTINCT tag), sum(subscription_id) FROM interests",
        "SELECT count(*), max(event), max(given_on) FROM consents",
    )
    found = []
    for name in ("ours.db", "floor.db"):
        with sqlite3.connect(folder / name) as connection:
            found.append([connection.execute(question).fetchone() for question in asked])
    if found[0] != found[1] or found[0][0][0] != readers:
        raise SystemExit(f"the import wrote something else than its file says: {found}")


def _timed(what: str, folder: Path, database: str) -> None:
    from newsletter.store import open_store

    open_store(f"sqlite:///{folder / database}").close()
    started, busy = time.perf_counter(), time.process_time()
    (_ours if what == "ours" else _floor)(folder, database)
    found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - busy}
    print(json.dumps(found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main(readers: int = READERS) -> None:
    figures = measure_import(readers)
    show("Import", figures.rows(), rounds=1)
    print(f"load average {os.getloadavg()[0]:.1f}; on a busy machine read the ratio")
    named = {
        "seconds": figures.seconds,
        "cpu_seconds": figures.cpu_seconds,
        "memory_mib": figures.memory,
        "floor_seconds": figures.floor_seconds,
    }
    named |= {"load_average": os.getloadavg()[0]}
    print(keep("readers_import", figures=named, ratios={"csv and bare inserts": figures.ratio}))


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["floor"]):
        _timed(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else READERS)
