"""What people told us to act on: reports, model practices, suggestions, each with its timeline.

What was told, the masked copy and every word of the timeline are sealed. Who told it is the conversation, cut off when
the person wishes to be forgotten.
"""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)

from storage.rows import rows_of
from storage.schema import identity, index_where, metadata
from storage.sealing import Sealed, ring_of
from storage.shapes import Pin


class Kind(StrEnum):
    """What a submission is."""

    violation = "violation"
    model_practice = "model_practice"
    suggestion = "suggestion"


class Act(StrEnum):
    """What happened to a submission; one a line of its timeline."""

    filed = "filed"
    moved = "moved"
    "It came to another state."
    said = "said"
    "The citizen or staff said something; the state stayed."
    extended = "extended"
    "More time is needed."
    judged = "judged"
    "The citizen said what they think of the result."


class By(StrEnum):
    """Who did it."""

    citizen = "citizen"
    staff = "staff"
    clock = "clock"


submissions = Table(
    "submissions",
    metadata,
    identity(),
    Column("conversation", ForeignKey("conversations.id"), comment="null: its author wished to be forgotten"),
    Column("kind", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("unit", Integer, comment="the code of a unit in content/units.csv; null: not known"),
    Column("office", Integer, comment="the code of the unit whose turn it is; null: the province"),
    Column("state", Text, nullable=False, comment="a name in content/states.toml"),
    Column("ended", Boolean, nullable=False, comment="its state is for good"),
    Column("urgent", Boolean, nullable=False),
    Column("anonymous", Boolean, nullable=False, comment="staff must not learn who it was"),
    Column("progress", Boolean, nullable=False, comment="the author agreed to be told in the conversation"),
    Column("code_hash", LargeBinary, nullable=False, unique=True, comment="keyed hash of the tracking code"),
    Column("told", Sealed("submissions.told"), comment="null: its author wished to be forgotten"),
    Column("masked", Sealed("submissions.masked"), nullable=False, comment="what lists show"),
    Column("accept_by", BigInteger, nullable=False),
    Column("resolve_by", BigInteger, nullable=False),
    Column("filed_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, comment="counts every change, so that nobody writes over another's"),
    sqlite_autoincrement=True,
)  # fmt: skip
events = Table(
    "events",
    metadata,
    identity(),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("act", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column(
        "conversation", ForeignKey("conversations.id"), comment="the citizen's who did it; null: nobody's"
    ),
    Column("state", Text, nullable=False, comment="where it stood after it"),
    Column("told", Sealed("events.told"), comment="null: nothing was said, or it was erased"),
    Column("at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
_c, _e = submissions.c, events.c
Index("submissions_lane", _c.conversation, _c.id)
index_where("submissions_ended", _c.told.is_not(None), _c.ended, _c.changed_at)
Index("events_submission", _e.submission, _e.id)
index_where("events_lane", _e.conversation.is_not(None), _e.conversation)


class Told(Struct, frozen=True, omit_defaults=True):
    """What was told, word for word, under the names of the form's questions."""

    answers: dict[str, str]
    "By question; those that were skipped are missing."
    place: str = ""
    "As it was said."
    pin: Pin | None = None
    moment: str = ""
    "As it was said."
    start: int | None = None
    end: int | None = None
    contact: str | None = None
    "A number or address to be reached at, besides the conversation."


class Filed(Struct, frozen=True):
    """A submission to be opened."""

    kind: Kind
    theme: str
    unit: int | None
    office: int | None
    urgent: bool
    anonymous: bool
    progress: bool
    told: Told
    masked: str
    accept_by: int
    resolve_by: int


class Submission(Struct, frozen=True):
    """One row, without the original words."""

    id: int
    conversation: int | None
    kind: Kind
    theme: str
    unit: int | None
    office: int | None
    state: str
    ended: bool
    urgent: bool
    anonymous: bool
    progress: bool
    masked: str
    accept_by: int
    resolve_by: int
    filed_at: int
    changed_at: int
    version: int

    @property
    def number(self) -> str:
        """The public number, by which staff speak of it."""
        return f"NS{self.id:06d}"


class Event(Struct, frozen=True):
    """One line of a timeline."""

    id: int
    act: Act
    by: By
    state: str
    told: str | None
    at: int


_columns = [getattr(_c, name) for name in Submission.__struct_fields__]


def open(db: Connection, conversation: int, filed: Filed, state: str, now: int) -> tuple[int, bytes]:
    """Opens a submission with its first line; its id, and the secret of its tracking code: nine numbers below 32.

    Only a keyed hash of the secret is kept.
    """
    secret = bytes(secrets.randbelow(32) for _ in range(9))
    row = {
        "conversation": conversation,
        "kind": filed.kind.value,
        "theme": filed.theme,
        "unit": filed.unit,
        "office": filed.office,
        "state": state,
        "ended": False,
        "urgent": filed.urgent,
        "anonymous": filed.anonymous,
        "progress": filed.progress,
        "code_hash": _hash(db, secret),
        "told": msgspec.json.encode(filed.told),
        "masked": filed.masked.encode(),
        "accept_by": filed.accept_by,
        "resolve_by": filed.resolve_by,
        "filed_at": now,
        "changed_at": now,
        "version": 1,
    }
    id = int(db.execute(insert(submissions).values(row).returning(_c.id)).scalar_one())
    tell(db, id, Act.filed, By.citizen, state, None, now, conversation)
    return id, secret


def tell(
    db: Connection,
    id: int,
    act: Act,
    by: By,
    state: str,
    told: str | None,
    now: int,
    conversation: int | None = None,
) -> int:
    """Adds a line to a timeline, of this conversation's person or of nobody's; its id."""
    row = {
        "submission": id,
        "act": act.value,
        "by": by.value,
        "conversation": conversation,
        "state": state,
        "told": None if told is None else told.encode(),
        "at": now,
    }
    return int(db.execute(insert(events).values(row).returning(_e.id)).scalar_one())


def get(db: Connection, id: int, *, lock: bool = False) -> Submission | None:
    """One submission; `lock`: held until the transaction ends."""
    wanted = select(*_columns).where(_c.id == id)
    row = db.execute(wanted.with_for_update(key_share=True) if lock else wanted).one_or_none()
    return _read(row) if row else None


def by_code(db: Connection, secret: bytes) -> Submission | None:
    """The submission whose tracking code holds this secret."""
    row = db.execute(select(*_columns).where(_c.code_hash == _hash(db, secret))).one_or_none()
    return _read(row) if row else None


def of_conversation(db: Connection, conversation: int, limit: int) -> list[Submission]:
    """One's own, the newest first."""
    mine = select(*_columns).where(_c.conversation == conversation).order_by(_c.id.desc()).limit(limit)
    return [_read(row) for row in db.execute(mine)]


def newest(db: Connection, limit: int, before: int | None = None) -> list[Submission]:
    """All, the newest first; those before the id `before`."""
    wanted = select(*_columns).order_by(_c.id.desc()).limit(limit)
    return [_read(row) for row in db.execute(wanted.where(_c.id < before) if before else wanted)]


def told(db: Connection, id: int) -> Told | None:
    """The original words; None when their author wished to be forgotten."""
    raw = db.execute(select(_c.told).where(_c.id == id)).scalar()
    return None if raw is None else msgspec.json.decode(raw, type=Told)


def timeline(db: Connection, id: int, limit: int = 1_000) -> list[Event]:
    """The last things that happened, the oldest first."""
    lines = select(_e.id, _e.act, _e.by, _e.state, _e.told, _e.at).where(_e.submission == id)
    rows = db.execute(lines.order_by(_e.id.desc()).limit(limit)).all()
    return [
        Event(number, Act(act), By(by), state, None if said is None else said.decode(), at)
        for number, act, by, state, said, at in reversed(rows)
    ]


_AWAITED = (
    select(_c.id)
    .where(_c.conversation == bindparam("lane"), _c.state == bindparam("state"))
    .order_by(_c.id.desc())
    .limit(1)
)


def awaited(db: Connection, conversation: int, state: str) -> int | None:
    """The newest of one's own submissions that stands in this state."""
    found = rows_of(db, _AWAITED, lane=conversation, state=state)
    return int(found[0][0]) if found else None


def change(db: Connection, submission: Submission, now: int, **values: Any) -> bool:
    """Writes a change to the row as it was read; False: somebody else was faster."""
    values |= {"changed_at": now, "version": submission.version + 1}
    mine = update(submissions).where(_c.id == submission.id, _c.version == submission.version)
    return db.execute(mine.values(values)).rowcount == 1


def forget(db: Connection, conversation: int) -> Sequence[int]:
    """Cuts a person's submissions from them and erases their own words; the masked copies stay for those who act on
    them. The submissions' ids."""
    ids = list(db.execute(select(_c.id).where(_c.conversation == conversation)).scalars())
    _erase(db, ids)
    db.execute(update(events).where(_e.conversation == conversation).values(told=None, conversation=None))
    return ids


def sweep(db: Connection, before: int, limit: int) -> list[int]:
    """Does the same to those that ended, and changed last, before `before`; their ids."""
    old = select(_c.id).where(_c.told.is_not(None), _c.ended.is_(True), _c.changed_at < before)
    ids = list(db.execute(old.order_by(_c.changed_at).limit(limit)).scalars())
    _erase(db, ids)
    return ids


def _erase(db: Connection, ids: Sequence[int]) -> None:
    if ids:
        db.execute(update(submissions).where(_c.id.in_(ids)).values(conversation=None, told=None))
        theirs = update(events).where(_e.submission.in_(ids), _e.by == By.citizen.value)
        db.execute(theirs.values(told=None, conversation=None))


def _read(row: Any) -> Submission:
    values = dict(zip(Submission.__struct_fields__, row, strict=True))
    return Submission(**{**values, "kind": Kind(values["kind"]), "masked": values["masked"].decode()})


def _hash(db: Connection, secret: bytes) -> bytes:
    return ring_of(db.dialect).hash("submissions", secret.hex())
