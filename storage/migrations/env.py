"""Alembic's own entry: our connection, our tables, no ini file."""

from alembic import context

from storage import conversations, feedback, inbox, keys, limiter, outbox, timers  # noqa: F401  # fill the metadata
from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
