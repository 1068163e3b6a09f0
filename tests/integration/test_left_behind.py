"""What a dead sender held in a mailing that nobody sends any more, and who leaves while mail goes out slowly."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome, Receipt
from newsletter.dispatch import draining
from newsletter.mailing.retracting import cancel_mailing
from newsletter.mailing.sending import Terms, send_mailing
from newsletter.message import Letter
from newsletter.store import Store, open_store
from newsletter.worker import Worker
from tests.builders import NOW
from tests.fakes.transport import FakeTransport
from tests.integration.test_mailing import planned
from tests.stores import NEWSLETTER, a_mailing, a_plan, a_store, address_of, an_entry, take_in

KEYS = [b"k" * 32]
SOON = NOW + timedelta(minutes=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        take_in(opened, *(an_entry(number) for number in range(6)))
        yield opened


def killed(store: Store) -> Mailing:
    """A mailing whose sender died: one message accepted, one on the wire, two claimed, two planned."""
    mailing = a_mailing(store, a_plan(store.readers.stream(NEWSLETTER)))
    run_id = store.mailings.open_run(mailing.id, NOW)
    batch = store.mailings.claim(mailing.id, run_id=run_id, limit=4, now=NOW)
    flight = store.mailings.flight(mailing.id, run_id, size=8)
    flight.at_risk([delivery.delivery_id for delivery in batch[:2]])
    flight.answered(batch[0].delivery_id, Outcome.ACCEPTED)
    flight.let_go()
    return mailing


def states(store: Store, mailing: Mailing) -> dict[str, int]:
    return {str(state): count for state, count in store.mailings.counts(mailing.id).items() if count}


def test_cancelled_after_its_sender_died_nothing_stays_claimed(store: Store) -> None:
    mailing = killed(store)
    ended = cancel_mailing(store, mailing, FakeTransport, actor="mei", now=SOON)
    assert states(store, mailing) == {"accepted": 1, "unknown": 1, "withdrawn": 4}
    assert (ended.withdrawn, ended.unsure) == (4, 1)
    assert store.mailings.find(mailing.id).status is MailingStatus.CANCELLED


def test_a_sender_that_dies_after_the_cancellation_is_cleared_up_by_the_worker(store: Store, tmp_path: Path) -> None:
    mailing = killed(store)
    with open_store(address_of(tmp_path)) as senders, senders.mailings.lock(mailing.id):
        cancel_mailing(store, mailing, FakeTransport, actor="mei", now=SOON)
        assert states(store, mailing) == {"claimed": 4, "withdrawn": 2}, "it may still be alive"
        works_on(store).look()
        assert states(store, mailing) == {"claimed": 4, "withdrawn": 2}, "it may still be alive"
    works_on(store).look()
    assert states(store, mailing) == {"accepted": 1, "unknown": 1, "withdrawn": 4}


def works_on(store: Store) -> Worker:
    def terms_for(_: Mailing) -> Terms:
        return Terms(transport=FakeTransport(), keys=KEYS, base_url="", actor="test")

    def log(event: str, /, **values: object) -> None: ...

    return Worker(
        store=store, name="here", terms_for=terms_for, log=log, now=lambda: SOON, should_stop=lambda: False
    )  # fmt: skip


class SlowTransport(FakeTransport):
    """Something happens when the first letter has been handed over."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__(window=100)
        self.then = then

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        for number, letter in enumerate(letters):
            if letter is None:
                yield []
                continue
            yield [self._one(letter.edition, letter.recipient, at_risk)]
            if number == 0:
                self.then()


def test_who_leaves_while_mail_goes_out_slowly_gets_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """All six are claimed at once; a claim lasts for a while only."""
    monkeypatch.setattr(draining, "CLAIM_LASTS", 0.0)
    mailing = planned(store)
    [leaving] = store.readers.find("reader4@example.com")
    slow = SlowTransport(lambda: store.readers.unsubscribe(leaving.subscription_id, actor="reader", now=SOON))
    terms = Terms(transport=slow, keys=KEYS, base_url="", actor="test", now=lambda: datetime.now(UTC))
    for _ in send_mailing(store, mailing, terms):
        pass
    assert set(slow.inboxes) == {f"reader{number}@example.com" for number in (0, 1, 2, 3, 5)}
    assert all(len(copies) == 1 for copies in slow.inboxes.values())
    assert store.mailings.counts(mailing.id)[DeliveryState.WITHDRAWN] == 1
    record = store.mailings.delivery_of(mailing.id, "reader5@example.com")
    assert record is not None
    assert record.tries == 1, "to be given back is no try"
