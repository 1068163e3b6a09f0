"""Approved, scheduled and paused mailings; corrections; workers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)
#: by table and column: the words that it may hold, before and after
_WORDS = {
    ("mailings", "status"): (
        "'draft', 'sending', 'sent', 'cancelled'",
        "'draft', 'approved', 'scheduled', 'sending', 'paused', 'sent', 'cancelled'",
    ),
    ("skips", "reason"): (
        "'unsubscribed', 'pending', 'suppressed', 'not-in-segment', 'already-sent', 'too-few-stories'",
        "'unsubscribed', 'pending', 'suppressed', 'not-in-segment', 'already-sent', 'too-few-stories', 'unaffected'",
    ),
}


def upgrade() -> None:
    op.add_column("mailings", sa.Column("send_at", _Instant))
    op.add_column("mailings", sa.Column("pause_reason", sa.Text))
    op.add_column("mailings", sa.Column("corrects_id", _Id))
    op.create_table(
        "workers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", _Instant, nullable=False),
        sa.Column("seen_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _widen_in_sqlite()
    else:
        _widen()


def _widen() -> None:
    for (table, column), (_, words) in _WORDS.items():
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({words})")


def _widen_in_sqlite() -> None:
    """
    A check is only text in the schema, and every row that was fit stays fit.

    The other way, a new table in the place of the old one, would break the keys that lead to it. This one is SQLite's
    own, from "Making Other Kinds Of Table Schema Changes" on its page on ALTER TABLE.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    for (table, column), (before, after) in _WORDS.items():
        told = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?"
        connection.exec_driver_sql(told, (f"{column} IN ({before})", f"{column} IN ({after})", table))
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
