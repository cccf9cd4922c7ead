"""Answers what waits in the inbox."""

import asyncio
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
FEW, GATHER_S = 10, 0.005


class Answering:
    """In batches; one by one after a failure and at the start."""

    name = "answering"
    topics: tuple[str, ...] = ("inbox",)

    def __init__(
        self,
        database: Database,
        catalog: Callable[[], Catalog],
        decide: Decide,
        now: Callable[[], int],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._decide = decide
        self._now = now
        self._metrics = metrics
        self._singly = CAREFUL
        self._attempt: Attempt | None = None

    async def step(self) -> bool:
        """One batch, or one message while being careful."""
        if self._singly > 0:
            return await self._one()
        count = await self._database.write(batch.answer, self._decide, self._now())
        self._metrics.answered.inc(count)
        if 0 < count < FEW:
            await asyncio.sleep(GATHER_S)
        return count > 0

    async def _one(self) -> bool:
        # an attempt that the database cut short is made again, not counted again
        self._attempt = self._attempt or await self._database.write(inbox.count_try, self._now())
        if self._attempt is None:
            self._singly = 0
            return False
        if self._attempt.before >= MOST_TRIES:
            await self._park("ProcessKilled")
            return True
        conversation = self._attempt.conversation
        count = await self._database.write(batch.answer, self._decide, self._now(), 1, only=conversation)
        self._metrics.answered.inc(count)
        self._attempt = None
        self._singly -= 1
        return True

    async def failed(self, error: Exception) -> None:
        """A batch failed: repeat it one by one. A single one failed: park it, the lane moves on."""
        if self._attempt is None:
            self._singly = batch.LIMIT
        else:
            await self._park(type(error).__name__)

    async def _park(self, error: str) -> None:
        assert self._attempt is not None
        await self._database.write(batch.park, self._attempt.id, error, self._catalog(), self._now())
        self._metrics.parked.inc()
        self._attempt = None
        self._singly -= 1

    async def finish(self) -> None:
        """Nothing is in the air: a transaction is committed or never was."""
