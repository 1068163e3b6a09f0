"""Runs that others had given up: what they knew counts in the end, and nothing that they did not."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from newsletter.delivery import Batch, Cancellation, DeliveryState, Mailing, MailingStatus, Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import SettingsError
from newsletter.mailing import sending
from newsletter.mailing.resolving import settle_by_what_was_told, unsure_of
from newsletter.store import Store, flight
from newsletter.store.flight import Flight
from tests.builders import NOW
from tests.fakes.transport import FakeTransport
from tests.integration.crew.hands import Hand, under_way


def test_what_a_given_up_run_knew_is_not_lost_when_it_dies_later(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    """Until then its recorder is its own. What it had called unknown itself stays so."""
    mailing, recorder = given_up
    assert store.mailings.dead_runs(mailing.id) == frozenset()
    recorder.let_go()
    assert store.mailings.recorded() == {mailing.id}
    assert store.mailings.dead_runs(mailing.id)
    one_each = (DeliveryState.PLANNED, DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.REFUSED)
    assert store.mailings.recover(mailing.id, NOW) == dict.fromkeys(one_each, 1)
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 2
    assert store.mailings.find(mailing.id).status is MailingStatus.SENDING
    assert (store.mailings.recorded(), store.mailings.dead_runs(mailing.id)) == (set(), frozenset())


def test_what_it_never_handed_over_is_not_sent_a_day_later_by_itself(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, recorder = given_up
    recorder.let_go()
    facts = dict.fromkeys((DeliveryState.ACCEPTED, DeliveryState.REFUSED), 1)
    assert store.mailings.recover(mailing.id, NOW + timedelta(days=1)) == facts
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT


def test_a_recorder_of_before_the_machine_was_started_anew_is_not_believed(
    given_up: tuple[Mailing, Flight], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not in it may have been handed over."""
    mailing, recorder = given_up
    recorder.let_go()
    monkeypatch.setattr(flight, "_boot", lambda: b"another boot")
    assert store.mailings.recover(mailing.id, NOW) == {}
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 6
    assert store.mailings.recorded() == set()


def test_an_answer_from_before_says_nothing_of_a_batch_that_others_tried_to_take_back(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, recorder = given_up
    with store._database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO batches (id, mailing_id, run_id, send_at, state)"
            " SELECT 'one', mailing_id, id, beat_at, 'unsure' FROM runs"
        )
        connection.exec_driver_sql("UPDATE deliveries SET batch_id = 'one'")
    recorder.let_go()
    assert store.mailings.recover(mailing.id, NOW) == {}
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 6


def test_an_answer_says_nothing_of_a_batch_that_others_tried_to_take_back_meanwhile(store: Store) -> None:
    """The provider took it before or after it was told to drop it: nobody knows."""
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    numbers = [found.delivery_id for found in mailings.claim(mailing.id, run_id=run, limit=2, now=NOW)]
    batch = Batch("one", round(NOW.timestamp()) + 900)
    store.batches.remember(batch, numbers, mailing_id=mailing.id, run_id=run)
    assert store.batches.unsure(batch, detail="no answer to the cancellation", now=NOW) == 2
    receipts = [Receipt(numbers[0], Outcome.ACCEPTED, "202"), Receipt(numbers[1], Outcome.REFUSED, "400 no")]
    mailings.settle(receipts, run_id=run, now=NOW, due_at=NOW)
    counts = mailings.counts(mailing.id)
    assert (counts[DeliveryState.UNKNOWN], counts[DeliveryState.ACCEPTED], counts[DeliveryState.REFUSED]) == (1, 0, 1)


def test_what_a_given_up_run_never_heard_that_it_claimed_is_planned_again_when_it_ends(store: Store) -> None:
    """The connection broke at its commit, and stayed broken until nobody waited any longer."""
    mailing, mailings = under_way(store), store.mailings
    run = mailings.open_run(mailing.id, NOW)
    with mailings.flight(mailing.id, run, size=8):
        mailings.claim(mailing.id, run_id=run, limit=6, now=NOW)
        assert mailings.recover(mailing.id, NOW, silent=[run]) == {DeliveryState.UNKNOWN: 6}
        mailings.finish(mailing.id, now=NOW)
    assert mailings.close_run(run, NOW)
    assert mailings.counts(mailing.id)[DeliveryState.PLANNED] == 6
    assert mailings.find(mailing.id).status is MailingStatus.SENDING


def test_a_batch_of_an_earlier_run_that_was_taken_back_says_nothing_of_a_later_one(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, recorder = given_up
    earlier = store.mailings.open_run(mailing.id, NOW)
    store.mailings.close_run(earlier, NOW)
    with store._database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO batches (id, mailing_id, run_id, send_at, state)"
            " SELECT 'one', mailing_id, id, beat_at, 'cancelled' FROM runs WHERE id = %s",
            (earlier,),
        )
        connection.exec_driver_sql("UPDATE deliveries SET batch_id = 'one'")
    recorder.let_go()
    one_each = (DeliveryState.PLANNED, DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.REFUSED)
    assert store.mailings.recover(mailing.id, NOW) == dict.fromkeys(one_each, 1)


def test_what_a_run_knew_is_told_though_its_worker_lacks_what_the_mailing_was_sent_with(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    mailing, recorder = given_up
    recorder.let_go()
    hand = Hand(store, "hand")

    def no_key(_: Mailing) -> sending.Terms:
        raise SettingsError("SENDGRID_API_KEY is empty")

    hand.crew.terms_for = no_key
    hand.crew.tend()
    hand.crew.leave()
    assert store.mailings.recorded() == set()
    assert store.mailings.counts(mailing.id)[DeliveryState.UNKNOWN] == 2


def test_whoever_asks_who_is_unsure_reads_first_what_their_own_dead_run_knew(
    given_up: tuple[Mailing, Flight], store: Store
) -> None:
    """It was sent by hand, and no worker ever looks into that folder."""
    mailing, recorder = given_up
    recorder.let_go()
    mailing = store.mailings.find(mailing.id)
    assert settle_by_what_was_told(store, mailing, now=lambda: NOW, tell=print) == 4
    assert (store.mailings.recorded(), len(unsure_of(store, mailing, b"k" * 32))) == (set(), 2)


class Recallable(FakeTransport):
    """Holds mail; others give up its run while it is about to hand over."""

    remember: Any = None
    nightmare: Callable[[], object]
    count = 0

    def cancel_batches(self, batches: Any) -> Any:
        return iter([Cancellation(batch, True) for batch in batches])

    def _one(self, edition: Edition, recipient: Recipient, at_risk: Callable[[Sequence[int]], None]) -> Receipt:
        self.count += 1
        if self.count == 2:
            self.nightmare()
        self.remember(Batch(f"batch {self.count}", round(NOW.timestamp()) + 900), [recipient.delivery_id])
        return super()._one(edition, recipient, at_risk)


def test_a_worker_that_was_given_up_before_it_opened_a_batch_does_not_stop_the_mailing(store: Store) -> None:
    mailing, hand = under_way(store), Hand(store, "hand")
    hand.transport = transport = Recallable()
    transport.nightmare = lambda: store.mailings.recover(
        mailing.id, NOW, silent=[run.id for run in store.mailings.open_runs()]
    )
    for _ in range(3):
        hand.crew.tend()
        hand.crew.send(mailing.id)
    hand.crew.tend()
    hand.crew.leave()
    found = store.mailings.find(mailing.id)
    assert (found.status, found.pause_reason) == (MailingStatus.SENT, None)
    assert store.mailings.counts(mailing.id)[DeliveryState.ACCEPTED] == 6
