"""Plan and send against a real SQLite store, with a transport that can refuse, fall silent and die."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.audience import Rules
from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome
from newsletter.edition import Links
from newsletter.errors import PermanentError, RefusedError, TransientError
from newsletter.mailing.sending import Terms, insist_on_a_way_out, insist_sendable, send_mailing
from newsletter.plan import make_plan
from newsletter.report import Report, report_on
from newsletter.segment import Everyone
from newsletter.store import Store, open_store
from newsletter.subscriber import Consent, Entry, SuppressionReason
from newsletter.tags import Vocabulary, read_vocabulary
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.fakes.transport import FakeTransport

VOCABULARY: Vocabulary = read_vocabulary("ai: {names: {en: AI}}", path="tags.yaml")
CONSENT = Consent(basis="signed up at the spring forum", on=date(2026, 3, 1))
KEYS = [b"k" * 32]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'newsletter.db'}") as opened:
        entries = [Entry(email=f"reader{number}@example.com", name="{{ 7*7 }}", consent=CONSENT) for number in range(6)]
        opened.readers.take_in("harbour-brief", entries, update=False, actor="test", now=NOW)
        yield opened


def planned(store: Store, **details: Any) -> Mailing:
    compiled = a_compiled_issue(**details)
    head = compiled.letterhead
    rules = Rules(
        compiled=compiled,
        segment=Everyone(),
        vocabulary=VOCABULARY,
        language="en",
        holders=store.mailings.holders_of(head.newsletter, head.slug),
    )
    plan = make_plan(store.readers.stream(head.newsletter), rules, segment="everyone")
    return store.mailings.save_plan(plan, actor="test", now=NOW)


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
    mailing, dying, healthy = planned(store), FakeTransport(batch_size=1, dies_after=3), FakeTransport()

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
    later = send(store, mailing, FakeTransport(), now=lambda: NOW + timedelta(minutes=3))

    assert first.deliveries[DeliveryState.DEFERRED] == too_early.deliveries[DeliveryState.DEFERRED] == 1
    assert first.mailing.status is MailingStatus.SENDING
    assert later.deliveries[DeliveryState.ACCEPTED] == 6
    assert later.mailing.status is MailingStatus.SENT


def test_a_reader_deferred_for_too_long_is_refused(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport(defers=frozenset({"reader5@example.com"}))
    for day in range(6):
        send(store, mailing, transport, now=lambda day=day: NOW + timedelta(days=day))

    report = report_on(store.mailings, mailing.id)

    assert report.refused == (("reader5@example.com", "still deferred after 5 tries: 450 4.2.1 later"),)
    assert report.mailing.status is MailingStatus.SENT


def test_who_leaves_after_planning_gets_nothing(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport()
    leaving, bouncing = store.readers.find("reader0@example.com")[0], store.readers.find("reader1@example.com")[0]
    store.readers.unsubscribe(leaving.subscription_id, actor="test", now=NOW)
    store.readers.suppress(bouncing.subscriber_id, SuppressionReason.BOUNCED, actor="test", now=NOW)

    report = send(store, mailing, transport)

    assert {"reader0@example.com", "reader1@example.com"}.isdisjoint(transport.inboxes)
    assert dict(report.withdrawn) == {"reader0@example.com": "unsubscribed", "reader1@example.com": "suppressed"}


def test_asked_to_stop_it_stops_between_two_batches_and_goes_on_later(store: Store) -> None:
    mailing, transport = planned(store), FakeTransport()
    batches = iter([False, False, True])

    stopped = send(store, mailing, transport, should_stop=lambda: next(batches))
    done = send(store, mailing, transport)

    assert stopped.deliveries[DeliveryState.PLANNED] == 2
    assert stopped.deliveries[DeliveryState.UNKNOWN] == 0
    assert done.deliveries[DeliveryState.ACCEPTED] == 6


def test_a_rate_is_kept_from_the_first_message_on(store: Store) -> None:
    naps: list[float] = []
    slow = Terms(
        transport=FakeTransport(batch_size=100), keys=KEYS, base_url="", actor="test", now=lambda: NOW,
        rate=2.0, sleep=naps.append,
    )  # fmt: skip

    batches = [batch.total() for batch in send_mailing(store, planned(store), slow)]

    assert batches == [2, 2, 2]
    assert 2 < sum(naps) <= 3


def test_asked_to_stop_it_does_not_wait_out_its_pace(store: Store) -> None:
    naps: list[float] = []
    slow = Terms(
        transport=FakeTransport(), keys=KEYS, base_url="", actor="test", now=lambda: NOW,
        rate=0.001, sleep=naps.append, should_stop=lambda: len(naps) > 3,
    )  # fmt: skip

    assert len(list(send_mailing(store, planned(store), slow))) == 1
    assert len(naps) == 4


def test_a_second_sender_of_the_same_mailing_is_refused(store: Store) -> None:
    mailing = planned(store)

    with store.mailings.lock(mailing.id), pytest.raises(RefusedError, match="another sender"):
        send(store, mailing, FakeTransport())


def test_outcomes_are_reported_batch_by_batch(store: Store) -> None:
    terms = Terms(transport=FakeTransport(), keys=KEYS, base_url="", actor="test", now=lambda: NOW)

    batches = list(send_mailing(store, planned(store), terms))

    assert batches == [Counter({Outcome.ACCEPTED: 2})] * 3


def test_an_embargo_holds_until_its_instant(store: Store) -> None:
    mailing = planned(store, embargo_at=NOW)

    with pytest.raises(RefusedError, match="embargo until 2026-06-10"):
        insist_sendable(store, mailing, NOW - timedelta(seconds=1))
    assert insist_sendable(store, mailing, NOW)


def test_a_cancelled_mailing_is_never_sent(store: Store) -> None:
    mailing = planned(store)
    store.mailings.cancel(mailing.id, actor="test", now=NOW)

    with pytest.raises(RefusedError, match="cancelled"):
        insist_sendable(store, store.mailings.find(mailing.id), NOW)


@pytest.mark.parametrize(
    ("links", "base_url", "readers", "said"),
    [
        (Links.WEB, "", 1, "NEWSLETTER_BASE_URL is missing"),
        (Links.WEB, "http://127.0.0.1:9", 1, "--skip-link-check"),
        (Links.MAILBOX, "", 101, "101 readers, but the only way to leave is a mailbox"),
        (Links.MAILBOX, "", 100, None),
    ],
)
def test_nothing_leaves_unless_readers_can_leave(
    store: Store, links: Links, base_url: str, readers: int, said: str | None
) -> None:
    compiled = a_compiled_issue(letterhead=a_letterhead(links=links))

    if said is None:
        insist_on_a_way_out(store, compiled, base_url=base_url, readers=readers)
    else:
        with pytest.raises(RefusedError, match=said):
            insist_on_a_way_out(store, compiled, base_url=base_url, readers=readers)
