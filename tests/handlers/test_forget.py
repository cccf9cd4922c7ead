import pytest
from sqlalchemy import Connection, select

from handlers.citizens.forget import forget
from storage import conversations, feedback, inbox, outbox
from storage.database import Database
from storage.feedback import Feedback
from tests import make


def life(db: Connection, who: str) -> int:
    """A conversation with something in every place."""
    for text in ("một", "hai", "ba"):
        inbox.keep(db, make.incoming(text, who), make.NOW, language="vi", keep_address=True)
    id = conversations.meet(db, "webchat", who, "vi", make.NOW, keep_address=True)
    lane = next(lane for lane in inbox.take(db, make.NOW, 50, only=id))
    inbox.done(db, [lane.messages[0].id])
    inbox.park(db, lane.messages[1].id, "ZeroDivisionError")
    conversations.advance(db, [conversations.Change(id, "vi", b"secret", make.NOW)])
    outbox.put(db, [make.reply(id, "một lời"), make.reply(id, "sau này", due_at=make.NOW + 9)])
    feedback.tell(db, id, Feedback("hay", "0905 123 456"), make.NOW)
    return id


def words_of(db: Connection, id: int) -> list[object]:
    """Everything that is still kept of a conversation, and could be read."""
    i, o, c = inbox.inbox.c, outbox.outbox.c, conversations.conversations.c
    f = feedback.feedback.c
    found = [
        *db.execute(select(i.body).where(i.conversation == id)).scalars(),
        *db.execute(select(o.body).where(o.conversation == id)).scalars(),
        *db.execute(select(f.told).where(f.conversation == id)).scalars(),
        *db.execute(select(c.mark, c.address).where(c.id == id)).one(),
    ]
    return [value for value in found if value is not None]


@pytest.fixture
def two(database: Database) -> tuple[int, int]:
    """The one who will be forgotten, and somebody else."""
    ids = [database.submit(lambda db, who=who: life(db, who)).result() for who in ("an", "binh")]
    return ids[0], ids[1]


def test_nothing_is_left_of_one_and_everything_of_the_other(database: Database, two: tuple[int, int]) -> None:
    before = database.ask(lambda db: words_of(db, two[1])).result()
    assert len(before) == 7 == len(database.ask(lambda db: words_of(db, two[0])).result())
    database.submit(lambda db: forget(db, two[0], make.NOW)).result()
    assert database.ask(lambda db: words_of(db, two[0])).result() == []
    assert database.ask(lambda db: words_of(db, two[1])).result() == before


def test_the_forgotten_are_strangers_when_they_write_again(database: Database, two: tuple[int, int]) -> None:
    database.submit(lambda db: forget(db, two[0], make.NOW)).result()
    assert database.ask(lambda db: conversations.find(db, "webchat", "an")).result() is None
    again = database.submit(
        lambda db: conversations.meet(db, "webchat", "an", "vi", make.NOW, keep_address=False)
    ).result()
    assert again not in two


def test_nothing_more_is_said_to_the_forgotten(database: Database, two: tuple[int, int]) -> None:
    database.submit(lambda db: forget(db, two[0], make.NOW)).result()
    due = database.submit(lambda db: outbox.claim(db, "post", make.NOW + 99, 50, 1)).result()
    assert {d.conversation for d in due} == {two[1]}
    assert database.ask(lambda db: outbox.show(db, two[0], 0)).result() == []
    assert {x.conversation.id for x in database.submit(lambda db: inbox.take(db, make.NOW, 9)).result()} == {two[1]}  # fmt: skip


def test_forgetting_twice_is_forgetting_once(database: Database, two: tuple[int, int]) -> None:
    for id in (two[0], two[0], two[1]):  # two forgotten ones do not get in each other's way
        database.submit(lambda db, id=id: forget(db, id, make.NOW)).result()
    assert database.ask(lambda db: words_of(db, two[0]) + words_of(db, two[1])).result() == []
