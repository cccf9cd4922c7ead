"""Who guessed wrongly, and until when they must wait: each further slip doubles the wait."""

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, delete, select, update

from storage.rows import insert_once
from storage.schema import identity, metadata
from storage.sealing import ring_of

FREE = 4  # slips without a wait: codes are read aloud and copied by hand
FIRST_MS = 30_000
LONGEST_MS = 3_600_000
FORGET_MS = 24 * 3_600_000

lockouts = Table(
    "lockouts",
    metadata,
    identity(),
    Column("who", LargeBinary, nullable=False, unique=True, comment="a keyed hash of who guesses"),
    Column("slips", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)
_c = lockouts.c


def until(db: Connection, who: str, now: int) -> int | None:
    """When this one may try again; None: now. Guesses of one are decided one by one until the transaction ends."""
    insert_once(db, lockouts, who=_who(db, who), slips=0, until=0, last_at=now)
    found = db.execute(select(_c.until).where(_c.who == _who(db, who)).with_for_update()).scalar()
    return int(found) if found is not None and found > now else None


def busy(db: Connection, who: str, now: int) -> bool:
    """Whether this one must wait; holds nobody up."""
    found = db.execute(select(_c.until).where(_c.who == _who(db, who))).scalar()
    return found is not None and found > now


def slip(db: Connection, who: str, now: int, *, free: int = FREE, longest_ms: int = LONGEST_MS) -> None:
    """One wrong guess more. Slips are forgotten after a day without one."""
    mine = _c.who == _who(db, who)
    if not insert_once(db, lockouts, who=_who(db, who), slips=1, until=0, last_at=now):
        row = db.execute(select(_c.slips, _c.last_at).where(mine).with_for_update()).one_or_none()
        if row is None:  # swept at this moment
            return
        slips = 1 if row.last_at < now - FORGET_MS else row.slips + 1
        wait = min(FIRST_MS * 2 ** min(slips - free - 1, 20), longest_ms) if slips > free else 0
        db.execute(update(lockouts).where(mine).values(slips=slips, until=now + wait, last_at=now))


def sweep(db: Connection, before: int, limit: int) -> int:
    """Removes who has not guessed since `before`; how many."""
    old = select(_c.id).where(_c.last_at < before).limit(limit)
    return db.execute(delete(lockouts).where(_c.id.in_(old))).rowcount


def _who(db: Connection, who: str) -> bytes:
    return ring_of(db.dialect).hash("lockouts", who)
