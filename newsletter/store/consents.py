"""The consent log: what readers said, by id. And the one thing that lifts a no: their own confirmation."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.consent import NO_TO_ALL, ConsentEvent, ConsentRecord, truncated
from newsletter.errors import RefusedError
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import AnyRow, Database
from newsletter.store.forgotten import lift_hash, suppression_of_hash
from newsletter.store.people import email_key
from newsletter.subscriber import Consent, SubscriptionStatus, SuppressionReason

_consent, _subscription, _suppression = schema.consents.c, schema.subscriptions.c, schema.suppressions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Where and when a reader said something themselves."""

    at: datetime
    #: by what it reached us: the name of a form or a page
    source: str
    #: which text they saw
    wording: str = ""
    #: as their browser came to us; cut before it is kept
    ip: str = ""
    actor: str = "reader"


class Consents:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, subscriber_id: int) -> list[ConsentRecord]:
        """The log of one person, the oldest first."""
        with self._database.reading() as connection:
            return log_of(connection, subscriber_id)

    def proofs(self, newsletter: str, subscriber_ids: Sequence[int]) -> dict[int, tuple[str, bool | None]]:
        """Of each person's last consent to the newsletter: which text it was given to, and whether to abroad."""
        theirs = (_consent.newsletter == newsletter, _consent.subscriber_id.in_(subscriber_ids))
        columns = (_consent.subscriber_id, _consent.wording, _consent.cross_border)
        wanted = sa.select(*columns).where(*theirs, _consent.given_on.is_not(None)).order_by(_consent.id)
        with self._database.reading() as connection:
            return {row.subscriber_id: (row.wording, row.cross_border) for row in connection.execute(wanted)}

    def sign_up(self, email: str, newsletter: str, occasion: Occasion, *, name: str = "") -> int:
        """
        Somebody asks to be a reader; the id of the subscription, to be confirmed. Until then nothing of theirs changes:
        who unsubscribed stays unsubscribed, and who is new is pending.

        :param email: an address that has been checked
        """
        with self._database.writing() as connection:
            return note_request(connection, email, newsletter, occasion, name=name)

    def confirm(self, subscription_id: int, consent: Consent, occasion: Occasion) -> bool:
        """
        The reader themselves says yes, which lifts every no of theirs to this newsletter, and only to this one: what
        they had said no to besides, they are no readers of until they confirm that, too.

        :return: whether that changed anything
        :raises RefusedError: there is no such subscription
        """
        with self._database.writing() as connection:
            return note_confirmation(connection, subscription_id, consent, occasion)


def note_request(connection: sa.Connection, email: str, newsletter: str, occasion: Occasion, *, name: str = "") -> int:
    subscriber_id = _person(connection, email, name, occasion)
    theirs = (_subscription.subscriber_id == subscriber_id, _subscription.newsletter == newsletter)
    found = connection.execute(sa.select(_subscription.id).where(*theirs)).scalar()
    if found is None:
        found = _subscribe(connection, subscriber_id, newsletter, occasion.at)
    record = _said(ConsentEvent.REQUESTED, newsletter, occasion)
    write_log(connection, [(subscriber_id, record)])
    return int(found)


def note_confirmation(connection: sa.Connection, subscription_id: int, consent: Consent, occasion: Occasion) -> bool:
    row = subscription_row(connection, subscription_id)
    was_lifted = _lift(connection, row, occasion)
    if row.status == SubscriptionStatus.CONFIRMED and not was_lifted:
        return False
    values: dict[str, Any] = {"status": SubscriptionStatus.CONFIRMED, "unsubscribed_at": None, "paused_until": None}
    values |= {"consent_basis": consent.basis, "consent_on": consent.on}
    connection.execute(sa.update(schema.subscriptions).where(_subscription.id == subscription_id), values)
    record = _said(ConsentEvent.CONFIRMED, row.newsletter, occasion, consent)
    write_log(connection, [(row.subscriber_id, record)])
    return True


def _person(connection: sa.Connection, email: str, name: str, occasion: Occasion) -> int:
    key = email_key(email)
    found = connection.execute(sa.select(schema.subscribers.c.id).where(schema.subscribers.c.email == key)).scalar()
    if found is not None:
        return int(found)
    values = {"email": key, "address": email, "name": name, "created_at": occasion.at}
    made = sa.insert(schema.subscribers).returning(schema.subscribers.c.id)
    subscriber_id = int(connection.execute(made, values).scalar_one())
    reason = suppression_of_hash(connection, key)
    if reason:
        suppress(connection, subscriber_id, reason, actor="newsletter", now=occasion.at)
    return subscriber_id


def _said(event: ConsentEvent, newsletter: str, occasion: Occasion, consent: Consent | None = None) -> ConsentRecord:
    return ConsentRecord(
        event=event,
        newsletter=newsletter,
        at=occasion.at,
        basis=consent.basis if consent else "",
        given_on=consent.on if consent else None,
        source=occasion.source,
        wording=consent.wording if consent and consent.wording else occasion.wording,
        cross_border=consent.cross_border if consent else None,
        ip=truncated(occasion.ip),
        actor=occasion.actor,
    )


def _subscribe(connection: sa.Connection, subscriber_id: int, newsletter: str, now: datetime) -> int:
    values = {
        "public_id": secrets.token_bytes(16),
        "subscriber_id": subscriber_id,
        "newsletter": newsletter,
        "status": SubscriptionStatus.PENDING,
        "joined_at": now,
    }
    return int(connection.execute(sa.insert(schema.subscriptions).returning(_subscription.id), values).scalar_one())


def _lift(connection: sa.Connection, row: AnyRow, occasion: Occasion) -> bool:
    """A no to everything ends, and a no to each other newsletter takes its place."""
    theirs = _suppression.subscriber_id == row.subscriber_id
    said = connection.execute(sa.select(_suppression.reason).where(theirs)).scalar()
    if said is None:
        return False
    reason = SuppressionReason(said)
    connection.execute(sa.delete(schema.suppressions).where(theirs))
    email = sa.select(schema.subscribers.c.email).where(schema.subscribers.c.id == row.subscriber_id)
    lift_hash(connection, connection.execute(email).scalar_one())
    if reason in NO_TO_ALL:
        others = (_subscription.subscriber_id == row.subscriber_id, _subscription.newsletter != row.newsletter)
        standing = _subscription.status != SubscriptionStatus.UNSUBSCRIBED
        values = {"status": SubscriptionStatus.UNSUBSCRIBED, "unsubscribed_at": occasion.at}
        connection.execute(sa.update(schema.subscriptions).where(*others, standing), values)
    detail = {"reason": reason, "newsletter": row.newsletter}
    told = audit_row(
        "suppression-lifted", actor=occasion.actor, at=occasion.at, subscriber_id=row.subscriber_id, detail=detail
    )
    write_audit(connection, told)
    return True


def refusing(connection: sa.Connection, newsletter: str, subscriber_ids: Sequence[int]) -> set[int]:
    """Those among some thousand who said no to everything, and have not said yes to this newsletter since."""
    theirs = _consent.subscriber_id.in_(subscriber_ids)
    said_no = sa.func.max(_consent.id).filter(_consent.event.in_(list(NO_TO_ALL.values())))
    is_own_yes = sa.and_(_consent.event == ConsentEvent.CONFIRMED, _consent.newsletter == newsletter)
    said_yes = sa.func.coalesce(sa.func.max(_consent.id).filter(is_own_yes), 0)
    wanted = sa.select(_consent.subscriber_id).where(theirs).group_by(_consent.subscriber_id).having(said_no > said_yes)
    return set(connection.execute(wanted).scalars())


def subscription_row(connection: sa.Connection, subscription_id: int) -> AnyRow:
    """
    :raises RefusedError: there is none
    """
    columns = (_subscription.subscriber_id, _subscription.newsletter, _subscription.status)
    row = connection.execute(sa.select(*columns).where(_subscription.id == subscription_id)).first()
    if row is None:
        raise RefusedError(f"there is no subscription {subscription_id}", fix="see newsletter subscribers list")
    return row


def suppress(
    connection: sa.Connection,
    subscriber_id: int,
    reason: SuppressionReason,
    *,
    actor: str,
    now: datetime,
    mailing_id: int | None = None,
) -> bool:
    """
    Whether that changed anything: the first reason stays, unless the new one is a reader's own no and it was not.

    :param mailing_id: by which it came to that
    """
    theirs = _suppression.subscriber_id == subscriber_id
    stands = connection.execute(sa.select(_suppression.reason).where(theirs)).scalar()
    if stands == reason or (stands and not (reason in NO_TO_ALL and stands == SuppressionReason.BOUNCED)):
        return False
    connection.execute(sa.delete(schema.suppressions).where(theirs))
    values = {"subscriber_id": subscriber_id, "reason": reason, "suppressed_at": now}
    connection.execute(sa.insert(schema.suppressions).values(values))
    ids, detail = {"subscriber_id": subscriber_id, "mailing_id": mailing_id}, {"reason": reason}
    write_audit(connection, audit_row("suppressed", actor=actor, at=now, detail=detail, **ids))
    if reason in NO_TO_ALL:
        record = ConsentRecord(event=NO_TO_ALL[reason], newsletter="", at=now, actor=actor)
        write_log(connection, [(subscriber_id, record)])
    return True


def write_log(connection: sa.Connection, records: Sequence[tuple[int, ConsentRecord]]) -> None:
    if records:
        connection.execute(sa.insert(schema.consents), [_row(number, record) for number, record in records])


def log_of(connection: sa.Connection, subscriber_id: int) -> list[ConsentRecord]:
    wanted = sa.select(schema.consents).where(_consent.subscriber_id == subscriber_id).order_by(_consent.id)
    return [_record(row) for row in connection.execute(wanted)]


def _row(subscriber_id: int, record: ConsentRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _NAMES} | {"subscriber_id": subscriber_id}


def _record(row: AnyRow) -> ConsentRecord:
    values = {name: getattr(row, name) for name in _NAMES}
    return ConsentRecord(**values | {"event": ConsentEvent(row.event)})


_NAMES = tuple(column.name for column in schema.consents.c if column.name not in ("id", "subscriber_id"))
