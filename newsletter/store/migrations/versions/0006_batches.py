"""Batches: mail that a provider still holds and that can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("mailing_id", _Id, nullable=False),
        sa.Column("run_id", _Id, nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f("fk_batches_mailing_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_batches_run_id")),
        sa.CheckConstraint("state IN ('open', 'cancelled', 'unsure')", name=op.f("ck_batches_state")),
    )
    op.create_index("ix_batches_mailing_id", "batches", ["mailing_id"])
    op.add_column("deliveries", sa.Column("batch_id", sa.Text))
