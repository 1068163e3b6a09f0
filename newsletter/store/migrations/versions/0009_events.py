"""What is told of a mail after it has left; and by which event a bounce is known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)
_KINDS = (
    "processed", "deferred", "delivered", "bounced", "blocked", "dropped", "opened", "clicked", "complained",
    "unsubscribed", "unsubscribed-from-all", "resubscribed",
)  # fmt: skip
_BOUNCES = ("dead", "full", "temporary", "policy", "ours", "other")
_BEFORE = "kind IN ('dead', 'full', 'temporary', 'policy', 'other')"
_AFTER = f"kind IN ({', '.join(repr(kind) for kind in _BOUNCES)})"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bounce", sa.Text),
        sa.Column("happened_at", _Instant, nullable=False),
        sa.Column("received_at", _Instant, nullable=False),
        sa.Column("delivery_id", _Id),
        sa.Column("mailing_id", _Id),
        sa.Column("subscriber_id", _Id),
        sa.Column("subscription_id", _Id),
        sa.Column("code", sa.Text, nullable=False, server_default=""),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("url", sa.Text),
        sa.Column("is_machine", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("applied_at", _Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("key", name=op.f("uq_events_key")),
        sa.CheckConstraint(" OR ".join(f"kind = '{kind}'" for kind in _KINDS), name=op.f("ck_events_kind")),
        sa.CheckConstraint(" OR ".join(f"bounce = '{kind}'" for kind in _BOUNCES), name=op.f("ck_events_bounce")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_unapplied", "events", ["id"], sqlite_where=sa.text("applied_at IS NULL"))
    op.create_index("ix_events_mailing_id_kind", "events", ["mailing_id", "kind"])
    op.create_index("ix_events_subscriber_id", "events", ["subscriber_id"])
    op.add_column("bounces", sa.Column("event_id", _Id))
    if op.get_bind().dialect.name == "sqlite":
        _widen_in_sqlite()
    else:
        op.drop_constraint(op.f("ck_bounces_kind"), "bounces", type_="check")
        op.create_check_constraint(op.f("ck_bounces_kind"), "bounces", _AFTER)


def _widen_in_sqlite() -> None:
    """As in 0004: a check is only text in the schema, and every row that was fit stays fit."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    told = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'bounces'"
    connection.exec_driver_sql(told, (_BEFORE, _AFTER))
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
