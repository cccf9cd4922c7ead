from content.likeness import grouped

LIKE = ["nuôi lạc đà có được không", "cho hỏi nuôi lạc đà được không ạ", "nuoi lac da dc ko"]
OTHER = ["xem pháo hoa ở đâu", "bao giờ có lễ hội đua thuyền"]


def test_like_questions_stand_together_the_largest_group_first() -> None:
    texts = [OTHER[0], LIKE[0], OTHER[1], *LIKE[1:]]
    assert grouped(texts) == [[1, 3, 4], [0], [2]]


def test_nothing_makes_no_groups() -> None:
    assert grouped([]) == [] and grouped(["", "😀"]) == [[0], [1]]


def test_every_question_stands_in_one_group() -> None:
    texts = [f"câu hỏi số {n} về chuyện {n % 7}" for n in range(200)]
    assert sorted(place for group in grouped(texts) for place in group) == list(range(200))
