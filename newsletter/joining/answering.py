"""Behind the pages: forms are taken out of the queue and answered by mail, at most one a day for an address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter.delivery import Outcome, Receipt
from newsletter.joining.letters import letter_of
from newsletter.limits import Limit
from newsletter.mailing.posting import post
from newsletter.masthead import Imprint, Masthead
from newsletter.message import Letter
from newsletter.signup import Answer
from newsletter.store import Store
from newsletter.store.signups import Taken

if TYPE_CHECKING:
    from newsletter.dispatch import Transport

#: mails in one session with the provider
_AT_ONCE = 50
#: then nobody waits for it any more
_MOST_TRIES = 12
_REST = timedelta(minutes=1)
_LONGEST_REST = timedelta(hours=4)
_BETWEEN_TIDYINGS = timedelta(hours=1)


def _unheard(_word: str, _number: int) -> None:
    return None


@dataclass(kw_only=True)
class Answering:
    """Looks for work each time it is asked to; names nobody in what it tells."""

    store: Store
    mastheads: Mapping[str, Masthead]
    imprint_for: Callable[[Masthead], Imprint]
    keys: Sequence[bytes]
    base_url: str
    make_transport: "Callable[[], Transport]"
    by_domain: Limit
    now: Callable[[], datetime]
    #: told how many forms and mails had which end
    tell: Callable[[str, int], None] = _unheard
    _tidied_at: datetime | None = field(default=None, init=False)

    def look(self) -> None:
        """Answer every form that waits, and post every mail that is due."""
        while taken := self.store.signups.answer_next(self.by_domain, self.now()):
            if taken is Taken.TOO_OFTEN:
                self.tell("too-often", 1)
        while due := self.store.answers.due(self.now(), limit=_AT_ONCE):
            self._post(due)
        if self._tidied_at is None or self.now() - self._tidied_at >= _BETWEEN_TIDYINGS:
            self._tidied_at = self.now()
            self.store.answers.tidy(self._tidied_at)
            self.store.limits.tidy(self._tidied_at)

    def _post(self, due: Sequence[Answer]) -> None:
        # A newsletter that is declared no more has nothing to say.
        known = [answer for answer in due if answer.newsletter in self.mastheads]
        self.store.answers.put_off({answer.id: None for answer in due if answer not in known})
        risked: set[int] = set()

        def at_risk(ids: Sequence[int]) -> None:
            numbers = [-number for number in ids]
            self.store.answers.at_risk(numbers)
            risked.update(numbers)

        receipts, _ = post([self._letter(answer) for answer in known], self.make_transport, at_risk)
        self._settle(known, receipts, risked)

    def _letter(self, answer: Answer) -> Letter:
        masthead = self.mastheads[answer.newsletter]
        imprint = self.imprint_for(masthead)
        return letter_of(answer, masthead, imprint, keys=self.keys, base_url=self.base_url, now=self.now())

    def _settle(self, due: Sequence[Answer], receipts: Sequence[Receipt], risked: set[int]) -> None:
        """Whatever was handed over and has no answer is not mailed again: it may have arrived."""
        outcomes = {-receipt.delivery_id: receipt.outcome for receipt in receipts}
        later: dict[int, datetime | None] = {}
        for answer in due:
            default = Outcome.UNKNOWN if answer.id in risked else Outcome.DEFERRED
            outcome = outcomes.get(answer.id, default)
            self.tell(str(outcome), 1)
            if outcome is Outcome.DEFERRED:
                later[answer.id] = self._next_try(answer)
            elif outcome is Outcome.REFUSED and answer.id not in risked:
                later[answer.id] = None
        self.store.answers.put_off(later)

    def _next_try(self, answer: Answer) -> datetime | None:
        if answer.tries >= _MOST_TRIES:
            return None
        rest: timedelta = _REST * 2 ** (answer.tries - 1)
        return self.now() + min(rest, _LONGEST_REST)
