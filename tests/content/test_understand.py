import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.understand import LONGEST
from tests import make


def test_a_question_brings_its_words_its_form_and_the_entry() -> None:
    heard = make.the_catalog().understand("Hàng xóm mở loa to thì báo ai?")
    assert heard.intent == "ask" and heard.question
    assert heard.words[:4] == ("hang", "xom", "mo", "loa")
    assert heard.hits[0].key == "hang-xom-mo-loa-bao-ai" and heard.sure == heard.hits[0].sure > 0.75


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
    assert with_.words == without.words and with_.hits[0].key == without.hits[0].key == "vut-rac-muc-phat"


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


FURTHER = [
    ("karaoke-loa-keo-gay-on", "thế báo ai?", "hang-xom-mo-loa-bao-ai"),
    ("karaoke-loa-keo-gay-on", "vay goi ai", "hang-xom-mo-loa-bao-ai"),
    ("gia-dinh-van-hoa-tieu-chi", "còn ai quyết định?", "gia-dinh-van-hoa-ai-quyet-dinh"),
    ("gia-dinh-van-hoa-tieu-chi", "thế bao giờ xét?", "gia-dinh-van-hoa-thoi-gian"),
    ("hang-xom-mo-loa-bao-ai", "còn mức phạt thì sao?", "muc-phat-tieng-on"),
]


@pytest.mark.parametrize(("about", "text", "key"), FURTHER)
def test_a_short_question_asks_on_about_what_was_told(about: str, text: str, key: str) -> None:
    heard = make.the_catalog().understand(text, about)
    assert heard.hits[0].key == key and heard.sure >= 0.7


def test_a_new_subject_is_no_further_question() -> None:
    heard = make.the_catalog().understand("không đội mũ bảo hiểm phạt bao nhiêu", "gia-dinh-van-hoa-tieu-chi")
    assert not heard.further and heard.hits[0].key == "mu-bao-hiem"


def test_an_entry_that_is_gone_leads_nowhere() -> None:
    assert not make.the_catalog().understand("thế báo ai?", "nosuch").further


def test_what_must_go_by_law_is_heard_behind_a_word_of_command() -> None:
    heard = make.the_catalog().understand("góp ý cho Nếp Sống: tôi muốn tố cáo chủ tịch xã nhận hối lộ")
    assert heard.command == "feedback" and heard.legal == "legal_denunciation"


def test_why_stands_with_every_candidate() -> None:
    heard = make.the_catalog().understand("vứt rác phạt bao nhiêu", why=True)
    assert all(hit.why is not None and hit.why.words for hit in heard.hits)
