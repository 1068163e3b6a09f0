"""What the store tells about mailings, as values; and the selects that they are made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, Mailing, MailingStatus
from newsletter.errors import RefusedError
from newsletter.store import schema
from newsletter.store.database import AnyRow, Database
from newsletter.subscriber import Skip

_PAGE = 5_000
#: SQLite and PostgreSQL refuse larger keys
_KEY_LIMIT = 1 << 63

_mailing = schema.mailings.c
SELECT_MAILINGS = sa.select(
    _mailing.id,
    _mailing.newsletter,
    _mailing.slug,
    _mailing.title,
    _mailing.segment,
    _mailing.status,
    _mailing.content_hash,
    _mailing.audience_hash,
    _mailing.planned_at,
    _mailing.planned_by,
    _mailing.transport,
    _mailing.started_at,
    _mailing.finished_at,
    _mailing.without_interests,
    _mailing.send_at,
    _mailing.pause_reason,
    _mailing.corrects_id,
)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery in the hands of one sender, with what its message needs to know about the reader at this moment."""

    delivery_id: int
    edition_hash: str
    #: ids of the edition's stories, in the order in which they stand
    stories: tuple[str, ...]
    address: str
    name: str
    salutation: str
    public_id: bytes
    consent_on: date | None
    #: this one included
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """What is on record about one delivery."""

    delivery_id: int
    state: DeliveryState
    edition_hash: str
    stories: tuple[str, ...]
    subject: str
    tries: int
    claimed_at: datetime | None
    due_at: datetime | None
    settled_at: datetime | None
    detail: str
    provider_id: str

    def as_json(self) -> dict[str, Any]:
        """The form that `explain --json` shows."""
        values = {name: getattr(self, name) for name in self.__slots__} | {"stories": list(self.stories)}
        for name in ("claimed_at", "due_at", "settled_at"):
            values[name] = values[name] and values[name].isoformat()
        values["state"] = str(self.state)
        return {"delivery": values.pop("delivery_id")} | values


class UnknownDelivery(NamedTuple):
    email: str
    delivery_id: int
    #: when it was claimed for handing over
    since: datetime


class Refusal(NamedTuple):
    email: str
    detail: str


class Withdrawal(NamedTuple):
    email: str
    #: why it was taken back: the word of a `Skip`, or "cancelled"
    reason: str


class Person(NamedTuple):
    email: str
    name: str


class Departed(NamedTuple):
    """One who was planned and does not get it any more."""

    email: str
    name: str
    #: the word of a `Skip`, or "cancelled"
    reason: str


class SkippedReader(NamedTuple):
    email: str
    name: str
    reason: Skip


class MailingReader(NamedTuple):
    email: str
    name: str
    edition_hash: str
    state: DeliveryState


def as_mailing(row: AnyRow) -> Mailing:
    return Mailing(**row._asdict() | {"status": MailingStatus(row.status)})


def the_mailing(connection: sa.Connection, mailing_id: int) -> Mailing:
    """:raises RefusedError: if there is none"""
    found = (
        connection.execute(SELECT_MAILINGS.where(_mailing.id == mailing_id)).first() if _is_key(mailing_id) else None
    )
    if found is None:
        raise RefusedError(f"there is no mailing {mailing_id}", fix="see newsletter mailings list")
    return as_mailing(found)


def _is_key(number: int) -> bool:
    return 0 < number < _KEY_LIMIT


def in_pages(
    database: Database, wanted: sa.Select[Any], key: sa.ColumnElement[int], key_of: Callable[[AnyRow], int]
) -> Iterator[AnyRow]:
    """All rows in the order of a key, read page by page: memory stays flat, and nothing is held open in between."""
    last = 0
    while True:
        with database.reading() as connection:
            page = connection.execute(wanted.where(key > last).order_by(key).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        last = key_of(page[-1])
