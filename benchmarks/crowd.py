"""A store with a million readers, each with five interests: python -m benchmarks.crowd FILE READERS."""

import random
import sqlite3
import sys
from bisect import bisect
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path

from newsletter.store import open_store
from newsletter.tags import Tag, Vocabulary, vocabulary_of

READERS = 1_000_000
INTERESTS = 5
NEWSLETTER = "china-ai-brief"
TAGS = 400
ROOTS = 25
#: of a hundred readers: unsubscribed, pending, suppressed
_LEFT, _PENDING, _SUPPRESSED = 2, 2, 1
_SEED = 20261128


def slugs() -> list[str]:
    """The most chosen first; the widest ones, under which the others stand, are chosen least."""
    return [f"subject-{number:03}" for number in range(TAGS)]


@cache
def vocabulary() -> Vocabulary:
    names, roots = slugs(), slugs()[-ROOTS:]
    return vocabulary_of(
        Tag(slug, {"en": slug}, parents=() if slug in roots else (roots[number % ROOTS],))
        for number, slug in enumerate(names)
    )


def gather(path: Path, readers: int = READERS) -> None:
    """A new store in the file. Its rows go in past the program: an import is another measurement."""
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    with connection:
        connection.execute(_PEOPLE, {"readers": readers})
        connection.execute(_SUBSCRIPTIONS, {"newsletter": NEWSLETTER, "left": _LEFT, "pending": _PENDING})
        connection.execute(_SUPPRESSIONS, {"suppressed": _SUPPRESSED})
        connection.executemany("INSERT INTO interests (subscription_id, tag) VALUES (?, ?)", _chosen(readers))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _chosen(readers: int) -> Iterator[tuple[int, str]]:
    """Zipf's law: the second tag is drawn half as often as the first, the third a third as often; no tag twice."""
    names, draw = slugs(), random.Random(_SEED)  # noqa: S311 - nobody is to guess less
    bounds = list(accumulate(1 / rank for rank in range(1, TAGS + 1)))
    for number in range(1, readers + 1):
        theirs: set[str] = set()
        while len(theirs) < INTERESTS:
            theirs.add(names[bisect(bounds, draw.random() * bounds[-1])])
        for slug in sorted(theirs):
            yield number, slug


_PEOPLE = """
WITH RECURSIVE numbered(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbered WHERE n < :readers)
INSERT INTO subscribers (id, email, address, name, language, company, manager, zone, created_at)
SELECT n, 'reader' || n || '@example.com', 'reader' || n || '@example.com', 'Reader Number ' || n,
  CASE n % 3 WHEN 0 THEN 'zh-Hans' WHEN 1 THEN 'en' ELSE '' END, 'Company ' || n % 5000, 'Adviser ' || n % 40,
  'Asia/Singapore', '2026-03-01 01:30:00.000000' FROM numbered
"""
_SUBSCRIPTIONS = """
INSERT INTO subscriptions (id, public_id, subscriber_id, newsletter, status, consent_basis, consent_on, joined_at)
SELECT id, randomblob(16), id, :newsletter,
  CASE WHEN id % 100 < :left THEN 'unsubscribed' WHEN id % 100 < :left + :pending THEN 'pending' ELSE 'confirmed' END,
  'invented for a benchmark', '2026-03-01', '2026-03-01 01:30:00.000000' FROM subscribers
"""
_SUPPRESSIONS = """
INSERT INTO suppressions (subscriber_id, reason, suppressed_at)
SELECT id, 'bounced', '2026-03-01 01:30:00.000000' FROM subscribers WHERE id % 100 >= 100 - :suppressed
"""

if __name__ == "__main__":
    gather(Path(sys.argv[1]), int(sys.argv[2]))
