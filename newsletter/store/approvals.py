"""Approvals as they were given: added, read, never changed. And what they are held against."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.approval import Approval
from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.errors import RefusedError
from newsletter.plan import audience_hash_in_order
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.departed import departing
from newsletter.store.life import change_status
from newsletter.store.rows import Departed, in_pages, the_mailing

_approval, _delivery, _person = schema.approvals.c, schema.deliveries.c, schema.subscribers.c
#: nothing of these is still to leave
_OVER = (MailingStatus.SENT, MailingStatus.CANCELLED)


class Approvals:
    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, mailing_id: int, approval: Approval) -> None:
        """
        Write it down, and that it was given.

        :raises RefusedError: nothing of the mailing is still to leave
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status in _OVER:
                raise RefusedError(f"mailing {mailing_id} was {mailing.status}", fix="there is nothing left to approve")
            if mailing.status is MailingStatus.DRAFT:
                change_status(connection, mailing, MailingStatus.APPROVED)
            values = {name: getattr(approval, name) for name in approval.__slots__}
            connection.execute(sa.insert(schema.approvals).values(mailing_id=mailing_id, **values))
            hashes = {"content": approval.content_hash, "audience": approval.audience_hash}
            by, at = approval.approved_by, approval.approved_at
            write_audit(connection, audit_row("approved", actor=by, at=at, mailing_id=mailing_id, detail=hashes))

    def of(self, mailing_id: int) -> list[Approval]:
        """The oldest first."""
        columns = [_approval[name] for name in Approval.__slots__]
        wanted = sa.select(*columns).where(_approval.mailing_id == mailing_id).order_by(_approval.id)
        with self._database.reading() as connection:
            return [Approval(**row._asdict()) for row in connection.execute(wanted)]

    def audience_hash(self, mailing_id: int) -> str:
        """Over all deliveries as they stand now, those taken back included."""
        return audience_hash_in_order(self._deliveries(mailing_id))

    def _deliveries(self, mailing_id: int) -> Iterator[tuple[int, str]]:
        joined = schema.deliveries.join(schema.editions)
        wanted = sa.select(_delivery.id, schema.editions.c.hash).select_from(joined)
        wanted = wanted.where(_delivery.mailing_id == mailing_id)
        for row in in_pages(self._database, wanted, _delivery.id, lambda row: row.id):
            yield row.id, row.hash

    def departed(self, mailing_id: int, now: datetime) -> list[Departed]:
        """Who was planned and does not get it: taken back already, or to be taken back when it is sent."""
        columns = (_person.address, _person.name, _delivery.detail)
        wanted = sa.select(*columns).select_from(schema.deliveries.join(schema.subscribers)).order_by(_delivery.id)
        wanted = wanted.where(_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.WITHDRAWN)
        with self._database.reading() as connection:
            gone = [Departed(*row) for row in connection.execute(wanted)]
            return gone + departing(connection, mailing_id, now)
