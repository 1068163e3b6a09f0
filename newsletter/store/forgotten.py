"""Hashes of addresses that must stay away though nobody knows any more whose they are."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.subscriber import SuppressionReason

_forgotten = schema.forgotten.c


def keep_hash(connection: sa.Connection, email: str, reason: SuppressionReason, now: datetime) -> None:
    """
    :param email: the address as `email_key` gives it
    """
    lift_hash(connection, email)
    values = {"hash": _hash(key_of(connection), email), "reason": reason, "forgotten_at": now}
    connection.execute(sa.insert(schema.forgotten).values(values))


def lift_hash(connection: sa.Connection, email: str) -> None:
    connection.execute(sa.delete(schema.forgotten).where(_forgotten.hash == _hash(key_of(connection), email)))


def suppression_of_hash(connection: sa.Connection, email: str) -> SuppressionReason | None:
    return suppressions_of_hashes(connection, [email]).get(email)


def suppressions_of_hashes(connection: sa.Connection, emails: Sequence[str]) -> Mapping[str, SuppressionReason]:
    """Those among some thousand addresses that must stay away, and why."""
    if connection.execute(sa.select(_forgotten.hash).limit(1)).first() is None:
        return {}
    key = key_of(connection)
    by_hash = {_hash(key, email): email for email in emails}
    wanted = sa.select(_forgotten.hash, _forgotten.reason).where(_forgotten.hash.in_(list(by_hash)))
    return {by_hash[row.hash]: SuppressionReason(row.reason) for row in connection.execute(wanted)}


def key_of(connection: sa.Connection) -> bytes:
    found = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "suppression_key"))
    return bytes.fromhex(found.scalar_one())


def _hash(key: bytes, email: str) -> str:
    return hmac.digest(key, email.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
