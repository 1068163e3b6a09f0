"""A moment as people write it: a local time of a zone, which some days have twice, and some not at all."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter.errors import InputError

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})?")


def read_moment(text: str, zone_name: str, now: datetime) -> datetime:
    """
    The instant that a person means, in UTC. An offset (`2026-10-25 02:30+02:00`) names it whatever the zone.

    :raises InputError: it is no time, not one time, or past
    """
    found = _WRITTEN.fullmatch(text.strip())
    zone = _zone(zone_name)
    try:
        local = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}") if found else None
    except ValueError:
        local = None
    if local is None:
        raise InputError(f"{text!r} is not a time", fix="write it as '2026-12-01 07:30'")
    at = local.astimezone(UTC) if local.tzinfo else _instant(local, zone)
    if at <= now:
        raise InputError(
            f"{text} is past: it was {at:%Y-%m-%d %H:%M} UTC", fix="name a time to come, or leave --at away"
        )
    return at


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"{name!r} is not a time zone", fix="write it as Europe/Berlin") from error


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """
    :raises InputError: clocks are put forward over this time, or put back to before it
    """
    readings = sorted({local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    if len(readings) == 1:
        return readings[0]
    # Back from the instant comes the same time of day only where there is one (PEP 495).
    exists = all(reading.astimezone(zone).replace(tzinfo=None) == local for reading in readings)
    what = "comes twice" if exists else "does not exist"
    told = " or ".join(_told(reading, zone) for reading in readings)
    raise InputError(f"{local:%Y-%m-%d %H:%M} {what} in {zone.key} on that day: {told}", fix="write one of them")


def _told(reading: datetime, zone: ZoneInfo) -> str:
    offset = reading.astimezone(zone).utcoffset() or timedelta()
    return f"{reading.astimezone(zone):%Y-%m-%d %H:%M}{_signed(offset)} ({reading:%H:%M} UTC)"


def _signed(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
