"""
A worker in figures for Prometheus: what it sends, what the database takes, whether it lives.

No label says an address, a name or a number of a mailing: what is counted by does not grow with readers.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from newsletter import __version__
from newsletter.delivery import DeliveryState, Outcome
from newsletter.errors import RefusedError
from newsletter.store.database import Database
from newsletter.store.mailings import Mailings

#: seconds
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)


class Meter:
    """Told by a worker what happens, in plain calls that any of its threads may make."""

    def __init__(self) -> None:
        #: of our own, so that several workers in one process do not count together
        self.registry = CollectorRegistry()
        self._messages = self._counter("messages", "Messages handed over, by what the provider said", *_BY)
        self._claimed = self._counter("claimed", "Deliveries claimed")
        self._batches = self._counter("batches", "Claims that found something")
        self._retries = self._counter("database_retries", "Times that the database was away, and was asked again")
        self._recovered = self._counter("recovered", "Deliveries of dead senders settled, by what they became", "state")
        self._runs = self._counter("recovered_runs", "Mailings in which a dead sender had left something")
        self._asking = Histogram(
            "newsletter_database_seconds",
            "What a claim or a settlement takes",
            ("step",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._jobs = self._gauge("jobs_waiting", "Nudges or mailings that wait for a worker, as last seen")
        self._under_way = self._gauge("mailings_under_way", "Mailings that are being sent, as last seen")
        self._beat = self._gauge("worker_beat_timestamp_seconds", "When this worker last said that it lives")
        self._version().labels(__version__).set(1)
        # Memory, processor time, open files.
        ProcessCollector(registry=self.registry)

    def took(self, transport: str, outcomes: Mapping[Outcome, int]) -> None:
        """What came back for some messages."""
        for outcome in Outcome:
            # A figure that is there from the beginning shows its first step, too.
            self._messages.labels(transport, outcome).inc(outcomes.get(outcome, 0))

    def claimed(self, count: int, seconds: float) -> None:
        self._asking.labels("claim").observe(seconds)
        self._claimed.inc(count)
        self._batches.inc(bool(count))

    def settled(self, seconds: float) -> None:
        self._asking.labels("settle").observe(seconds)

    def missed(self) -> None:
        """The database was away, or somebody in the way: something has to be asked again."""
        self._retries.inc()

    def recovered(self, moved: Mapping[DeliveryState, int]) -> None:
        """What dead senders of one mailing had held; nothing for none."""
        for state, count in moved.items():
            self._recovered.labels(state).inc(count)
        self._runs.inc(any(moved.values()))

    def saw(self, *, waiting: int, under_way: int) -> None:
        """How much there is to do."""
        self._jobs.set(waiting)
        self._under_way.set(under_way)

    def beat(self, now: datetime) -> None:
        self._beat.set(now.timestamp())

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"newsletter_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"newsletter_{name}", about, registry=self.registry)

    def _version(self) -> Gauge:
        return Gauge("newsletter_version", "1, by the version at work", ("version",), registry=self.registry)


_BY = ("transport", "outcome")


class MeasuredMailings(Mailings):
    """What the store knows about mailings, with a clock beside claims and settlements."""

    def __init__(self, database: Database, meter: Meter) -> None:
        super().__init__(database)
        self._meter = meter

    def claim(self, *mailing: Any, **terms: Any) -> Any:
        begun = time.perf_counter()
        found = super().claim(*mailing, **terms)
        self._meter.claimed(len(found), time.perf_counter() - begun)
        return found

    def settle(self, *receipts: Any, **terms: Any) -> Any:
        begun = time.perf_counter()
        settled = super().settle(*receipts, **terms)
        self._meter.settled(time.perf_counter() - begun)
        return settled

    def recover(self, *mailing: Any, **terms: Any) -> Any:
        moved = super().recover(*mailing, **terms)
        self._meter.recovered(moved)
        return moved


@contextmanager
def shown_at(meter: Meter, host: str, port: int) -> Iterator[int]:
    """
    Answer `GET /metrics` there meanwhile, in threads of its own; gives the port.

    :param port: 0 for any free one
    :raises RefusedError: the port is taken, or the address is not of this machine
    """
    try:
        server, thread = start_http_server(port, host, meter.registry)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise RefusedError(f"{host}:{port} cannot be used ({why})", fix="name another with --metrics") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
