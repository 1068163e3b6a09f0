"""What a link in a mail leads to: the reader it was made for, and the edition that they got."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.consent import ConsentEvent, ConsentRecord
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import subscription_row, write_log
from newsletter.store.database import AnyRow, Database
from newsletter.store.leaving import let_go
from newsletter.store.people import SELECT_SUBSCRIBERS, with_interests
from newsletter.subscriber import Subscriber, SubscriptionStatus

_subscription, _delivery, _edition = schema.subscriptions.c, schema.deliveries.c, schema.editions.c
_person = schema.subscribers.c


class Linked:
    def __init__(self, database: Database) -> None:
        self._database = database

    def reader(self, public_id: bytes) -> Subscriber | None:
        with self._database.reading() as connection:
            # Whoever was forgotten reads none, and may be in the ledger still.
            known = (_subscription.public_id == public_id, _subscription.newsletter != "")
            row = connection.execute(SELECT_SUBSCRIBERS.where(*known)).first()
            return next(with_interests(connection, [row])) if row else None

    def leave(self, public_ids: Collection[bytes], *, actor: str, now: datetime) -> None:
        """Let these readers go, in one transaction. Who has left already, or was forgotten, is no error."""
        with self._database.writing() as connection:
            let_go(connection, _subscription.public_id.in_(list(public_ids)), actor=actor, now=now, source="link")

    def stories(self, mailing_id: int, subscription_id: int) -> tuple[str, ...] | None:
        """The edition that was planned for this reader; None when there is none."""
        wanted = sa.select(_edition.stories).select_from(schema.deliveries.join(schema.editions))
        wanted = wanted.where(_delivery.mailing_id == mailing_id, _delivery.subscription_id == subscription_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted).scalar()
        return None if found is None else tuple(json.loads(found))

    def come_back(self, subscription_id: int, *, left_after: datetime, actor: str, now: datetime) -> bool:
        """
        Undo that a reader has left, as long as it is not longer ago; whether that changed anything.

        They stand then as they stood before: who had given no consent has given none by this.
        """
        gone = (_subscription.id == subscription_id, _subscription.status == SubscriptionStatus.UNSUBSCRIBED)
        before = sa.case(
            (_subscription.consent_on.is_not(None), SubscriptionStatus.CONFIRMED.value),
            else_=SubscriptionStatus.PENDING.value,
        )
        back = sa.update(schema.subscriptions).where(*gone, _subscription.unsubscribed_at >= left_after)
        back = back.values(status=before, unsubscribed_at=None).returning(
            _subscription.subscriber_id, _subscription.newsletter
        )
        with self._database.writing() as connection:
            row = connection.execute(back).first()
            if row:
                event = ConsentEvent.CAME_BACK
                said = ConsentRecord(event=event, newsletter=row.newsletter, at=now, source="link", actor=actor)
                write_log(connection, [(row.subscriber_id, said)])
                detail = {"newsletter": row.newsletter}
                told = audit_row("came-back", actor=actor, at=now, subscriber_id=row.subscriber_id, detail=detail)
                write_audit(connection, told)
            return row is not None

    def describe(self, subscription_id: int, own: Mapping[str, str], *, actor: str, now: datetime) -> bool:
        """
        Change what a reader says of themselves; whether that changed anything. The audit tells which, never what.

        :param own: by column of `subscribers`
        """
        with self._database.writing() as connection:
            subscription = subscription_row(connection, subscription_id)
            theirs = _person.id == subscription.subscriber_id
            columns = [_person[name] for name in own]
            row = connection.execute(sa.select(*columns).where(theirs)).one()
            changed = sorted(name for name, value in own.items() if getattr(row, name) != value)
            if changed:
                values = {name: own[name] for name in changed}
                connection.execute(sa.update(schema.subscribers).where(theirs).values(values))
                _note(connection, subscription, "described", actor=actor, now=now, detail={"changed": changed})
            return bool(changed)

    def pause(self, subscription_id: int, until: datetime | None, *, actor: str, now: datetime) -> bool:
        """No mail before then; None: mail again, at once. Whether that changed anything."""
        this = _subscription.id == subscription_id
        with self._database.writing() as connection:
            subscription = subscription_row(connection, subscription_id)
            before = connection.execute(sa.select(_subscription.paused_until).where(this)).scalar()
            if before == until:
                return False
            connection.execute(sa.update(schema.subscriptions).where(this).values(paused_until=until))
            action = "paused-reading" if until else "resumed-reading"
            detail = {"until": until.isoformat()} if until else {}
            _note(connection, subscription, action, actor=actor, now=now, detail=detail)
            return True


def _note(
    connection: sa.Connection, row: "AnyRow", action: str, *, actor: str, now: datetime, detail: Mapping[str, object]
) -> None:
    told = {"newsletter": row.newsletter, **detail}
    write_audit(connection, audit_row(action, actor=actor, at=now, subscriber_id=row.subscriber_id, detail=told))
