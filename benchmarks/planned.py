"""A store with so many readers and one planned mailing: python -m benchmarks.planned STORE READERS."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime

from benchmarks.render import BRIEFS, compiler_of
from newsletter.audience import Rules
from newsletter.segment import Everyone
from newsletter.store import open_store
from newsletter.store.drafts import Wanted
from newsletter.subscriber import Consent, Entry
from newsletter.tags import read_vocabulary

CONSENT = Consent(basis="invented for a benchmark", on=date(2026, 3, 1))
NOW = datetime(2026, 6, 10, 1, 30, tzinfo=UTC)


def plan_for(address: str, readers: int) -> None:
    compiled = compiler_of(BRIEFS["English"])()
    newsletter = compiled.letterhead.newsletter
    with open_store(address) as store:
        store.readers.take_in(newsletter, entries(readers), update=False, actor="bench", now=NOW)
        rules = Rules(
            compiled=compiled,
            segment=Everyone(),
            vocabulary=read_vocabulary("ai: {names: {en: AI}}", path="tags.yaml"),
            language="en",
        )
        store.drafts.plan(Wanted(rules=rules, segment="everyone"), actor="bench", now=NOW)


def entries(readers: int) -> Iterator[Entry]:
    for number in range(readers):
        yield Entry(email=f"reader{number}@example.com", name=f"Reader Number {number}", consent=CONSENT)


if __name__ == "__main__":
    plan_for(sys.argv[1], int(sys.argv[2]))
