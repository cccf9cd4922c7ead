"""Questions without an answer: counted, sealed, swept. On both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from storage import unanswered
from storage.database import Database
from tests.make import NOW

Do = Callable[..., Any]


@pytest.fixture
def do(database: Database) -> Do:
    return lambda call, *args: database.submit(lambda db: call(db, *args)).result()


def note(do: Do, text: str, now: int, words: str | None = None) -> None:
    do(unanswered.note, text, words or text, "vi", now)


def test_the_same_words_count_once_more(do: Do) -> None:
    note(do, "nuôi lạc đà", NOW, "da lac nuoi")
    note(do, "lạc đà nuôi", NOW + 5, "da lac nuoi")
    note(do, "nuôi voi", NOW + 9)
    told = [(q.text, q.times, q.first_at, q.last_at) for q in do(unanswered.newest, 9)]
    assert told == [("nuôi voi", 1, NOW + 9, NOW + 9), ("nuôi lạc đà", 2, NOW, NOW + 5)]


def test_only_so_many_are_read(do: Do) -> None:
    for n in range(5):
        note(do, f"câu {n}", NOW + n)
    assert [q.text for q in do(unanswered.newest, 2)] == ["câu 4", "câu 3"]


def test_what_nobody_asks_any_more_is_swept(do: Do) -> None:
    note(do, "cũ", NOW)
    note(do, "mới", NOW + 9)
    assert do(unanswered.sweep, NOW + 9, 10) == 1
    assert [q.text for q in do(unanswered.newest, 9)] == ["mới"]


def test_its_words_stand_nowhere_readable(do: Do, database: Database) -> None:
    note(do, "lạc đà hai bướu", NOW)

    def raw(db: Any) -> str:
        return repr(db.exec_driver_sql("SELECT likeness, question FROM unanswered").all())

    assert "bướu" not in database.ask(raw).result() and "b\\xc6" not in database.ask(raw).result()
