"""Nobody is spoken to faster than allowed, whoever asks and whenever."""

from collections.abc import Callable
from itertools import accumulate
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import limiter
from storage.database import Database
from storage.limiter import AHEAD_MS
from tests import make
from tests.make import NOW


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


@pytest.fixture
def reserve(do: Callable[..., Any]) -> Callable[..., tuple[int, int]]:
    def reserved(wanted: int, now: int, per_second: float = 200 / 3, name: str = "post") -> tuple[int, int]:
        granted, at = do(limiter.reserve, name, wanted, per_second, now)
        return granted, at - NOW

    return reserved


def test_what_is_allowed_ahead_is_granted_at_once_and_no_more(reserve: Callable[..., Any]) -> None:
    assert reserve(100, NOW) == (5, 0)
    assert reserve(100, NOW) == (0, 75)


def test_the_pace_is_even_afterwards(reserve: Callable[..., Any]) -> None:
    reserve(100, NOW)
    assert [reserve(100, NOW + ms)[0] for ms in (14, 15, 29, 30, 60)] == [0, 1, 0, 1, 2]


def test_only_what_is_wanted_is_reserved(reserve: Callable[..., Any]) -> None:
    assert [reserve(2, NOW) for _ in range(4)] == [(2, 0), (2, 30), (1, 60), (0, 75)]


def test_silence_is_not_saved_up(reserve: Callable[..., Any]) -> None:
    reserve(1, NOW)
    assert reserve(100, NOW + 3_600_000)[0] == 5


def test_names_do_not_share_a_pace(reserve: Callable[..., Any]) -> None:
    assert [reserve(9, NOW, name=name)[0] for name in ("post", "other")] == [5, 5]


def test_a_slow_pace_lets_something_pass(reserve: Callable[..., Any]) -> None:
    for per_second in (0.5, 1, 3, 4):
        name = f"chat/{per_second}"
        assert reserve(100, NOW, per_second, name) == (1, 0)
        granted, again = reserve(100, NOW, per_second, name)
        assert (granted, again) == (0, ceil(1000 / per_second))
        assert reserve(100, NOW + again, per_second, name)[0] == 1


def test_after_a_push_nothing_passes_before_its_end(
    do: Callable[..., Any], reserve: Callable[..., Any]
) -> None:
    do(limiter.push, "post", NOW + 3_000)
    assert reserve(100, NOW) == (0, 3_000)
    assert reserve(100, NOW + 2_700) == (0, 3_000)
    assert reserve(100, NOW + 3_000)[0] == 5


def test_a_push_never_shortens_the_wait(do: Callable[..., Any], reserve: Callable[..., Any]) -> None:
    do(limiter.push, "post", NOW + 3_000)
    do(limiter.push, "post", NOW + 1_000)
    assert reserve(1, NOW + 2_000) == (0, 3_000)


def test_all_who_ask_at_once_share_one_pace(database: Database) -> None:
    asked = [database.submit(lambda db: limiter.reserve(db, "post", 2, 100, NOW)) for _ in range(40)]
    assert sum(future.result()[0] for future in asked) == 100 * AHEAD_MS // 1000


steps = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), min_size=1, max_size=30)


@settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps, per_second=st.sampled_from([1, 4, 5, 20, 30, 100, 300]))
def test_no_window_holds_more_than_the_pace_and_a_quarter_second(
    database: Database, steps: list[tuple[int, int]], per_second: int
) -> None:
    name = make.key()
    times = list(accumulate((wait for wait, _ in steps), initial=NOW))[1:]

    def ask(db: Any) -> list[int]:
        return [
            limiter.reserve(db, name, wanted, per_second, now)[0]
            for now, (_, wanted) in zip(times, steps, strict=True)
        ]

    granted = database.submit(ask).result()
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            allowed = max(
                1 + per_second * (times[last] - start) / 1000,
                per_second * (times[last] - start + AHEAD_MS) / 1000,
            )
            assert sum(granted[first : last + 1]) <= allowed * 1.001  # whole microseconds


@settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps, per_second=st.sampled_from([1, 4, 30, 300]))
def test_who_asks_again_when_told_is_let_pass(
    database: Database, steps: list[tuple[int, int]], per_second: int
) -> None:
    name = make.key()

    def ask(db: Any) -> None:
        now = NOW
        for wait, wanted in steps:
            now += wait
            granted, again = limiter.reserve(db, name, wanted, per_second, now)
            if not granted:
                assert again > now
                now = again
                assert limiter.reserve(db, name, 1, per_second, now)[0] == 1

    database.submit(ask).result()
