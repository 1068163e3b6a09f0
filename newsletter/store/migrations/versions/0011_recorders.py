"""Where a run's flight recorder lies, for several runs may be at work on one mailing, on several machines."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("runs", sa.Column("recorder", sa.Text, nullable=False, server_default=""))
