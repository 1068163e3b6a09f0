"""
Whatever happens in whatever order: nobody has a mailing accepted twice, none after leaving, and all are accounted for.

The world of the test knows what the provider really took. A delivery may be taken twice only when a person had an
unknown one sent again, and then it was unknown before.
"""

import os
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from newsletter.delivery import DeliveryState, MailingStatus, Outcome, Receipt
from newsletter.store import open_store
from newsletter.store.flight import Flight, NoFlight
from newsletter.store.mailings import ClaimedDelivery
from newsletter.subscriber import SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.planning import holders_of
from tests.stores import CONSENT, NEWSLETTER, a_plan, a_store, address_of, an_entry

READERS = st.integers(0, 5)
HOLDERS = st.sampled_from(["one", "two"])
OUTCOMES = st.lists(st.sampled_from(Outcome), min_size=1, max_size=4)
LATER = NOW + timedelta(minutes=1)
#: `make test-faults` asks for more
RUNS = int(os.environ.get("NEWSLETTER_MACHINE_RUNS", "60"))


class Sender:
    """One run of one mailing, with what it holds."""

    def __init__(self, mailing_id: int, run_id: int, flight: Flight | NoFlight) -> None:
        self.mailing_id, self.run_id, self.flight = mailing_id, run_id, flight
        self.held: list[ClaimedDelivery] = []
        #: handed over, with what the provider did; not settled yet
        self.receipts: list[Receipt] = []


class Sending(RuleBasedStateMachine):
    """Two senders, readers who come and go, several mailings of one issue, and a provider that takes what it gets."""

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-machine-", dir="/dev/shm"))
        self.store = a_store(self.folder)
        self.planned: dict[int, int] = {}
        self.senders: dict[str, Sender] = {}
        #: senders that were given up though they may be alive
        self.lost: list[Sender] = []
        #: by mailing and reader: how often the provider has taken it, and how often a person had it sent again
        self.taken: Counter[tuple[int, str]] = Counter()
        self.resent: Counter[tuple[int, str]] = Counter()
        #: accepted because a person said so
        self.vouched: set[tuple[int, str]] = set()
        self.left: set[str] = set()
        self.take_in(set(range(5)), update=False, has_consent=True)
        self.plan(1)

    def mailing(self, data: st.DataObject) -> int | None:
        return data.draw(st.sampled_from(sorted(self.planned))) if self.planned else None

    @rule(numbers=st.sets(READERS, min_size=1), update=st.booleans(), has_consent=st.booleans())
    def come(self, numbers: set[int], update: bool, has_consent: bool) -> None:
        self.take_in(numbers, update=update, has_consent=has_consent)

    def take_in(self, numbers: set[int], *, update: bool, has_consent: bool) -> None:
        consent = CONSENT if has_consent else None
        entries = [an_entry(number, consent=consent) for number in sorted(numbers)]
        found = self.store.readers.take_in(NEWSLETTER, entries, update=update, actor="mei", now=NOW)
        assert found.added + found.updated + found.unchanged == len(entries)

    @rule(number=READERS, is_suppressed=st.booleans())
    def leave(self, number: int, is_suppressed: bool) -> None:
        for reader in self.store.readers.find(f"reader{number}@example.com"):
            if is_suppressed:
                reason = SuppressionReason.COMPLAINED
                self.store.readers.suppress(reader.subscriber_id, reason, actor="provider", now=NOW)
            else:
                self.store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
            self.left.add(reader.email)

    @rule(editions=st.integers(1, 2))
    def plan_again(self, editions: int) -> None:
        if len(self.planned) < 3:
            self.plan(editions)

    def plan(self, editions: int) -> None:
        holders = holders_of(self.store, NEWSLETTER, "harbour-2026-06-10")
        readers = [
            reader
            for reader in self.store.readers.stream(NEWSLETTER)
            if reader.status is SubscriptionStatus.CONFIRMED and reader.subscriber_id not in holders
        ]
        mailing = self.store.mailings.save_plan(a_plan(readers, editions=editions), actor="mei", now=NOW)
        self.store.mailings.begin(mailing.id, transport="outbox", actor="mei", now=NOW)
        self.planned[mailing.id] = len(readers)

    @rule(
        data=st.data(), holder=HOLDERS, outcomes=OUTCOMES, then=st.sampled_from(["settle", "die", "die mid", "go on"])
    )
    def work(self, data: st.DataObject, holder: str, outcomes: list[Outcome], then: str) -> None:
        """What a sender does most of the time, in one go, and how it ends."""
        self.claim(data=data, holder=holder, limit=len(outcomes) + 1)
        self.hand_over(holder=holder, outcomes=outcomes)
        if then == "settle":
            self.settle(holder=holder)
        elif then != "go on":
            self.die(holder=holder, is_mid_message=then == "die mid")

    @rule(data=st.data(), holder=HOLDERS, limit=st.integers(1, 4))
    def claim(self, data: st.DataObject, holder: str, limit: int) -> None:
        sender = self.senders.get(holder) or self.started(data, holder)
        if sender and not sender.held and not sender.receipts:
            sender.held = self.store.mailings.claim(sender.mailing_id, run_id=sender.run_id, limit=limit, now=NOW)
            assert not self.left & {delivery.address for delivery in sender.held}

    def started(self, data: st.DataObject, holder: str) -> Sender | None:
        mailing_id = self.mailing(data)
        is_taken = mailing_id in {sender.mailing_id for sender in self.senders.values()}
        if mailing_id is None or (is_taken and not self.store.mailings.have_room_for_many):
            return None
        self.store.mailings.recover(mailing_id, NOW)
        run_id = self.store.mailings.open_run(mailing_id, NOW)
        flight = self.store.mailings.flight(mailing_id, run_id, size=16)
        self.senders[holder] = Sender(mailing_id, run_id, flight)
        return self.senders[holder]

    @rule(holder=HOLDERS, outcomes=OUTCOMES)
    def hand_over(self, holder: str, outcomes: list[Outcome]) -> None:
        """One letter after another; the answers are noted in the recorder and not in the ledger."""
        sender = self.senders.get(holder)
        for outcome in outcomes if sender else []:
            if sender and sender.held:
                delivery = sender.held.pop(0)
                sender.flight.at_risk([delivery.delivery_id])
                self.taken[sender.mailing_id, delivery.address] += outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)
                sender.flight.answered(delivery.delivery_id, outcome)
                sender.receipts.append(Receipt(delivery.delivery_id, outcome, "250 said the provider"))

    @rule(holder=HOLDERS)
    def settle(self, holder: str) -> None:
        sender = self.senders.get(holder)
        if sender:
            self.write_down(sender)
            sender.flight.settled(receipt.delivery_id for receipt in sender.receipts)
            sender.receipts = []

    def write_down(self, sender: Sender) -> None:
        settled = self.store.mailings.settle(sender.receipts, run_id=sender.run_id, now=NOW, due_at=LATER)
        assert settled <= len(sender.receipts)

    @rule(holder=HOLDERS)
    def give_back(self, holder: str) -> None:
        sender = self.senders.get(holder)
        if sender:
            numbers, sender.held = [delivery.delivery_id for delivery in sender.held], []
            assert self.store.mailings.release(numbers, run_id=sender.run_id) == len(numbers)

    @rule(holder=HOLDERS, is_mid_message=st.booleans())
    def die(self, holder: str, is_mid_message: bool) -> None:
        """Killed, perhaps with the last byte of a message just written; somebody recovers what it held."""
        sender = self.senders.pop(holder, None)
        if sender is None:
            return
        before = self.store.mailings.counts(sender.mailing_id)[DeliveryState.UNKNOWN]
        told = sum(receipt.outcome is Outcome.UNKNOWN for receipt in sender.receipts)
        if is_mid_message and sender.held:
            on_the_wire = sender.held.pop(0)
            sender.flight.at_risk([on_the_wire.delivery_id])
            self.taken[sender.mailing_id, on_the_wire.address] += 1
        sender.flight.let_go()
        self.store.close()
        self.store = open_store(address_of(self.folder))
        self.store.mailings.recover(sender.mailing_id, NOW)
        after = self.store.mailings.counts(sender.mailing_id)[DeliveryState.UNKNOWN]
        assert after - before <= told + 1, "more than the message on the wire is unknown"
        self.lost.append(sender)

    @rule(holder=HOLDERS)
    def fall_silent(self, holder: str) -> None:
        """On a server: nobody hears of it any longer, and nobody can tell whether it is alive."""
        sender = self.senders.get(holder)
        if sender and self.store.mailings.have_room_for_many:
            self.store.mailings.recover(sender.mailing_id, NOW, silent={sender.run_id})
            self.lost.append(self.senders.pop(holder))

    @rule()
    def wake_up(self) -> None:
        """Senders that were given up turn out to be alive: they settle what was theirs, and claim nothing."""
        for sender in self.lost:
            self.write_down(sender)
            assert self.store.mailings.claim(sender.mailing_id, run_id=sender.run_id, limit=5, now=NOW) == []
            self.store.mailings.release([d.delivery_id for d in sender.held], run_id=sender.run_id)
        self.lost = []

    @rule(data=st.data(), is_resent=st.booleans())
    def resolve(self, data: st.DataObject, is_resent: bool) -> None:
        mailing_id = self.mailing(data)
        if mailing_id is None:
            return
        readers = self.store.mailings.unknown(mailing_id)
        unsure = [found.delivery_id for found in readers]
        if is_resent:
            is_cancelled = self.store.mailings.find(mailing_id).status is MailingStatus.CANCELLED
            count = self.store.mailings.resend_unknown(mailing_id, unsure, actor="mei", now=NOW)
            assert count == (0 if is_cancelled else len(unsure))
            self.resent.update((mailing_id, found.email) for found in readers if count)
        else:
            self.vouched.update((mailing_id, found.email) for found in readers)
            words = dict.fromkeys(unsure, (DeliveryState.ACCEPTED, "mei says so"))
            assert self.store.mailings.settle_unknown(mailing_id, words, actor="mei", now=NOW) == len(unsure)

    @rule(data=st.data(), cancel=st.booleans())
    def end(self, data: st.DataObject, cancel: bool) -> None:
        mailing_id = self.mailing(data)
        if mailing_id is not None:
            status = self.store.mailings.finish(mailing_id, NOW).status
            if cancel and status not in (MailingStatus.SENT, MailingStatus.CANCELLED):
                self.store.mailings.cancel(mailing_id, actor="mei", now=NOW)

    @rule()
    def wait(self) -> None:
        for mailing_id in self.planned:
            self.store.mailings.replan_due(mailing_id, LATER)

    @invariant()
    def nobody_is_sent_an_issue_twice(self) -> None:
        """By none of its mailings, but by a person's word."""
        for address in {address for _, address in self.taken}:
            taken = sum(count for (_, reader), count in self.taken.items() if reader == address)
            resent = sum(count for (_, reader), count in self.resent.items() if reader == address)
            assert taken <= 1 + resent

    @invariant()
    def every_delivery_is_accounted_for(self) -> None:
        for mailing_id, planned in self.planned.items():
            counts = self.store.mailings.counts(mailing_id)
            assert sum(counts.values()) == planned
            held = sum(len(s.held) + len(s.receipts) for s in self.senders.values() if s.mailing_id == mailing_id)
            assert counts[DeliveryState.CLAIMED] <= held, "something is claimed by nobody"

    @invariant()
    def what_was_taken_is_not_planned_again(self) -> None:
        """…but by a person's word; and what nobody took is not called accepted."""
        for mailing_id in self.planned:
            for reader in self.store.mailings.readers(mailing_id):
                key = mailing_id, reader.email
                if reader.state in (DeliveryState.PLANNED, DeliveryState.DEFERRED):
                    assert self.taken[key] <= self.resent[key]
                if reader.state is DeliveryState.ACCEPTED:
                    assert self.taken[key] or key in self.vouched

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestSending = Sending.TestCase
TestSending.settings = settings(
    max_examples=RUNS, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
