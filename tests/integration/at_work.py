"""A sender or a worker in a process of its own, at a pace at which one can step in."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsletter.store import Store, open_store
from tests.integration.conftest import SETTINGS, Command
from tests.integration.test_delivery_proof import smtp_settings
from tests.smtpd import Manners
from tests.stores import address_of, database_setting


def take_in(command: Command, folder: Path, readers: int) -> set[str]:
    addresses = [f"reader{number}@example.com" for number in range(readers)]
    (folder / "readers.csv").write_text("\n".join(["email", *addresses]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", *consent).code == 0
    return set(addresses)


def environ(folder: Path, port: int, **settings: str) -> dict[str, str]:
    """Of a program that works in the folder, and sends to that port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "SENDGRID_"))}
    return kept | SETTINGS | smtp_settings(port) | database_setting(folder) | settings


@dataclass
class AtWork:
    process: "subprocess.Popen[str]"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Returns early when the process ends; what was waited for must be so by then."""
        deadline = time.monotonic() + 60
        while not is_so() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert is_so(), self.said

    def wait_for(self, manners: Manners, messages: int) -> None:
        """Until so many have arrived."""
        self.wait_until(lambda: len(manners.arrived) >= messages)

    def ended(self, number: signal.Signals | None = None) -> int:
        """Its exit code, after a signal."""
        if number:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        assert "Traceback" not in self.said, self.said
        return code


@contextmanager
def started(folder: Path, words: Sequence[object], port: int, **settings: str) -> Iterator[AtWork]:
    """`newsletter …` at work; whatever is left of it is killed."""
    log = folder / f"said-{words[0]}.log"
    with log.open("w", encoding="utf-8") as said:
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "newsletter", *map(str, words)],
            cwd=folder,
            env=environ(folder, port, **settings),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    try:
        yield AtWork(process, log)
    finally:
        process.kill()
        process.wait()


@contextmanager
def its_store(folder: Path) -> Iterator[Store]:
    """The store that the process works with, seen from here."""
    with open_store(address_of(folder)) as store:
        yield store
