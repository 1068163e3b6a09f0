"""People and their subscriptions: take in, find, stream, and every change of a standing, each with its audit row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, NoReturn, TypeVar

import sqlalchemy as sa

from newsletter.consent import ConsentEvent, ConsentRecord
from newsletter.errors import RefusedError
from newsletter.segment import Everyone, Segment
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import refusing, subscription_row, suppress, write_log
from newsletter.store.database import AnyRow, Database
from newsletter.store.deciding import Overlap, TakenIn
from newsletter.store.intake import BATCH, Intake
from newsletter.store.leaving import let_go
from newsletter.store.people import SELECT_SUBSCRIBERS, email_key, with_interests
from newsletter.store.segments import held_clause, needs_people, segment_clause, unindexed
from newsletter.subscriber import Consent, Entry, Subscriber, SubscriptionStatus, SuppressionReason

_Item = TypeVar("_Item")
_PAGE = 2_000
_subscription = schema.subscriptions.c


class UndoneError(Exception):
    """Ends an intake of which nothing is to stay. Never leaves this module."""


class OpenIntake:
    """A list that is being taken in: one transaction, from its first batch to its end."""

    def __init__(self, connection: sa.Connection, intake: Intake) -> None:
        self._connection, self._intake = connection, intake

    def take(self, entries: Sequence[tuple[int, Entry]]) -> TakenIn:
        """Some thousand readers, each with the line on which they stand."""
        return self._intake.take(self._connection, entries)

    def note(self, detail: Mapping[str, Any]) -> None:
        """The whole list, for the audit: counts and hashes, never an address or a name."""
        told = {"newsletter": self._intake.newsletter} | dict(detail)
        row = audit_row("imported", actor=self._intake.actor, at=self._intake.now, detail=told)
        write_audit(self._connection, row)

    def undo(self) -> NoReturn:
        """Leave nothing of it."""
        raise UndoneError


class Readers:
    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def intake(self, intake: Intake) -> Iterator[OpenIntake]:
        """Readers come in batch by batch, in one transaction: all of them or, when it is undone or fails, none."""
        with suppress_undone(), self._database.copying() as connection:
            yield OpenIntake(connection, intake)

    def take_in(
        self,
        newsletter: str,
        entries: Iterable[Entry],
        *,
        update: bool,
        actor: str,
        now: datetime,
    ) -> TakenIn:
        """
        Add the readers that are new, in one transaction: all of them or none.

        :param update: what an entry says replaces what is on record (None says nothing)
        """
        found = TakenIn()
        with self.intake(Intake(newsletter, Overlap(update=update), actor, now)) as opened:
            for batch in in_batches(enumerate(entries, 1), BATCH):
                taken = opened.take(batch)
                found.add(taken)
                found.unchanged += len(taken.duplicates)
        return found

    def find(self, email: str, newsletter: str | None = None) -> list[Subscriber]:
        """The subscriptions of one address, however it is spelt; of one newsletter, or of all."""
        wanted = SELECT_SUBSCRIBERS.where(schema.subscribers.c.email == email_key(email))
        if newsletter is not None:
            wanted = wanted.where(_subscription.newsletter == newsletter)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(_subscription.newsletter)).all()
            return list(with_interests(connection, rows))

    def like(self, newsletter: str, text: str, *, limit: int) -> list[Subscriber]:
        """Readers whose address or name holds the text, in the order of their addresses."""
        people = schema.subscribers.c
        holds = people.email.icontains(text, autoescape=True) | people.name.icontains(text, autoescape=True)
        wanted = SELECT_SUBSCRIBERS.where(_subscription.newsletter == newsletter, holds)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(people.email).limit(limit)).all()
            return list(with_interests(connection, rows))

    def stream(self, newsletter: str, segment: Segment | None = None) -> Iterator[Subscriber]:
        """
        All readers of a newsletter, whatever their status, in the order of their subscription ids.

        Read in pages, each on its own: memory stays flat, and nothing is held open while the caller works.
        """
        wanted = SELECT_SUBSCRIBERS.where(_subscription.newsletter == newsletter).order_by(_subscription.id)
        last = 0
        while True:
            with self._database.reading() as connection:
                asked = wanted.where(segment_clause(connection, segment)) if segment else wanted
                rows = connection.execute(asked.where(_subscription.id > last).limit(_PAGE)).all()
                page = list(with_interests(connection, rows))
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].subscription_id

    def count(self, newsletter: str, segment: Segment | None = None, *, mailable: bool = False) -> int:
        """`mailable`: only those who are confirmed and not suppressed."""
        expression = segment.expression if segment else Everyone()
        tables = schema.subscriptions.join(schema.subscribers) if needs_people(expression) else schema.subscriptions
        columns = (_subscription.newsletter, _subscription.status)
        # With a segment there are better ways in than by all readers of the newsletter.
        newsletters, status = map(unindexed, columns) if segment else columns
        wanted = sa.select(sa.func.count()).select_from(tables).where(newsletters == newsletter)
        if mailable:
            suppressed = sa.exists().where(schema.suppressions.c.subscriber_id == _subscription.subscriber_id)
            wanted = wanted.where(status == SubscriptionStatus.CONFIRMED, ~suppressed)
        with self._database.reading() as connection:
            wanted = wanted.where(held_clause(connection, segment)) if segment else wanted
            return connection.execute(wanted).scalar_one()

    def newsletters(self) -> list[str]:
        """Those that have readers."""
        with self._database.reading() as connection:
            wanted = sa.select(_subscription.newsletter).distinct().order_by(_subscription.newsletter)
            # Whoever was forgotten reads none, and may be in the ledger still.
            wanted = wanted.where(_subscription.newsletter != "")
            return list(connection.execute(wanted).scalars())

    def add_interests(self, subscription_id: int, tags: Iterable[str], *, actor: str, now: datetime) -> int:
        """How many of the tags are new to the reader."""
        with self._database.writing() as connection:
            row = subscription_row(connection, subscription_id)
            new = sorted(set(tags) - _tags(connection, subscription_id))
            if new:
                values = [{"subscription_id": subscription_id, "tag": tag} for tag in new]
                connection.execute(sa.insert(schema.interests), values)
                _write(connection, row, "interests-added", actor=actor, at=now, detail={"interests": new})
            return len(new)

    def remove_interests(self, subscription_id: int, tags: Iterable[str], *, actor: str, now: datetime) -> int:
        """How many of the tags the reader had."""
        columns = schema.interests.c
        with self._database.writing() as connection:
            row = subscription_row(connection, subscription_id)
            gone = sorted(set(tags) & _tags(connection, subscription_id))
            if gone:
                theirs = columns.subscription_id == subscription_id
                connection.execute(sa.delete(schema.interests).where(theirs, columns.tag.in_(gone)))
                _write(connection, row, "interests-removed", actor=actor, at=now, detail={"interests": gone})
            return len(gone)

    def unsubscribe(self, subscription_id: int, *, actor: str, now: datetime) -> bool:
        """Whether that changed anything: a second time it does not, and is no error."""
        with self._database.writing() as connection:
            subscription_row(connection, subscription_id)
            return bool(let_go(connection, _subscription.id == subscription_id, actor=actor, now=now))

    def confirm(self, subscription_id: int, consent: Consent, *, actor: str, now: datetime) -> bool:
        """
        One of us records a consent; whether that changed anything: who is confirmed keeps the consent on record.

        :raises RefusedError: if they said no
        """
        with self._database.writing() as connection:
            row = subscription_row(connection, subscription_id)
            said_no = refusing(connection, row.newsletter, [row.subscriber_id])
            if row.status == SubscriptionStatus.UNSUBSCRIBED or said_no:
                raise RefusedError("this reader unsubscribed", fix="only they can come back, by signing up again")
            if row.status == SubscriptionStatus.CONFIRMED:
                return False
            values = {"consent_basis": consent.basis, "consent_on": consent.on}
            _set(connection, subscription_id, status=SubscriptionStatus.CONFIRMED, **values)
            write_log(connection, [(row.subscriber_id, _recorded(row.newsletter, consent, actor=actor, now=now))])
            _write(connection, row, "confirmed", actor=actor, at=now, detail={"consent_on": str(consent.on)})
            return True

    def suppress(self, subscriber_id: int, reason: SuppressionReason, *, actor: str, now: datetime) -> bool:
        """Whether that changed anything: the first reason stays, unless a reader's own no comes after a bounce."""
        with self._database.writing() as connection:
            return suppress(connection, subscriber_id, reason, actor=actor, now=now)


@contextmanager
def suppress_undone() -> Iterator[None]:
    try:
        yield
    except UndoneError:
        return


def in_batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _recorded(newsletter: str, consent: Consent, *, actor: str, now: datetime) -> ConsentRecord:
    return ConsentRecord(
        event=ConsentEvent.RECORDED,
        newsletter=newsletter,
        at=now,
        basis=consent.basis,
        given_on=consent.on,
        wording=consent.wording,
        cross_border=consent.cross_border,
        actor=actor,
    )


def _tags(connection: sa.Connection, subscription_id: int) -> set[str]:
    columns = schema.interests.c
    return set(connection.execute(sa.select(columns.tag).where(columns.subscription_id == subscription_id)).scalars())


def _set(connection: sa.Connection, subscription_id: int, **values: Any) -> None:
    connection.execute(sa.update(schema.subscriptions).where(_subscription.id == subscription_id).values(values))


def _write(
    connection: sa.Connection,
    row: AnyRow,
    action: str,
    *,
    actor: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    told = {"newsletter": row.newsletter} | (detail or {})
    write_audit(connection, audit_row(action, actor=actor, at=at, subscriber_id=row.subscriber_id, detail=told))
