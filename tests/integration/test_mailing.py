"""Plan and send against a real SQLite store, with a transport that can refuse, fall silent and die."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Receipt
from newsletter.errors import PermanentError, TransientError
from newsletter.mailing.sending import Terms, send_mailing
from newsletter.message import Letter
from newsletter.report import Report, report_on
from newsletter.store import Store
from newsletter.subscriber import Consent, Entry, SuppressionReason
from newsletter.tags import Vocabulary, read_vocabulary
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.fakes.transport import FakeTransport
from tests.planning import plan_for_everyone
from tests.stores import a_store

VOCABULARY: Vocabulary = read_vocabulary("ai: {names: {en: AI}}", path="tags.yaml")
CONSENT = Consent(basis="signed up at the spring forum", on=date(2026, 3, 1))
KEYS = [b"k" * 32]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        entries = [Entry(email=f"reader{number}@example.com", name="{{ 7*7 }}", consent=CONSENT) for number in range(6)]
        opened.readers.take_in("harbour-brief", entries, update=False, actor="test", now=NOW)
        yield opened


def planned(store: Store, **details: Any) -> Mailing:
    return plan_for_everyone(store, a_compiled_issue(**details), VOCABULARY, actor="test")


def send(store: Store, mailing: Mailing, transport: FakeTransport, **details: Any) -> Report:
    terms = Terms(
        **{
            "transport": transport,
            "keys": KEYS,
            "base_url": "https://news.example.com",
            "actor": "test",
            "now": lambda: NOW,
            **details,
        }
    )
    for _ in send_mailing(store, mailing, terms):
        pass
    return report_on(store.mailings, mailing.id)


def test_every_reader_gets_it_once_and_a_second_send_reaches_nobody(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport()

    first = send(store, mailing, transport)
    second = send(store, mailing, transport)

    assert Counter(len(copies) for copies in transport.inboxes.values()) == {1: 6}
    assert first.deliveries[DeliveryState.ACCEPTED] == first.planned == 6
    assert first.mailing.status is MailingStatus.SENT
    assert second.deliveries == first.deliveries


def test_a_new_mailing_of_the_same_issue_reaches_nobody_who_holds_it(store: Store) -> None:
    send(store, planned(store), FakeTransport(silent_about=frozenset({"reader1@example.com"})))
    late = Entry(email="late@example.com", consent=CONSENT)
    store.readers.take_in("harbour-brief", [late], update=False, actor="test", now=NOW)
    transport = FakeTransport()

    send(store, planned(store), transport)

    assert set(transport.inboxes) == {"late@example.com"}


def test_two_drafts_of_one_issue_reach_each_reader_once(store: Store) -> None:
    first, second, transport = planned(store), planned(store), FakeTransport()

    send(store, first, transport)
    report = send(store, second, transport)

    assert Counter(len(copies) for copies in transport.inboxes.values()) == {1: 6}
    assert report.deliveries[DeliveryState.WITHDRAWN] == 6
    assert {reason for _, reason in report.withdrawn} == {"already-sent"}


def test_after_a_sender_died_its_readers_are_unknown_and_nobody_gets_it_twice(store: Store) -> None:
    mailing, dying, healthy = planned(store), FakeTransport(dies_after=3), FakeTransport()

    with pytest.raises(KeyboardInterrupt):
        send(store, mailing, dying)
    report = send(store, mailing, healthy)

    assert dying.inboxes.keys().isdisjoint(healthy.inboxes)
    assert report.deliveries[DeliveryState.UNKNOWN] == 1
    assert report.deliveries[DeliveryState.ACCEPTED] == 5
    assert [address for address, *_ in report.unknown] == ["reader2@example.com"]


def test_silence_after_the_hand_over_is_unknown_and_is_not_sent_again(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport(silent_about=frozenset({"reader3@example.com"}))

    send(store, mailing, transport)
    report = send(store, mailing, FakeTransport())

    assert len(transport.inboxes["reader3@example.com"]) == 1
    assert [address for address, *_ in report.unknown] == ["reader3@example.com"]


def test_a_provider_that_is_down_leaves_everything_planned(store: Store) -> None:
    mailing = planned(store)
    refusing = FakeTransport(failures=[PermanentError("the SMTP server refused the login (535)")])

    with pytest.raises(PermanentError, match="535"):
        send(store, mailing, refusing)
    report = report_on(store.mailings, mailing.id)

    assert report.deliveries[DeliveryState.PLANNED] == report.planned == 6
    assert report.mailing.status is MailingStatus.SENDING


def test_a_provider_that_stumbles_is_asked_again_and_nobody_is_missed(
    store: Store,
) -> None:
    transport = FakeTransport(failures=[TransientError("no route to host"), TransientError("no route to host")])

    report = send(store, planned(store), transport, sleep=lambda _: None)

    assert report.deliveries[DeliveryState.ACCEPTED] == 6
    assert Counter(len(copies) for copies in transport.inboxes.values()) == {1: 6}


def test_a_provider_that_asks_for_a_long_wait_is_left_alone(store: Store) -> None:
    mailing = planned(store)
    busy = FakeTransport(failures=[TransientError("too many requests (429)", retry_after=600)])

    with pytest.raises(TransientError, match="429"):
        send(store, mailing, busy)

    assert report_on(store.mailings, mailing.id).deliveries[DeliveryState.PLANNED] == 6


def test_a_refused_reader_is_named_with_what_the_provider_said(store: Store) -> None:
    report = send(store, planned(store), FakeTransport(refuses=frozenset({"reader4@example.com"})))

    assert report.refused == (("reader4@example.com", "550 5.1.1 no such mailbox"),)
    assert report.mailing.status is MailingStatus.SENT


def test_a_deferred_reader_is_tried_again_when_it_is_time(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport(defers=frozenset({"reader5@example.com"}))

    first = send(store, mailing, transport)
    too_early = send(store, mailing, FakeTransport())
    later = send(store, mailing, FakeTransport(), now=lambda: NOW + timedelta(minutes=6))

    assert first.deliveries[DeliveryState.DEFERRED] == too_early.deliveries[DeliveryState.DEFERRED] == 1
    assert first.mailing.status is MailingStatus.SENDING
    assert later.deliveries[DeliveryState.ACCEPTED] == 6
    assert later.mailing.status is MailingStatus.SENT


def test_a_reader_deferred_for_too_long_is_refused(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport(defers=frozenset({"reader5@example.com"}))
    for day in range(12):
        send(store, mailing, transport, now=lambda day=day: NOW + timedelta(days=day))

    report = report_on(store.mailings, mailing.id)

    assert report.refused == (("reader5@example.com", "still deferred after 10 tries: 450 4.2.1 later"),)
    assert report.mailing.status is MailingStatus.SENT


def test_who_leaves_after_planning_gets_nothing(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport()
    leaving, bouncing = store.readers.find("reader0@example.com")[0], store.readers.find("reader1@example.com")[0]
    store.readers.unsubscribe(leaving.subscription_id, actor="test", now=NOW)
    store.readers.suppress(bouncing.subscriber_id, SuppressionReason.BOUNCED, actor="test", now=NOW)

    report = send(store, mailing, transport)

    assert {"reader0@example.com", "reader1@example.com"}.isdisjoint(transport.inboxes)
    assert dict(report.withdrawn) == {"reader0@example.com": "unsubscribed", "reader1@example.com": "suppressed"}


def test_asked_to_stop_it_stops_between_two_letters_and_goes_on_later(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport()

    stopped = send(store, mailing, transport, should_stop=lambda: len(transport.inboxes) >= 4)
    done = send(store, mailing, transport)

    assert stopped.deliveries[DeliveryState.PLANNED] == 2
    assert stopped.deliveries[DeliveryState.UNKNOWN] == 0
    assert done.deliveries[DeliveryState.ACCEPTED] == 6


def test_a_rate_is_kept_from_the_first_message_on(store: Store) -> None:
    transport = PacedTransport([NOW])

    send(store, planned(store), transport, now=transport.now, rate=2.0)

    assert [arrived - NOW for arrived in transport.arrived] == [timedelta(seconds=n / 2) for n in range(6)]


def test_two_senders_by_one_provider_share_its_rate(store: Store) -> None:
    first = PacedTransport([NOW])
    second = PacedTransport(first.clock)

    send(store, planned(store, letterhead=a_letterhead(slug="harbour-one")), first, now=first.now, rate=2.0)
    send(store, planned(store, letterhead=a_letterhead(slug="harbour-two")), second, now=second.now, rate=2.0)

    assert second.arrived[0] - NOW == timedelta(seconds=3)


def test_a_domain_that_is_full_does_not_hold_up_the_others(store: Store) -> None:
    entries = [Entry(email=f"reader{number}@slow.example", consent=CONSENT) for number in range(3)]
    store.readers.take_in("harbour-brief", entries, update=False, actor="test", now=NOW)
    transport = PacedTransport([NOW])

    report = send(store, planned(store), transport, now=transport.now, domain_rates={"slow.example": 0.1})

    waits = [(at - NOW).total_seconds() for at in transport.arrived]
    assert report.deliveries[DeliveryState.ACCEPTED] == 9
    assert waits == [0] * 7 + [pytest.approx(10, abs=0.1), pytest.approx(20, abs=0.1)]


def test_asked_to_stop_it_does_not_wait_out_its_pace(store: Store) -> None:
    transport = PacedTransport([NOW])

    def is_asked() -> bool:
        return transport.now() > NOW + timedelta(seconds=2)

    report = send(store, planned(store), transport, now=transport.now, rate=0.001, should_stop=is_asked)

    assert report.deliveries[DeliveryState.ACCEPTED] == 1
    assert report.deliveries[DeliveryState.PLANNED] == 5


class PacedTransport(FakeTransport):
    """Lets a twentieth of a second pass whenever there is nothing to do, and notes when a letter came."""

    def __init__(self, clock: list[datetime]) -> None:
        super().__init__(window=100)
        self.clock, self.arrived = clock, list[datetime]()

    def now(self) -> datetime:
        return self.clock[0]

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        for letter in letters:
            if letter is None:
                self.clock[0] += timedelta(seconds=0.05)
                yield []
            else:
                self.arrived.append(self.clock[0])
                yield [self._one(letter.edition, letter.recipient, at_risk)]
