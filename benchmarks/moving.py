"""A million readers moved to PostgreSQL and back: how long, in how much memory? python -m benchmarks.moving [N]"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.crowd import READERS
from benchmarks.measuring import Row, keep, show
from tests import postgres


def main(readers: int) -> None:
    with tempfile.TemporaryDirectory() as name, postgres.a_server() as server:
        folder = Path(name)
        run(folder, "-m", "benchmarks.planned", "sqlite:///newsletter.db", str(readers))
        there = move(folder, "sqlite:///newsletter.db", server.get_uri())
        back = move(folder, server.get_uri(), "sqlite:///back.db")
    rows = [
        Row(f"{readers:,} readers and a mailing to them, to PostgreSQL", there[0], "s"),
        Row("peak memory", there[1], "MiB", most=150),
        Row("back into a file", back[0], "s"),
        Row("peak memory", back[1], "MiB", most=150),
    ]
    show("Moving a store", rows, rounds=1)
    figures = {"seconds": there[0], "mebibytes": there[1], "seconds_back": back[0], "mebibytes_back": back[1]}
    print(f"\n{keep('moving', figures=figures, ratios={})}")


def move(folder: Path, source: str, target: str) -> tuple[float, float]:
    return run(folder, "-m", "newsletter", "migrate-store", source, target, "--yes", "--json")


def run(folder: Path, *words: str) -> tuple[float, float]:
    """Seconds, and the highest memory in MiB, of a Python of its own."""
    environ = os.environ | {"PYTHONPATH": str(Path.cwd()), "NEWSLETTER_ACTOR": "bench"}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    return time.perf_counter() - started, used.ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else READERS)
