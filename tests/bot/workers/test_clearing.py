"""Files that are to go leave the disk, also while the channel that they came by is switched off."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from bot import app
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from bot.workers.clearing import Clearing
from storage import attachments, conversations
from storage.database import Database
from storage.files import Files
from storage.shapes import Source
from tests import make
from tests.make import NOW


def old(folder: Path) -> None:
    """No file looks as if its row were still being written."""
    for file in folder.rglob("*"):
        os.utime(file, (time.time() - 9_999, time.time() - 9_999))


async def test_what_is_gone_and_what_nobody_knows(database: Database, tmp_path: Path) -> None:
    files = Files(tmp_path, database.ring)
    names = [files.keep(b"x") for _ in range(3)]
    old(tmp_path)
    an = await database.write(conversations.meet, "telegram", "7", "vi", NOW, keep_address=True)
    for name in names[:2]:
        id = await database.write(attachments.add, an, "telegram", Source("f", "photo", 1), NOW)
        await database.write(attachments.keep, id, name, "picture", "image/jpeg", 1)
    await database.write(attachments.erase, an)
    kept = await database.write(attachments.add, an, "telegram", Source("f", "photo", 1), NOW)
    await database.write(attachments.keep, kept, files.keep(b"y"), "picture", "image/jpeg", 1)
    assert not await Clearing(database, files).step()
    assert [files.read(name) for name in files.names(time.time() + 9)] == [b"y"]
    assert await database.read(attachments.leaving, 9) == []


async def test_it_works_with_every_channel_off(database: Database, settings: Callable[..., Settings]) -> None:
    ours = settings()
    assert not ours.channels.telegram.enabled
    async with app.running(ours, make.the_catalog(), database, Signals(), Metrics()) as parts:
        assert "clearing" in [worker.work.name for worker in parts.workers]
