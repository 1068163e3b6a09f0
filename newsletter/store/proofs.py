"""Which mailings were shown as a proof, and how two mailings of one issue differ in their readers."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import Mailing
from newsletter.store import schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.database import Database
from newsletter.store.rows import SELECT_MAILINGS, Person, as_mailing, in_pages

_mailing, _proof, _person = schema.mailings.c, schema.proofs.c, schema.subscribers.c


class Proofs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, mailing_id: int, *, actor: str, now: datetime) -> None:
        with self._database.writing() as connection:
            values = {"mailing_id": mailing_id, "made_by": actor, "made_at": now}
            connection.execute(sa.insert(schema.proofs).values(values))
            write_audit(connection, audit_row("proofed", actor=actor, at=now, mailing_id=mailing_id))

    def before(self, mailing: Mailing) -> Mailing | None:
        """
        The last mailing of the same issue to the same segment of which a proof was shown before this one was planned.

        Two proofs of one mailing say the same: nothing of it can change in between.
        """
        same = (
            _mailing.newsletter == mailing.newsletter,
            _mailing.slug == mailing.slug,
            _mailing.segment == mailing.segment,
            _mailing.id < mailing.id,
        )
        shown = sa.exists().where(_proof.mailing_id == _mailing.id)
        wanted = SELECT_MAILINGS.where(*same, shown).order_by(_mailing.id.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(wanted).first()
        return as_mailing(found) if found else None

    def readers_only_in(self, mailing_id: int, other_id: int) -> list[Person]:
        """Planned for the one, and not for the other."""
        ours, theirs = schema.deliveries.alias("ours"), schema.deliveries.alias("theirs")
        same = sa.and_(theirs.c.subscriber_id == ours.c.subscriber_id, theirs.c.mailing_id == other_id)
        joined = ours.join(schema.subscribers, _person.id == ours.c.subscriber_id).outerjoin(theirs, same)
        wanted = sa.select(_person.address, _person.name).select_from(joined)
        wanted = wanted.where(ours.c.mailing_id == mailing_id, theirs.c.id.is_(None)).order_by(ours.c.id)
        return self._people(wanted)

    def readers_of_both(self, mailing_id: int, other_id: int) -> Iterator[tuple[Person, str, str]]:
        """Planned for both, with the hash of the edition of either."""
        ours, theirs = schema.deliveries.alias("ours"), schema.deliveries.alias("theirs")
        now, then = schema.editions.alias("now"), schema.editions.alias("then")
        same = sa.and_(theirs.c.subscriber_id == ours.c.subscriber_id, theirs.c.mailing_id == other_id)
        joined = ours.join(schema.subscribers, _person.id == ours.c.subscriber_id).join(theirs, same)
        joined = joined.join(now, now.c.id == ours.c.edition_id).join(then, then.c.id == theirs.c.edition_id)
        columns = (_person.address, _person.name, now.c.hash, then.c.hash.label("before"), ours.c.id)
        wanted = sa.select(*columns).select_from(joined).where(ours.c.mailing_id == mailing_id)
        for row in in_pages(self._database, wanted, ours.c.id, lambda row: row.id):
            yield Person(row.address, row.name), row.hash, row.before

    def _people(self, wanted: sa.Select[tuple[str, str]]) -> list[Person]:
        with self._database.reading() as connection:
            return [Person(row.address, row.name) for row in connection.execute(wanted)]
