"""The clock's inbox: set, due, rung."""

from collections.abc import Callable
from typing import Any

import pytest

from storage import timers
from storage.database import Database
from tests.make import NOW


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


def test_a_timer_is_due_from_its_time_on(do: Callable[..., Any]) -> None:
    do(timers.set, "sweep", "sweep", NOW, days=30, table="inbox")
    assert do(timers.due, NOW - 1) is None
    ringing = do(timers.due, NOW)
    assert (ringing.act, ringing.arguments) == ("sweep", {"days": 30, "table": "inbox"})
    assert (ringing.due_at, ringing.tries) == (NOW, 0)


def test_what_is_due_longest_rings_first(do: Callable[..., Any]) -> None:
    for key, due_at in (("late", NOW + 2), ("early", NOW), ("same", NOW)):
        do(timers.set, key, key, due_at)
    rung = []
    while ringing := do(timers.due, NOW + 5):
        rung.append(ringing.act)
        do(timers.rung, ringing.id)
    assert rung == ["early", "same", "late"]


def test_setting_a_timer_twice_is_setting_it_once(do: Callable[..., Any]) -> None:
    do(timers.set, "remind", "remind", NOW, n=1)
    do(timers.set, "remind", "remind", NOW + 5, n=2)
    assert do(timers.due, NOW) is None
    assert do(timers.due, NOW + 5).arguments == {"n": 2}
    assert do(timers.counts) == {"waiting": 1}


def test_a_rung_timer_may_be_set_again(do: Callable[..., Any]) -> None:
    do(timers.set, "daily", "digest", NOW)
    do(timers.rung, do(timers.due, NOW).id)
    assert (do(timers.waits, "daily"), do(timers.due, NOW), do(timers.counts)) == (False, None, {})
    do(timers.set, "daily", "digest", NOW + 1)
    assert do(timers.waits, "daily")
    assert do(timers.due, NOW + 1).act == "digest"


def test_a_failed_act_is_tried_again_later(do: Callable[..., Any]) -> None:
    do(timers.set, "digest", "digest", NOW)
    do(timers.failed, do(timers.due, NOW).id, "KeyError", NOW + 10)
    assert do(timers.due, NOW + 9) is None
    assert do(timers.due, NOW + 10).tries == 1


def test_an_act_that_keeps_failing_is_parked(do: Callable[..., Any]) -> None:
    do(timers.set, "digest", "digest", NOW)
    do(timers.failed, do(timers.due, NOW).id, "KeyError", None)
    assert do(timers.due, NOW + 10**9) is None
    assert do(timers.counts) == {"parked": 1}
    do(timers.set, "digest", "digest", NOW)
    assert do(timers.due, NOW).tries == 0


def test_a_timer_that_rings_elsewhere_is_passed_by(postgres_url: str, request: pytest.FixtureRequest) -> None:
    from storage.opening import open_database
    from tests import make

    database = open_database(postgres_url, make.ring())
    database.open()
    request.addfinalizer(database.close)
    database.submit(lambda db: timers.set(db, "one", "one", NOW)).result()
    database.submit(lambda db: timers.set(db, "two", "two", NOW)).result()

    def both(db: Any) -> list[str]:
        return [timers.due(db, NOW).act, database.submit(lambda db: timers.due(db, NOW)).result().act]

    assert database.submit(both).result() == ["one", "two"]
