import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import sqlalchemy
from sqlalchemy import Connection

from bot import app
from bot.metrics import Metrics
from bot.signals import Signals
from bot.workers.sending import Sending
from bot.workers.worker import Worker
from storage import conversations, outbox
from storage.database import Database
from storage.outbox import Status
from tests import make
from tests.fakes.post import Post, provider


def meet(db: Connection, who: str) -> int:
    return conversations.meet(db, "post", who, "vi", 0, keep_address=True)


@asynccontextmanager
async def working(database: Database, *channels: Post) -> AsyncIterator[None]:
    """A sender a channel; several for one channel are several processes."""
    stop, signals = asyncio.Event(), Signals()
    works = [Sending(channel, database, app.clock, Metrics()) for channel in channels]
    tasks = [asyncio.create_task(Worker(work, signals, Metrics()).run(stop)) for work in works]
    yield
    stop.set()
    signals.tell(["stop"])
    await asyncio.gather(*tasks)


async def until(reached: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110  # what the stub got has no event
            await asyncio.sleep(0.01)


async def put(database: Database, *texts: str, who: str = "an", **fields: object) -> int:
    person = await database.write(meet, who)
    await database.write(
        outbox.put, [make.reply(person, text, due_at=app.clock(), **fields) for text in texts]
    )
    return person


async def rows(database: Database) -> list[sqlalchemy.Row[tuple[str, str | None, int, bool]]]:
    o = outbox.outbox.c
    return await database.read(
        lambda db: list(
            db.execute(sqlalchemy.select(o.status, o.reason, o.tries, o.maybe_sent).order_by(o.id))
        )
    )


async def test_one_persons_messages_go_in_order(database: Database) -> None:
    async with provider() as (stub, channel), working(database, channel):
        await put(database, *(f"{n}" for n in range(8)))
        await until(lambda: len(stub.sent) == 8)
    assert [text for _, _, text, _ in stub.sent] == [f"{n}" for n in range(8)]
    assert {row.status for row in await rows(database)} == {"sent"}


async def test_a_slot_is_edited(database: Database) -> None:
    async with provider() as (stub, channel), working(database, channel):
        await put(database, "một ảnh", slot="photos")
        await until(lambda: len(stub.sent) == 1)
        await asyncio.sleep(0.1)  # the record of the first
        await put(database, "hai ảnh", slot="photos")
        await until(lambda: len(stub.sent) == 2)
    assert [replaces for _, _, _, replaces in stub.sent] == [None, "p1"]


async def test_refused_held_and_later_are_told_apart(database: Database) -> None:
    async with provider() as (stub, channel), working(database, channel):
        stub.faults = [(403, 0), (423, 0), (500, 0)]
        await put(database, "một")
        await until(lambda: len(stub.faults) == 2)
        await put(database, "hai", who="ba")
        await until(lambda: len(stub.faults) == 1)
        await put(database, "ba", who="tư")
        await until(lambda: len(stub.sent) == 1)
    assert [(row.status, row.reason) for row in await rows(database)] == [
        ("refused", "blocked"), ("held", "window"), ("sent", None),
    ]  # fmt: skip


async def test_what_was_held_goes_when_the_person_writes(database: Database) -> None:
    async with provider() as (stub, channel), working(database, channel):
        stub.faults = [(423, 0)]
        person = await put(database, "một")
        await until(lambda: not stub.faults)
        await asyncio.sleep(0.1)
        await database.write(outbox.release_held, [person])
        await until(lambda: len(stub.sent) == 1)


async def test_a_429_holds_everybody_back_and_loses_nobody(database: Database) -> None:
    async with provider() as (stub, channel), working(database, channel):
        stub.faults = [(429, 0.6)]
        for n in range(10):
            await put(database, f"{n}", who=f"người {n}")
        begun = asyncio.get_running_loop().time()
        await until(lambda: len(stub.sent) == 10)
    assert sorted(text for _, _, text, _ in stub.sent) == [f"{n}" for n in range(10)]
    held_back = [at for at, *_ in stub.sent if at - begun > 0.4]
    assert len(held_back) >= 9  # those in the air at the 429 may have passed


async def test_pace_holds_with_two_senders(database: Database) -> None:
    async with provider(per_second=40) as (stub, channel), working(database, channel, channel):
        for n in range(60):
            await put(database, f"{n}", who=f"người {n}")
        await until(lambda: len(stub.sent) == 60)
    times = sorted(at for at, *_ in stub.sent)
    busiest = max(sum(1 for t in times if begin <= t < begin + 1) for begin in times)
    assert busiest <= 40 + 4  # the pace, and what may be reserved 75 ms ahead
    assert len({text for _, _, text, _ in stub.sent}) == 60


async def test_a_slow_provider_does_not_slow_the_pace(database: Database) -> None:
    async with provider(per_second=50) as (stub, channel), working(database, channel):
        stub.delay = 0.5
        for n in range(40):
            await put(database, f"{n}", who=f"người {n}")
        await until(lambda: len(stub.sent) == 40, seconds=4)


async def test_a_fault_of_ours_is_tried_again_and_counted(database: Database) -> None:
    async with provider() as (_, channel), working(database, channel):
        await put(database, "boom")

        async def reason() -> str | None:
            return (await rows(database))[0].reason

        async with asyncio.timeout(5):
            while await reason() != "ZeroDivisionError":  # noqa: ASYNC110  # nor has the record
                await asyncio.sleep(0.02)
    assert (await rows(database))[0].status == Status.waiting


async def test_a_timeout_comes_back(database: Database) -> None:
    async with provider(timeout_s=0.1) as (stub, channel), working(database, channel):
        stub.delay = 0.3
        await put(database, "một")
        await asyncio.sleep(0.2)
        stub.delay = 0
        await until(lambda: len(stub.sent) >= 1)


async def test_a_lost_connection_comes_back(database: Database) -> None:
    async with provider() as (stub, channel):
        lost = Post("http://127.0.0.1:9/", channel._http, 200, 2)
        async with working(database, lost):
            await put(database, "một")
            await asyncio.sleep(0.2)
        async with working(database, channel):
            await until(lambda: len(stub.sent) == 1)


async def test_an_expired_lease_is_claimed_again_and_marked(database: Database) -> None:
    await put(database, "một")
    await database.write(outbox.claim, "post", app.clock() - 60_000, 10, 1)  # nobody's due yet
    await database.write(outbox.claim, "post", app.clock(), 10, -1)  # a process that died
    async with provider() as (stub, channel), working(database, channel):
        await until(lambda: len(stub.sent) == 1)
        await asyncio.sleep(0.1)
    assert [(row.status, row.maybe_sent) for row in await rows(database)] == [("sent", True)]
