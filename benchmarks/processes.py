"""What processes of this machine have used, from Linux' /proc; proc_pid_stat(5)."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def seconds_of(pid: int) -> float:
    """Of a core, for the process itself and for those that it has seen end."""
    return _seconds(pid, with_children=True)


def seconds_of_family(pid: int) -> float:
    """The same with its children that are alive, as a server with one process a connection has them."""
    return seconds_of(pid) + sum(_seconds(child, with_children=False) for child in _children(pid))


def peak_of(pid: int) -> float:
    """MiB that the process has held at most."""
    lines = (_PROC / str(pid) / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


@dataclass(frozen=True, slots=True)
class Cores:
    """Seconds of all cores together, since the machine was started."""

    busy: float
    idle: float

    def share_since(self, before: "Cores") -> float:
        """How much of them was at work for anybody."""
        busy, idle = self.busy - before.busy, self.idle - before.idle
        return busy / (busy + idle) if busy + idle else 0.0


def cores() -> Cores:
    first = (_PROC / "stat").read_text(encoding="ascii").splitlines()[0]
    # user, nice, system, idle, iowait, irq, softirq, steal; what another machine has stolen is busy as well
    ticks = [int(word) / _TICKS for word in first.split()[1:9]]
    idle = ticks[3] + ticks[4]
    return Cores(busy=sum(ticks) - idle, idle=idle)


def _children(pid: int) -> list[int]:
    return [int(word) for word in (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]


def _seconds(pid: int, *, with_children: bool) -> float:
    try:
        told = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # The name before the bracket may hold anything.
    words = told.rpartition(")")[2].split()
    ticks = words[11:15] if with_children else words[11:13]
    return sum(map(int, ticks)) / _TICKS
