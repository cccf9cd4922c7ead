"""Pictures and files on the chat page, in a real browser as wide as a phone."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, CDPSession, Page, expect

from storage.files import Files
from tests import make
from tests.stories.service import Service
from tests.stories.test_page import browser, heard, open_page, phone, say

__all__ = ["browser"]  # the fixture

NAME = "anh_nha_ong_Bay_bimatkhongailamduoc.jpg"
MARK = b"bimatkhongailamduoc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def service(folder: Path, free_port: int) -> Service:
    service = Service("", folder, free_port, NEPSONG_KEYS_RING=make.RING)
    await service.start()
    return service


def picture(size: tuple[int, int] = (400, 300), quality: int = 90) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    out = io.BytesIO()
    small = Image.effect_noise((size[0] // 4, size[1] // 4), 90)
    small.resize(size).convert("RGB").save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


async def choose(page: Page, *files: tuple[str, str, bytes]) -> None:
    named = [{"name": name, "mimeType": type, "buffer": content} for name, type, content in files]
    await page.set_input_files("#files", named)  # type: ignore[arg-type]


async def line(page: Page, upload: int = -1, *, offline: bool = False) -> CDPSession:
    """A line of so many bytes a second."""
    session = await page.context.new_cdp_session(page)
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
    await session.send("Network.emulateNetworkConditions", conditions)
    return session


async def telling(page: Page) -> None:
    await say(page, "góp ý")
    await heard(page, "có gì hay")


async def test_two_photos_go_with_a_feedback_and_nothing_is_lost(
    browser: Browser, service: Service, folder: Path
) -> None:
    page = await open_page(await phone(browser), service.address)
    await telling(page)
    slow = await line(page, 60_000)
    large = picture((3200, 2400), 97)
    await choose(page, (NAME, "image/jpeg", large), ("b.jpg", "image/jpeg", picture()))
    await expect(page.locator("#tray progress:visible")).to_have_count(1)
    await expect(page.locator("#tray .thumb img")).to_have_count(1)
    await page.fill("#text", "đường xóm tôi đây")  # meanwhile the message can be typed
    await page.click("#send")
    await expect(page.locator("#tray-note")).to_contain_text("chờ tải xong")
    await slow.detach()
    await line(page)
    await expect(page.locator(".file[data-state=ready]")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.emulate_media(reduced_motion="reduce")
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    await page.click("#send")
    await heard(page, "nhận đủ 2 tệp")
    await expect(page.locator(".turn.own .enclosed img")).to_have_count(2)
    await expect(page.locator("#tray")).to_be_hidden()
    await page.reload()
    await expect(page.locator(".turn.own", has_text="đường xóm tôi đây")).to_contain_text("2 ảnh")
    await heard(page, "nhận đủ 2 tệp")
    stored = await page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert len(stored) < 5_000 and MARK.decode() not in stored
    await page.click("#turns .choice >> text=Không cần liên hệ")
    await heard(page, "Gửi kèm: 2 tệp")
    assert page.faults == []  # type: ignore[attr-defined]
    await service.kill()  # leaves the write-ahead log behind
    sealed(folder, service, large)


def sealed(folder: Path, service: Service, large: bytes) -> None:
    """No byte of a picture and no name stands anywhere unsealed, and what is kept was made anew."""
    held = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    files = Files(folder / "files", make.ring())
    kept = [files.read(file.name) for file in (folder / "files").rglob("*") if file.is_file()]
    assert len(kept) == 2
    sizes = {Image.open(io.BytesIO(content)).size for content in kept}
    assert sizes == {(2048, 1536), (400, 300)}  # the browser made the large one smaller
    assert max(map(len, kept)) < len(large) / 2
    for content in held:
        assert MARK not in content and b"Exif\0" not in content and b"JFIF\0" not in content
        assert not any(one[2000:2032] in content for one in (*kept, large))
    assert MARK not in service.log


async def test_what_is_no_picture_is_declined_kindly(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await telling(page)
    await choose(page, ("thu.jpg", "image/jpeg", b"day la chu, khong phai anh " * 20))
    await expect(page.locator(".file[data-state=ready]")).to_have_count(1)
    await page.click("#send")
    await heard(page, "mang tên ảnh")
    await service.stop()


async def test_what_cannot_be_uploaded_says_what_to_do(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser), service.address)
    await telling(page)
    lost = await line(page, offline=True)
    await choose(page, ("a.jpg", "image/jpeg", picture()))
    failed = page.locator(".file[data-state=failed]")
    await expect(failed).to_contain_text("xem lại mạng")
    await lost.detach()
    await line(page)
    retry = page.get_by_role("button", name="Thử lại")
    if await retry.is_visible():  # a browser that notices the line by itself was faster
        await retry.click()
    await expect(page.locator(".file[data-state=ready]")).to_have_count(1)
    await choose(
        page,
        ("phim.mp4", "video/mp4", b"x" * 15_000_001),
        ("trong.pdf", "application/pdf", b""),
        *((f"{n}.jpg", "image/jpeg", picture()) for n in range(9)),
    )
    await expect(page.locator("#tray-note")).to_contain_text("nhiều nhất 10 tệp")
    await expect(failed).to_have_count(2)
    await expect(failed.first).to_contain_text("15 MB")
    await expect(failed.last).to_contain_text("tệp trống")
    await expect(page.get_by_role("button", name="Thử lại")).to_have_count(0)  # it would not help
    for name in ("phim.mp4", "trong.pdf"):
        await page.get_by_role("button", name=f"Bỏ: {name}").click()
    await expect(page.locator(".file[data-state=ready]")).to_have_count(8)
    await page.click("#send")
    await heard(page, "nhận đủ 8 tệp")
    await service.stop()


async def test_an_upload_can_be_cancelled_and_a_reload_keeps_what_is_there(
    browser: Browser, service: Service, folder: Path
) -> None:
    page = await open_page(await phone(browser), service.address)
    await telling(page)
    await choose(page, ("a.jpg", "image/jpeg", picture()))
    await expect(page.locator(".file[data-state=ready]")).to_have_count(1)
    slow = await line(page, 20_000)
    await choose(page, ("b.pdf", "application/pdf", b"%PDF-1.7 " * 100_000))
    await expect(page.locator("#tray progress:visible")).to_have_count(1)
    await page.get_by_role("button", name="Bỏ: b.pdf").click()
    await expect(page.locator(".file")).to_have_count(1)
    await slow.detach()
    await line(page)
    await page.reload()
    await expect(page.locator(".file[data-state=ready]")).to_have_count(1)
    await page.click("#send")  # a message without a word
    await heard(page, "nhận đủ 1 tệp")
    await expect(page.locator(".turn.own", has_text="1 ảnh")).to_have_count(1)
    for _ in range(400):
        if len([file for file in (folder / "files").rglob("*") if file.is_file()]) == 1:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("what was cancelled is still there")
    await service.stop()


async def test_files_may_be_the_very_first_thing_pasted_or_dropped(
    browser: Browser, service: Service, free_ports: Callable[[int], list[int]]
) -> None:
    page = await open_page(await phone(browser, 1280), service.address)
    give = """([name, target, bytes]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], "x.jpg", {type: "image/jpeg"}));
      const options = {bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer};
      const event = name === "paste" ? new ClipboardEvent(name, options) : new DragEvent(name, options);
      document.querySelector(target).dispatchEvent(event);
    }"""
    await expect(page.locator("#attach")).to_be_visible()
    content = list(picture())
    await page.evaluate(give, ["paste", "#text", content])
    await page.evaluate(give, ["drop", "#log", content])
    await expect(page.locator(".file[data-state=ready]")).to_have_count(2)
    await page.fill("#text", "góp ý chữ to, dễ đọc")
    await page.click("#send")
    await heard(page, "nhận đủ 2 tệp")
    await service.stop()


async def test_the_keyboard_alone_opens_the_gallery(browser: Browser, service: Service) -> None:
    page = await open_page(await phone(browser, 1280), service.address)
    opened: list[bool] = []
    page.on("filechooser", lambda chooser: opened.append(chooser.is_multiple()))
    await expect(page.get_by_role("button", name="Gửi ảnh hoặc tệp")).to_be_visible()
    await page.focus("#text")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    for _ in range(100):
        if opened:
            break
        await asyncio.sleep(0.02)
    assert opened == [True]
    await service.stop()
