import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.normalise import words
from content.search import Document, Index


def document(*questions: str, answer: str = "") -> Document:
    return Document(tuple(tuple(words(q)) for q in questions), tuple(words(answer)))


INDEX = Index(
    {
        "karaoke": document("hát karaoke mấy giờ bị cấm", "karaoke ồn phạt bao nhiêu", answer="loa kẹo kéo"),
        "litter": document("vứt rác bừa bãi phạt bao nhiêu", "đổ rác ra đường", answer="tàn thuốc lá"),
        "family": document("tiêu chí gia đình văn hóa là gì", "gia đình văn hóa gồm những gì"),
        "village": document("tiêu chí thôn văn hóa là gì", "làng văn hóa cần gì"),
        "dogs": document("chó thả rông phạt bao nhiêu", "chó cắn người", answer="bồi thường vứt rác"),
    }
)


def first(text: str, index: Index = INDEX) -> str | None:
    hits = index.search(words(text))
    return hits[0].key if hits else None


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("hát karaoke mấy giờ bị cấm", "karaoke"),
        ("karaoke mấy giờ", "karaoke"),
        ("hat karaoke toi may gio", "karaoke"),
        ("vut rac phat nhieu", "litter"),
        ("chó cắn", "dogs"),
        ("gia dinh van hoa", "family"),
        ("thon van hoa", "village"),
        ("làng văn hóa", "village"),
        ("karaokee on", "karaoke"),  # a letter too much
        ("karoke", "karaoke"),  # a letter too few
        ("kẹo kéo", "karaoke"),  # only its answer says so
    ],
)
def test_it_finds(query: str, key: str) -> None:
    assert first(query) == key


def test_pairs_of_syllables_tell_apart_what_single_ones_do_not() -> None:
    index = Index({"a": document("đánh bạc cờ vua"), "b": document("bạc cờ đánh vua")})
    assert first("cờ đánh", index) == "b" and first("bạc cờ vua đánh bạc", index) == "a"


def test_a_word_in_a_question_counts_more_than_one_in_an_answer() -> None:
    index = Index({"a": document("vứt rác", answer="xa lạ"), "b": document("xa lạ", answer="vứt rác")})
    first, second = index.search(words("vứt rác"))
    assert (first.key, second.key) == ("a", "b") and first.score > 2 * second.score


@pytest.mark.parametrize("query", ["", "😀", "xyzzy qwrtp", "12345"])
def test_nothing_known_finds_nothing(query: str) -> None:
    assert INDEX.search(words(query)) == []


def test_the_best_comes_first_and_only_so_many() -> None:
    hits = INDEX.search(words("văn hóa phạt bao nhiêu"), limit=3)
    assert len(hits) == 3
    assert len({hit.key for hit in hits}) == 3


def test_an_own_question_is_surer_than_one_of_other_matters() -> None:
    own, other = (INDEX.search(words(q))[0].sure for q in ("chó cắn người", "người ta bán gì"))
    assert own > 0.8 > 0.3 > other


def test_a_word_that_stands_nowhere_makes_it_less_sure() -> None:
    with_it, without = (INDEX.search(words(q))[0].sure for q in ("chó cắn bò", "chó cắn"))
    assert with_it < without


def test_numbers_are_not_repaired_into_other_numbers() -> None:
    index = Index({"law": document("nghị định 282525"), "else": document("nghị quyết")})
    assert [hit.key for hit in index.search(["282526"])] == []


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_equal_candidates_come_by_name_whatever_the_order_of_documents(order: str) -> None:
    equal = {"a": document("hai ba"), "b": document("hai bo")}
    assert [h.key for h in Index({key: equal[key] for key in order}).search(["hai"])] == ["a", "b"]


def test_an_empty_index_finds_nothing() -> None:
    assert Index({}).search(["gì"]) == []


@given(st.lists(st.sampled_from(words("hát karaoke chó rác văn hóa gì phạt xyz thôn")), max_size=300))
def test_any_words_give_sound_hits(query: list[str]) -> None:
    hits = INDEX.search(query)
    assert len(hits) <= 4
    assert all(0.0 <= hit.sure <= 1.0 and hit.score > 0 for hit in hits)
