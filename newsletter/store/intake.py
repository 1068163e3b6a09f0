"""
Take readers in, many at once: what `deciding` says, written a batch at a time.

A million readers come in one transaction, so rows go to the driver as they are, and ids are given here: whoever writes
has the database to themselves.
"""

import secrets
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.consent import ConsentEvent, ConsentRecord
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.consents import suppress, write_log
from newsletter.store.deciding import (
    PERSON_FIELDS,
    Change,
    Overlap,
    Standing,
    TakenIn,
    decide,
    first_status,
    person_change,
)
from newsletter.store.forgotten import suppressions_of_hashes
from newsletter.store.people import email_key
from newsletter.store.standing import standing_of
from newsletter.store.ways import insert_rows, next_ids, stored
from newsletter.subscriber import Consent, Entry, SubscriptionStatus, SuppressionReason

BATCH = 2_000
#: an entry with the line on which it stands in its list
Lined = tuple[int, Entry]


@dataclass(slots=True)
class Intake:
    """One import: where to, who does it, when, and what becomes of those who are there already."""

    newsletter: str
    overlap: Overlap
    actor: str
    now: datetime
    #: by what the readers reached us
    source: str = ""
    #: the line on which a person stood, by their id; four bytes a person
    _lines: "array[int]" = field(default_factory=lambda: array("I"))

    def take(self, connection: sa.Connection, entries: Sequence[Lined]) -> TakenIn:
        """A batch of some thousand. A second entry for a reader, in this batch or an earlier one, is a duplicate."""
        found = TakenIn()
        keyed: dict[str, Lined] = {}
        for line, entry in entries:
            key = email_key(entry.email)
            first = keyed.setdefault(key, (line, entry))
            if first[0] != line:
                found.duplicates.append((line, first[0]))
        standing = standing_of(connection, self.newsletter, list(keyed))
        known = self._first_seen(keyed, standing, found)
        self._meet(connection, standing, known, found)
        new = {key: keyed[key] for key in keyed if key not in known and not self._seen(standing.get(key))}
        self._add(connection, standing, new, found)
        return found

    def _first_seen(
        self, keyed: Mapping[str, Lined], standing: Mapping[str, Standing], found: TakenIn
    ) -> dict[str, Entry]:
        """Those who are readers of the newsletter, and stood on no earlier line."""
        known: dict[str, Entry] = {}
        for key, before in standing.items():
            line, entry = keyed[key]
            earlier = self._seen(before)
            if earlier:
                found.duplicates.append((line, earlier))
            elif before.subscription_id is not None:
                self._see(before.person["id"], line)
                known[key] = entry
        return known

    def _seen(self, before: Standing | None) -> int:
        number = before.person["id"] if before else len(self._lines)
        return self._lines[number] if number < len(self._lines) else 0

    def _see(self, subscriber_id: int, line: int) -> None:
        missing = subscriber_id + 1 - len(self._lines)
        if missing > 0:
            self._lines.frombytes(bytes(missing * self._lines.itemsize))
        self._lines[subscriber_id] = line

    def _meet(
        self, connection: sa.Connection, standing: Mapping[str, Standing], known: Mapping[str, Entry], found: TakenIn
    ) -> None:
        changes = {key: decide(standing[key], entry, self.overlap) for key, entry in known.items()}
        changes = {key: change for key, change in changes.items() if change}
        self._change(connection, standing, {key: (known[key], change) for key, change in changes.items()})
        found.updated = len(changes)
        found.unchanged = len(known) - len(changes)
        for key, entry in known.items():
            change = changes.get(key)
            status = change.subscription.get("status", standing[key].status) if change else standing[key].status
            self._count(found, entry, status, standing[key].suppressed_for)

    @staticmethod
    def _count(
        found: TakenIn, entry: Entry, status: SubscriptionStatus, suppressed_for: SuppressionReason | None
    ) -> None:
        found.pending += status is SubscriptionStatus.PENDING
        wants_mail = entry.status is not SubscriptionStatus.UNSUBSCRIBED and entry.suppressed_for is None
        found.kept_away += wants_mail and (status is SubscriptionStatus.UNSUBSCRIBED or suppressed_for is not None)

    def _change(
        self,
        connection: sa.Connection,
        standing: Mapping[str, Standing],
        changes: Mapping[str, tuple[Entry, Change]],
    ) -> None:
        people, subscriptions, audits, log = [], [], [], []
        for key, (entry, change) in changes.items():
            before = standing[key]
            number = before.person["id"]
            dated = dict(change.subscription)
            if dated.get("status") is SubscriptionStatus.UNSUBSCRIBED:
                dated["unsubscribed_at"] = self.now
            people.append((number, change.person))
            subscriptions.append((before.subscription_id, dated))
            audits.append(self._audit("updated", number, change))
            log += [(number, record) for record in self._records_of_change(entry, change)]
            if change.suppression:
                suppress(connection, number, change.suppression, actor=self.actor, now=self.now)
        _update(connection, schema.subscribers, people)
        _update(connection, schema.subscriptions, subscriptions)
        chosen = {standing[key].subscription_id: change.interests for key, (_, change) in changes.items()}
        _replace_interests(connection, {number: tags for number, tags in chosen.items() if tags is not None})
        write_audit(connection, *audits)
        write_log(connection, log)

    def _records_of_change(self, entry: Entry, change: Change) -> Iterator[ConsentRecord]:
        if "consent_on" in change.subscription and entry.consent:
            yield self._record(ConsentEvent.RECORDED, entry.consent)
        if change.subscription.get("status") is SubscriptionStatus.UNSUBSCRIBED:
            yield self._record(ConsentEvent.UNSUBSCRIBED, None)

    def _record(self, event: ConsentEvent, consent: Consent | None) -> ConsentRecord:
        return ConsentRecord(
            event=event,
            newsletter=self.newsletter,
            at=self.now,
            basis=consent.basis if consent else "",
            given_on=consent.on if consent else None,
            source=self.source,
            wording=consent.wording if consent else "",
            cross_border=consent.cross_border if consent else None,
            actor=self.actor,
        )

    def _add(
        self,
        connection: sa.Connection,
        standing: Mapping[str, Standing],
        new: Mapping[str, Lined],
        found: TakenIn,
    ) -> None:
        """People who are new to this newsletter, and among them those who are new altogether."""
        if not new:
            return
        numbers = {key: standing[key].person["id"] for key in new if key in standing}
        strangers = [key for key in new if key not in numbers]
        numbers.update(zip(strangers, self._add_people(connection, new, strangers), strict=True))
        known = [(standing[key].person, new[key][1]) for key in new if key in standing]
        changed = [(person["id"], person_change(person, entry, update=self.overlap.update)) for person, entry in known]
        _update(connection, schema.subscribers, changed)
        kept = suppressions_of_hashes(connection, strangers)
        self._suppress(connection, kept, numbers, new)
        self._subscribe(connection, standing, numbers, new, kept, found)
        found.added += len(new)

    def _add_people(self, connection: sa.Connection, new: Mapping[str, Lined], keys: Sequence[str]) -> Sequence[int]:
        ids = next_ids(connection, schema.subscribers, len(keys))
        names = ("id", "email", "address", *PERSON_FIELDS, "created_at")
        now = stored(connection, schema.subscribers.c.created_at, self.now)
        rows = []
        for number, key in zip(ids, keys, strict=True):
            entry = new[key][1]
            rows.append(
                (number, key, entry.email, entry.name or "", entry.salutation or "", entry.language or "",
                 entry.company or "", entry.manager or "", entry.zone or "", now)
            )  # fmt: skip
        insert_rows(connection, schema.subscribers, names, rows)
        return ids

    def _suppress(
        self,
        connection: sa.Connection,
        kept: Mapping[str, SuppressionReason],
        numbers: Mapping[str, int],
        new: Mapping[str, Lined],
    ) -> None:
        """Whoever was forgotten, or must stay away as the list itself says."""
        for key, reason in kept.items():
            suppress(connection, numbers[key], reason, actor="newsletter", now=self.now)
        for key, (_, entry) in new.items():
            if entry.suppressed_for:
                suppress(connection, numbers[key], entry.suppressed_for, actor=self.actor, now=self.now)

    def _subscribe(
        self,
        connection: sa.Connection,
        standing: Mapping[str, Standing],
        numbers: Mapping[str, int],
        new: Mapping[str, Lined],
        kept: Mapping[str, SuppressionReason],
        found: TakenIn,
    ) -> None:
        subscriptions, interests, log = [], [], []
        instant, now = schema.subscriptions.c.joined_at, stored(connection, schema.consents.c.at, self.now)
        added, left = ConsentEvent.ADDED.value, ConsentEvent.UNSUBSCRIBED.value
        ids = next_ids(connection, schema.subscriptions, len(new))
        for subscription_id, (key, (line, entry)) in zip(ids, new.items(), strict=True):
            number = numbers[key]
            self._see(number, line)
            before = standing.get(key)
            status = first_status(entry, has_refused=before is not None and before.has_refused)
            left_at = now if status is SubscriptionStatus.UNSUBSCRIBED else None
            basis, on, wording, cross_border = _of_consent(entry.consent)
            joined_at = stored(connection, instant, entry.joined_at) if entry.joined_at else now
            subscriptions.append(
                (subscription_id, secrets.token_bytes(16), number, self.newsletter, status.value, basis, on, joined_at,
                 left_at)
            )  # fmt: skip
            interests += [(subscription_id, tag) for tag in sorted(entry.interests or ())]
            log.append((number, self.newsletter, added, now, basis, on, self.source, wording, cross_border, self.actor))
            if left_at:
                log.append((number, self.newsletter, left, now, "", None, self.source, "", None, self.actor))
            kept_for = kept.get(key) or (before.suppressed_for if before else None)
            self._count(found, entry, status, kept_for)
        insert_rows(connection, schema.subscriptions, _SUBSCRIPTION, subscriptions)
        insert_rows(connection, schema.interests, ("subscription_id", "tag"), interests)
        insert_rows(connection, schema.consents, _LOG, log)

    def _audit(self, action: str, subscriber_id: int, change: Change) -> dict[str, Any]:
        fields = sorted(
            [*change.person, *change.subscription, *(["interests"] if change.interests is not None else [])]
        )
        detail = {"newsletter": self.newsletter, "fields": fields}
        if "status" in change.subscription:
            detail["status"] = change.subscription["status"]
        return audit_row(action, actor=self.actor, at=self.now, subscriber_id=subscriber_id, detail=detail)


_SUBSCRIPTION = (
    "id", "public_id", "subscriber_id", "newsletter", "status", "consent_basis", "consent_on", "joined_at",
    "unsubscribed_at",
)  # fmt: skip
_LOG = (
    "subscriber_id", "newsletter", "event", "at", "basis", "given_on", "source", "wording", "cross_border", "actor",
)  # fmt: skip


def _of_consent(consent: Consent | None) -> tuple[str, Any, str, bool | None]:
    if consent is None:
        return "", None, "", None
    return consent.basis, consent.on.isoformat(), consent.wording, consent.cross_border


def _replace_interests(connection: sa.Connection, chosen: Mapping[int | None, frozenset[str]]) -> None:
    if not chosen:
        return
    connection.execute(sa.delete(schema.interests).where(schema.interests.c.subscription_id.in_(list(chosen))))
    rows = [(number, tag) for number, tags in chosen.items() for tag in sorted(tags)]
    insert_rows(connection, schema.interests, ("subscription_id", "tag"), rows)


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
