"""What refusals mean for the readers who were refused: written in the transaction that settles their deliveries."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.bounce import BounceKind, kind_of
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.subscriber import SuppressionReason

_delivery, _suppression = schema.deliveries.c, schema.suppressions.c


def note_bounces(connection: sa.Connection, refused: Mapping[int, str], *, run_id: int, now: datetime) -> None:
    """
    Count every refusal, and suppress whoever has no mailbox.

    :param refused: what the provider said, by delivery
    """
    if not refused:
        return
    mine = (_delivery.id.in_(refused), _delivery.run_id == run_id)
    wanted = sa.select(_delivery.id, _delivery.subscriber_id, _delivery.mailing_id).where(*mine)
    rows = [
        {"subscriber_id": row.subscriber_id, "mailing_id": row.mailing_id, "kind": kind_of(refused[row.id])}
        for row in connection.execute(wanted)
    ]
    if rows:
        connection.execute(sa.insert(schema.bounces), [row | {"bounced_at": now} for row in rows])
    for row in rows:
        if row["kind"] is BounceKind.DEAD:
            _suppress(connection, row["subscriber_id"], mailing_id=row["mailing_id"], now=now)


def _suppress(connection: sa.Connection, subscriber_id: int, *, mailing_id: int, now: datetime) -> None:
    if connection.execute(sa.select(_suppression.reason).where(_suppression.subscriber_id == subscriber_id)).first():
        return
    values = {"subscriber_id": subscriber_id, "reason": SuppressionReason.BOUNCED, "suppressed_at": now}
    connection.execute(sa.insert(schema.suppressions), values)
    told = audit_row("suppressed", actor="newsletter", at=now, subscriber_id=subscriber_id, mailing_id=mailing_id)
    write_audit(connection, told)
