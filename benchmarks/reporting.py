"""How long a report on a million deliveries takes, and in how much memory: python -m benchmarks.reporting [READERS]."""

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.crowd import NEWSLETTER, READERS, gather, slugs, vocabulary
from benchmarks.measuring import Row, keep, show
from newsletter.audience import Rules
from newsletter.edition import CompiledStory, Piece
from newsletter.issue import Choice
from newsletter.report.account import account_of
from newsletter.segment import Everyone
from newsletter.store import open_store
from newsletter.store.drafts import Wanted
from tests.builders import a_compiled_issue, a_letterhead

_NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)
#: of a hundred deliveries: came back; and of the others: opened, by a machine, complained
_HISTORY = """
UPDATE deliveries SET settled_at = datetime('2026-06-10 01:30:00', '+' || (id / 100) || ' seconds') || '.000000',
  state = CASE WHEN id % 200 = 0 THEN 'refused' WHEN id % 1000 = 1 THEN 'unknown' ELSE 'accepted' END;
UPDATE mailings SET status = 'sent', started_at = '2026-06-10 01:30:00.000000',
  finished_at = '2026-06-10 05:00:00.000000';
INSERT INTO events (key, kind, happened_at, received_at, delivery_id, mailing_id, subscriber_id, is_machine)
SELECT 'p' || id, 'processed', settled_at, settled_at, id, mailing_id, subscriber_id, 0 FROM deliveries;
INSERT INTO events (key, kind, bounce, happened_at, received_at, delivery_id, mailing_id, subscriber_id, is_machine)
SELECT 'd' || id, CASE WHEN id % 100 = 3 THEN 'bounced' ELSE 'delivered' END,
  CASE WHEN id % 100 = 3 THEN 'full' END, settled_at, settled_at, id, mailing_id, subscriber_id, 0 FROM deliveries;
INSERT INTO events (key, kind, happened_at, received_at, delivery_id, mailing_id, subscriber_id, is_machine)
SELECT 'o' || id, CASE WHEN id % 1000 = 5 THEN 'complained' ELSE 'opened' END, settled_at, settled_at, id, mailing_id,
  subscriber_id, id % 2 FROM deliveries WHERE id % 5 = 0;
INSERT INTO bounces (subscriber_id, mailing_id, kind, bounced_at)
SELECT subscriber_id, mailing_id, 'dead', settled_at FROM deliveries WHERE state = 'refused';
UPDATE subscribers SET email = replace(email, 'example.com', 'd' || (id % 997) || '.example') WHERE id % 2 = 0;
"""


def laid_out(path: Path, readers: int) -> None:
    """A mailing of eight stories, matched to interests, and two to three events a delivery."""
    gather(path, readers)
    names = slugs()
    stories = tuple(
        CompiledStory(f"story{n}", f"Story {n}", 0, (names[n * 5], names[-1 - n]), n == 0) for n in range(8)
    )
    compiled = a_compiled_issue(
        letterhead=a_letterhead(newsletter=NEWSLETTER),
        stories=stories,
        choice=Choice.MATCHED_FIRST,
        html=tuple(Piece(story.id, 0, story.id) for story in stories),
        text=(),
    )
    rules = Rules(compiled=compiled, segment=Everyone(), vocabulary=vocabulary(), language="en")
    with open_store(f"sqlite:///{path}") as store:
        store.drafts.plan(Wanted(rules=rules, segment="everyone"), actor="bench", now=_NOW)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(_HISTORY)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def report(path: Path) -> None:
    """Alone in its process, so that its memory is its own."""
    started = time.perf_counter()
    with open_store(f"sqlite:///{path}") as store:
        found = account_of(store, store.mailings.find(1), vocabulary(), now=_NOW)
    taken = time.perf_counter() - started
    print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found.planned)


def in_a_child(*words: object) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.reporting", *map(str, words)]
    return [float(word) for word in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]


def main(readers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crowd.db"
        in_a_child("lay-out", path, readers)
        taken, peak, planned = sorted(in_a_child("report", path) for _ in range(3))[1]
    rows = [
        Row(f"a report on {planned:,.0f} deliveries", taken, "seconds", most=30),
        Row("at most held in memory", peak, "MiB", most=300),
    ]
    show("reports", rows, rounds=3)
    keep("reporting", figures={"deliveries": planned, "seconds": taken, "peak_mib": peak}, ratios={})


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["lay-out", path, readers]:
            laid_out(Path(path), int(readers))
        case ["report", path]:
            report(Path(path))
        case [readers]:
            main(int(readers))
        case _:
            main(READERS)
