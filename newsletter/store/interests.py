"""Interests of all readers at once: who holds which, and one tag in the place of others."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import AnyRow, Database
from newsletter.subscriber import SubscriptionStatus

_PAGE = 2_000
_interest, _subscription = schema.interests.c, schema.subscriptions.c
_MERGED = "interests-merged"
_SUMMARY = "tags-merged"


class Interests:
    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self) -> dict[str, int]:
        """How many subscriptions hold each tag, whatever their standing; tags that nobody holds are not in it."""
        wanted = (
            sa.select(_interest.tag, sa.func.count().label("number")).group_by(_interest.tag).order_by(_interest.tag)
        )
        with self._database.reading() as connection:
            return {row.tag: row.number for row in connection.execute(wanted)}

    def holders(self, tags: Iterable[str]) -> int:
        """How many subscriptions hold at least one of the tags."""
        each = sa.select(sa.func.count(_interest.subscription_id.distinct())).where(_interest.tag.in_(sorted(tags)))
        with self._database.reading() as connection:
            return connection.execute(each).scalar_one()

    def without(self, newsletter: str) -> int:
        """Confirmed readers of the newsletter who may be mailed and named no interests: they get every story."""
        tables = schema.subscriptions.outerjoin(
            schema.suppressions, schema.suppressions.c.subscriber_id == _subscription.subscriber_id
        )
        chosen = sa.exists().where(_interest.subscription_id == _subscription.id)
        wanted = sa.select(sa.func.count()).select_from(tables)
        wanted = wanted.where(_subscription.newsletter == newsletter, ~chosen, schema.suppressions.c.reason.is_(None))
        with self._database.reading() as connection:
            return connection.execute(wanted.where(_subscription.status == SubscriptionStatus.CONFIRMED)).scalar_one()

    @contextmanager
    def merging(self, tags: Iterable[str], into: str, *, actor: str, now: datetime) -> Iterator[int]:
        """
        Every reader who holds one of the tags holds `into` instead; yields how many those are.

        What is done inside the block belongs to it: when that fails, nothing has changed, and nothing is final before
        the block ends. Each reader's change is an audit row, with the tags that were theirs.
        """
        gone = sorted(set(tags))
        with self._database.writing() as connection:
            changed = 0
            for rows in _pages(connection, gone):
                ids = [row.id for row in rows]
                _replace(connection, ids, gone, into)
                write_audit(connection, *(_told(row, into, actor=actor, at=now) for row in rows))
                changed += len(rows)
            detail = {"tags": gone, "into": into, "readers": changed}
            write_audit(connection, audit_row(_SUMMARY, actor=actor, at=now, detail=detail))
            yield changed


def _pages(connection: sa.Connection, tags: list[str]) -> Iterator[list[AnyRow]]:
    """Subscriptions that hold one of the tags, with those that they hold."""
    theirs = sa.func.aggregate_strings(_interest.tag, " ").label("tags")
    wanted = (
        sa.select(_subscription.id, _subscription.subscriber_id, _subscription.newsletter, theirs)
        .join(schema.interests, _interest.subscription_id == _subscription.id)
        .where(_interest.tag.in_(tags))
        .group_by(_subscription.id, _subscription.subscriber_id, _subscription.newsletter)
        .order_by(_subscription.id)
        .limit(_PAGE)
    )
    while rows := list(connection.execute(wanted).all()):
        yield rows  # the caller takes these tags away: the same question then finds the next


def _replace(connection: sa.Connection, ids: list[int], gone: list[str], into: str) -> None:
    theirs = _interest.subscription_id.in_(ids)
    connection.execute(sa.delete(schema.interests).where(theirs, _interest.tag.in_(gone)))
    has_it = sa.select(_interest.subscription_id).where(theirs, _interest.tag == into)
    holding = set(connection.execute(has_it).scalars())
    new = [{"subscription_id": one, "tag": into} for one in ids if one not in holding]
    if new:
        connection.execute(sa.insert(schema.interests), new)


def _told(row: AnyRow, into: str, *, actor: str, at: datetime) -> dict[str, object]:
    detail = {"newsletter": row.newsletter, "from": sorted(row.tags.split(" ")), "into": into}
    return audit_row(_MERGED, actor=actor, at=at, subscriber_id=row.subscriber_id, detail=detail)
