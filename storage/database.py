"""The door to the database: one function call is one transaction.

`await database.write(function, *args)` runs `function(connection, *args)` in a database thread and
returns after the commit; `await database.read(...)` likewise, read-only. Functions never commit.
What differs between the two databases is in `sqlite.py`, `postgresql.py` and `rows.py`, and nowhere
else.
"""

import abc
import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.keys import Ring

P = ParamSpec("P")
R = TypeVar("R")

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


class Database(abc.ABC):
    """What both databases have in common. Use as an async context manager, or call open and close."""

    exclusive = False
    "Only one service may run on it."
    hands = 1
    "How many batches of answers may be in the air at once."

    def __init__(self, engine: Engine, ring: Ring, watcher: Watcher) -> None:
        engine.dialect.ring = ring  # type: ignore[attr-defined]  # see storage.sealing.Sealed
        self.ring = ring
        self.engine = engine
        self.watcher = watcher

    async def write(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs the function in one transaction; returns after the commit.

        A caller that is cancelled does not cancel the write. Raises StorageDown if the database
        cannot take it, else whatever the function raised; then nothing of it was written.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[R] = loop.create_future()

        def told(future: "Future[R]") -> None:  # in a database thread
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
                loop.call_soon_threadsafe(_settle, waiter, future)

        self.submit(lambda db: function(db, *args, **kwargs), function.__name__).add_done_callback(told)
        return await waiter

    async def read(
        self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs the function in one read-only transaction."""
        return await asyncio.wrap_future(self.ask(lambda db: function(db, *args, **kwargs)))

    @abc.abstractmethod
    def submit(self, call: Callable[[Connection], R], name: str = "") -> "Future[R]":
        """A write, from a thread that has no event loop."""

    @abc.abstractmethod
    def ask(self, call: Callable[[Connection], R]) -> "Future[R]":
        """A read, from a thread that has no event loop."""

    @abc.abstractmethod
    def only_one(self, name: str) -> contextlib.AbstractContextManager["Owned | None"]:
        """Whether this process alone owns `name` until the end of the block; None if another does."""

    @abc.abstractmethod
    def open(self) -> None:
        """Starts the threads."""

    @abc.abstractmethod
    def close(self) -> None:
        """Finishes every call that was submitted, then lets go."""

    async def __aenter__(self) -> "Database":
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)


def _settle(waiter: "asyncio.Future[R]", future: "Future[R]") -> None:
    if waiter.done():  # cancelled: the write goes on without its caller
        return
    if future.cancelled():
        waiter.cancel()
    elif (error := future.exception()) is not None:
        waiter.set_exception(error)
    else:
        waiter.set_result(future.result())


class Owned:
    """A name that this process owns."""

    def __init__(self, alive: Callable[[], bool]) -> None:
        self.alive = alive
        "Whether it is still ours: a lost connection loses the name."


@contextlib.contextmanager
def translated() -> Iterator[None]:
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
