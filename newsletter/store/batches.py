"""Mail that a provider still holds: which deliveries are in which batch, so that a batch can be taken back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.delivery import Batch, BatchState, DeliveryState, MailingStatus
from newsletter.errors import PermanentError, TransientError
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.ways import insert_new

_batch, _delivery, _mailing = schema.batches.c, schema.deliveries.c, schema.mailings.c
#: a delivery may have left by another way since, in a later run
_IS_IN = sa.and_(_delivery.batch_id == _batch.id, _delivery.run_id == _batch.run_id)


class KeptBatch(NamedTuple):
    batch: Batch
    #: deliveries in it of the states that were asked for
    readers: int
    #: whose batch it is
    run_id: int


class Batches:
    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, batch: Batch, delivery_ids: Sequence[int], *, mailing_id: int, run_id: int) -> None:
        """
        Note a batch before it leaves, with the deliveries that will be in it.

        :raises PermanentError: the mailing was cancelled
        :raises TransientError: they are not this run's to hand over any more; others may go on
        """
        mine = (_delivery.run_id == run_id, _delivery.state == DeliveryState.CLAIMED)
        put = sa.update(schema.deliveries).where(_delivery.id == sa.bindparam("delivery"), *mine)
        values = {"id": batch.id, "mailing_id": mailing_id, "run_id": run_id, "send_at": _instant(batch)}
        with self._database.together() as connection:
            status = connection.execute(sa.select(_mailing.status).where(_mailing.id == mailing_id)).scalar_one()
            if status == MailingStatus.CANCELLED:
                raise PermanentError(f"mailing {mailing_id} was cancelled meanwhile", fix="plan the issue again")
            connection.execute(insert_new(connection, schema.batches), values | {"state": BatchState.OPEN})
            rows = [{"delivery": delivery_id} for delivery_id in delivery_ids]
            if connection.execute(put.values(batch_id=batch.id), rows).rowcount != len(rows):
                # Nothing of them was handed over; what the run claims next tells it whether it is over.
                raise TransientError(f"another sender has taken over mailing {mailing_id}", fix="let it go on")

    def with_deliveries(self, mailing_id: int, states: Collection[DeliveryState]) -> list[KeptBatch]:
        """Batches that are not known to be cancelled and hold deliveries in one of these states, the oldest first."""
        wanted = sa.select(_batch.id, _batch.send_at, sa.func.count(), _batch.run_id).join(schema.deliveries, _IS_IN)
        of_mailing = (_batch.mailing_id == mailing_id, _delivery.mailing_id == mailing_id)
        kept = (*of_mailing, _batch.state != BatchState.CANCELLED, _delivery.state.in_(states))
        wanted = (
            wanted.where(*kept).group_by(_batch.id, _batch.send_at, _batch.run_id).order_by(_batch.send_at, _batch.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [KeptBatch(Batch(name, round(send_at.timestamp())), *others) for name, send_at, *others in rows]

    def cancelled(self, batch: Batch, state: DeliveryState, *, detail: str, now: datetime) -> int:
        """Certainly nobody gets its mails; whoever would have is planned again, or withdrawn. How many."""
        is_over = state is DeliveryState.WITHDRAWN
        values = {"state": state, "detail": detail, "settled_at": now if is_over else None, "due_at": None}
        return self._settle(batch, BatchState.CANCELLED, values | ({} if is_over else {"run_id": None}))

    def unsure(self, batch: Batch, *, detail: str, now: datetime) -> int:
        """Nobody knows whether it was cancelled, so nobody knows who gets its mails; how many that are."""
        values = {"state": DeliveryState.UNKNOWN, "detail": detail, "settled_at": now}
        return self._settle(batch, BatchState.UNSURE, values)

    def note_taken_back(self, mailing_id: int, readers: int, *, actor: str, now: datetime) -> None:
        detail = {"deliveries": readers}
        with self._database.writing() as connection:
            write_audit(connection, audit_row("taken-back", actor=actor, at=now, mailing_id=mailing_id, detail=detail))

    def _settle(self, batch: Batch, becomes: BatchState, values: Mapping[str, object]) -> int:
        run = sa.select(_batch.run_id).where(_batch.id == batch.id).scalar_subquery()
        these = (_delivery.batch_id == batch.id, _delivery.run_id == run, _delivery.state.in_(HELD))
        with self._database.writing() as connection:
            connection.execute(sa.update(schema.batches).where(_batch.id == batch.id).values(state=becomes))
            return connection.execute(sa.update(schema.deliveries).where(*these).values(**values)).rowcount


#: whose mail may be in the provider's hands
HELD = (DeliveryState.CLAIMED, DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)


def _instant(batch: Batch) -> datetime:
    return datetime.fromtimestamp(batch.send_at, UTC)
