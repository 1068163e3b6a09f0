"""Rates that all senders on this store share, and what they leave alone for a while."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.ways import insert_new

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
        with self._database.together() as connection:
            connection.execute(insert_new(connection, schema.paces), {"name": name, "free_at": now})
            # On a server, one sender at a time has this row.
            found = sa.select(_pace.free_at).where(_pace.name == name).with_for_update()
            free_at = connection.execute(found).scalar_one()
            if free_at > now:
                return 0, free_at
            after = max(free_at, now - _SLACK) + most * interval
            connection.execute(sa.update(schema.paces).where(_pace.name == name).values(free_at=after))
            return most, after

    def rest(self, name: str, until: datetime) -> None:
        """Nobody works on that before then."""
        with self._database.together() as connection:
            connection.execute(insert_new(connection, schema.paces), {"name": name, "free_at": until})
            connection.execute(sa.update(schema.paces).where(_pace.name == name).values(free_at=until))

    def rests(self, name: str, now: datetime) -> bool:
        wanted = sa.select(_pace.name).where(_pace.name == name, _pace.free_at > now)
        with self._database.reading() as connection:
            return connection.execute(wanted).first() is not None
