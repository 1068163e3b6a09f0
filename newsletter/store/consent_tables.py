"""The tables of what readers said, and of those who must stay away though nobody knows whose address it was."""

from collections.abc import Iterator

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
    for guard in guards():
        sa.event.listen(consents, "after_create", guard)
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


def guards() -> Iterator[sa.ExecutableDDLElement]:
    """Whoever is known by an address has a log that stands as it was written."""
    known, at = (
        "EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id AND",
        ("instr(email, '@')", "strpos(email, '@')"),
    )
    said = "the consent log is never changed"
    for change in ("UPDATE", "DELETE"):
        name = f"tr_consents_{change.lower()}"
        in_sqlite = (
            f"CREATE TRIGGER {name} BEFORE {change} ON consents WHEN {known} {at[0]} > 0) "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )
        yield sa.DDL(in_sqlite).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
        back = "NEW" if change == "UPDATE" else "OLD"
        in_postgres = (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {known} {at[1]} > 0) THEN RAISE EXCEPTION '{said}'; END IF; RETURN {back}; END $$"
        )
        yield sa.DDL(in_postgres).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
        tied = f"CREATE TRIGGER {name} BEFORE {change} ON consents FOR EACH ROW EXECUTE FUNCTION {name}()"
        yield sa.DDL(tied).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
