"""What became of each reader of a mailing, one row a person: for a spreadsheet."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO

from newsletter.delivery import Mailing
from newsletter.report.fates import Fate, fate_of
from newsletter.roster.formulas import write_table
from newsletter.store import Store

COLUMNS = ("address", "state", "edition", "reason", "detail")
#: digits of an edition's hash that name it elsewhere, too
_SHORT = 12


def write_reached(store: Store, mailing: Mailing, file: IO[str], *, now: datetime) -> int:
    """
    Everybody who was planned, and everybody who was left out; how many they are. No cell is a formula.

    :param file: opened with `newline=""`
    """
    return write_table(file, COLUMNS, _rows(store, mailing, now))


def _rows(store: Store, mailing: Mailing, now: datetime) -> Iterator[tuple[str, ...]]:
    with store.outcomes.look(mailing, now) as look:
        for one in look.persons():
            fate = fate_of(one.standing)
            reason, detail = (one.detail, "") if fate is Fate.WITHDRAWN else (one.bounce, one.detail)
            yield one.email, fate, one.edition_hash[:_SHORT], reason, detail
    for skipped in store.mailings.skipped(mailing.id):
        yield skipped.email, "skipped", "", skipped.reason, ""
