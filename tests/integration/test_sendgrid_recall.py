"""Mail that SendGrid holds, from the store's side: taken back after a kill and by a person; settled by events."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery import Batch, DeliveryState, Mailing, MailingStatus, Outcome, Receipt
from newsletter.errors import PermanentError, RefusedError, TransientError
from newsletter.ingest import take_in as take_in_events
from newsletter.mailing.resolving import settle_by_what_was_told
from newsletter.mailing.retracting import Ended, cancel_mailing
from newsletter.mailing.sending import Terms, send_mailing
from newsletter.providers.sendgrid import SendGridTransport
from newsletter.providers.sendgrid.answers import Answer
from newsletter.providers.sendgrid.events import Event
from newsletter.report import report_on
from newsletter.settings import Settings, TransportName
from newsletter.store import Store
from newsletter.tokens import message_id
from newsletter.wiring.transports import transport_for
from tests.builders import a_compiled_issue
from tests.fakes.sendgrid import RESET_AFTER_TAKING, SLOTS, FakeSendGrid, Script, fake_sendgrid
from tests.fakes.transport import FakeTransport
from tests.planning import plan_for_everyone
from tests.stores import a_store, a_vocabulary, an_entry, take_in

KEY = "SG.right"
KEYS = [b"k" * 32]
READERS = 6
ACCEPTED, PLANNED, UNKNOWN, WITHDRAWN = (
    DeliveryState.ACCEPTED, DeliveryState.PLANNED, DeliveryState.UNKNOWN, DeliveryState.WITHDRAWN,
)  # fmt: skip


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with fake_sendgrid(KEY) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        take_in(opened, *[an_entry(number) for number in range(1, READERS + 1)])
        yield opened


class Dying(SendGridTransport):
    """Killed after a request has left, and before its answer is known; or just before it leaves."""

    has_left = True

    def _post(self, body: bytes, ids: Sequence[int], at_risk: Any) -> Generator[Sequence[Receipt], None, Answer]:
        if self.has_left:
            yield from super()._post(body, ids, at_risk)
        raise KeyboardInterrupt


def transport_to(
    fake: FakeSendGrid, kind: type[SendGridTransport] = SendGridTransport, **options: Any
) -> SendGridTransport:
    transport = kind(KEY, url=fake.url, **{"timeout": 1, "exact": True, "batch": 2, **options})
    transport._schedule._pause = lambda _: None
    return transport


def a_mailing(store: Store) -> Mailing:
    return plan_for_everyone(store, a_compiled_issue(), a_vocabulary(), now=now())


def now() -> datetime:
    return datetime.now(UTC)


def send(store: Store, mailing: Mailing, transport: Any, **details: Any) -> dict[DeliveryState, int]:
    terms = Terms(transport=transport, keys=KEYS, base_url="https://news.example.com", actor="mei", **details)
    for _ in send_mailing(store, mailing, terms):
        pass
    return states(store, mailing)


def states(store: Store, mailing: Mailing) -> dict[DeliveryState, int]:
    return {state: count for state, count in store.mailings.counts(mailing.id).items() if count}


def once_each(fake: FakeSendGrid) -> bool:
    fake.pass_time(10_000)
    return fake.inboxes == {f"reader{number}@example.com": 1 for number in range(1, READERS + 1)}


def cancel(store: Store, mailing: Mailing, fake: FakeSendGrid, *, after: timedelta = timedelta()) -> Ended:
    found = store.mailings.find(mailing.id)
    return cancel_mailing(store, found, lambda: transport_to(fake), actor="mei", now=now() + after)


@pytest.mark.parametrize("has_left", [True, False])
def test_after_a_kill_in_exact_mode_nobody_is_unknown_and_everybody_gets_it_once(
    store: Store, fake: FakeSendGrid, has_left: bool
) -> None:
    mailing, dying = a_mailing(store), transport_to(fake, Dying)
    dying.has_left = has_left  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        send(store, mailing, dying)
    assert len(fake.held) == 2 * has_left
    assert send(store, mailing, transport_to(fake)) == {ACCEPTED: READERS}
    assert len(fake.cancelled) == 1
    assert once_each(fake)


def test_after_a_kill_a_batch_that_cannot_be_cancelled_is_unknown_and_is_not_sent_again(
    store: Store, fake: FakeSendGrid
) -> None:
    mailing = a_mailing(store)
    with pytest.raises(KeyboardInterrupt):
        send(store, mailing, transport_to(fake, Dying))
    fake.cancel_scripts.append(Script(401))
    assert send(store, mailing, transport_to(fake)) == {ACCEPTED: READERS - 2, UNKNOWN: 2}
    assert once_each(fake)


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        ([], {ACCEPTED: READERS}),
        # It was certainly not cancelled, so what was accepted leaves.
        ([Script(400)], {ACCEPTED: READERS}),
        # Perhaps it was cancelled: what was accepted may not leave after all.
        ([Script(401)], {ACCEPTED: READERS - 2, UNKNOWN: 2}),
    ],
    ids=str,
)
def test_after_a_kill_between_an_answer_and_the_ledger(
    store: Store,
    fake: FakeSendGrid,
    monkeypatch: pytest.MonkeyPatch,
    scripts: list[Script],
    expected: dict[DeliveryState, int],
) -> None:
    monkeypatch.setattr("newsletter.dispatch.draining.GROUP_WAIT", 1e9)
    mailing = a_mailing(store)
    terms = Terms(transport=transport_to(fake), keys=KEYS, base_url="https://news.example.com", actor="mei")
    sending = send_mailing(store, mailing, terms)
    while not sum(next(sending).values()):
        pass
    with pytest.raises(KeyboardInterrupt):
        sending.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    # Two that are answered, and two that were claimed ahead.
    assert states(store, mailing)[DeliveryState.CLAIMED] == 4
    fake.cancel_scripts.extend(scripts)
    assert send(store, mailing, transport_to(fake)) == expected
    assert once_each(fake)


def test_after_a_kill_without_exact_mode_the_request_is_unknown(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    with pytest.raises(KeyboardInterrupt):
        send(store, mailing, transport_to(fake, Dying, exact=False))
    assert send(store, mailing, transport_to(fake)) == {ACCEPTED: READERS - 2, UNKNOWN: 2}
    assert not fake.cancelled
    assert once_each(fake)


def test_a_batch_of_a_kill_long_ago_is_left_alone(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    with pytest.raises(KeyboardInterrupt):
        send(store, mailing, transport_to(fake, Dying))
    found = send(store, mailing, transport_to(fake), now=lambda: now() + timedelta(seconds=301))
    assert found == {ACCEPTED: READERS - 2, UNKNOWN: 2}
    assert not fake.cancelled


def test_a_delivery_that_left_by_another_way_since_is_not_taken_back_with_its_old_batch(
    store: Store, fake: FakeSendGrid
) -> None:
    fake.scripts.append(RESET_AFTER_TAKING)
    fake.cancel_scripts.append(Script(401))
    mailing = a_mailing(store)
    assert send(store, mailing, transport_to(fake)) == {ACCEPTED: READERS - 2, UNKNOWN: 2}
    unknown = [one.delivery_id for one in store.mailings.unknown(mailing.id)]
    store.mailings.resend_unknown(mailing.id, unknown, actor="mei", now=now())
    assert send(store, mailing, FakeTransport()) == {ACCEPTED: READERS}
    assert cancel(store, mailing, fake) == Ended(0, taken_back=READERS - 2)
    assert states(store, mailing) == {ACCEPTED: 2, WITHDRAWN: READERS - 2}
    assert len(fake.cancelled) == 2


def test_of_a_batch_only_those_are_taken_back_who_have_not_got_it_by_another_way(
    store: Store, fake: FakeSendGrid
) -> None:
    fake.scripts.append(RESET_AFTER_TAKING)
    fake.cancel_scripts.append(Script(401))
    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake))
    one, _ = [unsure.delivery_id for unsure in store.mailings.unknown(mailing.id)]
    store.mailings.resend_unknown(mailing.id, [one], actor="mei", now=now())
    send(store, mailing, FakeTransport())
    assert cancel(store, mailing, fake) == Ended(0, taken_back=READERS - 1)
    assert states(store, mailing) == {ACCEPTED: 1, WITHDRAWN: READERS - 1}


def test_a_batch_is_noted_in_the_store_before_its_request_leaves(store: Store, fake: FakeSendGrid) -> None:
    seen: list[tuple[int, list[int]]] = []

    class Watching(SendGridTransport):
        def _post(self, body: bytes, ids: Sequence[int], at_risk: Any) -> Generator[Sequence[Receipt], None, Answer]:
            kept = store.batches.with_deliveries(mailing.id, (DeliveryState.CLAIMED,))
            seen.append((len(fake.requests), [one.readers for one in kept]))
            return (yield from super()._post(body, ids, at_risk))

    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake, Watching, batch=READERS))
    assert seen == [(0, [READERS])]


def test_cancelling_within_the_first_five_minutes_takes_a_whole_mailing_back(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake))
    assert store.mailings.find(mailing.id).status is MailingStatus.SENT
    assert cancel(store, mailing, fake) == Ended(0, taken_back=READERS)
    assert states(store, mailing) == {WITHDRAWN: READERS}
    assert report_on(store.mailings, mailing.id).withdrawn[0][1] == "cancelled"
    assert store.mailings.acts(mailing.id)[-1].detail == {"deliveries": READERS}
    fake.pass_time(10_000)
    assert not fake.inboxes
    with pytest.raises(RefusedError, match="was sent"):
        cancel(store, mailing, fake)


def test_cancelling_later_takes_nothing_back(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake))
    with pytest.raises(RefusedError, match="was sent"):
        cancel(store, mailing, fake, after=timedelta(seconds=301))
    assert states(store, mailing) == {ACCEPTED: READERS}
    assert once_each(fake)


def test_what_cannot_be_taken_back_is_counted_and_stays_what_it_is(store: Store, fake: FakeSendGrid) -> None:
    take_in(store, *[an_entry(number) for number in range(READERS + 1, SLOTS + 3)])
    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake, batch=1))
    assert cancel(store, mailing, fake) == Ended(0, taken_back=SLOTS, too_late=2)
    assert states(store, mailing) == {ACCEPTED: 2, WITHDRAWN: SLOTS}
    fake.pass_time(10_000)
    assert fake.inboxes.total() == 2


def test_a_cancellation_without_an_answer_leaves_readers_unknown(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    send(store, mailing, transport_to(fake, batch=3))
    fake.cancel_scripts.extend([Script(500)] * 5)
    assert cancel(store, mailing, fake) == Ended(0, taken_back=3, unsure=3)
    assert states(store, mailing) == {UNKNOWN: 3, WITHDRAWN: 3}


def test_cancelling_under_a_sender_stops_it_and_takes_back_what_it_had_sent(store: Store, fake: FakeSendGrid) -> None:
    mailing = a_mailing(store)
    terms = Terms(transport=transport_to(fake), keys=KEYS, base_url="https://news.example.com", actor="mei")
    sending = send_mailing(store, mailing, terms)
    while not sum(next(sending).values()):
        pass
    ended = cancel(store, mailing, fake)
    assert (ended.taken_back, ended.too_late, ended.unsure) == (2, 0, 0)
    list(sending)
    assert states(store, mailing) == {WITHDRAWN: READERS}
    fake.pass_time(10_000)
    assert not fake.inboxes


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_request_that_is_on_its_way_while_the_mailing_is_cancelled_is_taken_back(
    store: Store, fake: FakeSendGrid, moment: str
) -> None:
    class Overtaken(SendGridTransport):
        def _post(self, body: bytes, ids: Sequence[int], at_risk: Any) -> Generator[Sequence[Receipt], None, Answer]:
            if moment == "before":
                assert cancel(store, mailing, fake).taken_back == 2
            answer = yield from super()._post(body, ids, at_risk)
            if moment == "after":
                assert cancel(store, mailing, fake).taken_back == 2
            return answer

    mailing = a_mailing(store)
    assert send(store, mailing, transport_to(fake, Overtaken)) == {WITHDRAWN: READERS}
    fake.pass_time(10_000)
    assert not fake.inboxes
    assert len(fake.requests) == 1


def test_no_batch_is_noted_once_the_mailing_is_cancelled(store: Store) -> None:
    mailing = a_mailing(store)
    store.mailings.begin(mailing.id, transport="sendgrid", actor="mei", now=now())
    run_id = store.mailings.open_run(mailing.id, now=now())
    (claimed,) = store.mailings.claim(mailing.id, run_id=run_id, limit=1, now=now())
    store.mailings.cancel(mailing.id, actor="mei", now=now())
    with pytest.raises(PermanentError, match="cancelled meanwhile"):
        store.batches.remember(Batch("b", 2_000_000_000), [claimed.delivery_id], mailing_id=mailing.id, run_id=run_id)


def test_a_run_that_was_given_up_cannot_note_a_batch(store: Store) -> None:
    mailing = a_mailing(store)
    store.mailings.begin(mailing.id, transport="sendgrid", actor="mei", now=now())
    run_id = store.mailings.open_run(mailing.id, now=now())
    claimed = store.mailings.claim(mailing.id, run_id=run_id, limit=3, now=now())
    ids = [delivery.delivery_id for delivery in claimed]
    store.mailings.release(ids[:1], run_id=run_id)
    with pytest.raises(TransientError, match="taken over"):
        store.batches.remember(Batch("b", 2_000_000_000), ids, mailing_id=mailing.id, run_id=run_id)
    assert store.batches.with_deliveries(mailing.id, (DeliveryState.CLAIMED,)) == []


def test_a_test_is_never_held(fake: FakeSendGrid) -> None:
    from newsletter import foresight

    settings = Settings(sendgrid_api_key=KEY, sendgrid_url=fake.url, sendgrid_exact=True)
    held = transport_for(settings, TransportName.SENDGRID)
    tested = foresight.transport_of_test(settings, TransportName.SENDGRID)
    assert isinstance(held, SendGridTransport)
    assert isinstance(tested, SendGridTransport)
    assert (held.exact, held.window, tested.exact, tested.window) == (True, 1_000, False, 200)


def unsure_mailing(store: Store, fake: FakeSendGrid) -> tuple[Mailing, list[Event]]:
    """Two of six are unknown; and what SendGrid reports of them."""
    fake.scripts.append(RESET_AFTER_TAKING)
    mailing = a_mailing(store)
    assert send(store, mailing, transport_to(fake, exact=False)) == {ACCEPTED: READERS - 2, UNKNOWN: 2}
    taken = [mail.custom_args for mail in fake.delivered[:2]]
    return mailing, [
        Event(int(args["delivery"]), args["message"], "delivered", now(), f"e{args['delivery']}", "250 OK")
        for args in taken
    ]


def settled_by(store: Store, mailing: Mailing, *events: Event, keys: Sequence[bytes] = KEYS) -> int:
    """As `mailings resolve --events` has it."""
    take_in_events(store, events, keys=keys, now=now())
    return settle_by_what_was_told(store, mailing, now=now, tell=pytest.fail)


def test_events_settle_what_nobody_was_sure_of(store: Store, fake: FakeSendGrid) -> None:
    mailing, (first, second) = unsure_mailing(store, fake)
    dropped = replace(second, kind="dropped", detail="Bounced Address")
    assert settled_by(store, mailing, first, dropped) == 2
    assert states(store, mailing) == {ACCEPTED: READERS - 1, DeliveryState.REFUSED: 1}
    (refused,) = report_on(store.mailings, mailing.id).refused
    assert refused[1] == "unknown until it was told that it was dropped: Bounced Address"
    assert settled_by(store, mailing, first, dropped) == 0


def test_taken_once_stays_taken_whatever_else_is_reported(store: Store, fake: FakeSendGrid) -> None:
    mailing, (first, _) = unsure_mailing(store, fake)
    dropped = [replace(first, kind="dropped", sg_event_id=f"d{number}") for number in range(2)]
    settled_by(store, mailing, dropped[0], first, dropped[1])
    assert states(store, mailing)[ACCEPTED] == READERS - 1


def test_events_settle_after_the_key_was_changed(store: Store, fake: FakeSendGrid) -> None:
    mailing, found = unsure_mailing(store, fake)
    assert settled_by(store, mailing, *found, keys=[b"n" * 32, *KEYS]) == 2


def test_what_was_told_while_the_answer_was_awaited_settles_once_nobody_knows(store: Store, fake: FakeSendGrid) -> None:
    """The webhook may be faster than the answer to the request, which then never comes."""
    mailing = a_mailing(store)
    store.mailings.begin(mailing.id, transport="sendgrid", actor="mei", now=now())
    run_id = store.mailings.open_run(mailing.id, now())
    first, second, *_ = store.mailings.claim(mailing.id, run_id=run_id, limit=READERS, now=now())
    message = message_id(KEYS[0], mailing_id=mailing.id, delivery_id=first.delivery_id, domain="")[:-1]
    assert settled_by(store, mailing, Event(first.delivery_id, message, "processed", now(), "e1", "")) == 0
    lost = [Receipt(one.delivery_id, Outcome.UNKNOWN) for one in (first, second)]
    store.mailings.settle(lost, run_id=run_id, now=now(), due_at=now())
    assert settled_by(store, mailing) == 1
    assert states(store, mailing)[UNKNOWN] == 1


@pytest.mark.parametrize("change", ["key", "mailing", "delivery", "message", "kind"])
def test_events_of_another_database_settle_nothing(store: Store, fake: FakeSendGrid, change: str) -> None:
    mailing, (first, second) = unsure_mailing(store, fake)
    theirs = message_id(b"t" * 32, mailing_id=mailing.id, delivery_id=first.delivery_id, domain="")[:-1]
    other = message_id(KEYS[0], mailing_id=mailing.id + 1, delivery_id=first.delivery_id, domain="")[:-1]
    event = {
        "key": replace(first, message=theirs),
        "mailing": replace(first, message=other),
        "delivery": replace(first, delivery_id=second.delivery_id),
        "message": replace(first, message="ü"),
        "kind": replace(first, kind="account_status_change"),
    }[change]
    assert settled_by(store, mailing, event) == 0
    assert states(store, mailing)[UNKNOWN] == 2
