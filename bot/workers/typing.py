"""Shows "typing…" to whoever has waited half a second for an answer.

It is no message and nobody misses it when it is lost, so it does not go through the outbox.
"""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from bot.channels.contract import Hearing
from storage import conversations, inbox
from storage.database import Database

AFTER_MS = 500
FORGOTTEN_MS = 20_000  # whoever waits longer has seen it often enough
SHOWN_MS = 5_000  # how long a provider shows it


class Typing:
    """One channel's typing notices."""

    topics: tuple[str, ...] = ("inbox",)

    def __init__(self, channel: Hearing, database: Database, now: Callable[[], int]) -> None:
        self.name = f"typing/{channel.facts.name}"
        self._channel = channel
        self._database = database
        self._now = now
        self._shown: dict[str, int] = {}

    async def step(self) -> bool:
        """Looks half a second after something came in."""
        await asyncio.sleep(AFTER_MS / 1000)
        now = self._now()
        waiting = await self._database.read(self._waiting, now)
        self._shown = {address: at for address, at in self._shown.items() if now - at < SHOWN_MS}
        fresh = [address for address in waiting if address not in self._shown]
        self._shown |= dict.fromkeys(fresh, now)
        await asyncio.gather(*(self._channel.typing(address) for address in fresh))
        return bool(waiting)

    def _waiting(self, db: Connection, now: int) -> list[str]:
        people = inbox.overdue(db, self._channel.facts.name, now - FORGOTTEN_MS, now - AFTER_MS)
        return [conversations.address(db, person) for person in people]

    async def failed(self, error: Exception) -> None:
        """Only a courtesy."""

    async def finish(self) -> None:
        """Nothing is in the air."""
