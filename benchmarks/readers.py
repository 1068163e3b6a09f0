"""
How fast a million readers are counted and planned for, and in how much memory. Run it with `make bench-readers`.

Each measurement is a module with a function `measure`, in a process of its own, so that its memory is its own.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path

from benchmarks import crowd
from benchmarks.measuring import Row, keep, show

ROOT = Path(__file__).parents[1]
#: by name; each has `measure(crowd: Path, readers: int) -> Measured`
MEASUREMENTS = {
    "counting": "benchmarks.readers_counting",
    "planning": "benchmarks.readers_planning",
}
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    rows: list[Row]
    figures: dict[str, float]
    #: ours divided by that of the peer
    ratios: dict[str, float] = field(default_factory=dict)


def peak_memory() -> float:
    """
    MiB that this program has held at most.

    Not `ru_maxrss`, which after a fork starts from what the parent held.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def measured_apart(name: str, path: Path, readers: int) -> Measured:
    words = [sys.executable, "-m", "benchmarks.readers", name, str(path), str(readers)]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    told = json.loads(done.stdout)
    return Measured([Row(**row) for row in told["rows"]], told["figures"], told["ratios"])


def measure_here(name: str, path: Path, readers: int) -> None:
    found: Measured = import_module(MEASUREMENTS[name]).measure(path, readers)
    peak = peak_memory()
    rows = [*found.rows, Row(f"{name}: peak memory", peak, "MiB", most=150)]
    figures = found.figures | {f"{name}_peak_mib": peak}
    print(json.dumps({"rows": [asdict(row) for row in rows], "figures": figures, "ratios": found.ratios}))


def main(readers: int = crowd.READERS) -> None:
    rows: list[Row] = []
    figures: dict[str, float] = {"readers": readers}
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "newsletter.db"
        print(f"Gathering {readers:,} invented readers (a few minutes)", file=sys.stderr)
        crowd.gather(path, readers)
        for name in MEASUREMENTS:
            found = measured_apart(name, path, readers)
            rows += found.rows
            figures |= found.figures
            ratios |= found.ratios
    show(f"{readers:,} readers with {crowd.INTERESTS} interests each", rows, rounds=ROUNDS)
    kept = keep("readers", figures=figures, ratios=ratios)
    print(f"\nKept in {kept.relative_to(ROOT)}; ratios are ours divided by theirs, in time.")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure_here(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:2]))
