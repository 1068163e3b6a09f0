"""
A worker among others on one server.

Every one of them sends a batch when it is nudged, and buries the dead of its machine. One of them at a time leads: it
begins what is due, says how many batches wait, and ends what is done. The deliveries table alone says what is to be
done; whatever is lost of all this is found again at the next look.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil

from newsletter.delivery import Mailing, MailingStatus, Outcome
from newsletter.dispatch import Leases, Watch
from newsletter.errors import RefusedError
from newsletter.ingest import apply_waiting
from newsletter.mailing.recovering import bury, recover_from_the_dead
from newsletter.mailing.sending import begin_sending, send_some
from newsletter.worker.duty import Duty

#: deliveries that a worker takes for one nudge
BATCH = 1_000
#: batches of a mailing that wait to be taken, at most: some seconds' work of a crew
AHEAD = 20


@dataclass(kw_only=True)
class Crew(Duty):
    """`tend` every second, and `send` for each nudge."""

    _leases: Leases = field(default_factory=Leases, init=False)
    #: by mailing, what this worker has seen of it
    _watches: dict[int, Watch] = field(default_factory=dict, init=False)
    #: mailings that this worker, while it leads, has begun and not yet seen ended
    _begun: set[int] = field(default_factory=set, init=False)

    def tend(self) -> Mapping[int, int]:
        """Bury the dead; and while leading, by mailing, how many batches wait."""
        self.beat()
        self._bury_the_dead()
        with suppress(RefusedError), self.store.leading():
            return self._lead()
        return {}

    def send(self, mailing_id: int) -> None:
        """One batch of it."""
        mailing = self.store.mailings.find(mailing_id)
        if not (self.should_stop() or self.rests(mailing)):
            self.attempt(mailing, lambda: self._send(mailing))

    def _send(self, mailing: Mailing) -> None:
        outcomes: Counter[Outcome] = Counter()
        watch = self._watches.setdefault(mailing.id, Watch())
        for some in send_some(self.store, mailing, self.terms_of(mailing), most=BATCH, watch=watch):
            outcomes += some
        if outcomes:
            self.log_outcomes(mailing, outcomes)

    def _bury_the_dead(self) -> None:
        """Each machine can tell of its own dead, and all of them of those that are silent."""
        runs = self.store.mailings.open_runs()
        silent = self._leases.silent(runs)
        for mailing_id in sorted({run.mailing_id for run in runs}):
            if not self.store.mailings.dead_runs(mailing_id, silent=silent):
                continue
            mailing = self.store.mailings.find(mailing_id)
            if mailing.status is MailingStatus.CANCELLED:
                moved = recover_from_the_dead(self.store, mailing_id, silent=silent, now=self.now())
            else:
                moved = bury(self.store, self.terms_of(mailing).transport, mailing_id, silent=silent, now=self.now())
            if moved:
                self.log(f"mailing={mailing_id} recovered " + " ".join(f"{state}={n}" for state, n in moved.items()))

    def _lead(self) -> dict[int, int]:
        self.purge()
        due = self.store.mailings.due(self.now())
        self._tell_of_the_ended({mailing.id for mailing in due})
        waiting = {mailing.id: self._waiting(mailing) for mailing in due if not self.rests(mailing)}
        apply_waiting(self.store, self.now, should_stop=self.should_stop)
        return waiting

    def _waiting(self, mailing: Mailing) -> int:
        """Batches of it; none when it may not be sent, or when nothing of it waits."""
        if mailing.id not in self._begun:
            if self.is_too_late(mailing) or not self.attempt(mailing, lambda: self._begin(mailing)):
                return 0
            self._begun.add(mailing.id)
        mailings, now = self.store.mailings, self.now()
        first = mailings.next_due(mailing.id)
        if first and first <= now:
            mailings.replan_due(mailing.id, now)
        planned = mailings.planned(mailing.id, most=AHEAD * BATCH)
        if not planned:
            mailings.finish(mailing.id, now=now)
        return ceil(planned / BATCH)

    def _begin(self, mailing: Mailing) -> None:
        begin_sending(self.store, mailing, self.cleared(mailing))

    def _tell_of_the_ended(self, due: set[int]) -> None:
        """Those that have nothing to do at the moment may come back; then they are begun once more."""
        for mailing_id in self._begun - due:
            mailing = self.store.mailings.find(mailing_id)
            self.log(f"mailing={mailing_id} status={mailing.status}")
            if mailing.status is not MailingStatus.SENDING:
                self.tell(mailing)
        self._begun &= due
