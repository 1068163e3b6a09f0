"""Rates that all senders on this store share, and what they leave alone for a while."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.ways import insert_new, servers_clock

#: how much of a standstill may be made up for afterwards
_SLACK = timedelta(seconds=1)

_pace = schema.paces.c


class Paces:
    """On a server, its clock counts: a machine whose own is wrong neither makes the others wait nor has to."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """:param clock: of this machine"""
        self._database, self._clock = database, clock

    def take(self, name: str, *, interval: timedelta, most: int, now: datetime) -> tuple[int, datetime]:
        """
        Leave to send up to so many messages; how many, and when to ask again.

        The rate is kept by one instant, when the next message is free to go. Leave that is not used is lost, so a
        sender that dies makes the rate err on the low side.

        :param interval: between two messages
        """
        with self._database.together() as connection:
            # On a server, one sender at a time has this row.
            wanted = sa.select(_pace.free_at, servers_clock(connection)).where(_pace.name == name).with_for_update()
            found = connection.execute(wanted).first()
            if found is None:
                first = now + self._behind(connection)
                connection.execute(insert_new(connection, schema.paces), {"name": name, "free_at": first})
                found = connection.execute(wanted).one()
            free_at, told = found
            behind = self._behind_of(told)
            if free_at > now + behind:
                return 0, free_at - behind
            after = max(free_at, now + behind - _SLACK) + most * interval
            connection.execute(sa.update(schema.paces).where(_pace.name == name).values(free_at=after))
            return most, after - behind

    def rest(self, name: str, until: datetime) -> None:
        """Nobody works on that before then."""
        with self._database.together() as connection:
            until += self._behind(connection)
            connection.execute(insert_new(connection, schema.paces), {"name": name, "free_at": until})
            connection.execute(sa.update(schema.paces).where(_pace.name == name).values(free_at=until))

    def rests(self, name: str, now: datetime) -> bool:
        with self._database.reading() as connection:
            wanted = sa.select(_pace.free_at, servers_clock(connection)).where(_pace.name == name)
            found = connection.execute(wanted).first()
        return found is not None and found[0] > now + self._behind_of(found[1])

    def _behind(self, connection: sa.Connection) -> timedelta:
        """How far this machine's clock is behind the server's."""
        return self._behind_of(connection.execute(sa.select(servers_clock(connection))).scalar())

    def _behind_of(self, told: datetime | None) -> timedelta:
        # In whole seconds: an answer is on its way for a while, and what was measured twice must be the same.
        return timedelta(seconds=round((told - self._clock()).total_seconds()) if told else 0)
