"""Whatever happens in whatever order: no reader has an issue accepted twice, and every delivery is accounted for."""

import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from newsletter.delivery import MailingStatus, Outcome, Receipt
from newsletter.store import open_store
from newsletter.store.mailings import ClaimedDelivery
from newsletter.subscriber import SubscriptionStatus
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_plan, a_store, address_of, an_entry

READERS = st.integers(0, 5)
HOLDERS = st.sampled_from(["one", "two"])


class Sending(RuleBasedStateMachine):
    """Two senders, readers who come and go, several mailings of one issue; a provider that takes what it is handed."""

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-machine-"))
        self.store = a_store(self.folder)
        self.mailings: dict[int, int] = {}
        self.held: dict[str, list[ClaimedDelivery]] = {"one": [], "two": []}
        #: what the provider has taken, and when readers left
        self.taken: Counter[str] = Counter()
        self.left: set[str] = set()

    @rule(numbers=st.sets(READERS, min_size=1), update=st.booleans(), has_consent=st.booleans())
    def take_in(self, numbers: set[int], update: bool, has_consent: bool) -> None:
        consent = CONSENT if has_consent else None
        entries = [an_entry(number, consent=consent) for number in sorted(numbers)]
        found = self.store.readers.take_in(NEWSLETTER, entries, update=update, actor="mei", now=NOW)
        assert found.added + found.updated + found.unchanged == len(entries)

    @rule(number=READERS)
    def unsubscribe(self, number: int) -> None:
        for reader in self.store.readers.find(f"reader{number}@example.com"):
            self.store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
            self.left.add(reader.email)

    @rule(editions=st.integers(1, 2))
    def plan(self, editions: int) -> None:
        holders = self.store.mailings.holders_of(NEWSLETTER, "harbour-2026-06-10")
        readers = [
            reader
            for reader in self.store.readers.stream(NEWSLETTER)
            if reader.status is SubscriptionStatus.CONFIRMED and reader.subscriber_id not in holders
        ]
        plan = a_plan(readers, editions=editions)
        mailing = self.store.mailings.save_plan(plan, actor="mei", now=NOW)
        self.store.mailings.begin(mailing.id, transport="outbox", actor="mei", now=NOW)
        self.mailings[mailing.id] = len(readers)

    @rule(data=st.data(), holder=HOLDERS, limit=st.integers(1, 4))
    def claim(self, data: st.DataObject, holder: str, limit: int) -> None:
        if self.mailings and not self.held[holder]:
            mailing_id = data.draw(st.sampled_from(sorted(self.mailings)))
            batch = self.store.mailings.claim(mailing_id, holder=holder, limit=limit, now=NOW)
            assert not self.left & {delivery.address for delivery in batch}
            self.held[holder] = batch

    @rule(holder=HOLDERS, outcome=st.sampled_from(Outcome))
    def hand_over(self, holder: str, outcome: Outcome) -> None:
        batch, self.held[holder] = self.held[holder], []
        if outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            self.taken.update(delivery.address for delivery in batch)
        receipts = [Receipt(delivery.delivery_id, outcome) for delivery in batch]
        due_at = NOW + timedelta(minutes=1)
        assert self.store.mailings.settle(receipts, holder=holder, now=NOW, due_at=due_at) == len(batch)

    @rule(holder=HOLDERS)
    def give_back(self, holder: str) -> None:
        batch, self.held[holder] = self.held[holder], []
        numbers = [delivery.delivery_id for delivery in batch]
        assert self.store.mailings.release(numbers, holder=holder) == len(batch)

    @rule()
    def die_in_the_middle_of_a_hand_over(self) -> None:
        """All senders die, and what they held may have been taken."""
        for holder, batch in self.held.items():
            self.taken.update(delivery.address for delivery in batch)
            self.held[holder] = []
        self.store.close()
        self.store = open_store(address_of(self.folder))
        for mailing_id in self.mailings:
            self.store.mailings.abandon_claims(mailing_id, NOW)

    @rule(data=st.data(), cancel=st.booleans())
    def end(self, data: st.DataObject, cancel: bool) -> None:
        if self.mailings:
            mailing_id = data.draw(st.sampled_from(sorted(self.mailings)))
            status = self.store.mailings.finish(mailing_id, NOW).status
            if cancel and status is not MailingStatus.SENT:
                self.store.mailings.cancel(mailing_id, actor="mei", now=NOW)

    @rule()
    def wait(self) -> None:
        for mailing_id in self.mailings:
            self.store.mailings.replan_due(mailing_id, NOW + timedelta(minutes=1))

    @invariant()
    def nobody_is_sent_an_issue_twice(self) -> None:
        assert all(count == 1 for count in self.taken.values())

    @invariant()
    def every_delivery_is_accounted_for(self) -> None:
        for mailing_id, planned in self.mailings.items():
            assert sum(self.store.mailings.counts(mailing_id).values()) == planned

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestSending = Sending.TestCase
TestSending.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
