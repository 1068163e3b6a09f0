"""
How many of SendGrid's events a second `newsletter serve` stores: signed batches, over several kept connections.

The pages, the database and those who report share this machine. Every event is counted afterwards: none is lost, none
is kept twice, and all have taken effect.
"""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.measuring import Row, keep, show
from newsletter.store import open_store
from tests.builders import NOW
from tests.integration.conftest import SETTINGS
from tests.reported import Signer, entry, send_out, written
from tests.stores import a_store, address_of, an_entry, take_in

READERS, CONNECTIONS, ROUNDS = 10_000, 4, 5
BATCHES = (100, 500)
#: of what is told of each delivery; one in fifty bounces
_TOLD = ("processed", "delivered")

Signed = tuple[bytes, dict[str, str]]


def main() -> None:
    """Prints a table, and writes benchmarks/results/web_events.json."""
    figures: dict[str, float] = {}
    rows = []
    for size in BATCHES:
        measured = [measure(size) for _ in range(ROUNDS)]
        stored, late, applied = (median(column) for column in zip(*measured, strict=True))
        figures |= {f"stored_a_second_{size}": stored, f"p99_ms_{size}": late, f"applied_a_second_{size}": applied}
        rows += [
            Row(f"stored, {size} a request", stored, "a second", least=5_000),
            Row(f"answered, {size} a request, 99 in 100 within", late, "ms", most=500 if size == BATCHES[0] else None),
            Row(f"until all have taken effect, {size} a request", applied, "a second"),
        ]
    show(f"Events, {2 * READERS:,} a round, {CONNECTIONS} connections", rows, rounds=ROUNDS)
    print(f"\nwritten: {keep('web_events', figures=figures, ratios={})}")


def measure(size: int) -> tuple[float, float, float]:
    """Events stored a second, the 99th percentile of an answer in milliseconds, and events applied a second."""
    signer = Signer()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with a_store(folder) as store:
            take_in(store, *[an_entry(number) for number in range(1, READERS + 1)])
            send_out(store, NOW, "issue")
        batches = list(signed(signer, size))
        with served(folder, signer) as port:
            started = time.perf_counter()
            with ThreadPoolExecutor(CONNECTIONS) as crowd:
                parts = [batches[number::CONNECTIONS] for number in range(CONNECTIONS)]
                taken = [seconds for some in crowd.map(lambda part: posted(port, part), parts) for seconds in some]
            stored = time.perf_counter() - started
            insist_applied(folder)
            applied = time.perf_counter() - started
    count = len(_TOLD) * READERS
    return count / stored, quantiles(taken, n=100)[98] * 1_000, count / applied


def signed(signer: Signer, size: int) -> Iterator[Signed]:
    events = [
        entry(kind, delivery_id=number, mailing_id=1, number=number * 2 + place, **_fields(kind, number))
        for number in range(1, READERS + 1)
        for place, kind in enumerate(_kinds(number))
    ]
    for start in range(0, len(events), size):
        body = written(events[start : start + size])
        yield body, signer.headers(body)


def _kinds(number: int) -> Sequence[str]:
    return ("processed", "bounce") if number % 50 == 0 else _TOLD


def _fields(kind: str, number: int) -> dict[str, Any]:
    if kind != "bounce":
        return {"response": f"250 2.0.0 OK 1781{number} f6-20020a"} if kind == "delivered" else {}
    return {"type": "bounce", "status": "5.1.1", "reason": f"550 5.1.1 reader{number}@example.com no such user"}


def posted(port: int, batches: Sequence[Signed]) -> list[float]:
    """Seconds of each answer."""
    taken, connection = list[float](), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body, headers in batches:
        started = time.perf_counter()
        connection.request("POST", "/events/sendgrid", body, headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - started)
        assert answer.status == 200, answer.status  # noqa: S101 - a lost batch would make the figure a lie
    connection.close()
    return taken


@contextmanager
def served(folder: Path, signer: Signer) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    words = [sys.executable, "-m", "newsletter", "serve", "--port", str(port)]
    environ = os.environ | SETTINGS | {"NEWSLETTER_SENDGRID_WEBHOOK_KEY": signer.public}
    with subprocess.Popen(words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None  # noqa: S101
            process.stdout.readline()
            yield port
        finally:
            process.terminate()


def insist_applied(folder: Path) -> None:
    """Waits until every event is there, once, and has taken effect."""
    count = f"{len(_TOLD) * READERS}"
    with open_store(address_of(folder)) as store:
        while True:
            with store._database.reading() as connection:
                asked = "SELECT count(*), count(applied_at), count(DISTINCT key) FROM events"
                found = connection.exec_driver_sql(asked).one()
                dead = connection.exec_driver_sql("SELECT count(*) FROM suppressions").scalar_one()
            assert str(found[0]) == str(found[2]) == count, found  # noqa: S101
            if str(found[1]) == count:
                assert dead == READERS // 50, dead  # noqa: S101
                return
            time.sleep(0.02)


if __name__ == "__main__":
    main()
