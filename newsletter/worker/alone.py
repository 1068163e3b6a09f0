"""A worker on a store that is a file: one mailing after the other, each from its beginning to its end."""

from collections import Counter
from dataclasses import dataclass

from newsletter.delivery import Mailing, Outcome
from newsletter.ingest import apply_waiting
from newsletter.mailing.recovering import recover_from_the_dead
from newsletter.mailing.sending import send_mailing
from newsletter.worker.duty import Duty


@dataclass(kw_only=True)
class Worker(Duty):
    """Looks for work once each time it is asked to."""

    def look(self) -> int:
        """Send everything that is due; how many mailings were worked on."""
        self.beat()
        self.purge()
        apply_waiting(self.store, self.now, should_stop=self.should_stop)
        for mailing in self.store.mailings.left_behind():
            recover_from_the_dead(self.store, mailing.id, now=self.now())
        worked = 0
        for mailing in self.store.mailings.due(self.now()):
            if self.should_stop():
                break
            if not self.rests(mailing):
                worked += self._work(mailing)
        return worked

    def _work(self, mailing: Mailing) -> bool:
        return not self.is_too_late(mailing) and self.attempt(mailing, lambda: self._send(mailing))

    def _send(self, mailing: Mailing) -> None:
        outcomes: Counter[Outcome] = Counter()
        for some in send_mailing(self.store, mailing, self.cleared(mailing)):
            outcomes += some
            self.beat()
        self.log_outcomes(mailing, outcomes)
        self.announce(mailing)
