"""
Whatever happens in whatever order: nobody who said no is mailable before their own new yes.

The world of the test remembers who said no to which newsletter. Only a confirmation of their own takes that back.
"""

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from newsletter.errors import RefusedError
from newsletter.store.consents import Occasion
from newsletter.store.deciding import Overlap
from newsletter.store.intake import Intake
from newsletter.subscriber import SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.stores import CONSENT, a_mailing, a_plan, a_store, an_entry

PEOPLE = st.integers(0, 2)
NEWSLETTERS = ("harbour-brief", "harbour-team")
PAPERS = st.sampled_from(NEWSLETTERS)
#: spellings of one address
SPELLINGS = st.sampled_from(["reader{}@example.com", "Reader{}@EXAMPLE.com"])
RUNS = int(os.environ.get("NEWSLETTER_MACHINE_RUNS", "60"))


class Saying(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-consent-", dir="/dev/shm"))
        self.store = a_store(self.folder)
        self.now = NOW
        #: who said no to what
        self.no: set[tuple[int, str]] = set()

    def email(self, person: int, spelling: str = "reader{}@example.com") -> str:
        return spelling.format(person)

    @rule(person=PEOPLE, paper=PAPERS, spelling=SPELLINGS)
    def sign_up(self, person: int, paper: str, spelling: str) -> None:
        occasion = Occasion(at=self.now, source="form", ip="203.0.113.9")
        self.store.consents.sign_up(self.email(person, spelling), paper, occasion)

    @rule(person=PEOPLE, paper=PAPERS)
    def confirm(self, person: int, paper: str) -> None:
        for reader in self.store.readers.find(self.email(person), paper):
            self.store.consents.confirm(reader.subscription_id, CONSENT, Occasion(at=self.now, source="link"))
            self.no.discard((person, paper))
            [after] = self.store.readers.find(self.email(person), paper)
            assert (after.status, after.suppressed_for) == (SubscriptionStatus.CONFIRMED, None), "a yes is heard"

    @rule(
        people=st.sets(PEOPLE, min_size=1),
        paper=PAPERS,
        spelling=SPELLINGS,
        overlap=st.builds(Overlap, update=st.booleans(), replace_interests=st.booleans()),
        consent=st.sampled_from([CONSENT, None]),
        status=st.sampled_from([None, *SubscriptionStatus]),
    )
    def import_list(
        self,
        people: set[int],
        paper: str,
        spelling: str,
        overlap: Overlap,
        consent: object,
        status: SubscriptionStatus | None,
    ) -> None:
        entries = [
            an_entry(it, email=self.email(it, spelling), consent=consent, status=status) for it in sorted(people)
        ]
        with self.store.readers.intake(Intake(paper, overlap, "mei", self.now, "sha256:0")) as opened:
            opened.take(list(enumerate(entries, 2)))
        for person in people:
            for reader in self.store.readers.find(self.email(person), paper):
                if reader.status is SubscriptionStatus.UNSUBSCRIBED:
                    self.no.add((person, paper))

    @rule(person=PEOPLE, paper=PAPERS)
    def record_consent(self, person: int, paper: str) -> None:
        """One of us says that they agreed."""
        for reader in self.store.readers.find(self.email(person), paper):
            try:
                self.store.readers.confirm(reader.subscription_id, CONSENT, actor="mei", now=self.now)
            except RefusedError:
                assert (person, paper) in self.no, "refused without a no"

    @rule(person=PEOPLE, paper=PAPERS)
    def unsubscribe(self, person: int, paper: str) -> None:
        for reader in self.store.readers.find(self.email(person), paper):
            self.store.readers.unsubscribe(reader.subscription_id, actor="reader", now=self.now)
            self.no.add((person, paper))

    @rule(person=PEOPLE, reason=st.sampled_from([SuppressionReason.COMPLAINED, SuppressionReason.MANUAL]))
    def complain(self, person: int, reason: SuppressionReason) -> None:
        for reader in self.store.readers.find(self.email(person)):
            self.store.readers.suppress(reader.subscriber_id, reason, actor="provider", now=self.now)
            self.no |= {(person, paper) for paper in NEWSLETTERS}

    @rule(person=PEOPLE)
    def bounce(self, person: int) -> None:
        for reader in self.store.readers.find(self.email(person)):
            reason = SuppressionReason.BOUNCED
            self.store.readers.suppress(reader.subscriber_id, reason, actor="provider", now=self.now)

    @rule(person=PEOPLE, spelling=SPELLINGS)
    def forget(self, person: int, spelling: str) -> None:
        if self.store.forgetting.forget(self.email(person, spelling), actor="mei", now=self.now):
            self.no |= {(person, paper) for paper in NEWSLETTERS}
            assert self.store.readers.find(self.email(person)) == []

    @rule(days=st.sampled_from([1, 29, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.store.forgetting.purge(self.now - timedelta(days=30), now=self.now)

    @rule(paper=PAPERS)
    def plan(self, paper: str) -> None:
        """So that the ledger points to people, and they cannot simply be deleted."""
        readers = [it for it in self.store.readers.stream(paper) if self.is_mailable(it.status, it.suppressed_for)]
        slug = f"{paper}-on-{self.now:%Y%m%d}"
        if readers:
            a_mailing(self.store, a_plan(readers, slug=slug, again=True))

    @rule()
    def send(self) -> None:
        """No mail leaves to somebody who said no."""
        for mailing in self.store.mailings.recent(3):
            run_id = self.store.mailings.open_run(mailing.id, self.now)
            claimed = self.store.mailings.claim(mailing.id, run_id=run_id, limit=9, now=self.now)
            paper = mailing.slug.rpartition("-on-")[0]
            assert not {(int(it.address[6]), paper) for it in claimed} & self.no
            self.store.mailings.release([it.delivery_id for it in claimed], run_id=run_id)
            self.store.mailings.close_run(run_id, self.now)

    @staticmethod
    def is_mailable(status: SubscriptionStatus, suppressed_for: SuppressionReason | None) -> bool:
        return status is SubscriptionStatus.CONFIRMED and suppressed_for is None

    @invariant()
    def nobody_who_said_no_is_mailable(self) -> None:
        for paper in NEWSLETTERS:
            for reader in self.store.readers.stream(paper):
                person = int(reader.email[6])
                if self.is_mailable(reader.status, reader.suppressed_for):
                    assert (person, paper) not in self.no

    @invariant()
    def the_log_of_everybody_ends_with_how_they_stand(self) -> None:
        for paper in NEWSLETTERS:
            for reader in self.store.readers.stream(paper):
                log = [it for it in self.store.consents.of(reader.subscriber_id) if it.newsletter in ("", paper)]
                assert log, "nobody is a reader without a trace of how they became one"
                assert [it.at for it in log] == sorted(it.at for it in log)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestSaying = Saying.TestCase
TestSaying.settings = settings(
    max_examples=RUNS, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
