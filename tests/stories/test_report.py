"""What somebody reports, from the first word to the judged result: in a browser, on Telegram, by code."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from storage import attachments, submissions
from storage.attachments import Kept
from storage.opening import open_database
from storage.submissions import Told
from tests import make
from tests.stories.citizen import Citizen
from tests.stories.phone import Phone, until
from tests.stories.service import Service
from tests.stories.test_files import choose
from tests.stories.test_files import picture as photo
from tests.stories.test_page import browser, heard, open_page, phone, say
from tests.stories.test_telegram import World, picture, world

__all__ = ["browser"]  # the fixture

STORY = "hang xom hat karaoke toi qua toi 1h sang o thon 3 xa dak ui, khong ai ngu duoc"
CODE = re.compile(r"NS-\w{3}-\w{3}-\w{4}")
TAGS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture
async def service(tmp_path: Path, free_port: int) -> AsyncIterator[Service]:
    async with Service("", tmp_path, free_port, NEPSONG_KEYS_RING=make.RING) as running:
        yield running


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found
    return found.group()


async def press(page: Page, label: str) -> None:
    await page.locator("#turns .choice").get_by_text(label, exact=True).click()


async def look_up(page: Page, code: str) -> None:
    await page.fill("#code", code)
    await page.click("form button")


async def listed(service: Service) -> list[dict[str, Any]]:
    exit, out, _ = await service.command("submissions", "--json")
    assert exit == 0
    return list(json.loads(out))


async def test_a_report_in_the_browser_through_reload_and_restart(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await expect(page.locator("#first-choices >> text=Phản ánh việc chưa đẹp")).to_be_visible()
    await say(page, STORY)
    await heard(page, "Trước khi ghi lại")
    await equal(page, "Đồng ý", "Không đồng ý")
    await press(page, "Đồng ý")
    await heard(page, "mới xảy ra một lần")  # the theme's own question: all else was told
    await page.reload()
    await heard(page, "mới xảy ra một lần")
    await say(page, "nhieu lan roi, co nhac roi")
    await heard(page, "ảnh, ghi âm")
    await choose(page, ("a.jpg", "image/jpeg", photo()), ("b.jpg", "image/jpeg", photo((300, 400))))
    await expect(page.locator(".file[data-state=ready]")).to_have_count(2)
    await service.kill()
    await service.start()
    await page.click("#send")
    await heard(page, "Tôi có 2 tệp rồi")
    await press(page, "Đủ rồi")
    await page.reload()
    await press(page, "Báo ngay ở đây")
    await heard(page, "xem lại trước khi gửi")
    told = await page.locator("#turns").inner_text()
    for words in (f"Nội dung: {STORY}", "xã Đăk Ui, tỉnh Quảng Ngãi, “thon 3”", "nhieu lan roi", "Kèm 2 tệp"):
        assert words in told
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await service.kill()
    await service.start()
    await press(page, "Gửi")
    await heard(page, "Mã tra cứu")
    told = await page.locator("#turns").inner_text()
    assert "Ban Chỉ đạo phong trào xã Đăk Ui" in told and "có kết quả trước" in told
    code = code_in(told)
    await press(page, "Tôi đã lưu mã")
    await heard(page, "NS-•••-•••-••••")
    await heard(page, "muốn nhận ở đây không")
    assert code not in await page.locator("body").inner_text()
    await press(page, "Không, cảm ơn")
    await heard(page, "tôi không gửi tin")
    await press(page, "Xem các mục")
    await heard(page, "Anh/chị muốn xem việc gì")
    await page.reload()
    await heard(page, "NS-•••-•••-••••")
    assert code not in await page.content()
    kept = await page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert code not in kept and page.faults == []  # type: ignore[attr-defined]
    await page.click("#menu summary")
    await page.click("#menu >> text=Tra cứu hồ sơ")
    await tracked(page, code)
    (one,) = await listed(service)
    assert (one["theme"], one["unit"], len(one["files"])) == ("order", 23510, 2)
    await service.stop()
    for typed in (code, code.replace("-", ""), code[3:], code.lower(), "karaoke"):
        assert typed.encode() not in service.log


async def equal(page: Page, yes: str, no: str) -> None:
    """Two buttons that look the same, so that neither is the one to press."""
    looks = """node => { const {color, backgroundColor, borderColor, fontSize, fontWeight, height} =
      getComputedStyle(node); return [color, backgroundColor, borderColor, fontSize, fontWeight, height].join() }"""
    both = page.locator("#turns .choice")
    assert await both.get_by_text(yes, exact=True).evaluate(looks) == await both.get_by_text(
        no, exact=True
    ).evaluate(looks)
    assert (await both.all_inner_texts())[:2] == [yes, no]


async def tracked(page: Page, code: str) -> None:
    """The page by code: wrong, with a slip, right, and as people type it."""
    await expect(page.locator("h1")).to_have_text("Tra cứu hồ sơ")
    await look_up(page, "NS-000-000-0000")
    await expect(page.locator("[role=alert]")).to_contain_text("không tìm thấy")
    await look_up(page, code[:-1] + ("0" if code[-1] != "0" else "1"))
    await expect(page.locator("[role=alert]")).to_contain_text("gõ nhầm")
    for typed in (code, code.lower().replace("-", "")):
        await look_up(page, typed)
        case = page.locator(".case")
        for words in (
            "Hồ sơ NS000001",
            "chờ cán bộ xem",
            "Ban Chỉ đạo phong trào xã Đăk Ui",
            "Cán bộ tiếp nhận trước",
            "Có kết quả trước",
        ):
            await expect(case).to_contain_text(words)
        await expect(page.locator(".case li")).to_have_count(1)
        await expect(page.locator("[role=alert]")).to_have_count(0)
        await expect(page.get_by_role("button", name="In ra giấy")).to_be_visible()
        assert "karaoke" not in await page.locator("body").inner_text()
        assert page.url.endswith("/tra-cuu?lang=vi") and code not in await page.content()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1280, "light")])
async def test_the_page_by_code_fits_and_is_accessible(
    browser: Browser, service: Service, width: int, scheme: str
) -> None:
    async with Citizen(service.address) as woman:
        code = code_in(await report(woman))
    page = await open_page(await phone(browser, width, color_scheme=scheme), f"{service.address}/tra-cuu")
    for typed in (None, "NS-000-000-0000", code):
        if typed:
            await look_up(page, typed)
            await expect(page.locator(".case, .wrong")).to_have_count(1)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        results = await Axe().run(page, options=TAGS)
        assert results.violations_count == 0, results.generate_report()
    assert page.faults == []  # type: ignore[attr-defined]


async def report(citizen: Citizen) -> str:
    """The shortest report; what is said at its end."""
    await citizen.says(STORY)
    for label in ("Đồng ý", "Bỏ qua", "Không có", "Báo ngay ở đây"):
        await citizen.presses(label)
    return await citizen.presses("Gửi")


# Telegram


@pytest.fixture
async def here(url: str, tmp_path: Path, free_port: int) -> AsyncIterator[World]:
    async with world("polling", url, tmp_path, free_port) as made:
        yield made


def filed(here: World, id: int = 1) -> tuple[Told | None, list[Kept]]:
    """The original words and the files, as the database has them."""
    database = open_database(here.url, make.ring())
    database.open()
    try:
        return (
            database.ask(lambda db: submissions.told(db, id)).result(),
            database.ask(lambda db: attachments.of_submission(db, id)).result(),
        )
    finally:
        database.close()


async def told(man: Phone) -> str:
    """What arrives without being asked for."""
    return await man.hears(None)


async def on_telegram(man: Phone) -> str:
    """A report with an album and a place on the map; what is said at its end."""
    assert "Trước khi ghi lại" in await man.says(STORY)
    assert man.labels()[:2] == ["Đồng ý", "Không đồng ý"]
    assert "mới xảy ra một lần" in await man.presses("Đồng ý")
    assert "mới xảy ra" in await man.hears(
        await man.does(location={"latitude": 14.5, "longitude": 107.95}), 2
    )
    assert "ảnh, ghi âm" in await man.says("nhieu lan roi")
    album = [{"content_base64": picture("red"), "caption": ""}, {"content_base64": picture("blue")}]
    assert "Tôi có 2 tệp rồi" in await man.hears(await man.does(album=album), 2)
    assert "báo anh/chị thế nào" in await man.presses("Đủ rồi")
    assert "Kèm 2 tệp" in await man.presses("Báo ngay ở đây")
    return await man.presses("Gửi")


def with_code(man: Phone, code: str) -> set[int]:
    """The messages that were sent with the code in them."""
    return {m["result"]["message_id"] for m in man.messages() if code in m["params"].get("text", "")}


async def test_a_report_on_telegram_and_the_talk_with_staff(here: World) -> None:
    man = here.phone()
    code = code_in(await on_telegram(man))
    assert "muốn nhận ở đây không" in await man.presses("Tôi đã lưu mã")
    assert with_code(man, code) <= {
        int(c["params"]["message_id"]) for c in man.mine() if c["method"] == "editMessageText"
    }
    await until(lambda: len(filed(here)[1]) == 2)
    original, _ = filed(here)
    assert original is not None and original.answers["what"] == STORY and original.place == "thon 3"
    assert original.pin is not None and original.pin.latitude == 14.5

    exit, out, _ = await here.service.command("act", "1", "asked", "--text", "Nhà số mấy ạ?")
    assert (exit, out) == (0, "nepsong: NS000001: Chờ người gửi trả lời\n")
    assert "“Nhà số mấy ạ?”" in await told(man) and man.labels() == ["Nhắn thêm", "Xem hồ sơ"]
    assert "nhắn gì cho cán bộ" in await man.presses("Nhắn thêm")
    assert "chuyển lời" in await man.says("gần trường tiểu học")
    assert [one["state"] for one in await listed(here.service)] == ["accepted"]

    await here.service.command("act", "1", "answered", "--text", "Đã nhắc nhà ấy.")
    said = await told(man)
    assert "Đã nhắc nhà ấy." in said and "thấy kết quả thế nào" in said
    assert man.labels()[:3] == ["Được rồi", "Được một phần", "Chưa xong"]
    assert "cơ quan thường trực" in await man.presses("Chưa xong")
    (one,) = await listed(here.service)
    assert one["state"] == "reopened" and len(one["files"]) == 2
    said = await man.says(code.lower())
    assert "mở lại theo ý anh/chị" in said and "gần trường tiểu học" in said
    await here.service.stop()
    assert code.encode() not in here.service.log and b"karaoke" not in here.service.log


async def test_both_sides_at_once_lose_nothing(sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    """Two words of staff at the same moment: both arrive."""
    async with Service(sqlite_url, tmp_path, free_port, NEPSONG_KEYS_RING=make.RING) as service:
        async with Citizen(service.address) as woman:
            await report(woman)
            done = await asyncio.gather(
                service.command("act", "1", "say", "--text", "một"),
                service.command("act", "1", "say", "--text", "hai"),
            )
            assert [exit for exit, _, _ in done] == [0, 0]
            texts = "\n".join(str(m["text"]) for m in await woman.messages())
            assert "“một”" in texts and "“hai”" in texts
        (one,) = await listed(service)
        assert one["version"] == 3
