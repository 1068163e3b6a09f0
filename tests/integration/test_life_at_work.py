"""A mailing's life while somebody is at work on it: stopped, killed, taken up, and told to wait by another process."""

import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.mailing.sending import INTERRUPTED
from newsletter.store import Store
from tests.integration.at_work import its_store, started, take_in
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.integration.test_delivery_proof import smtp_settings
from tests.smtpd import Manners, smtp_server

READERS = 120
#: so many a second that one can step in; whoever is stopped at once has handed over a few, else all of them
SLOWLY = ("--rate", "30/second")
SEND = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check")
WORKER = ("worker", "--poll", "0.1", "--skip-link-check")


def received(manners: Manners) -> Counter[str]:
    return Counter(mail.recipient for mail in manners.arrived)


def test_ctrl_c_pauses_and_no_worker_goes_on_behind_ones_back(command: Command, tmp_path: Path) -> None:
    everybody = take_in(command, tmp_path, READERS)
    manners = Manners()
    with smtp_server(manners) as port:
        with started(tmp_path, (*SEND, *SLOWLY), port) as sender:
            sender.wait_for(manners, 10)
            code, said = sender.ended(signal.SIGINT), sender.said
        stopped = len(manners.arrived)
        command("worker", "--once", "--skip-link-check", **smtp_settings(port))
        shown = command("mailings", "show", "1", "--json").document
        not_by_worker = len(manners.arrived)
        final = command("send", "1", "--yes", "--skip-link-check", "--json", **smtp_settings(port)).document

    assert (code, stopped < READERS, not_by_worker) == (3, True, stopped)
    assert "Stopped as asked, and paused" in said
    assert "Next: newsletter send 1" in said
    assert (shown["status"], shown["pause_reason"]) == ("paused", INTERRUPTED)
    assert (shown["deliveries"]["accepted"], shown["deliveries"]["unknown"]) == (stopped, 0)
    assert (final["status"], received(manners)) == ("sent", dict.fromkeys(everybody, 1))


def test_a_second_ctrl_c_stops_at_once(command: Command, tmp_path: Path) -> None:
    take_in(command, tmp_path, READERS)
    # The first message gets no answer for half a minute: until then the batch is not over.
    manners = Manners(to_message={"reader0@example.com": "stay silent"})
    with smtp_server(manners) as port, started(tmp_path, SEND, port) as sender:
        sender.wait_for(manners, 1)
        sender.process.send_signal(signal.SIGINT)
        sender.wait_until(lambda: "Stopping after this batch" in sender.said)
        code, said = sender.ended(signal.SIGINT), sender.said

    assert code == 130
    assert "error: stopped at once" in said


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_another_process_stops_a_sender_at_once_however_slow_it_is(command: Command, tmp_path: Path, act: str) -> None:
    everybody = take_in(command, tmp_path, READERS)
    manners = Manners()
    with smtp_server(manners) as port:
        with started(tmp_path, (*SEND, *SLOWLY), port) as sender:
            sender.wait_for(manners, 10)
            with its_store(tmp_path) as store:
                change(store, act)
                stepped_in = len(manners.arrived)
            code, said = sender.ended(), sender.said
        late = len(manners.arrived) - stepped_in
        shown = command("mailings", "show", "1", "--json").document

    assert late <= 60, "two seconds' worth"
    assert code == (3 if act == "pause" else 0)
    left = "planned" if act == "pause" else "withdrawn"
    assert shown["status"] == ("paused" if act == "pause" else "cancelled")
    assert shown["deliveries"]["accepted"] == len(manners.arrived)
    assert shown["deliveries"][left] == READERS - len(manners.arrived)
    assert set(received(manners)) < everybody
    if act == "pause":
        assert "Next: newsletter mailings resume 1" in said


def change(store: Store, act: str) -> None:
    if act == "pause":
        store.mailings.pause(1, "a wrong link", actor="mei", now=datetime.now(UTC))
    else:
        store.mailings.cancel(1, actor="mei", now=datetime.now(UTC))


def test_what_was_paused_in_a_workers_hands_goes_on_when_it_is_resumed(command: Command, tmp_path: Path) -> None:
    everybody = take_in(command, tmp_path, READERS)
    command("plan", NOTE, "-s", "everyone")
    manners = Manners()
    slowly = {"NEWSLETTER_RATE": "30/second"}
    with smtp_server(manners) as port, its_store(tmp_path) as store:
        store.mailings.schedule(1, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        with started(tmp_path, WORKER, port, **slowly) as worker:
            worker.wait_for(manners, 10)
            store.mailings.pause(1, "a wrong link", actor="mei", now=datetime.now(UTC))
            worker.wait_until(lambda: "status=paused" in worker.said)
            at_rest = len(manners.arrived)
            counts = store.mailings.counts(1)
            store.mailings.resume(1, actor="mei", now=datetime.now(UTC))
            worker.wait_for(manners, READERS)
            worker.wait_until(lambda: "status=sent" in worker.said)
            code = worker.ended(signal.SIGTERM)

    assert counts[DeliveryState.ACCEPTED] == at_rest < READERS
    assert counts[DeliveryState.PLANNED] == READERS - at_rest
    assert received(manners) == dict.fromkeys(everybody, 1)
    assert code == 0


def test_a_worker_takes_up_the_mailing_of_a_sender_that_was_killed(command: Command, tmp_path: Path) -> None:
    everybody = take_in(command, tmp_path, READERS)
    manners = Manners()
    with smtp_server(manners) as port:
        with started(tmp_path, (*SEND, *SLOWLY), port) as sender:
            sender.wait_for(manners, 20)
            assert sender.ended(signal.SIGKILL) == -signal.SIGKILL
        before = len(manners.arrived)
        with started(tmp_path, WORKER, port) as worker:
            worker.wait_until(lambda: "mailing=1 status=sent" in worker.said)
            code = worker.ended(signal.SIGTERM)
        shown = command("mailings", "show", "1", "--json").document

    unsure = {row["email"] for row in shown["unknown"]}
    assert before < READERS
    assert code == 0
    assert shown["status"] == "sent"
    assert len(unsure) <= 4, "at most one for each connection"
    assert set(received(manners).values()) == {1}
    assert set(received(manners)) | unsure == everybody


def test_a_worker_that_is_told_to_end_does_so_after_the_batch_and_another_goes_on(
    command: Command, tmp_path: Path
) -> None:
    everybody = take_in(command, tmp_path, READERS)
    command("plan", NOTE, "-s", "everyone")
    manners = Manners()
    with smtp_server(manners) as port, its_store(tmp_path) as store:
        store.mailings.schedule(1, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        with started(tmp_path, WORKER, port, NEWSLETTER_RATE="30/second") as worker:
            worker.wait_for(manners, 10)
            alive = store.workers.alive(datetime.now(UTC))
            code = worker.ended(signal.SIGTERM)
        counts, status = store.mailings.counts(1), store.mailings.find(1).status
        stopped = len(manners.arrived)
        gone = store.workers.alive(datetime.now(UTC))
        command("worker", "--once", "--skip-link-check", **smtp_settings(port))

    assert (code, len(alive), gone) == (0, 1, [])
    assert (status, stopped < READERS) == (MailingStatus.SENDING, True)
    assert counts[DeliveryState.ACCEPTED] == stopped
    assert counts[DeliveryState.PLANNED] == READERS - stopped
    assert received(manners) == dict.fromkeys(everybody, 1)
