"""Who is at work on a mailing, and what becomes of what a dead sender held."""

import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.departed import withdraw_cancelled
from newsletter.store.flight import Flight, NoFlight, Stage, read_flight

#: how long to wait before the next try of what was refused for now by an answer that only the flight recorder knows
_AGAIN = timedelta(minutes=5)
_CUT_OFF = "the sender was stopped between handing over and hearing the answer"
_NOT_NOTED = "the provider answered; the sender was stopped before it could note what it said"
_BY_STAGE = {
    Stage.AT_RISK: (DeliveryState.UNKNOWN, _CUT_OFF),
    Stage.ACCEPTED: (DeliveryState.ACCEPTED, _NOT_NOTED),
    Stage.REFUSED: (DeliveryState.REFUSED, _NOT_NOTED),
    Stage.DEFERRED: (DeliveryState.DEFERRED, _NOT_NOTED),
    Stage.UNKNOWN: (DeliveryState.UNKNOWN, _CUT_OFF),
}

_delivery, _run = schema.deliveries.c, schema.runs.c


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open_run(self, mailing_id: int, now: datetime) -> int:
        """A number for a new sender: the fence. Nobody but the run settles what it claims."""
        made = sa.insert(schema.runs).returning(_run.id)
        place = f"{os.uname().nodename} {os.getpid()}"
        with self._database.writing() as connection:
            values = {"mailing_id": mailing_id, "place": place, "started_at": now, "beat_at": now}
            return int(connection.execute(made, values).scalar_one())

    def close_run(self, run_id: int, now: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(schema.runs).where(_run.id == run_id).values(ended_at=now))

    def flight(self, mailing_id: int, run_id: int, size: int) -> Flight | NoFlight:
        """The recorder of a run, for so many deliveries at once."""
        path = self._flight_path(mailing_id)
        return Flight(path, run_id, size) if path else NoFlight()

    def recover(self, mailing_id: int, now: datetime, *, actor: str = "newsletter") -> Counter[DeliveryState]:
        """
        Settle what dead senders held, as far as it can be known; how many went to which state.

        Called under the mailing's lock, so whoever held them is dead. What was never at risk is planned again; what
        was, and has no answer, is unknown. Should one of them be alive after all, its run is over: it claims nothing
        any more, and its late answers count for what it held itself.
        """
        with self._database.writing() as connection:
            held = _held(connection, mailing_id)
            path = self._flight_path(mailing_id)
            flights = {run: read_flight(path, run) if path and run else None for run in set(held.values())}
            rows = [_found(delivery_id, flights[run_id], now) for delivery_id, run_id in held.items()]
            if rows:
                _settle(connection, rows)
                withdraw_cancelled(connection, list(held))
            moved = Counter(DeliveryState(row["new_state"]) for row in rows)
            if moved:
                detail = {str(state): count for state, count in sorted(moved.items())}
                write_audit(
                    connection, audit_row("recovered", actor=actor, at=now, mailing_id=mailing_id, detail=detail)
                )
            _end(connection, mailing_id, now)
        return moved

    def _flight_path(self, mailing_id: int) -> Path | None:
        path = self._database.beside
        return path and path.with_name(f"{path.name}.{mailing_id}.flight")


def _end(connection: sa.Connection, mailing_id: int, now: datetime) -> None:
    these = (_run.mailing_id == mailing_id, _run.ended_at.is_(None))
    connection.execute(sa.update(schema.runs).where(*these).values(ended_at=now))


def _held(connection: sa.Connection, mailing_id: int) -> dict[int, int | None]:
    """The run of each delivery that is still claimed."""
    claimed = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.CLAIMED)
    return {row.id: row.run_id for row in connection.execute(sa.select(_delivery.id, _delivery.run_id).where(*claimed))}


def _found(delivery_id: int, flight: Mapping[int, Stage] | None, now: datetime) -> dict[str, Any]:
    """What becomes of one delivery; without a recorder, all that was claimed may have been handed over."""
    stage = Stage.AT_RISK if flight is None else flight.get(delivery_id)
    state, detail = _BY_STAGE[stage] if stage else (DeliveryState.PLANNED, "")
    is_waiting = state in (DeliveryState.PLANNED, DeliveryState.DEFERRED)
    return {
        "delivery": delivery_id,
        "new_state": state,
        "new_detail": detail,
        "new_settled_at": None if is_waiting else now,
        "new_due_at": now + _AGAIN if state is DeliveryState.DEFERRED else None,
        "untried": int(state is DeliveryState.PLANNED),
    }


def _settle(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    names = ("state", "detail", "settled_at", "due_at")
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=_delivery[name].type) for name in names}
    values["tries"] = _delivery.tries - sa.bindparam("untried", type_=sa.Integer)
    connection.execute(
        sa.update(schema.deliveries).where(_delivery.id == sa.bindparam("delivery")).values(values), rows
    )
