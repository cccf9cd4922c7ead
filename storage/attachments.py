"""Files that people send: where each still lies at its provider, and where we keep it.

waiting -> kept | lost (why); and gone, when nobody needs it any more: then the file is removed, and
the row after it.
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
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.database import note
from storage.schema import BigId, identity, index_where, is_, metadata
from storage.sealing import Sealed
from storage.shapes import Source


class Status(StrEnum):
    """Where an attachment is."""

    waiting = "waiting"
    "To be fetched when due."
    kept = "kept"
    "On our disk, sealed, in a form that is safe to show."
    lost = "lost"
    "Could not be had or not be kept; `reason` says why."
    gone = "gone"
    "Nobody needs it any more; the file is to be removed."


attachments = Table(
    "attachments",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), nullable=False),
    Column("channel", Text, nullable=False, comment="the conversation's, so that a claim needs no join"),
    Column("source", Sealed("attachments.source"), comment="null once fetched, lost or gone"),
    Column("kind", Text, nullable=False, comment="as the provider calls it; then what it is by its content"),
    Column("status", Text, nullable=False),
    Column(
        "due_at", BigInteger, nullable=False, comment="not fetched before; a claim moves it past its lease"
    ),
    Column("tries", Integer, nullable=False),
    Column("file", Text, comment="its name among the sealed files; null until kept"),
    Column("mime", Text, comment="by its content; null until kept"),
    Column("bytes", BigInteger, comment="of what is kept; null until kept"),
    Column("reason", Text, comment="why it was lost; one of our own short words"),
    Column("feedback", BigId, comment="the feedback it belongs to; null: still in a draft"),
    Column("submission", BigId, comment="the submission it belongs to; null: still in a draft"),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_c = attachments.c
index_where("attachments_due", is_(_c.status, Status.waiting), _c.channel, _c.due_at, _c.id)
index_where("attachments_gone", is_(_c.status, Status.gone), _c.id)
_unowned = and_(_c.feedback.is_(None), _c.submission.is_(None))
index_where("attachments_unowned", _unowned, _c.created_at)
index_where("attachments_lane", is_(_c.status, Status.waiting), _c.conversation)
index_where("attachments_feedback", _c.feedback.is_not(None), _c.feedback)
index_where("attachments_submission", _c.submission.is_not(None), _c.submission)
index_where("attachments_file", _c.file.is_not(None), _c.file)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Source).decode


class Due(Struct, frozen=True):
    """An attachment to be fetched."""

    id: int
    conversation: int
    source: Source
    tries: int


class Kept(Struct, frozen=True):
    """A file on our disk."""

    id: int
    file: str
    kind: str
    mime: str
    bytes: int


def add(db: Connection, conversation: int, channel: str, source: Source, now: int) -> int:
    """Remembers a file to be fetched; its id."""
    row = {
        "conversation": conversation,
        "channel": channel,
        "source": _encode(source),
        "kind": source.kind,
        "status": Status.waiting.value,
        "due_at": now,
        "tries": 0,
        "created_at": now,
    }
    note(db, "attachments")
    return int(db.execute(insert(attachments).values(row).returning(_c.id)).scalar_one())


def claim(db: Connection, channel: str, now: int, limit: int, lease_ms: int) -> list[Due]:
    """Takes due files for fetching; other processes pass them by until the lease ends."""
    due = (
        select(_c.id)
        .where(is_(_c.status, Status.waiting), _c.channel == channel, _c.due_at <= now)
        .order_by(_c.due_at, _c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = db.execute(
        update(attachments)
        .where(_c.id.in_(due.scalar_subquery()))
        .values(due_at=now + lease_ms, tries=_c.tries + 1)
        .returning(_c.id, _c.conversation, _c.source, _c.tries)
    )
    return [Due(id, conversation, _decode(source), tries) for id, conversation, source, tries in sorted(rows)]


def keep(db: Connection, id: int, file: str, kind: str, mime: str, size: int) -> bool:
    """The file is on our disk; False if it is not waited for any more (then the file is an orphan)."""
    values = {
        "status": Status.kept.value,
        "file": file,
        "kind": kind,
        "mime": mime,
        "bytes": size,
        "source": None,
    }
    return _waiting(db, id, values)


def lose(db: Connection, id: int, reason: str) -> bool:
    """The file cannot be had; False if it is not waited for any more."""
    return _waiting(db, id, {"status": Status.lost.value, "reason": reason, "source": None})


def again(db: Connection, id: int, due_at: int) -> None:
    """Not now; later."""
    _waiting(db, id, {"due_at": due_at})


def _waiting(db: Connection, id: int, values: dict[str, Any]) -> bool:
    mine = update(attachments).where(_c.id == id, is_(_c.status, Status.waiting))
    return db.execute(mine.values(values)).rowcount == 1


def loading(db: Connection, conversation: int) -> int:
    """How many files of this conversation are still on their way."""
    mine = select(func.count()).where(_c.conversation == conversation, is_(_c.status, Status.waiting))
    return int(db.execute(mine).scalar_one())


def belong(db: Connection, ids: Sequence[int], conversation: int, feedback: int) -> None:
    """A draft was sent: its files belong to what was sent."""
    mine = update(attachments).where(_c.id.in_(ids), _c.conversation == conversation)
    db.execute(mine.values(feedback=feedback))


def enclose(db: Connection, ids: Sequence[int], conversation: int, submission: int) -> None:
    """A report was sent, or something more said of it: the files belong to it."""
    mine = update(attachments).where(_c.id.in_(ids), _c.conversation == conversation)
    db.execute(mine.values(submission=submission))


def of_submission(db: Connection, submission: int) -> list[Kept]:
    """The kept files of one submission."""
    return _kept(db, _c.submission == submission)


def of_feedback(db: Connection, feedback: int) -> list[Kept]:
    """The kept files of one feedback."""
    return _kept(db, _c.feedback == feedback)


def _kept(db: Connection, whose: ColumnElement[bool]) -> list[Kept]:
    rows = db.execute(
        select(_c.id, _c.file, _c.kind, _c.mime, _c.bytes)
        .where(whose, is_(_c.status, Status.kept))
        .order_by(_c.id)
    )
    return [Kept(*row) for row in rows]


def kept(db: Connection, id: int) -> Kept | None:
    """One kept file."""
    wanted = select(_c.id, _c.file, _c.kind, _c.mime, _c.bytes)
    row = db.execute(wanted.where(_c.id == id, is_(_c.status, Status.kept))).one_or_none()
    return Kept(*row) if row else None


def erase(db: Connection, conversation: int) -> None:
    """Nothing of this conversation is needed any more."""
    _go(db, _c.conversation == conversation)


def drop(db: Connection, ids: Sequence[int], conversation: int) -> None:
    """Files of a draft that was thrown away."""
    _go(db, _c.id.in_(ids), _c.conversation == conversation)


def sweep(db: Connection, before: int, limit: int) -> int:
    """Lets go of files whose draft never was sent; how many."""
    old = select(_c.id).where(_unowned, _c.created_at < before, _c.status != Status.gone.value)
    return _go(db, _c.id.in_(old.order_by(_c.created_at).limit(limit).scalar_subquery()))


def release(db: Connection, submissions: Sequence[int]) -> None:
    """The files of submissions whose originals are kept no longer."""
    _go(db, _c.submission.in_(submissions))


def _go(db: Connection, *which: Any) -> int:
    values: dict[str, Any] = {"status": Status.gone.value, "source": None}
    changed = db.execute(update(attachments).where(*which).values(values)).rowcount
    if changed:
        note(db, "attachments")
    return changed


def leaving(db: Connection, limit: int) -> list[tuple[int, str | None]]:
    """Rows that are gone, with the name of the file to remove first."""
    rows = db.execute(select(_c.id, _c.file).where(is_(_c.status, Status.gone)).order_by(_c.id).limit(limit))
    return [(id, file) for id, file in rows]


def left(db: Connection, ids: Sequence[int]) -> None:
    """Their files are removed: so are the rows."""
    db.execute(delete(attachments).where(_c.id.in_(ids), is_(_c.status, Status.gone)))


def known(db: Connection, files: Sequence[str]) -> set[str]:
    """Which of these files belong to a row."""
    return set(db.execute(select(_c.file).where(_c.file.in_(files))).scalars())


def counts(db: Connection) -> dict[str, int]:
    """How many are to be fetched, by channel."""
    rows = db.execute(
        select(_c.channel, func.count()).where(is_(_c.status, Status.waiting)).group_by(_c.channel)
    )
    return {channel: count for channel, count in rows}
