"""The facts of the web chat. It is pulled: a worker in another process cannot reach this browser."""

import asyncio
from collections.abc import AsyncIterator

from bot.channels.contract import Facts
from bot.channels.errors import Refused, TryLater
from storage.files import Files, Spoilt
from storage.shapes import Source

SESSION_MS = 30 * 86_400_000  # the cookie's life, and so the history's

FACTS = Facts("webchat", keep_ms=SESSION_MS, largest_file=15_000_000)


class Uploads:
    """What browsers have uploaded: it lies sealed on our own disk, and is fetched from there."""

    facts = FACTS

    def __init__(self, files: Files) -> None:
        self._files = files

    async def fetch(self, source: Source) -> AsyncIterator[bytes]:
        """An upload's content, in pieces. Raises TryLater or Refused."""
        pieces = self._files.stream(source.id)
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        except FileNotFoundError:
            raise Refused("gone") from None
        except Spoilt:
            raise Refused("spoilt") from None
        except OSError:
            raise TryLater("disk") from None
