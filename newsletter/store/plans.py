"""Mailings as they were planned: save one, find it, and give back what it will send."""

import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import ENDED, DeliveryState, Mailing, MailingStatus
from newsletter.edition import CompiledIssue
from newsletter.errors import Finding, RefusedError, Severity
from newsletter.plan import Draft, Plan, PlannedEdition, audience_hash
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.rows import SELECT_MAILINGS, as_mailing, the_mailing
from newsletter.store.ways import insist_no_plan

_mailing, _edition, _delivery = schema.mailings.c, schema.editions.c, schema.deliveries.c

#: a reader with such a delivery has the issue, or may have it
HOLDING = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.CLAIMED)
OPEN = tuple(status for status in MailingStatus if status not in ENDED)


class Plans:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save_plan(
        self,
        plan: Plan,
        *,
        actor: str,
        now: datetime,
        status: MailingStatus = MailingStatus.DRAFT,
        findings: Sequence[Finding] | None = None,
    ) -> Mailing:
        """Write the mailing, every delivery and every skip in one transaction, and what `check` said, if known."""
        with self._database.writing() as connection:
            insist_no_plan(connection)
            mailing_id = insert_mailing(connection, plan, status=status, actor=actor, now=now)
            note_findings(connection, mailing_id, findings)
            _insert_deliveries(connection, mailing_id, plan)
            _insert_skips(connection, mailing_id, plan)
            counted = {"planned": len(plan.deliveries), "skipped": len(plan.skips)}
            told = audit_row("planned", actor=actor, at=now, mailing_id=mailing_id, detail=counted)
            write_audit(connection, told)
            return the_mailing(connection, mailing_id)

    def find(self, ref: int | str) -> Mailing:
        """
        By id, or the newest mailing of a slug.

        :raises RefusedError: if there is none
        """
        with self._database.reading() as connection:
            if isinstance(ref, int) or (ref.isascii() and ref.isdecimal() and len(ref) < 19):
                return the_mailing(connection, int(ref))
            wanted = SELECT_MAILINGS.where(_mailing.slug == ref).order_by(_mailing.id.desc()).limit(1)
            found = connection.execute(wanted).first()
        if found is None:
            raise RefusedError(f"there is no mailing of {ref!r}", fix="see newsletter mailings list")
        return as_mailing(found)

    def recent(self, limit: int = 20) -> list[Mailing]:
        """The newest first."""
        with self._database.reading() as connection:
            wanted = SELECT_MAILINGS.order_by(_mailing.id.desc()).limit(limit)
            return [as_mailing(row) for row in connection.execute(wanted)]

    def open_for(self, newsletter: str, slug: str, segment: str) -> Mailing | None:
        """The newest mailing of the issue to that segment that has not ended."""
        same = (_mailing.newsletter == newsletter, _mailing.slug == slug, _mailing.segment == segment)
        wanted = SELECT_MAILINGS.where(*same, _mailing.status.in_(OPEN)).order_by(_mailing.id.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(wanted).first()
        return as_mailing(found) if found else None

    def compiled(self, mailing_id: int) -> CompiledIssue:
        """The issue as it was planned, whatever became of its file since."""
        with self._database.reading() as connection:
            the_mailing(connection, mailing_id)
            packed = connection.execute(sa.select(_mailing.compiled).where(_mailing.id == mailing_id)).scalar_one()
        return CompiledIssue.from_json(zlib.decompress(packed).decode())

    def findings(self, mailing_id: int) -> list[Finding] | None:
        """What `check` said when it was planned; None when nobody wrote it down."""
        with self._database.reading() as connection:
            told = connection.execute(sa.select(_mailing.findings).where(_mailing.id == mailing_id)).scalar()
        if told is None:
            return None
        return [Finding(**found | {"severity": Severity(found["severity"])}) for found in json.loads(told)]

    def planned_editions(self, mailing_id: int) -> list[tuple[int, PlannedEdition]]:
        """Each edition's id, and the edition; nobody's deliveries are counted."""
        columns = (_edition.id, _edition.hash, _edition.stories, _edition.subject)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(*columns).where(_edition.mailing_id == mailing_id)).all()
        return [(row.id, PlannedEdition(row.hash, tuple(json.loads(row.stories)), row.subject)) for row in rows]

    def editions(self, mailing_id: int) -> list[tuple[int, PlannedEdition, int]]:
        """Each edition's id, the edition, and how many readers it was planned for."""
        readers = sa.func.count(_delivery.id)
        columns = (_edition.id, _edition.hash, _edition.stories, _edition.subject)
        joined = schema.editions.outerjoin(schema.deliveries, _delivery.edition_id == _edition.id)
        wanted = sa.select(*columns, readers.label("readers")).select_from(joined)
        wanted = wanted.where(_edition.mailing_id == mailing_id).group_by(*columns).order_by(_edition.id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return [
            (row.id, PlannedEdition(row.hash, tuple(json.loads(row.stories)), row.subject), row.readers) for row in rows
        ]


def insert_mailing(
    connection: sa.Connection, plan: Plan | Draft, *, status: MailingStatus, actor: str, now: datetime
) -> int:
    head = plan.compiled.letterhead
    made = sa.insert(schema.mailings).returning(_mailing.id)
    values = {
        "newsletter": head.newsletter,
        "slug": head.slug,
        "title": head.title,
        "segment": plan.segment,
        "status": status,
        "again": plan.again,
        "content_hash": plan.content_hash,
        #: known once the deliveries have their ids
        "audience_hash": "",
        "compiled": zlib.compress(plan.compiled.to_json().encode()),
        "planned_at": now,
        "planned_by": actor,
        "without_interests": plan.without_interests,
        "corrects_id": plan.corrects_id if isinstance(plan, Plan) else None,
    }
    return int(connection.execute(made, values).scalar_one())


def insert_edition(connection: sa.Connection, mailing_id: int, edition: PlannedEdition) -> int:
    values = {"hash": edition.hash, "stories": json.dumps(edition.stories), "subject": edition.subject}
    made = sa.insert(schema.editions).returning(_edition.id)
    return int(connection.execute(made, {"mailing_id": mailing_id} | values).scalar_one())


def note_findings(connection: sa.Connection, mailing_id: int, findings: Sequence[Finding] | None) -> None:
    if findings is not None:
        told = json.dumps([finding.as_json() for finding in findings], ensure_ascii=False)
        connection.execute(sa.update(schema.mailings).where(_mailing.id == mailing_id).values(findings=told))


def _insert_deliveries(connection: sa.Connection, mailing_id: int, plan: Plan) -> None:
    edition_ids = {edition.hash: insert_edition(connection, mailing_id, edition) for edition in plan.editions}
    rows = [
        {
            "mailing_id": mailing_id,
            "edition_id": edition_ids[delivery.edition_hash],
            "subscriber_id": delivery.subscriber_id,
            "subscription_id": delivery.subscription_id,
            "state": DeliveryState.PLANNED,
        }
        for delivery in plan.deliveries
    ]
    # An edition's deliveries stand together: claiming a batch of one edition then reads neighbours.
    _insert(connection, schema.deliveries, sorted(rows, key=lambda row: row["edition_id"]))
    hashes = {edition_id: edition_hash for edition_hash, edition_id in edition_ids.items()}
    wanted = sa.select(_delivery.id, _delivery.edition_id).where(_delivery.mailing_id == mailing_id)
    pairs = [(delivery_id, hashes[edition_id]) for delivery_id, edition_id in connection.execute(wanted)]
    this = _mailing.id == mailing_id
    connection.execute(sa.update(schema.mailings).where(this).values(audience_hash=audience_hash(pairs)))


def _insert_skips(connection: sa.Connection, mailing_id: int, plan: Plan) -> None:
    rows = [
        {"mailing_id": mailing_id, "subscriber_id": skip.subscriber_id, "reason": skip.reason} for skip in plan.skips
    ]
    _insert(connection, schema.skips, rows)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    if rows := list(rows):
        connection.execute(sa.insert(table), rows)
