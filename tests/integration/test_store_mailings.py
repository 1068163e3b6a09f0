"""Mailings in a real database: plan, claim, settle, and whatever goes wrong in between."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from newsletter.delivery import DeliveryState, MailingStatus, Outcome, Receipt
from newsletter.errors import RefusedError
from newsletter.plan import audience_hash
from newsletter.store import Store, open_store, rows
from newsletter.store.locks import file_lock
from newsletter.store.mailings import ClaimedDelivery
from newsletter.subscriber import Skip, Subscriber, SuppressionReason
from tests.builders import NOW, a_compiled_issue
from tests.planning import holders_of
from tests.stores import CONSENT, NEWSLETTER, PlannedSkip, a_mailing, a_plan, a_store, address_of, an_entry, take_in

PLANNED, CLAIMED, DEFERRED, ACCEPTED, REFUSED, UNKNOWN, WITHDRAWN = DeliveryState
SLUG = "harbour-2026-06-10"
SOON = NOW + timedelta(minutes=10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def readers(store: Store) -> list[Subscriber]:
    return take_in(store, *(an_entry(number) for number in range(4)))


#: of each store, by name of the sender: the mailing of its last claim, and the run
RUNS: "WeakKeyDictionary[Store, dict[str, tuple[int, int]]]" = WeakKeyDictionary()


def run_of(store: Store, holder: str = "one") -> int:
    return RUNS[store].get(holder, (0, 0))[1]


def claim(store: Store, mailing_id: int, limit: int = 100, holder: str = "one") -> list[ClaimedDelivery]:
    runs = RUNS.setdefault(store, {})
    if runs.get(holder, (0, 0))[0] != mailing_id:
        runs[holder] = mailing_id, store.mailings.open_run(mailing_id, NOW)
    return store.mailings.claim(mailing_id, run_id=run_of(store, holder), limit=limit, now=NOW)


def settle(store: Store, claimed: list[ClaimedDelivery], outcome: Outcome, holder: str = "one") -> int:
    receipts = [Receipt(delivery.delivery_id, outcome, "250 fine", "provider-7") for delivery in claimed]
    return store.mailings.settle(receipts, run_id=run_of(store, holder), now=NOW, due_at=SOON)


def counts(store: Store, mailing_id: int) -> dict[str, int]:
    return {str(state): count for state, count in store.mailings.counts(mailing_id).items() if count}


def test_a_saved_plan_comes_back_whole(store: Store, readers: list[Subscriber]) -> None:
    plan = a_plan(readers[:3], editions=2)
    mailing = store.mailings.save_plan(plan, actor="mei", now=NOW)
    assert (mailing.newsletter, mailing.slug, mailing.title) == (NEWSLETTER, SLUG, "Harbour Brief")
    assert (mailing.status, mailing.segment, mailing.planned_by) == (MailingStatus.DRAFT, "everyone", "mei")
    assert mailing.planned_at == NOW
    assert mailing.content_hash == plan.content_hash
    assert store.mailings.compiled(mailing.id) == a_compiled_issue()
    found = store.mailings.editions(mailing.id)
    assert [(edition, count) for _, edition, count in found] == [(plan.editions[0], 2), (plan.editions[1], 1)]
    assert counts(store, mailing.id) == {"planned": 3}
    assert set(store.mailings.counts(mailing.id)) == set(DeliveryState)
    emails = {reader.email: reader.edition_hash for reader in store.mailings.readers(mailing.id)}
    assert emails == {"reader0@example.com": "hash0", "reader1@example.com": "hash1", "reader2@example.com": "hash0"}


def test_the_audience_hash_is_over_delivery_ids_and_edition_hashes(store: Store, readers: list[Subscriber]) -> None:
    mailing = store.mailings.save_plan(a_plan(readers, editions=2), actor="mei", now=NOW)
    pairs = []
    for reader in store.mailings.readers(mailing.id):
        record = store.mailings.delivery_of(mailing.id, reader.email)
        assert record is not None
        pairs.append((record.delivery_id, reader.edition_hash))
    assert mailing.audience_hash == audience_hash(pairs)


def test_skips_are_counted_and_named(store: Store, readers: list[Subscriber]) -> None:
    skips = (
        PlannedSkip(readers[1].subscriber_id, Skip.NOT_IN_SEGMENT),
        PlannedSkip(readers[2].subscriber_id, Skip.PENDING),
        PlannedSkip(readers[3].subscriber_id, Skip.NOT_IN_SEGMENT),
    )
    plan = a_plan(readers[:1])
    plan = type(plan)(**{name: getattr(plan, name) for name in plan.__slots__} | {"skips": skips})
    mailing = store.mailings.save_plan(plan, actor="mei", now=NOW)
    assert store.mailings.skip_counts(mailing.id) == {Skip.PENDING: 1, Skip.NOT_IN_SEGMENT: 2}
    assert [(skip.email, skip.reason) for skip in store.mailings.skipped(mailing.id)] == [
        ("reader1@example.com", "not-in-segment"),
        ("reader2@example.com", "pending"),
        ("reader3@example.com", "not-in-segment"),
    ]
    assert store.mailings.skip_of(mailing.id, "Reader1@example.com") is Skip.NOT_IN_SEGMENT
    assert store.mailings.skip_of(mailing.id, "reader0@example.com") is None
    assert store.mailings.delivery_of(mailing.id, "reader1@example.com") is None


def test_everybody_is_named_across_pages(
    store: Store, readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_PAGE", 3)
    mailing = store.mailings.save_plan(a_plan(readers, editions=2), actor="mei", now=NOW)
    found = [reader.email for reader in store.mailings.readers(mailing.id)]
    assert found == [readers[number].email for number in (0, 2, 1, 3)]


def test_a_plan_that_cannot_be_written_leaves_nothing(store: Store, readers: list[Subscriber]) -> None:
    with pytest.raises(Exception, match="contradicts"):
        store.mailings.save_plan(a_plan([readers[0], readers[0]]), actor="mei", now=NOW)
    assert store.mailings.recent() == []


def test_a_mailing_is_found_by_id_and_by_the_newest_of_its_slug(store: Store, readers: list[Subscriber]) -> None:
    first, second = (store.mailings.save_plan(a_plan(readers), actor="mei", now=NOW) for _ in range(2))
    assert store.mailings.find(first.id) == store.mailings.find(str(first.id)) == first
    assert store.mailings.find(SLUG) == second
    assert store.mailings.recent(1) == [second]


@pytest.mark.parametrize("ref", [99, "99", "no-such-issue", 10**30, "9" * 40, -1, 0, ""])
def test_a_mailing_that_is_not_there_is_refused_with_the_way_to_the_list(store: Store, ref: int | str) -> None:
    with pytest.raises(RefusedError, match=r"there is no mailing .*; see newsletter mailings list"):
        store.mailings.find(ref)


def test_only_a_draft_or_a_mailing_under_way_is_open(store: Store, readers: list[Subscriber]) -> None:
    mailing = store.mailings.save_plan(a_plan(readers), actor="mei", now=NOW)
    assert store.mailings.open_for(NEWSLETTER, SLUG, "everyone") == mailing
    assert store.mailings.open_for(NEWSLETTER, SLUG, "china") is None
    assert store.mailings.open_for("harbour-team", SLUG, "everyone") is None
    started = store.mailings.begin(mailing.id, transport="outbox", actor="mei", now=NOW)
    assert store.mailings.open_for(NEWSLETTER, SLUG, "everyone") == started
    store.mailings.cancel(mailing.id, actor="mei", now=NOW)
    assert store.mailings.open_for(NEWSLETTER, SLUG, "everyone") is None


def test_a_batch_goes_edition_by_edition_with_all_that_a_message_needs(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers, editions=2))
    batch = claim(store, mailing.id)
    assert [delivery.edition_hash for delivery in batch] == ["hash0", "hash0", "hash1", "hash1"]
    assert batch[0] == ClaimedDelivery(
        delivery_id=batch[0].delivery_id,
        edition_hash="hash0",
        stories=("grid", "story0"),
        address="reader0@example.com",
        name="Reader 0",
        salutation="",
        public_id=readers[0].public_id,
        consent_on=CONSENT.on,
        tries=1,
    )
    assert claim(store, mailing.id) == []
    assert counts(store, mailing.id) == {"claimed": 4}


def test_a_batch_is_no_longer_than_asked_for(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    assert [len(claim(store, mailing.id, limit=3)) for _ in range(3)] == [3, 1, 0]


def test_nothing_can_be_claimed_of_a_draft(store: Store, readers: list[Subscriber]) -> None:
    mailing = store.mailings.save_plan(a_plan(readers), actor="mei", now=NOW)
    assert claim(store, mailing.id) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.ACCEPTED, ACCEPTED), (Outcome.REFUSED, REFUSED), (Outcome.UNKNOWN, UNKNOWN)],
)
def test_a_receipt_settles_a_delivery_once(
    store: Store, readers: list[Subscriber], outcome: Outcome, state: DeliveryState
) -> None:
    mailing = a_mailing(store, a_plan(readers[:1]))
    batch = claim(store, mailing.id)
    assert settle(store, batch, outcome) == 1
    if outcome is not Outcome.UNKNOWN:  # of which its run may still learn more
        assert settle(store, batch, Outcome.REFUSED) == 0
    record = store.mailings.delivery_of(mailing.id, "READER0@example.com")
    assert record is not None
    assert (record.state, record.detail, record.provider_id) == (state, "250 fine", "provider-7")
    assert (record.tries, record.claimed_at, record.settled_at, record.due_at) == (1, NOW, NOW, None)
    assert record.as_json()["settled_at"] == NOW.isoformat()


def test_only_the_holder_can_settle_or_release(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id, holder="one")
    assert settle(store, batch, Outcome.ACCEPTED, holder="two") == 0
    assert store.mailings.release([batch[0].delivery_id], run_id=run_of(store, "two")) == 0
    assert counts(store, mailing.id) == {"claimed": 4}


def test_a_released_delivery_is_planned_again_as_if_it_had_not_been_tried(
    store: Store, readers: list[Subscriber]
) -> None:
    mailing = a_mailing(store, a_plan(readers[:1]))
    batch = claim(store, mailing.id)
    assert store.mailings.release([delivery.delivery_id for delivery in batch], run_id=run_of(store)) == 1
    assert counts(store, mailing.id) == {"planned": 1}
    assert [delivery.tries for delivery in claim(store, mailing.id, holder="two")] == [1]


def test_a_deferred_delivery_waits_until_it_is_due(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers[:1]))
    batch = claim(store, mailing.id)
    receipts = [Receipt(batch[0].delivery_id, Outcome.DEFERRED, "451 later")]
    store.mailings.settle(receipts, run_id=run_of(store), now=NOW, due_at=lambda _: SOON)
    assert store.mailings.next_due(mailing.id) == SOON
    assert store.mailings.replan_due(mailing.id, NOW) == 0
    assert claim(store, mailing.id) == []
    assert store.mailings.finish(mailing.id, NOW).status is MailingStatus.SENDING
    assert store.mailings.replan_due(mailing.id, SOON) == 1
    assert store.mailings.next_due(mailing.id) is None
    assert [delivery.tries for delivery in claim(store, mailing.id)] == [2]


def test_a_mailing_is_sent_when_nothing_waits(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id)
    assert store.mailings.finish(mailing.id, SOON).status is MailingStatus.SENDING
    settle(store, batch[:3], Outcome.ACCEPTED)
    settle(store, batch[3:], Outcome.UNKNOWN)
    done = store.mailings.finish(mailing.id, SOON)
    assert (done.status, done.finished_at, done.transport) == (MailingStatus.SENT, SOON, "outbox")
    assert store.mailings.begin(mailing.id, transport="smtp", actor="mei", now=NOW) == done
    with pytest.raises(RefusedError, match="called back"):
        store.mailings.cancel(mailing.id, actor="mei", now=NOW)


def test_a_mailing_taken_up_again_keeps_the_instant_of_its_beginning(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    again = store.mailings.begin(mailing.id, transport="smtp", actor="li", now=SOON)
    assert (again.started_at, again.transport) == (NOW, "smtp")


def test_cancelling_withdraws_what_has_not_left(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    settle(store, claim(store, mailing.id, limit=1), Outcome.ACCEPTED)
    settle(store, claim(store, mailing.id, limit=1), Outcome.DEFERRED)
    held = claim(store, mailing.id, limit=1)
    assert store.mailings.cancel(mailing.id, actor="mei", now=SOON) == 2
    assert store.mailings.cancel(mailing.id, actor="mei", now=SOON) == 0
    assert counts(store, mailing.id) == {"claimed": 1, "accepted": 1, "withdrawn": 2}
    assert settle(store, held, Outcome.ACCEPTED) == 1
    assert store.mailings.finish(mailing.id, SOON).status is MailingStatus.CANCELLED
    assert [found.reason for found in store.mailings.withdrawals(mailing.id)] == ["cancelled", "cancelled"]
    with pytest.raises(RefusedError, match="was cancelled"):
        store.mailings.begin(mailing.id, transport="smtp", actor="mei", now=NOW)


@pytest.mark.parametrize("gives_back", [True, False])
def test_what_comes_back_to_a_cancelled_mailing_is_withdrawn(
    store: Store, readers: list[Subscriber], gives_back: bool
) -> None:
    mailing = a_mailing(store, a_plan(readers))
    held = claim(store, mailing.id)
    store.mailings.cancel(mailing.id, actor="mei", now=NOW)
    if gives_back:
        store.mailings.release([delivery.delivery_id for delivery in held], run_id=run_of(store))
    else:
        settle(store, held, Outcome.DEFERRED)
    assert counts(store, mailing.id) == {"withdrawn": 4}


Departure = Callable[[Store, Subscriber], object]
DEPARTURES: list[tuple[Departure, Skip]] = [
    (lambda store, r: store.readers.unsubscribe(r.subscription_id, actor="r", now=NOW), Skip.UNSUBSCRIBED),
    (
        lambda store, r: store.readers.suppress(r.subscriber_id, SuppressionReason.BOUNCED, actor="p", now=NOW),
        Skip.SUPPRESSED,
    ),
]


@pytest.mark.parametrize(("depart", "reason"), DEPARTURES)
@pytest.mark.parametrize("at_claim", [True, False])
def test_a_reader_who_departs_before_the_claim_gets_nothing(
    store: Store, readers: list[Subscriber], depart: Departure, reason: Skip, at_claim: bool
) -> None:
    mailing = a_mailing(store, a_plan(readers))
    depart(store, readers[1])
    if not at_claim:
        assert store.mailings.withdraw_departed(mailing.id, NOW) == 1
    assert [d.address for d in claim(store, mailing.id)] == [readers[at].email for at in (0, 2, 3)]
    assert list(store.mailings.withdrawals(mailing.id)) == [(readers[1].email, reason)]


def test_a_batch_of_departed_readers_does_not_end_the_mailing(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    for reader in readers[:2]:
        store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    assert [d.address for d in claim(store, mailing.id, limit=2)] == [reader.email for reader in readers[2:]]


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.UNKNOWN, None])
def test_an_issue_reaches_a_reader_once_from_two_mailings(
    store: Store, readers: list[Subscriber], outcome: Outcome | None
) -> None:
    first, second = a_mailing(store, a_plan(readers[:2])), a_mailing(store, a_plan(readers))
    batch = claim(store, first.id)
    if outcome:
        settle(store, batch, outcome)
    assert holders_of(store, NEWSLETTER, SLUG) == {reader.subscriber_id for reader in readers[:2]}
    assert [d.address for d in claim(store, second.id)] == [reader.email for reader in readers[2:]]
    assert {found.reason for found in store.mailings.withdrawals(second.id)} == {"already-sent"}


@pytest.mark.parametrize(
    ("slug", "again", "outcome"),
    [("another-issue", False, Outcome.ACCEPTED), (SLUG, True, Outcome.ACCEPTED), (SLUG, False, Outcome.REFUSED)],
)
def test_another_issue_an_again_or_a_refusal_does_not_count_as_sent(
    store: Store, readers: list[Subscriber], slug: str, again: bool, outcome: Outcome
) -> None:
    first = a_mailing(store, a_plan(readers))
    settle(store, claim(store, first.id), outcome)
    second = a_mailing(store, a_plan(readers, slug=slug, again=again))
    assert len(claim(store, second.id)) == 4


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opens beside its store."""
    with ExitStack() as found:
        yield found


def test_what_a_dead_sender_held_is_settled_by_its_recorder(tmp_path: Path, stack: ExitStack) -> None:
    store = a_store(tmp_path)
    readers = take_in(store, *(an_entry(number) for number in range(8)))
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id, limit=6)
    numbers = [delivery.delivery_id for delivery in batch]
    flight = store.mailings.flight(mailing.id, run_of(store), size=16)
    flight.at_risk(numbers[:5])
    for number, outcome in zip(numbers[:4], Outcome, strict=True):
        flight.answered(number, outcome)
    flight.let_go()
    store.close()
    reopened = stack.enter_context(open_store(address_of(tmp_path)))
    with reopened.mailings.lock(mailing.id):
        moved = reopened.mailings.recover(mailing.id, SOON)
    assert moved == {ACCEPTED: 1, REFUSED: 1, UNKNOWN: 2, DeliveryState.DEFERRED: 1, DeliveryState.PLANNED: 1}
    unknown = reopened.mailings.unknown(mailing.id)
    assert [(found.email, found.since) for found in unknown] == [(readers[at].email, NOW) for at in (3, 4)]
    assert [d.address for d in claim(reopened, mailing.id, holder="two")] == [readers[at].email for at in (5, 6, 7)]
    assert claim(reopened, mailing.id) == []


@pytest.mark.parametrize("spoil", ["missing", "another boot", "another run", "cut short"])
def test_without_a_recorder_that_can_be_relied_on_all_that_was_claimed_is_unknown(store: Store, spoil: str) -> None:
    mailing = a_mailing(store, a_plan(take_in(store, *(an_entry(number) for number in range(4)))))
    batch = claim(store, mailing.id, limit=2)
    run_id = run_of(store)
    store.mailings.flight(mailing.id, run_id + (spoil == "another run"), size=16).let_go()
    beside = store._database.beside
    assert beside
    [path] = beside.parent.glob(f"{beside.name}.{mailing.id}.*flight")
    if spoil == "missing":
        path.unlink()
    elif spoil == "another boot":
        path.write_bytes(path.read_bytes().replace(b"boot ", b"boot 0"))
    elif spoil == "cut short":
        path.write_bytes(path.read_bytes()[:100])
    assert store.mailings.recover(mailing.id, SOON, silent={run_id}) == {UNKNOWN: 2}
    path.unlink(missing_ok=True)
    assert settle(store, batch[:1], Outcome.ACCEPTED) == 1, "a late answer counts for what the run held itself"
    assert claim(store, mailing.id) == [], "its run is over"
    assert len(claim(store, mailing.id, holder="two")) == 2


def test_a_mailbox_that_does_not_exist_is_suppressed_at_once(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id)
    said = ("550 5.1.1 no such user", "552 5.2.2 full", "554 5.7.1 we do not like you", "450 later")
    receipts = [Receipt(d.delivery_id, Outcome.REFUSED, words) for d, words in zip(batch, said, strict=True)]
    store.mailings.settle(receipts, run_id=run_of(store), now=NOW, due_at=SOON)
    suppressed = {r.email: r.suppressed_for for r in store.readers.stream(NEWSLETTER) if r.suppressed_for}
    assert suppressed == {readers[0].email: SuppressionReason.BOUNCED}


@pytest.mark.parametrize("state", [ACCEPTED, REFUSED])
def test_somebodys_word_settles_an_unknown_delivery_and_no_other(
    store: Store, readers: list[Subscriber], state: DeliveryState
) -> None:
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id)
    settle(store, batch[:2], Outcome.UNKNOWN)
    found = {delivery.delivery_id: (state, "mei says so") for delivery in batch[:3]}
    assert store.mailings.settle_unknown(mailing.id, found, actor="mei", now=SOON) == 2
    assert counts(store, mailing.id) == {"claimed": 2, str(state): 2}
    assert store.mailings.settle_unknown(mailing.id, found, actor="mei", now=SOON) == 0


def test_an_unknown_delivery_is_sent_again_when_somebody_says_so(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers))
    batch = claim(store, mailing.id)
    settle(store, batch[:3], Outcome.UNKNOWN)
    settle(store, batch[3:], Outcome.ACCEPTED)
    store.mailings.finish(mailing.id, NOW)
    store.readers.unsubscribe(readers[1].subscription_id, actor="reader", now=NOW)
    numbers = [delivery.delivery_id for delivery in batch]
    assert store.mailings.resend_unknown(mailing.id, numbers[1:], actor="mei", now=SOON) == 2
    assert store.mailings.find(mailing.id).status is MailingStatus.SENDING
    assert [d.address for d in claim(store, mailing.id, holder="two")] == [readers[2].email]
    assert settle(store, batch[2:3], Outcome.ACCEPTED) == 0, "the run before has lost it"


def test_refusals_are_named_with_what_was_said(store: Store, readers: list[Subscriber]) -> None:
    mailing = a_mailing(store, a_plan(readers[:1]))
    batch = claim(store, mailing.id)
    receipt = Receipt(batch[0].delivery_id, Outcome.REFUSED, "550 5.1.1\r\nno such  user " + "x" * 1_000)
    store.mailings.settle([receipt], run_id=run_of(store), now=NOW, due_at=SOON)
    [(email, detail)] = store.mailings.refusals(mailing.id)
    assert email == readers[0].email
    assert detail.startswith("550 5.1.1 no such user xxx")
    assert len(detail) == 500


def test_two_senders_at_once_share_the_work_without_overlap(store: Store) -> None:
    readers = take_in(store, *(an_entry(number) for number in range(200)))
    mailing = a_mailing(store, a_plan(readers, editions=3))
    claimed: list[int] = []

    def work(holder: str) -> None:
        while batch := claim(store, mailing.id, limit=7, holder=holder):
            claimed.extend(delivery.delivery_id for delivery in batch)
            settle(store, batch, Outcome.ACCEPTED, holder=holder)

    threads = [threading.Thread(target=work, args=(f"holder {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 200
    assert counts(store, mailing.id) == {"accepted": 200}


def test_a_second_sender_of_a_mailing_is_refused_until_the_first_lets_go(
    store: Store, tmp_path: Path, stack: ExitStack
) -> None:
    other = stack.enter_context(open_store(address_of(tmp_path)))
    refused = pytest.raises(RefusedError, match=r"another sender is at work on mailing 12; wait for it, or stop it")
    with store.mailings.lock(12), other.mailings.lock(13), refused, other.mailings.lock(12):
        pass
    with other.mailings.lock(12):
        pass
    assert not list(tmp_path.glob("*.lock"))


def test_a_lock_is_held_by_one_at_a_time_however_often_it_changes_hands(tmp_path: Path) -> None:
    path, busy = tmp_path / "lock", RefusedError("busy")
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(400):
            with suppress(RefusedError), file_lock(path, otherwise=busy):
                inside.append(1)
                time.sleep(0)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_lock_in_memory_holds_within_the_process() -> None:
    with open_store("sqlite://") as store:
        with store.mailings.lock(1), pytest.raises(RefusedError), store.mailings.lock(1):
            pass
        with store.mailings.lock(1):
            pass


def test_settling_nothing_is_nothing(store: Store) -> None:
    assert store.mailings.settle([], run_id=1, now=NOW, due_at=SOON) == 0
    assert store.mailings.release([], run_id=1) == 0
