"""One function call is one transaction, whatever happens around it."""

import asyncio
import contextlib
import queue
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.database import Database, StorageDown, note
from storage.limiter import limiter
from storage.opening import open_database
from storage.rows import insert_once
from tests import make

ROOT = Path(__file__).parents[2]


class Ears:
    """A watcher that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.names: list[str] = []

    def told(self, topics: frozenset[str]) -> None:
        for topic in sorted(topics):
            self.heard.put(topic)

    def took(self, name: str, seconds: float) -> None:
        self.names.append(name)

    def until(self, last: str) -> list[str]:
        """Everything heard before `last`."""
        topics = []
        while (topic := self.heard.get(timeout=10)) != last:
            topics.append(topic)
        return topics


def add(db: Connection, name: str) -> str:
    db.execute(insert(limiter).values(name=name, tat=0))
    return name


def spoil(db: Connection, name: str) -> None:
    add(db, name)
    raise ValueError(name)


def call_out(db: Connection, topic: str) -> None:
    note(db, topic)


def names(db: Connection) -> set[str]:
    return set(db.execute(select(limiter.c.name)).scalars())


@contextlib.contextmanager
def opened(url: str, ears: Ears | None = None) -> Iterator[Database]:
    database = open_database(url, make.ring(), ears)
    database.open()
    try:
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def busy(database: Database) -> Iterator[None]:
    """While the writer is busy, calls gather behind it and become one group."""
    begun, gate = threading.Event(), threading.Event()

    def wait(db: Connection) -> None:
        begun.set()
        gate.wait(10)

    waiting = database.submit(wait)
    begun.wait(10)
    try:
        yield
    finally:
        gate.set()
        waiting.result()


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Database]:
    with opened(sqlite_url) as database:
        yield database


async def test_a_write_returns_what_the_function_returned(database: Database) -> None:
    assert await database.write(add, name="one") == "one"
    assert await database.read(names) == {"one"}


def test_one_failing_call_does_not_harm_its_group(database: Database) -> None:
    with busy(database):
        good = [database.submit(lambda db, n=n: add(db, f"good {n}")) for n in range(20)]
        bad = [database.submit(lambda db, n=n: spoil(db, f"bad {n}")) for n in range(20)]
        more = [database.submit(lambda db, n=n: add(db, f"more {n}")) for n in range(20)]
    assert all(isinstance(future.exception(), ValueError) for future in bad)
    kept = {future.result() for future in good + more}
    assert database.ask(names).result() == kept


async def test_a_functions_own_exception_reaches_the_caller_unchanged(database: Database) -> None:
    error = LookupError("mine")

    def fail(db: Connection) -> None:
        add(db, "half")
        raise error

    with pytest.raises(LookupError) as caught:
        await database.write(fail)
    assert caught.value is error
    assert await database.read(names) == set()


def test_a_statements_own_fault_is_not_storage_down(database: Database) -> None:
    database.submit(lambda db: add(db, "one")).result()
    with pytest.raises(IntegrityError):
        database.submit(lambda db: add(db, "one")).result()
    assert database.submit(lambda db: add(db, "two")).result() == "two"


def test_topics_are_told_when_the_commit_can_be_seen(url: str) -> None:
    seen: Future[set[str]] = Future()

    class Looking(Ears):
        def told(self, topics: frozenset[str]) -> None:
            if not seen.done():
                seen.set_result(database.ask(names).result())

    with opened(url, Looking()) as database:
        database.submit(lambda db: (add(db, "row"), note(db, "inbox"))).result()
        assert seen.result(timeout=10) == {"row"}


def test_topics_of_a_failed_call_are_not_told(url: str) -> None:
    def fail(db: Connection) -> None:
        note(db, "never")
        raise ValueError

    ears = Ears()
    with opened(url, ears) as database, busy(database):
        failed = database.submit(fail)
        database.submit(lambda db: note(db, "end"))
    assert failed.exception()
    assert ears.until("end") == []


async def test_a_watcher_hears_which_writes_took_how_long(url: str) -> None:
    ears = Ears()
    async with open_database(url, make.ring(), ears) as database:
        await database.write(add, "one")
    assert ears.names == ["add"]


async def test_a_cancelled_write_still_commits(url: str) -> None:
    with opened(url) as database, busy(database):
        task = asyncio.create_task(database.write(add, "kept"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with opened(url) as database:
        assert await database.read(names) == {"kept"}


def test_a_cancelled_future_does_not_stop_the_writer(database: Database) -> None:
    with busy(database):
        database.submit(lambda db: add(db, "given up")).cancel()
    assert database.submit(lambda db: add(db, "next")).result(timeout=5) == "next"


def test_close_finishes_what_was_submitted(url: str) -> None:
    with opened(url) as database, busy(database):
        futures = [database.submit(lambda db, n=n: add(db, f"{n}")) for n in range(250)]
    assert [future.result(timeout=0) for future in futures] == [f"{n}" for n in range(250)]


def test_close_leaves_no_thread_behind(url: str) -> None:
    before = set(threading.enumerate())
    with opened(url) as database:
        for n in range(50):
            database.submit(lambda db, n=n: note(db, f"chat/{n}"))
    assert set(threading.enumerate()) <= before


def test_a_write_after_the_end_is_refused(url: str) -> None:
    with opened(url) as database:
        pass
    with pytest.raises((StorageDown, RuntimeError)):  # not a TimeoutError: nobody would ever answer it
        database.submit(lambda db: add(db, "late")).result(timeout=1)


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises((StorageDown, DBAPIError)):
        await database.read(add, "sly")
    assert await database.read(names) == set()
    assert await database.write(add, "open") == "open"


def test_a_read_sees_one_moment(lite: Database) -> None:
    def twice(db: Connection) -> tuple[set[str], set[str]]:
        before = names(db)
        lite.submit(lambda db: add(db, "meanwhile")).result()
        return before, names(db)

    assert lite.ask(twice).result() == (set(), set())
    assert lite.ask(names).result() == {"meanwhile"}


def test_insert_once_says_whether_the_row_is_new(database: Database) -> None:
    def once(db: Connection) -> bool:
        return insert_once(db, limiter, name="same", tat=1)

    assert [database.submit(once).result() for _ in range(3)] == [True, False, False]


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'mysql' is neither sqlite nor postgresql"):
        open_database("mysql://root@localhost/x", make.ring())


# the full disk


def limited(database: Database, spare: int) -> None:
    """Lets the writer's own connection use only `spare` pages more."""

    def limit(db: Connection) -> None:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages + spare}")

    database.submit(lambda db: db.exec_driver_sql("CREATE TABLE heap (n INTEGER, filler TEXT)")).result()
    database.submit(limit).result()


def heap(db: Connection, number: int, size: int = 2000) -> int:
    db.exec_driver_sql("INSERT INTO heap VALUES (?, ?)", (number, "x" * size))
    return number


def told_the_truth(database: Database, futures: list["Future[int]"]) -> None:
    """What gave a result is in the file once; what said StorageDown is not."""
    results = [number for number, future in enumerate(futures) if not future.exception()]
    kept = database.ask(lambda db: db.exec_driver_sql("SELECT n FROM heap ORDER BY n").scalars().all())
    assert kept.result() == results
    assert {type(future.exception()) for future in futures} == {type(None), StorageDown}


def test_on_a_full_disk_every_caller_hears_the_truth(lite: Database) -> None:
    limited(lite, spare=75)  # of 2,000 bytes: a group and a half
    with busy(lite):
        futures = [lite.submit(lambda db, n=n: heap(db, n)) for n in range(250)]
    told_the_truth(lite, futures)
    assert futures[100].exception(), "the calls before the full one in its group were undone with it"
    lite.submit(lambda db: db.exec_driver_sql("PRAGMA max_page_count=1000000")).result()
    assert lite.submit(lambda db: heap(db, 250)).result() == 250


def test_a_call_that_hides_a_full_disk_is_not_believed(lite: Database) -> None:
    def hide(db: Connection, number: int) -> int:
        with contextlib.suppress(DBAPIError):
            heap(db, number, size=1_000_000)
        return number

    limited(lite, spare=60)
    before = [lite.submit(lambda db: heap(db, 0))]
    before[0].result()
    with busy(lite):
        calls: list[Callable[[Connection], int]] = [lambda db: heap(db, 1), lambda db: hide(db, 2)]
        futures = [lite.submit(call) for call in calls]
    told_the_truth(lite, before + futures)


def test_a_strangers_lock_is_storage_down_until_it_is_gone(lite: Database, tmp_path: Path) -> None:
    lite.submit(lambda db: db.exec_driver_sql("PRAGMA busy_timeout=50")).result()
    with contextlib.closing(sqlite3.connect(tmp_path / "nepsong.db", isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageDown):
            lite.submit(lambda db: add(db, "locked out")).result()
        stranger.execute("ROLLBACK")
    assert lite.submit(lambda db: add(db, "in")).result() == "in"
    assert lite.ask(names).result() == {"in"}


def test_a_missing_folder_is_storage_down(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/nowhere/nepsong.db") as database, pytest.raises(StorageDown):
        database.submit(names).result(timeout=5)


# single owners


def test_only_one_owns_a_name(database: Database) -> None:
    with database.only_one("polling") as first, database.only_one("polling") as second:
        assert first is not None and first.alive()
        assert second is None
        with database.only_one("linking") as other:
            assert other is not None
    with database.only_one("polling") as again:
        assert again is not None


def test_an_error_of_the_owner_passes_through(database: Database) -> None:
    with pytest.raises(BlockingIOError, match="mine"), database.only_one("polling"):
        raise BlockingIOError("mine")
    with database.only_one("polling") as again:
        assert again is not None


OWN = """
import sys
from storage.opening import open_database
from storage.keys import Ring
with open_database(sys.argv[1], Ring({1: bytes(32)})).only_one("polling") as owned:
    print(owned is not None, flush=True)
    sys.stdin.read()
"""


def test_a_name_is_free_when_its_owner_was_killed(url: str, database: Database) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", OWN, url], cwd=ROOT, **pipes) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == b"True\n"
        with database.only_one("polling") as owned:
            assert owned is None
        other.kill()
    for _ in range(100):  # the server needs a moment to notice
        with database.only_one("polling") as owned:
            if owned:
                return
        time.sleep(0.02)
    raise AssertionError("still owned by the dead")


# several processes on one PostgreSQL


def cut(url: str) -> None:
    """Ends every connection but this one."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def listening(database: Database, ears: Ears) -> None:
    """Returns when the ears hear what is noted in `database`."""
    for _ in range(500):
        with contextlib.suppress(StorageDown):
            database.submit(lambda db: note(db, "hello")).result()
        with contextlib.suppress(queue.Empty):
            while ears.heard.get(timeout=0.02) != "hello":
                pass
            return
    raise AssertionError("never heard")


def test_a_topic_is_told_to_the_other_processes(postgres_url: str) -> None:
    ears = Ears()
    with opened(postgres_url) as one, opened(postgres_url, ears):
        listening(one, ears)
        one.submit(lambda db: (note(db, "inbox"), note(db, "chat/7"))).result()
        assert "chat/7" in ears.until("inbox")


def test_a_process_does_not_hear_its_own_topics_again(postgres_url: str) -> None:
    mine, theirs = Ears(), Ears()
    with opened(postgres_url, mine) as one, opened(postgres_url, theirs) as two:
        listening(two, mine)
        listening(one, theirs)
        one.submit(lambda db: note(db, "inbox")).result()
        listening(one, theirs)  # so the notice has passed the server
        two.submit(lambda db: note(db, "end")).result()
        assert mine.until("end").count("inbox") == 1


def test_too_many_topics_wake_everybody(postgres_url: str) -> None:
    ears = Ears()
    with opened(postgres_url) as one, opened(postgres_url, ears):
        listening(one, ears)
        one.submit(lambda db: [note(db, f"chat/{n}") for n in range(2000)]).result()
        assert set(ears.until("*")) <= {"hello"}


def test_after_the_server_cut_every_connection_all_goes_on(postgres_url: str) -> None:
    ears = Ears()
    with opened(postgres_url) as one, opened(postgres_url, ears):
        listening(one, ears)
        cut(postgres_url)
        tried = [one.submit(lambda db, n=n: add(db, f"{n}")) for n in range(20)]
        assert {type(future.exception()) for future in tried} <= {type(None), StorageDown}
        listening(one, ears)
        assert one.submit(lambda db: add(db, "again")).result() == "again"
        kept = {future.result() for future in tried if not future.exception()}
        assert one.ask(names).result() == kept | {"again"}


def test_a_name_is_lost_with_its_connection(postgres_url: str) -> None:
    with opened(postgres_url) as one, one.only_one("polling") as owned:
        assert owned is not None and owned.alive()
        cut(postgres_url)
        assert [owned.alive() for _ in range(3)] == [False, False, False]
