"""Run by Alembic: migrate over the connection, and in the transaction, that the caller brings along."""

from alembic import context

from newsletter.store.schema import metadata

# SQLite cannot alter a table in place; Alembic then copies it.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
