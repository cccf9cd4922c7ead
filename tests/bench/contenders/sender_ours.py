"""Our sender, from a full outbox on SQLite: claimed, sent, recorded; prints CPU and wall seconds."""

import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from sqlalchemy import Connection

from bot import app
from bot.channels.telegram.channel import Telegram
from bot.metrics import Metrics
from bot.workers import sending
from bot.workers.sending import Sending
from storage import conversations, migrations, outbox
from storage.opening import open_database
from storage.outbox import Reply
from storage.shapes import Message
from tests import make
from tests.bench.shared_search import QUESTIONS, lookup

sending.IN_THE_AIR = 32  # as many at once as the other


async def main(api: str, token: str, count: int) -> None:
    texts = [lookup(question) for question in QUESTIONS]

    def fill(db: Connection) -> None:
        for number in range(count):
            person = conversations.meet(db, "telegram", f"{100 + number}", "vi", 1, keep_address=True)
            outbox.put(db, [Reply(person, "telegram", Message(texts[number % len(texts)]), app.clock())])

    def left(db: Connection) -> int:
        return sum(outbox.counts(db).values())

    with tempfile.TemporaryDirectory() as folder:
        async with open_database(f"sqlite:///{Path(folder) / 'n.db'}", make.ring()) as database:
            await database.write(migrations.upgrade)
            await database.write(fill)
            channel = Telegram(
                token, api, "s", hook=None, polled=False, per_second=100_000, content=lambda _: b""
            )
            work = Sending(channel, database, app.clock, Metrics())
            began, used = time.perf_counter(), time.process_time()
            while await work.step():
                pass
            await work.finish()
            told = [time.process_time() - used, time.perf_counter() - began]
            assert await database.read(left) == 0
            await channel.close()
    print(json.dumps(told))


uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
