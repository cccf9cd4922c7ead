"""What we have to say, and what became of it.

waiting -> sending (leased) -> sent | waiting again (later) | refused | held; also expired, dropped.
Outgoing is at least once: a send whose record was lost in a crash goes out again, and only that one.
"""

from collections.abc import Sequence
from enum import StrEnum
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from storage import conversations, uploads
from storage.database import note
from storage.inbox import inbox
from storage.rows import insert_rows, rows_of, update_rows
from storage.schema import BigId, identity, index_where, is_, metadata
from storage.sealing import Sealed
from storage.shapes import Message


class Status(StrEnum):
    """Where a message is."""

    waiting = "waiting"
    "To be sent when due."
    sending = "sending"
    "Claimed by a process until the lease ends."
    sent = "sent"
    "Taken by the provider, or fetched by the person's device."
    held = "held"
    "The channel's window is shut; the person's next message opens it."
    refused = "refused"
    "The provider will never take it; `reason` says why."
    expired = "expired"
    "No longer worth sending when its turn came."
    dropped = "dropped"
    "Superseded before it was sent."


outbox = Table(
    "outbox",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), nullable=False),
    Column("channel", Text, nullable=False, comment="the conversation's, so that a claim needs no join"),
    Column("body", Sealed("outbox.body"), comment="null once its time of keeping is over"),
    Column("answers", BigId, comment="the inbox row this answers; that row may be gone already"),
    Column("slot", Text, comment="takes the place of the last message of this slot"),
    Column("due_at", BigInteger, nullable=False),
    Column("not_after", BigInteger, comment="expires then; null: never"),
    Column("status", Text, nullable=False),
    Column("lease_until", BigInteger, comment="null unless sending"),
    Column("tries", Integer, nullable=False),
    Column(
        "maybe_sent", Boolean, nullable=False, comment="a lease ran out: the provider may have it already"
    ),
    Column("provider_id", Text, comment="the provider's name for the sent message"),
    Column("reason", Text, comment="why it was refused, held or put off"),
    Column("sent_at", BigInteger),
    Column("forget_at", BigInteger, comment="when the body is emptied; null: it is"),
    sqlite_autoincrement=True,
)
index_where(
    "outbox_due", is_(outbox.c.status, Status.waiting), outbox.c.channel, outbox.c.due_at, outbox.c.id
)
index_where("outbox_leased", is_(outbox.c.status, Status.sending), outbox.c.lease_until)
index_where("outbox_refused", is_(outbox.c.status, Status.refused), outbox.c.id)
index_where("outbox_held", is_(outbox.c.status, Status.held), outbox.c.conversation)
index_where("outbox_forget", outbox.c.forget_at.is_not(None), outbox.c.forget_at)
index_where("outbox_slot", outbox.c.slot.is_not(None), outbox.c.conversation, outbox.c.slot, outbox.c.id)
index_where("outbox_lane", outbox.c.body.is_not(None), outbox.c.conversation, outbox.c.id)

KEPT_MS = 30 * 86_400_000  # the longest that a body is kept, fetched or not

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Message).decode


_ANY_HELD = select(exists().where(is_(outbox.c.status, Status.held)))


class Reply(Struct, frozen=True):
    """A message to be put into the outbox."""

    conversation: int
    channel: str
    message: Message
    due_at: int
    answers: int | None = None
    slot: str | None = None
    not_after: int | None = None


class Due(Struct, frozen=True):
    """A claimed message."""

    id: int
    conversation: int
    message: Message
    tries: int
    replaces: str | None
    "The provider's name of the sent message in the same slot, to be edited."
    handle: str | None = None
    "The provider's name of the message's file, if it has it already."
    address: str = ""
    "Where it goes; empty for a person who can be reached no more."


class Outcome(Struct, frozen=True):
    """What came of sending one message."""

    id: int
    status: Status
    provider_id: str | None = None
    reason: str | None = None
    due_at: int = 0
    "When to try again, for `waiting`; 0: as it was."


class Shown(Struct, frozen=True):
    """A message as the person's device fetches it."""

    id: int
    at: int
    message: Message
    slot: str | None
    answers: str | None
    "The inbox key of the message that this answers."
    fresh: bool
    "Never fetched before: `fetched` has something to record."


def put(db: Connection, replies: Sequence[Reply]) -> None:
    """Writes a batch's messages at once; in each slot the newest counts."""
    newest = {(reply.conversation, reply.slot): reply for reply in replies}
    replies = [
        reply for reply in replies if not reply.slot or newest[reply.conversation, reply.slot] is reply
    ]
    for slot in {(reply.conversation, reply.slot) for reply in replies if reply.slot}:
        db.execute(
            update(outbox)
            .where(
                outbox.c.conversation == slot[0],
                outbox.c.slot == slot[1],
                or_(is_(outbox.c.status, Status.waiting), is_(outbox.c.status, Status.held)),
            )
            .values(status=Status.dropped.value, body=None)
        )
    insert_rows(
        db,
        outbox,
        [
            {
                "conversation": reply.conversation,
                "channel": reply.channel,
                "body": _encode(reply.message),
                "answers": reply.answers,
                "slot": reply.slot,
                "due_at": reply.due_at,
                "not_after": reply.not_after,
                "status": Status.waiting.value,
                "tries": 0,
                "maybe_sent": False,
                "forget_at": reply.due_at + KEPT_MS,
            }
            for reply in replies
        ],
    )
    note(db, *{f"outbox/{r.channel}" for r in replies}, *{f"chat/{r.conversation}" for r in replies})


def release_held(db: Connection, people: Sequence[int]) -> None:
    """The person wrote: what waited for the channel's window may go."""
    c = outbox.c
    if rows_of(db, _ANY_HELD)[0][0]:  # hardly ever: spares every batch the longer statement
        mine = update(outbox).where(c.conversation.in_(people), is_(c.status, Status.held))
        db.execute(mine.values(status=Status.waiting.value, reason=None))


def overdue(db: Connection, channel: str, now: int) -> None:
    """What time has changed: leases that ran out make their messages wait again, marked `maybe_sent`;
    what waits past its `not_after` expires. Nothing hangs on the second: once a second is enough."""
    db.execute(_LEASES, {"which": channel, "at": now})
    db.execute(_EXPIRES, {"which": channel, "at": now})


def _claiming() -> Select[Any]:
    mine, earlier = outbox.alias("mine"), outbox.alias("earlier")
    people = conversations.conversations
    blocked = exists().where(
        earlier.c.conversation == mine.c.conversation,
        earlier.c.id < mine.c.id,
        earlier.c.body.is_not(None),  # the partial index of a lane
        or_(is_(earlier.c.status, Status.waiting), is_(earlier.c.status, Status.sending)),
    )
    due = (
        select(mine.c.id, mine.c.conversation, mine.c.body, mine.c.tries, mine.c.slot, people.c.address)
        .join(people, people.c.id == mine.c.conversation)
        .where(
            is_(mine.c.status, Status.waiting),
            mine.c.channel == bindparam("channel"),
            mine.c.due_at <= bindparam("now"),
            or_(mine.c.not_after.is_(None), mine.c.not_after >= bindparam("now")),
            ~blocked,
        )
        .order_by(mine.c.due_at, mine.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(key_share=True, skip_locked=True, of=mine)
    )
    return due


_c = outbox.c
_LEASES = (
    update(outbox)
    .where(
        is_(_c.status, Status.sending),
        _c.lease_until < bindparam("at", type_=BigInteger),
        _c.channel == bindparam("which"),
    )
    .values(status=Status.waiting.value, lease_until=None, maybe_sent=True)
)
_EXPIRES = (
    update(outbox)
    .where(
        is_(_c.status, Status.waiting),
        _c.channel == bindparam("which"),
        _c.due_at <= bindparam("at", type_=BigInteger),
        _c.not_after < bindparam("at", type_=BigInteger),
    )
    .values(status=Status.expired.value, forget_at=bindparam("at", type_=BigInteger))
)
_CLAIM = _claiming()


def claim(db: Connection, channel: str, now: int, limit: int, lease_ms: int) -> list[Due]:
    """Takes up to `limit` due messages for sending; other processes pass them by until the lease ends.

    A message waits for earlier ones of its conversation.
    """
    rows = rows_of(db, _CLAIM, channel=channel, now=now, most=limit)
    update_rows(
        db,
        outbox,
        [
            {"id": id, "status": Status.sending.value, "lease_until": now + lease_ms, "tries": tries + 1}
            for id, _, _, tries, _, _ in rows
        ],
    )
    return [
        _due(db, channel, id, conversation, _decode(body), tries + 1, slot, address)
        for id, conversation, body, tries, slot, address in sorted(rows, key=itemgetter(0))
    ]


def _due(
    db: Connection,
    channel: str,
    id: int,
    conversation: int,
    message: Message,
    tries: int,
    slot: str | None,
    address: bytes | None,
) -> Due:
    replaces = _sent_in(db, conversation, slot, id) if slot else None
    handle = uploads.handle(db, channel, message.media.key) if message.media else None
    return Due(id, conversation, message, tries, replaces, handle, address.decode() if address else "")


def _sent_in(db: Connection, conversation: int, slot: str, before: int) -> str | None:
    """The provider's name of the newest sent message in a slot. (A subquery in RETURNING would do
    on PostgreSQL; SQLite gives null there.)"""
    c = outbox.c
    return db.execute(
        select(c.provider_id)
        .where(c.conversation == conversation, c.slot == slot, c.id < before, c.provider_id.is_not(None))
        .order_by(c.id.desc())
        .limit(1)
    ).scalar()


def give_back(db: Connection, ids: Sequence[int], due_at: int) -> None:
    """Returns claimed messages unsent: the pace did not let them pass."""
    db.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids), is_(outbox.c.status, Status.sending))
        .values(status=Status.waiting.value, lease_until=None, tries=outbox.c.tries - 1, due_at=due_at)
    )


RECORDED = 64
_SENT = [f"sent_{n}" for n in range(RECORDED)]  # a list of fixed length, as in the inbox
_SENDING = (
    select(outbox.c.id, outbox.c.due_at)
    .where(
        outbox.c.id.in_([bindparam(name, type_=BigId) for name in _SENT]),
        is_(outbox.c.status, Status.sending),
    )
    .with_for_update()
)


def record(db: Connection, outcomes: Sequence[Outcome], now: int, keep_ms: int) -> None:
    """Writes what came of sending. A final outcome starts the time after which the body is emptied."""
    final = {Status.sent, Status.refused}
    sending: dict[int, int] = {}  # not what was dropped, or claimed and recorded by another
    for first in range(0, len(outcomes), RECORDED):
        given = dict.fromkeys(_SENT, -1) | dict(zip(_SENT, (o.id for o in outcomes[first:]), strict=False))
        sending.update(rows_of(db, _SENDING, **given))
    outcomes = [outcome for outcome in outcomes if outcome.id in sending]
    update_rows(
        db,
        outbox,
        [
            {
                "id": o.id,
                "status": o.status.value,
                "lease_until": None,
                "provider_id": o.provider_id,
                "reason": o.reason,
                "due_at": o.due_at or sending[o.id],
                "sent_at": now if o.status is Status.sent else None,
                "forget_at": now + (keep_ms if o.status in final else KEPT_MS),
            }
            for o in outcomes
        ],
    )


def follow(db: Connection, conversation: int, address: str) -> None:
    """The chat goes on under another address: so does what still waits."""
    now_there = conversations.move(db, conversation, address)
    if now_there != conversation:
        c = outbox.c
        mine = and_(c.conversation == conversation, c.body.is_not(None), is_(c.status, Status.waiting))
        db.execute(update(outbox).where(mine).values(conversation=now_there))


def give_up(db: Connection, conversation: int, reason: str, now: int) -> None:
    """Nothing of this conversation that still waits will be taken by the provider."""
    c = outbox.c
    mine = and_(c.conversation == conversation, c.body.is_not(None))
    for status in (Status.waiting, Status.held):
        values: dict[str, Any] = {"status": Status.refused.value, "reason": reason, "forget_at": now}
        db.execute(update(outbox).where(mine, is_(c.status, status)).values(values))


class Refusal(Struct, frozen=True):
    """A message that a provider will never take, without its words."""

    id: int
    channel: str
    conversation: int
    due_at: int
    reason: str | None


def refused(db: Connection, limit: int = 20) -> list[Refusal]:
    """The newest refusals."""
    c = outbox.c
    rows = db.execute(
        select(c.id, c.channel, c.conversation, c.due_at, c.reason)
        .where(is_(c.status, Status.refused))
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [Refusal(*row) for row in rows]


def _shown() -> Select[Any]:
    c, later = outbox.c, outbox.alias("later")
    superseded = exists().where(
        later.c.conversation == c.conversation, later.c.slot == c.slot, later.c.id > c.id
    )
    return (
        select(c.id, func.coalesce(c.sent_at, c.due_at), c.body, c.slot, inbox.c.key, c.status)
        .outerjoin(inbox, inbox.c.id == c.answers)
        .where(
            c.conversation == bindparam("person"),
            c.id > bindparam("after"),
            c.body.is_not(None),
            or_(is_(c.status, Status.sent), is_(c.status, Status.waiting)),
            or_(c.slot.is_(None), ~superseded),
        )
        .order_by(c.id)
        .limit(bindparam("most", type_=Integer))
    )


_SHOWN = _shown()


def show(db: Connection, conversation: int, after: int, limit: int = 500) -> list[Shown]:
    """What a device that fetches has not seen: everything after the id `after`, oldest first.

    In a slot only the newest message is shown. `limit` bounds one answer; the rest comes next time.
    """
    rows = db.execute(_SHOWN, {"person": conversation, "after": after, "most": limit})
    return [
        Shown(id, at, _decode(body), slot, key, status == Status.waiting)
        for id, at, body, slot, key, status in rows
    ]


def fetched(db: Connection, conversation: int, up_to: int, now: int, keep_ms: int) -> None:
    """A device has fetched everything up to the id: that is what *sent* means where we are pulled."""
    c = outbox.c
    db.execute(
        update(outbox)
        .where(
            c.conversation == conversation, c.id <= up_to, c.body.is_not(None), is_(c.status, Status.waiting)
        )
        .values(status=Status.sent.value, sent_at=now, forget_at=now + keep_ms)
    )


def empty(db: Connection, conversation: int, slot: str) -> None:
    """Nothing stays of what was said in a slot."""
    c = outbox.c
    mine = update(outbox).where(c.slot.is_not(None), c.conversation == conversation, c.slot == slot)
    db.execute(mine.values(body=None, forget_at=None))


def sweep(db: Connection, now: int, limit: int) -> int:
    """Empties bodies whose time is over, sent or not, and deletes the oldest empty rows; how many."""
    c = outbox.c
    due = list(db.execute(select(c.id).where(c.forget_at <= now).limit(limit)).scalars())
    if due:
        unsent = or_(is_(c.status, Status.waiting), is_(c.status, Status.held))
        db.execute(update(outbox).where(c.id.in_(due), unsent).values(status=Status.expired.value))
        db.execute(update(outbox).where(c.id.in_(due)).values(body=None, forget_at=None))
    oldest = select(c.id).order_by(c.id).limit(limit)
    gone = delete(outbox).where(
        c.id.in_(oldest.scalar_subquery()), c.body.is_(None), c.due_at < now - 2 * KEPT_MS
    )
    return max(len(due), db.execute(gone).rowcount)


def erase(db: Connection, conversation: int) -> None:
    """Empties every body of one conversation; what waited is dropped."""
    c = outbox.c
    mine = and_(c.conversation == conversation, c.body.is_not(None))
    unsent = or_(*(is_(c.status, s) for s in (Status.waiting, Status.sending, Status.held)))
    db.execute(update(outbox).where(mine, unsent).values(status=Status.dropped.value))
    db.execute(update(outbox).where(mine).values(body=None, forget_at=None))


def counts(db: Connection) -> dict[str, int]:
    """How many messages of each channel are on their way, as `channel/status`.

    Messages of channels that people fetch from wait for a device, not for us.
    """
    c = outbox.c
    found: dict[str, int] = {}
    for status in (Status.waiting, Status.sending, Status.held):  # one at a time: each has its partial index
        rows = db.execute(select(c.channel, func.count()).where(is_(c.status, status)).group_by(c.channel))
        found |= {f"{channel}/{status.value}": count for channel, count in rows}
    return found
