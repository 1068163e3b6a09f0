"""What every worker does, whatever database it works on; it names no reader in what it logs."""

import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.delivery import DeliveryState, Mailing, MailingStatus, Outcome
from newsletter.errors import AwayError, NewsletterError, PermanentError, RefusedError, TransientError
from newsletter.ingest import apply_waiting
from newsletter.logline import Log
from newsletter.mailing.sending import WORKER, Terms, insist_on_a_way_out, insist_sendable
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
class Duty:
    """Its means, and what it does with a mailing that cannot leave."""

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
    _beaten_at: datetime | None = field(default=None, init=False)
    _purged_at: datetime | None = field(default=None, init=False)

    def leave(self) -> None:
        # Those that could not say so are forgotten by and by.
        with suppress(AwayError):
            self.store.workers.leave(self.name, self.now())

    def beat(self) -> None:
        if self._beaten_at is None or self.now() - self._beaten_at >= _BEAT:
            self._beaten_at = self.now()
            self.store.workers.beat(self.name, self._beaten_at)
            self.meter.beat(self._beaten_at)

    def purge(self) -> None:
        """Let go of those who never confirmed."""
        if self._purged_at is None or self.now() - self._purged_at >= _BETWEEN_PURGES:
            # While a mailing is planned, nobody is let go: later, then.
            with suppress(AwayError):
                purged = self.store.forgetting.purge(self.now() - UNCONFIRMED, now=self.now())
                self._purged_at = self.now()
                if purged:
                    self.log("purged", unconfirmed=purged)

    def apply_events(self) -> None:
        """Let take effect what was told of our mail, and what nobody has seen to."""
        applied = apply_waiting(
            self.store, self.now, should_stop=self.should_stop, tell=lambda said: self.log("set-aside", why=said)
        )
        if applied:
            self.log("applied", events=applied)

    def rests(self, mailing: Mailing) -> bool:
        return self.store.paces.rests(_rest_of(mailing), self.now())

    def is_too_late(self, mailing: Mailing) -> bool:
        late = self.now() - mailing.send_at if mailing.send_at else timedelta()
        if mailing.status is not MailingStatus.SCHEDULED or late <= LATEST:
            return False
        self.pause(mailing, f"its time was {mailing.send_at:%Y-%m-%d %H:%M} UTC, and no worker was there")
        return True

    def terms_of(self, mailing: Mailing) -> Terms:
        return replace(self.terms_for(mailing), should_stop=self.should_stop)

    def cleared(self, mailing: Mailing) -> Terms:
        """
        What it is sent with, when it may be sent now.

        :raises NewsletterError: it may not
        """
        compiled = insist_sendable(self.store, mailing, self.now())
        terms = self.terms_of(mailing)
        if terms.transport.name != "outbox" and not self.skip_link_check:
            planned = report_on(self.store.mailings, mailing.id).planned
            insist_on_a_way_out(self.store, compiled, base_url=terms.base_url, readers=planned)
        return terms

    def attempt(self, mailing: Mailing, work: Callable[[], object]) -> bool:
        """Whether it went well; else it is paused or rests, as the case may be."""
        try:
            work()
        except AwayError as error:
            self.log("interrupted", mailing=mailing.id, why=error)
        except TransientError as error:
            self._rest(mailing, error)
        except PermanentError as error:
            self.pause(mailing, str(error))
        except NewsletterError as error:
            self._refuse(mailing, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours
            self._give_up(mailing, error)
        else:
            return True
        return False

    def log_recovered(self, mailing: Mailing, moved: Counter[DeliveryState]) -> None:
        if moved:
            self.log("recovered", mailing=mailing.id, **{str(state): count for state, count in sorted(moved.items())})

    def log_outcomes(self, mailing: Mailing, outcomes: Counter[Outcome]) -> None:
        status = self.store.mailings.find(mailing.id).status
        counted = {str(outcome): outcomes[outcome] for outcome in Outcome}
        self.log("worked", mailing=mailing.id, status=status, **counted)

    def pause(self, mailing: Mailing, reason: str) -> None:
        try:
            paused = self.store.mailings.pause(mailing.id, reason, actor=WORKER, now=self.now())
        except RefusedError:
            return
        self.log("paused", mailing=paused.id, status=paused.status, why=reason)
        self.announce(paused)

    def announce(self, mailing: Mailing) -> None:
        """Tell that it has ended, or stopped."""
        self.tell(mailing)

    def _rest(self, mailing: Mailing, error: TransientError) -> None:
        wait = max(REST, timedelta(seconds=error.retry_after or 0))
        self.store.paces.rest(_rest_of(mailing), self.now() + wait)
        self.log("rests", mailing=mailing.id, seconds=round(wait.total_seconds()), why=error)

    def _give_up(self, mailing: Mailing, fault: Exception) -> None:
        """A mailing at which this program fails must not hold up the others, nor be tried again and again."""
        # What a fault says may name a reader; where it was does not.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        kind, at = type(fault).__name__, f"{Path(where.filename).name}:{where.lineno}"
        self.log("fault", mailing=mailing.id, kind=kind, where=at)
        self.pause(mailing, f"a fault of this program stopped it ({kind}); please report it")

    def _refuse(self, mailing: Mailing, error: NewsletterError) -> None:
        """Another sender may be at work on it, or a person has paused it; else it needs one."""
        status = self.store.mailings.find(mailing.id).status
        try:
            with self.store.mailings.lock(mailing.id, is_shared=True):
                is_free = True
        except RefusedError:
            is_free = False
        if is_free and status in (MailingStatus.SCHEDULED, MailingStatus.SENDING):
            self.pause(mailing, str(error))
        else:
            self.store.paces.rest(_rest_of(mailing), self.now() + REST)


def _rest_of(mailing: Mailing) -> str:
    return f"mailing {mailing.id}"
