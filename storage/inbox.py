"""What the world said, kept before the world hears "OK", answered once.

A message waits, is done, or is parked (a step failed on it; staff may replay it). Its words are
emptied in the commit that answers it. The unique key is what makes a second delivery harmless.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Select,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    update,
)

from storage import conversations
from storage.conversations import Conversation
from storage.database import note
from storage.rows import insert_once, rows_of, update_rows
from storage.schema import BigId, identity, index_where, is_, metadata
from storage.sealing import Sealed
from storage.shapes import Fetched, Incoming, Kind, Reach, Said


class Status(StrEnum):
    """Where a message is."""

    waiting = "waiting"
    "Kept, not answered yet."
    done = "done"
    "Answered; the body is gone, the key stays for thirty days."
    parked = "parked"
    "Set aside after a failure; the body stays for staff to look at and replay."


inbox = Table(
    "inbox",
    metadata,
    identity(),
    Column("channel", Text, nullable=False),
    Column("key", Text, nullable=False, comment="the sender's own identifier of the message"),
    Column("conversation", ForeignKey("conversations.id"), comment="null: a body that could not be read"),
    Column("kind", Text, nullable=False),
    Column("body", Sealed("inbox.body"), comment="null once done"),
    Column(
        "sent_at",
        BigInteger,
        nullable=False,
        comment="the provider's instant, 0 where arrival is the order; with id it orders a lane",
    ),
    Column("album", Text, comment="null: stands alone; parts of one album become one turn"),
    Column("due_at", BigInteger, nullable=False, comment="not answered before"),
    Column("tries", Integer, nullable=False, comment="solo attempts that were begun"),
    Column("status", Text, nullable=False),
    Column("error", Text, comment="the class of what a step raised; never words"),
    UniqueConstraint("channel", "key"),
    sqlite_autoincrement=True,
)
index_where("inbox_due", is_(inbox.c.status, Status.waiting), inbox.c.due_at, inbox.c.id)
index_where(
    "inbox_lane", is_(inbox.c.status, Status.waiting), inbox.c.conversation, inbox.c.sent_at, inbox.c.id
)
index_where("inbox_parked", is_(inbox.c.status, Status.parked), inbox.c.id)

ALBUM_MS = 1_200  # so long the parts of an album wait for one more
_decode = msgspec.json.Decoder(Said).decode
_encode = msgspec.json.Encoder().encode


class Waiting(Struct, frozen=True):
    """A message to be answered."""

    id: int
    conversation: int
    kind: Kind
    said: Said
    sent_at: int
    album: str | None = None


class Lane(Struct, frozen=True):
    """A conversation, locked until the transaction ends, and its waiting messages in order."""

    conversation: Conversation
    messages: tuple[Waiting, ...]


def keep(
    db: Connection,
    incoming: Incoming,
    now: int,
    *,
    language: str,
    keep_address: bool,
    known: int | None = None,
) -> bool:
    """Stores a message; False if its key was kept before. `known` spares the look-up of its conversation."""
    conversation = known or conversations.meet(
        db, incoming.channel, incoming.address, language, now, keep_address=keep_address
    )
    new = insert_once(
        db,
        inbox,
        channel=incoming.channel,
        key=incoming.key,
        conversation=conversation,
        kind=incoming.kind.value,
        body=_encode(incoming.said),
        sent_at=incoming.sent_at,
        album=incoming.album,
        due_at=now + ALBUM_MS if incoming.album else now,
        tries=0,
        status=Status.waiting.value,
    )
    if new and incoming.album:
        i = inbox.c  # the other parts wait for the newest: an album has no end that is told
        parts = i.conversation == conversation, is_(i.status, Status.waiting), i.album == incoming.album
        db.execute(update(inbox).where(*parts).values(due_at=now + ALBUM_MS))
    if new:
        note(db, "inbox")
    return new


def keep_fetched(db: Connection, conversation: int, channel: str, fetched: Fetched, now: int) -> None:
    """What became of a file, as a message to its conversation: once."""
    new = insert_once(
        db,
        inbox,
        channel=channel,
        key=f"file/{fetched.attachment}",
        conversation=conversation,
        kind=Kind.file.value,
        body=_encode(Said(fetched=fetched)),
        sent_at=0,
        due_at=now,
        tries=0,
        status=Status.waiting.value,
    )
    if new:
        note(db, "inbox")


def overdue(db: Connection, channel: str, since: int, until: int) -> list[int]:
    """Conversations whose words have waited for an answer since before `until`, but not before `since`."""
    i = inbox.c
    rows = db.execute(
        select(i.conversation, i.due_at, i.album)
        .where(
            is_(i.status, Status.waiting),
            i.due_at >= since,
            i.due_at <= until + ALBUM_MS,
            i.channel == channel,
        )
        .order_by(i.due_at)
        .limit(LANES)
    )
    came = ((person, due_at - ALBUM_MS if album else due_at) for person, due_at, album in rows)
    return list(dict.fromkeys(person for person, at in came if at <= until))


def opened_by(db: Connection, channel: str, key: str) -> int | None:
    """The conversation that was made for the message of this key: its very first."""
    c = conversations.conversations.c
    made = (
        select(c.id)
        .join(inbox, inbox.c.conversation == c.id)
        .where(inbox.c.channel == channel, inbox.c.key == key, c.created_at == inbox.c.due_at)
    )
    return db.execute(made).scalar()


def keep_unreadable(db: Connection, channel: str, key: str, raw: bytes, now: int) -> None:
    """Keeps a body that was ours but could not be read, parked: nothing is lost, nothing stalls."""
    insert_once(
        db,
        inbox,
        channel=channel,
        key=key,
        kind=Kind.unreadable.value,
        body=raw,
        sent_at=now,
        due_at=now,
        tries=0,
        status=Status.parked.value,
        error="unreadable",
    )


def _take_lanes(*only: ColumnElement[bool]) -> Select[Any]:
    """Which conversations have waited longest, each with its row, locked where that exists.

    Four times the messages are looked at, so that lanes locked by another process do not hide free
    ones. `FOR NO KEY UPDATE`, because a plain `FOR UPDATE` blocks a webhook's insert through the
    foreign key; SQLite has one writer and ignores it.
    """
    c, i = conversations.conversations.c, inbox.c
    waiting = (
        select(i.conversation, i.due_at)
        .where(is_(i.status, Status.waiting), i.due_at <= bindparam("now"), *only)
        .order_by(i.due_at, i.id)
        .limit(4 * bindparam("most", type_=Integer))
        .subquery()
    )
    first = (
        select(waiting.c.conversation, func.min(waiting.c.due_at).label("due_at"))
        .group_by(waiting.c.conversation)
        .subquery()
    )
    return (
        select(c.id, c.channel, c.language, c.mark, c.seen_at, c.reach)
        .join(first, first.c.conversation == c.id)
        .order_by(first.c.due_at, c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(key_share=True, skip_locked=True, of=conversations.conversations)
    )


# Hot statements are built once: building one costs more than running it.
_LANES = _take_lanes()
_LANE = _take_lanes(inbox.c.conversation == bindparam("only"))
LANES = 50
"The most conversations that one `take` locks."
# A list of fixed length, filled up with a number that nobody has: one of any length is written anew
# for every batch.
_PEOPLE = [f"person_{n}" for n in range(LANES)]
_MESSAGES = (
    select(
        inbox.c.id,
        inbox.c.conversation,
        inbox.c.kind,
        inbox.c.body,
        inbox.c.sent_at,
        inbox.c.album,
        inbox.c.due_at,
    )
    .where(
        inbox.c.conversation.in_([bindparam(name, type_=BigId) for name in _PEOPLE]),
        is_(inbox.c.status, Status.waiting),
    )
    .order_by(inbox.c.sent_at, inbox.c.id)
    .limit(bindparam("most", type_=Integer))
)


def take(db: Connection, now: int, limit: int, *, only: int | None = None) -> list[Lane]:
    """The conversations that have waited longest, locked, with at most `limit` messages in all.

    Two statements: a lane's rows are read after its lock is held, so that what another process
    decided meanwhile is seen. `only` restricts to one conversation. What is not due yet (an album that
    may go on) holds back what was said after it.
    """
    given = {"now": now, "most": min(limit, LANES)}
    rows = rows_of(db, _LANES, **given) if only is None else rows_of(db, _LANE, **given, only=only)
    people = {
        id: Conversation(id, channel, language, mark, seen_at, Reach(reach))
        for id, channel, language, mark, seen_at, reach in rows
    }
    if not people:
        return []
    ids = dict.fromkeys(_PEOPLE, -1) | dict(zip(_PEOPLE, people, strict=False))
    lanes: dict[int, list[Waiting]] = {}
    undue: set[int] = set()
    taken = 0
    for id, conversation, kind, body, sent_at, album, due_at in rows_of(db, _MESSAGES, **given, **ids):
        taken += 1
        if due_at > now:
            undue.add(conversation)
        if conversation not in undue:
            message = Waiting(id, conversation, Kind(kind), _decode(body), sent_at, album)
            lanes.setdefault(conversation, []).append(message)
    if taken == given["most"]:  # an album that the limit may have cut waits for the next batch
        whole = {id: _without_cut_album(messages) for id, messages in lanes.items()}
        lanes = whole if any(whole.values()) else lanes
    return [Lane(people[id], tuple(messages)) for id, messages in lanes.items() if messages]


def _without_cut_album(messages: list[Waiting]) -> list[Waiting]:
    album = messages[-1].album
    return messages if album is None else [m for m in messages if m.album != album]


class Attempt(Struct, frozen=True):
    """A message that is to be tried alone."""

    id: int
    conversation: int
    before: int
    "Counted attempts that were begun earlier and never finished."


_NEXT = (
    select(inbox.c.id, inbox.c.conversation, inbox.c.tries)
    .where(is_(inbox.c.status, Status.waiting), inbox.c.due_at <= bindparam("now"))
    .order_by(inbox.c.due_at, inbox.c.sent_at, inbox.c.id)
    .limit(1)
)


def next_alone(db: Connection, now: int, *, count: bool) -> Attempt | None:
    """The message that waits longest; None if nothing waits. Its body is not opened: it may be what
    is wrong. With `count` the attempt is counted before it is made, so that a message which kills the
    process is known by its count."""
    row = db.execute(_NEXT, {"now": now}).one_or_none()
    if row is None:
        return None
    first = _first_of_lane(db, row.conversation, now)
    if count:
        db.execute(update(inbox).where(inbox.c.id == first.id).values(tries=inbox.c.tries + 1))
    return first


def uncount(db: Connection, id: int) -> None:
    """Takes back a counted attempt that was not made."""
    db.execute(update(inbox).where(inbox.c.id == id).values(tries=inbox.c.tries - 1))


def _first_of_lane(db: Connection, conversation: int, now: int) -> Attempt:
    i = inbox.c
    row = db.execute(
        select(i.id, i.conversation, i.tries)
        .where(i.conversation == conversation, is_(i.status, Status.waiting), i.due_at <= now)
        .order_by(i.sent_at, i.id)
        .limit(1)
    ).one()
    return Attempt(*row)


def done(db: Connection, ids: Sequence[int]) -> None:
    """Marks messages answered and forgets their words."""
    update_rows(db, inbox, [{"id": id, "status": Status.done.value, "body": None} for id in ids])


def park(db: Connection, id: int, error: str) -> int | None:
    """Sets a message aside; its conversation, or None if it was not waiting any more."""
    row = db.execute(
        update(inbox)
        .where(inbox.c.id == id, is_(inbox.c.status, Status.waiting))
        .values(status=Status.parked.value, error=error)
        .returning(inbox.c.conversation)
    ).one_or_none()
    return row[0] if row else None


def replay(db: Connection, id: int, now: int) -> bool:
    """Lets a parked message be answered after all; False if it is not parked or cannot be read."""
    changed = db.execute(
        update(inbox)
        .where(inbox.c.id == id, is_(inbox.c.status, Status.parked), inbox.c.conversation.is_not(None))
        .values(status=Status.waiting.value, due_at=now, tries=0, error=None)
    ).rowcount
    if changed:
        note(db, "inbox")
    return bool(changed)


class Counts(Struct, frozen=True):
    """How full the inbox is; `oldest` in milliseconds since the epoch, None when nothing waits."""

    waiting: int
    parked: int
    oldest: int | None


def counts(db: Connection) -> Counts:
    """Both numbers come from partial indexes: cheap at any size of the table."""
    waiting, oldest = db.execute(
        select(func.count(), func.min(inbox.c.due_at)).where(is_(inbox.c.status, Status.waiting))
    ).one()
    parked = db.execute(select(func.count()).where(is_(inbox.c.status, Status.parked))).scalar_one()
    return Counts(waiting, parked, oldest)


class Parked(Struct, frozen=True):
    """A parked message, without its words."""

    id: int
    channel: str
    kind: str
    sent_at: int
    error: str | None


def parked(db: Connection, limit: int = 100) -> list[Parked]:
    """The newest parked messages."""
    c = inbox.c
    rows = db.execute(
        select(c.id, c.channel, c.kind, c.sent_at, c.error)
        .where(is_(c.status, Status.parked))
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [Parked(*row) for row in rows]


def sweep(db: Connection, before: int, limit: int) -> int:
    """Deletes the keys of messages answered before `before`; how many. Ids grow with time, so the
    oldest `limit` rows are looked at and no index on time is needed."""
    oldest = select(inbox.c.id).where(is_(inbox.c.status, Status.done)).order_by(inbox.c.id).limit(limit)
    return db.execute(
        delete(inbox).where(inbox.c.id.in_(oldest.scalar_subquery()), inbox.c.due_at < before)
    ).rowcount


def erase(db: Connection, conversation: int) -> None:
    """Forgets every word of one conversation that is still kept, waiting or parked."""
    for status in (Status.waiting, Status.parked):  # one at a time: each has its partial index
        mine = update(inbox).where(inbox.c.conversation == conversation, is_(inbox.c.status, status))
        db.execute(mine.values(status=Status.done.value, body=None, error=None))
