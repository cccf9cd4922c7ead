from hypothesis import given
from hypothesis import strategies as st

from content.understand import LONGEST
from tests import make


def test_a_question_brings_its_words_its_form_and_the_entry() -> None:
    heard = make.the_catalog().understand("Hàng xóm mở loa to thì báo ai?")
    assert heard.intent == "ask" and heard.question
    assert heard.words[:4] == ("hang", "xom", "mo", "loa")
    assert heard.hits[0].key == "hang-xom-mo-loa-bao-ai" and heard.sure == heard.hits[0].sure > 0.9


def test_without_words_there_is_nothing_to_be_sure_of() -> None:
    heard = make.the_catalog().understand("😀")
    assert (heard.intent, heard.hits, heard.sure, heard.words) == ("other", (), 0.0, ())


def test_a_question_mark_alone_makes_a_question_of_unaccented_words() -> None:
    assert make.the_catalog().understand("phan loai rac?").question
    assert not make.the_catalog().understand("phan loai rac").question


def test_a_short_form_makes_a_question_too() -> None:
    assert make.the_catalog().understand("gop y j").question  # j is "gì"


def test_with_and_without_accents_is_the_same_question() -> None:
    with_, without = (
        make.the_catalog().understand(t) for t in ("Vứt rác bừa bãi phạt bao nhiêu", "vut rac bua bai phat bao nhieu")
    )  # fmt: skip
    assert with_ == without


def test_what_lies_beyond_the_reading_length_is_not_read() -> None:
    story = "a b " * (LONGEST // 4)
    assert make.the_catalog().understand(story + "vứt rác") == make.the_catalog().understand(story)


def test_danger_within_the_reading_length_of_a_long_story_is_heard() -> None:
    story = "năm nay tôi bảy mươi tuổi " * 60
    assert make.the_catalog().understand(story + "con tôi đang chìm dưới sông").intent == "emergency"


@given(st.text())
def test_any_text_at_all_is_understood_somehow(text: str) -> None:
    heard = make.the_catalog().understand(text)
    assert heard.intent and 0.0 <= heard.sure <= 1.0


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["M", "C", "Z", "S"])))
def test_the_strangest_characters_are_understood_somehow(text: str) -> None:
    assert make.the_catalog().understand(text * 5).intent
