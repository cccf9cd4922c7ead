import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.normalise import heard, words
from content.search import RANK, Document, Index, Synonyms
from tests import make


def document(*questions: str, answer: str = "", aspect: str | None = None) -> Document:
    return Document(tuple(heard(q) for q in questions), tuple(words(answer)), aspect)


INDEX = Index(
    {
        "karaoke": document("hát karaoke mấy giờ bị cấm", "karaoke ồn phạt bao nhiêu", answer="loa kẹo kéo"),
        "litter": document("vứt rác bừa bãi phạt bao nhiêu", "đổ rác ra đường", answer="tàn thuốc lá"),
        "family": document("tiêu chí gia đình văn hóa là gì", "gia đình văn hóa gồm những gì"),
        "village": document("tiêu chí thôn văn hóa là gì", "làng văn hóa cần gì"),
        "dogs": document("chó thả rông phạt bao nhiêu", "chó cắn người", answer="bồi thường vứt rác"),
    },
    weights=make.the_catalog().mind.index.weights,
)


def first(text: str, index: Index = INDEX) -> str | None:
    hits = index.search(heard(text))
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
    first, second = index.search(heard("vứt rác"))
    assert (first.key, second.key) == ("a", "b") and first.score > second.score


@pytest.mark.parametrize("query", ["", "😀", "xyzzy qwrtp", "12345"])
def test_nothing_known_finds_nothing(query: str) -> None:
    assert INDEX.search(heard(query)) == []


def test_the_best_comes_first_and_only_so_many() -> None:
    hits = INDEX.search(heard("văn hóa phạt bao nhiêu"), limit=3)
    assert len(hits) == 3
    assert len({hit.key for hit in hits}) == 3


def test_an_own_question_is_surer_than_one_of_other_matters() -> None:
    own, other = (INDEX.search(heard(q))[0].sure for q in ("chó cắn người", "người ta bán gì"))
    assert own > 0.6 > 0.5 >= other


def test_a_word_that_stands_nowhere_makes_it_less_sure() -> None:
    with_it, without = (INDEX.search(heard(q))[0].sure for q in ("chó cắn bò", "chó cắn"))
    assert with_it < without


def test_numbers_are_not_repaired_into_other_numbers() -> None:
    index = Index({"law": document("nghị định 282525"), "else": document("nghị quyết")})
    assert [hit.key for hit in index.search(heard("282526"))] == []


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_equal_candidates_come_by_name_whatever_the_order_of_documents(order: str) -> None:
    equal = {"a": document("hai ba"), "b": document("hai bo")}
    assert [h.key for h in Index({key: equal[key] for key in order}).search(heard("hai"))] == ["a", "b"]


def test_an_empty_index_finds_nothing() -> None:
    assert Index({}).search(heard("gì")) == []


@given(st.lists(st.sampled_from(words("hát karaoke chó rác văn hóa gì phạt xyz thôn")), max_size=300))
def test_any_words_give_sound_hits(query: list[str]) -> None:
    hits = INDEX.search(heard(" ".join(query)))
    assert len(hits) <= 4
    assert all(0.0 <= hit.sure <= 1.0 for hit in hits)


def test_only_among_those_that_are_allowed() -> None:
    hits = INDEX.search(heard("vứt rác phạt bao nhiêu"), among=("dogs", "karaoke", "nosuch"))
    assert {hit.key for hit in hits} == {"dogs", "karaoke"}
    assert INDEX.search(heard("vứt rác"), among=()) == []


def test_the_aspect_that_is_asked_for_decides_between_equals() -> None:
    index = Index(
        {
            "fine": document("chó thả rông ngoài chợ", "mức phạt chó", aspect="fine"),
            "whom": document("chó thả rông ngoài chợ", "báo ai chó", aspect="whom"),
        }
    )
    assert first("chó thả rông thì báo cho ai", index) == "whom"
    assert first("chó thả rông bị phạt bao nhiêu", index) == "fine"


def test_accents_decide_between_what_folds_alike() -> None:
    index = Index({"a": document("tổ hòa giải ở thôn"), "b": document("tố hòa giải ở thôn")})
    assert first("tố hòa giải", index) == "b" and first("tổ hòa giải", index) == "a"


def test_a_synonym_finds_what_the_words_do_not() -> None:
    groups = [[words("nồi cơm điện"), words("mũ bảo hiểm")]]
    index = Index({"a": document("mũ bảo hiểm"), "b": document("cơm nguội")}, Synonyms(groups))
    (found, *_) = index.search(heard("quên nồi cơm điện"), why=True)
    assert found.key == "a" and found.why is not None and found.why.synonyms == ("mu bao hiem",)


def test_a_repaired_word_fits_its_neighbours() -> None:
    index = Index({"a": document("lễ hội cồng chiêng"), "b": document("hồi hương")})
    (found, *_) = index.search(heard("lễ hol công chiêng"), why=True)
    assert found.key == "a" and found.why is not None and found.why.repaired == ("hoi",)


def test_why_names_words_and_features() -> None:
    found = INDEX.search(heard("chó cắn người phạt bao nhiêu"), why=True)[0]
    assert found.why is not None
    assert "cho can" in found.why.words and set(found.why.features) == set(RANK)
    assert INDEX.search(heard("chó cắn"))[0].why is None


def test_what_stands_in_most_documents_only_re_scores() -> None:
    many = {f"{n:03}": document(f"phạt bao nhiêu tiền loại {n}") for n in range(100)}
    index = Index({**many, "dogs": document("chó cắn phạt bao nhiêu tiền")})
    assert first("phạt bao nhiêu tiền chó", index) == "dogs"
    assert len(index.search(heard("phạt bao nhiêu tiền"))) == 4
