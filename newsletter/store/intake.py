"""
Take readers in, many at once.

What may happen to somebody who is already there is decided by `decide`, without I/O. An import never lifts an
unsubscription or a suppression, and never replaces or weakens a consent that is on record: that is the proof.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.people import email_key, interests_of
from newsletter.subscriber import Consent, Entry, SubscriptionStatus

_BATCH = 2_000
_PERSON_FIELDS = ("name", "salutation", "language", "company", "manager", "zone")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the entries; the first three add up to them."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    #: how many of them stand as pending now
    pending: int = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """Somebody who is already there; without a subscription id only as a reader of other newsletters."""

    person: dict[str, Any]
    subscription_id: int | None = None
    status: SubscriptionStatus = SubscriptionStatus.PENDING
    consent: Consent | None = None
    interests: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Change:
    """What to write for one entry; nothing at all leaves the reader as they stand."""

    person: dict[str, Any] = field(default_factory=dict)
    subscription: dict[str, Any] = field(default_factory=dict)
    interests: frozenset[str] | None = None

    def __bool__(self) -> bool:
        return bool(self.person or self.subscription) or self.interests is not None


@dataclass(frozen=True, slots=True)
class Intake:
    """One import: where to, who does it, when, and whether it may overwrite."""

    newsletter: str
    update: bool
    actor: str
    now: datetime

    def take(self, connection: sa.Connection, entries: Iterable[Entry]) -> TakenIn:
        total = TakenIn()
        for batch in _batches(entries):
            found = self._take_batch(connection, batch)
            total = TakenIn(
                total.added + found.added,
                total.updated + found.updated,
                total.unchanged + found.unchanged,
                total.pending + found.pending,
            )
        return total

    def _take_batch(self, connection: sa.Connection, batch: dict[str, Entry]) -> TakenIn:
        standing = _standing(connection, self.newsletter, list(batch))
        known = {key: entry for key, entry in batch.items() if _subscription_id(standing, key) is not None}
        changes = {key: decide(standing[key], entry) for key, entry in known.items()} if self.update else {}
        changes = {key: change for key, change in changes.items() if change}
        self._change(connection, standing, changes)
        new = {key: entry for key, entry in batch.items() if key not in known}
        statuses = self._add(connection, standing, new)
        for key in known:
            change = changes.get(key)
            statuses.append(change.subscription.get("status", standing[key].status) if change else standing[key].status)
        pending = statuses.count(SubscriptionStatus.PENDING)
        return TakenIn(len(new), len(changes), len(known) - len(changes), pending)

    def _change(self, connection: sa.Connection, standing: dict[str, _Standing], changes: dict[str, _Change]) -> None:
        people, subscriptions, audits = [], [], []
        for key, change in changes.items():
            before = standing[key]
            dated = dict(change.subscription)
            if dated.get("status") is SubscriptionStatus.UNSUBSCRIBED:
                dated["unsubscribed_at"] = self.now
            people.append((before.person["id"], change.person))
            subscriptions.append((before.subscription_id, dated))
            audits.append(self._audit("updated", before.person["id"], change))
        _update(connection, schema.subscribers, people)
        _update(connection, schema.subscriptions, subscriptions)
        chosen = {standing[key].subscription_id: change.interests for key, change in changes.items()}
        _replace_interests(connection, {number: tags for number, tags in chosen.items() if tags is not None})
        write_audit(connection, *audits)

    def _add(
        self, connection: sa.Connection, standing: dict[str, _Standing], new: dict[str, Entry]
    ) -> list[SubscriptionStatus]:
        """People who are new to this newsletter, and among them those who are new altogether."""
        if not new:
            return []
        self._add_people(connection, {key: entry for key, entry in new.items() if key not in standing})
        known = {key: standing[key].person for key in new if key in standing}
        _update(
            connection,
            schema.subscribers,
            [(person["id"], _person_change(person, new[key], self.update)) for key, person in known.items()],
        )
        ids = _ids(connection, schema.subscribers.c.email, list(new))
        rows = [self._subscription(ids[key], entry) for key, entry in new.items()]
        _insert(connection, schema.subscriptions, rows)
        by_public_id = _ids(connection, schema.subscriptions.c.public_id, [row["public_id"] for row in rows])
        subscribed = (by_public_id[row["public_id"]] for row in rows)
        _insert(
            connection, schema.interests, _interests(zip(subscribed, (e.interests for e in new.values()), strict=True))
        )
        write_audit(connection, *(self._added(row) for row in rows))
        return [row["status"] for row in rows]

    def _add_people(self, connection: sa.Connection, new: dict[str, Entry]) -> None:
        rows = [
            {name: getattr(entry, name) or "" for name in _PERSON_FIELDS}
            | {"email": key, "address": entry.email, "created_at": self.now}
            for key, entry in new.items()
        ]
        _insert(connection, schema.subscribers, rows)

    def _subscription(self, subscriber_id: int, entry: Entry) -> dict[str, Any]:
        status = first_status(entry)
        return {
            "public_id": secrets.token_bytes(16),
            "subscriber_id": subscriber_id,
            "newsletter": self.newsletter,
            "status": status,
            "consent_basis": entry.consent.basis if entry.consent else "",
            "consent_on": entry.consent.on if entry.consent else None,
            "joined_at": self.now,
            "unsubscribed_at": self.now if status is SubscriptionStatus.UNSUBSCRIBED else None,
        }

    def _added(self, row: dict[str, Any]) -> dict[str, Any]:
        detail = {"newsletter": self.newsletter, "status": row["status"]}
        return audit_row("added", actor=self.actor, at=self.now, subscriber_id=row["subscriber_id"], detail=detail)

    def _audit(self, action: str, subscriber_id: int, change: _Change) -> dict[str, Any]:
        fields = sorted(
            [*change.person, *change.subscription, *(["interests"] if change.interests is not None else [])]
        )
        detail = {"newsletter": self.newsletter, "fields": fields}
        if "status" in change.subscription:
            detail["status"] = change.subscription["status"]
        return audit_row(action, actor=self.actor, at=self.now, subscriber_id=subscriber_id, detail=detail)


def first_status(entry: Entry) -> SubscriptionStatus:
    """The status with which somebody comes in: nobody is confirmed without a consent."""
    wanted = entry.status or SubscriptionStatus.CONFIRMED
    if wanted is SubscriptionStatus.CONFIRMED and entry.consent is None:
        return SubscriptionStatus.PENDING
    return wanted


def decide(standing: _Standing, entry: Entry) -> _Change:
    """What an entry that may overwrite changes about somebody who is already a reader."""
    interests = entry.interests if entry.interests != standing.interests else None
    return _Change(
        _person_change(standing.person, entry, update=True), _subscription_change(standing, entry), interests
    )


def _person_change(person: dict[str, Any], entry: Entry, update: bool) -> dict[str, Any]:
    written = {name: getattr(entry, name) for name in _PERSON_FIELDS}
    change = {name: value for name, value in written.items() if value is not None and value != person[name]}
    if not update:
        return {name: value for name, value in change.items() if person[name] == ""}
    return change | ({"address": entry.email} if entry.email != person["address"] else {})


def _subscription_change(standing: _Standing, entry: Entry) -> dict[str, Any]:
    if standing.status is SubscriptionStatus.UNSUBSCRIBED:
        return {}
    change: dict[str, Any] = {}
    consent = standing.consent or entry.consent
    if consent is not standing.consent and consent is not None:
        change |= {"consent_basis": consent.basis, "consent_on": consent.on}
    wanted = entry.status or (SubscriptionStatus.CONFIRMED if entry.consent else None)
    leaves = wanted is SubscriptionStatus.UNSUBSCRIBED
    rises = wanted is SubscriptionStatus.CONFIRMED and consent is not None
    if leaves or (rises and standing.status is SubscriptionStatus.PENDING):
        change["status"] = wanted
    return change


def _batches(entries: Iterable[Entry]) -> Iterator[dict[str, Entry]]:
    """By key. An address that comes a second time begins a new batch, so that it meets what the first one wrote."""
    batch: dict[str, Entry] = {}
    for entry in entries:
        key = email_key(entry.email)
        if key in batch or len(batch) == _BATCH:
            yield batch
            batch = {}
        batch[key] = entry
    if batch:
        yield batch


def _subscription_id(standing: dict[str, _Standing], key: str) -> int | None:
    return standing[key].subscription_id if key in standing else None


def _standing(connection: sa.Connection, newsletter: str, keys: Sequence[str]) -> dict[str, _Standing]:
    people = connection.execute(sa.select(schema.subscribers).where(schema.subscribers.c.email.in_(keys)))
    by_id = {row.id: _Standing(dict(row._mapping)) for row in people}
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
    return {found.person["email"]: found for found in by_id.values()}


def _interests(pairs: Iterable[tuple[int | None, frozenset[str] | None]]) -> list[dict[str, Any]]:
    return [{"subscription_id": number, "tag": tag} for number, tags in pairs for tag in sorted(tags or ())]


def _replace_interests(connection: sa.Connection, chosen: dict[int | None, frozenset[str]]) -> None:
    connection.execute(sa.delete(schema.interests).where(schema.interests.c.subscription_id.in_(list(chosen))))
    _insert(connection, schema.interests, _interests(chosen.items()))


def _ids(connection: sa.Connection, column: sa.Column[Any], values: list[Any]) -> dict[Any, int]:
    """Ids of rows by a unique column. Cheaper than to ask each insert for them."""
    wanted = sa.select(column, column.table.c.id).where(column.in_(values))
    return {row[0]: row.id for row in connection.execute(wanted)}


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _update(connection: sa.Connection, table: sa.Table, changes: Iterable[tuple[int | None, dict[str, Any]]]) -> None:
    """Rows that change in the same columns go together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row_id, values in changes:
        if values:
            alike.setdefault(tuple(sorted(values)), []).append(
                {"row": row_id} | {f"new_{name}": value for name, value in values.items()}
            )
    for names, rows in alike.items():
        told = sa.update(table).where(table.c.id == sa.bindparam("row"))
        connection.execute(
            told.values({name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}), rows
        )
