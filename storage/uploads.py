"""What a provider has of ours already: a file is uploaded once, then sent by the provider's own name."""

from sqlalchemy import Column, Connection, Table, Text, bindparam, delete, select

from storage.rows import insert_once
from storage.schema import metadata

uploads = Table(
    "uploads",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="names the content, see storage.shapes.Media"),
    Column("handle", Text, nullable=False, comment="the provider's name for it"),
)
_HANDLE = select(uploads.c.handle).where(
    uploads.c.channel == bindparam("channel"), uploads.c.key == bindparam("key")
)


def handle(db: Connection, channel: str, key: str) -> str | None:
    """The provider's name for a file; None if it was never uploaded."""
    return db.execute(_HANDLE, {"channel": channel, "key": key}).scalar()


def remember(db: Connection, channel: str, key: str, handle: str) -> None:
    """Keeps the provider's name."""
    insert_once(db, uploads, channel=channel, key=key, handle=handle)


def forget(db: Connection, channel: str, key: str) -> None:
    """The provider does not know it any more: it is uploaded again."""
    db.execute(delete(uploads).where(uploads.c.channel == channel, uploads.c.key == key))
