"""The consent log, the hashes of addresses whose readers were forgotten, and checks that cost nothing."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)
_EVENTS = (
    "added", "requested", "confirmed", "recorded", "unsubscribed", "came-back", "complained", "suppressed", "forgotten",
)  # fmt: skip
_REASONS = "'bounced', 'complained', 'manual', 'forgotten'"
#: by table and column: the check before and after. SQLite makes a set of a list anew for every row that is written.
_CHECKS = {
    ("suppressions", "reason"): ("reason IN ('bounced', 'complained', 'manual')", f"reason IN ({_REASONS})"),
    ("subscriptions", "status"): (
        "status IN ('pending', 'confirmed', 'unsubscribed')",
        "status = 'pending' OR status = 'confirmed' OR status = 'unsubscribed'",
    ),
}


def upgrade() -> None:
    _consents()
    op.create_table(
        "forgotten",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("forgotten_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_forgotten")),
        sa.CheckConstraint(f"reason IN ({_REASONS})", name=op.f("ck_forgotten_reason")),
    )
    meta = sa.table("meta", sa.column("key", sa.Text), sa.column("value", sa.Text))
    op.bulk_insert(meta, [{"key": "suppression_key", "value": secrets.token_hex(32)}])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _widen_in_sqlite() if is_sqlite else _widen()
    _begin_the_log()
    _guard_in_sqlite() if is_sqlite else _guard()


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("newsletter", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", _Instant, nullable=False),
        sa.Column("basis", sa.Text, nullable=False, server_default=""),
        sa.Column("given_on", sa.Date),
        sa.Column("source", sa.Text, nullable=False, server_default=""),
        sa.Column("wording", sa.Text, nullable=False, server_default=""),
        sa.Column("cross_border", sa.Boolean),
        sa.Column("ip", sa.Text, nullable=False, server_default=""),
        sa.Column("actor", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.CheckConstraint(" OR ".join(f"event = '{event}'" for event in _EVENTS), name=op.f("ck_consents_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_subscriber_id", "consents", ["subscriber_id"])


def _begin_the_log() -> None:
    """What is known of those who are there already; who wrote it down then, the audit knows."""
    told = "INSERT INTO consents (subscriber_id, newsletter, event, at, basis, given_on, source, actor) SELECT "
    source = "'from before the log', 'newsletter'"
    op.execute(
        f"{told} subscriber_id, newsletter, 'added', joined_at, consent_basis, consent_on, {source} "
        "FROM subscriptions ORDER BY id"
    )
    op.execute(
        f"{told} subscriber_id, newsletter, 'unsubscribed', COALESCE(unsubscribed_at, joined_at), '', NULL, {source} "
        "FROM subscriptions WHERE status = 'unsubscribed' ORDER BY id"
    )
    op.execute(
        f"{told} subscriber_id, '', CASE reason WHEN 'manual' THEN 'suppressed' ELSE 'complained' END, suppressed_at, "
        f"'', NULL, {source} FROM suppressions WHERE reason <> 'bounced' ORDER BY subscriber_id"
    )


def _widen() -> None:
    for (table, column), (_, said) in _CHECKS.items():
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, said)


def _widen_in_sqlite() -> None:
    """As in 0004: a check is only text in the schema, and every row that was fit stays fit."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    told = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?"
    for (table, _), (before, after) in _CHECKS.items():
        connection.exec_driver_sql(told, (before, after, table))
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")


def _guard_in_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_consents_{change.lower()} BEFORE {change} ON consents "
            "WHEN EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id AND instr(email, '@') > 0) "
            "BEGIN SELECT RAISE(ABORT, 'the consent log is never changed'); END"
        )


def _guard() -> None:
    for change, back in (("UPDATE", "NEW"), ("DELETE", "OLD")):
        name = f"tr_consents_{change.lower()}"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id AND strpos(email, '@') > 0) "
            f"THEN RAISE EXCEPTION 'the consent log is never changed'; END IF; RETURN {back}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON consents FOR EACH ROW EXECUTE FUNCTION {name}()")
