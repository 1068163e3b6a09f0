"""The tables of what readers said, and of those who must stay away though nobody knows whose address it was."""

import sqlalchemy as sa

from newsletter.consent import ConsentEvent
from newsletter.store.kinds import Id, Instant, id_, often_one_of, one_of, text
from newsletter.subscriber import SuppressionReason


def consent_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    #: what readers said, and how we know: rows are added, never changed, and name nobody but by an id. Only when
    #: somebody is forgotten, the free words of their rows are emptied. No foreign key: a row outlives whom it tells of.
    consents = sa.Table(
        "consents",
        metadata,
        id_(),
        sa.Column("subscriber_id", Id, nullable=False),
        #: "" when it is about all of them
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        text("basis"),
        sa.Column("given_on", sa.Date),
        text("source"),
        text("wording"),
        sa.Column("cross_border", sa.Boolean),
        text("ip"),
        sa.Column("actor", sa.Text, nullable=False),
        often_one_of("event", ConsentEvent),
        sa.Index(None, "subscriber_id"),
        sqlite_autoincrement=True,
    )
    for change in ("UPDATE", "DELETE"):
        sa.event.listen(consents, "after_create", _guard(change))
    #: addresses that must stay away though nobody knows any more whose they are: an HMAC of the address, and why
    forgotten = sa.Table(
        "forgotten",
        metadata,
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("forgotten_at", Instant, nullable=False),
        one_of("reason", SuppressionReason),
    )
    return consents, forgotten


def _guard(change: str) -> sa.ExecutableDDLElement:
    """Whoever is known by an address has a log that stands as it was written."""
    said = (
        f"CREATE TRIGGER tr_consents_{change.lower()} BEFORE {change} ON consents "  # noqa: S608 - our own words
        "WHEN EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id AND instr(email, '@') > 0) "
        "BEGIN SELECT RAISE(ABORT, 'the consent log is never changed'); END"
    )
    return sa.DDL(said).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
