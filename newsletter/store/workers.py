"""Workers that are alive: each says so now and then, and is forgotten when it stops."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.postgres import make_room

#: one that has been silent for longer is dead
LIVES_FOR = timedelta(minutes=2)

_worker = schema.workers.c


class Workers:
    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, name: str, now: datetime) -> None:
        """This worker is alive."""
        this = _worker.name == name
        with self._database.writing() as connection:
            seen = connection.execute(sa.update(schema.workers).where(this).values(seen_at=now)).rowcount
            if not seen:
                connection.execute(sa.insert(schema.workers), {"name": name, "started_at": now, "seen_at": now})

    def leave(self, name: str, now: datetime) -> None:
        """This worker ends; those that died without a word are forgotten with it."""
        gone = sa.or_(_worker.name == name, _worker.seen_at < now - LIVES_FOR)
        with self._database.writing() as connection:
            connection.execute(sa.delete(schema.workers).where(gone))

    def room_for_engine(self, schema: str, tables: str) -> str:
        """
        A schema of the database with the tables of a job engine, made once; the address at which the engine finds it.

        :param tables: the engine's own SQL, which makes them in the schema that is current
        """
        with self._database.writing() as connection:
            make_room(connection, schema, tables)
        return self._database.address

    def alive(self, now: datetime) -> list[str]:
        wanted = sa.select(_worker.name).where(_worker.seen_at >= now - LIVES_FOR).order_by(_worker.name)
        with self._database.reading() as connection:
            return list(connection.execute(wanted).scalars())
