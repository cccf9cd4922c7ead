"""Rings what is due in the clock's inbox. A timer's row is locked while it rings, so that several
processes may listen to the same clock."""

from collections.abc import Callable

from sqlalchemy import Connection

from bot.workers.backoff import again_after
from content.catalog import Catalog
from handlers.clock import ACTS
from storage import timers
from storage.database import Database
from storage.timers import Ringing


class Clock:
    """One timer a step."""

    name = "clock"
    topics: tuple[str, ...] = ("timers",)

    def __init__(self, database: Database, catalog: Callable[[], Catalog], now: Callable[[], int]) -> None:
        self._database = database
        self._catalog = catalog
        self._now = now
        self._ringing: Ringing | None = None

    async def step(self) -> bool:
        """Rings the timer that has been due longest."""
        rang = await self._database.write(self._ring, self._now())
        self._ringing = None
        return rang

    def _ring(self, db: Connection, now: int) -> bool:
        self._ringing = timers.due(db, now)
        if self._ringing is None:
            return False
        timers.rung(db, self._ringing.id)  # first: the act may set the same timer again
        ACTS[self._ringing.act](db, self._ringing.arguments, now, self._catalog())
        return True

    async def failed(self, error: Exception) -> None:
        """The act raised and was undone: later again, in the end parked."""
        if self._ringing is not None:
            wait = again_after(self._ringing.tries + 1)
            again = None if wait is None else self._now() + wait
            await self._database.write(timers.failed, self._ringing.id, type(error).__name__, again)
            self._ringing = None

    async def finish(self) -> None:
        """Nothing is in the air."""
