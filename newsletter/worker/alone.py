"""A worker on a store that is a file: one mailing after the other, each from its beginning to its end."""

from collections import Counter
from dataclasses import dataclass

from newsletter.delivery import Mailing, MailingStatus, Outcome
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
        self.apply_events()
        for mailing in self.store.mailings.left_behind():
            self.log_recovered(mailing, recover_from_the_dead(self.store, mailing.id, now=self.now()))
        worked, due = 0, self.store.mailings.due(self.now())
        self.meter.saw(waiting=len(due), under_way=sum(it.status is MailingStatus.SENDING for it in due))
        for mailing in due:
            if self.should_stop():
                break
            if not self.rests(mailing):
                worked += self._work(mailing)
        return worked

    def _work(self, mailing: Mailing) -> bool:
        return not self.is_too_late(mailing) and self.attempt(mailing, lambda: self._send(mailing))

    def _send(self, mailing: Mailing) -> None:
        outcomes: Counter[Outcome] = Counter()
        terms = self.cleared(mailing)
        for some in send_mailing(self.store, mailing, terms):
            outcomes += some
            self.meter.took(terms.transport.name, some)
            self.beat()
        self.log_outcomes(mailing, outcomes)
        self.announce(mailing)
