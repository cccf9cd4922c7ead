"""A person on a channel is met once, and can be forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from storage import conversations
from storage.conversations import Change
from storage.database import Database
from tests import make
from tests.make import NOW


@pytest.fixture
def do(database: Database) -> Callable[..., Any]:
    return lambda call, *args, **kwargs: database.submit(lambda db: call(db, *args, **kwargs)).result()


@pytest.fixture
def meet(do: Callable[..., Any]) -> Callable[..., int]:
    def met(who: str = "an", channel: str = "post", keep: bool = True) -> int:
        return int(do(conversations.meet, channel, who, "vi", NOW, keep_address=keep))

    return met


def test_an_address_is_met_once(meet: Callable[..., int]) -> None:
    assert meet() == meet()
    assert len({meet("an"), meet("binh"), meet("an", channel="webchat")}) == 3


def test_many_who_meet_one_person_at_once_meet_the_same(database: Database) -> None:
    def met() -> Any:
        return database.submit(lambda db: conversations.meet(db, "post", "an", "vi", NOW, keep_address=True))

    assert len({future.result() for future in [met() for _ in range(20)]}) == 1


def test_a_stranger_is_not_found(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    assert do(conversations.find, "post", "an") is None
    assert meet() == do(conversations.find, "post", "an")


def test_a_new_conversation_says_nothing_yet(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    met = do(make.person, meet())
    assert (met.channel, met.language, met.mark, met.seen_at) == ("post", "vi", None, NOW)


def test_an_address_is_kept_only_where_we_write(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    assert do(conversations.address, meet("an")) == "an"
    assert do(conversations.address, meet("binh", keep=False)) == ""


def test_a_batch_of_marks_is_written_at_once(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    an, binh, chi = meet("an"), meet("binh"), meet("chi")
    do(conversations.advance, [Change(an, "en", b"1", NOW + 1), Change(binh, "vi", None, NOW + 2)])
    found = [do(make.person, one) for one in (an, binh, chi)]
    assert [(c.language, c.mark, c.seen_at) for c in found] == [
        ("en", b"1", NOW + 1),
        ("vi", None, NOW + 2),
        ("vi", None, NOW),
    ]


def test_who_writes_can_be_reached(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    who = meet()
    do(lambda db: db.execute(conversations.conversations.update().values(reach="blocked")))
    do(conversations.advance, [Change(who, "vi", None, NOW)])
    assert do(lambda db: db.execute(select(conversations.conversations.c.reach)).scalar()) == "ok"


def test_a_new_address_finds_the_same_person(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    who = meet("old", keep=False)
    assert not do(conversations.readdress, who, "new", NOW + 1)  # too old
    assert do(conversations.readdress, who, "new", NOW)
    assert do(conversations.find, "post", "new") == who
    assert do(conversations.find, "post", "old") is None


def test_a_forgotten_person_is_a_stranger(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    who = meet()
    do(conversations.advance, [Change(who, "vi", b"draft", NOW)])
    do(conversations.forget, who, NOW + 1)
    assert do(conversations.find, "post", "an") is None
    assert (do(conversations.address, who), do(make.person, who).mark) == ("", None)
    assert meet() != who


def test_forgetting_everybody_twice_is_harmless(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    for who in (meet("an"), meet("binh")) * 2:
        do(conversations.forget, who, NOW)
    reaches = do(lambda db: db.execute(select(conversations.conversations.c.reach)).scalars().all())
    assert reaches == ["closed", "closed"]


def test_drafts_of_the_silent_are_emptied(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    silent, awake = meet("an"), meet("binh")
    do(conversations.advance, [Change(silent, "vi", b"1", NOW), Change(awake, "vi", b"2", NOW + 1)])
    assert do(conversations.sweep, NOW + 1, 0, 10) is None
    assert [do(make.person, who).mark for who in (silent, awake)] == [None, b"2"]


def test_a_sweep_goes_on_where_it_stopped(do: Callable[..., Any], meet: Callable[..., int]) -> None:
    people = [meet(f"{n}") for n in range(5)]
    do(conversations.advance, [Change(who, "vi", b"1", NOW) for who in people])
    assert do(conversations.sweep, NOW + 1, 0, 2) == people[1]
    assert [do(make.person, who).mark for who in people] == [None, None, b"1", b"1", b"1"]
    assert [do(conversations.sweep, NOW + 1, people[n], 2) for n in (1, 3)] == [people[3], None]
    assert {do(make.person, who).mark for who in people} == {None}
