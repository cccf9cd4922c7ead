"""What we say is sent in order, by one process at a time, and its record is kept."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import conversations, inbox, outbox
from storage.database import Database
from storage.opening import open_database
from storage.outbox import Due, Outcome, Status
from storage.shapes import Choice, Message
from tests import make
from tests.make import NOW

LEASE, KEEP = 1000, 60_000

Do = Callable[..., Any]


@pytest.fixture
def do(database: Database) -> Do:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


def meet_two(db: Connection) -> list[int]:
    return [conversations.meet(db, "post", who, "vi", NOW, keep_address=True) for who in ("an", "binh")]


@pytest.fixture
def an(do: Do) -> int:
    return int(do(meet_two)[0])


@pytest.fixture
def binh(do: Do, an: int) -> int:
    return int(do(meet_two)[1])


@pytest.fixture
def put(do: Do) -> Callable[..., None]:
    def said(who: int, *texts: str, **fields: object) -> None:
        do(outbox.put, [make.reply(who, text, **fields) for text in texts])

    return said


Put = Callable[..., None]


@pytest.fixture
def claim(do: Do) -> Callable[..., list[Due]]:
    def claimed(now: int = NOW, limit: int = 10, channel: str = "post") -> list[Due]:
        do(outbox.overdue, channel, now)
        return list(do(outbox.claim, channel, now, limit, LEASE))

    return claimed


Claim = Callable[..., list[Due]]


@pytest.fixture
def record(do: Do) -> Callable[..., None]:
    def recorded(id: int, status: Status = Status.sent, now: int = NOW, **fields: Any) -> None:
        do(outbox.record, [Outcome(id, status, **fields)], now, KEEP)

    return recorded


Record = Callable[..., None]


@pytest.fixture
def row(do: Do) -> Callable[..., Any]:
    def found(id: int) -> Any:
        return do(lambda db: db.execute(select(outbox.outbox).where(outbox.outbox.c.id == id)).one())

    return found


Row = Callable[..., Any]


def texts(dues: Sequence[Any]) -> list[str]:
    return [due.message.text for due in dues]


# claiming


def test_a_message_is_claimed_as_it_was_put(an: int, do: Do, claim: Claim) -> None:
    message = Message("Chọn đi", (Choice("do/menu", "Mục lục"),))
    do(outbox.put, [outbox.Reply(an, "post", message, NOW)])
    assert claim() == [Due(1, an, message, tries=1, replaces=None, address="an")]


def test_a_claimed_message_is_not_claimed_again(an: int, put: Put, claim: Claim, row: Row) -> None:
    put(an, "một")
    assert (texts(claim()), claim()) == (["một"], [])
    assert (row(1).status, row(1).lease_until) == ("sending", NOW + LEASE)


def test_a_message_is_claimed_when_due(an: int, put: Put, claim: Claim) -> None:
    put(an, "lát nữa", due_at=NOW + 5)
    assert claim(NOW + 4) == []
    assert texts(claim(NOW + 5)) == ["lát nữa"]


def test_a_channel_claims_its_own(an: int, put: Put, claim: Claim) -> None:
    put(an, "khác", channel="telegram")
    assert claim() == []
    assert texts(claim(channel="telegram")) == ["khác"]


def test_who_waits_longest_is_claimed_first(an: int, binh: int, put: Put, claim: Claim) -> None:
    put(an, "sau", due_at=NOW + 2)
    put(binh, "trước", due_at=NOW + 1)
    assert [texts(claim(NOW + 9, limit=1)) for _ in range(2)] == [["trước"], ["sau"]]


def test_no_more_are_claimed_than_asked_for(do: Do, put: Put, claim: Claim) -> None:
    for n in range(7):
        put(do(conversations.meet, "post", f"{n}", "vi", NOW, keep_address=True), f"{n}")
    assert [len(claim(limit=3)) for _ in range(4)] == [3, 3, 1, 0]


def test_a_reply_waits_for_the_earlier_ones(
    an: int, binh: int, put: Put, claim: Claim, record: Record
) -> None:
    put(an, "một", "hai", "ba")
    put(binh, "khác")
    assert texts(claim()) == ["một", "khác"]
    assert claim() == []
    record(1)
    assert texts(claim()) == ["hai"]


def test_a_reply_waits_for_an_earlier_one_that_is_not_due(an: int, put: Put, claim: Claim) -> None:
    put(an, "trước", due_at=NOW + 100)
    put(an, "sau")
    assert claim() == []
    assert texts(claim(NOW + 100)) == ["trước"]


def test_a_reply_does_not_wait_for_one_that_ended(an: int, put: Put, claim: Claim, record: Record) -> None:
    put(an, "sent", "refused", "held", "next")
    for end in ("sent", "refused", "held"):
        (due,) = claim()
        assert due.message.text == end
        record(due.id, Status(end))
    assert texts(claim()) == ["next"]


def test_a_lease_that_ran_out_is_claimed_again_and_says_so(an: int, put: Put, claim: Claim, row: Row) -> None:
    put(an, "một")
    claim()
    assert claim(NOW + LEASE) == []
    assert not row(1).maybe_sent
    assert [due.tries for due in claim(NOW + LEASE + 1)] == [2]
    assert row(1).maybe_sent


def test_what_is_too_late_expires(an: int, put: Put, claim: Claim, row: Row, do: Do) -> None:
    put(an, "mưa hôm nay", not_after=NOW + 5)
    put(an, "tiếp")
    assert texts(claim(NOW + 6)) == ["tiếp"]
    assert row(1).status == "expired"
    assert do(outbox.sweep, NOW + 6, 10) == 1
    assert row(1).body is None


def test_what_is_just_in_time_is_claimed(an: int, put: Put, claim: Claim) -> None:
    put(an, "kịp", not_after=NOW + 5)
    assert texts(claim(NOW + 5)) == ["kịp"]


def test_given_back_messages_were_not_tried(an: int, put: Put, claim: Claim, do: Do, row: Row) -> None:
    put(an, "một")
    do(outbox.give_back, [due.id for due in claim()], NOW + 5)
    assert (row(1).status, row(1).lease_until, row(1).maybe_sent) == ("waiting", None, False)
    assert claim(NOW + 4) == []
    assert [due.tries for due in claim(NOW + 5)] == [1]


def test_only_claimed_messages_are_given_back(
    an: int, put: Put, claim: Claim, record: Record, do: Do, row: Row
) -> None:
    put(an, "một")
    claim()
    record(1)
    do(outbox.give_back, [1], NOW)
    assert row(1).status == "sent"


# slots


def test_a_slot_drops_what_is_unsent(an: int, binh: int, put: Put, claim: Claim, row: Row) -> None:
    put(an, "cũ", slot="menu")
    put(an, "ô khác", slot="form")
    put(binh, "người khác", slot="menu")
    put(an, "mới", slot="menu")
    assert (row(1).status, row(1).body) == ("dropped", None)
    assert [row(id).status for id in (2, 3, 4)] == ["waiting"] * 3


def test_what_is_being_sent_is_not_dropped(an: int, put: Put, claim: Claim, record: Record, row: Row) -> None:
    put(an, "cũ", slot="menu")
    claim()
    put(an, "mới", slot="menu")
    assert (row(1).status, claim()) == ("sending", [])
    record(1, provider_id="p1")
    assert [due.replaces for due in claim()] == ["p1"]


def test_a_slot_names_the_last_sent_message_it_replaces(
    an: int, binh: int, put: Put, claim: Claim, record: Record
) -> None:
    for id in (1, 2):
        put(an, f"{id}", slot="menu")
        claim()
        record(id, provider_id=f"p{id}")
    for who, slot in ((an, "menu"), (binh, "menu")):
        put(who, "mới", slot=slot)
    assert [due.replaces for due in claim()] == ["p2", None]


def test_without_a_slot_nothing_is_replaced(an: int, put: Put, claim: Claim, record: Record) -> None:
    put(an, "một")
    claim()
    record(1, provider_id="p1")
    put(an, "hai")
    put(an, "ba", slot="menu")
    claim()
    record(2, provider_id="p2")
    assert [due.replaces for due in claim()] == [None]


def test_in_one_batch_the_newest_of_a_slot_counts(an: int, put: Put, claim: Claim) -> None:
    put(an, "cũ", "mới", slot="menu")
    assert texts(claim()) == ["mới"]


def test_what_is_held_in_a_slot_is_dropped_too(
    an: int, put: Put, claim: Claim, record: Record, do: Do
) -> None:
    put(an, "cũ", slot="menu")
    claim()
    record(1, Status.held)
    put(an, "mới", slot="menu")
    do(outbox.release_held, [an])
    assert texts(claim()) == ["mới"]


# what came of it


def test_what_was_sent_is_recorded(an: int, put: Put, claim: Claim, record: Record, row: Row) -> None:
    put(an, "một")
    claim()
    record(1, provider_id="p1", now=NOW + 7)
    found = row(1)
    assert (found.status, found.provider_id, found.sent_at) == ("sent", "p1", NOW + 7)
    assert (found.forget_at, found.lease_until) == (NOW + 7 + KEEP, None)


def test_what_was_refused_is_recorded(an: int, put: Put, claim: Claim, record: Record, row: Row) -> None:
    put(an, "một")
    claim()
    record(1, Status.refused, reason="blocked")
    found = row(1)
    assert (found.status, found.reason, found.sent_at) == ("refused", "blocked", None)
    assert found.forget_at == NOW + KEEP


def test_what_was_put_off_is_tried_again_then(an: int, put: Put, claim: Claim, record: Record) -> None:
    put(an, "một")
    claim()
    record(1, Status.waiting, reason="429", due_at=NOW + 50)
    assert claim(NOW + 49) == []
    assert [due.tries for due in claim(NOW + 50)] == [2]


def test_what_is_held_goes_when_the_person_wrote(
    an: int, binh: int, put: Put, claim: Claim, record: Record, do: Do, row: Row
) -> None:
    for who in (an, binh):
        put(who, f"{who}")
    for due in claim():
        record(due.id, Status.held, reason="window")
    assert claim(NOW + 10**9) == []
    do(outbox.release_held, [an])
    assert texts(claim()) == [f"{an}"]
    assert (row(1).reason, row(2).reason) == (None, "window")


def test_a_batch_of_outcomes_is_recorded_at_once(
    an: int, binh: int, put: Put, claim: Claim, do: Do, row: Row
) -> None:
    put(an, "một")
    put(binh, "hai")
    claim()
    do(outbox.record, [Outcome(1, Status.sent, "p1"), Outcome(2, Status.refused, reason="gone")], NOW, KEEP)
    assert [(row(id).status, row(id).provider_id, row(id).reason) for id in (1, 2)] == [
        ("sent", "p1", None),
        ("refused", None, "gone"),
    ]


def test_an_outcome_that_comes_too_late_changes_nothing(
    an: int, put: Put, claim: Claim, record: Record, row: Row
) -> None:
    put(an, "một")
    claim()
    record(1, provider_id="p1")
    record(1, Status.refused, reason="late")
    assert (row(1).status, row(1).provider_id) == ("sent", "p1")


# people who fetch


def test_a_device_is_shown_what_it_has_not_seen(an: int, binh: int, put: Put, do: Do) -> None:
    put(an, "một", "hai", "ba")
    put(binh, "khác")
    assert texts(do(outbox.show, an, 0)) == ["một", "hai", "ba"]
    assert [(shown.id, shown.at) for shown in do(outbox.show, an, 2)] == [(3, NOW)]
    assert do(outbox.show, an, 3) == []


def test_a_look_is_bounded(an: int, put: Put, do: Do) -> None:
    put(an, *"abcde")
    assert texts(do(outbox.show, an, 0, 2)) == ["a", "b"]
    assert texts(do(outbox.show, an, 2, 2)) == ["c", "d"]


def test_what_was_fetched_is_shown_again_to_another_device(an: int, put: Put, do: Do) -> None:
    put(an, "một")
    do(outbox.fetched, an, 1, NOW + 5, KEEP)
    assert [(shown.message.text, shown.at) for shown in do(outbox.show, an, 0)] == [("một", NOW + 5)]


def test_of_a_slot_only_the_newest_is_shown(an: int, binh: int, put: Put, do: Do) -> None:
    put(binh, "người khác", slot="menu")
    put(an, "cũ", slot="menu")
    do(outbox.fetched, an, 2, NOW, KEEP)
    put(an, "giữa")
    put(an, "mới", slot="menu")
    assert [(s.message.text, s.slot) for s in do(outbox.show, an, 0)] == [("giữa", None), ("mới", "menu")]
    assert texts(do(outbox.show, binh, 0)) == ["người khác"]


def test_an_answer_names_the_key_of_its_question(an: int, put: Put, do: Do) -> None:
    do(inbox.keep, make.incoming(key="hỏi"), NOW, language="vi", keep_address=False)
    put(an, "đáp", answers=1)
    put(an, "tin")
    assert [shown.answers for shown in do(outbox.show, an, 0)] == ["hỏi", None]
    do(inbox.done, [1])
    do(inbox.sweep, NOW + 1, 10)
    assert [shown.answers for shown in do(outbox.show, an, 0)] == [None, None]


def test_fetching_is_sending(an: int, binh: int, put: Put, do: Do, row: Row) -> None:
    put(an, "một", "hai", "ba")
    put(binh, "khác")
    do(outbox.fetched, an, 2, NOW + 5, KEEP)
    assert [row(id).status for id in (1, 2, 3, 4)] == ["sent", "sent", "waiting", "waiting"]
    assert (row(1).sent_at, row(1).forget_at) == (NOW + 5, NOW + 5 + KEEP)


def test_fetching_twice_keeps_the_first_time(an: int, put: Put, do: Do, row: Row) -> None:
    put(an, "một")
    assert [shown.fresh for shown in do(outbox.show, an, 0)] == [True]
    do(outbox.fetched, an, 1, NOW + 5, KEEP)
    assert [shown.fresh for shown in do(outbox.show, an, 0)] == [False]
    do(outbox.fetched, an, 1, NOW + 9, KEEP)
    assert row(1).sent_at == NOW + 5


# forgetting


def test_bodies_are_emptied_when_their_time_is_over(
    an: int, put: Put, claim: Claim, record: Record, do: Do, row: Row
) -> None:
    put(an, "một")
    claim()
    record(1)
    assert [do(outbox.sweep, NOW + KEEP + ms, 10) for ms in (-1, 0, 1)] == [0, 1, 0]
    assert (row(1).body, row(1).status) == (None, "sent")
    assert do(outbox.show, an, 0) == []


def test_a_sweep_takes_no_more_than_its_limit(an: int, put: Put, do: Do) -> None:
    put(an, *"abcde")
    do(outbox.fetched, an, 5, NOW, KEEP)
    assert [do(outbox.sweep, NOW + KEEP, 2) for _ in range(4)] == [2, 2, 1, 0]


def test_everything_said_to_one_person_is_erased(
    an: int, binh: int, put: Put, claim: Claim, do: Do, row: Row
) -> None:
    put(an, "một", "hai")
    put(binh, "khác")
    do(outbox.fetched, an, 1, NOW, KEEP)
    do(outbox.erase, an)
    assert [(row(id).status, row(id).body) for id in (1, 2)] == [("sent", None), ("dropped", None)]
    assert (do(outbox.show, an, 0), texts(claim())) == ([], ["khác"])


def test_what_is_held_is_erased(an: int, put: Put, claim: Claim, record: Record, do: Do) -> None:
    put(an, "một")
    claim()
    record(1, Status.held)
    do(outbox.erase, an)
    do(outbox.release_held, [an])
    assert claim() == []


def test_what_was_erased_while_it_was_sent_stops_nobody(
    do: Do, put: Put, claim: Claim, record: Record
) -> None:
    """Put off, given back, or lost with its process: there is nothing left to send."""
    people = [do(conversations.meet, "post", who, "vi", NOW, keep_address=True) for who in "abcd"]
    for who in people[:3]:
        put(who, "mất")
    claim()
    for who in people[:3]:
        do(outbox.erase, who)
    record(1, Status.waiting, due_at=NOW)
    do(outbox.give_back, [2], NOW)
    put(people[3], "khác")
    assert texts(claim(NOW + LEASE + 1)) == ["khác"]


def test_counts_tell_what_is_on_its_way(
    an: int, binh: int, put: Put, claim: Claim, record: Record, do: Do
) -> None:
    assert do(outbox.counts) == {}
    put(an, "một", "hai")
    put(an, "ba", channel="webchat")
    put(binh, "bốn", "năm")
    claim()
    record(4, Status.held)
    assert do(outbox.counts) == {
        "post/held": 1,
        "post/sending": 1,
        "post/waiting": 2,
        "webchat/waiting": 1,
    }
    record(1)
    assert "post/sending" not in do(outbox.counts)


def test_a_message_calls_its_channel_and_its_chat(url: str) -> None:
    heard: list[str] = []

    class Ears:
        def told(self, topics: frozenset[str]) -> None:
            heard.extend(sorted(topics))

        def took(self, name: str, seconds: float) -> None: ...

    with opened(url, Ears()) as database:
        who, _ = database.submit(meet_two).result()
        database.submit(lambda db: outbox.put(db, [make.reply(who)])).result()
        assert heard[:2] == [f"chat/{who}", "outbox/post"]


# several processes on one PostgreSQL


@contextlib.contextmanager
def opened(url: str, watcher: Any = None) -> Iterator[Database]:
    database = open_database(url, make.ring(), watcher)
    database.open()
    try:
        yield database
    finally:
        database.close()


PEOPLE = 30


def fill(db: Connection) -> None:
    people = [conversations.meet(db, "post", f"{n}", "vi", NOW, keep_address=True) for n in range(PEOPLE)]
    outbox.put(db, [make.reply(who, f"{n}") for n in (1, 2) for who in people])


def test_two_processes_claim_different_messages(postgres_url: str) -> None:
    theirs: Future[list[Due]] = Future()
    gate = threading.Event()

    def hold(db: Connection) -> None:
        theirs.set_result(outbox.claim(db, "post", NOW, 10, LEASE))
        gate.wait(20)

    with opened(postgres_url) as one, opened(postgres_url) as two:
        one.submit(fill).result()
        held = one.submit(hold)
        try:
            first = {due.id for due in theirs.result(timeout=10)}
            second = {
                due.id
                for due in two.submit(lambda db: outbox.claim(db, "post", NOW, 100, LEASE)).result(timeout=10)
            }
        finally:
            gate.set()
            held.result()
    assert (len(first), len(second), first & second) == (10, 20, set())


def test_processes_that_race_send_everything_once_and_in_order(postgres_url: str) -> None:
    sent: list[tuple[int, str]] = []
    lock = threading.Lock()

    def work(database: Database) -> None:
        for _ in range(60):
            dues = database.submit(lambda db: outbox.claim(db, "post", NOW, 3, LEASE)).result()
            assert len(dues) <= 3
            with lock:
                sent.extend((due.conversation, due.message.text) for due in dues)
            done = [Outcome(due.id, Status.sent) for due in dues]
            if done:
                database.submit(lambda db, done=done: outbox.record(db, done, NOW, KEEP)).result()
            elif len(sent) == 2 * PEOPLE:
                return

    with opened(postgres_url) as one, opened(postgres_url) as two:
        one.submit(fill).result()
        workers = [threading.Thread(target=work, args=(database,)) for database in (one, two, one, two)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
    assert len(sent) == len(set(sent)) == 2 * PEOPLE
    assert all(sent.index((who, "1")) < sent.index((who, "2")) for who, _ in sent)
