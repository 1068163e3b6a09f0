"""
Forget people: whoever asks for it, and whoever never confirmed.

A person who is known by deliveries cannot be taken out of the ledger: their row stays, and says nothing any more. What
has to outlast them is the no, as a keyed hash.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.consent import ConsentEvent, ConsentRecord
from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import write_log
from newsletter.store.database import AnyRow, Database
from newsletter.store.forgotten import keep_hash, suppression_of_hash
from newsletter.store.people import email_key
from newsletter.store.ways import insist_no_plan
from newsletter.subscriber import Skip, SubscriptionStatus, SuppressionReason

_person, _subscription, _suppression = schema.subscribers.c, schema.subscriptions.c, schema.suppressions.c
_delivery, _consent = schema.deliveries.c, schema.consents.c
_WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Gone:
    """Of whom nothing is kept any more but the ids under which the ledger counts them."""

    newsletters: tuple[str, ...]
    delivery_ids: tuple[int, ...]


class Forgetting:
    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, email: str, *, actor: str, now: datetime) -> Gone | None:
        """
        Nothing is kept but a keyed hash of the address, by which it stays away. None when nobody is known by it.

        :raises RefusedError: mail to them is on its way this moment
        """
        key = email_key(email)
        with self._database.writing() as connection:
            insist_no_plan(connection)
            person = connection.execute(sa.select(_person.id, _person.email).where(_person.email == key)).first()
            if person is None:
                return None
            _insist_at_rest(connection, person.id)
            wanted = sa.select(_subscription.newsletter).where(_subscription.subscriber_id == person.id)
            newsletters = tuple(connection.execute(wanted.order_by(_subscription.newsletter)).scalars())
            delivery_ids = tuple(
                connection.execute(sa.select(_delivery.id).where(_delivery.subscriber_id == person.id)).scalars()
            )
            said = _reason(connection, person.id)
            is_complaint = said is SuppressionReason.COMPLAINED
            keep_hash(connection, key, said if said and is_complaint else SuppressionReason.FORGOTTEN, now)
            _erase(connection, person.id, now)
            record = ConsentRecord(event=ConsentEvent.FORGOTTEN, newsletter="", at=now, actor=actor)
            write_log(connection, [(person.id, record)])
            write_audit(connection, audit_row("forgotten", actor=actor, at=now, subscriber_id=person.id))
            return Gone(newsletters, delivery_ids)

    def kept_away(self, email: str) -> SuppressionReason | None:
        """Why an address must stay away of which nothing else is known."""
        with self._database.reading() as connection:
            return suppression_of_hash(connection, email_key(email))

    def purge(self, before: datetime, *, now: datetime) -> int:
        """Let go of whoever has been pending since then, and has not asked again; how many subscriptions that were."""
        total = 0
        while found := self._purge_page(before, now):
            total += found
        return total

    def _purge_page(self, before: datetime, now: datetime) -> int:
        asked = sa.select(sa.func.max(_consent.at)).where(
            _consent.subscriber_id == _subscription.subscriber_id,
            _consent.newsletter == _subscription.newsletter,
            _consent.event.in_((ConsentEvent.REQUESTED, ConsentEvent.ADDED)),
        )
        since = sa.func.coalesce(asked.scalar_subquery(), _subscription.joined_at)
        unconfirmed = (_subscription.status == SubscriptionStatus.PENDING, _subscription.newsletter != "")
        columns = (_subscription.id, _subscription.subscriber_id, _subscription.newsletter, _person.email)
        wanted = sa.select(*columns).select_from(schema.subscriptions.join(schema.subscribers))
        held = sa.exists().where(
            _delivery.subscription_id == _subscription.id, _delivery.state == DeliveryState.CLAIMED
        )
        wanted = wanted.where(*unconfirmed, _subscription.joined_at < before, since < before, ~held).limit(_PAGE)
        with self._database.writing() as connection:
            insist_no_plan(connection)
            rows = connection.execute(wanted).all()
            for row in rows:
                _let_go(connection, row, now)
        return len(rows)

    def is_ours(self, path: Path) -> bool:
        """
        A file that the database works with. Whoever opens and closes one beside it breaks its locks (SQLite, "How To
        Corrupt An SQLite Database File", section 2.2).
        """
        own = self._database.path
        return own is not None and path.name in {f"{own.name}{end}" for end in ("", "-wal", "-shm", "-journal")}

    def rewrite(self) -> bool:
        """Leave no trace in the file of what was forgotten; False when others had it open, and some may be left."""
        return self._database.rewrite()


def _insist_at_rest(connection: sa.Connection, subscriber_id: int) -> None:
    theirs = (_delivery.subscriber_id == subscriber_id, _delivery.state == DeliveryState.CLAIMED)
    mailing_id = connection.execute(sa.select(_delivery.mailing_id).where(*theirs)).scalar()
    if mailing_id is not None:
        raise RefusedError(
            f"mailing {mailing_id} is on its way to them this moment, so nothing was forgotten",
            fix=f"try again when it has left; newsletter mailings show {mailing_id}",
        )


def _reason(connection: sa.Connection, subscriber_id: int) -> SuppressionReason | None:
    wanted = sa.select(_suppression.reason).where(_suppression.subscriber_id == subscriber_id)
    found = connection.execute(wanted).scalar()
    return SuppressionReason(found) if found else None


def _let_go(connection: sa.Connection, row: AnyRow, now: datetime) -> None:
    """One pending subscription; of the person, too, unless they read something else or said no to it."""
    told = audit_row(
        "purged", actor="newsletter", at=now, subscriber_id=row.subscriber_id, detail={"newsletter": row.newsletter}
    )
    write_audit(connection, told)
    others = sa.select(_subscription.id).where(
        _subscription.subscriber_id == row.subscriber_id, _subscription.id != row.id
    )
    if connection.execute(others).first() is None:
        reason = _reason(connection, row.subscriber_id)
        if reason:
            keep_hash(connection, row.email, reason, now)
        _erase(connection, row.subscriber_id, now)
        return
    _withdraw(connection, _delivery.subscription_id == row.id, now)
    connection.execute(sa.delete(schema.answers).where(schema.answers.c.subscription_id == row.id))
    connection.execute(sa.delete(schema.interests).where(schema.interests.c.subscription_id == row.id))
    heir = connection.execute(others.order_by(_subscription.id)).scalars().first()
    theirs = sa.update(schema.deliveries).where(_delivery.subscription_id == row.id)
    connection.execute(theirs.values(subscription_id=heir))
    connection.execute(sa.delete(schema.subscriptions).where(_subscription.id == row.id))


def _erase(connection: sa.Connection, subscriber_id: int, now: datetime) -> None:
    """Everything that tells of a person, wherever an id of theirs stands."""
    theirs = _delivery.subscriber_id == subscriber_id
    _withdraw(connection, theirs, now)
    connection.execute(sa.delete(schema.suppressions).where(_suppression.subscriber_id == subscriber_id))
    # A provider's words may hold the address; ours say why a delivery was taken back.
    ours = _delivery.detail.in_([*Skip, "cancelled"])
    words = sa.case((ours, _delivery.detail), else_="")
    # Of no run: what a sender of theirs may still learn is not written down any more.
    emptied = {"detail": words, "provider_id": "", "run_id": None}
    connection.execute(sa.update(schema.deliveries).where(theirs).values(emptied))
    told = sa.update(schema.events).where(schema.events.c.subscriber_id == subscriber_id)
    connection.execute(told.values(detail="", url=None, subscription_id=None))
    _empty_subscriptions(connection, subscriber_id)
    email = sa.select(_person.email).where(_person.id == subscriber_id).scalar_subquery()
    connection.execute(sa.delete(schema.signups).where(schema.signups.c.email == email))
    nobody = f"forgotten-{subscriber_id}"
    blank = dict.fromkeys(("name", "salutation", "language", "company", "manager", "zone"), "")
    person = sa.update(schema.subscribers).where(_person.id == subscriber_id)
    connection.execute(person.values(email=nobody, address=nobody, **blank))
    # Only now that nobody is known by an address, the log can be changed.
    log = sa.update(schema.consents).where(_consent.subscriber_id == subscriber_id)
    connection.execute(log.values(basis="", source="", ip=""))
    audit = sa.update(schema.audit).where(schema.audit.c.subscriber_id == subscriber_id)
    connection.execute(audit.values(detail="{}"))
    _delete_unreferenced(connection, subscriber_id)


def _withdraw(connection: sa.Connection, theirs: sa.ColumnElement[bool], now: datetime) -> None:
    values = {"state": DeliveryState.WITHDRAWN, "settled_at": now, "due_at": None, "detail": Skip.UNSUBSCRIBED}
    waiting = _delivery.state.in_(_WAITING)
    connection.execute(sa.update(schema.deliveries).where(theirs, waiting).values(values))


def _empty_subscriptions(connection: sa.Connection, subscriber_id: int) -> None:
    """One is left, of no newsletter, for the ledger to point to."""
    wanted = sa.select(_subscription.id).where(_subscription.subscriber_id == subscriber_id)
    ids = list(connection.execute(wanted.order_by(_subscription.id)).scalars())
    if not ids:
        return
    connection.execute(sa.delete(schema.interests).where(schema.interests.c.subscription_id.in_(ids)))
    connection.execute(sa.delete(schema.answers).where(schema.answers.c.subscription_id.in_(ids)))
    theirs = sa.update(schema.deliveries).where(_delivery.subscription_id.in_(ids))
    connection.execute(theirs.values(subscription_id=ids[0]))
    connection.execute(sa.delete(schema.subscriptions).where(_subscription.id.in_(ids[1:])))
    values = {
        "public_id": secrets.token_bytes(16),
        "newsletter": "",
        "status": SubscriptionStatus.UNSUBSCRIBED,
        "consent_basis": "",
        "consent_on": None,
        "paused_until": None,
    }
    connection.execute(sa.update(schema.subscriptions).where(_subscription.id == ids[0]).values(values))


def _delete_unreferenced(connection: sa.Connection, subscriber_id: int) -> None:
    """Whom the ledger never counted is not in it."""
    tables = (schema.deliveries, schema.skips, schema.bounces)
    counted = [sa.select(1).where(table.c.subscriber_id == subscriber_id) for table in tables]
    if connection.execute(sa.union_all(*counted).limit(1)).first() is None:
        connection.execute(sa.delete(schema.subscriptions).where(_subscription.subscriber_id == subscriber_id))
        connection.execute(sa.delete(schema.subscribers).where(_person.id == subscriber_id))
