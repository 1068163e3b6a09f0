"""How often something may happen."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """
    So many times in a span, at any instant one looks: at once, and then again little by little.

    One instant says all that has to be remembered (the generic cell rate algorithm of ATM, ITU-T I.371).
    """

    count: int
    span: timedelta

    def taken(self, free_at: datetime | None, now: datetime) -> datetime | None:
        """
        What to remember when it happens once more; None when it must not.

        :param free_at: what was remembered the last time
        """
        step = self.span / self.count
        begun = max(free_at or now, now)
        return begun + step if begun - now <= self.span - step else None


#: mail by which a stranger could be pestered
ONCE_A_DAY = Limit(1, timedelta(hours=24))
