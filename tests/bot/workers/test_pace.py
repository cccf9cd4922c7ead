"""The pace towards Telegram: no second above what is allowed, whatever the provider does."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable

import pytest

from bot import app
from bot.channels.contract import Facts, Sent
from bot.channels.telegram.channel import Telegram
from bot.metrics import Metrics
from bot.signals import Signals
from bot.workers.sending import Sending
from bot.workers.worker import Worker
from storage import conversations, outbox
from storage.database import Database
from storage.opening import open_database
from storage.outbox import Due, Reply
from storage.shapes import Message
from tests import make
from tests.fakes import telegram as fake
from tests.stories.phone import until

TOKEN = "424242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PACE = 28


def fill(database: Database, stub: fake.Telegram, people: int) -> None:
    def put(db: object) -> None:
        for number in range(1, people + 1):
            person = conversations.meet(db, "telegram", f"{number}", "vi", 1, keep_address=True)  # type: ignore[arg-type]
            outbox.put(db, [Reply(person, "telegram", Message(f"tin {number}"), app.clock())])  # type: ignore[arg-type]

    database.submit(put).result()
    stub.chats |= {n: {"id": n, "type": "private", "first_name": "An"} for n in range(1, people + 1)}


@contextlib.asynccontextmanager
async def senders(databases: list[Database], stub: fake.Telegram, pace: float = PACE) -> AsyncIterator[None]:
    """One sender a database handle, as one a process."""
    stop, signals = asyncio.Event(), Signals()
    channels = [
        Telegram(TOKEN, stub.url, "s", hook=None, polled=False, per_second=pace, content=lambda _: b"")
        for _ in databases
    ]
    tasks = [
        asyncio.create_task(
            Worker(Sending(channel, database, app.clock, Metrics()), signals, Metrics()).run(stop)
        )
        for channel, database in zip(channels, databases, strict=True)
    ]
    try:
        yield
    finally:
        stop.set()
        signals.tell(["stop"])
        await asyncio.gather(*tasks)
        for channel in channels:
            await channel.close()


def busiest(stub: fake.Telegram, calls: list[dict[str, object]]) -> int:
    """The most calls in any second, wherever it begins."""
    times = sorted(float(c["at"]) for c in calls)  # type: ignore[arg-type]
    return max(sum(1 for other in times[n : n + 200] if other < at + 1) for n, at in enumerate(times))


def sent(stub: fake.Telegram) -> list[dict[str, object]]:
    return [c for c in stub.sent if c["method"] == "sendMessage"]


def texts(stub: fake.Telegram) -> list[str]:
    return sorted(c["params"]["text"] for c in stub.sent if c["method"] == "sendMessage")


async def test_three_processes_keep_one_pace_on_postgresql(postgres_url: str) -> None:
    databases = [open_database(postgres_url, make.ring()) for _ in range(3)]
    for database in databases:
        database.open()
    try:
        async with fake.telegram(token=TOKEN) as stub:
            fill(databases[0], stub, 90)
            async with senders(databases, stub):
                await until(lambda: len(sent(stub)) >= 20)
                time.sleep(0.4)  # noqa: ASYNC251  # all of them stand still for a moment
                await until(lambda: len(sent(stub)) == 90)
            assert busiest(stub, sent(stub)) <= 30
            assert texts(stub) == sorted(f"tin {n}" for n in range(1, 91))
    finally:
        for database in databases:
            database.close()


@pytest.mark.parametrize("fault", [{"delay": 2}, {"code": 429, "retry_after": 1, "share": 0.5}])
async def test_a_slow_or_unwilling_provider_costs_pace_not_messages(
    fault: dict[str, object], sqlite_url: str, make_open: Callable[[str], Database]
) -> None:
    database = make_open(sqlite_url)
    async with fake.telegram(token=TOKEN) as stub:
        fill(database, stub, 100)
        stub.faults.append({"method": "sendMessage", **fault})
        began = asyncio.get_running_loop().time()
        async with senders([database], stub):
            await until(lambda: len(sent(stub)) == 100)
        took = asyncio.get_running_loop().time() - began
        calls = [c for c in stub.calls if c["method"] == "sendMessage"]
        assert busiest(stub, calls) <= 30
        assert texts(stub) == sorted(f"tin {n}" for n in range(1, 101))  # nothing lost, nothing doubled
        assert took < 3 * len(calls) / PACE + 4  # far from one after the other


@pytest.fixture
def make_open() -> object:
    opened: list[Database] = []

    def made(url: str) -> Database:
        opened.append(open_database(url, make.ring()))
        opened[-1].open()
        return opened[-1]

    yield made
    for database in opened:
        database.close()


class Noting:
    """A channel that notes when it was called."""

    facts = Facts("telegram", 1000, per_second=PACE, timeout_s=5)

    def __init__(self) -> None:
        self.times: list[float] = []

    async def send(self, address: str, due: Due, done: int) -> Sent:
        self.times.append(time.monotonic())
        return Sent(f"{due.id}")


async def test_what_a_stall_held_up_does_not_go_out_at_once(
    sqlite_url: str, make_open: Callable[[str], Database]
) -> None:
    database, channel, stop, signals = make_open(sqlite_url), Noting(), asyncio.Event(), Signals()
    async with fake.telegram(token=TOKEN) as stub:
        fill(database, stub, 60)
    task = asyncio.create_task(
        Worker(Sending(channel, database, app.clock, Metrics()), signals, Metrics()).run(stop)
    )
    await until(lambda: len(channel.times) >= 10)
    time.sleep(0.4)  # noqa: ASYNC251  # the stall: the whole loop stands still
    await until(lambda: len(channel.times) == 60)
    stop.set()
    signals.tell(["stop"])
    await task
    gaps = [later - earlier for earlier, later in itertools.pairwise(channel.times)]
    assert min(gaps) >= 0.8 / PACE  # each waits for the one before, also after the stall
