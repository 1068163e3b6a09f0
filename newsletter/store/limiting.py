"""Count how often something was done, without a word of who did it; a restart forgets nothing."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.limits import Limit
from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.forgotten import key_of

_limit = schema.limits.c


class Counted(NamedTuple):
    """Something that may be done so often: by what kind of thing, which one, and how often."""

    kind: str
    value: str
    limit: Limit


class Limiting:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, *counted: Counted, now: datetime) -> bool:
        """Whether it may be done once more; then it counts."""
        with self._database.writing() as connection:
            return take(connection, counted, now)

    def tidy(self, now: datetime) -> None:
        """Forget what does not matter any more."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(schema.limits).where(_limit.free_at <= now))


def take(connection: sa.Connection, counted: Sequence[Counted], now: datetime) -> bool:
    """All of them, or none: what is refused for one reason does not count for another."""
    secret = key_of(connection)
    by_key = {_key(secret, one): one.limit for one in counted}
    found = sa.select(_limit.key, _limit.free_at).where(_limit.key.in_(list(by_key)))
    known = {row.key: row.free_at for row in connection.execute(found)}
    taken = {key: limit.taken(known.get(key), now) for key, limit in by_key.items()}
    if not all(taken.values()):
        return False
    for key, free_at in taken.items():
        if key in known:
            connection.execute(sa.update(schema.limits).where(_limit.key == key).values(free_at=free_at))
        else:
            connection.execute(sa.insert(schema.limits).values(key=key, free_at=free_at))
    return True


def _key(secret: bytes, counted: Counted) -> str:
    told = f"{counted.kind}\0{counted.value}".encode("utf-8", "surrogatepass")
    return hmac.digest(secret, told, hashlib.sha256).hex()
