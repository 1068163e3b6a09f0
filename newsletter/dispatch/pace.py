"""How fast letters may go: all together, and to one provider of mailboxes."""

import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from newsletter.errors import AwayError
from newsletter.store.paces import Paces
from newsletter.store.rows import ClaimedDelivery

#: messages a second that large providers of mailboxes take from one sender without complaint; ours, and cautious.
#: Grouped by who runs the servers: the limits are theirs.
DOMAIN_RATES: Mapping[str, float] = {
    "gmail.com": 50.0,
    "googlemail.com": 50.0,
    "outlook.com": 20.0,
    "hotmail.com": 20.0,
    "live.com": 20.0,
    "yahoo.com": 20.0,
    "aol.com": 20.0,
    "icloud.com": 20.0,
    "qq.com": 5.0,
    "163.com": 5.0,
    "126.com": 5.0,
}
#: letters that wait for their domain's turn, until no more are claimed
MOST_HELD = 1_000
#: seconds' worth of leave that is taken at once
_SHARE = 0.1
#: until it is asked again, when the database is away
_AWAY = timedelta(seconds=1)


@dataclass(slots=True)
class _Leave:
    """What is left of what the store gave, and when to ask again."""

    name: str
    rate: float
    left: int = 0
    again_at: datetime | None = None

    def has_one(self, paces: Paces, now: datetime) -> bool:
        if not self.left and (self.again_at is None or self.again_at <= now):
            most = max(1, ceil(self.rate * _SHARE))
            interval = timedelta(seconds=1 / self.rate)
            try:
                self.left, self.again_at = paces.take(self.name, interval=interval, most=most, now=now)
            except AwayError:
                # Without the database nobody has leave.
                self.again_at = now + _AWAY
        return self.left > 0


@dataclass(slots=True)
class Pace:
    """Lets claimed deliveries through in their order, those of a domain that is full later."""

    paces: Paces
    #: of the transport, so that all who send by it share the rate
    name: str
    #: messages a second; None: as fast as they are taken
    rate: float | None = None
    domain_rates: Mapping[str, float] = field(default_factory=dict)
    _whole: _Leave | None = None
    _domains: dict[str, _Leave] = field(default_factory=dict)
    _held: dict[str, deque[ClaimedDelivery]] = field(default_factory=dict)

    @property
    def held(self) -> int:
        return sum(map(len, self._held.values()))

    def most_within(self, seconds: float) -> int:
        """Letters that may go in that time, were nobody else to send."""
        return sys.maxsize if self.rate is None else max(1, ceil(self.rate * seconds))

    def next_of(self, claimed: deque[ClaimedDelivery], now: datetime) -> ClaimedDelivery | None:
        """The next one that may go, taken from those that were held or from those claimed; None: not at the moment."""
        if not self._may_go(now):
            return None
        found = self._next_held(now) or self._next_claimed(claimed, now)
        if found and self._whole:
            self._whole.left -= 1
        return found

    def clear(self) -> list[ClaimedDelivery]:
        """Nobody waits any more: what was held is given back."""
        held = [delivery for queue in self._held.values() for delivery in queue]
        self._held.clear()
        return held

    def _may_go(self, now: datetime) -> bool:
        if self.rate is None:
            return True
        self._whole = self._whole or _Leave(self.name, self.rate)
        return self._whole.has_one(self.paces, now)

    def _next_held(self, now: datetime) -> ClaimedDelivery | None:
        for domain, queue in self._held.items():
            if queue and self._has_room(domain, now):
                return queue.popleft()
        return None

    def _next_claimed(self, claimed: deque[ClaimedDelivery], now: datetime) -> ClaimedDelivery | None:
        while claimed:
            delivery = claimed.popleft()
            domain = delivery.address.rpartition("@")[2].lower()
            if domain not in self.domain_rates:
                return delivery
            queue = self._held.setdefault(domain, deque())
            if not queue and self._has_room(domain, now):
                return delivery
            queue.append(delivery)
        return None

    def _has_room(self, domain: str, now: datetime) -> bool:
        """Takes one of the domain's places, if there is one."""
        leave = self._domains.get(domain)
        if leave is None:
            leave = self._domains[domain] = _Leave(f"{self.name} {domain}", self.domain_rates[domain])
        if not leave.has_one(self.paces, now):
            return False
        leave.left -= 1
        return True
