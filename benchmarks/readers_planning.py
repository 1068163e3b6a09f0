"""How many readers a second a plan decides about: from the compiled issue to rows that are committed."""

import sqlite3
import time
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

from benchmarks import crowd
from benchmarks.measuring import Row, Task, in_turns
from benchmarks.planned import NOW
from benchmarks.readers import ROUNDS, Measured
from benchmarks.readers_counting import expressions
from benchmarks.render import BRIEFS, compiler_of
from newsletter.audience import Rules
from newsletter.delivery import DeliveryState
from newsletter.edition import CompiledIssue
from newsletter.issue import Choice
from newsletter.plan import Draft
from newsletter.segment.grammar import parse_segment
from newsletter.store import Store, open_store
from newsletter.store.drafts import Wanted

#: places of the tags of the issue's stories among all, by how many have chosen them
_STORY_TAGS = (3, 8, 13, 21, 34, 55, 89, 144, 233, 300)
#: emptied before each plan
_WRITTEN = ("deliveries", "skips", "editions", "mailings")
_MAILING = """
INSERT INTO mailings (id, newsletter, slug, title, segment, status, again, content_hash, audience_hash, compiled,
  planned_at, planned_by) VALUES (1, ?, '', '', '', 'draft', 0, '', '', x'', '', '')
"""
#: what a plan of everybody writes at least, past the program: the same table, the same indexes
_DELIVERIES = """
INSERT INTO deliveries (mailing_id, edition_id, subscriber_id, subscription_id, state)
SELECT 1, 1, subscriber_id, id, 'planned' FROM subscriptions WHERE newsletter = ?
"""


def issue() -> CompiledIssue:
    """The brief of ten stories that is shipped, filed under the crowd's tags."""
    compiled = compiler_of(BRIEFS["English"])()
    names = cycle(crowd.slugs()[place] for place in _STORY_TAGS)
    stories = tuple(replace(story, tags=(name,)) for story, name in zip(compiled.stories, names, strict=False))
    return replace(
        compiled,
        stories=stories,
        letterhead=replace(compiled.letterhead, newsletter=crowd.NEWSLETTER),
        choice=Choice.ALL,
        min_stories=1,
    )


def wanted(compiled: CompiledIssue, text: str) -> Wanted:
    vocabulary = crowd.vocabulary()
    expression = parse_segment(text, vocabulary, {})
    return Wanted(
        rules=Rules(compiled=compiled, segment=expression, vocabulary=vocabulary, language="en"), segment=text
    )


def empty(path: Path) -> None:
    """The store as it was before the plan."""
    connection = sqlite3.connect(path)
    for table in _WRITTEN:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def floor(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;")
    connection.execute(_MAILING, (crowd.NEWSLETTER,))
    connection.execute("INSERT INTO editions (id, mailing_id, hash, stories, subject) VALUES (1, 1, '', '', '')")
    connection.execute(_DELIVERIES, (crowd.NEWSLETTER,))
    connection.execute("COMMIT")
    connection.close()


def plan(store: Store, order: Wanted, readers: int) -> Draft:
    draft, mailing = store.drafts.plan(order, actor="bench", now=NOW)
    if mailing is None or draft.planned + sum(draft.skipped.values()) != readers:
        raise SystemExit("error: a plan has left somebody out")
    if mailing.audience_hash == "" or store.mailings.counts(mailing.id)[DeliveryState.PLANNED] != draft.planned:
        raise SystemExit("error: what was written is not what was planned")
    return draft


def measure(path: Path, readers: int) -> Measured:
    compiled = issue()
    narrow = expressions(path, readers)["narrow"]
    orders = {
        "everyone": wanted(compiled, "everyone"),
        "segment": wanted(compiled, narrow),
        "matched": wanted(replace(compiled, choice=Choice.MATCHED), "everyone"),
    }
    drafts: dict[str, Draft] = {}
    with open_store(f"sqlite:///{path}") as store:

        def planned(name: str) -> None:
            drafts[name] = plan(store, orders[name], readers)

        tasks: dict[str, Task] = {}
        for name in orders:
            tasks |= {f"before {name}": partial(empty, path), name: partial(planned, name)}
        tasks |= {"before floor": partial(empty, path), "floor": partial(floor, path)}
        used: dict[str, list[float]] = {name: [] for name in orders}
        tasks |= {name: partial(_used, tasks[name], used[name]) for name in orders}
        took = in_turns(tasks, rounds=ROUNDS, clock=time.perf_counter)
        empty(path)
    # The first round only warms up.
    return _measured(took, {name: median(seconds[1:]) for name, seconds in used.items()}, drafts, readers)


def _used(task: Task, seconds: list[float]) -> None:
    """Notes the processor time that it took: what a machine without other work would come near."""
    started = time.process_time()
    task()
    seconds.append(time.process_time() - started)


def _measured(took: dict[str, float], used: dict[str, float], drafts: dict[str, Draft], readers: int) -> Measured:
    chosen = {name: draft.planned for name, draft in drafts.items()}
    editions = len(drafts["matched"].editions)
    rows = [
        Row("plan for everyone, one edition: readers", readers / took["everyone"], "a second", least=200_000),
        Row(
            f"plan for a segment of {chosen['segment']:,}: readers",
            readers / took["segment"],
            "a second",
            least=200_000,
        ),
        Row("the same, by processor time", readers / used["segment"], "a second"),
        Row("the same, counting only those who get it", chosen["segment"] / took["segment"], "a second"),
        Row(f"plan with matched stories, {editions:,} editions: readers", readers / took["matched"], "a second"),
        Row("floor: bare INSERT INTO deliveries SELECT: rows", readers / took["floor"], "a second"),
    ]
    figures = {f"plan_{name}_readers_a_second": readers / took[name] for name in drafts}
    figures |= {f"plan_{name}_processor_s": used[name] for name in drafts}
    figures |= {f"plan_{name}_s": took[name] for name in (*drafts, "floor")}
    figures |= {f"plan_{name}_deliveries": float(number) for name, number in chosen.items()}
    ratios = {f"sqlite3: INSERT INTO deliveries SELECT, plan for {name}": took[name] / took["floor"] for name in drafts}
    return Measured(rows, figures | {"plan_matched_editions": float(editions)}, ratios)
