"""When a mailing has to stop by itself: going on would cost the sender's good name."""

from collections import Counter, deque
from dataclasses import dataclass, field

from newsletter.bounce import BounceKind, kind_of
from newsletter.delivery import Outcome, Receipt

#: of so many answers, the last ones
WINDOW = 200
POLICY_SHARE = 0.02
DEAD_SHARE = 0.05
#: of the readers who have the mail
COMPLAINT_SHARE = 0.003
#: fewer of a kind are bad luck, whatever share of a short list they are
FEWEST = 4


@dataclass(slots=True)
class Watch:
    """Looks at every answer; says why to stop, once there is a reason."""

    policy: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    dead: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def see(self, receipt: Receipt) -> None:
        kind = kind_of(receipt.detail) if receipt.outcome in (Outcome.REFUSED, Outcome.DEFERRED) else None
        self.outcomes[receipt.outcome] += 1
        self.policy.append(kind is BounceKind.POLICY)
        self.dead += kind is BounceKind.DEAD and receipt.outcome is Outcome.REFUSED

    def reason(self, complaints: int) -> str | None:
        """
        :param complaints: readers of this mailing who have called it spam
        """
        against_us, seen, taken = sum(self.policy), self.outcomes.total(), self.outcomes[Outcome.ACCEPTED]
        if _is_over(against_us, len(self.policy), POLICY_SHARE):
            return (
                f"{against_us} of the last {len(self.policy)} were refused for policy (5.7.x): look at SPF, DKIM, DMARC"
            )
        if _is_over(self.dead, seen, DEAD_SHARE):
            return f"{self.dead} of {seen} addresses do not exist: look where this list comes from"
        if _is_over(complaints, taken, COMPLAINT_SHARE):
            return f"{complaints} of {taken} readers called it spam: look at who asked for it"
        return None


def _is_over(count: int, of: int, share: float) -> bool:
    return count >= FEWEST and count > share * of
