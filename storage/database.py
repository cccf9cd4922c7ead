"""One door to SQLite and to PostgreSQL: one function call is one transaction.

`await database.write(function, *args)` runs `function(connection, *args)` in a database thread and
returns after the commit; `await database.read(...)` likewise, read-only. Functions never commit.
This file and `search.py` are the only places that know which database it is.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    Insert,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from storage.keys import Ring

P = ParamSpec("P")
R = TypeVar("R")
Row = Mapping[str, object]

GROUP = 100  # calls in one SQLite commit: bounds how long the first of them waits
BUSY_MS = 3_000  # how long a write waits for a stranger's lock before it says StorageDown
PG_THREADS = 6
NOTIFY_S = 0.005  # other processes hear of commits at most 200 times a second
_INFRASTRUCTURE = {  # SQLite's primary result codes that are no fault of the statement
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}


class StorageDown(Exception):
    """The database cannot take this call now; nothing of it was written; it may be tried again."""


class Watcher(Protocol):
    """Who is told of commits: topics to wake, and how long a write took."""

    def told(self, topics: frozenset[str]) -> None:
        """Called after a commit, in a database thread."""

    def took(self, name: str, seconds: float) -> None:
        """Called after a commit, in a database thread."""


class Unwatched:
    """A watcher that looks away."""

    def told(self, topics: frozenset[str]) -> None:
        """Nothing."""

    def took(self, name: str, seconds: float) -> None:
        """Nothing."""


def note(db: Connection, *topics: str) -> None:
    """Wakes whoever waits for these topics, in every process, once this transaction is committed."""
    db.info.setdefault("topics", set()).update(topics)


def insert_once(db: Connection, table: Table, **values: object) -> bool:
    """Inserts a row unless its key is there already; whether it was new."""
    given = {f"new_{name}": value for name, value in values.items()}
    return db.execute(_inserting_once(db.dialect.name, table, tuple(values)), given).rowcount == 1


@cache
def _inserting_once(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    insert_into = sqlite.insert if dialect == "sqlite" else postgresql.insert
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    # inline: no RETURNING behind our back; SQLAlchemy keeps an INSERT's row count only when asked to
    statement = insert_into(table).on_conflict_do_nothing().values(values).inline()
    return statement.execution_options(preserve_rowcount=True)


def insert_rows(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts many rows at once; all must name the same columns."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        _many(db, table, _inserting(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_inserting_arrays(table, tuple(rows[0]), own), given)


def update_rows(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Updates many rows at once: each names its `id` and the new values of the same columns."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        _many(db, table, _updating(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_updating_arrays(table, tuple(rows[0]), own), given)


# Hot statements are built once, because building one costs more than running it, and their
# parameters are prepared by the column: SQLAlchemy's executemany prepares them by the row, 10 µs
# each. On PostgreSQL many rows are one statement over arrays, with what all rows share as plain
# values: psycopg's executemany costs 40 µs of our CPU a row.


def _many(db: Connection, table: Table, statement: Insert | Update, rows: Sequence[Row]) -> None:
    sql, names = _compiled(statement)
    columns: list[list[Any]] = []
    for name in names:
        values = [row[name] for row in rows]
        seal = table.c[name].type.dialect_impl(db.dialect).bind_processor(db.dialect)
        columns.append([seal(value) for value in values] if seal else values)
    db.exec_driver_sql(sql, list(zip(*columns, strict=True)))


@cache
def _compiled(statement: Insert | Update) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=sqlite.dialect())
    return str(compiled), tuple(name.removeprefix("new_") for name in compiled.positiontup or ())


@cache
def _inserting(table: Table, columns: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(f"new_{name}") for name in columns})


@cache
def _updating(table: Table, columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns if name != "id"}
    return update(table).where(table.c.id == bindparam("new_id")).values(values)


@cache
def _inserting_arrays(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> Insert:
    values = _values(table, columns, own)
    return insert(table).from_select(columns, select(*values.values()), include_defaults=False)


@cache
def _updating_arrays(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> Update:
    values = _values(table, columns, own)
    return update(table).where(table.c.id == values.pop("id")).values(values)


def _values(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> dict[str, Any]:
    arrays = [bindparam(f"new_{name}", type_=ARRAY(table.c[name].type)) for name in columns if name in own]
    names = [name for name in columns if name in own]
    new = func.unnest(*arrays).table_valued(*names, name="new").render_derived()
    return {
        name: new.c[name] if name in own else bindparam(f"new_{name}", type_=table.c[name].type)
        for name in columns
    }


def _arrays(rows: Sequence[Row]) -> tuple[frozenset[str], dict[str, object]]:
    """The columns in which the rows differ, and the values: a list for those, else the one of all."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    shared = {name for name, (first, *rest) in columns.items() if all(value == first for value in rest)}
    own = frozenset(columns.keys() - shared | {next(iter(columns))})  # one array at least
    return own, {f"new_{name}": values if name in own else values[0] for name, values in columns.items()}


def open_database(url: str, ring: Ring, watcher: Watcher | None = None) -> "Database":
    """The database of `url` (`sqlite:///file` or `postgresql://…`). Raises ValueError for any other."""
    kind = make_url(url).get_backend_name()
    if kind == "sqlite":
        return SQLite(url, ring, watcher or Unwatched())
    if kind == "postgresql":
        return PostgreSQL(url, ring, watcher or Unwatched())
    raise ValueError(f"[database] url: '{kind}' is neither sqlite nor postgresql")


class Database:
    """What both databases have in common. Use as an async context manager, or call open and close."""

    exclusive = False
    "Only one service may run on it."
    hands = 1
    "How many batches of answers may be in the air at once."

    def __init__(self, engine: Engine, ring: Ring, watcher: Watcher) -> None:
        engine.dialect.ring = ring  # type: ignore[attr-defined]  # see storage.sealing.Sealed
        self.engine = engine
        self.watcher = watcher

    async def write(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs the function in one transaction; returns after the commit.

        A caller that is cancelled does not cancel the write. Raises StorageDown if the database
        cannot take it, else whatever the function raised; then nothing of it was written.
        """
        future = self.submit(lambda db: function(db, *args, **kwargs), function.__name__)
        return await asyncio.shield(asyncio.wrap_future(future))

    async def read(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs the function in one read-only transaction."""
        return await asyncio.wrap_future(self.ask(lambda db: function(db, *args, **kwargs)))

    def submit(self, call: Callable[[Connection], R], name: str = "") -> "Future[R]":
        """A write, from a thread that has no event loop."""
        raise NotImplementedError

    def ask(self, call: Callable[[Connection], R]) -> "Future[R]":
        """A read, from a thread that has no event loop."""
        raise NotImplementedError

    @contextlib.contextmanager
    def only_one(self, name: str) -> Iterator["Owned | None"]:
        """Whether this process alone owns `name` until the end of the block; None if another does."""
        raise NotImplementedError
        yield

    def open(self) -> None:
        """Starts the threads."""

    def close(self) -> None:
        """Finishes every call that was submitted, then lets go."""

    async def __aenter__(self) -> "Database":
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)


class Owned:
    """A name that this process owns."""

    def __init__(self, alive: Callable[[], bool]) -> None:
        self.alive = alive
        "Whether it is still ours: a lost connection loses the name."


class SQLite(Database):
    """Group commit: one thread writes; all calls that wait share one commit (and one fsync)."""

    exclusive = True

    def __init__(self, url: str, ring: Ring, watcher: Watcher) -> None:
        # isolation_level None: the driver begins nothing by itself, we say BEGIN IMMEDIATE
        engine = create_engine(
            url,
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_MS / 1000},
            poolclass=sqlalchemy.NullPool,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
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
        with _translated():
            db: Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = self.engine.connect()
                self._opened.append(db)
                db.exec_driver_sql("PRAGMA query_only=ON")
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
                with _translated():
                    db = db or self.engine.connect()
                    self._write_group(db, calls)
            except StorageDown as error:
                for call in calls:
                    call.fail(error)
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
                with _translated():
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


class PostgreSQL(Database):
    """Several processes may run the same code; each call has a transaction of its own."""

    hands = 3  # while one batch waits for the server another computes: 5,000 messages a second become 10,000

    def __init__(self, url: str, ring: Ring, watcher: Watcher) -> None:
        engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=2 * PG_THREADS + 2,
            pool_pre_ping=False,
            connect_args={"connect_timeout": 5, "application_name": "nepsong"},
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
        self._threads = ThreadPoolExecutor(PG_THREADS, thread_name_prefix="database")
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
        with _translated(), self.engine.connect() as db:
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
            _translated(),
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
            except DBAPIError:  # signals may be lost: every waiter looks again after a second
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
            except (DBAPIError, self.engine.dialect.loaded_dbapi.Error):
                self._closing.wait(1)

    @contextlib.contextmanager
    def only_one(self, name: str) -> Iterator[Owned | None]:
        """A session advisory lock on a connection of its own."""
        number = int.from_bytes(hashlib.sha256(f"nepsong/{name}".encode()).digest()[:8], signed=True)
        with contextlib.ExitStack() as stack:
            with _translated():
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
                db.invalidate()  # the lock falls with the connection, whatever state it is in


_NOTIFY = text("SELECT pg_notify('nepsong', :payload)")


class _Call:
    """A write that waits for its turn."""

    def __init__(self, function: Callable[[Connection], Any], name: str) -> None:
        self.function = function
        self.name = name
        self.future: Future[Any] = Future()

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turns the drivers' infrastructure errors into StorageDown; the statement's own stay."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _INFRASTRUCTURE:
            raise StorageDown(getattr(error, "sqlite_errorname", "SQLite error")) from error
        raise
    except DBAPIError as error:
        cause = error.orig
        code = getattr(cause, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _INFRASTRUCTURE:
            raise StorageDown(getattr(cause, "sqlite_errorname", "SQLite error")) from error
        if code is None and (isinstance(error, OperationalError) or error.connection_invalidated):
            raise StorageDown(type(cause).__name__) from error
        raise


def _raw(db: Connection) -> sqlite3.Connection:
    driver = db.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _prepare_sqlite(raw: sqlite3.Connection, _: object) -> None:
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a POST that was answered 200 survives a power cut
        "secure_delete=ON",  # what is erased is overwritten
        "foreign_keys=ON",
        "journal_size_limit=67108864",
    ):
        raw.execute(f"PRAGMA {pragma}")
