"""How many readers of a mailing had named no interests. None for those planned before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("mailings", sa.Column("without_interests", sa.Integer))
