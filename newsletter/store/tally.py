"""What became of a mailing: counted, and by name."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.people import email_key
from newsletter.store.plans import HOLDING
from newsletter.store.rows import (
    DeliveryRecord,
    MailingReader,
    Refusal,
    SkippedReader,
    UnknownDelivery,
    Withdrawal,
    in_pages,
)
from newsletter.subscriber import Skip, SuppressionReason

_delivery, _edition, _person, _skip = schema.deliveries.c, schema.editions.c, schema.subscribers.c, schema.skips.c
_OF_PEOPLE = schema.deliveries.join(schema.subscribers)


class Tally:
    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, mailing_id: int) -> dict[DeliveryState, int]:
        """All states, zeros included: they add up to the plan."""
        wanted = sa.select(_delivery.state, sa.func.count()).where(_delivery.mailing_id == mailing_id)
        with self._database.reading() as connection:
            found = {row.state: row[1] for row in connection.execute(wanted.group_by(_delivery.state))}
        return {state: found.get(state, 0) for state in DeliveryState}

    def skip_counts(self, mailing_id: int) -> dict[Skip, int]:
        """Only the reasons that occur."""
        wanted = sa.select(_skip.reason, sa.func.count()).where(_skip.mailing_id == mailing_id)
        with self._database.reading() as connection:
            found = {row.reason: row[1] for row in connection.execute(wanted.group_by(_skip.reason))}
        return {reason: found[reason] for reason in Skip if reason in found}

    def unknown(self, mailing_id: int) -> list[UnknownDelivery]:
        columns = (_person.address, _delivery.id, _delivery.claimed_at)
        return [UnknownDelivery(*row) for row in self._of_state(mailing_id, DeliveryState.UNKNOWN, *columns)]

    def refusals(self, mailing_id: int) -> list[Refusal]:
        columns = (_person.address, _delivery.detail)
        return [Refusal(*row) for row in self._of_state(mailing_id, DeliveryState.REFUSED, *columns)]

    def withdrawals(self, mailing_id: int) -> list[Withdrawal]:
        columns = (_person.address, _delivery.detail)
        return [Withdrawal(*row) for row in self._of_state(mailing_id, DeliveryState.WITHDRAWN, *columns)]

    def skipped(self, mailing_id: int) -> Iterator[SkippedReader]:
        joined = schema.skips.join(schema.subscribers)
        wanted = sa.select(_person.address, _person.name, _skip.reason, _skip.subscriber_id).select_from(joined)
        wanted = wanted.where(_skip.mailing_id == mailing_id)
        for row in in_pages(self._database, wanted, _skip.subscriber_id, lambda row: row.subscriber_id):
            yield SkippedReader(row.address, row.name, Skip(row.reason))

    def readers(self, mailing_id: int) -> Iterator[MailingReader]:
        """Everybody with a delivery, whatever its state, in the order in which they are sent to."""
        columns = (_person.address, _person.name, _edition.hash, _delivery.state, _delivery.id)
        wanted = sa.select(*columns).select_from(_OF_PEOPLE.join(schema.editions))
        wanted = wanted.where(_delivery.mailing_id == mailing_id)
        for row in in_pages(self._database, wanted, _delivery.id, lambda row: row.id):
            yield MailingReader(row.address, row.name, row.hash, DeliveryState(row.state))

    def delivery_of(self, mailing_id: int, email: str) -> DeliveryRecord | None:
        """What is on record about the delivery to one address; None if there is none."""
        columns = (
            _delivery.id.label("delivery_id"),
            _delivery.state,
            _edition.hash.label("edition_hash"),
            _edition.stories,
            _edition.subject,
            _delivery.tries,
            _delivery.claimed_at,
            _delivery.due_at,
            _delivery.settled_at,
            _delivery.detail,
            _delivery.provider_id,
        )
        wanted = sa.select(*columns).select_from(_OF_PEOPLE.join(schema.editions))
        theirs = (_delivery.mailing_id == mailing_id, _person.email == email_key(email))
        with self._database.reading() as connection:
            row = connection.execute(wanted.where(*theirs)).first()
        if row is None:
            return None
        plain = {"state": DeliveryState(row.state), "stories": tuple(json.loads(row.stories))}
        return DeliveryRecord(**row._asdict() | plain)

    def delivery_before(self, delivery_id: int, mailing_id: int) -> int | None:
        """The delivery of another mailing to the same reader."""
        theirs = sa.select(_delivery.subscriber_id).where(_delivery.id == delivery_id).scalar_subquery()
        wanted = sa.select(_delivery.id).where(_delivery.mailing_id == mailing_id, _delivery.subscriber_id == theirs)
        with self._database.reading() as connection:
            return connection.execute(wanted).scalar()

    def holding(self, mailing_id: int, edition_ids: Collection[int]) -> frozenset[int]:
        """Ids of the people who have one of these editions of a mailing, or may have it."""
        these = (_delivery.mailing_id == mailing_id, _delivery.edition_id.in_(edition_ids))
        wanted = sa.select(_delivery.subscriber_id).where(*these, _delivery.state.in_(HOLDING))
        with self._database.reading() as connection:
            return frozenset(connection.execute(wanted).scalars())

    def skip_of(self, mailing_id: int, email: str) -> Skip | None:
        """Why one address was left out when the mailing was planned; None if it was not."""
        wanted = sa.select(_skip.reason).select_from(schema.skips.join(schema.subscribers))
        theirs = (_skip.mailing_id == mailing_id, _person.email == email_key(email))
        with self._database.reading() as connection:
            reason = connection.execute(wanted.where(*theirs)).scalar()
        return Skip(reason) if reason else None

    def complaints(self, mailing_id: int) -> int:
        """Readers with a delivery who have called mail of ours spam since the mailing began."""
        suppression, mailing = schema.suppressions.c, schema.mailings.c
        joined = schema.suppressions.join(schema.deliveries, suppression.subscriber_id == _delivery.subscriber_id)
        joined = joined.join(schema.mailings, mailing.id == _delivery.mailing_id)
        since = (suppression.reason == SuppressionReason.COMPLAINED, suppression.suppressed_at >= mailing.started_at)
        wanted = sa.select(sa.func.count()).select_from(joined).where(_delivery.mailing_id == mailing_id, *since)
        with self._database.reading() as connection:
            return int(connection.execute(wanted).scalar_one())

    def _of_state(
        self, mailing_id: int, state: DeliveryState, *columns: sa.ColumnElement[Any]
    ) -> list[tuple[Any, ...]]:
        these = (_delivery.mailing_id == mailing_id, _delivery.state == state)
        wanted = sa.select(*columns).select_from(_OF_PEOPLE).where(*these).order_by(_delivery.id)
        with self._database.reading() as connection:
            return [tuple(row) for row in connection.execute(wanted)]
