"""SQLite: group commit. One thread writes; all calls that wait share one commit and one fsync."""

import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from storage.database import Database, Owned, StorageDown, Watcher, translated
from storage.keys import Ring

R = TypeVar("R")

GROUP = 100  # calls in one commit: bounds how long the first of them waits
BUSY_MS = 3_000  # how long a write waits for a stranger's lock before it says StorageDown


class SQLite(Database):
    """Group commit: one thread writes; all calls that wait share one commit (and one fsync)."""

    exclusive = True

    def __init__(self, url: str, ring: Ring, watcher: Watcher) -> None:
        # isolation_level None: the driver begins nothing by itself, we say BEGIN IMMEDIATE
        engine = create_engine(
            url,
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_MS / 1000},
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare)
        super().__init__(engine, ring, watcher)
        self.path = Path(make_url(url).database or "")
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._opened: list[Connection] = []

    def open(self) -> None:
        """Starts the writer and two readers."""
        self._closed = False
        self._writer = threading.Thread(target=self._write_all, name="database", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="reader")

    def close(self) -> None:
        """Writes what was submitted, then lets go of the file."""
        with self._door:  # nothing comes behind the None: nobody would ever answer it
            self._closed = True
            if self._writer:
                self._calls.put(None)
        if self._writer:
            self._writer.join()
            self._writer = None
        if self._readers:
            self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self.engine.dispose()

    def submit(self, call: Callable[[Connection], R], name: str = "") -> "Future[R]":
        """Queues a write for the next group."""
        waiting = _Call(call, name)
        with self._door:
            if self._closed:
                raise StorageDown("the database is closed")
            self._calls.put(waiting)
        return waiting.future

    def ask(self, call: Callable[[Connection], R]) -> "Future[R]":
        """Runs a read on a connection that cannot write."""
        assert self._readers, "open the database first"
        return self._readers.submit(self._read, call)

    def _read(self, call: Callable[[Connection], R]) -> R:
        with translated():
            db: Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = self.engine.connect()
                self._opened.append(db)
                db.exec_driver_sql("PRAGMA query_only=ON")
                self._local.db = db
            raw = _raw(db)
            raw.execute("BEGIN")
            try:
                return call(db)
            finally:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")

    def _write_all(self) -> None:
        db: Connection | None = None
        last = False
        while not last:
            group = [self._calls.get()]
            while len(group) < GROUP and not self._calls.empty():
                group.append(self._calls.get())
            last = None in group
            calls = [c for c in group if c is not None and c.future.set_running_or_notify_cancel()]
            if not calls:
                continue
            try:
                with translated():
                    db = db or self.engine.connect()
                    self._write_group(db, calls)
            except BaseException as error:  # this thread outlives everything, or every write would hang
                down = error if isinstance(error, StorageDown) else StorageDown(type(error).__name__)
                for call in calls:
                    call.fail(down)
                if db is not None:  # a connection that failed is not trusted again
                    with contextlib.suppress(DBAPIError, sqlite3.Error):
                        db.close()
                    db = None
        if db is not None:
            db.close()

    def _write_group(self, db: Connection, calls: list["_Call"]) -> None:
        raw = _raw(db)
        started = time.perf_counter()
        raw.execute("BEGIN IMMEDIATE")
        written: list[tuple[_Call, Any]] = []
        topics: set[str] = set()
        for call in calls:
            db.info["topics"] = set()
            raw.execute("SAVEPOINT call")  # 1 µs; SQLAlchemy's begin_nested 50 µs
            try:
                with translated():
                    result = call.function(db)
                raw.execute("RELEASE call")
            except BaseException as error:  # whatever the caller's function raised is the caller's to hear
                if not raw.in_transaction:
                    # a full disk undoes the whole transaction, the calls before this one too: going
                    # on would lose those and run this one outside of any transaction
                    raise StorageDown("the transaction was undone by the database") from error
                raw.execute("ROLLBACK TO call")
                raw.execute("RELEASE call")
                call.fail(error)
            else:
                written.append((call, result))
                topics |= db.info["topics"]
        try:
            raw.execute("COMMIT")
        except sqlite3.Error as error:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise StorageDown("the commit failed") from error
        for call, result in written:
            call.future.set_result(result)
        self.watcher.took(",".join(sorted({call.name for call in calls})), time.perf_counter() - started)
        if topics:
            self.watcher.told(frozenset(topics))

    @contextlib.contextmanager
    def only_one(self, name: str) -> Iterator[Owned | None]:
        """A lock on a file beside the database; falls with the process."""
        file = os.open(f"{self.path}.{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        owned: Owned | None = None
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                owned = Owned(lambda: True)
            yield owned
        finally:
            os.close(file)


class _Call:
    """A write that waits for its turn."""

    def __init__(self, function: Callable[[Connection], Any], name: str) -> None:
        self.function = function
        self.name = name
        self.future: Future[Any] = Future()

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def _raw(db: Connection) -> sqlite3.Connection:
    driver = db.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _prepare(raw: sqlite3.Connection, _: object) -> None:
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a POST that was answered 200 survives a power cut
        "secure_delete=ON",  # what is erased is overwritten
        "foreign_keys=ON",
        "journal_size_limit=67108864",
    ):
        raw.execute(f"PRAGMA {pragma}")
