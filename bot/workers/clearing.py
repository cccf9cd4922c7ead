"""Removes files that nobody needs any more: whatever channel they came by, and whether it is on or not."""

import asyncio
import time
from types import ModuleType

from sqlalchemy import Connection

from storage import attachments, staged
from storage.database import Database
from storage.files import Files

MANY = 200
SWEEP_S = 600.0
YOUNG_S = 3_600.0  # a file without a row may be one whose row is being written


class Clearing:
    """The files of rows that are gone, and orphans."""

    name = "clearing"
    topics: tuple[str, ...] = ("attachments",)

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self._swept = 0.0

    async def step(self) -> bool:
        """Removes what is gone; now and then looks for orphans."""
        removed = [await self._remove(noun) for noun in (attachments, staged)]
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            await asyncio.to_thread(self._sweep)
        return any(removed)

    async def _remove(self, noun: ModuleType) -> bool:
        """First the file, then its row: a crash in between leaves a row that is tried again."""
        gone = await self._database.read(noun.leaving, MANY)
        if gone:
            for _, file in gone:
                if file is not None:
                    await asyncio.to_thread(self._files.remove, file)
            await self._database.write(noun.left, [id for id, _ in gone])
        return len(gone) == MANY

    def _sweep(self) -> None:
        """Removes files that no row knows: a crash came between file and row."""
        batch: list[str] = []
        for name in self._files.names(time.time() - YOUNG_S):
            batch.append(name)
            if len(batch) == MANY:
                self._sweep_some(batch)
                batch = []
        if batch:
            self._sweep_some(batch)

    def _sweep_some(self, names: list[str]) -> None:
        def known(db: Connection) -> set[str]:
            return attachments.known(db, names) | staged.known(db, names)

        for name in set(names) - self._database.ask(known).result():
            self._files.remove(name)

    async def failed(self, error: Exception) -> None:
        """What is left is found by the next step."""

    async def finish(self) -> None:
        """Nothing is held."""
