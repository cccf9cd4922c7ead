"""Texts as Telegram takes them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.writing import LONGEST, keyboard, parts, units
from storage.shapes import Choice


def test_a_short_text_is_one() -> None:
    assert parts("chào") == ["chào"]


def test_cut_between_sentences() -> None:
    text = ("Một câu vừa phải. " * 400).strip()
    cut = parts(text)
    assert len(cut) == 2 and all(part.endswith(".") and units(part) <= LONGEST for part in cut)
    assert "".join(cut).replace(" ", "") == text.replace(" ", "")


def test_never_inside_a_grapheme() -> None:
    family, accent = "👨‍👩‍👧‍👦", "ệ"
    for grapheme in (family, accent, "🇻🇳", "👍🏽", "❤️"):
        for shift in range(units(grapheme)):
            cut = parts("x" * (LONGEST - shift) + grapheme * 3)
            assert all(units(part) <= LONGEST for part in cut)
            assert "".join(cut).endswith(grapheme * 3)
            assert cut[-1].replace(grapheme, "").strip("x") == ""


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.integers(20, 60))
def test_nothing_is_lost_but_space(text: str, longest: int) -> None:
    cut = parts(text, longest)
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(units(part) <= longest for part in cut)


def test_buttons() -> None:
    made = keyboard([Choice("do/menu", "Menu"), Choice("f.1/s/send", "Gửi"), Choice("do/ask.x", "d" * 70)])
    assert made is not None
    first, second = made.inline_keyboard
    assert [b.callback_data for b in first] == ["do/menu", "f.1/s/send"]
    assert first[1].style == "success" and first[0].style is None
    assert len(second[0].text) == 60
    assert keyboard([]) is None
