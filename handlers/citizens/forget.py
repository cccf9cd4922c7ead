"""A person's wish that we forget this conversation."""

from sqlalchemy import Connection

from storage import conversations, feedback, inbox, outbox


def forget(db: Connection, conversation: int, now: int) -> None:
    """Erases every word of the conversation and cuts it from its person; cannot be undone."""
    conversations.lock(db, conversation)
    inbox.erase(db, conversation)
    outbox.erase(db, conversation)
    feedback.erase(db, conversation)
    conversations.forget(db, conversation, now)
