"""A person on a channel, and the lane: the unit of order.

There is no table of people: two channels of one person are joined only by that person's own wish.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    update,
)

from storage.rows import insert_once, rows_of, update_rows
from storage.schema import identity, metadata
from storage.sealing import Sealed, ring_of
from storage.shapes import Reach

conversations = Table(
    "conversations",
    metadata,
    identity(),
    Column("channel", Text, nullable=False),
    Column(
        "address_hash", LargeBinary, nullable=False, comment="keyed: finds the row without opening anything"
    ),
    Column(
        "address", Sealed("conversations.address"), comment="null: the person fetches, we never write to them"
    ),
    Column("language", Text, nullable=False),
    Column("mark", Sealed("conversations.mark"), comment="null: nothing was said yet, or it was forgotten"),
    Column("reach", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False, comment="when the person last wrote"),
    UniqueConstraint("channel", "address_hash"),
    sqlite_autoincrement=True,
)


class Conversation(Struct, frozen=True):
    """One row, opened."""

    id: int
    channel: str
    language: str
    mark: bytes | None
    seen_at: int
    reach: Reach = Reach.ok


def meet(db: Connection, channel: str, address: str, language: str, now: int, *, keep_address: bool) -> int:
    """The id of the conversation with this address, made at the first message."""
    if (known := find(db, channel, address)) is not None:
        return known
    insert_once(
        db,
        conversations,
        channel=channel,
        address_hash=_hash(db, channel, address),
        address=address.encode() if keep_address else None,
        language=language,
        reach=Reach.ok.value,
        created_at=now,
        seen_at=now,
    )
    found = find(db, channel, address)
    assert found is not None  # made above, here or by another process
    return found


_FIND = select(conversations.c.id).where(
    conversations.c.channel == bindparam("channel"), conversations.c.address_hash == bindparam("hash")
)


def find(db: Connection, channel: str, address: str) -> int | None:
    """The id of a known conversation."""
    found = rows_of(db, _FIND, channel=channel, hash=_hash(db, channel, address))
    return int(found[0][0]) if found else None


def spoken(db: Connection, conversation: int) -> tuple[str, str]:
    """The channel and the language of a conversation; opens nothing that could be spoilt."""
    c = conversations.c
    channel, language = db.execute(select(c.channel, c.language).where(c.id == conversation)).one()
    return channel, language


def get(db: Connection, conversation: int) -> Conversation:
    """One conversation, opened; raises NoResultFound where there is none."""
    c = conversations.c
    wanted = select(c.id, c.channel, c.language, c.mark, c.seen_at, c.reach)
    id, channel, language, mark, seen_at, reach = db.execute(wanted.where(c.id == conversation)).one()
    return Conversation(id, channel, language, mark, seen_at, Reach(reach))


def address(db: Connection, conversation: int) -> str:
    """Where to write to; empty for a channel whose people fetch."""
    blob = db.execute(select(conversations.c.address).where(conversations.c.id == conversation)).scalar()
    return blob.decode() if blob else ""


class Change(Struct, frozen=True):
    """Where a conversation stands after its messages were decided."""

    id: int
    language: str
    mark: bytes | None
    now: int
    reach: Reach = Reach.ok


def advance(db: Connection, changes: Sequence[Change]) -> None:
    """Writes a batch's marks at once."""
    update_rows(
        db,
        conversations,
        [
            {"id": x.id, "mark": x.mark, "language": x.language, "seen_at": x.now, "reach": x.reach.value}
            for x in changes
        ],
    )


def lock(db: Connection, conversation: int) -> None:
    """Holds the lane until the transaction ends, as answering does: first the lane, then its rows."""
    c = conversations.c.id
    db.execute(select(c).where(c == conversation).with_for_update(key_share=True))


def reached(db: Connection, conversation: int, reach: Reach) -> None:
    """A provider told whether this person can be written to; what was closed stays closed."""
    c = conversations.c
    mine = update(conversations).where(c.id == conversation, c.reach != Reach.closed.value)
    db.execute(mine.values(reach=reach.value))


def move(db: Connection, conversation: int, address: str) -> int:
    """The chat goes on under another address; the conversation that has it now, which may be another
    that was met there first."""
    c = conversations.c
    channel = db.execute(select(c.channel).where(c.id == conversation)).scalar_one()
    if (known := find(db, channel, address)) is not None:
        if known != conversation:
            reached(db, conversation, Reach.gone)
        return known
    new: dict[str, Any] = {"address": address.encode(), "address_hash": _hash(db, channel, address)}
    db.execute(update(conversations).where(c.id == conversation, c.reach != Reach.closed.value).values(new))
    return conversation


def readdress(db: Connection, conversation: int, address: str, since: int) -> bool:
    """Lets a conversation that was made after `since`, and not closed, be found under a new address."""
    c = conversations.c
    young = select(c.channel).where(c.id == conversation, c.created_at >= since, c.reach == Reach.ok.value)
    channel = db.execute(young).scalar()
    if channel is None:
        return False
    hashed = _hash(db, channel, address)
    db.execute(update(conversations).where(c.id == conversation).values(address_hash=hashed))
    return True


def forget(db: Connection, conversation: int, now: int) -> None:
    """Cuts a conversation from its person: the address no longer finds it and nothing stands in it."""
    values: dict[str, Any] = {
        "address_hash": _hash(db, "forgotten", f"{conversation}"),
        "address": None,
        "mark": None,
        "reach": Reach.closed.value,
        "seen_at": now,
    }
    db.execute(update(conversations).where(conversations.c.id == conversation).values(values))


def sweep(db: Connection, before: int, after: int, limit: int) -> int | None:
    """Empties the marks (and with them the drafts) of people silent since `before`, among the
    `limit` conversations after the id `after`; where to go on, None at the end.

    In the order of ids, without an index on `seen_at`: with one, PostgreSQL would have to touch
    every index of the row for every message that is answered.
    """
    c = conversations.c
    ids = list(db.execute(select(c.id).where(c.id > after).order_by(c.id).limit(limit)).scalars())
    if ids:
        asleep = update(conversations).where(c.id.in_(ids), c.mark.is_not(None), c.seen_at < before)
        db.execute(asleep.values(mark=None))
    return ids[-1] if len(ids) == limit else None


def _hash(db: Connection, channel: str, address: str) -> bytes:
    return ring_of(db.dialect).hash("address/" + channel, address)
