"""Files that a browser has uploaded: each lies sealed on our disk under a name that only its browser was told.

unsent -> sent, with the message that names it; and gone, when it was looked at or nobody needs it any
more: then the file is removed, and the row after it. (What is kept of it is an attachment.)
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from storage import attachments, inbox
from storage.database import note
from storage.schema import identity, index_where, is_, metadata


class Status(StrEnum):
    """Where an uploaded file is."""

    unsent = "unsent"
    "No message has named it yet."
    sent = "sent"
    "A message names it: no second one can."
    gone = "gone"
    "Nobody needs it any more; the file is to be removed."


staged = Table(
    "staged",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), nullable=False, comment="whose browser sent it"),
    Column("file", Text, nullable=False, unique=True, comment="its name among the sealed files"),
    Column("bytes", BigInteger, nullable=False, comment="of content"),
    Column("status", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_c = staged.c
_held = _c.status != literal_column(f"'{Status.gone.value}'")
index_where("staged_unsent", is_(_c.status, Status.unsent), _c.conversation, _c.id)
index_where("staged_held", _held, _c.created_at, _c.bytes)
index_where("staged_gone", is_(_c.status, Status.gone), _c.id)


class Held(Struct, frozen=True):
    """What lies on the disk for all browsers together."""

    files: int
    bytes: int


def add(db: Connection, conversation: int, file: str, size: int, now: int, *, most: int) -> None:
    """Remembers an uploaded file; of those that a visitor never sent the newest `most` stay."""
    row = {"conversation": conversation, "file": file, "bytes": size, "created_at": now}
    db.execute(insert(staged).values(**row, status=Status.unsent.value))
    mine = select(_c.id).where(_c.conversation == conversation, is_(_c.status, Status.unsent))
    _go(db, _c.id.in_(mine.order_by(_c.id.desc()).offset(most).scalar_subquery()))


def send(db: Connection, conversation: int, files: Collection[str]) -> bool:
    """A message names these files; False if one of them is not this visitor's, or not there to be sent."""
    mine = _c.file.in_(files), _c.conversation == conversation, is_(_c.status, Status.unsent)
    changed = db.execute(update(staged).where(*mine).values(status=Status.sent.value)).rowcount
    return changed == len(files)


def release(db: Connection, file: str) -> None:
    """What became of the file is known: the upload is not needed any more."""
    _go(db, _c.file == file)


def erase(db: Connection, conversation: int) -> None:
    """Nothing of this conversation is needed any more."""
    _go(db, _c.conversation == conversation, _held)


def held(db: Connection) -> Held:
    """How much is there; read from an index alone."""
    files, size = db.execute(select(func.count(), func.sum(_c.bytes)).where(_held)).one()
    return Held(files, int(size or 0))


def sweep(db: Connection, unsent_before: int, sent_before: int, limit: int) -> int:
    """Lets go of what was never sent, and of what was sent where nothing took it; how many."""
    i, a = inbox.inbox.c, attachments.attachments.c
    waits = (
        exists().where(i.conversation == _c.conversation, is_(i.status, inbox.Status.waiting)),
        exists().where(i.conversation == _c.conversation, is_(i.status, inbox.Status.parked)),
        exists().where(a.conversation == _c.conversation, is_(a.status, attachments.Status.waiting)),
    )
    unsent = and_(is_(_c.status, Status.unsent), _c.created_at < unsent_before)
    unwanted = and_(is_(_c.status, Status.sent), _c.created_at < sent_before, *(~one for one in waits))
    before = max(unsent_before, sent_before)
    old = select(_c.id).where(_held, _c.created_at < before, or_(unsent, unwanted))
    return _go(db, _c.id.in_(old.order_by(_c.created_at).limit(limit).scalar_subquery()))


def _go(db: Connection, *which: Any) -> int:
    changed = db.execute(update(staged).where(*which).values(status=Status.gone.value)).rowcount
    if changed:
        note(db, "attachments")  # the signal of all files
    return changed


def leaving(db: Connection, limit: int) -> list[tuple[int, str]]:
    """Rows that are gone, with the name of the file to remove first."""
    rows = db.execute(select(_c.id, _c.file).where(is_(_c.status, Status.gone)).order_by(_c.id).limit(limit))
    return [(id, file) for id, file in rows]


def left(db: Connection, ids: Sequence[int]) -> None:
    """Their files are removed: so are the rows."""
    db.execute(delete(staged).where(_c.id.in_(ids), is_(_c.status, Status.gone)))


def known(db: Connection, files: Sequence[str]) -> set[str]:
    """Which of these files belong to a row."""
    return set(db.execute(select(_c.file).where(_c.file.in_(files))).scalars())
