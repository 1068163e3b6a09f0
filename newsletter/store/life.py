"""A mailing's life: begun, scheduled, paused, resumed, finished, cancelled; each change by somebody, at a time."""

import json
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.delivery import CHANGES, DeliveryState, Mailing, MailingStatus
from newsletter.errors import RefusedError
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.rows import SELECT_MAILINGS, as_mailing, the_mailing

_mailing, _delivery, _act = schema.mailings.c, schema.deliveries.c, schema.audit.c
_WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)
_OPEN = (*_WAITING, DeliveryState.CLAIMED)

#: what is done with a mailing that makes it leave, or stop
_TURNS = ("scheduled", "begun", "paused", "resumed", "retried", "resent-unknown", "finished", "cancelled")

#: why it cannot become something else, and the way on
_AS_IT_IS = {
    MailingStatus.DRAFT: ("is not under way", "newsletter send {id} sends it"),
    MailingStatus.APPROVED: ("is not under way", "newsletter send {id} sends it"),
    MailingStatus.SCHEDULED: ("is scheduled", "newsletter mailings cancel {id} drops it"),
    MailingStatus.SENDING: ("is under way", "newsletter mailings pause {id} stops it for now"),
    MailingStatus.PAUSED: ("is paused: {reason}", "newsletter mailings resume {id} lets it go on"),
    MailingStatus.SENT: ("was sent", "nothing of it can be called back"),
    MailingStatus.CANCELLED: ("was cancelled", "plan the issue again"),
}


class Act(NamedTuple):
    """What somebody did with a mailing."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class Life:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, mailing_id: int, *, transport: str, actor: str, now: datetime) -> Mailing:
        """
        It is under way from now on; one that was sent stays sent.

        :raises RefusedError: if it is paused, or was cancelled
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is MailingStatus.SENT:
                return mailing
            if mailing.status is MailingStatus.PAUSED:
                raise _refused(mailing)
            values = {"transport": transport, "started_at": mailing.started_at or now}
            change_status(connection, mailing, MailingStatus.SENDING, **values)
            note_act(connection, mailing_id, "begun", actor=actor, at=now, detail={"transport": transport})
            return the_mailing(connection, mailing_id)

    def schedule(self, mailing_id: int, at: datetime, *, transport: str, actor: str, now: datetime) -> Mailing:
        """
        A worker sends it when its time has come, by the transport of that name.

        :raises RefusedError: if it is under way, or has ended
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.started_at:
                raise _refused(mailing)
            change_status(
                connection, mailing, MailingStatus.SCHEDULED, send_at=at, transport=transport, pause_reason=None
            )
            detail = {"send_at": at.isoformat(), "transport": transport}
            note_act(connection, mailing_id, "scheduled", actor=actor, at=now, detail=detail)
            return the_mailing(connection, mailing_id)

    def pause(self, mailing_id: int, reason: str, *, actor: str, now: datetime) -> Mailing:
        """
        Nothing more is claimed until somebody resumes it. A batch under way still gets its answer.

        :raises RefusedError: if it is neither scheduled nor under way
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            change_status(connection, mailing, MailingStatus.PAUSED, pause_reason=reason)
            note_act(connection, mailing_id, "paused", actor=actor, at=now, detail={"reason": reason})
            return the_mailing(connection, mailing_id)

    def resume(self, mailing_id: int, *, actor: str, now: datetime) -> Mailing:
        """
        Lift a pause: it waits for its time again if that is still to come, else it is under way.

        :raises RefusedError: if it is not paused
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is not MailingStatus.PAUSED:
                raise RefusedError(f"mailing {mailing_id} is not paused: it is {mailing.status}", fix=_way_on(mailing))
            is_early = mailing.started_at is None and mailing.send_at is not None and mailing.send_at > now
            wanted = MailingStatus.SCHEDULED if is_early else MailingStatus.SENDING
            change_status(connection, mailing, wanted, pause_reason=None)
            note_act(connection, mailing_id, "resumed", actor=actor, at=now)
            return _finished(connection, the_mailing(connection, mailing_id), actor=actor, now=now)

    def finish(self, mailing_id: int, now: datetime, *, actor: str = "newsletter") -> Mailing:
        """The mailing is sent, unless a delivery is still waiting or under way: then it stays as it is."""
        with self._database.writing() as connection:
            return _finished(connection, the_mailing(connection, mailing_id), actor=actor, now=now)

    def cancel(self, mailing_id: int, *, actor: str, now: datetime) -> int:
        """
        Stop for good: what has not left never will; how many that are. A batch under way still gets its answer.

        :raises RefusedError: if it was sent
        """
        with self._database.writing() as connection:
            mailing = the_mailing(connection, mailing_id)
            if mailing.status is MailingStatus.CANCELLED:
                return 0
            change_status(connection, mailing, MailingStatus.CANCELLED, finished_at=now, pause_reason=None)
            waiting = (_delivery.mailing_id == mailing_id, _delivery.state.in_(_WAITING))
            values = {"state": DeliveryState.WITHDRAWN, "settled_at": now, "due_at": None, "detail": "cancelled"}
            count = connection.execute(sa.update(schema.deliveries).where(*waiting).values(values)).rowcount
            note_act(connection, mailing_id, "cancelled", actor=actor, at=now, detail={"withdrawn": count})
            return count

    def is_begun(self, mailing_id: int) -> bool:
        """Whoever began it has looked at all that must be true before mail leaves, and nobody has stopped it since."""
        last = sa.select(_act.action).where(_act.mailing_id == mailing_id, _act.action.in_(_TURNS))
        with self._database.reading() as connection:
            return connection.execute(last.order_by(_act.id.desc()).limit(1)).scalar() == "begun"

    def note_told(self, mailing_id: int, *, actor: str, now: datetime) -> bool:
        """Somebody is about to tell how it has ended, or why it stopped; False when somebody has done so before."""
        ends = _act.action.in_(("paused", "finished", "cancelled", "told"))
        last = sa.select(_act.action).where(_act.mailing_id == mailing_id, ends).order_by(_act.id.desc()).limit(1)
        with self._database.writing() as connection:
            if connection.execute(last).scalar() == "told":
                return False
            note_act(connection, mailing_id, "told", actor=actor, at=now)
        return True

    def due(self, now: datetime) -> list[Mailing]:
        """What a worker has to do now: scheduled mailings whose time has come, and those under way that have work."""
        is_due = sa.and_(_mailing.status == MailingStatus.SCHEDULED, _mailing.send_at <= now)
        mine = _delivery.mailing_id == _mailing.id
        is_ready = sa.or_(
            _delivery.state.in_((DeliveryState.PLANNED, DeliveryState.CLAIMED)),
            sa.and_(_delivery.state == DeliveryState.DEFERRED, _delivery.due_at <= now),
        )
        # Its sender died after the last answer, and before it could say that all is done.
        is_over = ~sa.exists().where(mine, _delivery.state.in_(_OPEN))
        has_work = sa.or_(sa.exists().where(mine, is_ready), is_over)
        wanted = sa.or_(is_due, sa.and_(_mailing.status == MailingStatus.SENDING, has_work))
        with self._database.reading() as connection:
            return [as_mailing(row) for row in connection.execute(SELECT_MAILINGS.where(wanted).order_by(_mailing.id))]

    def left_behind(self) -> list[Mailing]:
        """Cancelled mailings of which something is still claimed: the sender died, or waits for its last answers."""
        is_held = sa.exists().where(_delivery.mailing_id == _mailing.id, _delivery.state == DeliveryState.CLAIMED)
        wanted = SELECT_MAILINGS.where(_mailing.status == MailingStatus.CANCELLED, is_held)
        with self._database.reading() as connection:
            return [as_mailing(row) for row in connection.execute(wanted.order_by(_mailing.id))]

    def acts(self, mailing_id: int) -> list[Act]:
        """Everything that was done with it, in order."""
        wanted = sa.select(_act.at, _act.actor, _act.action, _act.detail).where(_act.mailing_id == mailing_id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(_act.id)).all()
        return [Act(row.at, row.actor, row.action, json.loads(row.detail)) for row in rows]


def _finished(connection: sa.Connection, mailing: Mailing, *, actor: str, now: datetime) -> Mailing:
    left = sa.select(_delivery.id).where(_delivery.mailing_id == mailing.id, _delivery.state.in_(_OPEN)).limit(1)
    if mailing.status is not MailingStatus.SENDING or connection.execute(left).first():
        return mailing
    change_status(connection, mailing, MailingStatus.SENT, finished_at=now)
    note_act(connection, mailing.id, "finished", actor=actor, at=now)
    return the_mailing(connection, mailing.id)


def change_status(connection: sa.Connection, mailing: Mailing, wanted: MailingStatus, **values: Any) -> None:
    """
    The only place where a status changes.

    :raises RefusedError: if a mailing that is what this one is cannot become that
    """
    if wanted not in CHANGES[mailing.status]:
        raise _refused(mailing)
    connection.execute(sa.update(schema.mailings).where(_mailing.id == mailing.id).values(status=wanted, **values))


def _refused(mailing: Mailing) -> RefusedError:
    said = _AS_IT_IS[mailing.status][0].format(reason=mailing.pause_reason or "")
    return RefusedError(f"mailing {mailing.id} {said}", fix=_way_on(mailing))


def _way_on(mailing: Mailing) -> str:
    return _AS_IT_IS[mailing.status][1].format(id=mailing.id)


def note_act(
    connection: sa.Connection,
    mailing_id: int,
    action: str,
    *,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    write_audit(connection, audit_row(action, actor=actor, at=at, mailing_id=mailing_id, detail=detail))
