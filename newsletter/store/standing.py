"""How those stand whom a list names and the store knows."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.consents import refusing
from newsletter.store.deciding import Standing
from newsletter.store.people import interests_of
from newsletter.subscriber import Consent, SubscriptionStatus, SuppressionReason


def standing_of(connection: sa.Connection, newsletter: str, keys: Sequence[str]) -> dict[str, Standing]:
    """By the key of their address; of some thousand addresses at once."""
    people = connection.execute(sa.select(schema.subscribers).where(schema.subscribers.c.email.in_(keys)))
    by_id = {row.id: Standing(dict(row._mapping)) for row in people}
    if not by_id:
        return {}
    _add_subscriptions(connection, newsletter, by_id)
    suppressed = schema.suppressions.c
    wanted = sa.select(suppressed.subscriber_id, suppressed.reason).where(suppressed.subscriber_id.in_(list(by_id)))
    for row in connection.execute(wanted):
        by_id[row.subscriber_id] = replace(by_id[row.subscriber_id], suppressed_for=SuppressionReason(row.reason))
    for number in refusing(connection, newsletter, list(by_id)):
        by_id[number] = replace(by_id[number], has_refused=True)
    return {found.person["email"]: found for found in by_id.values()}


def _add_subscriptions(connection: sa.Connection, newsletter: str, by_id: dict[int, Standing]) -> None:
    columns = schema.subscriptions.c
    wanted = sa.select(columns.id, columns.subscriber_id, columns.status, columns.consent_basis, columns.consent_on)
    rows = connection.execute(
        wanted.where(columns.newsletter == newsletter, columns.subscriber_id.in_(list(by_id)))
    ).all()
    tags = interests_of(connection, [row.id for row in rows])
    for row in rows:
        by_id[row.subscriber_id] = replace(
            by_id[row.subscriber_id],
            subscription_id=row.id,
            status=SubscriptionStatus(row.status),
            consent=Consent(basis=row.consent_basis, on=row.consent_on) if row.consent_on else None,
            interests=frozenset(tags.get(row.id, ())),
        )
