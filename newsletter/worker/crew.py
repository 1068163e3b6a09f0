"""
A worker among others on one server.

Every one of them sends a batch when it is nudged, and buries the dead of its machine. One of them at a time leads: it
begins what is due, says how many batches wait, and ends what is done. The deliveries table alone says what is to be
done; whatever is lost of all this is found again at the next look.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import ceil

from newsletter.delivery import ENDED, Mailing, MailingStatus, Outcome
from newsletter.dispatch import Leases, Watch
from newsletter.errors import AwayError, RefusedError
from newsletter.mailing.recovering import bury, recover_from_the_dead
from newsletter.mailing.sending import WORKER, begin_sending, send_some
from newsletter.worker.duty import Duty

#: deliveries that a worker takes for one nudge
BATCH = 1_000
#: batches of a mailing that wait to be taken, at most: some seconds' work of a crew
AHEAD = 20


@dataclass(kw_only=True)
class Crew(Duty):
    """`tend` every second, and `send` for each nudge."""

    _leases: Leases = field(default_factory=Leases, init=False)
    #: mailings that this worker has been at work on, and what it has seen of them
    _watches: dict[int, Watch] = field(default_factory=dict, init=False)
    _leading: ExitStack = field(default_factory=ExitStack, init=False)
    #: raises when it does not lead any more
    _insist_on_the_lead: Callable[[], None] | None = field(default=None, init=False)

    def tend(self) -> Mapping[int, int]:
        """Bury the dead; and while leading, by mailing, how many batches wait."""
        self.beat()
        self._bury_the_dead()
        waiting = self._lead() if self._leads() else {}
        self._tell_of_the_ended()
        return waiting

    def send(self, mailing_id: int) -> None:
        """One batch of it."""
        mailing = self.store.mailings.find(mailing_id)
        if not (self.should_stop() or self.rests(mailing)):
            self.attempt(mailing, lambda: self._send(mailing))

    def leave(self) -> None:
        self._leading.close()
        super().leave()

    def _send(self, mailing: Mailing) -> None:
        outcomes: Counter[Outcome] = Counter()
        watch = self._watches.setdefault(mailing.id, Watch())
        terms = self.terms_of(mailing)
        for some in send_some(self.store, mailing, terms, most=BATCH, watch=watch):
            outcomes += some
            self.meter.took(terms.transport.name, some)
        if outcomes:
            self.log_outcomes(mailing, outcomes)

    def _leads(self) -> bool:
        """One worker at a time, for as long as it lives; then the next one that asks."""
        try:
            if self._insist_on_the_lead is None:
                self._insist_on_the_lead = self._leading.enter_context(self.store.leading())
            self._insist_on_the_lead()
        except RefusedError:
            return False
        except AwayError:
            self._leading.close()
            self._insist_on_the_lead = None
            raise
        return True

    def _bury_the_dead(self) -> None:
        """Each machine can tell of its own dead, and all of them of those that are silent."""
        runs = self.store.mailings.open_runs()
        silent = self._leases.silent(runs)
        for mailing_id in sorted({run.mailing_id for run in runs} | self.store.mailings.recorded()):
            if self.store.mailings.dead_runs(mailing_id, silent=silent):
                mailing = self.store.mailings.find(mailing_id)
                # One that lacks what it needs does not keep us from the others.
                self.attempt(mailing, partial(self._bury, mailing, silent))

    def _bury(self, mailing: Mailing, silent: Collection[int]) -> None:
        if mailing.status in ENDED:
            # Nothing of it is taken back, so nothing is needed that it was sent with.
            moved = recover_from_the_dead(self.store, mailing.id, silent=silent, now=self.now())
        else:
            moved = bury(self.store, self.terms_of(mailing).transport, mailing.id, silent=silent, now=self.now())
        self.log_recovered(mailing, moved)

    def _tell_of_the_ended(self) -> None:
        """Whoever has been at work on a mailing may be the one who tells of its end; one of them does."""
        for mailing in [self.store.mailings.find(number) for number in list(self._watches)]:
            if mailing.status is not MailingStatus.SENDING:
                del self._watches[mailing.id]
                self.announce(mailing)

    def announce(self, mailing: Mailing) -> None:
        if self.store.mailings.note_told(mailing.id, actor=WORKER, now=self.now()):
            self.log("ended", mailing=mailing.id, status=mailing.status)
            self.tell(mailing)

    def _lead(self) -> dict[int, int]:
        self.purge()
        due = self.store.mailings.due(self.now())
        waiting = {mailing.id: self._waiting(mailing) for mailing in due if not self.rests(mailing)}
        self.apply_events()
        self.meter.saw(waiting=sum(waiting.values()), under_way=len(due))
        return {number: batches for number, batches in waiting.items() if batches}

    def _waiting(self, mailing: Mailing) -> int:
        """Batches of it; none when it may not be sent, or when nothing of it waits."""
        mailings, now = self.store.mailings, self.now()
        if not mailings.is_begun(mailing.id):
            if self.is_too_late(mailing) or not self.attempt(mailing, lambda: self._begin(mailing)):
                return 0
            self._watches.setdefault(mailing.id, Watch())
        first = mailings.next_due(mailing.id)
        if first and first <= now:
            mailings.replan_due(mailing.id, now)
        planned = mailings.planned(mailing.id, most=AHEAD * BATCH)
        if not planned:
            # What a provider has told meanwhile may say more than its answer did.
            self.store.events.settle_told(mailing.id, now=now)
            if mailings.finish(mailing.id, now=now).status is MailingStatus.SENT:
                # Those who were at work on it may be gone.
                self._watches.setdefault(mailing.id, Watch())
        return ceil(planned / BATCH)

    def _begin(self, mailing: Mailing) -> None:
        # Whoever sends it by hand is alone with it.
        with self.store.mailings.lock(mailing.id, is_shared=True):
            begin_sending(self.store, mailing, self.cleared(mailing))
