import pytest
from sqlalchemy import Connection, func, select

from handlers.clock import ACTS, sweep
from storage import conversations, inbox, outbox, timers
from storage.database import Database
from storage.outbox import Outcome
from tests import make

DAY = 86_400_000


def talk(db: Connection, said_at: int, who: str) -> None:
    """Somebody wrote then, was answered, and has read it."""
    incoming = make.incoming(who=who, sent_at=said_at)
    inbox.keep(db, incoming, said_at, language="vi", keep_address=False)
    lane = next(x for x in inbox.take(db, said_at, 50))
    inbox.done(db, [m.id for m in lane.messages])
    conversations.advance(db, [conversations.Change(lane.conversation.id, "vi", b"{}", said_at)])
    outbox.put(db, [make.reply(lane.conversation.id, due_at=said_at)])
    due = outbox.claim(db, "post", said_at, 9, 1000)
    outbox.record(db, [Outcome(d.id, outbox.Status.sent) for d in due], said_at, DAY)


def left(db: Connection) -> tuple[int, int, int]:
    """Inbox keys, outbox bodies, marks."""
    counts = (
        select(func.count()).select_from(inbox.inbox),
        select(func.count()).where(outbox.outbox.c.body.is_not(None)),
        select(func.count()).where(conversations.conversations.c.mark.is_not(None)),
    )
    keys, bodies, marks = (db.execute(count).scalar_one() for count in counts)
    return keys, bodies, marks


def rings_at(db: Connection) -> int | None:
    ringing = timers.due(db, make.NOW + 365 * DAY)
    return ringing.due_at if ringing else None


def ring(db: Connection) -> None:
    """What the clock does: the act with what it left itself."""
    ringing = timers.due(db, make.NOW)
    assert ringing
    ACTS[ringing.act](db, ringing.arguments, make.NOW, make.the_catalog())


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (0, (1, 1, 1)),
        (DAY - 1, (1, 1, 1)),
        (DAY, (1, 0, 1)),  # sent words a day
        (30 * DAY, (1, 0, 1)),
        (30 * DAY + 1, (0, 0, 0)),  # keys and drafts thirty days
    ],
)
def test_nothing_is_kept_longer_than_promised(
    database: Database, age: int, kept: tuple[int, int, int]
) -> None:
    database.submit(lambda db: talk(db, make.NOW - age, "an")).result()
    database.submit(lambda db: sweep.sweep(db, {}, make.NOW, make.the_catalog())).result()
    assert database.ask(left).result() == kept


def test_a_message_that_waits_is_never_swept(database: Database) -> None:
    old = make.incoming(sent_at=make.NOW - 400 * DAY)
    database.submit(lambda db: inbox.keep(db, old, make.NOW, language="vi", keep_address=False)).result()
    database.submit(lambda db: sweep.sweep(db, {}, make.NOW, make.the_catalog())).result()
    assert database.ask(left).result()[0] == 1


def test_it_rings_again_in_ten_minutes(database: Database) -> None:
    database.submit(lambda db: ACTS["sweep"](db, {}, make.NOW, make.the_catalog())).result()
    assert database.submit(rings_at).result() == make.NOW + 600_000


def test_it_rings_again_at_once_while_there_is_more_and_in_the_end_nothing_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CHUNK", 2)
    for who in ("an", "binh", "chi", "dung", "em"):
        database.submit(lambda db, who=who: talk(db, make.NOW - 31 * DAY, who)).result()
    database.submit(lambda db: sweep.begin(db, make.NOW)).result()
    rung = 0
    while database.submit(rings_at).result() == make.NOW:
        database.submit(ring).result()
        rung += 1
    assert rung > 2 and database.ask(left).result() == (0, 0, 0)
    assert database.submit(rings_at).result() == make.NOW + sweep.EVERY_MS


def test_beginning_sets_it_once(database: Database) -> None:
    database.submit(lambda db: sweep.begin(db, make.NOW)).result()
    database.submit(lambda db: sweep.begin(db, make.NOW + 5)).result()
    assert database.submit(rings_at).result() == make.NOW
