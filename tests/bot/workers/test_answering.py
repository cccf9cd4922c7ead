"""The first pass after a start, and what comes after a failure."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, update

from bot import app
from bot.metrics import Metrics
from bot.workers.answering import Answering, Caution
from handlers import batch
from handlers.router import router
from handlers.turn import Decide, Decided
from storage import inbox, outbox
from storage.conversations import Conversation
from storage.database import Database
from storage.inbox import Waiting
from storage.opening import open_database
from tests import make

WELL = router(make.the_catalog())


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url, make.ring())
    database.open()
    yield database
    database.close()


def hand(database: Database, caution: Caution, decide: Decide = WELL) -> Answering:
    return Answering(database, make.the_catalog, decide, app.clock, Metrics(), caution)


async def keep(database: Database, *texts: str, who: str = "an") -> None:
    for text in texts:
        message = make.incoming(text, who, sent_at=0)
        await database.write(inbox.keep, message, app.clock(), language="vi", keep_address=False)


async def until_done(*hands: Answering) -> None:
    async def work(answering: Answering) -> None:
        for _ in range(60):
            try:
                await answering.step()
            except Exception as error:  # as the worker's loop does
                await answering.failed(error)

    await asyncio.gather(*(work(answering) for answering in hands))


async def tries(database: Database) -> list[int]:
    c = inbox.inbox.c
    return await database.read(
        lambda db: list(db.execute(inbox.inbox.select().with_only_columns(c.tries)).scalars())
    )


async def test_many_hands_at_the_start_count_each_message_once(database: Database) -> None:
    await keep(database, *"abcdefgh")
    cautions = [Caution(database) for _ in range(4)]  # four processes, three hands each
    await until_done(*(hand(database, caution) for caution in cautions for _ in range(3)))
    counts = await database.read(inbox.counts)
    assert (counts.waiting, counts.parked) == (0, 0)
    assert max(await tries(database)) <= 1


async def test_a_row_that_cannot_be_opened_is_parked_and_stops_nobody(database: Database) -> None:
    await keep(database, "xin chào", "menu")
    await keep(database, "xin chào", who="binh")

    def spoil(db: Connection) -> None:
        db.execute(update(inbox.inbox).where(inbox.inbox.c.id == 1).values(kind="of a newer release"))

    await database.write(spoil)
    caution = Caution(database)
    await until_done(hand(database, caution))
    counts = await database.read(inbox.counts)
    assert (counts.waiting, counts.parked) == (0, 1)


async def test_one_bad_message_of_a_batch_is_parked_and_the_others_answered(database: Database) -> None:
    def decide(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        if message.said.text == "ném":
            raise ZeroDivisionError
        return WELL(db, person, message, now)

    caution = Caution(database)
    caution.end()
    await keep(database, "menu", "ném", "menu")
    await keep(database, "menu", who="binh")
    await until_done(hand(database, caution, decide))
    counts = await database.read(inbox.counts)
    assert (counts.waiting, counts.parked) == (0, 1)
    assert set(await tries(database)) == {0}  # failures are not deaths


async def test_a_lane_that_another_process_holds_is_no_attempt_and_no_death(postgres_url: str) -> None:
    with opened(postgres_url) as database, opened(postgres_url) as other:
        await keep(database, "menu")
        answering = hand(database, Caution(database))

        def hold(db: Connection) -> None:
            lanes = inbox.take(db, app.clock(), 50)
            assert [m.said.text for lane in lanes for m in lane.messages] == ["menu"]
            held.set()
            assert let_go.wait(10)

        held, let_go = threading.Event(), threading.Event()
        holding = other.submit(hold)
        await asyncio.to_thread(held.wait, 10)
        for _ in range(8):
            await answering.step()
        assert (await database.read(inbox.counts)).parked == 0 and await tries(database) == [0]
        let_go.set()
        await asyncio.wrap_future(holding)
        await until_done(answering)
        assert (await database.read(inbox.counts)).waiting == 0


async def test_what_another_process_answers_meanwhile_is_not_parked(postgres_url: str) -> None:
    with opened(postgres_url) as database, opened(postgres_url) as other:
        await keep(database, "menu")
        attempt = await database.write(inbox.next_alone, app.clock(), count=False)
        assert attempt
        held, let_go = threading.Event(), threading.Event()

        def slowly(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
            held.set()
            assert let_go.wait(10)
            return WELL(db, person, message, now)

        answering = other.submit(lambda db: batch.answer(db, slowly, app.clock()))
        await asyncio.to_thread(held.wait, 10)
        parking = database.submit(lambda db: batch.park(db, attempt, "Late", make.the_catalog(), app.clock()))
        let_go.set()
        assert await asyncio.wrap_future(answering) == 1
        await asyncio.wrap_future(parking)
        told = await database.read(outbox.show, attempt.conversation, 0)
        assert (await database.read(inbox.counts)).parked == 0
        assert told and not any("bị vấp" in bubble.message.text for bubble in told)
