"""What a real worker tells of itself while it sends: figures over HTTP, and a log that names nobody."""

import re
import signal
import socket
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from newsletter.store import open_store
from tests import postgres
from tests.integration.at_work import AtWork, its_store, started
from tests.integration.at_work import take_in as take_in_many
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.smtpd import Manners, free_port, smtp_server
from tests.unit.test_logline import read

WORKER = ("worker", "--poll", "0.1", "--skip-link-check", "--metrics", "0")
SEND = ("send", "1", "--yes", "--skip-link-check", "--rate", "30/second")
READERS = 60
#: addresses that are hard to see in somebody else's words
HOSTILE = (
    "o'brien@example.com",
    "chen=li@example.com",
    "mei+news@example.com",
    "li.wang@bücher.example",
    "x%40y@example.com",
)


def figures(worker: AtWork) -> dict[tuple[str, ...], float]:
    """By name, and the labels' values in the order of the labels' names, as Prometheus would read them."""
    worker.wait_until(lambda: "event=shows" in worker.said)
    (address,) = re.findall(r"metrics=(http://127\.0\.0\.1:\d+/metrics)", worker.said)
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - of our own worker
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        text = answer.read().decode()
    assert "@" not in text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scheduled(command: Command, folder: Path) -> None:
    command("plan", NOTE, "-s", "everyone")
    with its_store(folder) as store:
        store.mailings.schedule(1, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))


def test_a_workers_figures_add_up_to_what_it_sent(command: Command, tmp_path: Path) -> None:
    take_in_many(command, tmp_path, READERS)
    scheduled(command, tmp_path)
    manners = Manners(
        to_recipient={"reader1@example.com": "550 5.1.1 nobody", "reader2@example.com": "450 4.2.1 later"},
    )
    with smtp_server(manners) as port, started(tmp_path, WORKER, port) as worker:
        worker.wait_until(lambda: "event=worked" in worker.said)
        found = figures(worker)
        assert worker.ended(signal.SIGTERM) == 0

    told = {
        outcome: found["newsletter_messages_total", outcome, "smtp"] for outcome in ("accepted", "refused", "deferred")
    }
    assert told == {"accepted": READERS - 2, "refused": 1, "deferred": 1}
    assert found["newsletter_messages_total", "unknown", "smtp"] == 0
    assert found["newsletter_claimed_total",] == READERS
    assert found["newsletter_batches_total",] >= 1
    for step in ("claim", "settle"):
        assert found["newsletter_database_seconds_count", step] >= 1
        assert 0 < found["newsletter_database_seconds_sum", step] < 60
    assert found["newsletter_database_retries_total",] == 0
    assert abs(found["newsletter_worker_beat_timestamp_seconds",] - time.time()) < 120
    assert found["newsletter_version", "0.1.0"] == 1
    assert found["process_resident_memory_bytes",] > 1_000_000


def test_on_a_server_the_figures_of_two_workers_add_up_and_say_when_it_was_away(
    command: Command, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    slowly = {"NEWSLETTER_RATE": "10/second"}
    manners = Manners()
    with postgres.a_server() as server, smtp_server(manners) as port:
        on = {"NEWSLETTER_DATABASE_URL": server.get_uri()}
        take_in_many(lambda *words, **more: command(*words, **on, **more), tmp_path, READERS)
        command("plan", NOTE, "-s", "everyone", **on)
        with open_store(server.get_uri()) as store:
            store.mailings.schedule(1, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        with (
            started(tmp_path, WORKER, port, **on, **slowly) as one,
            started(others, WORKER, port, **on, **slowly) as other,
        ):
            # A worker that cannot open its store ends; one that is at work outlasts it.
            for worker in (one, other):
                worker.wait_until(lambda: "event=began" in one.said and "event=began" in other.said)
            one.wait_for(manners, 10)
            server.stop()
            time.sleep(2)
            server.start()
            one.wait_until(lambda: "event=ended" in one.said + other.said)
            found = [figures(worker) for worker in (one, other)]
            assert [worker.ended(signal.SIGTERM) for worker in (one, other)] == [0, 0]
            lines = [read(line) for line in (one.said + other.said).splitlines()]

    added = Counter[tuple[str, ...]]()
    for each in found:
        added.update({key: int(value) for key, value in each.items() if key[0].endswith(("_total", "_count"))})
    assert added["newsletter_messages_total", "accepted", "smtp"] == READERS == len(manners.arrived)
    assert added["newsletter_claimed_total",] >= READERS
    assert added["newsletter_database_retries_total",] >= 1
    assert added["newsletter_database_seconds_count", "settle"] >= 1
    assert len({line["worker"] for line in lines}) == 2
    assert sum(line["event"] == "ended" for line in lines) == 1
    assert sum(int(line["accepted"]) for line in lines if line["event"] == "worked") == READERS


def test_what_a_dead_sender_left_is_counted(command: Command, tmp_path: Path) -> None:
    take_in_many(command, tmp_path, READERS)
    command("plan", NOTE, "-s", "everyone")
    manners = Manners()
    with smtp_server(manners) as port:
        with started(tmp_path, SEND, port) as sender:
            sender.wait_for(manners, 10)
            sender.ended(signal.SIGKILL)
        with started(tmp_path, WORKER, port) as worker:
            worker.wait_until(lambda: "status=sent" in worker.said)
            found = figures(worker)
    assert found["newsletter_recovered_runs_total",] == 1
    assert sum(value for (name, *_), value in found.items() if name == "newsletter_recovered_total") > 0


def test_figures_grow_neither_with_readers_nor_with_mailings(command: Command, tmp_path: Path) -> None:
    take_in_many(command, tmp_path, 3)
    scheduled(command, tmp_path)
    manners = Manners()
    with smtp_server(manners) as port, started(tmp_path, WORKER, port) as worker:
        worker.wait_until(lambda: "mailing=1 status=sent" in worker.said)
        before = series(figures(worker))
        take_in_many(command, tmp_path, 30)
        command("plan", NOTE, "-s", "everyone", "--again")
        with its_store(tmp_path) as store:
            store.mailings.schedule(2, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        worker.wait_until(lambda: "mailing=2 status=sent" in worker.said)
        assert series(figures(worker)) == before


def series(found: Mapping[tuple[str, ...], float]) -> set[tuple[str, ...]]:
    return set(found)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("here", "'here' is not an address; write it as 127.0.0.1:9108"),
        (":9108", "':9108' is not an address"),
        ("127.0.0.1:99999", "is not an address"),
        ("127.0.0.1:", "is not an address"),
        ("", "'' is not an address"),
    ],
)
def test_a_place_that_is_none_is_wrong_usage(command: Command, where: str, said: str) -> None:
    refused = command("worker", "--once", "--metrics", where)
    assert refused.code == 2
    assert said.replace(" ", "") in re.sub(r"[\s│]", "", refused.err)


def test_a_port_that_is_taken_is_told_in_one_line(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = command("worker", "--once", "--metrics", f"{port}")
    assert refused.code == 1
    assert refused.errors == [
        f"error: 127.0.0.1:{port} cannot be used (Address already in use); name another with --metrics"
    ]


def test_a_port_alone_is_for_this_machine_only(command: Command, tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, ("worker", "--metrics", str(port)), 1) as worker:
        figures(worker)
        listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = [place for place in listening if place.endswith(f":{port:04X}")]
    assert here
    assert all(place.startswith("0100007F:") for place in here)


def test_no_address_is_in_the_log_though_the_server_repeats_it(command: Command, tmp_path: Path) -> None:
    """The server says it in refusals, and while it turns the sender away."""
    (tmp_path / "readers.csv").write_text("\n".join(["email", *HOSTILE]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", *consent).code == 0
    scheduled(command, tmp_path)
    echo = 'event=worked mailing=9 status=sent why="<{0}>: user {0} is gone" \\ {0}'
    manners = Manners(to_recipient={address: f"552 5.2.2 {echo.format(address)}" for address in HOSTILE})
    with smtp_server(manners) as port, started(tmp_path, WORKER, port) as worker:
        worker.wait_until(lambda: "event=worked" in worker.said)
        manners.to_sender = f"451 4.3.0 {echo.format('victim@example.com')}"
        take_in_many(command, tmp_path, 1)
        command("plan", NOTE, "-s", "everyone", "--again")
        with its_store(tmp_path) as store:
            store.mailings.schedule(2, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        worker.wait_until(lambda: "mailing=2" in worker.said)
        worker.ended(signal.SIGTERM)
        said = worker.said

    assert "@" not in said
    for name in ("brien", "chen", "mei+news", "wang", "x%40y", "victim"):
        assert name not in said
    lines = [read(line) for line in said.splitlines()]
    assert {line["worker"] for line in lines} == {lines[0]["worker"]}
    assert [line["event"] for line in lines][:3] == ["shows", "began", "worked"]
    assert lines[-1]["event"] == "stopped"
    assert {line.get("mailing") for line in lines} <= {None, "1", "2"}
