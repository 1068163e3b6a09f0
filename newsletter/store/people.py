"""How a person's rows become a Subscriber, and by which key an address is found."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.database import AnyRow
from newsletter.subscriber import Consent, Subscriber, SubscriptionStatus, SuppressionReason

_person, _subscription, _suppression = schema.subscribers.c, schema.subscriptions.c, schema.suppressions.c

#: everything of a Subscriber but the interests
SELECT_SUBSCRIBERS = sa.select(
    _person.id.label("subscriber_id"),
    _subscription.id.label("subscription_id"),
    _subscription.public_id,
    _subscription.newsletter,
    _person.address.label("email"),
    _person.name,
    _person.salutation,
    _person.language,
    _person.company,
    _person.manager,
    _person.zone,
    _subscription.status,
    _subscription.consent_basis,
    _subscription.consent_on,
    _subscription.joined_at,
    _suppression.reason.label("suppressed_for"),
    _subscription.paused_until,
).select_from(schema.subscriptions.join(schema.subscribers).outerjoin(schema.suppressions))


def email_key(address: str) -> str:
    """What two spellings of one address have in common. The domain is already in ASCII where it comes from a file."""
    key = unicodedata.normalize("NFC", address.strip()).lower()
    return key if key.isascii() else _with_ascii_domain(key)


def _with_ascii_domain(key: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(key, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return key
    return f"{found.local_part}@{found.ascii_domain}".lower()


def with_interests(connection: sa.Connection, rows: Sequence[AnyRow]) -> Iterator[Subscriber]:
    """Readers in the order of their rows. At most a few thousand at once: their ids stand in one statement."""
    tags = interests_of(connection, [row.subscription_id for row in rows])
    for row in rows:
        yield _subscriber(row, frozenset(tags.get(row.subscription_id, ())))


def interests_of(connection: sa.Connection, subscription_ids: Iterable[int]) -> dict[int, set[str]]:
    columns = schema.interests.c
    wanted = sa.select(columns.subscription_id, columns.tag).where(columns.subscription_id.in_(list(subscription_ids)))
    found: dict[int, set[str]] = {}
    for subscription_id, tag in connection.execute(wanted):
        found.setdefault(subscription_id, set()).add(tag)
    return found


def _subscriber(row: AnyRow, interests: frozenset[str]) -> Subscriber:
    values = row._asdict()
    basis, on = values.pop("consent_basis"), values.pop("consent_on")
    values["status"] = SubscriptionStatus(values["status"])
    values["suppressed_for"] = SuppressionReason(row.suppressed_for) if row.suppressed_for else None
    return Subscriber(**values, interests=interests, consent=Consent(basis=basis, on=on) if on else None)
