from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from bot.workers.clock import Clock
from handlers import clock as acts
from storage import timers
from storage.database import Database
from tests import make

rung: list[dict[str, int | str]] = []


@pytest.fixture
def now() -> Iterator[list[int]]:
    rung.clear()
    acts.ACTS["note"] = lambda db, arguments, now, catalog: rung.append(arguments)
    acts.ACTS["fail"] = fail
    acts.ACTS["again"] = lambda db, arguments, now, catalog: timers.set(db, "again", "again", now + 1000)
    yield [make.NOW]
    for name in ("note", "fail", "again"):
        del acts.ACTS[name]


def fail(db: Connection, arguments: dict[str, int | str], now: int, catalog: object) -> None:
    raise ZeroDivisionError


async def test_it_rings_once_when_due(database: Database, now: list[int]) -> None:
    clock = Clock(database, make.the_catalog, lambda: now[0])
    await database.write(timers.set, "a", "note", make.NOW + 1, person=7)
    assert not await clock.step()
    now[0] += 1
    assert await clock.step() and not await clock.step()
    assert rung == [{"person": 7}]


async def test_an_act_that_sets_its_own_timer_rings_again(database: Database, now: list[int]) -> None:
    clock = Clock(database, make.the_catalog, lambda: now[0])
    await database.write(timers.set, "again", "again", make.NOW)
    assert await clock.step() and not await clock.step()
    now[0] += 1000
    assert await clock.step()


async def test_an_act_that_raises_is_tried_again_later_and_parked_in_the_end(
    database: Database, now: list[int]
) -> None:
    clock = Clock(database, make.the_catalog, lambda: now[0])
    await database.write(timers.set, "a", "fail", make.NOW)
    for _ in range(8):
        with pytest.raises(ZeroDivisionError):
            await clock.step()
        await clock.failed(ZeroDivisionError())
        assert not await clock.step()
        now[0] += 200_000
    assert await database.read(timers.counts) == {"parked": 1}
