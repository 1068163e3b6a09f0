"""Deliveries of which nobody knows whether they arrived: settled by somebody's word, and by nothing else."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database

_delivery, _mailing = schema.deliveries.c, schema.mailings.c


class Resolving:
    def __init__(self, database: Database) -> None:
        self._database = database

    def settle_unknown(
        self, mailing_id: int, found: Mapping[int, tuple[DeliveryState, str]], *, actor: str, now: datetime
    ) -> int:
        """
        Somebody knows what became of these unknown deliveries; how many were unknown.

        :param found: by delivery, whether it was accepted or refused, and how that is known
        """
        is_unknown = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.UNKNOWN)
        settled = 0
        with self._database.writing() as connection:
            for delivery_id, (state, detail) in found.items():
                this = sa.update(schema.deliveries).where(_delivery.id == delivery_id, *is_unknown)
                settled += connection.execute(this.values(state=state, detail=detail, settled_at=now)).rowcount
            _write(connection, "settled-unknown", mailing_id, settled, actor=actor, now=now)
        return settled

    def resend_unknown(self, mailing_id: int, delivery_ids: Collection[int], *, actor: str, now: datetime) -> int:
        """
        Plan unknown deliveries again, though their readers may have the mail; how many were unknown.

        The mailing is under way again, unless it was cancelled. Who left meanwhile is withdrawn by the claim.
        """
        these = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.UNKNOWN)
        again = sa.update(schema.deliveries).where(*these, _delivery.id.in_(delivery_ids))
        again = again.where(_delivery.mailing_id.in_(sa.select(_mailing.id).where(*_is_open(mailing_id))))
        values = {"state": DeliveryState.PLANNED, "run_id": None, "settled_at": None, "detail": ""}
        with self._database.writing() as connection:
            count = connection.execute(again.values(values)).rowcount
            if count:
                was_sent = (_mailing.id == mailing_id, _mailing.status == MailingStatus.SENT)
                reopened = sa.update(schema.mailings).where(*was_sent)
                connection.execute(reopened.values(status=MailingStatus.SENDING, finished_at=None))
            _write(connection, "resent-unknown", mailing_id, count, actor=actor, now=now)
        return count


def _is_open(mailing_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_mailing.id == mailing_id, _mailing.status != MailingStatus.CANCELLED)


def _write(connection: sa.Connection, action: str, mailing_id: int, count: int, *, actor: str, now: datetime) -> None:
    if count:
        told = audit_row(action, actor=actor, at=now, mailing_id=mailing_id, detail={"deliveries": count})
        write_audit(connection, told)
