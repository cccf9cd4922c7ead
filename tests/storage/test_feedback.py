"""What people think of the service is kept for whoever runs it."""

from collections.abc import Callable
from typing import Any

import pytest

from storage import conversations, feedback
from storage.database import Database
from storage.feedback import Feedback
from tests.make import NOW


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


@pytest.fixture
def people(do: Callable[..., Any]) -> list[int]:
    return [do(conversations.meet, "post", who, "vi", NOW, keep_address=True) for who in ("an", "binh")]


def test_feedback_is_read_as_it_was_told(do: Callable[..., Any], people: list[int]) -> None:
    told = Feedback("chậm quá", contact="0905 000 000")
    do(feedback.tell, people[0], told, NOW)
    assert [(at, found) for _, at, found in do(feedback.newest, 10)] == [(NOW, told)]


def test_the_newest_comes_first(do: Callable[..., Any], people: list[int]) -> None:
    for n in range(4):
        do(feedback.tell, people[0], Feedback(f"{n}"), NOW + n)
    assert [found.what for _, _, found in do(feedback.newest, 3)] == ["3", "2", "1"]


def test_only_its_authors_feedback_is_erased(do: Callable[..., Any], people: list[int]) -> None:
    for who in people:
        do(feedback.tell, who, Feedback(f"{who}"), NOW)
    do(feedback.erase, people[0])
    assert [found.what for _, _, found in do(feedback.newest, 10)] == [f"{people[1]}"]
