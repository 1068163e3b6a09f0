"""
A store with so many readers and one planned mailing: python -m benchmarks.planned STORE READERS.

Prints what it took as JSON. With `again`, the readers are there, and get one more mailing.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

from benchmarks.readers import peak_memory
from benchmarks.render import BRIEFS, compiler_of
from newsletter.audience import Rules
from newsletter.edition import CompiledIssue
from newsletter.segment import Everyone
from newsletter.store import Store, open_store
from newsletter.store.drafts import Wanted
from newsletter.subscriber import Consent, Entry
from newsletter.tags import read_vocabulary

CONSENT = Consent(basis="invented for a benchmark", on=date(2026, 3, 1))
NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)


def plan_for(address: str, readers: int, *, again: bool = False) -> dict[str, float]:
    """Seconds and MiB of both steps."""
    compiled = compiler_of(BRIEFS["English"])()
    found: dict[str, float] = {}
    with open_store(address) as store:
        if not again:
            started = time.perf_counter()
            newsletter = compiled.letterhead.newsletter
            store.readers.take_in(newsletter, entries(readers), update=False, actor="bench", now=NOW)
            found["take_in_seconds"] = time.perf_counter() - started
        started = time.perf_counter()
        plan(store, compiled)
        found["plan_seconds"] = time.perf_counter() - started
    return found | {"peak_mib": peak_memory()}


def plan(store: Store, compiled: CompiledIssue) -> None:
    """For everybody, whoever has the issue already."""
    rules = Rules(
        compiled=compiled,
        segment=Everyone(),
        vocabulary=read_vocabulary("ai: {names: {en: AI}}", path="tags.yaml"),
        language="en",
    )
    store.drafts.plan(Wanted(rules=rules, segment="everyone", again=True), actor="bench", now=NOW)


def entries(readers: int) -> Iterator[Entry]:
    for number in range(readers):
        yield Entry(email=f"reader{number}@example.com", name=f"Reader Number {number}", consent=CONSENT)


if __name__ == "__main__":
    print(json.dumps(plan_for(sys.argv[1], int(sys.argv[2]), again="again" in sys.argv[3:])))
