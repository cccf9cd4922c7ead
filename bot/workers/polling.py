"""Asks a provider that we cannot be reached by. An update is confirmed only after it is on disk."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from bot.channels.contract import Hearing, Polled
from bot.channels.errors import ProviderError
from bot.metrics import Metrics
from content.wording import LANGUAGES
from storage import inbox
from storage.database import Database, Owned

REST_S = 3.0  # after a provider's refusal

log = structlog.get_logger()


class Polling:
    """One channel's poller; one process in the cluster owns it."""

    topics: tuple[str, ...] = ()

    def __init__(
        self,
        channel: Hearing,
        database: Database,
        now: Callable[[], int],
        metrics: Metrics,
        stop: asyncio.Event,
    ) -> None:
        self.name = f"polling/{channel.facts.name}"
        self._channel = channel
        self._database = database
        self._now = now
        self._metrics = metrics
        self._stop = stop
        self._held = contextlib.ExitStack()
        self._owned: Owned | None = None
        self._offset = 0

    async def step(self) -> bool:
        """One call; what it brought is kept before the next one confirms it."""
        if not await asyncio.to_thread(self._owns):
            return False
        listening = asyncio.ensure_future(self._channel.listen(self._offset))
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({listening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not listening.done():
            listening.cancel()
            return False
        try:
            polled, offset = listening.result()
        except ProviderError as error:  # its trouble, not ours: said, and asked again after a rest
            self._metrics.refused.labels(self._channel.facts.name, error.reason).inc()
            log.warning("polling failed", channel=self._channel.facts.name, reason=error.reason)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), REST_S)
            return True
        if polled:
            new = await self._database.write(self._keep, polled)
            self._metrics.kept.labels(self._channel.facts.name, "new").inc(new)
        self._offset = offset
        return True

    def _keep(self, db: Connection, polled: list[Polled]) -> int:
        name, now, new = self._channel.facts.name, self._now(), 0
        for update in polled:
            if update.messages is None:
                inbox.keep_unreadable(db, name, update.key, update.raw, now)
            for message in update.messages or ():
                new += inbox.keep(db, message, now, language=LANGUAGES[0], keep_address=True)
        return new

    def _owns(self) -> bool:
        if self._owned is not None and not self._owned.alive():
            self._let_go()
        if self._owned is None:
            self._owned = self._held.enter_context(self._database.only_one(self.name.replace("/", "-")))
            if self._owned is None:
                self._held.close()
        return self._owned is not None

    def _let_go(self) -> None:
        self._held.close()
        self._owned = None

    async def failed(self, error: Exception) -> None:
        """What was not kept is not confirmed, and comes again."""

    async def finish(self) -> None:
        """Another process may poll."""
        await asyncio.to_thread(self._let_go)
