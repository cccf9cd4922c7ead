from datetime import datetime

import pytest
from msgspec import UNSET, UnsetType

from content.understand import Heard
from handlers import steps
from handlers.citizens import feedback
from handlers.flow import Draft
from handlers.turn import PROVINCE_TIME, Answer, Turn
from storage.conversations import Conversation
from storage.shapes import Choice
from tests import make


class Told(Draft, frozen=True, kw_only=True, omit_defaults=True):
    what: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET


def turn(text: str = "", choice: str | None = None) -> Turn:
    catalog = make.the_catalog()
    return Turn(
        db=None,  # type: ignore[arg-type]
        now=datetime(2026, 11, 25, 8, tzinfo=PROVINCE_TIME),
        id=1,
        person=Conversation(1, "webchat", "vi", None, 0),
        heard=catalog.understand(text) if choice is None else Heard("press"),
        catalog=catalog,
        say=lambda key, **values: " ".join([key, *(f"{k}={v}" for k, v in values.items())]),
        text=text,
        choice=choice,
    )


def colours(turn: Turn, draft: Told) -> list[Choice]:
    return [Choice("red", "Đỏ"), Choice("blue", "Xanh")]


WHAT: steps.Step[Told] = steps.words("what", longest=10, say="w")
COLOUR: steps.Step[Told] = steps.choose(
    "colour", colours, say="c", other=lambda turn: turn.text if turn.text.startswith("#") else None
)


def test_words_are_asked_for_and_taken_as_they_are() -> None:
    assert WHAT.ask(turn(), Told()) == Answer(("w.ask",))
    assert WHAT.take(turn("  Đẹp lắm!\n"), Told(colour="red")) == Told(what="Đẹp lắm!", colour="red")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "words.empty"), (" \n", "words.empty"), ("😀😀", "words.empty"), ("…", "words.empty"), ("x" * 11, "words.long count=11 longest=10")],
)  # fmt: skip
def test_no_words_or_too_many_are_told_kindly(text: str, said: str) -> None:
    assert WHAT.take(turn(text), Told()) == Answer((said,))


def test_the_longest_words_allowed_are_taken() -> None:
    assert WHAT.take(turn("x" * 10), Told()) == Told(what="x" * 10)


def test_a_strange_button_is_no_words() -> None:
    assert WHAT.take(turn(choice="red"), Told()) == Answer(("words.empty",))


def test_a_choice_is_shown_and_taken() -> None:
    assert COLOUR.ask(turn(), Told()) == Answer(("c.ask",), tuple(colours(turn(), Told())))
    assert COLOUR.take(turn(choice="blue"), Told()) == Told(colour="blue")


@pytest.mark.parametrize("message", [turn(choice="green"), turn(choice=""), turn("Tím"), turn("red")])
def test_what_is_none_of_the_choices_shows_them_again(message: Turn) -> None:
    assert COLOUR.take(message, Told()) == Answer(("c.again",), tuple(colours(turn(), Told())))


def test_typed_words_may_be_another_way_to_answer() -> None:
    assert COLOUR.take(turn("#ff0000"), Told()) == Told(colour="#ff0000")


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("0905123456", "0905123456"),
        ("goi so 0905 123 456 nhe", "0905 123 456"),
        ("0905.123.456", "0905.123.456"),
        ("+84 905 123 456", "+84 905 123 456"),
        ("(0255) 3822 123", "(0255) 3822 123"),
        ("zalo 0905-123-456", "0905-123-456"),
        ("a.b+c@thu.gov.vn nha", "a.b+c@thu.gov.vn"),
        ("0905", None),
        ("phạt 200 nghìn", None),
        ("NĐ 144/2021", None),
        ("@", None),
    ],
)
def test_a_number_or_an_address_is_found_in_words(text: str, contact: str | None) -> None:
    assert feedback.reachable(turn(text)) == contact
