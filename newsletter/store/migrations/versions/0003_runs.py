"""Runs: which sender holds a delivery, by a number that only grows. Bounces; paces that all workers share."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("place", sa.Text, nullable=False, server_default=""),
        sa.Column("started_at", _Instant, nullable=False),
        sa.Column("beat_at", _Instant, nullable=False),
        sa.Column("ended_at", _Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f("fk_runs_mailing_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_mailing_id", "runs", ["mailing_id"])
    op.create_table(
        "bounces",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _Id, nullable=False),
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bounced_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("fk_bounces_subscriber_id")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f("fk_bounces_mailing_id")),
        sa.CheckConstraint(
            "kind IN ('dead', 'full', 'temporary', 'policy', 'other')", name=op.f("ck_bounces_kind")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bounces_subscriber_id", "bounces", ["subscriber_id"])
    op.create_index("ix_bounces_mailing_id", "bounces", ["mailing_id"])
    op.create_table(
        "paces",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("free_at", _Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paces")),
    )
    op.add_column("deliveries", sa.Column("run_id", _Id))
    # Whoever held something under the old name is dead by now; the first sender to come settles it.
    op.drop_column("deliveries", "holder")
