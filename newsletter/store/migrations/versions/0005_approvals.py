"""Who approved what, which proofs were shown, and what `check` said when a mailing was planned."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("mailings", sa.Column("findings", sa.Text))
    _of_a_mailing(
        "approvals",
        sa.Column("approved_by", sa.Text, nullable=False),
        sa.Column("approved_at", _Instant, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("audience_hash", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    )
    _of_a_mailing(
        "proofs",
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", _Instant, nullable=False),
    )


def _of_a_mailing(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("mailing_id", _Id, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailings.id"], name=op.f(f"fk_{name}_mailing_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{name}_mailing_id", name, ["mailing_id"])
