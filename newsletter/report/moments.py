"""What happened when: by the hour on the first day, by the day from then on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: more are not drawn apart: the last one holds all that came later
_MOST_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An hour or a day (UTC), and how many deliveries came to what in it."""

    begins_at: datetime
    is_hour: bool
    accepted: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    left: int = 0

    def as_json(self) -> dict[str, Any]:
        length = "hour" if self.is_hour else "day"
        return {"begins_at": self.begins_at.isoformat(), "length": length} | {key: getattr(self, key) for key in SERIES}


#: what is counted
SERIES = tuple(one.name for one in fields(Moment) if one.type is int)


def moments_of(hours: Mapping[str, Mapping[datetime, int]]) -> tuple[Moment, ...]:
    """
    Without a gap from the first hour to the last one in which anything happened.

    :param hours: by the names of `SERIES`
    """
    happened = [at for counted in hours.values() for at in counted]
    if not happened:
        return ()
    first, last = min(happened), max(happened)
    places = list(_places(first, last))
    counted = [dict.fromkeys(SERIES, 0) for _ in places]
    for name, found in hours.items():
        for at, count in found.items():
            counted[_place(at, first, len(places))][name] += count
    return tuple(
        Moment(begins_at=at, is_hour=is_hour, **told) for (at, is_hour), told in zip(places, counted, strict=True)
    )


def _places(first: datetime, last: datetime) -> Iterator[tuple[datetime, bool]]:
    """Hours of the first 24, and then days of 24 hours, so that no day is half one and half the other."""
    at = first
    while at <= last and at < first + _DAY:
        yield at, True
        at += _HOUR
    at, days = first + _DAY, 0
    while at <= last and days < _MOST_DAYS:
        yield at, False
        at, days = at + _DAY, days + 1


def _place(at: datetime, first: datetime, count: int) -> int:
    since = at.astimezone(UTC) - first
    number = since // _HOUR if since < _DAY else 24 + (since - _DAY) // _DAY
    return min(number, count - 1)
