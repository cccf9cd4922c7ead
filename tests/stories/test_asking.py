"""A question, the whole way: browser, inbox, router, outbox, browser."""

import pytest

from tests.stories.citizen import Citizen


async def test_a_farmers_wife_asks_without_accents(address: str) -> None:
    async with Citizen(address) as wife:
        heard = await wife.says("tieu chi gia dinh van hoa la j")
    assert "ba nhóm tiêu chí" in heard
    assert "Nghị định 86/2023/NĐ-CP" in heard and "30/01/2024" in heard


async def test_not_what_i_meant_leads_on(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("tieu chi gia dinh van hoa la gi")
        assert "hiểu chưa đúng" in await man.presses("Không đúng ý tôi")
        assert len(man.buttons) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "đặt vé xem bóng đá",
        "😀😀",
        "asdf qwer zxcv",
        "x" * 9_000,
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "\u202e\u202dabc",
    ],
)
async def test_what_is_not_understood_is_no_dead_end(address: str, text: str) -> None:
    async with Citizen(address) as man:
        heard = await man.says(text)
        assert "113" in heard and "114" in heard and "115" in heard and "111" in heard
        assert {"Mục khác", "Không phải các ý này", "Xem các mục"} & set(man.buttons) or man.buttons == {}


async def test_danger_gets_the_numbers_first(address: str) -> None:
    async with Citizen(address) as mother:
        heard = await mother.says("con toi dang chim duoi song cuu voi")
    assert heard.startswith("GỌI NGAY 114")


async def test_the_language_is_switched_by_a_word_and_by_the_page(address: str) -> None:
    async with Citizen(address) as guest:
        assert "From now on I speak English" in await guest.says("english")
        assert "cultured family" in await guest.says("what makes a cultured family?")
        guest.lang = "en"
        assert "Ask in your own words" in await guest.says(
            "hello"
        ) or "in your own words" in await guest.says("hello")
        guest.lang = "vi"
        assert "Nếp Sống" in await guest.says("xin chào")


async def test_the_menu_by_number_and_by_label(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("menu")
        assert "Danh hiệu văn hóa" in await man.says("5")
        await man.says("menu")
        assert "Rác và môi trường" in await man.says("rac va moi truong")
