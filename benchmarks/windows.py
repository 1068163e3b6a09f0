"""What workers do in a window of time: messages, and what each of them costs."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.processes import Cores, cores, peak_of, seconds_of
from benchmarks.server import Server, Spent
from benchmarks.working import Taker, Worker, wait_until_taking

#: seconds that workers send before anybody looks, and what share of what is left may leave meanwhile
_WARM, _WARM_SHARE = 3.0, 0.05
_LOOK = 0.05
#: cores that others may have before a limit is not ours
_TOO_MANY = 0.3


@dataclass(frozen=True, slots=True)
class Glance:
    at: float
    messages: int
    spent: Spent
    #: seconds of a core, by process
    used: Mapping[str, float]
    cores: Cores


@dataclass(frozen=True, slots=True)
class Window:
    """Between two glances at workers who are sending."""

    first: Glance
    last: Glance
    #: MiB of each worker at its highest
    memory: Sequence[float]

    @property
    def seconds(self) -> float:
        return self.last.at - self.first.at

    @property
    def messages(self) -> int:
        return self.last.messages - self.first.messages

    @property
    def shares(self) -> dict[str, float]:
        """How much of a core each process was at work."""
        took = {name: self.last.used[name] - used for name, used in self.first.used.items()}
        return {name: used / self.seconds for name, used in took.items()}

    @property
    def figures(self) -> dict[str, float]:
        each, spent, shares = max(self.messages, 1), self.last.spent.since(self.first.spent), self.shares
        busy = self.last.cores.share_since(self.first.cores)
        ours = sum(share for name, share in shares.items() if name.startswith("worker"))
        return {
            "messages/s": self.messages / self.seconds,
            "database CPU, us a message": spent.cpu / each * 1e6,
            "workers' CPU, us a message": ours * self.seconds / each * 1e6,
            "WAL bytes a message": spent.wal_bytes / each,
            "WAL records a message": spent.wal_records / each,
            "full pages logged in 1,000 messages": spent.full_pages / each * 1_000,
            "transactions in 1,000 messages": spent.transactions / each * 1_000,
            "MiB a worker at most": max(self.memory),
            "share of all cores that was busy": busy,
            **{f"share of a core: {name}": share for name, share in shares.items()},
            "share of a core: others": max(0.0, busy * (os.cpu_count() or 1) - sum(shares.values())),
        }


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is at work beside the workers."""

    server: Server
    taker: Taker
    #: processes that are looked at, by name
    others: Mapping[str, int]

    def look(self, workers: Sequence[Worker], *, left: int, seconds: float) -> Window:
        """
        As soon as they are warm, for so many seconds, or until nearly all has gone.

        :param left: messages of the mailing that have not
        """
        start = self.taker.count()
        wait_until_taking(self.taker, workers, start)
        self._wait(start + int(left * _WARM_SHARE), seconds=_WARM)
        first = self._glance(workers)
        self._wait(start + int(left * (1 - _WARM_SHARE)), seconds=seconds)
        last = self._glance(workers)
        for worker in workers:
            worker.insist_alive()
        return Window(first, last, [peak_of(worker.pid) for worker in workers])

    def _wait(self, most: int, *, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and self.taker.count() < most:
            time.sleep(_LOOK)

    def _glance(self, workers: Sequence[Worker]) -> Glance:
        spent = self.server.spent()
        named = {f"worker {number}": worker.pid for number, worker in enumerate(workers, 1)} | dict(self.others)
        used = {name: seconds_of(pid) for name, pid in named.items()} | {"database": spent.cpu}
        return Glance(time.perf_counter(), self.taker.count(), spent, used, cores())


def middle(windows: Iterable[Window]) -> dict[str, float]:
    """The median of each figure."""
    found = [window.figures for window in windows]
    return {name: median(each[name] for each in found) for name in found[0]}


def limit_of(figures: Mapping[str, float], *, full: float = 0.85) -> str:
    """What keeps them from sending more: a process that fills its core, all cores together, or what they wait for."""
    start = "share of a core: "
    shares = {name.removeprefix(start): share for name, share in figures.items() if name.startswith(start)}
    busy, listed = (
        figures["share of all cores that was busy"],
        ", ".join(f"{name} {shares[name]:.2f}" for name in shares),
    )
    # A server with many processes may fill more than one core, and so may others.
    widest = max(shares.keys() - {"database", "others"}, key=lambda name: shares[name])
    if shares[widest] >= full:
        limit = f"{widest} fills its core"
    elif shares["others"] >= _TOO_MANY:
        limit = "nobody can tell: others are at work on this machine"
    elif busy >= full:
        limit = "all cores are at work"
    else:
        limit = "neither cores nor a process: the way there and back"
    return f"{limit} ({listed}; all cores {busy:.0%})"
