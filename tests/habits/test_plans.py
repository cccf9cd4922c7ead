"""Hot statements use their indexes at a hundred thousand rows; one file knows which database it is."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage import (
    attachments,
    consents,
    conversations,
    inbox,
    limiter,
    lockouts,
    migrations,
    outbox,
    rows,
    staged,
    submissions,
    timers,
    uploads,
)
from storage.conversations import Change
from storage.database import Database
from storage.opening import open_database
from storage.outbox import Outcome, Status
from tests import make
from tests.make import NOW

ROWS, PEOPLE = 100_000, 10_000
LATER = NOW + 10**6
ROOMS = ("bot", "handlers", "content", "storage")
ROOT = Path(__file__).parents[2]


def fill(db: Connection) -> None:
    """Almost all is answered and sent; a few hundred rows of each kind wait."""
    raw: Any = db.connection.driver_connection
    seal = make.ring().seal
    words, mark = b'{"text":"a"}', seal(b"mark", b"conversations.mark")
    said, message = seal(words, b"inbox.body"), seal(words, b"outbox.body")
    raw.executemany(
        "INSERT INTO conversations (channel, address_hash, language, mark, reach, created_at, seen_at)"
        " VALUES ('post', ?, 'vi', ?, 'ok', 0, ?)",
        ((n.to_bytes(16, "big"), None if n % 50 else mark, NOW + n) for n in range(PEOPLE)),
    )
    raw.executemany(
        "INSERT INTO inbox (channel, key, conversation, kind, body, sent_at, due_at, tries, status)"
        " VALUES ('post', ?, ?, 'message', ?, ?, ?, 0, ?)",
        (
            (f"{n}", n % PEOPLE + 1, None if status == "done" else said, NOW + n, NOW + n, status)
            for n in range(ROWS)
            for status in [{0: "waiting", 1: "parked"}.get(n % 300, "done")]
        ),
    )
    raw.executemany(
        "INSERT INTO outbox (conversation, channel, body, slot, due_at, status, lease_until, tries,"
        " maybe_sent, sent_at, forget_at) VALUES (?, 'post', ?, ?, ?, ?, ?, 0, FALSE, NULL, ?)",
        (
            (
                n % PEOPLE + 1,
                None if status == "sent" else message,
                None if n % 7 else "menu",
                NOW + n,
                status,
                NOW if status == "sending" else None,
                None if n % 500 else NOW + n,
            )
            for n in range(ROWS)
            for status in [{0: "waiting", 1: "sending", 2: "held"}.get(n % 300, "sent")]
        ),
    )
    told, masked = seal(b"{}", b"submissions.told"), seal(b"a", b"submissions.masked")
    raw.executemany(
        "INSERT INTO submissions (conversation, kind, theme, unit, office, state, ended, urgent, anonymous,"
        " progress, code_hash, told, masked, accept_by, resolve_by, filed_at, changed_at, version)"
        " VALUES (?, 'violation', 'order', 23500, 23500, ?, ?, 0, 0, 1, ?, ?, ?, 0, 0, ?, ?, 1)",
        (
            (n % PEOPLE + 1, "closed" if n % 9 else "asked", n % 9 > 0, n.to_bytes(16, "big"),
             None if n % 40 else told, masked, NOW + n, NOW + n)
            for n in range(ROWS)
        ),
    )  # fmt: skip
    raw.executemany(
        "INSERT INTO events (submission, act, by, conversation, state, at)"
        " VALUES (?, 'filed', 'citizen', ?, 'received', ?)",
        ((n + 1, None if n % 3 else n % PEOPLE + 1, NOW + n) for n in range(ROWS)),
    )
    raw.executemany(
        "INSERT INTO consents (conversation, purpose, version, given, channel, told_at)"
        " VALUES (?, 'handle', '1', 1, 'post', ?)",
        ((n % PEOPLE + 1, NOW + n) for n in range(ROWS)),
    )
    raw.executemany(
        "INSERT INTO timers (key, act, arguments, due_at, tries, status) VALUES (?, 'a', '{}', ?, 0, ?)",
        ((f"{n}", NOW + n, "done" if n % 300 else "waiting") for n in range(ROWS // 10)),
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite file after a year."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('full') / 'nepsong.db'}", make.ring())
    database.open()
    database.submit(migrations.upgrade).result()
    database.submit(fill).result()
    yield database
    database.close()


def explained(database: Database, call: Callable[[Connection], Any]) -> list[str]:
    """The plans of every statement that `call` executes; its effects are undone."""
    statements: list[tuple[str, Any]] = []

    def capture(_: object, __: object, sql: str, parameters: Any, ___: object, many: bool) -> None:
        # no values: SQLite peeks at them and would hide that a bound status may switch an index off
        statements.append((sql, [None] * len(parameters[0] if many else parameters)))

    bare = rows._bare  # hot statements go past SQLAlchemy's events

    def seen(db: Connection, statement: Any) -> Any:
        driver, made = bare(db, statement)
        statements.append((made.sql, [None] * len(made.names)))
        return driver, made

    def run(db: Connection) -> list[str]:
        rows._bare = seen
        try:
            call(db)
        finally:
            rows._bare = bare
        event.remove(database.engine, "before_cursor_execute", capture)
        raw: sqlite3.Connection = db.connection.driver_connection  # type: ignore[assignment]
        plan = [line[3] for sql, p in statements for line in raw.execute(f"EXPLAIN QUERY PLAN {sql}", p)]
        raise Explained(plan)

    event.listen(database.engine, "before_cursor_execute", capture)
    error = database.submit(run).exception()
    assert isinstance(error, Explained), error
    return error.plan


class Explained(Exception):
    """Carries the plans out and has the writer undo the call."""

    def __init__(self, plan: list[str]) -> None:
        self.plan = plan


def bare(plan: list[str]) -> set[str]:
    """The tables, or their aliases, that are read from end to end without an index."""
    scanned = {match[1] for line in plan if (match := re.fullmatch(r"SCAN (\w+)", line))}
    return {name for name in scanned if not name.startswith("anon_")}  # SQLAlchemy's subqueries


HOT: dict[str, Callable[[Connection], Any]] = {
    "inbox.keep": lambda db: inbox.keep(db, make.incoming(), NOW, language="vi", keep_address=True),
    "inbox.take": lambda db: inbox.take(db, LATER, 50),
    "inbox.take only": lambda db: inbox.take(db, LATER, 50, only=1),
    "inbox.next_alone": lambda db: inbox.next_alone(db, LATER, count=True),
    "inbox.opened_by": lambda db: inbox.opened_by(db, "post", "7"),
    "inbox.done": lambda db: inbox.done(db, [1, 301, 601]),
    "inbox.counts": inbox.counts,
    "inbox.parked": inbox.parked,
    "inbox.sweep": lambda db: inbox.sweep(db, LATER, 500),
    "outbox.put": lambda db: outbox.put(db, [make.reply(1, slot="menu")]),
    "outbox.claim": lambda db: outbox.claim(db, "post", LATER, 50, 1000),
    "outbox.overdue": lambda db: outbox.overdue(db, "post", LATER),
    "outbox.refused": outbox.refused,
    "outbox.give_up": lambda db: outbox.give_up(db, 1, "blocked", LATER),
    "inbox.overdue": lambda db: inbox.overdue(db, "post", NOW, LATER),
    "attachments.claim": lambda db: attachments.claim(db, "post", LATER, 2, 1000),
    "attachments.loading": lambda db: attachments.loading(db, 1),
    "attachments.sweep": lambda db: attachments.sweep(db, LATER, 500),
    "attachments.leaving": lambda db: attachments.leaving(db, 200),
    "attachments.known": lambda db: attachments.known(db, ["a", "b"]),
    "attachments.of_feedback": lambda db: attachments.of_feedback(db, 1),
    "staged.add": lambda db: staged.add(db, 1, "a", 1, NOW, most=1),
    "staged.send": lambda db: staged.send(db, 1, ["a", "b"]),
    "staged.release": lambda db: staged.release(db, "a"),
    "staged.held": staged.held,
    "staged.sweep": lambda db: staged.sweep(db, LATER, LATER, 500),
    "staged.leaving": lambda db: staged.leaving(db, 200),
    "staged.known": lambda db: staged.known(db, ["a", "b"]),
    "uploads.handle": lambda db: uploads.handle(db, "post", "a"),
    "outbox.give_back": lambda db: outbox.give_back(db, [2, 302], LATER),
    "outbox.record": lambda db: outbox.record(db, [Outcome(2, Status.sent)], LATER, 1000),
    "outbox.show": lambda db: outbox.show(db, 1, 0),
    "outbox.fetched": lambda db: outbox.fetched(db, 1, ROWS, LATER, 1000),
    "outbox.release_held": lambda db: outbox.release_held(db, [1, 2, 3]),
    "outbox.counts": outbox.counts,
    "outbox.sweep": lambda db: outbox.sweep(db, LATER, 500),
    "outbox.erase": lambda db: outbox.erase(db, 1),
    "outbox.empty": lambda db: outbox.empty(db, 1, "code1"),
    "submissions.awaited": lambda db: submissions.awaited(db, 1, "asked"),
    "submissions.by_code": lambda db: submissions.by_code(db, bytes(9)),
    "submissions.of_conversation": lambda db: submissions.of_conversation(db, 1, 8),
    "submissions.timeline": lambda db: submissions.timeline(db, 1, 8),
    "submissions.forget": lambda db: submissions.forget(db, 1),
    "submissions.sweep": lambda db: submissions.sweep(db, LATER, 500),
    "attachments.of_submission": lambda db: attachments.of_submission(db, 1),
    "consents.given": lambda db: consents.given(db, 1, consents.Purpose.handle, "1"),
    "lockouts.until": lambda db: lockouts.until(db, "a", NOW),
    "lockouts.sweep": lambda db: lockouts.sweep(db, LATER, 500),
    "timers.due": lambda db: timers.due(db, LATER),
    "timers.waits": lambda db: timers.waits(db, "1"),
    "limiter.reserve": lambda db: limiter.reserve(db, "post", 10, 30, NOW),
    "conversations.advance": lambda db: conversations.advance(db, [Change(1, "vi", b"1", LATER)]),
    "conversations.sweep": lambda db: conversations.sweep(db, LATER, 0, 500),
}
ALLOWED = {
    "outbox.sweep": {"outbox"},  # likewise
    "inbox.sweep": {"inbox"},  # in the order of the primary key, and no further than its limit
}


@pytest.mark.parametrize("name", HOT)
def test_a_hot_statement_uses_its_indexes(name: str, full: Database) -> None:
    plan = explained(full, HOT[name])
    assert plan
    assert bare(plan) == ALLOWED.get(name, set()), "\n".join(plan)


def test_a_bound_status_would_be_seen(full: Database) -> None:
    by_hand = "SELECT id FROM inbox WHERE status = ? AND due_at <= ?"
    assert bare(explained(full, lambda db: db.exec_driver_sql(by_hand, ("waiting", LATER)))) == {"inbox"}


def test_few_files_know_which_database_it_is() -> None:
    signs = re.compile(r"dialect\.name|sqlalchemy\.dialects")
    found = {
        str(file.relative_to(ROOT)): len(signs.findall(file.read_text(encoding="utf-8")))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if signs.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"storage/rows.py": 6}  # beside sqlite.py and postgresql.py, the databases themselves
