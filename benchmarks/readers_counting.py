"""How long `segments count` thinks about an expression of four terms."""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import crowd
from benchmarks.measuring import Row, in_turns
from benchmarks.readers import ROUNDS, Measured
from newsletter.segment import Home, Segment, matches
from newsletter.segment.grammar import parse_segment
from newsletter.store import Store, open_store

#: of the readers; so many at most hold the narrowest tag that is asked for
NARROW = 0.1
_CHECKED = 2_000


def expressions(path: Path, readers: int) -> dict[str, str]:
    """The most that a narrow tag may hold beside the three widest ones; and what has no narrow tag."""
    wide, narrow = crowd.slugs(), narrowest_of(path, readers)
    return {
        "narrow": f"{narrow} and ({wide[0]} or {wide[1]}) and not {wide[2]}",
        "all of four": f"{narrow} and {wide[0]} and {wide[1]} and {wide[2]}",
        "people": f'{narrow} and {wide[0]} and language:en and not company:"company 7"',
        "wide": f"({wide[0]} or {wide[1]}) and not ({wide[2]} or {wide[3]})",
        "nobody": f"not ({wide[0]} or {wide[1]}) and not ({wide[2]} or {wide[3]})",
    }


def narrowest_of(path: Path, readers: int) -> str:
    """The tag that most readers hold, its wider ones included, of those that at most a tenth do."""
    shares = {slug: _held(path, slug) / readers for slug in crowd.slugs()[: crowd.TAGS // 4]}
    return max((slug for slug, share in shares.items() if share <= NARROW), key=shares.__getitem__)


def _held(path: Path, slug: str) -> int:
    marks, kin = "?", sorted(crowd.vocabulary().kin(slug))
    asked = f"SELECT count(DISTINCT subscription_id) FROM interests WHERE tag IN ({', '.join([marks] * len(kin))})"  # noqa: S608
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(asked, kin).fetchone()[0])
    finally:
        connection.close()


def segment_of(text: str) -> Segment:
    return Segment(parse_segment(text, crowd.vocabulary(), {}), Home("en"))


def insist_equal(store: Store, texts: list[str]) -> None:
    """What is fast must be right: among the first readers, the function holds the same ones."""
    some = [reader for _, reader in zip(range(_CHECKED), store.readers.stream(crowd.NEWSLETTER), strict=False)]
    last = some[-1].subscription_id
    for text in texts:
        segment = segment_of(text)
        held = {reader.subscription_id for reader in some if matches(segment.expression, reader, segment.home)}
        found = set()
        for reader in store.readers.stream(crowd.NEWSLETTER, segment):
            if reader.subscription_id > last:
                break
            found.add(reader.subscription_id)
        if held != found:
            raise SystemExit(f"error: the database and the function disagree about {text}")


def measure(path: Path, readers: int) -> Measured:
    texts = expressions(path, readers)
    narrow = narrowest_of(path, readers)
    share = _held(path, narrow) / readers
    with open_store(f"sqlite:///{path}") as store:
        insist_equal(store, list(texts.values()))
        tasks: dict[str, Callable[[], object]] = {name: partial(_count, store, text) for name, text in texts.items()}
        bare = sqlite3.connect(path)
        tasks["floor"] = lambda: bare.execute("SELECT count(*) FROM interests WHERE tag = ?", (narrow,)).fetchone()
        took = in_turns(tasks, rounds=ROUNDS, clock=time.perf_counter)
        counts = {name: _count(store, text) for name, text in texts.items()}
        bare.close()
    told = {
        "narrow": f"count of a and (b or c) and not d, a with {share:.1%} of the readers",
        "all of four": "count of a and b and c and d, the same a",
        "people": "count of a and b, by language and company",
        "wide": "worst case: (a or b) and not (c or d), the widest four",
        "nobody": "worst case: not (a or b) and not (c or d)",
    }
    most = {"narrow": 300.0, "all of four": 300.0}
    rows = [
        Row(f"{what} ({counts[name]:,})", took[name] * 1000, "ms", most=most.get(name)) for name, what in told.items()
    ]
    rows.append(Row("floor: bare sqlite3 counts one tag in its index", took["floor"] * 1000, "ms"))
    figures = {f"count_ms_{name.replace(' ', '_')}": seconds * 1000 for name, seconds in took.items()}
    over_floor = {"sqlite3: count of one tag in a covering index": took["narrow"] / took["floor"]}
    return Measured(rows, figures | {"narrowest_share": share}, over_floor)


def _count(store: Store, text: str) -> int:
    return store.readers.count(crowd.NEWSLETTER, segment_of(text), mailable=True)
