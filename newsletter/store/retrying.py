"""Refused deliveries: who they went to, and planned once more."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.store import schema
from newsletter.store.database import Database
from newsletter.store.departed import reason_to_withdraw
from newsletter.store.life import change_status, note_act
from newsletter.store.rows import the_mailing
from newsletter.subscriber import Skip

_delivery, _person = schema.deliveries.c, schema.subscribers.c


class RefusedReader(NamedTuple):
    delivery_id: int
    email: str
    #: what the provider said
    detail: str
    #: why the reader must not get it any more, whatever the provider says
    departed: Skip | None


class Retrying:
    def __init__(self, database: Database) -> None:
        self._database = database

    def refused_readers(self, mailing_id: int, now: datetime) -> list[RefusedReader]:
        with self._database.reading() as connection:
            reason = reason_to_withdraw(connection, mailing_id, now).label("reason")
            joined = schema.deliveries.join(schema.subscriptions)
            joined = joined.join(schema.subscribers, _person.id == _delivery.subscriber_id)
            wanted = sa.select(_delivery.id, _person.address, _delivery.detail, reason).select_from(joined)
            wanted = wanted.where(_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.REFUSED)
            rows = connection.execute(wanted.order_by(_delivery.id)).all()
        return [
            RefusedReader(row.id, row.address, row.detail, Skip(row.reason) if row.reason else None) for row in rows
        ]

    def replan_refused(self, mailing_id: int, delivery_ids: Collection[int], *, actor: str, now: datetime) -> int:
        """
        Plan refused deliveries once more, with all their tries; how many. A mailing that was sent is under way again.

        :raises RefusedError: if it was cancelled
        """
        mine = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.REFUSED)
        again = sa.update(schema.deliveries).where(_delivery.id == sa.bindparam("again"), *mine)
        again = again.values(state=DeliveryState.PLANNED, tries=0, detail="", run_id=None, settled_at=None)
        rows = [{"again": delivery_id} for delivery_id in delivery_ids]
        if not rows:
            return 0
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is not MailingStatus.PAUSED:
                change_status(connection, mailing, MailingStatus.SENDING, finished_at=None)
            count = connection.execute(again, rows).rowcount
            note_act(connection, mailing_id, "retried", actor=actor, at=now, detail={"deliveries": count})
        return count
