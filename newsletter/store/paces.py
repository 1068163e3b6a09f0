"""Rates that all senders on this store share."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.database import Database

#: how much of a standstill may be made up for afterwards
_SLACK = timedelta(seconds=1)

_pace = schema.paces.c


class Paces:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, *, interval: timedelta, most: int, now: datetime) -> tuple[int, datetime]:
        """
        Leave to send up to so many messages; how many, and when to ask again.

        The rate is kept by one instant, when the next message is free to go. Leave that is not used is lost, so a
        sender that dies makes the rate err on the low side.

        :param interval: between two messages
        """
        with self._database.writing() as connection:
            free_at = connection.execute(sa.select(_pace.free_at).where(_pace.name == name)).scalar()
            if free_at and free_at > now:
                return 0, free_at
            after = max(free_at or now, now - _SLACK) + most * interval
            _write(connection, name, after, is_new=free_at is None)
            return most, after


def _write(connection: sa.Connection, name: str, free_at: datetime, *, is_new: bool) -> None:
    if is_new:
        connection.execute(sa.insert(schema.paces), {"name": name, "free_at": free_at})
    else:
        connection.execute(sa.update(schema.paces).where(_pace.name == name).values(free_at=free_at))
