from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from content.understand import Heard
from handlers.flow import Draft, Flow, Mark, Step
from handlers.turn import PROVINCE_TIME, Answer, Turn
from storage.conversations import Conversation
from storage.shapes import Choice
from tests import make


def turn(text: str = "", choice: str | None = None, intent: str = "ask") -> Turn:
    return Turn(
        db=None,  # type: ignore[arg-type]
        now=datetime(2026, 11, 25, 8, tzinfo=PROVINCE_TIME),
        id=1,
        person=Conversation(1, "webchat", "vi", None, 0),
        heard=Heard("other", command=intent),
        catalog=make.the_catalog(),
        say=lambda key, **values: key,
        text=text,
        choice=choice,
    )


class Trip(Draft, frozen=True, kw_only=True, omit_defaults=True):
    where: str | UnsetType = UNSET
    bus: str | UnsetType = UNSET
    note: str | UnsetType | None = UNSET
    sure: str | UnsetType = UNSET


def step(name: str, **fields: Any) -> Step[Trip]:
    def take(turn: Turn, draft: Trip) -> Trip | Answer:
        if turn.text == "?":
            return Answer((f"{name}: what?",), (Choice("hint", "Hint"),))
        if turn.text == "later":
            return replace(draft, note="said in passing")
        return replace(draft, **{name: turn.text or turn.choice})

    return Step(name, lambda turn, draft: Answer((f"{name}?",)), take, **fields)


FLOW = Flow(
    "trip",
    3,
    Trip,
    steps=(
        step("where"),
        step("bus", when=lambda draft: draft.where == "far"),
        step("note", optional=True),
        step("sure"),
    ),
    begins=lambda turn: None,
    finish=lambda turn, draft: Answer((f"off to {draft.where}",)),
    upgrades={
        1: lambda raw: {**raw, "where": raw.pop("place")},
        2: lambda raw: {**raw, "where": raw["where"].lower()},
    },
)


def say(mark: Mark[Trip], *messages: Turn) -> tuple[str, Mark[Trip] | None]:
    """The last answer, and where that leads."""
    answer = FLOW.proceed(turn(), mark)[0]
    there: Mark[Trip] | None = mark
    for message in messages:
        assert there is not None
        answer, there = FLOW.advance(message, there)
    return answer.texts[0], there


@pytest.mark.parametrize(
    ("draft", "name"),
    [
        (Trip(), "where"),
        (Trip(where="near"), "note"),  # no bus to a near place
        (Trip(where="far"), "bus"),
        (Trip(where="far", bus="7"), "note"),
        (Trip(where="near", note=None), "sure"),  # skipped is answered
        (Trip(where="near", sure="yes"), "note"),  # whatever the order of answers
        (Trip(bus="7", note="x", sure="yes"), "where"),
    ],
)
def test_the_next_question_is_the_first_unanswered_one(draft: Trip, name: str) -> None:
    opened = FLOW.open(draft)
    assert opened and opened.name == name


def test_with_everything_said_nothing_is_open() -> None:
    assert FLOW.open(Trip(where="near", note=None, sure="yes")) is None


def test_from_the_first_question_to_the_end() -> None:
    said, mark = say(Mark(Trip()), turn("far"), turn("7"), turn("warm"))
    assert said == "sure?" and mark == Mark(Trip(where="far", bus="7", note="warm"), ("where", "bus", "note"))
    assert say(mark, turn("yes")) == ("off to far", None)


@pytest.mark.parametrize("message", [turn(choice="skip"), turn("bỏ qua", intent="skip")])
def test_an_optional_step_is_skipped_by_button_or_word(message: Turn) -> None:
    said, mark = say(Mark(Trip(where="near")), message)
    assert said == "sure?" and mark and mark.draft.note is None and mark.trail == ("note",)


def test_a_step_that_must_be_answered_is_not_skipped() -> None:
    _, mark = say(Mark(Trip()), turn(choice="skip"))
    assert mark and mark.draft.where == "skip"  # taken for an answer like any other


def test_what_is_not_understood_leaves_the_question_open_and_the_draft_as_it_was() -> None:
    before = Mark(Trip(where="near"), ("where",))
    assert say(before, turn("?")) == ("note: what?", before)


def test_an_answer_to_another_question_opens_the_same_one_again() -> None:
    said, mark = say(Mark(Trip()), turn("later"))
    assert said == "where?" and mark == Mark(Trip(note="said in passing"))


def test_back_reopens_only_the_last_answer() -> None:
    mark = FLOW.reopen(Mark(Trip(where="far", bus="7"), ("where", "bus")), "bus")
    assert mark == Mark(Trip(where="far"), ("where",), Trip(where="far", bus="7"))


def test_an_edit_keeps_everything_else_and_comes_back_to_where_it_was() -> None:
    before = Mark(Trip(where="far", bus="7", note="warm"), ("where", "bus", "note"))
    said, mark = say(before, turn(choice="edit.bus"))
    assert said == "bus?"
    assert say(mark or before, turn("8")) == (
        "sure?",
        Mark(Trip(where="far", bus="8", note="warm"), ("where", "note", "bus")),
    )


def test_an_edit_that_makes_a_question_needless_does_not_ask_it() -> None:
    said, mark = say(Mark(Trip(where="far", bus="7", note=None)), turn(choice="edit.where"), turn("near"))
    assert said == "sure?" and mark


@pytest.mark.parametrize("name", ["", "nothing", "__class__", "where.x"])
def test_an_edit_of_nothing_we_know_changes_nothing(name: str) -> None:
    before = Mark(Trip(where="near"), ("where",))
    assert say(before, turn(choice=f"edit.{name}")) == ("note?", before)


def test_a_draft_that_a_release_made_complete_finishes_with_the_next_message() -> None:
    assert say(Mark(Trip(where="near", note=None, sure="yes")), turn("hm")) == ("off to near", None)


def test_a_stored_draft_comes_back_as_it_was() -> None:
    draft = Trip(where="far", note=None)
    assert FLOW.load(3, msgspec.json.decode(msgspec.json.encode(draft))) == draft


@pytest.mark.parametrize(
    ("version", "raw", "draft"),
    [
        (1, {"place": "FAR"}, Trip(where="far")),
        (2, {"where": "Far", "bus": "7"}, Trip(where="far", bus="7")),
        (3, {"where": "Far"}, Trip(where="Far")),
        (3, {"where": "far", "seat": "12A"}, Trip(where="far")),  # a dropped field
        (3, {}, Trip()),  # new fields are asked
        (4, {"where": "far"}, Trip(where="far")),  # written by a newer release that was taken back
    ],
)
def test_an_old_draft_is_brought_into_todays_shape(version: int, raw: dict[str, Any], draft: Trip) -> None:
    assert FLOW.load(version, raw) == draft


@pytest.mark.parametrize(("version", "raw"), [(3, {"where": 7}), (0, {"place": "far"})])
def test_a_draft_that_cannot_be_read_says_so_in_the_way_the_router_expects(
    version: int, raw: dict[str, Any]
) -> None:
    with pytest.raises((msgspec.DecodeError, KeyError)):
        FLOW.load(version, raw)


def test_a_step_is_found_by_name_open_or_not() -> None:
    assert FLOW.step("bus") is FLOW.steps[1] and FLOW.step("") is None
