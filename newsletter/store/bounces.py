"""What refusals mean for the readers who were refused, whoever told of them: a server while we sent, or an event."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from newsletter.bounce import BounceKind, Sent, is_beyond_hope, kind_of
from newsletter.consent import ConsentEvent
from newsletter.delivery import DeliveryState
from newsletter.store import schema
from newsletter.store.consents import suppress
from newsletter.subscriber import SuppressionReason

_delivery, _bounce, _mailing = schema.deliveries.c, schema.bounces.c, schema.mailings.c
_consent = schema.consents.c
#: they say nothing of the mailbox
_ABOUT_US = frozenset({BounceKind.POLICY, BounceKind.OURS})
_HANDED_OVER = (DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNKNOWN)


def note_bounces(connection: sa.Connection, refused: Mapping[int, str], *, run_id: int, now: datetime) -> None:
    """
    Count every refusal while we send, in the transaction that settles the deliveries.

    :param refused: what the provider said, by delivery
    """
    if not refused:
        return
    mine = (_delivery.id.in_(refused), _delivery.run_id == run_id)
    wanted = sa.select(_delivery.id, _delivery.subscriber_id, _delivery.mailing_id).where(*mine)
    rows = [
        {
            "subscriber_id": row.subscriber_id,
            "mailing_id": row.mailing_id,
            "kind": kind_of(refused[row.id]),
            "bounced_at": now,
            "event_id": None,
        }
        for row in connection.execute(wanted)
    ]
    count_bounces(connection, rows, now=now)


def count_bounces(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """
    Count them, and suppress whoever has no mailbox, or none that takes anything.

    :param rows: of the table of bounces
    """
    if not rows:
        return
    connection.execute(sa.insert(schema.bounces), list(rows))
    doubtful = {row["subscriber_id"]: row["mailing_id"] for row in rows if row["kind"] not in _ABOUT_US}
    for subscriber_id in _beyond_hope(connection, doubtful):
        mailing_id, reason = doubtful[subscriber_id], SuppressionReason.BOUNCED
        suppress(connection, subscriber_id, reason, actor="newsletter", now=now, mailing_id=mailing_id)


def _beyond_hope(connection: sa.Connection, subscriber_ids: Collection[int]) -> list[int]:
    """Those whose mailboxes are; what was before a reader's own last yes does not count."""
    if not subscriber_ids:
        return []
    yes = sa.select(sa.func.max(_consent.at)).where(
        _consent.subscriber_id == _delivery.subscriber_id, _consent.event == ConsentEvent.CONFIRMED
    )
    at = sa.func.coalesce(_delivery.claimed_at, _mailing.started_at, _mailing.planned_at)
    # What was refused at first, and taken when it was tried again, is no bounce any more.
    was_mended = sa.and_(_bounce.event_id.is_(None), _delivery.state == DeliveryState.ACCEPTED)
    back = sa.and_(
        _bounce.subscriber_id == _delivery.subscriber_id, _bounce.mailing_id == _delivery.mailing_id, ~was_mended
    )
    joined = schema.deliveries.join(schema.mailings).outerjoin(schema.bounces, back)
    theirs = (_delivery.subscriber_id.in_(list(subscriber_ids)), _delivery.state.in_(_HANDED_OVER))
    since = at >= sa.func.coalesce(yes.scalar_subquery(), at)
    columns = (_delivery.subscriber_id, at.label("at"), _delivery.mailing_id, _bounce.kind)
    wanted = sa.select(*columns).select_from(joined).where(*theirs, since).order_by(_delivery.subscriber_id, "at")
    rows = [tuple(row) for row in connection.execute(wanted.order_by(_delivery.mailing_id))]
    return [number for number, own in groupby(rows, itemgetter(0)) if is_beyond_hope(_issues(list(own)))]


def _issues(rows: list[tuple[Any, ...]]) -> list[Sent]:
    """Of one reader, the oldest first."""
    return [
        Sent(at, frozenset(BounceKind(row[3]) for row in own if row[3]))
        for (at, _), own in ((key, list(some)) for key, some in groupby(rows, itemgetter(1, 2)))
    ]
