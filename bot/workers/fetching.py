"""Brings what people sent from where it lies, at a provider or as a sealed upload, to our disk.

A file is held in memory (20 MB at most, two at a time) until the pool has decided what it is: no byte
that was not looked at touches the disk unsealed.
"""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from bot.channels.contract import Holding
from bot.channels.errors import ProviderError, Refused, TryLater
from bot.media import Kind, Looked, Media, Unfit
from bot.metrics import Metrics
from bot.workers.backoff import again_after
from storage import attachments, inbox
from storage.attachments import Due
from storage.database import Database
from storage.files import Files
from storage.shapes import Fetched, Source

AT_ONCE = 2
TIMEOUT_S = 60.0
LEASE_MS = int(3 * TIMEOUT_S * 1000)


class Fetching:
    """One channel's files."""

    topics: tuple[str, ...] = ("attachments",)

    def __init__(
        self,
        channel: Holding,
        database: Database,
        files: Files,
        media: Media,
        now: Callable[[], int],
        metrics: Metrics,
        done: Callable[[Connection, Source], None] = lambda db, source: None,
    ) -> None:
        self.name = f"fetching/{channel.facts.name}"
        self._channel = channel
        self._database = database
        self._files = files
        self._media = media
        self._now = now
        self._metrics = metrics
        self._done = done  # in the transaction that records the outcome

    async def step(self) -> bool:
        """Fetches two."""
        name = self._channel.facts.name
        due = await self._database.write(attachments.claim, name, self._now(), AT_ONCE, LEASE_MS)
        await asyncio.gather(*(self._one(one) for one in due))
        return bool(due)

    async def _one(self, due: Due) -> None:
        trouble: str | None = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                looked = await self._look(due.source)
        except TimeoutError:
            return await self._later(due, TryLater("timeout"))
        except TryLater as error:
            return await self._later(due, error)
        except (Unfit, ProviderError) as error:
            trouble = error.reason
        else:
            file = await asyncio.to_thread(self._files.keep, looked.content)
            size = len(looked.content)

            def keep(db: Connection) -> None:
                if attachments.keep(db, due.id, file, looked.kind.value, looked.mime, size):
                    self._tell(db, due, None)
                self._done(db, due.source)

            await self._database.write(keep)
        if trouble is not None:
            await self._database.write(self._lose, due, trouble)
        self._metrics.fetched.labels(trouble or "kept").inc()

    async def _look(self, source: Source) -> Looked:
        looked = await self._media.look(await self._load(source))
        if source.kind == "photo" and looked.kind is not Kind.picture:
            raise Unfit("type")  # its name says so, its content does not
        return looked

    async def _load(self, source: Source) -> bytes:
        content = bytearray()
        async for piece in self._channel.fetch(source):
            content += piece
            if len(content) > self._channel.facts.largest_file:
                raise Refused("large")
        return bytes(content)

    async def _later(self, due: Due, error: TryLater) -> None:
        wait = error.after_ms if error.after_ms is not None else again_after(due.tries)
        if wait is None:
            await self._database.write(self._lose, due, "unreachable")
            self._metrics.fetched.labels("unreachable").inc()
        else:
            await self._database.write(attachments.again, due.id, self._now() + wait)

    def _lose(self, db: Connection, due: Due, trouble: str) -> None:
        if attachments.lose(db, due.id, trouble):
            self._tell(db, due, trouble)
        self._done(db, due.source)

    def _tell(self, db: Connection, due: Due, trouble: str | None) -> None:
        fetched = Fetched(due.id, trouble)
        inbox.keep_fetched(db, due.conversation, self._channel.facts.name, fetched, self._now())

    async def failed(self, error: Exception) -> None:
        """Claims come back by their lease."""

    async def finish(self) -> None:
        """Ends the pool."""
        await self._media.close()
