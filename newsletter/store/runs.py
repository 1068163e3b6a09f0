"""Who is at work on a mailing, and what becomes of what a dead sender held."""

import os
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.delivery import BatchState, DeliveryState
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.departed import reopen_waiting, withdraw_cancelled
from newsletter.store.flight import Flight, Gone, NoFlight, Stage, look_at_flight, read_flight
from newsletter.store.recorders import GivenUp, given_up, path_of, recorders
from newsletter.store.ways import in_turn

#: how long to wait before the next try of what was refused for now by an answer that only the flight recorder knows
_AGAIN = timedelta(minutes=5)
#: what a run that was given up never handed over waits again, unless it is so long ago: then a person has to say
_LATEST = timedelta(hours=1)
_CUT_OFF = "the sender was stopped between handing over and hearing the answer"
_NOT_NOTED = "the provider answered; the sender was stopped before it could note what it said"
_BY_STAGE = {
    Stage.AT_RISK: (DeliveryState.UNKNOWN, _CUT_OFF),
    Stage.ACCEPTED: (DeliveryState.ACCEPTED, _NOT_NOTED),
    Stage.REFUSED: (DeliveryState.REFUSED, _NOT_NOTED),
    Stage.DEFERRED: (DeliveryState.DEFERRED, _NOT_NOTED),
    Stage.UNKNOWN: (DeliveryState.UNKNOWN, _CUT_OFF),
}

_delivery, _run, _batch = schema.deliveries.c, schema.runs.c, schema.batches.c


class OpenRun(NamedTuple):
    """A sender that has not said that it ended."""

    id: int
    mailing_id: int
    #: machine and process
    place: str
    #: when it last said that it is alive
    beat_at: datetime


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open_run(self, mailing_id: int, now: datetime) -> int:
        """A number for a new sender: the fence. Nobody but the run settles what it claims."""
        made = sa.insert(schema.runs).returning(_run.id)
        place = f"{os.uname().nodename} {os.getpid()}"
        with self._database.together() as connection:
            values = {"mailing_id": mailing_id, "place": place, "started_at": now, "beat_at": now}
            run_id = int(connection.execute(made, values).scalar_one())
            if self._database.is_shared:
                this = sa.update(schema.runs).where(_run.id == run_id)
                connection.execute(this.values(recorder=str(self._flight_path(mailing_id, run_id))))
            return run_id

    def beat(self, run_id: int, now: datetime) -> None:
        """The run is alive, though it claims nothing for the moment."""
        with self._database.together() as connection:
            connection.execute(sa.update(schema.runs).where(_run.id == run_id).values(beat_at=now))

    def close_run(self, run_id: int, now: datetime) -> bool:
        """
        It ends in order: everything that it knew to be its own is settled or given back.

        What is claimed all the same is planned again. It was claimed by a transaction of which the run never heard that
        it was committed, so it was not handed over.

        :return: whether the run left work to another: so planned again, or not claimed since somebody had ended the run
        """
        back = {"state": DeliveryState.PLANNED, "run_id": None, "claimed_at": None, "settled_at": None, "detail": ""}
        untried = {"tries": _delivery.tries - 1}
        with self._database.together() as connection:
            mailing = connection.execute(sa.select(_run.mailing_id).where(_run.id == run_id)).scalar_one()
            in_turn(connection, mailing)
            these = sa.update(schema.deliveries).where(_delivery.mailing_id == mailing, *_left_by(run_id))
            given = list(connection.execute(these.values(back | untried).returning(_delivery.id)).scalars())
            withdraw_cancelled(connection, given)
            reopen_waiting(connection, given)
            this = sa.update(schema.runs).where(_run.id == run_id, _run.ended_at.is_(None))
            was_open = connection.execute(this.values(ended_at=now)).rowcount
        return bool(given) or not was_open

    def open_runs(self) -> list[OpenRun]:
        """Of all mailings, the oldest first."""
        wanted = sa.select(_run.id, _run.mailing_id, _run.place, _run.beat_at).where(_run.ended_at.is_(None))
        with self._database.reading() as connection:
            return [OpenRun(*row) for row in connection.execute(wanted.order_by(_run.id))]

    def flight(self, mailing_id: int, run_id: int, size: int) -> Flight | NoFlight:
        """The recorder of a run, for so many deliveries at once."""
        path = self._flight_path(mailing_id, run_id)
        return Flight(path, run_id, size) if path else NoFlight()

    def dead_runs(self, mailing_id: int, *, silent: Collection[int] = ()) -> frozenset[int]:
        """
        Runs of the mailing that hold something, are open or have something to tell, and whose senders will hand nothing
        over any more.

        In a file, that are all: the caller holds the mailing's lock. On a server, those of which this machine can tell
        that their process is gone, and those that are silent.
        """
        with self._database.reading() as connection:
            late = (run.id for run in self._given_up(connection, mailing_id))
            return frozenset(run for run in (*self._gone(connection, mailing_id, silent), *late) if run)

    def recorded(self) -> set[int]:
        """Mailings of which recorders lie on this machine, of runs alive or dead."""
        beside = self._database.beside
        return {found.mailing_id for found in recorders(beside)} if beside else set()

    def recover(
        self, mailing_id: int, now: datetime, *, silent: Collection[int] = (), actor: str = "newsletter"
    ) -> Counter[DeliveryState]:
        """
        Settle what dead senders held, as far as it can be known; how many went to which state.

        What was never at risk is planned again; what was, and has no answer, is unknown. Should one of them be alive
        after all, its run is over: it claims nothing any more, and its late answers count for what it held itself. When
        it dies, its recorder stands in for it, as soon as somebody on its machine calls this.

        :param silent: runs that have not been heard of for so long that nobody waits for them any longer
        """
        with self._database.writing() as connection:
            gone, late = self._gone(connection, mailing_id, silent), self._given_up(connection, mailing_id)
            held = {number: gone[run] for number, run in _held(connection, mailing_id) if run in gone}
            rows = [_found(delivery_id, run.stages if run else None, now) for delivery_id, run in held.items()]
            rows += _told_late(connection, mailing_id, late, now)
            if rows:
                _settle(connection, rows)
                withdraw_cancelled(connection, [row["delivery"] for row in rows])
                reopen_waiting(connection, [row["delivery"] for row in rows])
            moved = Counter(DeliveryState(row["new_state"]) for row in rows)
            if moved:
                detail = {str(state): count for state, count in sorted(moved.items())}
                write_audit(
                    connection, audit_row("recovered", actor=actor, at=now, mailing_id=mailing_id, detail=detail)
                )
            over = [path for run, path in _end(connection, gone, now) if gone[run]]
        for path in (*over, *(run.path for run in late)):
            # It may lie where only somebody else gets at it.
            with suppress(OSError):
                path.unlink()
        return moved

    def _gone(
        self, connection: sa.Connection, mailing_id: int, silent: Collection[int]
    ) -> dict[int | None, Gone | None]:
        """By dead run, what its recorder says; None where it is only silent, and may be alive."""
        if not self._database.is_shared:
            path = self._flight_path(mailing_id, 0)
            runs = {run for _, run in _held(connection, mailing_id)} | set(_open(connection, mailing_id))
            return {run: Gone(read_flight(path, run) if path and run else None) for run in runs}
        found: dict[int | None, Gone | None] = {}
        for run, recorder in _open(connection, mailing_id).items():
            gone = look_at_flight(Path(recorder), run)
            if gone or run in silent:
                found[run] = gone
        return found

    def _given_up(self, connection: sa.Connection, mailing_id: int) -> list[GivenUp]:
        beside = self._database.beside
        return given_up(connection, mailing_id, beside) if beside else []

    @cached_property
    def _word(self) -> str:
        return secrets.token_hex(4)

    def _flight_path(self, mailing_id: int, run_id: int) -> Path | None:
        beside = self._database.beside
        if beside and self._database.is_shared:
            return path_of(beside, mailing_id, run_id, self._word)
        # In a file there is one sender of a mailing at a time; the next one takes the place of the one before.
        return beside and beside.with_name(f"{beside.name}.{mailing_id}.flight")


def _open(connection: sa.Connection, mailing_id: int) -> dict[int, str]:
    """Runs that have not ended, and where their recorders lie."""
    these = (_run.mailing_id == mailing_id, _run.ended_at.is_(None))
    return {row.id: row.recorder for row in connection.execute(sa.select(_run.id, _run.recorder).where(*these))}


def _end(connection: sa.Connection, runs: Collection[int | None], now: datetime) -> list[tuple[int, Path]]:
    """Those that had not ended, and their recorders."""
    these = (_run.id.in_([run for run in runs if run]), _run.ended_at.is_(None))
    ended = sa.update(schema.runs).where(*these).values(ended_at=now).returning(_run.id, _run.recorder)
    return [(run, Path(recorder)) for run, recorder in connection.execute(ended) if recorder]


def _held(connection: sa.Connection, mailing_id: int) -> list[tuple[int, int | None]]:
    """Each delivery that is still claimed, and its run."""
    claimed = (_delivery.mailing_id == mailing_id, _delivery.state == DeliveryState.CLAIMED)
    return [
        (row.id, row.run_id) for row in connection.execute(sa.select(_delivery.id, _delivery.run_id).where(*claimed))
    ]


def _left_by(run_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """What is still claimed by a run, or has been unknown since it was given up."""
    ended_at = sa.select(_run.ended_at).where(_run.id == run_id).scalar_subquery()
    is_left = sa.or_(_delivery.state == DeliveryState.CLAIMED, sa.and_(*_since_given_up(ended_at)))
    # The states once more, for an index has them.
    return _delivery.run_id == run_id, _delivery.state.in_((DeliveryState.CLAIMED, DeliveryState.UNKNOWN)), is_left


def _since_given_up(ended_at: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Unknown since others ended the run, and not by an answer of its own: its recorder was told to forget those."""
    return _delivery.state == DeliveryState.UNKNOWN, _delivery.settled_at == ended_at, _delivery.detail == _CUT_OFF


def _told_late(
    connection: sa.Connection, mailing_id: int, runs: Iterable[GivenUp], now: datetime
) -> list[dict[str, Any]]:
    """What becomes of those who are unknown since their run was given up, now that its recorder is read."""
    # A delivery may have been in another one before, in an earlier run.
    joined = schema.deliveries.outerjoin(
        schema.batches, sa.and_(_batch.id == _delivery.batch_id, _batch.run_id == _delivery.run_id)
    )
    # Of what others tried to take back from a provider, an answer from before says nothing.
    is_untouched = sa.or_(_batch.id.is_(None), _batch.state == BatchState.OPEN)
    rows = []
    for run in runs:
        theirs = (_delivery.mailing_id == mailing_id, _delivery.run_id == run.id, *_since_given_up(run.ended_at))
        wanted = sa.select(_delivery.id).select_from(joined).where(*theirs)
        found = [_found(number, run.stages, now) for number in connection.execute(wanted.where(is_untouched)).scalars()]
        is_late = now - run.beat_at > _LATEST
        rows += [row for row in found if not (is_late and row["new_settled_at"] is None)]
    return [row for row in rows if row["new_state"] is not DeliveryState.UNKNOWN]


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
