"""Flight recorders of a crew: each run has its own, beside those of its machine."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.flight import Stage, look_at_flight

_run = schema.runs.c


class GivenUp(NamedTuple):
    """A run that others have ended, because they had not heard of it, and whose process has died since."""

    id: int
    path: Path
    beat_at: datetime
    ended_at: datetime
    #: how far its deliveries came; None when nothing can be relied on
    stages: Mapping[int, Stage] | None


class Recorder(NamedTuple):
    mailing_id: int
    run_id: int
    path: Path


def path_of(beside: Path, mailing_id: int, run_id: int, word: str) -> Path:
    """:param word: of this process: a server that was brought back from a copy counts its runs anew"""
    return beside.with_name(f"{beside.name}.{mailing_id}.{run_id}.{word}.flight")


def recorders(beside: Path) -> Iterator[Recorder]:
    """Those that lie there, of runs alive or dead."""
    name = re.compile(rf"{re.escape(beside.name)}\.(\d+)\.(\d+)\.[0-9a-f]+\.flight")
    for path in beside.parent.glob("*.flight"):
        if match := name.fullmatch(path.name):
            yield Recorder(int(match[1]), int(match[2]), path)


def given_up(connection: sa.Connection, mailing_id: int, beside: Path) -> list[GivenUp]:
    """Whose recorders lie there."""
    lying = {str(found.path): found for found in recorders(beside) if found.mailing_id == mailing_id}
    if not lying:
        return []
    wanted = sa.select(_run.id, _run.recorder, _run.beat_at, _run.ended_at)
    theirs = (_run.id.in_([found.run_id for found in lying.values()]), _run.mailing_id == mailing_id)
    runs = connection.execute(wanted.where(*theirs, _run.ended_at.is_not(None))).all()
    looked = [(run, look_at_flight(lying[run.recorder].path, run.id)) for run in runs if run.recorder in lying]
    return [
        GivenUp(run.id, lying[run.recorder].path, run.beat_at, run.ended_at, gone.stages)
        for run, gone in looked
        if gone
    ]
