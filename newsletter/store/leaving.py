"""Readers leave a newsletter: by a link, by mail, by the command line, all in the same way."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.consent import ConsentEvent, ConsentRecord
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import write_log
from newsletter.subscriber import SubscriptionStatus

_subscription = schema.subscriptions.c


def let_go(
    connection: sa.Connection, whom: sa.ColumnElement[bool], *, actor: str, now: datetime, source: str = ""
) -> int:
    """
    How many left: who had left already is no error, and who was forgotten reads none.

    :param whom: of the subscriptions
    :param source: by what they said so
    """
    columns = (_subscription.id, _subscription.subscriber_id, _subscription.newsletter)
    reading = (_subscription.status != SubscriptionStatus.UNSUBSCRIBED, _subscription.newsletter != "")
    going = connection.execute(sa.select(*columns).where(whom, *reading)).all()
    gone = sa.update(schema.subscriptions).where(_subscription.id.in_([row.id for row in going]))
    if not going:
        return 0
    connection.execute(gone.values(status=SubscriptionStatus.UNSUBSCRIBED, unsubscribed_at=now))
    event = ConsentEvent.UNSUBSCRIBED
    said = [ConsentRecord(event=event, newsletter=row.newsletter, at=now, source=source, actor=actor) for row in going]
    write_log(connection, [(row.subscriber_id, record) for row, record in zip(going, said, strict=True)])
    told = [
        audit_row(
            "unsubscribed",
            actor=actor,
            at=now,
            subscriber_id=row.subscriber_id,
            detail={"newsletter": row.newsletter},
        )
        for row in going
    ]
    write_audit(connection, *told)
    return len(going)
