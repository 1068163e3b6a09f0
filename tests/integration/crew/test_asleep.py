"""Senders that sleep, are given up, or whose clock is wrong: what they know is not lost, and nobody waits for long."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Receipt, Recipient
from newsletter.dispatch import ledger
from newsletter.edition import Edition
from newsletter.errors import AwayError, TransientError
from newsletter.mailing import sending
from newsletter.store import Store, advisory, open_store
from newsletter.store.paces import Paces
from tests import postgres
from tests.builders import NOW
from tests.fakes.transport import FakeTransport
from tests.integration.crew.hands import terms_with, under_way


@pytest.mark.parametrize(("writing", "limit"), [("writing", "_NOBODY_SLEEPS"), ("together", "_NOBODY_DOZES")])
def test_whoever_slept_in_the_middle_of_a_transaction_may_try_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, writing: str, limit: str
) -> None:
    monkeypatch.setattr(advisory, limit, "set_config('idle_in_transaction_session_timeout', '200ms', true)")

    def sleep() -> None:
        with getattr(store._database, writing)() as connection:
            time.sleep(0.6)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(AwayError):
        sleep()


@pytest.mark.parametrize("recorder", ["/etc/passwd/newsletter.db.1.1.flight", ""])
def test_a_silent_run_ends_though_its_recorder_lies_where_nobody_gets_at_it(store: Store, recorder: str) -> None:
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET recorder = %s", (recorder,))
    moved = mailings.recover(mailing.id, NOW, silent=[run])
    assert moved == {DeliveryState.UNKNOWN: 2}
    assert mailings.open_runs() == []


class Sleepy(FakeTransport):
    """Others give up its run while it has a letter in the air."""

    nightmare: Callable[[], object]

    def asleep(self, store: Store, mailing: Mailing) -> None:
        self.nightmare = lambda: store.mailings.recover(
            mailing.id, NOW, silent=[run.id for run in store.mailings.open_runs()]
        )

    def _one(self, edition: Edition, recipient: Recipient, at_risk: Callable[[Sequence[int]], None]) -> Receipt:
        found = super()._one(edition, recipient, at_risk)
        if len(self.inboxes) == 2:
            self.nightmare()
        return found


def test_whoever_sends_by_hand_goes_on_after_others_gave_up_their_run(store: Store) -> None:
    mailing, transport = under_way(store), Sleepy()
    transport.asleep(store, mailing)
    list(sending.send_mailing(store, mailing, terms_with(transport)))
    assert store.mailings.counts(mailing.id)[DeliveryState.ACCEPTED] == 6
    assert {len(copies) for copies in transport.inboxes.values()} == {1}
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT


def test_what_was_handed_over_is_written_down_however_long_that_takes_though_the_mailing_was_paused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more leaves, but nobody has told the sender itself to be quick."""
    monkeypatch.setattr(sending, "LOOK", 0.0)
    mailing, transport, settle, tries = under_way(store), Sleepy(), store.mailings.settle, 0
    transport.nightmare = lambda: store.mailings.pause(mailing.id, "typo", actor="mei", now=NOW)

    def settle_in_the_end(*receipts: Any, **terms: Any) -> int:
        nonlocal tries
        tries += 1
        if tries <= 30:
            raise AwayError("it is away")
        return settle(*receipts, **terms)

    monkeypatch.setattr(store.mailings, "settle", settle_in_the_end)
    list(sending.send_mailing(store, mailing, replace(terms_with(transport), sleep=lambda _: None)))
    counts = store.mailings.counts(mailing.id)
    assert (counts[DeliveryState.ACCEPTED], counts[DeliveryState.PLANNED]) == (2, 4)


def test_a_recorder_of_an_earlier_life_of_the_database_speaks_of_no_run_of_this_one(tmp_path: Path, url: str) -> None:
    """It was brought back from a copy and counts runs anew; machines of a crew are alike, down to their folders."""
    for life in ("earlier", "this"):
        postgres.copy_for(tmp_path)
        with open_store(url) as store:
            mailing, mailings = under_way(store), store.mailings
            run = mailings.open_run(mailing.id, NOW)
            mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)
            if life == "earlier":
                mailings.flight(mailing.id, run, size=8).let_go()
            else:
                # Its own recorder lies on another machine, under the same way there.
                assert mailings.dead_runs(mailing.id) == frozenset()


def test_whoever_rests_as_its_provider_asked_is_not_taken_for_dead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BEAT", 0.0)
    mailing, transport, slept = under_way(store), FakeTransport(), 0.0
    transport.failures.append(TransientError("busy", retry_after=45))
    signs: set[datetime] = set()

    def sleep(seconds: float) -> None:
        nonlocal slept
        slept += seconds
        time.sleep(0.01)
        signs.update(run.beat_at for run in store.mailings.open_runs())

    terms = replace(terms_with(transport), sleep=sleep, now=lambda: NOW + timedelta(seconds=slept))
    list(sending.send_mailing(store, mailing, terms))
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert len(signs) > 10


def test_whoever_slept_in_the_middle_of_many_rows_does_not_hold_up_all_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the rows of one settlement the server is not idle in its eyes, and waits as long as its client lives."""
    monkeypatch.setattr(advisory, "_NOBODY_DOZES", "set_config('idle_in_transaction_session_timeout', '200ms', true)")
    monkeypatch.setattr(advisory, "_NOBODY_LINGERS", "set_config('transaction_timeout', '200ms', true)", raising=False)

    def sleep() -> None:
        with store._database.together() as connection:
            driver: Any = connection.connection.driver_connection
            with driver.pipeline():
                driver.execute("SELECT 1")
                driver.pgconn.flush()
                time.sleep(0.8)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises((AwayError, psycopg.OperationalError, psycopg.InternalError)):
        sleep()


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_wrong_neither_holds_up_other_machines_nor_its_own(store: Store, wrong_by: timedelta) -> None:
    """They share a rate and a rest by the server's clock; each is told by its own when to come back."""

    def wrong_clock() -> datetime:
        return datetime.now(UTC) + wrong_by

    wrong, right = Paces(store._database, wrong_clock), Paces(store._database)
    second, given = timedelta(seconds=1), []
    for paces, now in ((wrong, wrong_clock), (right, lambda: datetime.now(UTC)), (wrong, wrong_clock)):
        count, again_at = paces.take("smtp", interval=10 * second, most=1, now=now())
        assert 8 * second <= again_at - now() <= 10 * second
        given.append(count)
    assert given == [1, 0, 0]

    wrong.rest("mailing 1", wrong_clock() + 60 * second)
    seen = [right.rests("mailing 1", datetime.now(UTC) + after * second) for after in (0, 50, 70)]
    assert seen == [wrong.rests("mailing 1", wrong_clock() + after * second) for after in (0, 50, 70)]
    assert seen == [True, True, False]
