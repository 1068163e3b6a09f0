"""Send what is due, until told to stop: mailings whose time has come, and those whose sender died."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter.delivery import Mailing, MailingStatus, Outcome
from newsletter.errors import NewsletterError, PermanentError, RefusedError, TransientError
from newsletter.ingest import apply_waiting
from newsletter.logline import Log
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.mailing.sending import WORKER, Terms, insist_on_a_way_out, insist_sendable, send_mailing
from newsletter.metering import Meter
from newsletter.report import report_on
from newsletter.store import Store

#: a mailing that is later than this waits for a person: what was right to say at seven may be wrong at noon
LATEST = timedelta(minutes=30)
#: how long a mailing is left alone after its provider took nothing
REST = timedelta(minutes=1)
#: seconds between two signs of life while something is sent
_BEAT = timedelta(seconds=15)
#: how long somebody may take to confirm; then nothing is kept of them
UNCONFIRMED = timedelta(days=30)
_BETWEEN_PURGES = timedelta(hours=1)


@dataclass(kw_only=True)
class Worker:
    """Looks for work once each time it is asked to; names no reader in what it logs."""

    store: Store
    #: machine and process
    name: str
    #: what a mailing is sent with
    terms_for: Callable[[Mailing], Terms]
    log: Log
    now: Callable[[], datetime]
    should_stop: Callable[[], bool]
    skip_link_check: bool = False
    meter: Meter = field(default_factory=Meter)
    #: told of each mailing that was worked on or paused
    tell: Callable[[Mailing], None] = lambda _: None
    _rests: dict[int, datetime] = field(default_factory=dict)
    _beaten_at: datetime | None = None
    _purged_at: datetime | None = None

    def look(self) -> int:
        """Send everything that is due; how many mailings were worked on."""
        self._beat()
        self._purge()
        applied = apply_waiting(self.store, self.now, should_stop=self.should_stop)
        if applied:
            self.log("applied", events=applied)
        for mailing in self.store.mailings.left_behind():
            self._recover(mailing)
        worked = 0
        due = self.store.mailings.due(self.now())
        under_way = sum(it.status is MailingStatus.SENDING for it in due)
        self.meter.saw(waiting=len(due) - under_way, under_way=under_way)
        for mailing in due:
            if self.should_stop():
                break
            if self._rests.get(mailing.id, self.now()) <= self.now():
                worked += self._work(mailing)
        return worked

    def leave(self) -> None:
        self.store.workers.leave(self.name, self.now())

    def _recover(self, mailing: Mailing) -> None:
        moved = recover_from_the_dead(self.store, mailing.id, now=self.now())
        if moved:
            self.log("recovered", mailing=mailing.id, **{str(state): count for state, count in sorted(moved.items())})

    def _work(self, mailing: Mailing) -> bool:
        try:
            if self._is_too_late(mailing):
                return False
            self._send(mailing)
        except TransientError as error:
            self._rest(mailing, error)
        except PermanentError as error:
            self._pause(mailing, str(error))
        except NewsletterError as error:
            self._refuse(mailing, error)
        else:
            return True
        return False

    def _is_too_late(self, mailing: Mailing) -> bool:
        late = self.now() - mailing.send_at if mailing.send_at else timedelta()
        if mailing.status is not MailingStatus.SCHEDULED or late <= LATEST:
            return False
        self._pause(mailing, f"its time was {mailing.send_at:%Y-%m-%d %H:%M} UTC, and no worker was there")
        return True

    def _send(self, mailing: Mailing) -> None:
        compiled = insist_sendable(self.store, mailing, self.now())
        terms = replace(self.terms_for(mailing), should_stop=self.should_stop)
        if terms.transport.name != "outbox" and not self.skip_link_check:
            planned = report_on(self.store.mailings, mailing.id).planned
            insist_on_a_way_out(self.store, compiled, base_url=terms.base_url, readers=planned)
        outcomes: Counter[Outcome] = Counter()
        for batch in send_mailing(self.store, mailing, terms):
            outcomes += batch
            self.meter.took(terms.transport.name, batch)
            self._beat()
        status = self.store.mailings.find(mailing.id).status
        counted = {str(outcome): outcomes[outcome] for outcome in Outcome}
        self.log("worked", mailing=mailing.id, status=status, **counted, transport=terms.transport.name)
        self.tell(mailing)

    def _rest(self, mailing: Mailing, error: TransientError) -> None:
        wait = max(REST, timedelta(seconds=error.retry_after or 0))
        self._rests[mailing.id] = self.now() + wait
        self.log("rests", mailing=mailing.id, seconds=round(wait.total_seconds()), why=error)

    def _refuse(self, mailing: Mailing, error: NewsletterError) -> None:
        """Another sender may be at work on it, or a person has paused it; else it needs one."""
        status = self.store.mailings.find(mailing.id).status
        try:
            with self.store.mailings.lock(mailing.id):
                is_free = True
        except RefusedError:
            is_free = False
        if is_free and status in (MailingStatus.SCHEDULED, MailingStatus.SENDING):
            self._pause(mailing, str(error))
        else:
            self._rests[mailing.id] = self.now() + REST

    def _pause(self, mailing: Mailing, reason: str) -> None:
        try:
            self.store.mailings.pause(mailing.id, reason, actor=WORKER, now=self.now())
        except RefusedError:
            return
        self.log("paused", mailing=mailing.id, status=MailingStatus.PAUSED, why=reason)
        self.tell(mailing)

    def _purge(self) -> None:
        """Let go of those who never confirmed."""
        if self._purged_at is None or self.now() - self._purged_at >= _BETWEEN_PURGES:
            self._purged_at = self.now()
            purged = self.store.forgetting.purge(self._purged_at - UNCONFIRMED, now=self._purged_at)
            if purged:
                self.log("purged", unconfirmed=purged)

    def _beat(self) -> None:
        if self._beaten_at is None or self.now() - self._beaten_at >= _BEAT:
            self._beaten_at = self.now()
            self.store.workers.beat(self.name, self._beaten_at)
            self.meter.beat(self._beaten_at)
