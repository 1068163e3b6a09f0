"""A sender that is killed in the middle: nobody is missed, nobody is mailed twice, and the unsure one is named."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.conftest import SETTINGS, Command
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import smtp_settings
from tests.smtpd import Manners, smtp_server

READERS = 60
#: that a sender opens unless it is told otherwise
CONNECTIONS = 4


def take_in(command: Command, tmp_path: Path) -> set[str]:
    addresses = [f"reader{number}@example.com" for number in range(READERS)]
    (tmp_path / "readers.csv").write_text("\n".join(["email", *addresses]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", *consent).code == 0
    return set(addresses)


def interrupt(tmp_path: Path, manners: Manners, port: int, number: signal.Signals, *, after: int) -> int:
    """Starts a sending, and ends it by a signal once so many messages have arrived; gives its exit code."""
    words = ("send", str(NOTE), "-s", "everyone", "--yes", "--skip-link-check")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "SENDGRID_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter", *words],
        cwd=tmp_path,
        env=environ | SETTINGS | smtp_settings(port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(manners.arrived) < after and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(number)
    return process.wait(timeout=60)


@pytest.mark.parametrize("kills", [(7, 23, 41)])
def test_after_kill_9_nobody_is_missed_or_mailed_twice(
    command: Command, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    everybody = take_in(command, tmp_path)
    manners = Manners()

    with smtp_server(manners) as port:
        for after in kills:
            assert interrupt(tmp_path, manners, port, signal.SIGKILL, after=after) == -signal.SIGKILL
        words = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json")
        final = command(*words, **smtp_settings(port)).document

    received = Counter(mail.recipient for mail in manners.arrived)
    unsure = {row["email"] for row in final["unknown"]}
    assert set(received.values()) == {1}
    assert len(unsure) <= len(kills) * CONNECTIONS
    assert set(received) | unsure == everybody
    assert final["deliveries"]["accepted"] + len(unsure) == READERS
    assert final["status"] == "sent"


def test_asked_politely_it_stops_between_two_messages_and_nobody_is_unsure(command: Command, tmp_path: Path) -> None:
    everybody = take_in(command, tmp_path)
    manners = Manners()

    with smtp_server(manners) as port:
        code = interrupt(tmp_path, manners, port, signal.SIGINT, after=10)
        stopped = command("mailings", "show", "1", "--json").document
        final = command("send", "1", "--yes", "--skip-link-check", "--json", **smtp_settings(port)).document

    assert code == 3
    assert stopped["deliveries"]["planned"] > 0
    assert stopped["deliveries"]["accepted"] + stopped["deliveries"]["planned"] == READERS
    assert final["unknown"] == []
    assert Counter(mail.recipient for mail in manners.arrived) == dict.fromkeys(everybody, 1)
