"""A sender that is killed in the middle: nobody is missed, nobody is mailed twice, and the unsure one is named."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.at_work import started, take_in
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import smtp_settings
from tests.smtpd import Manners, smtp_server

READERS = 60
#: that a sender opens unless it is told otherwise
CONNECTIONS = 4
WORDS = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check")


@pytest.mark.parametrize("kills", [(7, 23, 41)])
def test_after_kill_9_nobody_is_missed_or_mailed_twice(
    command: Command, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    everybody = take_in(command, tmp_path, READERS)
    manners = Manners()

    with smtp_server(manners) as port:
        for after in kills:
            with started(tmp_path, WORDS, port) as sender:
                sender.wait_for(manners, after)
                assert sender.ended(signal.SIGKILL) == -signal.SIGKILL
        final = command(*WORDS, "--json", **smtp_settings(port)).document

    received = Counter(mail.recipient for mail in manners.arrived)
    unsure = {row["email"] for row in final["unknown"]}
    assert set(received.values()) == {1}
    assert len(unsure) <= len(kills) * CONNECTIONS
    assert set(received) | unsure == everybody
    assert final["deliveries"]["accepted"] + len(unsure) == READERS
    assert final["status"] == "sent"
