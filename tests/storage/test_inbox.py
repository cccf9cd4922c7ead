"""A message is kept once, answered once and in order, or set aside; never lost."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import conversations, inbox
from storage.database import Database
from storage.opening import open_database
from storage.shapes import Kind, Said
from tests import make
from tests.make import NOW


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


@pytest.fixture
def keep(do: Callable[..., Any]) -> Callable[..., bool]:
    def kept(text: str = "xin chào", now: int = NOW, **fields: object) -> bool:
        return bool(
            do(inbox.keep, make.incoming(text, **fields), now, language="vi", keep_address=False)  # type: ignore[arg-type]
        )

    return kept


@pytest.fixture
def taken(do: Callable[..., Any]) -> Callable[..., list[list[str]]]:
    """The texts of every lane that is taken."""

    def texts(now: int = NOW, limit: int = 50, **only: int) -> list[list[str]]:
        return [[m.said.text for m in lane.messages] for lane in do(inbox.take, now, limit, **only)]

    return texts


def rows(db: Connection) -> list[tuple[str, bool]]:
    c = inbox.inbox.c
    return [(status, body is None) for status, body in db.execute(select(c.status, c.body).order_by(c.id))]


Keep, Taken, Do = Callable[..., bool], Callable[..., list[list[str]]], Callable[..., Any]


def test_a_message_is_taken_as_it_was_kept(keep: Keep, do: Do) -> None:
    said = Said("", "report/begin", "en")
    keep(said=said, kind=Kind.press, sent_at=NOW - 9, who="an")
    (lane,) = do(inbox.take, NOW, 50)
    (message,) = lane.messages
    assert (message.said, message.kind, message.sent_at) == (said, Kind.press, NOW - 9)
    assert message.conversation == lane.conversation.id == do(conversations.find, "webchat", "an")


def test_a_second_delivery_is_kept_once(keep: Keep, taken: Taken) -> None:
    assert [keep("một", key="k"), keep("một", key="k")] == [True, False]
    assert taken() == [["một"]]


def test_a_key_is_the_senders_own(keep: Keep) -> None:
    assert [keep(key="k", channel="webchat"), keep(key="k", channel="post")] == [True, True]


def test_an_answered_message_is_not_kept_again(keep: Keep, do: Do, taken: Taken) -> None:
    keep(key="k")
    do(inbox.done, [1])
    assert not keep(key="k")
    assert taken() == []


def test_a_delivery_that_many_bring_at_once_is_kept_once(database: Database) -> None:
    def brought() -> "Future[bool]":
        return database.submit(lambda db: inbox.keep(db, message, NOW, language="vi", keep_address=False))

    message = make.incoming()
    assert sorted(future.result() for future in [brought() for _ in range(20)]) == [False] * 19 + [True]


def test_the_very_first_message_of_a_conversation_is_known_by_its_key(keep: Keep, do: Do) -> None:
    keep(key="k", who="an")
    message = make.incoming(who="an", key="later")
    do(lambda db: inbox.keep(db, message, NOW + 1, language="vi", keep_address=False))
    assert do(inbox.opened_by, "webchat", "k") == do(conversations.find, "webchat", "an")
    assert do(inbox.opened_by, "webchat", "later") is None
    assert do(inbox.opened_by, "post", "k") is None


def test_a_lane_is_in_the_order_of_sending_then_of_keeping(keep: Keep, taken: Taken) -> None:
    for text, sent_at in (("c", 3), ("a", 1), ("d", 3), ("b", 2)):
        keep(text, sent_at=NOW + sent_at)
    assert taken() == [["a", "b", "c", "d"]]


def test_each_person_has_a_lane(keep: Keep, taken: Taken) -> None:
    for who in ("an", "binh", "an"):
        keep(who, who=who)
    assert sorted(taken()) == [["an", "an"], ["binh"]]


def test_who_waits_longest_is_taken_first(keep: Keep, taken: Taken) -> None:
    for wait, who in ((5, "second"), (1, "first"), (9, "third")):
        keep(who, now=NOW + wait, who=who, sent_at=NOW + wait)
    assert taken(NOW + 9, limit=1) == [["first"]]
    assert taken(NOW + 9, limit=2) == [["first"], ["second"]]


def test_no_more_messages_are_taken_than_asked_for(keep: Keep, taken: Taken) -> None:
    for n in range(6):
        keep(f"{n}", who=f"{n % 2}", sent_at=NOW + n)
    assert taken(limit=3) == [["0", "2"], ["1"]]


def test_what_is_not_due_is_not_taken(keep: Keep, taken: Taken) -> None:
    keep("sớm", now=NOW + 1)
    assert taken(NOW) == []
    assert taken(NOW + 1) == [["sớm"]]


def test_one_lane_may_be_asked_for(keep: Keep, taken: Taken, do: Do) -> None:
    for who in ("an", "binh", "chi"):
        keep(who, who=who)
    assert taken(only=do(conversations.find, "webchat", "binh")) == [["binh"]]
    assert taken(only=999) == []


def test_a_lane_knows_its_mark(keep: Keep, do: Do) -> None:
    keep()
    do(conversations.advance, [conversations.Change(1, "en", b"mark", NOW)])
    (lane,) = do(inbox.take, NOW, 1)
    assert (lane.conversation.mark, lane.conversation.language) == (b"mark", "en")


def test_an_answered_message_has_no_words_left(keep: Keep, do: Do, taken: Taken) -> None:
    for text in ("a", "b", "c"):
        keep(text)
    do(inbox.done, [1, 3])
    assert do(rows) == [("done", True), ("waiting", False), ("done", True)]
    assert taken() == [["b"]]


def test_tries_are_counted_before_they_are_made(keep: Keep, do: Do) -> None:
    assert do(lambda db: inbox.next_alone(db, NOW, count=True)) is None
    keep("sau", sent_at=NOW + 1)
    keep("trước", sent_at=NOW)
    attempts = [do(lambda db: inbox.next_alone(db, NOW, count=True)) for _ in range(3)]
    assert [(a.id, a.conversation, a.before) for a in attempts] == [(2, 1, 0), (2, 1, 1), (2, 1, 2)]


def test_a_parked_message_lets_its_lane_move_on(keep: Keep, do: Do, taken: Taken) -> None:
    keep("hỏng", who="an")
    keep("tiếp", who="an")
    assert do(inbox.park, 1, "KeyError") == do(conversations.find, "webchat", "an")
    assert taken() == [["tiếp"]]
    assert [(p.id, p.channel, p.kind, p.error) for p in do(inbox.parked)] == [
        (1, "webchat", "message", "KeyError")
    ]


def test_only_a_waiting_message_is_parked(keep: Keep, do: Do) -> None:
    keep()
    do(inbox.done, [1])
    assert do(inbox.park, 1, "KeyError") is None
    assert do(inbox.park, 99, "KeyError") is None
    assert do(rows) == [("done", True)]


def test_a_parked_message_may_be_replayed(keep: Keep, do: Do, taken: Taken) -> None:
    keep("lại")
    do(lambda db: inbox.next_alone(db, NOW, count=True))
    do(inbox.park, 1, "KeyError")
    assert [do(inbox.replay, 1, NOW + 5) for _ in range(2)] == [True, False]
    assert (taken(NOW + 4), taken(NOW + 5)) == ([], [["lại"]])
    assert do(lambda db: inbox.next_alone(db, NOW + 5, count=True)).before == 0
    assert do(lambda db: inbox.next_alone(db, NOW + 5, count=False)).before == 1


def test_an_unreadable_body_is_kept_once_and_parked(do: Do, taken: Taken) -> None:
    for _ in range(2):
        do(inbox.keep_unreadable, "webchat", "k", b"\xff", NOW)
    assert taken() == []
    assert [(p.kind, p.error) for p in do(inbox.parked)] == [("unreadable", "unreadable")]
    assert do(lambda db: db.execute(select(inbox.inbox.c.body)).scalar()) == b"\xff"
    assert not do(inbox.replay, 1, NOW)


def test_the_newest_parked_are_listed_first(keep: Keep, do: Do) -> None:
    for n in range(3):
        keep()
        do(inbox.park, n + 1, "KeyError")
    assert [p.id for p in do(inbox.parked, 2)] == [3, 2]


def test_counts_say_how_full_the_inbox_is(keep: Keep, do: Do) -> None:
    assert do(inbox.counts) == inbox.Counts(0, 0, None)
    for n in range(5):
        keep(now=NOW - n)
    do(inbox.done, [5])
    do(inbox.park, 1, "KeyError")
    assert do(inbox.counts) == inbox.Counts(waiting=3, parked=1, oldest=NOW - 3)


def test_old_keys_of_answered_messages_are_swept(keep: Keep, do: Do) -> None:
    for n in range(6):
        keep(now=NOW + n)
    do(inbox.park, 1, "KeyError")
    do(inbox.done, [2, 3, 4, 5])
    assert [do(inbox.sweep, NOW + 4, 2) for _ in range(3)] == [2, 1, 0]
    assert do(lambda db: sorted(db.execute(select(inbox.inbox.c.id)).scalars())) == [1, 5, 6]


def test_a_swept_number_is_not_given_again(keep: Keep, do: Do) -> None:
    keep()
    do(inbox.done, [1])
    do(inbox.sweep, NOW + 1, 10)
    keep()
    assert do(lambda db: db.execute(select(inbox.inbox.c.id)).scalars().all()) == [2]


def test_every_word_of_one_person_is_erased(keep: Keep, do: Do, taken: Taken) -> None:
    for who in ("an", "an", "binh"):
        keep(who, who=who)
    do(inbox.park, 1, "KeyError")
    do(inbox.erase, do(conversations.find, "webchat", "an"))
    assert do(rows) == [("done", True), ("done", True), ("waiting", False)]
    assert (taken(), do(inbox.parked)) == ([["binh"]], [])


def test_a_new_message_calls_its_workers(url: str) -> None:
    heard: list[str] = []

    class Ears:
        def told(self, topics: frozenset[str]) -> None:
            heard.extend(topics)

        def took(self, name: str, seconds: float) -> None: ...

    message = make.incoming()
    with opened(url, Ears()) as database:

        def kept(db: Connection) -> bool:
            return inbox.keep(db, message, NOW, language="vi", keep_address=False)

        assert (database.submit(kept).result(), heard[:1]) == (True, ["inbox"])
        assert not database.submit(kept).result()


# several processes on one PostgreSQL


@contextlib.contextmanager
def opened(url: str, watcher: Any = None) -> Iterator[Database]:
    database = open_database(url, make.ring(), watcher)
    database.open()
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL with a message of an, two of binh and one of chi."""
    with opened(postgres_url) as database:
        for who in ("an", "binh", "binh", "chi"):
            message = make.incoming(who, who=who)
            database.submit(
                lambda db, m=message: inbox.keep(db, m, NOW, language="vi", keep_address=False)
            ).result()
        yield database


@contextlib.contextmanager
def elsewhere(database: Database, call: Callable[[Connection], Any]) -> Iterator[Any]:
    """What `call` returned in a transaction that stays open until the end of the block."""
    found: Future[Any] = Future()
    gate = threading.Event()

    def hold(db: Connection) -> None:
        found.set_result(call(db))
        gate.wait(20)

    held = database.submit(hold)
    try:
        yield found.result(timeout=10)
    finally:
        gate.set()
        held.result()


def people(lanes: list[inbox.Lane]) -> list[str]:
    return [message.said.text for lane in lanes for message in lane.messages]


def test_lanes_that_are_taken_elsewhere_are_passed_by(shared: Database) -> None:
    with elsewhere(shared, lambda db: inbox.take(db, NOW, 1)) as theirs:
        ours = shared.submit(lambda db: inbox.take(db, NOW, 50)).result(timeout=10)
    assert (people(theirs), people(ours)) == (["an"], ["binh", "binh", "chi"])


def test_nobody_elsewhere_can_overtake_in_a_lane(shared: Database) -> None:
    binh = shared.submit(lambda db: conversations.find(db, "webchat", "binh")).result()
    with elsewhere(shared, lambda db: inbox.take(db, NOW, 1, only=binh)) as theirs:
        assert len(people(theirs)) == 1
        assert people(shared.submit(lambda db: inbox.take(db, NOW, 50)).result()) == ["an", "chi"]


def test_a_message_for_a_taken_lane_is_kept_without_waiting(shared: Database) -> None:
    message = make.incoming("nữa", who="an")
    with elsewhere(shared, lambda db: inbox.take(db, NOW, 50)):
        kept = shared.submit(lambda db: inbox.keep(db, message, NOW, language="vi", keep_address=False))
        assert kept.result(timeout=5)


def test_what_was_answered_elsewhere_is_not_taken(shared: Database) -> None:
    def answer(db: Connection) -> list[int]:
        ids = [message.id for lane in inbox.take(db, NOW, 2) for message in lane.messages]
        if ids:
            inbox.done(db, ids)
        return ids

    answered: list[int] = []
    while futures := [shared.submit(answer) for _ in range(4)]:
        ids = [id for future in futures for id in future.result()]
        if not ids:
            break
        answered += ids
    assert sorted(answered) == [1, 2, 3, 4]
