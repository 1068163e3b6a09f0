"""
How fast a planned mailing leaves, with a durable ledger: `make bench-send`, or python -m benchmarks.send [READERS].

The peers send the same message as many times to the same sink, in the same round, with nothing written down.
"""

import asyncio
import json
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import log
from pathlib import Path
from typing import Any

from benchmarks import sendgrid_wire
from benchmarks.measuring import Row, in_turns, keep, show
from benchmarks.render import case_of
from newsletter.message import prebuild
from tests.smtpd import smtp_sink

READERS = 10_000
ROUNDS = 5
CONNECTIONS = 8
#: readers, for time and memory
SIZES = (10_000, 100_000, 1_000_000)
PEERS = Path(__file__).parent / "peers"
ADDRESS = "news@example.com"


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for sink, open_sink in (("smtp-sink", smtp_sink), ("a faster sink", fast_sink)):
            found = rates(Path(name), open_sink, readers)
            rows += [Row(f"{sink}: {who}", rate, "messages/s") for who, rate in found.items()]
            rows += compared(sink, found, ratios)
            figures |= {f"{sink} {who} messages/s": rate for who, rate in found.items()}
        rows += to_sendgrid(figures, ratios)
        rows += growth(Path(name), figures, [size for size in SIZES if size <= max(readers * 100, SIZES[0])])
    show("Sending", rows, rounds=ROUNDS)
    print(f"\nKept in {keep('send', figures=figures, ratios=ratios).relative_to(Path.cwd())}")


def rates(folder: Path, open_sink: Callable[[], Any], readers: int) -> dict[str, float]:
    """Messages a second, by who sends them."""
    planned = folder / "planned.db"
    if not planned.exists():
        run("benchmarks.planned", f"sqlite:///{planned}", str(readers))
    message = one_message()
    ready = folder / "message.json"
    ready.write_text(json.dumps({"raw": message.decode(), **parts(message)}))
    with ExitStack() as stack:
        port = stack.enter_context(open_sink())
        tasks: dict[str, Callable[[], object]] = {
            "ours": lambda: ours(planned, port, readers),
            "smtp-source": lambda: source(port, readers, len(message)),
            "smtplib, 8 threads": lambda: by_smtplib(port, message, readers),
            "aiosmtplib, 8 connections": lambda: asyncio.run(by_aiosmtplib(port, message, readers)),
            "nodemailer, ready-made": lambda: by_nodemailer(port, readers, "raw", ready),
            "nodemailer, builds": lambda: by_nodemailer(port, readers, "built", ready),
        }
        taken = in_turns(tasks, rounds=ROUNDS, clock=time.perf_counter)
    # ours says itself how long it sent: starting Python is not sending
    taken["ours"] = OURS.pop("median")
    return {who: readers / seconds for who, seconds in taken.items()}


def compared(sink: str, found: dict[str, float], ratios: dict[str, float]) -> list[Row]:
    least = {"smtp-source": 1.0, "nodemailer, ready-made": 2.5, "nodemailer, builds": 8.0}
    rows = []
    for peer in list(found)[1:]:
        times = found["ours"] / found[peer]
        # in time, as everywhere: less than one is faster
        ratios[f"{sink}: {peer}"] = 1 / times
        rows.append(Row(f"{sink}: ours beside {peer}", times, "times", least=least.get(peer)))
    return rows


#: seconds of each of our own sendings; the last look takes their median
OURS: dict[str, Any] = {"all": []}


def ours(planned: Path, port: int, readers: int) -> None:
    found = sent(planned, "smtp", str(port), CONNECTIONS)
    if found["accepted"] != readers:
        raise SystemExit(f"error: {readers} readers, {found['accepted']} accepted")
    OURS["all"].append(found["seconds"])
    if len(OURS["all"]) == ROUNDS + 1:
        OURS["median"] = sorted(OURS.pop("all")[1:])[ROUNDS // 2]
        OURS["all"] = []


def sent(planned: Path, kind: str, place: str, many: int) -> dict[str, float]:
    """A sending from a fresh copy of the planned store, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=planned.parent) as name:
        copy = Path(name) / "newsletter.db"
        shutil.copyfile(planned, copy)
        found: dict[str, float] = json.loads(run("benchmarks.sender", f"sqlite:///{copy}", kind, place, str(many)))
        return found


def run(*words: str) -> str:
    return subprocess.run([sys.executable, "-m", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def fast_sink() -> Iterator[int]:
    with tempfile.NamedTemporaryFile() as truth:
        command = [sys.executable, "-m", "tests.sink", truth.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield int(process.stdout.readline() if process.stdout else 0)
            finally:
                process.terminate()


def one_message() -> bytes:
    case = case_of("English")
    return prebuild(case.edition).fill(case.recipients()[0])


def parts(message: bytes) -> dict[str, str]:
    import email
    import email.policy

    read = email.message_from_bytes(message, policy=email.policy.default)
    text, html = (part.get_content() for part in read.iter_parts())
    return {"text": text, "html": html}


def source(port: int, messages: int, length: int) -> None:
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin:/sbin") or "smtp-source"
    command = [program, "-d", "-s", str(CONNECTIONS), "-l", str(length), "-m", str(messages)]
    subprocess.run([*command, "-f", ADDRESS, "-t", "reader@example.com", f"127.0.0.1:{port}"], check=True)


def by_smtplib(port: int, message: bytes, messages: int) -> None:
    def work(share: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, "example.com") as client:
            for number in range(share, messages, CONNECTIONS):
                client.sendmail(ADDRESS, f"reader{number}@example.com", message)

    threads = [threading.Thread(target=work, args=(share,)) for share in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def by_aiosmtplib(port: int, message: bytes, messages: int) -> None:
    import aiosmtplib

    async def work(share: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in range(share, messages, CONNECTIONS):
                await client.sendmail(ADDRESS, [f"reader{number}@example.com"], message)

    await asyncio.gather(*(work(share) for share in range(CONNECTIONS)))


def by_nodemailer(port: int, messages: int, kind: str, ready: Path) -> None:
    command = ["node", str(PEERS / "nodemailer.mjs"), str(port), str(messages), str(CONNECTIONS), kind, str(ready)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def to_sendgrid(figures: dict[str, float], ratios: dict[str, float]) -> list[Row]:
    rows = sendgrid_wire.measure()
    figures |= {f"SendGrid fake: {row.what} {row.unit}": row.value for row in rows if row.unit != "times"}
    ratios |= {f"SendGrid fake: {row.what}": 1 / row.value for row in rows if row.unit == "times"}
    return rows


def growth(folder: Path, figures: dict[str, float], sizes: list[int]) -> list[Row]:
    """Time and memory of one sending to the faster sink, by number of readers."""
    rows, found = [], {}
    for size in sizes:
        planned = folder / f"planned-{size}.db"
        run("benchmarks.planned", f"sqlite:///{planned}", str(size))
        with fast_sink() as port:
            found[size] = sent(planned, "smtp", str(port), CONNECTIONS)
        planned.unlink()
        seconds, peak = found[size]["seconds"], found[size]["peak_mib"]
        rows.append(Row(f"{size:,} readers: time", seconds, "s"))
        rows.append(Row(f"{size:,} readers: peak memory", peak, "MiB", most=150))
        figures |= {f"{size} readers seconds": seconds, f"{size} readers peak MiB": peak}
    least, most = min(found), max(found)
    if most > least:
        exponent = log(found[most]["seconds"] / found[least]["seconds"]) / log(most / least)
        rows.append(Row("time grows with the readers to the power of", exponent, "", most=1.05))
        memory = found[most]["peak_mib"] / found[least]["peak_mib"]
        rows.append(Row("memory, the most readers beside the fewest", memory, "times", most=1.3))
        figures |= {"exponent of time": exponent, "memory growth": memory}
    return rows


if __name__ == "__main__":
    main()
