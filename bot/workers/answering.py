"""Answers what waits in the inbox."""

import asyncio
import contextlib
from collections.abc import Callable

from bot.metrics import Metrics
from content.catalog import Catalog
from handlers import batch
from handlers.turn import Decide
from storage import inbox
from storage.database import Database
from storage.inbox import Attempt

# A start may follow a crash, and the crash may have been a message's doing. It would be among the
# oldest that wait, so the first so many are answered one by one, each attempt counted beforehand.
CAREFUL = 100
MOST_TRIES = 3
# After a small batch a moment is left for the next messages to gather: a batch of one costs nearly
# as much as one of ten, and the 200 of others waits behind it.
FEW, GATHER_S = 20, 0.008


class Caution:
    """The first pass after a start. One hand in the whole cluster makes it, or two would count their
    attempts on the same message and take each other's for deaths; the other hands of its process wait."""

    def __init__(self, database: Database) -> None:
        self.left = CAREFUL
        self._database = database
        self._hand: object = None
        self._held = contextlib.ExitStack()

    async def taken_by(self, hand: object) -> bool:
        """Whether this hand is the one."""
        if self._hand is None:
            self._hand = hand  # before the first await: the others see it
            if not await asyncio.to_thread(self._take):
                self._hand = None
        return self._hand is hand

    def _take(self) -> bool:
        with contextlib.ExitStack() as stack:
            owned = stack.enter_context(self._database.only_one("careful"))
            if owned is not None:
                self._held = stack.pop_all()
            return owned is not None

    def end(self) -> None:
        """The pass is over; another process may make its own."""
        self.left = 0
        self._held.close()


class Answering:
    """In batches; one by one after a failure, and carefully at the start."""

    name = "answering"
    topics: tuple[str, ...] = ("inbox",)

    def __init__(
        self,
        database: Database,
        catalog: Callable[[], Catalog],
        decide: Decide,
        now: Callable[[], int],
        metrics: Metrics,
        caution: Caution,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._decide = decide
        self._now = now
        self._metrics = metrics
        self._caution = caution
        self._singly = 0
        self._attempt: Attempt | None = None

    async def step(self) -> bool:
        """One batch; or one message, after a failure and while being careful."""
        if self._caution.left > 0:
            return await self._caution.taken_by(self) and await self._carefully()
        if self._singly > 0:
            return await self._alone(count=False)
        count = await self._database.write(batch.answer, self._decide, self._now())
        self._metrics.answered.inc(count)
        if 0 < count < FEW:
            await asyncio.sleep(GATHER_S)
        return count > 0

    async def _carefully(self) -> bool:
        more = await self._alone(count=True)
        self._caution.left -= 1
        if not more or self._caution.left == 0:
            self._caution.end()
        return True

    async def _alone(self, *, count: bool) -> bool:
        # an attempt that the database cut short is made again, not counted again
        self._attempt = self._attempt or await self._database.write(
            inbox.next_alone, self._now(), count=count
        )
        if self._attempt is None:
            self._singly = 0
            return False
        if count and self._attempt.before >= MOST_TRIES:
            await self._park("ProcessKilled")
            return True
        answered = await self._database.write(batch.answer, self._decide, self._now(), alone=self._attempt)
        self._metrics.answered.inc(answered)
        if not answered:  # another process has the lane: no attempt was made
            if count:
                await self._database.write(inbox.uncount, self._attempt.id)
            await asyncio.sleep(GATHER_S)
        self._attempt = None
        self._singly = max(0, self._singly - 1)
        return True

    async def failed(self, error: Exception) -> None:
        """A batch failed: repeat it one by one. A single one failed: park it, the lane moves on."""
        if self._attempt is None:
            self._singly = batch.LIMIT
        else:
            await self._park(type(error).__name__)

    async def _park(self, error: str) -> None:
        assert self._attempt is not None
        await self._database.write(batch.park, self._attempt, error, self._catalog(), self._now())
        self._metrics.parked.inc()
        self._attempt = None
        self._singly = max(0, self._singly - 1)

    async def finish(self) -> None:
        """Nothing is in the air: a transaction is committed or never was."""
        if self._caution.left > 0:
            self._caution.end()
