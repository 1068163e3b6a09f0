"""Workers as a user starts them, and who takes their mail: each a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from tests.fakes.sendgrid import fake_sendgrid

ROOT = Path(__file__).parents[1]
_SETTINGS = {
    "NEWSLETTER_SECRET_KEY": "an-invented-key-that-signs-only-benchmarks-012345",
    "NEWSLETTER_BASE_URL": "https://news.example.com",
    "NEWSLETTER_ACTOR": "bench",
    "SENDGRID_API_KEY": "SG.bench",
}
#: how long a worker may take to end the batch at hand, in seconds
_PATIENCE = 120


class Taker(Protocol):
    """A provider that takes everything."""

    #: by which it is spoken to
    transport: str

    @property
    def pid(self) -> int: ...

    def settings(self, port: int | None = None) -> dict[str, str]:
        """What a worker is told; with a port, it goes there instead."""

    def count(self) -> int:
        """Messages that it has taken."""


@dataclass(slots=True)
class Sink:
    """`tests.sink`, which writes down who got a message before it answers."""

    port: int
    pid: int
    truth: Path
    transport: str = "smtp"
    _counted: int = 0
    _read: int = 0

    def settings(self, port: int | None = None) -> dict[str, str]:
        where = {"HOST": "127.0.0.1", "PORT": str(port or self.port), "SECURITY": "none"}
        return {"NEWSLETTER_TRANSPORT": "smtp"} | {f"NEWSLETTER_SMTP_{name}": value for name, value in where.items()}

    def count(self) -> int:
        with self.truth.open("rb") as file:
            file.seek(self._read)
            while some := file.read(1 << 20):
                self._counted += some.count(b"\n")
                self._read += len(some)
        return self._counted


@dataclass(slots=True)
class SendGrid:
    """The fake, in a hurry."""

    port: int
    process: "subprocess.Popen[str]"
    transport: str = "sendgrid"

    @property
    def pid(self) -> int:
        return self.process.pid

    def settings(self, port: int | None = None) -> dict[str, str]:
        return {"NEWSLETTER_TRANSPORT": "sendgrid", "NEWSLETTER_SENDGRID_URL": f"http://127.0.0.1:{port or self.port}"}

    def count(self) -> int:
        print("how many", file=self.process.stdin, flush=True)
        return int(_line(self.process.stdout))


@contextmanager
def a_sink(folder: Path) -> Iterator[Sink]:
    truth = folder / "truth"
    truth.touch()
    with _running("tests.sink", str(truth)) as process:
        yield Sink(int(_line(process.stdout)), process.pid, truth)


@contextmanager
def a_sendgrid() -> Iterator[SendGrid]:
    with _running("benchmarks.working") as process:
        yield SendGrid(int(_line(process.stdout)), process)


@contextmanager
def _running(*words: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _line(told: IO[str] | None) -> str:
    return told.readline() if told else ""


@dataclass(slots=True)
class Worker:
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def insist_alive(self) -> None:
        if self.process.poll() is not None:
            raise SystemExit(f"error: a worker has ended:\n{self.log.read_text(encoding='utf-8')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """So many workers for one database and one provider."""

    number: int
    url: str
    settings: dict[str, str]
    connections: int
    #: each worker works in a folder of its own below, as on a machine of its own
    folder: Path
    words: Sequence[str] = field(default=("--poll", "0.1", "--skip-link-check", "--no-result-mail"))

    @contextmanager
    def at_work(self) -> Iterator[list[Worker]]:
        """Started, and in the end told to stop, all at once."""
        workers: list[Worker] = []
        try:
            workers.extend(map(self.start, range(self.number)))
            yield workers
        finally:
            for worker in workers:
                worker.process.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.process.wait(timeout=_PATIENCE)

    def start(self, number: int) -> Worker:
        place = self.folder / f"worker{number}"
        place.mkdir(exist_ok=True)
        log = place / "log"
        with log.open("ab") as out:
            command = [sys.executable, "-m", "newsletter", "worker", *self.words]
            return Worker(subprocess.Popen(command, cwd=place, env=self._environ(), stdout=out, stderr=out), log)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "SENDGRID_"))}
        connections = {"NEWSLETTER_SMTP_CONNECTIONS": str(self.connections)}
        return kept | _SETTINGS | self.settings | connections | {"NEWSLETTER_DATABASE_URL": self.url}


def wait_until_taking(taker: Taker, workers: Sequence[Worker], more_than: int, *, seconds: float = 120) -> None:
    """
    Until it has taken more messages than that.

    :raises SystemExit: a worker has ended, or nothing comes
    """
    deadline = time.monotonic() + seconds
    while taker.count() <= more_than:
        for worker in workers:
            worker.insist_alive()
        if time.monotonic() > deadline:
            said = "\n".join(worker.log.read_text(encoding="utf-8") for worker in workers)
            raise SystemExit(f"error: nobody sends anything:\n{said}")
        time.sleep(0.02)


def _serve() -> None:
    """The fake in this process: prints its port, and how many readers it has taken whenever it is told anything."""
    with fake_sendgrid("SG.bench") as fake:
        fake.is_hasty = True
        print(fake.url.rpartition(":")[2], flush=True)
        for _ in sys.stdin:
            print(fake.hasty_readers, flush=True)


if __name__ == "__main__":
    _serve()
