"""The small flow that proves flows."""

import sqlalchemy

from storage import feedback
from storage.opening import open_database
from tests import make
from tests.stories.citizen import Citizen


def kept(url: str) -> list[feedback.Feedback]:
    database = open_database(url, make.ring())
    database.open()
    try:
        return [told for _, _, told in database.ask(lambda db: feedback.newest(db, 10)).result()]
    finally:
        database.close()


async def test_from_the_first_word_to_the_thanks(address: str, url: str) -> None:
    async with Citizen(address) as man:
        assert "có gì hay" in await man.says("gop y")
        assert "liên hệ" in await man.says("trả lời hơi chậm")
        assert "0905 123 456" in await man.says("goi so 0905 123 456 nhe")
        assert "Cảm ơn" in await man.presses("Gửi góp ý")
    assert kept(url) == [feedback.Feedback("trả lời hơi chậm", "0905 123 456")]


async def test_back_edit_and_a_question_in_the_middle(address: str, url: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        await man.says("chữ nhỏ quá")
        heard = await man.says("vứt rác bị phạt bao nhiêu tiền?")
        assert "1 đến 2 triệu" in heard and "liên hệ" in heard  # answered, then asked again
        assert "có gì hay" in await man.says("quay lại")
        await man.says("chữ hơi nhỏ")
        assert "• Góp ý: chữ hơi nhỏ" in await man.presses("Không cần liên hệ")
        await man.presses("Sửa cách liên hệ")
        assert "Trả lời tôi ở đây" in await man.says("1")
        await man.presses("Gửi góp ý")
    assert kept(url) == [feedback.Feedback("chữ hơi nhỏ", "here")]


async def test_a_second_press_sends_once(address: str, url: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        await man.says("tốt")
        await man.presses("Không cần liên hệ")
        send = man.buttons["Gửi góp ý"]
        await man._exchange(choice=send)
        assert "không dùng được nữa" in await man._exchange(choice=send)
    assert len(kept(url)) == 1


async def test_yesterdays_button_says_so_and_repeats_the_question(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        heard = await man._exchange(choice="feedback.zz/contact/here")
        assert "không dùng được nữa" in heard and "có gì hay" in heard


async def test_left_and_resumed(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        await man.says("hay lắm")
        assert "còn giữ" in await man.says("để sau")
        assert "Phụ lục I" in await man.says("tieu chi gia dinh van hoa la gi")
        assert "liên hệ" in await man.presses("Viết tiếp góp ý")
        await man.presses("Để sau")
        assert "đã xóa" in await man.presses("Xóa bản viết dở")


async def test_a_draft_asleep_takes_no_words_for_its_answer(address: str, url: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        await man.says("hay lắm")
        engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as db:
            db.exec_driver_sql("UPDATE conversations SET seen_at = seen_at - 86400000")
        engine.dispose()
        assert "Nếp Sống" in await man.says("chào bạn")
        assert "Viết tiếp góp ý" in man.buttons
        assert "liên hệ" in await man.presses("Viết tiếp góp ý")
