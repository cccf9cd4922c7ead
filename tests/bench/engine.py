"""The engine alone: a trivial step, groups up to 50; decided messages a second."""

import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import Connection

from handlers import batch
from handlers.turn import Answer, Decided
from storage import inbox, migrations
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.opening import open_database
from tests import make, postgres

PEOPLE, MESSAGES = 2_000, 20_000


def trivial(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
    return Decided((Answer(("Dạ, tôi nghe.",)),), b'{"flow":"x"}', person.language)


def fill(db: Connection) -> None:
    for n in range(MESSAGES):
        inbox.keep(db, make.incoming(who=f"người {n % PEOPLE}"), make.NOW, language="vi", keep_address=False)


def rate(url: str) -> float:
    """Messages a second, from the first taken to the last committed."""
    database = open_database(url, make.ring())
    database.open()
    database.submit(migrations.upgrade).result()
    database.submit(fill).result()
    database.submit(lambda db: db.exec_driver_sql("ANALYZE")).result()
    counts: list[int] = []

    def hand() -> None:
        while count := database.submit(lambda db: batch.answer(db, trivial, make.NOW)).result():
            counts.append(count)

    hands = [threading.Thread(target=hand) for _ in range(database.hands)]
    began = time.perf_counter()
    for thread in hands:
        thread.start()
    for thread in hands:
        thread.join()
    seconds = time.perf_counter() - began
    assert sum(counts) == MESSAGES
    database.close()
    return MESSAGES / seconds


def run() -> dict[str, float]:
    """Both databases, fsync on; the best of three, because the machine is not ours alone."""
    with tempfile.TemporaryDirectory() as folder:
        rates = [rate(f"sqlite:///{Path(folder) / f'bench{n}.db'}") for n in range(3)]
        figures = {"engine, SQLite: decided messages a second": max(rates)}
    if postgres.binaries():
        with postgres.cluster(fsync=True) as server:
            rates = [rate(postgres.create(server, f"bench{n}")) for n in range(3)]
            figures["engine, PostgreSQL: decided messages a second"] = max(rates)
    return figures
