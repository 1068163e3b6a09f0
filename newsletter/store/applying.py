"""
What events change, in one transaction with the word that they have changed it.

In whatever order and however often they come, the end is the same: proofs, bounces and noes only ever add up.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState
from newsletter.event import Effect, Event, EventKind, effect_of, proof_of
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.bounces import count_bounces
from newsletter.store.consents import suppress
from newsletter.store.leaving import let_go
from newsletter.subscriber import SuppressionReason

_delivery, _person, _subscription = schema.deliveries.c, schema.subscribers.c, schema.subscriptions.c
#: how a delivery's words begin that was unknown until somebody told; those that were dropped may turn out to be taken
_TAKEN, _DROPPED = "unknown until it was told that a server took it", "unknown until it was told that it was dropped"
_ACTOR = "newsletter"


class Unapplied(NamedTuple):
    id: int
    event: Event


def apply_events(connection: sa.Connection, found: Sequence[Unapplied], *, now: datetime) -> None:
    settle(connection, [one.event for one in found], now)
    acting = [(one, effect) for one in found if (effect := effect_of(one.event)) is not Effect.NOTHING]
    known = _known(connection, {one.event.subscriber_id for one, _ in acting})
    acting = [(one, effect) for one, effect in acting if one.event.subscriber_id in known]
    count_bounces(connection, [_bounce(one) for one, effect in acting if effect is Effect.COUNT], now=now)
    for one, effect in acting:
        _say_no(connection, one.event, effect, now)


def _known(connection: sa.Connection, subscriber_ids: Iterable[int | None]) -> set[int]:
    """Those of whom nobody has asked to be forgotten."""
    ids = [number for number in subscriber_ids if number is not None]
    if not ids:
        return set()
    wanted = sa.select(_person.id).where(_person.id.in_(ids), _person.email.contains("@"))
    return set(connection.execute(wanted).scalars())


def _bounce(one: Unapplied) -> dict[str, object]:
    event = one.event
    # A provider that calls it blocked keeps the address, and so do we.
    kind = BounceKind.POLICY if event.kind is EventKind.BLOCKED else event.bounce
    values = {"subscriber_id": event.subscriber_id, "mailing_id": event.mailing_id}
    return values | {"kind": kind, "bounced_at": event.happened_at, "event_id": one.id}


def _say_no(connection: sa.Connection, event: Event, effect: Effect, now: datetime) -> None:
    """A reader's own no."""
    source = "sendgrid" if event.key.startswith("sg:") else "mail"
    if effect is Effect.COMPLAIN and event.subscriber_id is not None:
        reason, mailing_id = SuppressionReason.COMPLAINED, event.mailing_id
        suppress(connection, event.subscriber_id, reason, actor=_ACTOR, now=now, mailing_id=mailing_id)
    elif effect is Effect.LEAVE:
        let_go(connection, _subscription.id == event.subscription_id, actor="reader", now=now, source=source)
    elif effect is Effect.LEAVE_ALL:
        let_go(connection, _subscription.subscriber_id == event.subscriber_id, actor="reader", now=now, source=source)


def settle(connection: sa.Connection, events: Iterable[Event], now: datetime) -> int:
    """Deliveries of which nobody was sure; how many. Taken stays taken, whatever else is told."""
    proofs: dict[int, tuple[DeliveryState, str]] = {}
    for event in events:
        state = proof_of(event.kind)
        if event.delivery_id is None or state is None:
            continue
        if state is DeliveryState.ACCEPTED:
            proofs[event.delivery_id] = state, _TAKEN
        else:
            proofs.setdefault(event.delivery_id, (state, f"{_DROPPED}: {event.detail}".removesuffix(": ")))
    was_dropped = sa.and_(_delivery.state == DeliveryState.REFUSED, _delivery.detail.startswith(_DROPPED))
    unsure = sa.or_(_delivery.state == DeliveryState.UNKNOWN, was_dropped)
    ids, settled = list(proofs), 0
    columns = (_delivery.id, _delivery.mailing_id, _delivery.state)
    for start in range(0, len(ids), 500):
        wanted = sa.select(*columns).where(_delivery.id.in_(ids[start : start + 500]), unsure)
        for row in connection.execute(wanted).all():
            state, detail = proofs[row.id]
            if row.state != state:
                this = sa.update(schema.deliveries).where(_delivery.id == row.id)
                connection.execute(this.values(state=state, detail=detail, settled_at=now))
                told = {"actor": _ACTOR, "at": now, "mailing_id": row.mailing_id, "detail": {"deliveries": 1}}
                write_audit(connection, audit_row("settled-unknown", **told))
                settled += 1
    return settled
