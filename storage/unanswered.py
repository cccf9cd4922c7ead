"""Questions that had no answer, masked: what somebody should write an entry for. Nobody's name stands with them."""

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    select,
    update,
)

from storage.rows import insert_once
from storage.schema import identity, metadata
from storage.sealing import Sealed, ring_of

unanswered = Table(
    "unanswered",
    metadata,
    identity(),
    Column(
        "likeness", LargeBinary, nullable=False, unique=True,
        comment="a keyed hash of its words, whatever their order: asked again, it counts",
    ),
    Column("language", Text, nullable=False),
    Column("question", Sealed("unanswered.question"), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)  # fmt: skip
_c = unanswered.c


class Question(Struct, frozen=True):
    """One question, as it was first put."""

    id: int
    text: str
    language: str
    times: int
    first_at: int
    last_at: int


def note(db: Connection, question: str, words: str, language: str, now: int) -> None:
    """Counts a question; `words`: what makes two of them the same."""
    likeness = ring_of(db.dialect).hash("unanswered", words)
    values = {"likeness": likeness, "language": language, "question": question.encode()}
    if not insert_once(db, unanswered, **values, times=1, first_at=now, last_at=now):
        again = {_c.times: _c.times + 1, _c.last_at: now}
        db.execute(update(unanswered).where(_c.likeness == likeness).values(again))


def newest(db: Connection, limit: int) -> list[Question]:
    """Those asked last, the newest first."""
    columns = (_c.id, _c.question, _c.language, _c.times, _c.first_at, _c.last_at)
    rows = db.execute(select(*columns).order_by(_c.last_at.desc()).limit(limit))
    return [Question(id, question.decode(), *more) for id, question, *more in rows]


def sweep(db: Connection, before: int, limit: int) -> int:
    """Removes what nobody has asked since `before`; how many."""
    old = select(_c.id).where(_c.last_at < before).limit(limit)
    return db.execute(delete(unanswered).where(_c.id.in_(old))).rowcount
