"""A sender is killed at random instants, again and again."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from newsletter.store import open_store
from tests.faults.truth import by_smtp, finish, insist_that_all_is_accounted_for, received, say
from tests.stores import address_of, copy_of

IS_FULL = os.environ.get("NEWSLETTER_FAULTS") == "full"
READERS = 100_000 if IS_FULL else 3_000
KILLS = 200 if IS_FULL else 12
CONNECTIONS = 8
FAULTS = {"silent": 0.0005, "soft": 0.005, "hard": 0.005, "closing": 0.001, "cut": 0.001}


@dataclass
class Scene:
    address: str
    port: int
    truth: Path


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    subprocess.run([sys.executable, "-m", "benchmarks.planned", address_of(folder), str(READERS)], check=True)
    return folder


@contextmanager
def scene(tmp_path: Path, planned: Path, *faults: str) -> Iterator[Scene]:
    truth = tmp_path / "truth"
    copy_of(planned, to=tmp_path)
    command = [sys.executable, "-m", "tests.sink", str(truth), *faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            yield Scene(address_of(tmp_path), int(sink.stdout.readline()), truth)
        finally:
            sink.terminate()


def kill_again_and_again(scene: Scene, *, seed: int) -> int:
    """
    How many senders were killed while they were at it, before one came to the end.

    Each is killed when some more messages have arrived, and a moment later.
    """
    chance = random.Random(seed)
    command = [sys.executable, "-m", "benchmarks.sender", scene.address, "smtp", str(scene.port), str(CONNECTIONS)]
    for number in range(KILLS):
        enough = arrived(scene.truth) + chance.randrange(1, 2 * READERS // (3 * KILLS) + 2)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            while arrived(scene.truth) < enough and sender.poll() is None:
                time.sleep(0.0005)
            time.sleep(chance.uniform(0, 0.01))
            if sender.poll() is not None:
                return number
            sender.kill()
    return KILLS


def arrived(truth: Path) -> int:
    """About how many messages; a line takes some twenty bytes."""
    return truth.stat().st_size // 21


def test_after_kills_at_random_instants_every_reader_is_in_one_state_and_the_sink_agrees(
    tmp_path: Path, planned: Path
) -> None:
    with scene(tmp_path, planned) as there:
        kills = kill_again_and_again(there, seed=1)
        with open_store(there.address) as store:
            finish(store, repeat(by_smtp(there.port, CONNECTIONS)))
        found = insist_that_all_is_accounted_for(there.address, received(there.truth), most_unknown=CONNECTIONS * kills)
    say(f"{READERS:,} readers, {kills} kills: {found}")
    assert sum(found.values()) == READERS
    assert kills >= KILLS // 2, "the senders were too fast for this test to say anything"


def test_the_same_with_a_server_that_misbehaves(tmp_path: Path, planned: Path) -> None:
    """It hangs up without a word after taking a message, refuses for now and for good, closes, breaks off."""
    with scene(tmp_path, planned, *[f"{name}={rate}" for name, rate in FAULTS.items()]) as there:
        kills = kill_again_and_again(there, seed=2)
        with open_store(there.address) as store:
            finish(store, repeat(by_smtp(there.port, CONNECTIONS)))
        # a connection that a server breaks takes answers with it that were on their way
        broken = READERS * (FAULTS["silent"] + FAULTS["cut"] + FAULTS["closing"])
        bound = CONNECTIONS * kills + 4 * broken + 10
        found = insist_that_all_is_accounted_for(there.address, received(there.truth), most_unknown=int(bound))
    say(f"{READERS:,} readers, {kills} kills and a bad server: {found}")
    assert sum(found.values()) == READERS
    assert found["refused"] > READERS * FAULTS["hard"] / 2


@pytest.mark.parametrize(
    ("truth", "complaint"),
    [
        ({"reader0@example.com": 2, "reader1@example.com": 1}, "mailed twice"),
        ({"reader0@example.com": 1}, "got nothing"),
        ({f"reader{number}@example.com": 1 for number in range(3)}, "does not say so"),
    ],
)
def test_the_comparison_sees_doubles_losses_and_lies(tmp_path: Path, truth: dict[str, int], complaint: str) -> None:
    from newsletter.delivery import Outcome, Receipt
    from tests.builders import NOW
    from tests.stores import a_mailing, a_plan, a_store, an_entry, take_in

    with a_store(tmp_path) as store:
        mailing = a_mailing(store, a_plan(take_in(store, *(an_entry(number) for number in range(3)))))
        run_id = store.mailings.open_run(mailing.id, NOW)
        batch = store.mailings.claim(mailing.id, run_id=run_id, limit=9, now=NOW)
        outcomes = (Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REFUSED)
        receipts = [Receipt(d.delivery_id, outcome) for d, outcome in zip(batch, outcomes, strict=True)]
        store.mailings.settle(receipts, run_id=run_id, now=NOW, due_at=NOW)
    with pytest.raises(AssertionError, match=complaint):
        insist_that_all_is_accounted_for(address_of(tmp_path), Counter(truth), most_unknown=0)
