"""Pace: how fast a channel may be spoken to, kept where every process sees it.

GCRA: one instant per name, the *theoretical arrival time* (tat) of the next message at an even
pace. A reservation moves it; a provider's 429 pushes it.
"""

from sqlalchemy import BigInteger, Column, Connection, Table, Text, bindparam, select, update

from storage.rows import insert_once, rows_of, run
from storage.schema import metadata

# How far ahead sends may be reserved: what a crash can waste, and what a stall of all processes lets out at
# once. At Telegram's 28 a second that is two: no second above 30 (with 250 ms, 33 to 35 were seen under load).
AHEAD_MS = 75

limiter = Table(
    "limiter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tat", BigInteger, nullable=False, comment="microseconds UTC"),
    comment="one row a channel, and one a chat that a provider asked to slow down",
)


_TAT = select(limiter.c.tat).where(limiter.c.name == bindparam("which")).with_for_update()
_MOVE = update(limiter).where(limiter.c.name == bindparam("which")).values(tat=bindparam("new"))


def reserve(db: Connection, name: str, wanted: int, per_second: float, now: int) -> tuple[int, int]:
    """Reserves up to `wanted` sends: how many are granted, and when the first may go (ms).

    With none granted, the second number says when to ask again. Serialised by the row's lock.
    """
    gap = int(1_000_000 / per_second)
    us = now * 1000
    tat = max(_tat(db, name), us)
    ahead = max(AHEAD_MS * 1000, gap)  # a pace below thirteen a second lets one pass at a time
    granted = max(0, min(wanted, (us + ahead - tat) // gap))
    if granted:
        _set(db, name, tat + granted * gap)
    return granted, -(-tat // 1000)


def push(db: Connection, name: str, until: int) -> None:
    """Nothing goes out under this name before `until` (ms)."""
    _set(db, name, max(_tat(db, name), until * 1000))


def _tat(db: Connection, name: str) -> int:
    found = rows_of(db, _TAT, which=name)
    if not found:
        insert_once(db, limiter, name=name, tat=0)
        found = rows_of(db, _TAT, which=name)
    return int(found[0][0])


def _set(db: Connection, name: str, tat: int) -> None:
    run(db, _MOVE, which=name, new=tat)
