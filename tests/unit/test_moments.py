"""A local time is one instant, or it is refused with its readings."""

from datetime import UTC, datetime

import pytest

from newsletter.errors import InputError
from newsletter.mailing.moments import read_moment

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "wanted"),
    [
        ("2026-12-01 07:30", "Europe/Berlin", datetime(2026, 12, 1, 6, 30, tzinfo=UTC)),
        ("2026-06-10T07:30", "Asia/Singapore", datetime(2026, 6, 9, 23, 30, tzinfo=UTC)),
        ("2026-10-25 02:30+02:00", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25 02:30+01:00", "Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_of_a_zone_is_an_instant(text: str, zone: str, wanted: datetime) -> None:
    assert read_moment(text, zone, NOW) == wanted


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("2026-03-29 02:30", "Europe/Berlin", r"does not exist in Europe/Berlin .*\(00:30 UTC\) or .*\(01:30 UTC\)"),
        ("2026-10-25 02:30", "Europe/Berlin", r"comes twice .*02:30\+02:00 \(00:30 UTC\) or .*02:30\+01:00 \(01:30"),
        ("2026-02-28 12:00", "Europe/Berlin", r"is past: it was 2026-02-28 11:00 UTC"),
        ("tomorrow", "Europe/Berlin", "is not a time"),
        ("2026-13-01 07:30", "Europe/Berlin", "is not a time"),
        ("2026-12-01 07:30", "Mars/Olympus", "is not a time zone"),
    ],
)
def test_what_is_not_one_time_to_come_is_refused(text: str, zone: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_moment(text, zone, NOW)
