"""The clock's inbox: what is to be done later, kept like a message."""

from enum import StrEnum

import msgspec
from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, func, select, update

from storage.database import note
from storage.rows import insert_once
from storage.schema import identity, index_where, is_, metadata


class Status(StrEnum):
    """Where a timer is."""

    waiting = "waiting"
    "Not rung yet."
    done = "done"
    "Rung."
    parked = "parked"
    "Its act failed; somebody should look."


timers = Table(
    "timers",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True, comment="setting a timer twice is setting it once"),
    Column("act", Text, nullable=False, comment="a name in handlers.clock"),
    Column("arguments", Text, nullable=False, comment="JSON; ids and numbers only, never words"),
    Column("due_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Text, comment="the class of what the act raised"),
    sqlite_autoincrement=True,
)
index_where("timers_due", is_(timers.c.status, Status.waiting), timers.c.due_at, timers.c.id)

_decode = msgspec.json.Decoder(dict[str, int | str]).decode


class Ringing(Struct, frozen=True):
    """A timer that is due, locked until the transaction ends."""

    id: int
    act: str
    arguments: dict[str, int | str]
    due_at: int
    tries: int


def set(db: Connection, key: str, act: str, due_at: int, **arguments: int | str) -> None:
    """Sets a timer, or sets it again when it has rung or waits for another time."""
    values = {
        "act": act,
        "arguments": msgspec.json.encode(arguments).decode(),
        "due_at": due_at,
        "tries": 0,
        "status": Status.waiting.value,
        "error": None,
    }
    if not insert_once(db, timers, key=key, **values):
        db.execute(update(timers).where(timers.c.key == key).values(values))
    note(db, "timers")


def due(db: Connection, now: int) -> Ringing | None:
    """The timer that has been due longest."""
    c = timers.c
    row = db.execute(
        select(c.id, c.act, c.arguments, c.due_at, c.tries)
        .where(is_(c.status, Status.waiting), c.due_at <= now)
        .order_by(c.due_at, c.id)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    ).one_or_none()
    return Ringing(row.id, row.act, _decode(row.arguments), row.due_at, row.tries) if row else None


def waits(db: Connection, key: str) -> bool:
    """Whether this timer is set."""
    return bool(
        db.execute(
            select(timers.c.id).where(timers.c.key == key, is_(timers.c.status, Status.waiting))
        ).scalar()
    )


def rung(db: Connection, id: int) -> None:
    """Marks a timer done."""
    db.execute(update(timers).where(timers.c.id == id).values(status=Status.done.value))


def failed(db: Connection, id: int, error: str, again_at: int | None) -> None:
    """An act raised: try again then, or park it."""
    values: dict[str, object] = {"error": error, "tries": timers.c.tries + 1}
    values |= {"status": Status.parked.value} if again_at is None else {"due_at": again_at}
    db.execute(update(timers).where(timers.c.id == id).values(values))


def counts(db: Connection) -> dict[str, int]:
    """How many timers are in each unfinished status."""
    rows = db.execute(
        select(timers.c.status, func.count())
        .where(timers.c.status != Status.done.value)
        .group_by(timers.c.status)
    )
    return {status: count for status, count in rows}
