"""
Run by Alembic: migrate over the connection, and in the transaction, that the caller brings along.

From 0013 on, each migration names `works_from`: the oldest revision whose program can still work with what it makes.
It keeps the word of the one before it when it only adds: a table, an index, a column that may be empty or has a default
of the server's. It names itself when an older program would fail, or would misread what a newer one writes: a column
that goes or is renamed, a new word in a column of words, a meaning that changes.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context

from newsletter.store.schema import meta, metadata


def note_who_may_stay(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:  # noqa: ARG001 - Alembic's names
    """Older programs ask for it before they open a store that is newer than they are."""
    works_from = getattr(step.up_revision.module, "works_from", None)
    if works_from:
        ctx.connection.execute(sa.delete(meta).where(meta.c.key == "works_from"))
        ctx.connection.execute(sa.insert(meta), {"key": "works_from", "value": works_from})


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place; Alembic then copies it.
    render_as_batch=True,
    on_version_apply=note_who_may_stay,
)
with context.begin_transaction():
    context.run_migrations()
