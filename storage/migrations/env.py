"""Alembic's own entry: our connection, our tables, no ini file."""

from alembic import context

from storage import (  # fill the metadata
    attachments,  # noqa: F401
    consents,  # noqa: F401
    conversations,  # noqa: F401
    feedback,  # noqa: F401
    inbox,  # noqa: F401
    keys,  # noqa: F401
    limiter,  # noqa: F401
    lockouts,  # noqa: F401
    outbox,  # noqa: F401
    staged,  # noqa: F401
    submissions,  # noqa: F401
    timers,  # noqa: F401
    unanswered,  # noqa: F401
    uploads,  # noqa: F401
)
from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
