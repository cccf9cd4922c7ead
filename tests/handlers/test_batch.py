import itertools
from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import Connection, select

from handlers import batch
from handlers.turn import Answer, Decided
from storage import conversations, inbox, outbox
from storage.conversations import Conversation
from storage.database import Database
from storage.inbox import Attempt, Waiting
from storage.outbox import Outcome
from storage.shapes import Choice, Fetched, Message
from tests import make

Decide = Callable[[Connection, Conversation, Waiting, int], Decided]


def echo(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
    """Says what it heard and what it remembers; remembers what it heard."""
    heard = message.said.text
    if heard == "throw":
        raise ZeroDivisionError
    mark = (person.mark or b"") + heard.encode()
    return Decided((Answer((f"{heard} after {(person.mark or b'').decode()}",)),), mark, "en")


def keep(database: Database, *said: tuple[str, str], **fields: object) -> None:
    """Messages, a millisecond apart: (who, text)."""
    for n, (who, text) in enumerate(said):
        incoming = make.incoming(text, who, **{"sent_at": make.NOW + n, **fields})
        database.submit(
            lambda db, incoming=incoming: inbox.keep(
                db, incoming, make.NOW, language="vi", keep_address=False
            )
        ).result()


def answer(database: Database, decide: Decide = echo, alone: Attempt | None = None) -> int:
    return database.submit(lambda db: batch.answer(db, decide, make.NOW + 99, alone=alone)).result()


def next_alone(database: Database, *, count: bool = False) -> Attempt:
    attempt = database.submit(lambda db: inbox.next_alone(db, make.NOW + 9, count=count)).result()
    assert attempt
    return attempt


def said(database: Database) -> list[Message]:
    """Everything in the outbox, oldest first."""
    c = outbox.outbox.c
    rows = database.ask(lambda db: db.execute(select(c.body).order_by(c.id)).scalars().all()).result()
    return [msgspec.json.decode(body, type=Message) for body in rows]


def texts(database: Database) -> list[str]:
    return [message.text for message in said(database)]


def people(database: Database) -> list[Conversation]:
    def read(db: Connection) -> list[Conversation]:
        ids = db.execute(select(conversations.conversations.c.id)).scalars().all()
        return [make.person(db, id) for id in sorted(ids)]

    return database.ask(read).result()


def waiting(database: Database) -> int:
    return database.ask(inbox.counts).result().waiting


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on how fast this machine is."""
    monkeypatch.setattr(batch, "BUDGET_S", 60)


def test_nothing_waits_nothing_happens(database: Database) -> None:
    assert answer(database) == 0 and texts(database) == []


def test_one_batch_writes_everything(database: Database) -> None:
    keep(database, ("an", "a"), ("binh", "b"))
    assert answer(database) == 2
    assert sorted(texts(database)) == ["a after ", "b after "]
    assert [(p.mark, p.language, p.seen_at) for p in people(database)] == [
        (b"a", "en", make.NOW + 99),
        (b"b", "en", make.NOW + 99),
    ]
    assert waiting(database) == 0 and answer(database) == 0


def test_answered_words_are_gone(database: Database) -> None:
    keep(database, ("an", "a"))
    answer(database)
    assert database.ask(lambda db: db.execute(select(inbox.inbox.c.body)).scalars().all()).result() == [None]


def test_an_answer_names_the_message_it_answers(database: Database) -> None:
    keep(database, ("an", "a"), ("an", "b"))
    answer(database)
    shown = database.ask(lambda db: outbox.show(db, people_id(db), 0)).result()
    keys = database.ask(
        lambda db: db.execute(select(inbox.inbox.c.key).order_by(inbox.inbox.c.id)).scalars().all()
    ).result()
    assert [s.answers for s in shown] == keys


def people_id(db: Connection) -> int:
    return int(db.execute(select(conversations.conversations.c.id)).scalars().one())


def test_several_messages_of_one_person_are_answered_in_order_with_the_mark_carried_on(
    database: Database,
) -> None:
    keep(database, ("an", "c"), sent_at=make.NOW + 3)  # arrived first, said last
    keep(database, ("an", "a"), ("an", "b"))
    assert answer(database) == 3
    assert texts(database) == ["a after ", "b after a", "c after ab"]
    assert people(database)[0].mark == b"abc"


def test_one_that_raises_undoes_them_all(database: Database) -> None:
    keep(database, ("an", "a"), ("binh", "throw"), ("chi", "c"))
    with pytest.raises(ZeroDivisionError):
        answer(database)
    assert texts(database) == [] and waiting(database) == 3
    assert all(p.mark is None and p.language == "vi" for p in people(database))


def test_what_decide_wrote_is_undone_with_the_rest(database: Database) -> None:
    def writes(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        outbox.put(db, [make.reply(person.id, "too early")])
        return echo(db, person, message, now)

    keep(database, ("an", "a"), ("binh", "throw"))
    with pytest.raises(ZeroDivisionError):
        answer(database, writes)
    assert texts(database) == []


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (2, 2), (3, 3), (50, 4)])
def test_no_more_than_the_limit_is_answered(
    database: Database, limit: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "LIMIT", limit)
    keep(database, ("an", "a"), ("an", "b"), ("binh", "c"), ("chi", "d"))
    assert answer(database) == count == len(texts(database))
    assert waiting(database) == 4 - count


def test_with_no_time_left_exactly_one_is_answered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BUDGET_S", 0)
    keep(database, ("an", "a"), ("an", "b"), ("binh", "c"))
    assert [answer(database) for _ in range(4)] == [1, 1, 1, 0]
    assert sorted(texts(database)) == ["a after ", "b after a", "c after "]


def test_one_conversation_can_be_answered_alone(database: Database) -> None:
    keep(database, ("an", "a"), ("binh", "b"))
    mine = Attempt(2, people(database)[1].id, 0)
    assert answer(database, alone=mine) == 1
    assert texts(database) == ["b after "]
    assert answer(database, alone=mine) == 0  # another process was first
    assert answer(database, alone=Attempt(99, people(database)[0].id, 0)) == 0  # not the first of its lane


def test_the_next_to_be_tried_alone_is_known_without_opening_it(database: Database) -> None:
    keep(database, ("an", "a"), ("an", "b"))
    spoilt = inbox.inbox.update().values(kind="of a newer release")
    database.submit(lambda db: db.execute(spoilt)).result()
    attempt = next_alone(database)
    with pytest.raises(ValueError, match="newer release"):
        answer(database, alone=attempt)
    park(database, attempt)
    assert len(texts(database)) == 1 and waiting(database) == 1


def test_what_is_not_due_yet_waits(database: Database) -> None:
    keep(database, ("an", "a"))
    early = make.NOW - 1
    assert database.submit(lambda db: batch.answer(db, echo, early)).result() == 0


def say(*answers: Answer) -> Decide:
    return lambda db, person, message, now: Decided(answers, None, "vi")


def test_each_text_is_a_bubble_and_the_choices_stand_under_the_last(database: Database) -> None:
    choices = (Choice("do/menu", "Menu"),)
    keep(database, ("an", "a"))
    answer(database, say(Answer(("one", "two"), choices), Answer(("three",), choices)))
    assert said(database) == [Message("one"), Message("two", choices), Message("three", choices)]


def test_an_answer_without_texts_is_silence_and_the_message_is_done(database: Database) -> None:
    keep(database, ("an", "a"))
    assert answer(database, say()) == 1 and texts(database) == [] and waiting(database) == 0


def test_in_a_slot_only_the_newest_is_shown(database: Database) -> None:
    count = itertools.count(1)
    keep(database, ("an", "a"), ("an", "b"))
    answer(
        database,
        lambda db, person, message, now: Decided(
            (Answer((f"photo {next(count)}",), slot="photos"),), None, "vi"
        ),
    )
    shown = database.ask(lambda db: outbox.show(db, people_id(db), 0)).result()
    assert [s.message.text for s in shown] == ["photo 2"]


def test_who_writes_lets_go_what_was_held(database: Database) -> None:
    keep(database, ("an", "a"))
    held = people(database)[0].id
    database.submit(lambda db: outbox.put(db, [make.reply(held, "news")])).result()
    due = database.submit(lambda db: outbox.claim(db, "post", make.NOW, 9, 1000)).result()
    outcome = Outcome(due[0].id, outbox.Status.held)
    database.submit(lambda db: outbox.record(db, [outcome], make.NOW, 1)).result()
    answer(database)
    assert database.ask(outbox.counts).result() == {"post/waiting": 1, "webchat/waiting": 1}


def test_the_outcome_of_a_file_is_no_word_of_the_person(database: Database) -> None:
    def meet(db: Connection) -> int:
        return conversations.meet(db, "webchat", "an", "vi", make.NOW, keep_address=False)

    an = database.submit(meet).result()
    database.submit(lambda db: outbox.put(db, [make.reply(an, "news")])).result()
    due = database.submit(lambda db: outbox.claim(db, "post", make.NOW, 9, 1000)).result()
    outcome = Outcome(due[0].id, outbox.Status.held)
    database.submit(lambda db: outbox.record(db, [outcome], make.NOW, 1)).result()
    fetched = Fetched(1)
    database.submit(lambda db: inbox.keep_fetched(db, an, "webchat", fetched, make.NOW)).result()
    answer(database)
    assert database.ask(outbox.counts).result()["post/held"] == 1


@pytest.mark.parametrize(("language", "sorry"), [("vi", "Xin lỗi"), ("en", "Sorry")])
def test_a_message_set_aside_is_told_to_the_person_in_one_honest_sentence(
    database: Database, language: str, sorry: str
) -> None:
    keep(database, ("an", "throw"), ("an", "b"))
    who = people(database)[0].id
    change = conversations.Change(who, language, b"m", make.NOW)
    database.submit(lambda db: conversations.advance(db, [change])).result()
    attempt = next_alone(database)
    park(database, attempt)
    assert len(said(database)) == 1
    told = said(database)[0]
    assert told.text.startswith(sorry) and "113" in told.text and told.choices[0].name == "do/menu"
    assert people(database)[0].mark == b"m" and waiting(database) == 1


def park(database: Database, attempt: Attempt) -> None:
    catalog = make.the_catalog()
    database.submit(lambda db: batch.park(db, attempt, "ZeroDivisionError", catalog, make.NOW)).result()


def test_what_was_set_aside_is_kept_and_the_lane_moves_on(database: Database) -> None:
    keep(database, ("an", "throw"), ("an", "b"))
    attempt = next_alone(database)
    park(database, attempt)
    assert answer(database) == 1 and texts(database)[-1] == "b after "
    assert database.ask(lambda db: [p.error for p in inbox.parked(db)]).result() == ["ZeroDivisionError"]


def test_nothing_is_told_twice(database: Database) -> None:
    keep(database, ("an", "throw"))
    attempt = next_alone(database)
    for _ in range(2):
        park(database, attempt)
    park(database, Attempt(99, attempt.conversation, 0))
    assert len(texts(database)) == 1
