"""The chat page in a real browser, at the widths people have."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.conftest import need
from tests.stories.service import Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
BOT = ".turn.bot .text"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    need(CHROMIUM, "Chromium")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        await opened.close()


@pytest.fixture
async def service(tmp_path: Path, free_port: int) -> AsyncIterator[Service]:
    async with Service("", tmp_path, free_port) as running:
        yield running


async def phone(browser: Browser, width: int = 360, **options: object) -> BrowserContext:
    return await browser.new_context(viewport={"width": width, "height": 720}, has_touch=True, **options)  # type: ignore[arg-type]


async def open_page(context: BrowserContext, address: str) -> Page:
    page = await context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Content Security" in message.text else None
    )
    await page.goto(address)
    page.faults = faults  # type: ignore[attr-defined]
    return page


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click("#send")


async def heard(page: Page, text: str) -> None:
    await expect(page.locator(BOT, has_text=text).last).to_be_visible(timeout=10_000)


async def test_a_question_and_its_answer_and_the_history_after_reload(
    browser: Browser, service: Service
) -> None:
    page = await open_page(await phone(browser), service.address)
    await expect(page.locator("[data-greeting]").first).to_contain_text("Nếp Sống")
    await say(page, "tieu chi gia dinh van hoa la j")
    await heard(page, "86/2023/NĐ-CP")
    await page.reload()
    await heard(page, "86/2023/NĐ-CP")
    await expect(page.locator(".turn.own .text")).to_have_text(["tieu chi gia dinh van hoa la j"])
    assert page.faults == []  # type: ignore[attr-defined]


async def test_buttons_lead_through_the_feedback(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await page.click("#first-choices >> text=Mục khác")
    await page.click("#turns .choice >> text=Góp ý về Nếp Sống")
    await heard(page, "có gì hay")
    await say(page, "chữ to, dễ đọc")
    await page.click("#turns .choice >> text=Không cần liên hệ")
    await page.click("#turns .choice >> text=Gửi góp ý")
    await heard(page, "Cảm ơn")


async def test_what_is_typed_while_the_line_is_down_is_sent_once(browser: Browser, service: Service) -> None:
    context = await phone(browser)
    page = await open_page(context, service.address)
    await say(page, "xin chào")
    await heard(page, "Chào anh/chị")
    await context.set_offline(True)
    await say(page, "vứt rác bị phạt bao nhiêu tiền")
    await expect(page.locator("#notice")).to_be_visible()
    await context.set_offline(False)
    await heard(page, "1 đến 2 triệu")
    await expect(page.locator(".turn.own", has_text="vứt rác")).to_have_count(1)
    await expect(page.locator(BOT, has_text="1 đến 2 triệu")).to_have_count(1)


async def test_the_service_may_be_killed_meanwhile(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await say(page, "xin chào")
    await heard(page, "Chào anh/chị")
    await service.kill()
    await say(page, "112 là số gì")
    await service.start()
    await heard(page, "thiên tai")
    await expect(page.locator(".turn.own")).to_have_count(2)


async def test_a_draft_is_there_after_a_reload(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await page.fill("#text", "chưa viết xong")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("chưa viết xong")


async def test_forgetting_leaves_nothing_on_the_page(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await say(page, "qwerty asdfgh zxcvbn")
    await heard(page, "113")
    await page.click("#menu summary")
    await page.click("#forget")
    await page.click("#forget-yes")
    await expect(page.locator(".turn.own")).to_have_count(0)
    await expect(page.locator("#first-choices")).to_be_visible()


async def test_what_people_type_is_text_and_nothing_else(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await say(page, "góp ý")
    await heard(page, "có gì hay")
    await say(page, "<img src=x onerror=document.title='no'><b>đậm</b>")
    await page.click("#turns .choice >> text=Không cần liên hệ")
    await heard(page, "<b>đậm</b>")
    assert await page.title() != "no" and await page.locator("#turns img, #turns b").count() == 0


@pytest.mark.parametrize(
    ("width", "scheme", "lang"),
    [(320, "light", "vi"), (360, "dark", "vi"), (1280, "light", "en"), (1600, "dark", "vi")],
)
async def test_every_width_and_theme_fits_and_is_accessible(
    browser: Browser, service: Service, width: int, scheme: str, lang: str
) -> None:
    page = await open_page(
        await phone(browser, width, color_scheme=scheme), f"{service.address}/?lang={lang}"
    )
    await say(page, "criteria of a cultured family" if lang == "en" else "tiêu chí gia đình văn hóa")
    await heard(page, "86/2023/NĐ-CP")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.emulate_media(reduced_motion="reduce", color_scheme=scheme)  # type: ignore[arg-type]
    await asyncio.sleep(0.5)  # colours that are still fading in have no contrast yet
    tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    results = await Axe().run(page, options=tags)
    assert results.violations_count == 0, results.generate_report()


async def test_the_keyboard_alone_is_enough(browser: Browser, service: Service) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await open_page(context, service.address)
    await page.focus("#text")
    await page.keyboard.type("xin chào")
    await page.keyboard.press("Enter")
    await heard(page, "Chào anh/chị")
    await page.keyboard.type("menu")
    await page.keyboard.press("Enter")
    await expect(page.locator(".turn.own")).to_have_count(2)


async def test_the_first_visit_is_light(
    browser: Browser, service: Service, free_ports: Callable[[int], list[int]]
) -> None:
    context = await phone(browser)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    await page.goto(service.address, wait_until="networkidle")
    assert len(loaded) >= 4 and sum(loaded) <= 100_000
