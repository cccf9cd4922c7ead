"""What people agreed to, and when: rows are only added, the newest of a purpose counts."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    delete,
    insert,
    select,
)

from storage.schema import identity, metadata


class Purpose(StrEnum):
    """What for; each is asked apart."""

    handle = "handle"
    "To handle what the person reports."
    progress = "progress"
    "To tell the person what becomes of it."
    news = "news"
    "To send the person news."


consents = Table(
    "consents",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("version", Text, nullable=False, comment="of the text that was shown"),
    Column("given", Boolean, nullable=False, comment="false: refused or withdrawn"),
    Column("channel", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_c = consents.c
Index("consents_lane", _c.conversation, _c.purpose, _c.id)


def tell(
    db: Connection, conversation: int, channel: str, purpose: Purpose, version: str, given: bool, now: int
) -> None:
    """Keeps one decision."""
    row = {"purpose": purpose.value, "version": version, "given": given, "channel": channel, "told_at": now}
    db.execute(insert(consents).values(conversation=conversation, **row))


def given(db: Connection, conversation: int, purpose: Purpose, version: str) -> bool:
    """Whether the person's newest decision is a yes to this text."""
    wanted = select(_c.given, _c.version).where(_c.conversation == conversation, _c.purpose == purpose.value)
    row = db.execute(wanted.order_by(_c.id.desc()).limit(1)).one_or_none()
    return row is not None and bool(row.given) and row.version == version


def decided(db: Connection, conversation: int, purpose: Purpose) -> bool:
    """Whether the person was asked and answered, whatever the answer."""
    wanted = select(_c.id).where(_c.conversation == conversation, _c.purpose == purpose.value)
    return db.execute(wanted.limit(1)).scalar() is not None


def erase(db: Connection, conversation: int) -> None:
    """Deletes one conversation's decisions."""
    db.execute(delete(consents).where(_c.conversation == conversation))
