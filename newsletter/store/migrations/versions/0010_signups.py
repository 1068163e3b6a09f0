"""Readers who sign up and who pause: forms and their answers, limits, and until when nobody writes to a reader."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)
_INDEX = ("ix_subscriptions_newsletter_status_subscriber_id", "ix_subscriptions_newsletter_status_subscriber_id_paused_until")
_COLUMNS = ["newsletter", "status", "subscriber_id"]
_PAUSED = "reason = 'suppressed' OR reason = 'paused'"


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("paused_until", _Instant))
    op.drop_index(_INDEX[0], "subscriptions")
    op.create_index(_INDEX[1], "subscriptions", [*_COLUMNS, "paused_until"])
    _signups()
    _answers()
    op.create_table(
        "limits",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("free_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limits")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _allow_paused_in_sqlite() if is_sqlite else _allow_paused()


def _signups() -> None:
    op.create_table(
        "signups",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("newsletter", "email", "address")),
        *(_text(name) for name in ("name", "language")),
        _text("interests", "[]"),
        *(_text(name) for name in ("wording", "network")),
        sa.Column("asked_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
        sqlite_autoincrement=True,
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.LargeBinary(16), nullable=False),
        sa.Column("subscription_id", _Id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        *(_text(name) for name in ("name", "language")),
        _text("interests", "[]"),
        _text("wording"),
        sa.Column("asked_at", _Instant, nullable=False),
        sa.Column("due_at", _Instant),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("used_at", _Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("public_id", name=op.f("uq_answers_public_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_answers_subscription_id")
        ),
        sa.CheckConstraint("kind IN ('confirm', 'known')", name=op.f("ck_answers_kind")),
        sqlite_autoincrement=True,
    )
    for column in ("subscription_id", "due_at"):
        op.create_index(f"ix_answers_{column}", "answers", [column])


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _allow_paused() -> None:
    name = op.f("ck_skips_reason")
    reasons = (
        "unsubscribed", "pending", "suppressed", "paused", "not-in-segment", "already-sent", "too-few-stories", "unaffected",
    )  # fmt: skip
    op.drop_constraint(name, "skips", type_="check")
    op.create_check_constraint(name, "skips", " OR ".join(f"reason = '{reason}'" for reason in reasons))


def _allow_paused_in_sqlite() -> None:
    """As in 0004: a check is only text in the schema, and every row that was fit stays fit."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    told = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'skips'"
    connection.exec_driver_sql(told, ("reason = 'suppressed'", _PAUSED))
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
