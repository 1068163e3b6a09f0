"""What of a newsletter stands in its archive: issues that have left, as long as nobody takes them out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import AnyRow, Database
from newsletter.store.rows import the_mailing

_mailing, _delivery, _act = schema.mailings.c, schema.deliveries.c, schema.audit.c
_HIDDEN, _SHOWN = "archive-hidden", "archive-shown"
#: mail into a folder is a rehearsal
_NOWHERE = "outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An issue as it is remembered: all mailings of a slug are one, and its corrections are another."""

    slug: str
    is_correction: bool
    #: the newest of its mailings: what is shown is what the last readers got
    mailing_id: int
    corrects_id: int | None
    first_sent_at: datetime
    last_sent_at: datetime


class Archive:
    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, newsletter: str) -> int:
        with self._database.reading() as connection:
            wanted = sa.select(sa.func.count()).select_from(_kept(newsletter).subquery())
            return int(connection.execute(wanted).scalar_one())

    def issues(self, newsletter: str, *, limit: int, offset: int = 0) -> list[Archived]:
        """The one that left last comes first; one that was sent again keeps its place."""
        kept = _kept(newsletter).subquery()
        return self._found(_archived(kept).order_by(kept.c.first_id.desc()).limit(limit).offset(offset))

    def find(self, newsletter: str, slug: str, *, is_correction: bool) -> Archived | None:
        kept = _kept(newsletter, _mailing.slug == slug, _mailing.corrects_id.is_not(None) == is_correction).subquery()
        return next(iter(self._found(_archived(kept))), None)

    def corrections(self, newsletter: str, archived: Archived) -> list[Archived]:
        """Of an issue, by any of its mailings; the first one first."""
        wrong = schema.mailings.alias("wrong")
        same = (wrong.c.slug == archived.slug, wrong.c.corrects_id.is_not(None) == archived.is_correction)
        wrong_ids = sa.select(wrong.c.id).where(wrong.c.newsletter == newsletter, *same)
        kept = _kept(newsletter, _mailing.corrects_id.in_(wrong_ids)).subquery()
        return self._found(_archived(kept).order_by(kept.c.first_id))

    def all_corrected(self, newsletter: str) -> frozenset[tuple[str, bool]]:
        """Slugs of issues of which a correction stands in the archive, each with whether it is a correction itself."""
        kept, wrong = _kept(newsletter, _mailing.corrects_id.is_not(None)).subquery(), schema.mailings.alias("wrong")
        joined = kept.join(schema.mailings, _mailing.id == kept.c.last_id)
        joined = joined.join(wrong, wrong.c.id == _mailing.corrects_id)
        wanted = sa.select(wrong.c.slug, wrong.c.corrects_id.is_not(None)).select_from(joined)
        with self._database.reading() as connection:
            return frozenset((row[0], bool(row[1])) for row in connection.execute(wanted))

    def corrected(self, newsletter: str, archived: Archived) -> Archived | None:
        """The issue that a correction is about; None when it is none, or that one was taken out."""
        if archived.corrects_id is None:
            return None
        with self._database.reading() as connection:
            columns = (_mailing.slug, _mailing.corrects_id.is_not(None).label("is_correction"))
            row = connection.execute(sa.select(*columns).where(_mailing.id == archived.corrects_id)).first()
        return self.find(newsletter, row.slug, is_correction=bool(row.is_correction)) if row else None

    def hide(self, mailing_id: int, *, actor: str, now: datetime) -> None:
        """Take its issue out, whichever of its mailings this one is."""
        self._note(_HIDDEN, mailing_id, actor, now)

    def show(self, mailing_id: int, *, actor: str, now: datetime) -> None:
        """Take it in again."""
        self._note(_SHOWN, mailing_id, actor, now)

    def _note(self, action: str, mailing_id: int, actor: str, now: datetime) -> None:
        with self._database.writing() as connection:
            the_mailing(connection, mailing_id)
            write_audit(connection, audit_row(action, actor=actor, at=now, mailing_id=mailing_id))

    def _found(self, wanted: sa.Select[Any]) -> list[Archived]:
        with self._database.reading() as connection:
            return [_as_archived(row) for row in connection.execute(wanted)]


def _kept(newsletter: str, *only: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """
    Issues with a mailing that has reached somebody, but for those of which the last word was to take them out.

    :param only: of the mailings
    """
    has_arrived = sa.exists().where(_delivery.mailing_id == _mailing.id, _delivery.state == DeliveryState.ACCEPTED)
    # Who cancels a mailing half way has seen that it should not go out.
    left = (_mailing.started_at.is_not(None), _mailing.status != MailingStatus.CANCELLED, has_arrived)
    is_correction = _mailing.corrects_id.is_not(None)
    columns = (
        _mailing.slug,
        is_correction.label("is_correction"),
        sa.func.min(_mailing.id).label("first_id"),
        sa.func.max(_mailing.id).label("last_id"),
        sa.func.min(_mailing.started_at).label("first_sent_at"),
        sa.func.max(_mailing.started_at).label("last_sent_at"),
    )
    sent = sa.select(*columns).where(_mailing.newsletter == newsletter, _mailing.transport != _NOWHERE, *left, *only)
    groups = sent.group_by(_mailing.slug, is_correction).subquery("issues")
    return sa.select(groups).where(_last_word(newsletter, groups).is_distinct_from(_HIDDEN))


def _last_word(newsletter: str, groups: sa.Subquery) -> sa.ScalarSelect[Any]:
    """The audit is the memory of it: what was said last about any mailing of the issue."""
    one = schema.mailings.alias("one")
    same = (one.c.slug == groups.c.slug, one.c.corrects_id.is_not(None) == groups.c.is_correction)
    said = sa.select(_act.action).select_from(schema.audit.join(one, one.c.id == _act.mailing_id))
    said = said.where(one.c.newsletter == newsletter, *same, _act.action.in_((_HIDDEN, _SHOWN)))
    return said.order_by(_act.id.desc()).limit(1).correlate(groups).scalar_subquery()


def _archived(kept: sa.Subquery) -> sa.Select[Any]:
    joined = kept.join(schema.mailings, _mailing.id == kept.c.last_id)
    return sa.select(kept, _mailing.corrects_id).select_from(joined)


def _as_archived(row: AnyRow) -> Archived:
    return Archived(
        slug=row.slug,
        is_correction=bool(row.is_correction),
        mailing_id=row.last_id,
        corrects_id=row.corrects_id,
        first_sent_at=row.first_sent_at,
        last_sent_at=row.last_sent_at,
    )
