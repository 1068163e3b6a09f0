"""
How many readers can leave at once, by one click each, and how long the slowest wait. Run it with `make bench-web`.

The real `newsletter serve` answers, over HTTP, with its database on the disk; every click is another reader's, and in
the end the database is asked whether all of them have left.
"""

import asyncio
import math
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, cast
from urllib.parse import urlencode

import uvloop

from benchmarks.measuring import Row, keep, show
from newsletter.store import open_store
from newsletter.subscriber import Consent, Entry, SubscriptionStatus
from newsletter.tokens import Purpose, Token, make_stamp, make_token

ROOT = Path(__file__).parents[1]
READERS = 20_000
CONNECTIONS = 50
ROUNDS = 3
#: sign-ups of known and of unknown addresses, in turns, to be compared
COMPARED = 300
NEWSLETTER = "china-ai-brief"
KEY = "an-invented-key-that-signs-only-measurements-0123456789"
_BODY = "List-Unsubscribe=One-Click"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Load:
    """What came of many requests."""

    seconds: float
    #: of each request, in seconds
    took: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return sorted(self.took)[math.ceil(len(self.took) * share) - 1] * 1_000


@dataclass(eq=False)
class _Connection(asyncio.Protocol):
    """One request after another, as long as there are any."""

    requests: Iterator[bytes]
    took: list[float]
    statuses: dict[int, int]
    ended: asyncio.Future[None]
    transport: asyncio.Transport = field(init=False)
    begun: float = 0.0
    got: bytearray = field(default_factory=bytearray)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self.got += data
        head, found, body = bytes(self.got).partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if not found or (length and len(body) < int(length[1])):
            return
        self.took.append(time.perf_counter() - self.begun)
        status = _STATUS.match(head)
        number = int(status[1]) if status else 0
        self.statuses[number] = self.statuses.get(number, 0) + 1
        self.got.clear()
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _next(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.begun = time.perf_counter()
        self.transport.write(request)


def ask_all(port: int, requests: Iterable[bytes], *, connections: int = CONNECTIONS) -> Load:
    took: list[float] = []
    statuses: dict[int, int] = {}

    async def run() -> float:
        loop, waiting = asyncio.get_running_loop(), iter(requests)
        ends = [loop.create_future() for _ in range(connections)]
        begun = time.perf_counter()
        for ended in ends:
            await loop.create_connection(partial(_Connection, waiting, took, statuses, ended), "127.0.0.1", port)
        await asyncio.gather(*ends)
        return time.perf_counter() - begun

    return Load(uvloop.run(run()), took, statuses)


def click(public_id: bytes) -> bytes:
    token = make_token([KEY.encode()], Purpose.UNSUBSCRIBE, Token(public_id, 1))
    return post(f"/u/{token}", _BODY)


def post(path: str, body: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: news.example.com", "Content-Type: application/x-www-form-urlencoded"]
    return "\r\n".join([*lines, *headers, f"Content-Length: {len(body)}", "", body]).encode()


def fill(folder: Path, readers: int) -> list[bytes]:
    """A database with so many readers; what their links carry."""
    consent = Consent(basis="asked by mail", on=date(2026, 3, 1))
    entries = (Entry(email=f"reader{number}@example.com", consent=consent) for number in range(readers))
    with open_store(f"sqlite:///{folder / 'newsletter.db'}") as store:
        store.readers.take_in(NEWSLETTER, entries, update=False, actor="bench", now=datetime.now(UTC))
        return [reader.public_id for reader in store.readers.stream(NEWSLETTER)]


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """`newsletter serve` at work in the folder; its port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    (folder / "subscribers").mkdir(exist_ok=True)
    for name in ("templates", "subscribers/tags.yaml"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    own = {"SECRET_KEY": KEY, "BASE_URL": "https://news.example.com", "TRUSTED_PROXIES": "1"}
    own |= {f"SIGNUPS_{name}": "999999999/second" for name in ("PER_NETWORK", "PER_DOMAIN", "IN_ALL")}
    sender = {
        "SENDER_NAME": "S",
        "SENDER_ADDRESS": "s@example.com",
        "POSTAL_ADDRESS": "P",
        "UNSUBSCRIBE_ADDRESS": "u@example.com",
    }
    environ = os.environ | {f"NEWSLETTER_{name}": value for name, value in (own | sender).items()}
    words = [sys.executable, "-m", "newsletter", "serve", "--port", str(port)]
    with subprocess.Popen(words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            cast(IO[bytes], process.stdout).readline()
            yield port
        finally:
            process.send_signal(signal.SIGINT)


def measure_clicks(readers: int = READERS) -> tuple[Load, int]:
    """The load, and how many of the readers have left by what the database says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids = fill(folder, readers)
        with served(folder) as port:
            load = ask_all(port, map(click, ids))
        with open_store(f"sqlite:///{folder / 'newsletter.db'}") as store:
            gone = sum(it.status is SubscriptionStatus.UNSUBSCRIBED for it in store.readers.stream(NEWSLETTER))
    return load, gone


def measure_known_and_unknown(number: int = COMPARED) -> float:
    """Welch's t of how long a sign-up of a known and of an unknown address takes; under 4.5 nobody can tell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, number)
        declared = ROOT / "templates" / "newsletters.yaml"
        templates = folder / "templates"
        templates.mkdir()
        for path in (ROOT / "templates").iterdir():
            if path != declared:
                (templates / path.name).symlink_to(path)
        text = declared.read_text(encoding="utf-8").replace(f"{NEWSLETTER}:\n", f"{NEWSLETTER}:\n  sign_up: yes\n")
        (templates / declared.name).write_text(text, encoding="utf-8")
        with served(folder) as port:
            load = ask_all(port, _sign_ups(number), connections=1)
    insist(load, 2 * number)
    # the first ones warm up
    return welch_t(load.took[20::2], load.took[21::2])


def insist(load: Load, answered: int) -> None:
    if load.statuses != {200: answered}:
        sys.exit(f"not all was answered: {load.statuses}")


def _sign_ups(number: int) -> Iterator[bytes]:
    for each in range(number):
        for kind in ("reader", "nobody"):
            stamp = make_stamp([KEY.encode()], f"sign-up {NEWSLETTER}", int(time.time()) - 10)
            fields = {"address": f"{kind}{each}@example.com", "agreed": "yes", "language": "en", "stamp": stamp}
            yield post(f"/s/{NEWSLETTER}", urlencode(fields), f"X-Forwarded-For: 10.{each % 250}.{len(kind)}.1")


def welch_t(some: Sequence[float], others: Sequence[float]) -> float:
    means = statistics.fmean(some), statistics.fmean(others)
    spread = statistics.variance(some) / len(some) + statistics.variance(others) / len(others)
    return abs(means[0] - means[1]) / math.sqrt(spread)


def main() -> None:
    loads = []
    for _ in range(ROUNDS):
        load, gone = measure_clicks()
        insist(load, READERS)
        if gone != READERS:
            sys.exit(f"{READERS - gone} were lost")
        loads.append(load)
    rate = statistics.median(load.rate for load in loads)
    p50, p99 = (statistics.median(load.percentile(share) for load in loads) for share in (0.5, 0.99))
    t = measure_known_and_unknown()
    rows = [
        Row("one click: requests", rate, "a second", least=1_000),
        Row("one click: half of them within", p50, "ms"),
        Row("one click: 99 of 100 within", p99, "ms", most=100),
        Row("one click: lost", 0, f"of {READERS * ROUNDS:,}", most=0),
        Row("sign-up, known or unknown: Welch's t", t, ""),
    ]
    figures = {"clicks_a_second": rate, "click_p50_ms": p50, "click_p99_ms": p99, "sign_up_welch_t": t}
    show(f"Pages, {CONNECTIONS} connections", rows, rounds=ROUNDS)
    keep("web", figures=figures, ratios={})
    # What providers tell us of is measured beside it, where it is there.
    if find_spec("benchmarks.web_events"):
        import_module("benchmarks.web_events").main()


if __name__ == "__main__":
    main()
