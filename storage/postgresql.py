"""PostgreSQL: each call has a transaction of its own; several processes may run the same code."""

import contextlib
import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database, Owned, Watcher, translated
from storage.keys import Ring

R = TypeVar("R")

THREADS = 6
NOTIFY_S = 0.005  # other processes hear of commits at most 200 times a second
_NOTIFY = text("SELECT pg_notify('nepsong', :payload)")


class PostgreSQL(Database):
    """Several processes may run the same code; each call has a transaction of its own."""

    hands = 3  # while one batch waits for the server another computes: 5,000 messages a second become 10,000

    def __init__(self, url: str, ring: Ring, watcher: Watcher) -> None:
        engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=2 * THREADS + 2,
            pool_pre_ping=False,
            connect_args={
                "connect_timeout": 5,
                "application_name": "nepsong",
                # a stranger's lock or a dead line must not hold us for ever
                "options": "-c lock_timeout=3000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000",
                "keepalives_idle": 10,
                "tcp_user_timeout": 10_000,
            },
            hide_parameters=True,
        )
        super().__init__(engine, ring, watcher)
        self._threads: ThreadPoolExecutor | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._closing = threading.Event()
        self._name = os.urandom(6).hex()  # stands before the topics: our own come back to us too
        self._news: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()
        self._signallers: list[threading.Thread] = []

    def open(self) -> None:
        """Starts writers, readers and the two signal threads."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="reader")
        self._signallers = [
            threading.Thread(target=target, name=target.__name__.strip("_"), daemon=True)
            for target in (self._notify, self._listen)
        ]
        for thread in self._signallers:
            thread.start()

    def close(self) -> None:
        """Finishes what was submitted, then disconnects."""
        for pool in (self._threads, self._readers):
            if pool:
                pool.shutdown()
        self._closing.set()
        self._news.put(None)
        for thread in self._signallers:
            thread.join(timeout=5)
        self.engine.dispose()

    def submit(self, call: Callable[[Connection], R], name: str = "") -> "Future[R]":
        """Runs a write in a transaction of its own."""
        assert self._threads, "open the database first"
        return self._threads.submit(self._write, call, name)

    def ask(self, call: Callable[[Connection], R]) -> "Future[R]":
        """Runs a read in a read-only transaction."""
        assert self._readers, "open the database first"
        return self._readers.submit(self._read, call)

    def _write(self, call: Callable[[Connection], R], name: str) -> R:
        started = time.perf_counter()
        with translated(), self.engine.connect() as db:
            db.info["topics"] = set()
            with db.begin():
                result = call(db)
            topics = frozenset(db.info["topics"])
        self.watcher.took(name, time.perf_counter() - started)
        if topics:
            self.watcher.told(topics)
            self._news.put(topics)
        return result

    def _read(self, call: Callable[[Connection], R]) -> R:
        with (
            translated(),
            self.engine.connect() as db,
            db.execution_options(postgresql_readonly=True).begin(),
        ):
            return call(db)

    def _notify(self) -> None:
        """Tells the other processes; inside the writes it would cut commits by 40 %."""
        last = False
        while not last:
            try:
                with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                    while not last:
                        news = [self._news.get()]
                        self._closing.wait(NOTIFY_S)  # what is told meanwhile goes along
                        while not self._news.empty():
                            news.append(self._news.get())
                        last = None in news  # the end: this last notice makes our listener look up
                        payload = " ".join(sorted({topic for topics in news if topics for topic in topics}))
                        # 8,000 bytes is PostgreSQL's limit; '*' wakes everybody
                        payload = payload if len(payload.encode()) < 7_000 else "*"
                        db.execute(_NOTIFY, {"payload": f"{self._name} {payload}"})
            except SQLAlchemyError:  # signals may be lost: every waiter looks again after a second
                self._closing.wait(1)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                    db.exec_driver_sql("LISTEN nepsong")
                    driver: Any = db.connection.driver_connection
                    while not self._closing.is_set():
                        for message in driver.notifies(timeout=0.5):
                            sender, *topics = message.payload.split()
                            if topics and sender != self._name:
                                self.watcher.told(frozenset(topics))
                            if self._closing.is_set():
                                break
            except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error):
                self._closing.wait(1)

    @contextlib.contextmanager
    def only_one(self, name: str) -> Iterator[Owned | None]:
        """A session advisory lock on a connection of its own."""
        number = int.from_bytes(hashlib.sha256(f"nepsong/{name}".encode()).digest()[:8], signed=True)
        with contextlib.ExitStack() as stack:
            with translated():
                connected = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                db = stack.enter_context(connected)
                free = db.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}).scalar()
            if not free:
                yield None
                return

            def alive() -> bool:
                try:
                    return db.execute(text("SELECT 1")).scalar() == 1
                except SQLAlchemyError:  # at the second look the connection is known to be invalid
                    return False

            try:
                yield Owned(alive)
            finally:
                with contextlib.suppress(
                    SQLAlchemyError
                ):  # at once: a closed connection lets go a moment later
                    db.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
                db.invalidate()  # and surely: the lock falls with the connection, whatever state it is in
