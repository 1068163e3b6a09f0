"""
How fast several workers send one mailing on PostgreSQL, and what it costs: `make bench-scale`, or
python -m benchmarks.scale [--readers N] [--seconds S] [--rounds R] [--only WORDS].

Rates are measured in windows of time, each way of working in turns, on one and the same mailing while it lasts. At the
end two workers send a mailing to everybody, and the sink's list is compared with the plan.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from benchmarks.measuring import Row, keep, show
from benchmarks.server import Server
from benchmarks.stage import WAYS, Stage, Way, a_stage
from benchmarks.windows import Window, limit_of, middle
from newsletter.delivery import MailingStatus
from newsletter.store import open_store

READERS = 1_000_000
SECONDS = 30.0
ROUNDS = 3
#: what two workers are to send of what one sends, where time on the way is the limit
_TWICE = 1.7
#: MiB, as of every sender
_MOST_MEMORY = 150
_LONGEST_WAIT = 3_600
_PLANNED = """
SELECT address FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id WHERE mailing_id = %s
"""
#: what the table shows of each way; the rest is kept
_SHOWN = {
    "messages/s": "messages/s",
    "database CPU, us a message": "us",
    "workers' CPU, us a message": "us",
    "WAL bytes a message": "bytes",
    "transactions in 1,000 messages": "",
    "MiB a worker at most": "MiB",
}


def main() -> None:
    words = arguments()
    ways = [way for way in WAYS if words.only in str(way)]
    with a_stage(words.readers) as (stage, took):
        sizes = {f"planned: {name}": size for name, size in sizes_of(stage.server, words.readers).items()}
        windows = in_turns(stage, ways, rounds=words.rounds, seconds=words.seconds)
        whole = everything(stage)
    found = {way: middle(windows[way]) for way in ways}
    others = {f"first: {name}": value for name, value in took.items()} | whole | sizes
    ratios = ratios_of(found)
    rows = [*rows_of(found), *(Row(what, times, "times", least=_least(what)) for what, times in ratios.items())]
    show(f"{words.readers:,} readers", [*rows, *(Row(*each, "") for each in others.items())], rounds=words.rounds)
    print("\nWhat limits it:")
    for way, each in found.items():
        print(f"  {way}: {limit_of(each)}")
    figures = {f"{way}: {name}": value for way, each in found.items() for name, value in each.items()}
    kept = keep("scale", figures={"readers": words.readers, **others, **figures}, ratios=ratios)
    print(f"\nKept in {kept.relative_to(Path.cwd())}; ratios are more workers beside one.")


def arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    asked.add_argument("--readers", type=int, default=READERS)
    asked.add_argument("--seconds", type=float, default=SECONDS, help="of each window")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--only", default="", help="ways whose name holds these words")
    return asked.parse_args()


def in_turns(stage: Stage, ways: Sequence[Way], *, rounds: int, seconds: float) -> dict[Way, list[Window]]:
    """A round looks at every way once, so that whatever slows the machine slows them all."""
    found: dict[Way, list[Window]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            window = stage.look(way, seconds)
            found[way].append(window)
            rate = window.figures["messages/s"]
            print(f"round {number + 1}: {way}: {rate:,.0f} a second ({window.seconds:.1f} s)", file=sys.stderr)
    return found


def everything(stage: Stage) -> dict[str, float]:
    """
    Two workers send to everybody.

    :raises SystemExit: somebody planned got nothing or two, or somebody else got something
    """
    way, before = Way(2, "sink"), stage.server.spent()
    readers = stage.plan("smtp")
    planned, sizes = stage.server.spent(), stage.server.sizes()["deliveries"]
    place, mailing_id = stage.sink.truth.stat().st_size, stage.mailings["smtp"]
    with stage.crew(way).at_work() as workers, open_store(stage.server.url) as store:
        started, deadline = time.perf_counter(), time.monotonic() + _LONGEST_WAIT
        while store.mailings.find(mailing_id).status is not MailingStatus.SENT:
            for worker in workers:
                worker.insist_alive()
            if time.monotonic() > deadline:
                raise SystemExit("error: it does not come to an end")
            time.sleep(0.1)
        seconds = time.perf_counter() - started
    spent, grown = stage.server.spent().since(planned), stage.server.sizes()["deliveries"]
    insist_same(stage, mailing_id, place)
    found = {
        "readers": readers,
        "seconds": seconds,
        "messages/s": readers / seconds,
        "WAL bytes a message": spent.wal_bytes / readers,
        "database CPU, us a message": spent.cpu / readers * 1e6,
        "plan: seconds": stage.plans[-1],
        "plan: WAL bytes a reader": planned.since(before).wal_bytes / readers,
        "deliveries grew by bytes a message": (grown[0] - sizes[0]) / readers,
        "their indexes grew by bytes a message": (grown[1] - sizes[1]) / readers,
        "vacuum of deliveries, seconds": stage.server.vacuum(),
    }
    return {f"whole: {name}": value for name, value in found.items()}


def insist_same(stage: Stage, mailing_id: int, place: int) -> None:
    """What the sink has written down since that place is the plan."""
    with stage.sink.truth.open("rb") as file:
        file.seek(place)
        got = Counter(line.rstrip(b"\n") for line in file)
    with psycopg.connect(stage.server.url) as connection:
        for (address,) in connection.cursor().stream(_PLANNED, [mailing_id]):
            got[address.encode()] -= 1
    wrong = sum(map(bool, got.values()))
    if wrong:
        raise SystemExit(f"error: {wrong} readers did not get exactly one message")


def sizes_of(server: Server, readers: int) -> dict[str, float]:
    """Bytes of table and indexes for each reader."""
    found: dict[str, float] = {}
    for name, (table, indexes) in server.sizes().items():
        if table + indexes > 10 * readers:
            found |= {f"{name}, bytes a reader": table / readers, f"{name}, indexes": indexes / readers}
    return found


def rows_of(found: Mapping[Way, Mapping[str, float]]) -> list[Row]:
    return [
        Row(f"{way}: {name}", each[name], unit, most=_MOST_MEMORY if unit == "MiB" else None)
        for way, each in found.items()
        for name, unit in _SHOWN.items()
    ]


def ratios_of(found: Mapping[Way, Mapping[str, float]]) -> dict[str, float]:
    """More workers beside one, by what they send a second."""
    alone = {way.group: each["messages/s"] for way, each in found.items() if way.workers == 1}
    return {
        f"{way.group}: {way.workers} workers beside one": each["messages/s"] / alone[way.group]
        for way, each in found.items()
        if way.workers > 1 and way.group in alone
    }


def _least(ratio: str) -> float | None:
    return _TWICE if "20 ms" in ratio else None


if __name__ == "__main__":
    main()
