"""Take times in turns, show them beside their targets, and keep them as JSON."""

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.columns import width

RESULTS = Path(__file__).parent / "results"
ROUNDS = 11

Task = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Without a target it is there to compare with."""

    what: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def target(self) -> str:
        if self.least is not None:
            return f"at least {_number(self.least)}"
        return "" if self.most is None else f"at most {_number(self.most)}"

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        is_met = self.value >= self.least if self.least is not None else self.value <= (self.most or 0)
        return "met" if is_met else "MISSED"


def in_turns(
    tasks: Mapping[str, Task], *, rounds: int = ROUNDS, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """
    The median seconds of each task. A round runs every task once, so that whatever slows the machine slows them all.

    :param clock: the time of this process alone, unless a task waits for another one
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            gc.collect()
            started = clock()
            task()
            # the first round warms up
            if number:
                taken[name].append(clock() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def show(title: str, rows: Sequence[Row], *, rounds: int = ROUNDS) -> None:
    print(f"\n{title}: medians of {rounds} rounds, taken in turns; {machine()}\n")
    lines = [("", "", "", "target", "")]
    lines += [(row.what, _number(row.value), row.unit, row.target, row.verdict) for row in rows]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        what, value, *others = line
        cells = [_padded(what, widths[0]), value.rjust(widths[1]), *map(_padded, others, widths[2:])]
        print("  ".join(cells).rstrip())


def keep(name: str, *, figures: Mapping[str, float], ratios: Mapping[str, float]) -> Path:
    """
    :param ratios: ours divided by that of the peer
    """
    path = RESULTS / f"{name}.json"
    result = {
        "name": name,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "figures": {key: _rounded(value) for key, value in figures.items()},
        "ratios": {key: _rounded(value) for key, value in ratios.items()},
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def machine() -> str:
    """What it ran on, without the machine's name."""
    cores = os.cpu_count() or 1
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _rounded(value: float) -> float:
    """Four digits say all that a measurement knows."""
    return float(f"{value:.4g}")


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))
