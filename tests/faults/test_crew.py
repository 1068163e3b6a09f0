"""Workers on a PostgreSQL are killed, lose it, are cut off and put to sleep; every reader is accounted for."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.working import Crew, Sink, Worker, a_sink
from newsletter.delivery import MailingStatus
from newsletter.store import open_store
from tests import postgres
from tests.faults.truth import insist_that_all_is_accounted_for, received, say
from tests.proxy import Proxy, a_proxy

IS_FULL = os.environ.get("NEWSLETTER_FAULTS") == "full"
READERS = 1_000_000 if IS_FULL else 6_000
KILLS = 40 if IS_FULL else 6
RESTARTS = 3 if IS_FULL else 1
WORKERS = 4
CONNECTIONS = 4
#: seconds that a scene may take, once nothing happens to it any more
PATIENCE = 1_800 if IS_FULL else 120


@dataclass
class Scene:
    """A planned mailing on a server of its own, a sink that writes down what it takes, and a crew."""

    server: Any
    sink: Sink
    crew: Crew
    network: Proxy | None = None
    workers: list[Worker] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(self.server.get_uri())

    def wait_for_messages(self, enough: int) -> None:
        self.wait_for(lambda: self.sink.count() >= enough)

    def counts(self) -> dict[str, int]:
        with open_store(self.address) as store:
            counts = store.mailings.counts(store.mailings.recent(1)[0].id)
        return {str(state): count for state, count in counts.items() if count}

    def wait_for(self, is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.002)

    def said(self) -> str:
        return "\n".join(worker.log.read_text(encoding="utf-8")[-2_000:] for worker in self.workers)

    def is_sent(self) -> bool:
        time.sleep(0.2)
        with open_store(self.address) as store:
            return store.mailings.recent(1)[0].status is MailingStatus.SENT

    def replace(self, number: int) -> None:
        """Kill one with all that it has in the air, and start another in its place."""
        self.workers[number].process.kill()
        self.workers[number].process.wait()
        self.workers[number] = self.crew.start(number)

    def end(self) -> None:
        """The mailing is sent; the workers are told to stop, and do."""
        self.wait_for(self.is_sent)
        for worker in self.workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers:
            code, said = worker.process.wait(timeout=60), worker.log.read_text(encoding="utf-8")
            # One that was started a moment ago knows no signals yet; one without a server ends, for others to start it.
            is_unlucky = code == -signal.SIGTERM or (code == 1 and "the database cannot be reached" in said)
            assert code == 0 or is_unlucky, said
        assert "Traceback" not in self.said()

    def truth(self) -> Counter[str]:
        return received(self.sink.truth)


@contextmanager
def scene(
    folder: Path, *, workers: int = WORKERS, readers: int = READERS, is_far: bool = False, **settings: str
) -> Iterator[Scene]:
    """:param is_far: a network that can be cut lies between the workers and their database"""
    with ExitStack() as stack:
        server, sink = stack.enter_context(postgres.a_server()), stack.enter_context(a_sink(folder))
        address = str(server.get_uri())
        subprocess.run([sys.executable, "-m", "benchmarks.planned", address, str(readers)], check=True)
        with open_store(address) as store:
            mailing, now = store.mailings.recent(1)[0], datetime.now(UTC)
            store.mailings.schedule(mailing.id, now, transport="smtp", actor="test", now=now)
        network = stack.enter_context(a_proxy(postgres.socket_of(address))) if is_far else None
        url = postgres.by_way_of(network.port, address) if network else address
        crew = Crew(
            number=workers, url=url, settings=sink.settings() | settings, connections=CONNECTIONS, folder=folder
        )
        there = Scene(server, sink, crew, network)
        try:
            there.workers += [crew.start(number) for number in range(workers)]
            yield there
        finally:
            for worker in there.workers:
                worker.process.kill()
                worker.process.wait()


def test_workers_are_killed_and_the_database_is_started_anew(tmp_path: Path) -> None:
    chance = random.Random(8)
    events = ["kill"] * KILLS + ["restart"] * RESTARTS
    chance.shuffle(events)
    kills = 0
    with scene(tmp_path) as there:
        for number, event in enumerate(events):
            there.wait_for_messages((number + 1) * READERS // (len(events) + 2))
            time.sleep(chance.uniform(0, 0.05))
            if event == "kill":
                there.replace(chance.randrange(WORKERS))
                kills += 1
            else:
                there.server.stop()
                time.sleep(chance.uniform(0, 2))
                there.server.start()
        there.end()
        bound = CONNECTIONS * kills
        found = insist_that_all_is_accounted_for(there.address, there.truth(), most_unknown=bound)
    say(f"{READERS:,} readers, {WORKERS} workers, {kills} kills, {RESTARTS} restarts: {found}")
    assert sum(found.values()) == READERS


@pytest.mark.parametrize("happens", ["it heals", "it breaks"])
def test_the_network_between_workers_and_database_is_cut(tmp_path: Path, happens: str) -> None:
    readers = 4_000
    with scene(tmp_path, workers=2, readers=readers, is_far=True) as there:
        for number in range(3):
            there.wait_for_messages((number + 1) * readers // 5)
            assert there.network
            there.network.cut()
            time.sleep(1)
            if happens == "it breaks":
                there.network.reset()
            there.network.heal()
        there.end()
        found = insist_that_all_is_accounted_for(there.address, there.truth(), most_unknown=0)
    assert found == {"accepted": readers}


def test_workers_that_sleep_for_longer_than_their_lease_tell_in_the_end_what_they_know(tmp_path: Path) -> None:
    """One wakes up, though it slept in the midst of a transaction; one dies in its sleep, and its recorder tells."""
    readers = 6_000
    # At this pace they hold something nearly all the time.
    with scene(tmp_path, workers=3, readers=readers, NEWSLETTER_RATE="600/second") as there:
        there.wait_for_messages(readers // 8)
        sleeper, dying = (worker.process for worker in there.workers[:2])
        put_to_sleep_while_it_writes(sleeper, there)
        dying.send_signal(signal.SIGSTOP)
        there.wait_for(there.is_sent)
        held = there.counts()["unknown"]
        assert held > CONNECTIONS, "they were put to sleep too late for this test to say anything"
        sleeper.send_signal(signal.SIGCONT)
        there.replace(1)
        there.wait_for(lambda: there.counts()["accepted"] >= readers - CONNECTIONS)
        there.end()
        found = insist_that_all_is_accounted_for(there.address, there.truth(), most_unknown=CONNECTIONS)
    say(f"{held} unknown while they slept; {found}")
    assert sum(found.values()) == readers


def put_to_sleep_while_it_writes(process: "subprocess.Popen[bytes]", there: Scene) -> None:
    """It holds what others wait for."""
    told = (
        "SELECT pid, xact_start FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND query LIKE 'UPDATE deliveries%'"
    )
    with psycopg.connect(there.address, autocommit=True) as connection:

        def writes() -> bool:
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            before = set(connection.execute(told).fetchall())
            time.sleep(0.03)
            # The others' transactions have ended meanwhile.
            if before & set(connection.execute(told).fetchall()):
                return True
            process.send_signal(signal.SIGCONT)
            return False

        there.wait_for(writes)


def test_a_worker_that_is_told_to_stop_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    readers = 3_000
    with scene(tmp_path, workers=2, readers=readers) as there:
        for number in range(4):
            there.wait_for_messages((number + 1) * readers // 6)
            leaving = there.workers[0]
            # One that is only starting knows no signals yet.
            there.wait_for(lambda: leaving.log.read_text(encoding="utf-8").count("event=began") > number)  # noqa: B023
            leaving.process.send_signal(signal.SIGTERM)
            assert leaving.process.wait(timeout=30) == 0, there.said()
            there.workers[0] = there.crew.start(0)
            time.sleep(1)
        there.end()
        found = insist_that_all_is_accounted_for(there.address, there.truth(), most_unknown=0)
    assert found == {"accepted": readers}
