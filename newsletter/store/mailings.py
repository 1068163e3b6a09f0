"""A mailing's life: begun, finished, cancelled, and never by two senders at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, Mailing, MailingStatus
from newsletter.errors import RefusedError
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.locks import ProcessLocks, file_lock
from newsletter.store.plans import Plans
from newsletter.store.queue import Queue
from newsletter.store.resolving import Resolving
from newsletter.store.rows import ClaimedDelivery, DeliveryRecord, the_mailing
from newsletter.store.runs import Runs
from newsletter.store.tally import Tally

__all__ = ["ClaimedDelivery", "DeliveryRecord", "Mailings"]

_mailing, _delivery = schema.mailings.c, schema.deliveries.c
_WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)


class Mailings(Plans, Queue, Runs, Resolving, Tally):
    """All that the store knows about mailings; parted by noun in the modules of its parts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._locks = ProcessLocks()

    def begin(self, mailing_id: int, *, transport: str, actor: str, now: datetime) -> Mailing:
        """
        A draft, or a mailing that was interrupted, is under way from now on; one that was sent stays sent.

        :raises RefusedError: if it was cancelled
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is MailingStatus.SENT:
                return mailing
            if mailing.status is MailingStatus.CANCELLED:
                raise RefusedError(f"mailing {mailing_id} was cancelled", fix="plan the issue anew")
            started_at = mailing.started_at or now
            _set(connection, mailing_id, status=MailingStatus.SENDING, transport=transport, started_at=started_at)
            _write(connection, mailing_id, "begun", actor=actor, at=now, detail={"transport": transport})
            return the_mailing(connection, mailing_id)

    def finish(self, mailing_id: int, now: datetime, *, actor: str = "newsletter") -> Mailing:
        """The mailing is sent, unless a delivery is still waiting or under way: then it stays as it is."""
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            is_open = _delivery.state.in_((*_WAITING, DeliveryState.CLAIMED))
            left = sa.select(_delivery.id).where(_delivery.mailing_id == mailing_id, is_open).limit(1)
            if mailing.status is not MailingStatus.SENDING or connection.execute(left).first():
                return mailing
            _set(connection, mailing_id, status=MailingStatus.SENT, finished_at=now)
            _write(connection, mailing_id, "finished", actor=actor, at=now)
            return the_mailing(connection, mailing_id)

    def cancel(self, mailing_id: int, *, actor: str, now: datetime) -> int:
        """
        Stop for good: what has not left never will; how many that are. A batch under way still gets its answer.

        :raises RefusedError: if it was sent
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is MailingStatus.CANCELLED:
                return 0
            if mailing.status is MailingStatus.SENT:
                raise RefusedError(f"mailing {mailing_id} was sent", fix="nothing of it can be called back")
            waiting = (_delivery.mailing_id == mailing_id, _delivery.state.in_(_WAITING))
            values = {"state": DeliveryState.WITHDRAWN, "settled_at": now, "due_at": None, "detail": "cancelled"}
            count = connection.execute(sa.update(schema.deliveries).where(*waiting).values(values)).rowcount
            _set(connection, mailing_id, status=MailingStatus.CANCELLED, finished_at=now)
            _write(connection, mailing_id, "cancelled", actor=actor, at=now, detail={"withdrawn": count})
            return count

    @contextmanager
    def lock(self, mailing_id: int) -> Iterator[None]:
        """
        Be the only sender of a mailing.

        :raises RefusedError: while another one is at work
        """
        otherwise = RefusedError(f"another sender is at work on mailing {mailing_id}", fix="wait for it, or stop it")
        path = self._database.path
        if path is None:
            with self._locks.lock(mailing_id, otherwise=otherwise):
                yield
        else:
            with file_lock(path.with_name(f"{path.name}.{mailing_id}.lock"), otherwise=otherwise):
                yield


def _set(connection: sa.Connection, mailing_id: int, **values: Any) -> None:
    connection.execute(sa.update(schema.mailings).where(_mailing.id == mailing_id).values(values))


def _write(
    connection: sa.Connection,
    mailing_id: int,
    action: str,
    *,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    write_audit(connection, audit_row(action, actor=actor, at=at, mailing_id=mailing_id, detail=detail))
