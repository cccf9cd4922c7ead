"""The same talk as on the web, on Telegram: by polling and by webhook, on both databases."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image

from storage import attachments, feedback
from storage.files import Files
from storage.opening import open_database
from tests import make
from tests.fakes.telegram import Telegram, telegram
from tests.stories.phone import Phone, keyboard, until
from tests.stories.service import Service

TOKEN = "424242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SECRET = "hook-secret"


def environment(stub: Telegram, mode: str, port: int) -> dict[str, str]:
    return {
        "NEPSONG_KEYS_RING": make.RING,
        "NEPSONG_CHANNELS_TELEGRAM_ENABLED": "true",
        "NEPSONG_CHANNELS_TELEGRAM_TOKEN": TOKEN,
        "NEPSONG_CHANNELS_TELEGRAM_API_URL": stub.url,
        "NEPSONG_CHANNELS_TELEGRAM_MODE": mode,
        "NEPSONG_CHANNELS_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "NEPSONG_SERVICE_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


class World:
    """A service and the Telegram it talks to."""

    def __init__(self, stub: Telegram, service: Service, url: str, folder: Path) -> None:
        self.stub, self.service, self.url, self.folder = stub, service, url, folder

    def phone(self, person: int = 7) -> Phone:
        return Phone(self.stub, person)

    def kept(self) -> list[tuple[feedback.Feedback, list[attachments.Kept]]]:
        database = open_database(self.url or f"sqlite:///{self.folder / 'nepsong.db'}", make.ring())
        database.open()
        try:
            told = database.ask(lambda db: feedback.newest(db, 10)).result()
            return [
                (what, database.ask(lambda db, id=id: attachments.of_feedback(db, id)).result())  # type: ignore[misc]
                for id, _, what in told
            ]
        finally:
            database.close()


@asynccontextmanager
async def world(mode: str, url: str, folder: Path, port: int) -> AsyncIterator[World]:
    async with telegram(token=TOKEN) as stub:
        async with Service(url, folder, port, **environment(stub, mode, port)) as service:
            if mode == "webhook":
                await until(lambda: any(c["method"].lower() == "setwebhook" for c in stub.sent))
            yield World(stub, service, url, folder)
            await service.stop()
        assert TOKEN.encode() not in service.log and b"Traceback" not in service.log, service.log.decode()


@pytest.fixture(params=["polling", "webhook"])
async def here(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path, free_port: int
) -> AsyncIterator[World]:
    async with world(request.param, sqlite_url, tmp_path, free_port) as made:
        yield made


def picture(colour: str = "red", size: tuple[int, int] = (80, 60)) -> str:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "nơi ở của tôi"
    Image.new("RGB", size, colour).save(out, "JPEG", exif=exif)
    return base64.b64encode(out.getvalue()).decode()


async def test_questions_menu_language_and_deep_link(here: World) -> None:
    man = here.phone()
    assert "Nếp Sống" in await man.says("/start") and "Phản ánh việc chưa đẹp" in man.labels()
    assert "Phụ lục I" in await man.says("tieu chi gia dinh van hoa la j")
    assert "113" in await man.says("/khancap") and "114" in man.messages()[-1]["params"]["text"]
    await man.presses("Xem các mục")
    await man.presses("English")
    assert "Report a problem" in man.labels()
    assert "tiếng Việt" in await man.says("/tiengviet")
    woman = here.phone(8)
    await woman.hears(await woman.does(start="theme_hotlines"))
    heard = "\n".join(m["params"]["text"] for m in woman.messages())
    assert "Nếp Sống" in heard and len(woman.messages()) == 2


async def test_a_feedback_with_an_album_an_edit_and_old_buttons(here: World) -> None:
    man = here.phone()
    await man.says("góp ý")
    told = await man.does(text="nut bam nho qua")
    assert "liên hệ" in await man.hears(told)
    (message,) = told["message_ids"]
    heard = await man.hears(await man.does(edit={"message_id": message, "text": "nút bấm hơi nhỏ"}))
    assert "liên hệ" in heard
    album = [{"content_base64": picture("red"), "caption": ""}, {"content_base64": picture("blue")}]
    heard = await man.hears(await man.does(album=album), count=2)
    assert "2 tệp" in heard and heard.count("liên hệ") == 1  # one turn
    old = keyboard(man.messages()[-1])[0][0]["callback_data"]
    summary = await man.presses("Không cần liên hệ")
    assert "nút bấm hơi nhỏ" in summary and "Gửi kèm: 2 tệp" in summary
    assert "Cảm ơn" in await man.presses("Gửi góp ý")
    number = man.messages()[-1]["result"]["message_id"]
    assert "không dùng được nữa" in await man.hears(await man.does(press={"message_id": number, "data": old}))
    await until(lambda: (kept := here.kept()) and len(kept[0][1]) == 2)
    kept = here.kept()
    what, files = kept[0]
    assert what.what == "nút bấm hơi nhỏ" and {f.mime for f in files} == {"image/jpeg"}
    content = Files(here.folder / "files", make.ring()).read(files[0].file)
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.size == (80, 60) and not opened.getexif()
    answered = [c for c in here.stub.sent if c["method"].lower() == "answercallbackquery"]
    assert len(answered) == 3


async def test_an_edit_of_what_is_answered_gets_a_note(here: World) -> None:
    man = here.phone()
    told = await man.does(text="vứt rác phạt bao nhiêu")
    await man.hears(told)
    heard = await man.hears(await man.does(edit={"message_id": told["message_ids"][0], "text": "vứt rác"}))
    assert "vừa sửa" in heard


async def test_what_is_no_words(here: World) -> None:
    man = here.phone()
    assert "vị trí" in await man.hears(await man.does(location={"latitude": 15.1, "longitude": 108.8}))
    assert "tin nhắn thoại" in await man.hears(
        await man.does(voice={"content_base64": base64.b64encode(b"OggS").decode()})
    )
    assert "chưa giữ lại" in await man.hears(await man.does(photo={"content_base64": picture()}))
    assert "bằng chữ" in await man.hears(await man.does(sticker={}))


async def test_files_that_cannot_be_kept_are_declined_in_words(here: World) -> None:
    man = here.phone()
    await man.says("góp ý")
    large = {"content_base64": base64.b64encode(b"%PDF-1.4").decode(), "file_name": "a.pdf",
             "mime_type": "application/pdf", "file_size": 30_000_000}  # fmt: skip
    assert "20 MB" in await man.hears(await man.does(document=large))
    broken = {"content_base64": base64.b64encode(base64.b64decode(picture())[:200]).decode()}
    await man.does(photo=broken)
    await until(lambda: any("hỏng" in str(m["params"].get("text")) for m in man.messages()))


async def test_blocked_and_back(here: World) -> None:
    man = here.phone()
    await man.says("xin chào")
    await man.does(blocked=True)
    await man.does(blocked=False)
    assert "Nếp Sống" in await man.says("menu")


async def test_everything_is_erased_on_a_wish(here: World) -> None:
    man = here.phone()
    await man.says("góp ý")
    await man.does(photo={"content_base64": picture(), "caption": "chữ nhỏ"})
    await man.hears(None, 2)
    await man.presses("Không cần liên hệ")
    await man.presses("Gửi góp ý")
    await until(lambda: here.kept() and here.kept()[0][1])
    await man.says("xóa cuộc trò chuyện")
    assert "đã xóa hết" in await man.presses("Xóa hết")
    assert here.kept() == []
    await until(lambda: not [f for f in (here.folder / "files").rglob("*") if f.is_file()])


async def test_commands_are_set_per_language(here: World) -> None:
    await until(lambda: len([c for c in here.stub.sent if c["method"].lower() == "setmycommands"]) == 3)
    sets = [c["params"] for c in here.stub.sent if c["method"].lower() == "setmycommands"]
    assert {s.get("language_code") for s in sets} == {None, "vi", "en"}


async def post(address: str, body: bytes | io.BytesIO, secret: str | None = SECRET) -> int:
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    async with (
        ClientSession() as http,
        http.post(f"{address}/hooks/telegram", data=body, headers=headers) as r,
    ):
        return r.status


async def test_bad_posts(sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"},
              "from": {"id": 7, "is_bot": False, "first_name": "A"}, "text": "xin chào"}}  # fmt: skip
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        where = here.service.address
        whole = json.dumps(make.of_telegram(update)).encode()
        assert await post(where, whole, None) == 403
        assert await post(where, whole, "wrong") == 403
        assert await post(where, whole, "ẩn") == 403
        assert await post(where, whole[:-9]) == 200  # ours, unreadable: kept
        assert await post(where, io.BytesIO(b"x" * 5_000_000)) == 413
        assert await post(where, json.dumps({**update, "update_id": 2**63}).encode()) == 200
        assert await post(where, b'{"update_id": 4, "purchased_paid_media": {}}') == 200
        here.stub.chats[7] = {"id": 7, "type": "private", "first_name": "A"}
        for _ in range(2):
            assert await post(where, whole) == 200
        assert (await here.phone().hears(None)).count("Chào anh/chị") == 1
        _, out, _ = await here.service.command("queues", "--json")
        assert json.loads(out)["inbox"]["parked"] == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"code": 403, "description": "Forbidden: bot was blocked by the user"}, "blocked"),
        ({"code": 403, "description": "Forbidden: user is deactivated"}, "deactivated"),
        ({"code": 400, "description": "Bad Request: chat not found"}, "chat not found"),
    ],
)
async def test_refusals_are_seen_by_staff(
    fault: dict[str, Any], reason: str, sqlite_url: str, tmp_path: Path, free_port: int
) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        here.stub.faults.append({"method": "sendMessage", "times": 1, **fault})
        await here.phone().does(text="xin chào")
        async with asyncio.timeout(10):
            while True:
                _, out, _ = await here.service.command("queues", "--json")
                if refused := json.loads(out)["refused"]:
                    break
        assert refused[0]["reason"] == reason


@pytest.mark.parametrize(
    "fault",
    [
        {"code": 429, "retry_after": 1, "times": 1},
        {"code": 502, "times": 1},
        {"drop": True, "times": 1},
    ],
)
async def test_trouble_that_passes(
    fault: dict[str, Any], sqlite_url: str, tmp_path: Path, free_port: int
) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        here.stub.faults.append({"method": "sendMessage", **fault})
        assert "Nếp Sống" in await here.phone().says("xin chào")


@pytest.mark.parametrize("met", [False, True])
async def test_a_moved_chat_is_followed(met: bool, sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        moved = {
            "code": 400,
            "migrate_to_chat_id": 991,
            "description": "Bad Request: group chat was upgraded",
        }
        here.stub.faults.append({"method": "sendMessage", "chat_id": 7, **moved})
        there = here.phone(991)
        here.stub.chats[991] = {"id": 991, "type": "private", "first_name": "An"}
        if met:
            await there.says("xin chào")
        await here.phone(7).does(text="cảm ơn")
        await there.hears(None)
        assert len([c for c in here.stub.calls if str(c["chat_id"]) == "7"]) == 1


async def test_typing_while_an_answer_takes_long(sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        man = here.phone()
        album = [{"content_base64": picture()}, {"content_base64": picture()}]
        await man.does(album=album)  # an album is given 1.2 seconds to be whole
        await man.hears(None)
        assert any(c["method"].lower() == "sendchataction" for c in here.stub.calls)


async def test_on_postgresql(
    postgres_url: str, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    (port,) = free_ports(1)
    async with world("webhook", postgres_url, tmp_path, port) as here:
        man = here.phone()
        await man.says("góp ý")
        await man.does(photo={"content_base64": picture(), "caption": "chữ nhỏ"})
        await man.hears(None, 2)
        await man.presses("Không cần liên hệ")
        assert "Cảm ơn" in await man.presses("Gửi góp ý")
        await until(lambda: (kept := here.kept()) and bool(kept[0][1]))
        here.kept()


async def test_switched_off_there_is_no_trace(address: str) -> None:
    async with ClientSession() as http, http.post(f"{address}/hooks/telegram") as response:
        assert response.status == 404


async def test_a_file_that_is_gone_is_told(sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here:
        man = here.phone()
        await man.says("góp ý")
        here.stub.faults.append(
            {"method": "getFile", "code": 400, "description": "Bad Request: wrong file_id or the file is temporarily unavailable"}
        )  # fmt: skip
        await man.does(photo={"content_base64": picture()})
        await until(lambda: any("không tải về được" in str(m["params"].get("text")) for m in man.messages()))


async def test_the_token_is_on_no_page_and_in_no_metric(
    sqlite_url: str, tmp_path: Path, free_port: int
) -> None:
    async with world("webhook", sqlite_url, tmp_path, free_port) as here, ClientSession() as http:
        here.stub.faults.append({"method": "sendMessage", "times": 2, "drop": True})
        await here.phone().says("xin chào")
        for path in ("/", "/metrics", "/readyz", "/healthz", "/hooks/telegram", f"/bot{TOKEN}/getMe"):
            async with http.get(f"{here.service.address}{path}") as response:
                told = await response.text()
                assert TOKEN not in told and SECRET not in told


async def test_two_processes_poll_as_one(
    postgres_url: str, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    async with telegram(token=TOKEN) as stub:
        one, two = (
            Service(postgres_url, tmp_path, port, **environment(stub, "polling", port))
            for port in free_ports(2)
        )
        async with one, two:
            men = [Phone(stub, number) for number in (7, 8, 9)]
            for man in men:
                assert "112" in await man.says("112 là số gì")
            await one.kill()
            for man in men:
                assert "112" in await man.says("112 là số gì")
            await one.start()
        assert not [c for c in stub.calls if "Conflict" in c.get("error", "")]
