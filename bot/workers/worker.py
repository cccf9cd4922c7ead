"""The loop that all workers share: do, rest, look again."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol, TypeVar

import structlog

from bot.metrics import Metrics
from bot.signals import Signals
from bot.workers.backoff import pause
from storage.database import StorageDown

R = TypeVar("R")

LOOK_AGAIN_S = 1.0  # signals may be lost

log = structlog.get_logger()


class Work(Protocol):
    """What a worker does."""

    name: str
    topics: tuple[str, ...]

    async def step(self) -> bool:
        """Does one piece of work; whether there may be more at once."""
        ...

    async def failed(self, error: Exception) -> None:
        """Called when a step raised anything but StorageDown."""
        ...

    async def finish(self) -> None:
        """Called once at the end: brings what is in the air to rest."""
        ...


class Worker:
    """Runs one kind of work until told to stop."""

    def __init__(self, work: Work, signals: Signals, metrics: Metrics) -> None:
        self.work = work
        self.signals = signals
        self.metrics = metrics
        self.beat = time.monotonic()
        "When the loop last came round: an old beat means that a step hangs."
        self.trouble: str | None = None
        "The class of the last step's error; None when it went well."

    async def run(self, stop: asyncio.Event) -> None:
        """Loops until `stop`; never raises."""
        failures = 0
        with self.signals.listen("stop", *self.work.topics) as bell:
            while not stop.is_set():
                self.beat = time.monotonic()
                busy, error = await self._step()
                self.trouble = type(error).__name__ if error else None
                failures = failures + 1 if error else 0
                if error:
                    await bell.wait(pause(failures))
                elif not busy:
                    await bell.wait(LOOK_AGAIN_S)
        await self._guarded(self.work.finish())

    async def _step(self) -> tuple[bool, Exception | None]:
        busy, error = await self._guarded(self.work.step())
        if error and not isinstance(error, StorageDown):
            await self._guarded(self.work.failed(error))
        return bool(busy), error

    async def _guarded(self, doing: Awaitable[R]) -> tuple[R | None, Exception | None]:
        try:
            return await doing, None
        except Exception as error:  # a worker outlives whatever its work runs into
            self.metrics.errors.labels(self.work.name, type(error).__name__).inc()
            log.error("step failed", worker=self.work.name, error=type(error).__name__)
            return None, error
