"""A sender is killed again and again while SendGrid takes its requests, and fails now and then."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import pytest

from newsletter.providers.sendgrid import SendGridTransport
from newsletter.store import open_store
from tests.fakes.sendgrid import DROP_IN_THE_MIDDLE, RESET_AFTER_TAKING, FakeSendGrid, Script, fake_sendgrid
from tests.faults.truth import finish, insist_that_all_is_accounted_for, say
from tests.stores import address_of

IS_FULL = os.environ.get("NEWSLETTER_FAULTS") == "full"
KILLS = 200 if IS_FULL else 6
#: readers a request
BATCH = 25
READERS = KILLS * 4 * BATCH
KEY = "SG.bench"
#: what SendGrid does now and then, and whether nobody can know then what became of the request
FAULTS: list[tuple[Script | str, bool]] = [
    (Script(429, {"X-RateLimit-Reset": "0", "X-RateLimit-Remaining": "0"}), False),
    (Script(500, is_taken=True), True),
    (Script(502), True),
    (RESET_AFTER_TAKING, True),
    (DROP_IN_THE_MIDDLE, True),
]


class Scene:
    """A planned mailing, and a SendGrid that notes whom it has taken mail for."""

    def __init__(self, fake: FakeSendGrid, address: str) -> None:
        self.fake, self.address = fake, address
        self._truth: Counter[str] = Counter()

    def truth(self) -> Counter[str]:
        with self.fake.lock:
            taken, self.fake.delivered = self.fake.delivered, []
        self._truth.update(mail.address for mail in taken)
        return self._truth

    def transport(self) -> SendGridTransport:
        return SendGridTransport(KEY, url=self.fake.url, batch=BATCH, timeout=5)


@contextmanager
def scene(tmp_path: Path) -> Iterator[Scene]:
    address = address_of(tmp_path)
    subprocess.run([sys.executable, "-m", "benchmarks.planned", address, str(READERS)], check=True)
    with fake_sendgrid(KEY) as fake:
        yield Scene(fake, address)


def kill_again_and_again(scene: Scene, *, seed: int) -> int:
    """How many senders were killed while they were at it, before one came to the end."""
    chance = random.Random(seed)
    command = [sys.executable, "-m", "benchmarks.sender", scene.address, "sendgrid", scene.fake.url, str(BATCH)]
    for number in range(KILLS):
        enough = scene.truth().total() + chance.randrange(1, 4 * BATCH)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            while scene.truth().total() < enough and sender.poll() is None:
                time.sleep(0.0005)
            time.sleep(chance.uniform(0, 0.01))
            if sender.poll() is not None:
                return number
            sender.kill()
    return KILLS


@pytest.mark.parametrize("is_bad", [False, True], ids=["that works", "that fails"])
def test_after_each_kill_at_most_one_request_to_a_sendgrid_is_in_doubt(tmp_path: Path, is_bad: bool) -> None:
    chance = random.Random(4)
    in_doubt = 0
    with scene(tmp_path) as there:
        if is_bad:
            scripts = [
                chance.choice(FAULTS) if chance.random() < 0.1 else (None, False) for _ in range(READERS // BATCH)
            ]
            there.fake.scripts.extend(script for script, _ in scripts)
            in_doubt = sum(is_in_doubt for _, is_in_doubt in scripts)
        kills = kill_again_and_again(there, seed=3)
        with open_store(there.address) as store:
            finish(store, repeat(there.transport()))
        bound = BATCH * (kills + in_doubt)
        found = insist_that_all_is_accounted_for(there.address, there.truth(), most_unknown=bound)
    say(f"SendGrid{' that fails' if is_bad else ''}: {READERS:,} readers, {BATCH} a request, {kills} kills: {found}")
    assert sum(found.values()) == READERS
    assert kills >= KILLS // 2, "the senders were too fast for this test to say anything"
