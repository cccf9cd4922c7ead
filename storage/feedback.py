"""What people think of this service itself; read by whoever runs it."""

import msgspec
from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Table, delete, insert, select

from storage.schema import identity, metadata
from storage.sealing import Sealed

feedback = Table(
    "feedback",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), nullable=False),
    Column("told", Sealed("feedback.told"), nullable=False),
    Column("told_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)


class Feedback(Struct, frozen=True, omit_defaults=True):
    """What was said, and how its author wants to be reached (None: not at all)."""

    what: str
    contact: str | None = None
    files: tuple[int, ...] = ()
    "Ids of attachments."


def tell(db: Connection, conversation: int, told: Feedback, now: int) -> int:
    """Keeps one feedback; its id."""
    row = {"conversation": conversation, "told": msgspec.json.encode(told), "told_at": now}
    return int(db.execute(insert(feedback).values(row).returning(feedback.c.id)).scalar_one())


def newest(db: Connection, limit: int) -> list[tuple[int, int, Feedback]]:
    """(id, told_at, feedback), the newest first."""
    c = feedback.c
    rows = db.execute(select(c.id, c.told_at, c.told).order_by(c.id.desc()).limit(limit))
    return [(id, at, msgspec.json.decode(told, type=Feedback)) for id, at, told in rows]


def erase(db: Connection, conversation: int) -> None:
    """Deletes what one conversation told."""
    db.execute(delete(feedback).where(feedback.c.conversation == conversation))
