"""Two versions of the program side by side: a store says which may still work with it. No table changes."""

revision = "0013"
down_revision = "0012"
#: see `newsletter/store/migrations/env.py`
works_from = "0013"


def upgrade() -> None:
    """What it is for is written by whoever runs it: `works_from`."""
