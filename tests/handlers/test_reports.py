"""A report, from the first word to the judged result, on both databases."""

import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from handlers import tracking
from handlers.cases import NotAllowed
from handlers.clock import ACTS
from handlers.router import router
from handlers.staff import submissions as staff
from storage import attachments, consents, conversations, inbox, lockouts, outbox, submissions, timers
from storage.database import Database
from storage.shapes import Kind, Pin, Said, Source
from storage.submissions import Submission, Told
from tests import make
from tests.handlers.talk import Talk

DAY = 86_400_000
CONSENT, SUMMARY, RECEIPT = "Trước khi ghi lại", "xem lại trước khi gửi", "Mã tra cứu:"
STORY = "tối qua nhà ông Nam thôn 3 xã Đăk Ui hát karaoke tới 1 giờ sáng, số 0905 123 456"


@pytest.fixture
def talk(database: Database) -> Talk:
    return Talk(database)


def code_in(text: str) -> str:
    found = re.search(r"NS-\w{3}-\w{3}-\w{4}", text)
    assert found
    return found.group()


def filed(talk: Talk) -> list[Submission]:
    return talk.database.ask(lambda db: submissions.newest(db, 99)).result()


def told(talk: Talk, id: int) -> Told | None:
    return talk.database.ask(lambda db: submissions.told(db, id)).result()


def act(talk: Talk, call: Callable[..., Submission], *arguments: object, **named: object) -> Submission:
    def done(db: object) -> Submission:
        return call(db, make.the_catalog(), *arguments, talk.now, **named)

    return talk.database.submit(done).result()  # type: ignore[arg-type]


def written(talk: Talk) -> str:
    """What was written to the person outside of answers, the newest last."""
    rows = talk.database.ask(lambda db: outbox.show(db, talk.id, 0)).result()
    return "\n".join(row.message.text for row in rows if row.answers is None)


def report(talk: Talk, contact: str = "Báo ngay ở đây") -> str:
    """The shortest report there is; what is said at its end."""
    talk.says(STORY)
    for label in ("Đồng ý", "Bỏ qua", "Không có", contact):
        talk.presses(label)
    return talk.presses("Gửi")


# consent


def test_consent_is_asked_once_with_two_equal_buttons_and_is_kept(talk: Talk) -> None:
    said = talk.says(STORY)
    assert CONSENT in said and "180 ngày" in said and talk.labels[:2] == ["Đồng ý", "Không đồng ý"]
    talk.presses("Đồng ý")
    rows = talk.database.ask(lambda db: [tuple(r) for r in db.execute(consents.consents.select())]).result()
    assert [row[1:] for row in rows] == [(talk.id, "handle", "1", True, "webchat", talk.now)]
    talk.says("thôi")
    talk.presses("Bỏ, không gửi nữa") if "Bỏ, không gửi nữa" in talk.labels else talk.sends("do/discard")
    assert CONSENT not in talk.says(STORY)


@pytest.mark.parametrize("no", ["Không đồng ý", "khong", "không"])
def test_a_refusal_erases_what_was_told_and_questions_are_still_answered(talk: Talk, no: str) -> None:
    talk.says(STORY)
    assert "đã xóa" in talk.says(no)
    assert b"karaoke" not in (talk.mark or b"") and filed(talk) == []
    assert "86/2023" in talk.says("tiêu chí gia đình văn hóa là gì?")
    assert CONSENT in talk.says(STORY)  # a no is no yes for ever


@pytest.mark.parametrize("words", ["?", "hmm", "đồng chí ơi", "tôi chưa hiểu lắm"])
def test_anything_else_is_no_consent(talk: Talk, words: str) -> None:
    talk.says(STORY)
    talk.says(words)
    assert talk.standing.flow == "violation" and filed(talk) == []
    assert b'"agreed"' not in bytes(talk.standing.draft)


# one breath


def test_what_was_told_in_one_breath_is_not_asked_again(talk: Talk) -> None:
    talk.says(STORY)
    assert "mới xảy ra một lần" in talk.presses("Đồng ý")  # the theme's own question; nothing else is open
    assert "ảnh" in talk.says("nhiều lần rồi")
    assert "báo anh/chị thế nào" in talk.presses("Không có")
    said = talk.presses("Báo ngay ở đây")
    assert SUMMARY in said and "xã Đăk Ui, tỉnh Quảng Ngãi" in said and "thứ Ba 24/11/2026" in said
    assert "ông [tên]" in said and "0905" not in said and "số điện thoại" in said and "nhiều lần rồi" in said
    done = talk.presses("Gửi")
    assert RECEIPT in done and "Ban Chỉ đạo phong trào xã Đăk Ui" in done
    assert "thứ Năm 26/11/2026" in done and "17 giờ, thứ Tư 2/12/2026" in done
    assert talk.labels == ["Tôi đã lưu mã"]
    (one,) = filed(talk)
    assert (one.kind, one.theme, one.unit, one.state) == ("violation", "order", 23510, "received")
    assert "0905" not in one.masked and "Nam" not in one.masked
    original = told(talk, one.id)
    assert original is not None and original.answers["what"] == STORY and original.start is not None


def test_the_menu_returns_when_the_code_is_saved_and_the_code_is_starred(talk: Talk) -> None:
    code = code_in(report(talk))
    said = talk.presses("Tôi đã lưu mã")
    assert code not in said and "•••" in said and talk.answers[0].slot == "code1"
    assert "Không, cảm ơn" in talk.labels
    assert "giải quyết như thường" in talk.presses("Không, cảm ơn")
    report_again = talk.says(STORY)
    assert CONSENT not in report_again


def test_every_question_can_be_left_open_but_the_story(talk: Talk) -> None:
    talk.sends("do/violation")
    talk.says("đồng ý")
    assert "kể" in talk.says("") or talk.standing.flow
    assert "mục nào" in talk.says("có người làm chuyện không hay ở xóm tôi")
    talk.presses("Việc khác")
    for _ in range(2):  # when, where
        talk.presses("Bỏ qua")
    talk.presses("Không có")
    talk.says("không cần")
    done = talk.says("gửi đi")
    assert RECEIPT in done and "tỉnh" in done
    (one,) = filed(talk)
    assert one.unit is None and one.office is None and one.anonymous and not one.progress


@pytest.mark.parametrize(
    ("story", "kind", "labels"),
    [
        (
            "Thôn tôi có cách gom rác đổi cây xanh hay lắm, muốn giới thiệu cho nơi khác",
            "model_practice",
            ["Ai làm", "Chi phí", "Kết quả", "Hỏi ai"],
        ),
        ("đề nghị xã lắp thêm đèn đường ở xóm 3, tối quá đi không thấy gì", "suggestion", ["Mong muốn"]),
    ],
)
def test_the_other_two_forms(talk: Talk, story: str, kind: str, labels: list[str]) -> None:
    talk.says(story)
    said = talk.presses("Đồng ý")
    for number in range(9):
        if SUMMARY in said or "ảnh" in said:
            break
        said = (
            talk.presses("Việc khác")
            if "Việc khác" in talk.labels
            else talk.says(f"câu trả lời {number}")
            if "Ở đâu" not in said
            else talk.says("xã Đăk Hà")
        )
    talk.presses("Không có")
    said = talk.presses("Báo ngay ở đây")
    assert SUMMARY in said and all(f"• {label}: câu trả lời" in said for label in labels)
    talk.presses("Gửi")
    (one,) = filed(talk)
    assert one.kind == kind and one.unit == 23500


# places and times


PLACES = [
    ("xã Đăk Hà", 23500),
    ("dak ui", 23510),
    ("tt plei kan", 23377),
    ("p. le loi kon tum", 23302),
]


@pytest.mark.parametrize(("typed", "unit"), PLACES)
def test_a_place_is_found_by_name(talk: Talk, typed: str, unit: int) -> None:
    _asked_where(talk)
    talk.says(typed)
    assert f'"unit":{unit}'.encode() in bytes(talk.standing.draft)


def _asked_where(talk: Talk) -> None:
    talk.says("tối qua quán nhậu hát karaoke om sòm, bà con không ngủ được")
    talk.presses("Đồng ý")
    assert "Ở đâu" in talk.presses("Bỏ qua")


def test_an_ambiguous_name_is_asked_about_and_an_unknown_one_kept_as_it_is(talk: Talk) -> None:
    _asked_where(talk)
    assert "muốn nói nơi nào" in talk.says("dak ha cu") and talk.labels[0] == "xã Đăk Hà"
    assert "chưa tìm ra" in talk.says("xã Hoa Hồng Xanh")
    talk.presses("Ghi nguyên lời tôi")
    assert b'"unit":null' in bytes(talk.standing.draft)
    talk.presses("Không có")
    assert "“xã Hoa Hồng Xanh”" in talk.presses("Báo ngay ở đây")


def test_another_province_is_told_kindly(talk: Talk) -> None:
    _asked_where(talk)
    assert "ở ngoài tỉnh này" in talk.says("phường Hải Châu, Đà Nẵng")
    talk.says("xã Đăk Hà")
    assert b'"unit":23500' in bytes(talk.standing.draft)


def test_a_pin_names_the_commune_and_one_in_the_sea_does_not(talk: Talk) -> None:
    _asked_where(talk)
    said = talk.hears(Said(pin=Pin(15.0, 112.0)), Kind.message)
    assert "không nằm trong tỉnh" in said and "Ở đâu" in said
    said = talk.hears(Said(pin=Pin(14.352, 108.0)), Kind.message)
    assert "Đã ghi vị trí: phường Kon Tum" in said and "ảnh" in said


def test_a_time_that_lies_ahead_is_asked_again_and_a_habit_is_kept(talk: Talk) -> None:
    talk.says("ở xã Đăk Hà có quán nhậu hát karaoke om sòm, bà con không ngủ được")
    assert "lúc nào" in talk.presses("Đồng ý")
    assert "chưa tới" in talk.says("30/12/2026")
    talk.says("chiều nào cũng vậy")
    assert "chiều nào cũng".encode() in bytes(talk.standing.draft)


# changing one's mind, coming back


def test_every_answer_can_be_edited_and_the_rest_stays(talk: Talk) -> None:
    talk.says(STORY)
    for label in ("Đồng ý", "Bỏ qua", "Không có", "Báo ngay ở đây"):
        talk.presses(label)
    talk.presses("Sửa nơi")
    said = talk.says("xã Đăk Hà")
    assert SUMMARY in said and "xã Đăk Hà" in said and "karaoke" in said
    talk.presses("Sửa nội dung")
    assert "hát hò ầm ĩ" in talk.says("thật ra là hát hò ầm ĩ")
    talk.presses("Đổi mục")
    assert "Rác và môi trường" in talk.presses("Rác và môi trường")
    talk.presses("Quay lại")
    assert RECEIPT in talk.presses("Gửi") if "Gửi" in talk.labels else True


def test_a_question_in_the_middle_is_answered_and_the_open_one_repeated(talk: Talk) -> None:
    _asked_where(talk)
    said = talk.says("vứt rác bừa bãi bị phạt bao nhiêu?")
    assert "45/2022" in said and "Ở đâu" in said


def test_photos_come_before_in_the_middle_and_never(talk: Talk) -> None:
    photo = Source("abc", "photo", 1000)
    talk.hears(Said("rác đổ đầy suối ở xã Đăk Mar tối qua, nhờ xử lý", files=(photo, photo)), Kind.message)
    assert talk.standing.flow == "violation"
    talk.presses("Đồng ý")
    talk.hears(Said(files=(photo,)), Kind.message)
    if "Đủ rồi" in talk.labels:
        talk.presses("Đủ rồi")
    said = talk.presses("Báo ngay ở đây")
    assert "Kèm 3 tệp" in said
    talk.presses("Gửi")
    (one,) = filed(talk)
    owners = talk.database.ask(
        lambda db: [r.submission for r in db.execute(attachments.attachments.select())]
    ).result()
    assert owners == [one.id] * 3


def test_without_consent_the_files_go_too(talk: Talk) -> None:
    photo = Source("abc", "photo", 1000)
    talk.hears(Said("rác đổ đầy suối ở xã Đăk Mar tối qua, nhờ xử lý", files=(photo,)), Kind.message)
    talk.presses("Không đồng ý")
    gone = talk.database.ask(
        lambda db: [r.status for r in db.execute(attachments.attachments.select())]
    ).result()
    assert gone == ["gone"]


def test_sent_twice_is_filed_once(talk: Talk) -> None:
    talk.says(STORY)
    for label in ("Đồng ý", "Bỏ qua", "Không có", "Báo ngay ở đây"):
        talk.presses(label)
    send = talk.buttons["Gửi"]
    talk.sends(send)
    talk.sends(send)
    talk.says("gửi")
    assert len(filed(talk)) == 1


def test_a_draft_that_sleeps_is_spoken_of_once_and_goes_on(talk: Talk) -> None:
    _asked_where(talk)

    def ring() -> int:
        rang = 0
        while (ringing := talk.database.submit(lambda db: _next(db, talk.now)).result()) is not None:
            ACTS_ = ACTS[ringing.act]
            talk.database.submit(
                lambda db, r=ringing, a=ACTS_: a(db, r.arguments, talk.now, make.the_catalog())  # type: ignore[misc]
            ).result()
            rang += 1
        return rang

    def _next(db: object, now: int) -> timers.Ringing | None:
        found = timers.due(db, now)  # type: ignore[arg-type]
        if found:
            timers.rung(db, found.id)  # type: ignore[arg-type]
        return found

    _stored(talk)
    talk.now += DAY - 10_000
    assert ring() == 0
    talk.now += 20_000
    ring()
    assert written(talk).count("kể dở") == 1
    talk.now += 3 * DAY
    ring()
    assert written(talk).count("kể dở") == 1
    assert "Ở đâu" in talk.sends("do/resume")


def _stored(talk: Talk) -> None:
    """The mark as answering would have written it."""
    change = conversations.Change(talk.id, "vi", talk.mark, talk.seen_at)
    talk.database.submit(lambda db: conversations.advance(db, [change])).result()


# following


def test_the_code_shows_where_it_stands_from_anywhere(talk: Talk, database: Database) -> None:
    code = code_in(report(talk))
    other = Talk(database, "binh")
    for typed in (code, code.lower().replace("-", " "), f"mã {code} tới đâu rồi ạ"):
        said = other.says(typed)
        assert "Hồ sơ NS000001" in said and "chờ cán bộ xem" in said and "Ban Chỉ đạo" in said
        assert "karaoke" not in said
    assert "chưa gửi gì" in other.says("hồ sơ của tôi")
    assert "NS000001" in talk.says("hồ sơ của tôi")
    assert "chưa gửi gì" not in talk.presses("NS000001: Tiếng ồn, trật tự")


def test_wrong_codes_read_as_expired_ones_and_lock_out_with_growing_delay(
    talk: Talk, database: Database
) -> None:
    code = code_in(report(talk))
    guesser = Talk(database, "guesser")
    wrong = "NS-000-000-0000"
    assert "gõ nhầm" in guesser.says(code[:-1] + ("0" if code[-1] != "0" else "1"))  # a slip is no guess
    first = guesser.says(wrong)
    assert "không tìm thấy" in first
    for _ in range(lockouts.FREE):
        guesser.says(wrong)
    assert "chờ ít phút" in guesser.says(code)  # even the right one
    guesser.now += lockouts.FIRST_MS
    assert "không tìm thấy" in guesser.says(wrong)
    guesser.now += lockouts.FIRST_MS
    assert "chờ ít phút" in guesser.says(code)
    guesser.now += lockouts.FIRST_MS
    assert "Hồ sơ NS000001" in guesser.says(code)
    talk.database.submit(lambda db: submissions.forget(db, talk.id)).result()
    assert guesser.says(code) == first


def test_nobody_sees_anothers_by_its_number(talk: Talk, database: Database) -> None:
    report(talk)
    other = Talk(database, "binh")
    for token in (
        "do/case.1",
        "do/say.1",
        "do/withdraw.1.yes",
        "do/judge.1.yes",
        "do/case.x",
        "do/case.99999999999999999999",
    ):
        said = other.sends(token)
        assert "NS000001" not in said
    assert filed(talk)[0].state == "received"


def test_withdrawing_asks_once_more(talk: Talk) -> None:
    report(talk)
    talk.sends("do/case.1")
    assert "chắc muốn rút" in talk.presses("Rút lại")
    talk.presses("Rút lại")
    assert filed(talk)[0].state == "withdrawn" and filed(talk)[0].ended
    assert "Rút lại" not in talk.labels
    with pytest.raises(NotAllowed, match=r"staff\.wrong\.state"):
        act(talk, staff.move, 1, "accepted")


# staff


def test_a_dialogue_both_ways_also_anonymous(talk: Talk) -> None:
    report(talk, "Báo ở đây, giấu kín tôi")
    act(talk, staff.move, 1, "accepted")
    assert "đang kiểm tra" in written(talk)
    asked = act(talk, staff.say, 1, "Nhà đó gần chỗ nào ạ?")
    assert asked.state == "accepted" and "Nhà đó gần chỗ nào ạ?" in written(talk)

    def move() -> Submission:
        def done(db: object) -> Submission:
            return staff.move(db, make.the_catalog(), 1, "asked", talk.now, text="Nhà số mấy?")  # type: ignore[arg-type]

        return talk.database.submit(done).result()  # type: ignore[arg-type]

    assert move().state == "asked"
    talk.sends("do/say.1")
    assert "chuyển lời" in talk.says("gần trường tiểu học")
    (one,) = filed(talk)
    assert one.state == "accepted" and one.anonymous
    lines = talk.database.ask(lambda db: submissions.timeline(db, 1)).result()
    assert [(e.act, e.by) for e in lines][-1] == ("said", "citizen") and lines[
        -1
    ].told == "gần trường tiểu học"


def test_who_wished_not_to_be_told_is_not(talk: Talk) -> None:
    code = code_in(report(talk, "Không báo, tôi tự xem"))
    act(talk, staff.say, 1, "Cảm ơn anh/chị")
    assert written(talk) == ""
    assert "Cảm ơn anh/chị" in talk.says(code)


def answered(talk: Talk) -> None:
    report(talk)

    def done(db: object) -> Submission:
        return staff.move(db, make.the_catalog(), 1, "answered", talk.now, text="Đã nhắc nhà ấy.")  # type: ignore[arg-type]

    talk.database.submit(done).result()  # type: ignore[arg-type]


@pytest.mark.parametrize(("thought", "state"), [("yes", "closed"), ("partly", "closed"), ("no", "reopened")])
def test_the_result_arrives_and_is_judged(talk: Talk, thought: str, state: str) -> None:
    answered(talk)
    assert "Đã nhắc nhà ấy." in written(talk) and "thấy kết quả thế nào" in written(talk)
    said = talk.sends(f"do/judge.1.{thought}")
    (one,) = filed(talk)
    assert one.state == state
    if thought == "no":
        assert one.office is None and "cơ quan thường trực" in said and "Có kết quả trước" in said
    talk.sends(f"do/judge.1.{thought}")  # pressed twice
    assert filed(talk)[0].version == one.version


def test_one_reminder_then_the_end_and_none_after(talk: Talk) -> None:
    answered(talk)
    for days, reminders, state in (
        (2, 0, "answered"),
        (2, 1, "answered"),
        (8, 1, "closed"),
        (30, 1, "closed"),
    ):
        talk.now += days * DAY

        def ring(db: object) -> bool:
            found = timers.due(db, talk.now)  # type: ignore[arg-type]
            if found is None:
                return False
            timers.rung(db, found.id)  # type: ignore[arg-type]
            if found.act == "judge":
                ACTS["judge"](db, found.arguments, talk.now, make.the_catalog())  # type: ignore[arg-type]
            return True

        while talk.database.submit(ring).result():  # type: ignore[arg-type]
            pass
        assert written(talk).count("chỉ hỏi thêm lần này") == reminders and filed(talk)[0].state == state


def test_what_a_step_demands_and_what_another_changed_is_refused(talk: Talk) -> None:
    report(talk)
    for state, named, wrong in (
        ("answered", {}, "text"),
        ("forwarded", {"text": "Việc của xã bên"}, "office"),
        ("forwarded", {"text": "Việc của xã bên", "office": 48}, "office"),
        ("closed", {}, "state"),
        ("nowhere", {}, "state"),
        ("accepted", {"seen": 7}, "changed"),
    ):
        with pytest.raises(NotAllowed, match=f"staff.wrong.{wrong}"):
            act(talk, staff.move, 1, state, **named)
    with pytest.raises(NotAllowed, match=r"staff\.wrong\.none"):
        act(talk, staff.move, 99, "accepted")
    moved = act(talk, staff.move, 1, "forwarded", text="Việc của xã bên", office=23500)
    assert moved.office == 23500 and "chuyển đúng nơi" in written(talk)


def test_more_time_is_asked_for_with_a_reason(talk: Talk) -> None:
    report(talk)
    before = filed(talk)[0].resolve_by
    talk.database.submit(
        lambda db: staff.extend(db, make.the_catalog(), 1, 10, "Chờ đo tiếng ồn", talk.now)
    ).result()
    assert filed(talk)[0].resolve_by > before and "Chờ đo tiếng ồn" in written(talk)


# forgetting


def test_who_is_forgotten_is_cut_from_what_they_sent(talk: Talk) -> None:
    report(talk)
    talk.sends("do/forget.yes")
    (one,) = filed(talk)
    assert one.conversation is None and told(talk, one.id) is None and one.masked
    act(talk, staff.say, 1, "Cảm ơn")
    assert written(talk) == ""


def test_originals_go_when_their_time_is_over(talk: Talk) -> None:
    report(talk)
    talk.sends("do/withdraw.1.yes")
    for days, there in ((179, True), (2, False)):
        talk.now += days * DAY
        talk.database.submit(lambda db: ACTS["sweep"](db, {}, talk.now, make.the_catalog())).result()
        assert (told(talk, 1) is not None) is there


# hostile


@pytest.mark.parametrize(
    "text", ["🙂", ".", "…", "x" * 10_000, "ồn " * 3_000, "\u0300" * 500, "gửi", "1", "/start"]
)
def test_strange_stories_are_asked_about_kindly(talk: Talk, text: str) -> None:
    talk.sends("do/violation")
    talk.presses("Đồng ý")
    for _ in range(30):
        assert talk.says(text)
    assert filed(talk) == [] or text in ("gửi", "1")


WALK = st.lists(
    st.one_of(
        st.sampled_from([STORY, "không rõ", "tối qua", "xã Đăk Hà", "có", "không", "gửi", "quay lại", "thôi", "menu", "1", "2", "3", ".", "hồ sơ của tôi", "xóa dữ liệu của tôi", "vứt rác phạt bao nhiêu?"]),
        st.integers(0, 14),
        st.just("photo"),
        st.just("pin"),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WALK)
def test_random_walks_never_lose_the_menu(talk: Talk, walk: list[str | int]) -> None:
    old: list[str] = ["do/menu"]
    for one in walk:
        if isinstance(one, int):
            talk.sends(old[-1 - one % len(old)])
        elif one == "photo":
            talk.hears(Said(files=(Source("abc", "photo", 9),)), Kind.message)
        elif one == "pin":
            talk.hears(Said(pin=Pin(14.35, 108.0)), Kind.message)
        else:
            talk.says(one)
        old += talk.buttons.values()
    talk.says("menu")
    assert "do/violation" in talk.buttons.values()


def test_the_inbox_knows_nothing_of_it(talk: Talk) -> None:
    """Nothing of a report is read from the inbox later."""
    report(talk)
    assert talk.database.ask(inbox.counts).result().waiting == 0


def test_a_draft_of_another_release_goes_on(talk: Talk) -> None:
    """One field was dropped since, another step is new: what was said stays, the new question is asked."""
    _asked_where(talk)
    standing = talk.standing
    draft = msgspec.json.decode(bytes(standing.draft))
    draft["dropped"] = "an answer that no step asks for now"
    del draft["moment"], draft["details"]
    talk.mark = msgspec.json.encode(
        msgspec.structs.replace(standing, draft=msgspec.Raw(msgspec.json.encode(draft)))
    )
    talk.says("xã Đăk Hà")
    assert "lúc nào" in talk.sends("do/resume")
    assert "mới xảy ra" in talk.says("tối qua")
    assert b"karaoke" in bytes(talk.standing.draft)


# found by reading once more


def second(talk: Talk) -> None:
    """Another report of the same person."""
    talk.says("rác đổ đầy suối ở xã Đăk Mar tối qua, nhờ xử lý")
    for label in ("Không có", "Báo ngay ở đây", "Gửi"):
        talk.presses(label)


def lines(talk: Talk, id: int) -> list[str | None]:
    return [e.told for e in talk.database.ask(lambda db: submissions.timeline(db, id)).result()]


def test_a_word_goes_to_the_case_whose_button_was_pressed_last(talk: Talk) -> None:
    report(talk)
    second(talk)
    talk.sends("do/say.1")
    talk.sends("do/say.2")
    talk.says("gần cây cầu gỗ")
    assert "gần cây cầu gỗ" in lines(talk, 2) and "gần cây cầu gỗ" not in lines(talk, 1)


def test_another_flow_in_between_loses_no_draft(talk: Talk) -> None:
    report(talk)
    talk.says("rác đổ đầy suối tối qua, nhờ xử lý")
    assert "Ở đâu" in talk.answers[-1].texts[-1]
    talk.sends("do/say.1")
    talk.says("nhà ấy ở gần trường")
    assert "nhà ấy ở gần trường" in lines(talk, 1)
    assert "Viết tiếp phản ánh" in talk.labels
    assert "Ở đâu" in talk.presses("Viết tiếp phản ánh")
    talk.sends("do/suggestion")
    talk.says("nhà văn hóa thôn khóa cửa quanh năm")
    talk.sends("do/feedback")
    talk.says("chữ nhỏ quá")
    talk.sends("do/discard")
    assert talk.standing.flow == "suggestion"
    talk.sends("do/discard")
    assert talk.standing.flow == "violation" and "Ở đâu" in talk.sends("do/resume")


def test_an_own_right_code_forgives_no_guesses(talk: Talk) -> None:
    code = code_in(report(talk))
    for _ in range(3):
        for _ in range(lockouts.FREE - 1):
            talk.says("NS-000-000-0000")
        said = talk.says(code)
    assert "chờ ít phút" in said


def test_many_browsers_that_guess_wait_as_one(talk: Talk, database: Database) -> None:
    code = code_in(report(talk))

    def slip(db: Connection) -> None:
        for _ in range(tracking.MANY + 1):
            lockouts.slip(db, tracking.EVERYBODY, talk.now, free=tracking.MANY, longest_ms=1_000)

    database.submit(slip).result()
    fresh = Talk(database, "fresh")
    fresh.now = talk.now - 1_000
    assert "chờ ít phút" in fresh.says(code)
    assert "NS000001" in fresh.says(code, after=1_001)


def test_an_edit_before_the_consent_keeps_the_new_words(talk: Talk) -> None:
    talk.hears(Said("tối qua nhà bên hát karaoke om sòm không ngủ được", ref="7"), Kind.message)
    said = talk.hears(Said("tối qua quán nhậu đầu thôn hát karaoke om sòm", ref="7"), Kind.edit)
    assert CONSENT in said and "quán nhậu đầu thôn".encode() in bytes(talk.standing.draft)
    assert "Có chuyện gì" not in talk.presses("Đồng ý")


def test_nobody_adds_to_what_its_author_left(talk: Talk, database: Database) -> None:
    code = code_in(report(talk))
    other = Talk(database, "binh")
    other.says(code)
    other.sends("do/say.1")
    other.says("tôi cũng thấy vậy")
    other.sends("do/forget.yes")
    assert "tôi cũng thấy vậy" not in lines(talk, 1)
    third = Talk(database, "chi")
    third.says(code)
    talk.sends("do/forget.yes")
    third.sends("do/say.1")
    third.says("gửi thêm lời này")
    assert lines(talk, 1) == [None, None]


def test_a_story_with_the_shape_of_a_code_is_a_story(talk: Talk) -> None:
    assert CONSENT in talk.says("quan nhau mo loa dem 22h thay on qua ca xom khong ngu duoc o xa dak ui")


def test_a_pin_is_kept_and_is_surer_than_words(talk: Talk) -> None:
    talk.says(STORY)
    talk.presses("Đồng ý")
    talk.hears(Said(pin=Pin(14.352, 108.0)), Kind.message)
    for label in ("Bỏ qua", "Không có", "Báo ngay ở đây"):
        talk.presses(label)
    talk.presses("Gửi")
    original = told(talk, 1)
    assert original is not None and original.pin == Pin(14.352, 108.0) and filed(talk)[0].unit == 23293


@pytest.mark.parametrize(
    ("label", "state"), [("Gửi cho cán bộ", "accepted"), ("Không, chuyện khác", "asked")]
)
def test_words_to_an_officer_who_waits_are_offered_to_him(talk: Talk, label: str, state: str) -> None:
    report(talk)
    talk.database.submit(
        lambda db: staff.move(db, make.the_catalog(), 1, "asked", talk.now, text="Nhà số mấy?")
    ).result()
    assert "Cán bộ đang chờ" in talk.says("dạ nhà số 12 đường Hùng Vương, đối diện chợ")
    talk.presses(label)
    assert filed(talk)[0].state == state
    assert ("dạ nhà số 12 đường Hùng Vương, đối diện chợ" in lines(talk, 1)) is (state == "accepted")
    assert "86/2023" in talk.says("tiêu chí gia đình văn hóa là gì?")


def test_what_a_release_dropped_is_told_all_the_same(talk: Talk) -> None:
    report(talk)
    talk.database.submit(
        lambda db: db.execute(
            submissions.submissions.update().values(state="gone", theme="gone", unit=99999, office=99999)
        )
    ).result()
    assert "NS000001" in talk.says("hồ sơ của tôi")
    assert "NS000001" in talk.sends("do/case.1")


def test_the_province_alone_is_no_place(talk: Talk) -> None:
    talk.says("tối qua quán nhậu ở Quảng Ngãi hát karaoke om sòm không ai ngủ được")
    talk.presses("Đồng ý")
    assert "Ở đâu" in talk.presses("Bỏ qua")
    assert "xã, phường nào" in talk.says("Quảng Ngãi")


def test_another_place_takes_the_hamlet_with_it(talk: Talk) -> None:
    talk.says(STORY)
    for label in ("Đồng ý", "Bỏ qua", "Không có", "Báo ngay ở đây"):
        talk.presses(label)
    assert "Ở đâu" in talk.presses("Sửa nơi")
    assert "thôn 3" not in talk.says("xã Đăk Hà").partition("Nơi:")[2].partition("Lúc:")[0]


def test_a_forged_place_button_is_no_place(talk: Talk) -> None:
    _asked_where(talk)
    scope = next(token for token in talk.buttons.values() if token.endswith("/skip")).removesuffix("skip")
    for forged in ("u²", "u", "u99999", "u-1", "x23500"):
        assert talk.sends(scope + forged)
    assert b'"unit"' not in bytes(talk.standing.draft)


# as people tried it

STARTS = [
    ("tôi muốn phản ánh", "violation"),
    ("toi muon gui phan anh", "violation"),
    ("cho tôi báo một việc", "violation"),
    ("muốn phản ánh", "violation"),
    ("I want to report a problem", "violation"),
    ("tôi muốn nêu khó khăn", "suggestion"),
    ("tôi muốn kể một cách làm hay", "model_practice"),
    ("góp ý cho thôn", "suggestion"),
    ("có mấy đứa đua xe tối hôm qua ở xã Bình Sơn", "violation"),
    ("xã Bình Hải cũ có mấy đứa đua xe tối hôm qua", "violation"),
]


@pytest.mark.parametrize(("text", "kind"), STARTS)
def test_a_wish_to_tell_begins(talk: Talk, text: str, kind: str) -> None:
    talk.says(text)
    assert talk.standing.flow == kind


@pytest.mark.parametrize(
    "text",
    [
        "chủ tịch xã Ba Vì ăn tiền bảo kê quán karaoke, mở ồn suốt đêm",
        "anh trưởng thôn của tôi chia tiền cứu trợ không đều, cho bà con họ hàng ổng",
    ],
)
def test_who_is_an_officer_is_not_reported_to_that_office(talk: Talk, text: str) -> None:
    assert "có thể là tố cáo" in talk.says(text) and talk.standing.flow is None
    _asked_where(talk)
    talk.presses("Bỏ qua")
    talk.says(text)
    assert text.encode()[:20] not in bytes(talk.standing.draft)


@pytest.mark.parametrize("text", ["cháu ở nhà với bà ngoại", "có, cháu đang ở nhà", "bà con bớt nợ nần"])
def test_an_answer_that_sounds_like_danger_is_an_answer(talk: Talk, text: str) -> None:
    talk.says("con tôi bị bạn bắt nạt ở trường tiểu học xã Đăk Hà từ tuần trước")
    assert "an toàn" in talk.presses("Đồng ý")
    talk.says(text)
    assert text.encode() in bytes(talk.standing.draft) and not talk.standing.paused


@pytest.mark.parametrize("text", ["con bị thầy giáo sờ mó ở trường", "con bi thay giao so mo o truong"])
def test_a_child_that_is_touched_gets_the_childrens_number_first(talk: Talk, text: str) -> None:
    assert "111" in talk.says(text).splitlines()[0] + talk.says(text).splitlines()[1]


def test_a_question_at_an_optional_step_is_no_answer(talk: Talk) -> None:
    talk.says(STORY)
    talk.presses("Đồng ý")
    said = talk.says("có ai biết tôi báo không?")
    assert "mới xảy ra một lần" in said and "ai biết".encode() not in bytes(talk.standing.draft)


def test_what_is_no_place_and_no_time_is_none(talk: Talk) -> None:
    _asked_where(talk)
    talk.says("dạ không có")
    assert b'"place"' not in bytes(talk.standing.draft) and b'"unit":null' in bytes(talk.standing.draft)
    talk.sends("do/discard")
    talk.says("ở xã Đăk Hà có quán nhậu hát karaoke om sòm, bà con không ngủ được")
    assert "chưa rõ lúc nào" in talk.says("thành phố Quảng Ngãi")


def test_a_place_said_at_the_consent_counts(talk: Talk) -> None:
    talk.says("tối qua quán nhậu hát karaoke om sòm, bà con không ngủ được")
    said = talk.says("xã Mộ Đức")
    assert "chọn rõ một trong hai" in said and CONSENT not in said
    talk.presses("Đồng ý")
    assert "ảnh" in talk.presses("Bỏ qua")


def test_another_province_is_told_at_once(talk: Talk) -> None:
    talk.says("hàng xóm xả rác ở phường Hải Châu Đà Nẵng hôm qua")
    assert "ở ngoài tỉnh này" in talk.presses("Đồng ý")


def test_following_in_words(talk: Talk) -> None:
    answered(talk)
    assert "NS000001" in talk.says("khi nào có kết quả")
    talk.says("chưa xong")
    assert filed(talk)[0].state == "reopened"
    assert "chắc muốn rút" in talk.says("tôi muốn rút phản ánh này")
    talk.presses("Rút lại")
    assert filed(talk)[0].state == "withdrawn"
    assert "gõ nhầm" in talk.says("NS-AAA-BBB-CC")


def test_the_receipt_names_the_page_where_the_service_has_an_address(talk: Talk) -> None:
    here = msgspec.structs.replace(make.the_catalog().local, public_url="https://nepsong.example.vn")
    talk.decide = router(make.the_catalog().placed(here))
    assert "https://nepsong.example.vn/tra-cuu" in report(talk)


@pytest.mark.parametrize("typed", ["toois qua", "hom qua", "hqua"])
def test_a_time_is_read_through_raw_keys_and_short_forms(talk: Talk, typed: str) -> None:
    talk.says("ở xã Đăk Hà có quán nhậu hát karaoke om sòm, bà con không ngủ được")
    assert "lúc nào" in talk.presses("Đồng ý")
    talk.says(typed)
    assert b'"start":' in bytes(talk.standing.draft)


def test_a_place_that_is_kept_after_all_keeps_its_hamlet(talk: Talk) -> None:
    talk.says(STORY.replace("thôn 3", "ở thôn 3"))
    for label in ("Đồng ý", "Bỏ qua", "Không có", "Báo ngay ở đây"):
        said = talk.presses(label)
    assert "“thôn 3”" in said
    talk.presses("Sửa nơi")
    assert "“thôn 3”" in talk.presses("Giữ như cũ")
