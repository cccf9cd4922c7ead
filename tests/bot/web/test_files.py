"""Files through the chat page's door: sealed, bounded, and nobody else's."""

import asyncio
import contextlib
import io
import json
import os
import struct
import tracemalloc
import uuid
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession
from msgspec.structs import replace
from PIL import Image
from sqlalchemy import Connection, select

from bot import app
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from bot.web import files as door
from bot.web.parts import Parts
from handlers.clock import sweep
from storage import attachments, conversations, inbox, staged
from storage.database import Database
from storage.files import Files
from tests import make
from tests.stories.citizen import Citizen

RAW = {"Content-Type": "application/octet-stream"}
TEXT = b"Khong phai anh dau ba con oi. " * 30


class Service:
    """A whole service in this process, and its folder."""

    def __init__(self, parts: Parts, address: str) -> None:
        self.parts, self.address = parts, address

    def on_disk(self) -> list[Path]:
        folder = self.parts.settings.service.data_dir / "files"
        return [file for file in folder.rglob("*") if file.is_file()]

    async def rows(self) -> list[str]:
        return await self.parts.database.read(statuses)

    async def kept(self) -> list[str]:
        """What became of the attachments, in their order."""
        c = attachments.attachments.c
        wanted = select(c.status, c.kind, c.reason).order_by(c.id)
        found = await self.parts.database.read(lambda db: db.execute(wanted).all())
        return [f"{status}:{kind if status == 'kept' else reason}" for status, kind, reason in found]

    async def settled(self, *outcomes: str) -> None:
        """Waits until the attachments are what they should be, and nothing of the uploads is left."""
        for _ in range(500):
            if await self.kept() == list(outcomes) and not await self.rows():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{await self.kept()} {await self.rows()}")


def statuses(db: Connection) -> list[str]:
    return list(db.execute(select(staged.staged.c.status).order_by(staged.staged.c.id)).scalars())


@contextlib.asynccontextmanager
async def running(settings: Settings, database: Database, signals: Signals) -> AsyncIterator[Service]:
    async with (
        app.running(settings, make.the_catalog(), database, signals, Metrics()) as parts,
        app.listening(parts) as address,
    ):
        yield Service(parts, address)


@pytest.fixture
async def service(url: str, settings: Callable[..., Settings]) -> AsyncIterator[Service]:
    ours, signals = settings(url), Signals()
    with app.opened(ours, app.Watch(signals, Metrics())) as opened:
        async with running(ours, opened, signals) as made:
            yield made


@pytest.fixture
async def man(service: Service) -> AsyncIterator[Citizen]:
    async with Citizen(service.address) as citizen:
        yield citizen


def photo(size: tuple[int, int] = (400, 300), format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, format, **options)
    return out.getvalue()


async def upload(man: Citizen, content: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    where = f"{man.address}/chat/files"
    async with man.http.post(where, data=content, headers={**RAW, **headers}) as response:
        return response.status, await response.json()


async def token_of(man: Citizen, content: bytes) -> str:
    status, told = await upload(man, content)
    assert status == 200
    return str(told["token"])


async def send(man: Citizen, *files: tuple[str, str], text: str = "", key: str | None = None) -> int:
    named = [{"token": token, "type": type} for token, type in files]
    body = {"key": key or str(uuid.uuid4()), "text": text, "files": named}
    async with man.http.post(f"{man.address}/chat/messages", json=body) as response:
        if response.status >= 400:
            assert len((await response.json())["error"]) > 20
        return response.status


async def heard(man: Citizen, text: str) -> None:
    for _ in range(500):
        if any(text in str(message["text"]) for message in await man.messages()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{text} not in {await man.messages()}")


async def test_photos_and_files_take_telegrams_road(service: Service, man: Citizen) -> None:
    await man.says("góp ý")
    sent = {
        "image/jpeg": photo(exif=make_exif()),
        "image/webp": photo(format="WEBP"),
        "image/heic": make.HEIC,
        "application/pdf": b"%PDF-1.7 " * 99,
        "audio/ogg": b"OggS\0" + os.urandom(999),
    }
    named = [(await token_of(man, content), type) for type, content in sent.items()]
    assert await send(man, *named) == 200
    await heard(man, "nhận đủ 5 tệp")
    await service.settled(*["kept:picture"] * 3, "kept:document", "kept:sound")
    await until_left(service, [], 5)  # the uploads themselves are gone
    files = service.parts.files
    kept = [files.read(file.name) for file in service.on_disk()]
    assert not any(b"Exif" in content for content in kept)
    assert not any(content[:200] in file.read_bytes() for file in service.on_disk() for content in kept)


def make_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = "nha ong Bay o xom 3"
    return exif


def claiming(side: int) -> bytes:
    """A small PNG that says it is so many pixels wide and high."""
    png = photo((60, 40), "PNG")
    head = b"IHDR" + struct.pack(">II", side, side) + png[24:29]
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]


@pytest.mark.parametrize(
    ("content", "type", "outcome"),
    [
        (TEXT, "image/jpeg", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/svg+xml", "type"),
        (photo()[:900], "image/jpeg", "broken"),
        (claiming(30_000), "image/png", "bomb"),
        (b"\xff\xd8\xff\xe0" + os.urandom(5_000), "image/jpeg", "broken"),
        (b"PK\3\4" + os.urandom(500), "image/png", "type"),
        (b"MZ" + os.urandom(500), "image/heic", "type"),
    ],
)  # fmt: skip
async def test_what_calls_itself_a_picture_and_is_none_is_declined_kindly(
    service: Service, man: Citizen, content: bytes, type: str, outcome: str
) -> None:
    await man.says("góp ý")
    assert await send(man, (await token_of(man, content), type)) == 200
    await service.settled(f"lost:{outcome}")
    say = make.the_catalog().speaker("vi")
    await heard(man, say(f"files.lost.{outcome}"))
    await until_left(service, [])


async def test_a_picture_that_is_something_else_too_becomes_a_picture_only(
    service: Service, man: Citizen
) -> None:
    await man.says("góp ý")
    assert await send(man, (await token_of(man, photo() + b"PK\3\4<script>evil"), "image/jpeg")) == 200
    await service.settled("kept:picture")
    (file,) = service.on_disk()
    assert b"evil" not in service.parts.files.read(file.name)


async def test_the_first_visitor_is_known_from_the_file_on(service: Service, man: Citizen) -> None:
    token = await token_of(man, photo())
    (cookie,) = man.http.cookie_jar
    assert len(cookie.value) == 43 and cookie["httponly"] and cookie["samesite"] == "Lax"
    assert await send(man, (token, "image/jpeg"), text="góp ý chữ to dễ đọc") == 200
    await service.settled("kept:picture")
    assert [c.value for c in man.http.cookie_jar] == [cookie.value]


async def test_a_cookie_that_we_did_not_make_is_replaced(service: Service) -> None:
    forged = {**RAW, "Cookie": f"nepsong={'a' * 43}"}
    async with (
        ClientSession() as http,
        http.post(f"{service.address}/chat/files", data=b"x", headers=forged) as response,
    ):
        assert response.status == 200 and response.cookies["nepsong"].value != "a" * 43


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "image/jpeg"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({**RAW, "Origin": "https://evil.example"}, 403),
        ({**RAW, "Origin": "null"}, 403),
    ],
)
async def test_other_posts_than_the_pages_are_turned_away(
    service: Service, headers: dict[str, str], status: int
) -> None:
    async with (
        ClientSession() as http,
        http.post(f"{service.address}/chat/files", data=b"x", headers=headers) as response,
    ):
        assert response.status == status and "Set-Cookie" not in response.headers
        assert len((await response.json())["error"]) > 20
    assert service.on_disk() == [] and await service.rows() == []


async def test_an_empty_file_is_told_so(service: Service, man: Citizen) -> None:
    status, told = await upload(man, b"")
    assert status == 400 and "trống" in told["error"]
    assert service.on_disk() == [] and await service.rows() == []


@pytest.mark.parametrize("announced", [True, False])
async def test_more_than_fifteen_megabytes_are_refused(
    service: Service, man: Citizen, announced: bool
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 100_000

    content: Any = io.BytesIO(b"x" * 15_000_001) if announced else body()
    try:
        status, told = await upload(man, content)
        assert status == 413 and "15 MB" in told["error"]
    except ClientConnectionError:
        pass  # we hung up in the middle, as one may
    assert service.on_disk() == [] and await service.rows() == []
    assert (await upload(man, io.BytesIO(os.urandom(15_000_000))))[0] == 200


async def test_an_upload_that_breaks_off_leaves_nothing(service: Service) -> None:
    host, port = service.address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /chat/files HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000000\r\n"
    writer.write(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + b"x" * 300_000)
    await writer.drain()
    for _ in range(200):
        if service.on_disk() and service.parts.uploading:
            break
        await asyncio.sleep(0.01)
    assert service.parts.uploading.total() == 1
    writer.close()
    for _ in range(200):
        if not service.on_disk() and not service.parts.uploading:
            break
        await asyncio.sleep(0.01)
    assert service.on_disk() == [] and not service.parts.uploading and await service.rows() == []


async def test_a_body_that_stands_still_is_ended_and_a_slow_one_is_not(
    service: Service, man: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PATIENCE_S", 0.5)
    still = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await still.wait()

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x" * 70_000
            await asyncio.sleep(0.15)

    try:
        status, told = await upload(man, stalled())
        assert status == 408 and "Thử lại" in told["error"]
    except ClientConnectionError:
        pass
    still.set()
    assert service.on_disk() == [] and not service.parts.uploading
    assert (await upload(man, slow()))[0] == 200  # 1.2 seconds in all, but never 0.5 without progress


async def test_a_visitor_sends_few_at_once_and_keeps_few(
    service: Service, man: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await man.says("xin chào")
    go = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 100
        await go.wait()

    open_ones = [asyncio.create_task(upload(man, body())) for _ in range(door.EACH)]
    while service.parts.uploading.total() < door.EACH:  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0.01)
    status, told = await upload(man, b"x")
    assert status == 429 and "Thử lại" in told["error"]
    go.set()
    assert [status for status, _ in await asyncio.gather(*open_ones)] == [200] * door.EACH
    first = await token_of(man, b"first")
    tokens = [await token_of(man, b"x") for _ in range(door.UNSENT)]
    assert await send(man, (first, "")) == 410  # an older one made room
    await until_left(service, ["unsent"] * door.UNSENT)
    assert await send(man, *((token, "") for token in tokens[:10])) == 200


async def test_all_visitors_together_cannot_fill_the_disk(
    service: Service, man: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    await token_of(man, b"x" * 1_000)
    for most in (replace(door.MOST, bytes=1_000), replace(door.MOST, files=1)):
        monkeypatch.setattr(door, "MOST", most)
        async with Citizen(service.address) as stranger:
            assert (await upload(stranger, b"x"))[0] == 429
    monkeypatch.setattr(door, "AT_ONCE", 0)
    monkeypatch.setattr(door, "MOST", replace(most, files=9))
    assert (await upload(man, b"x"))[0] == 429


async def test_only_its_own_visitor_can_send_a_file_and_once(service: Service, man: Citizen) -> None:
    await man.says("góp ý")
    token, key = await token_of(man, photo()), str(uuid.uuid4())
    async with Citizen(service.address) as thief, Citizen(service.address) as unknown:
        await thief.says("góp ý")
        for stranger in (thief, unknown):
            assert await send(stranger, (token, "image/jpeg"), text="của tôi") == 410
        assert not [c for c in unknown.http.cookie_jar]
    assert await send(man, (token, "image/jpeg"), ("0" * 32, "image/jpeg")) == 410  # all or nothing
    assert (
        await send(man, (token, "image/jpeg"), (token, "image/jpeg"), key=key) == 200
    )  # named twice is once
    assert await send(man, (token, "image/jpeg"), key=key) == 200  # the same post again
    assert await send(man, (token, "image/jpeg")) == 410
    await service.settled("kept:picture")
    assert await send(man, (token, "image/jpeg"), key=key) == 200
    assert await send(man, (token, "image/jpeg")) == 410
    await service.settled("kept:picture")


@pytest.mark.parametrize(
    "files",
    [
        [{"token": "../keys", "type": ""}],
        [{"token": "a" * 31 + "\n"}],
        [{"type": "image/png"}],
        [{"token": 5}],
        "a" * 32,
        [{"token": f"{n:032x}"} for n in range(11)],
    ],
)
async def test_names_that_we_never_gave_are_no_message(service: Service, man: Citizen, files: Any) -> None:
    body = json.dumps({"key": str(uuid.uuid4()), "text": "x", "files": files})
    headers = {"Content-Type": "application/json"}
    async with man.http.post(f"{service.address}/chat/messages", data=body, headers=headers) as response:
        assert response.status == 400


async def test_what_no_flow_takes_is_not_kept(service: Service, man: Citizen) -> None:
    await send(man, (await token_of(man, photo()), "image/jpeg"))
    await heard(man, "chưa giữ lại")
    unsent = await token_of(man, photo())
    assert await service.rows() == ["sent", "unsent"]
    now = app.clock()
    await service.parts.database.write(sweep.sweep, {}, now + sweep.UNTAKEN_MS + 1_000, make.the_catalog())
    await until_left(service, ["unsent"])
    await service.parts.database.write(sweep.sweep, {}, now + sweep.STAGED_MS + 1_000, make.the_catalog())
    await until_left(service, [])
    assert await send(man, (unsent, "image/jpeg")) == 410


async def until_left(service: Service, rows: list[str], attached: int = 0) -> None:
    for _ in range(200):
        if await service.rows() == rows and len(service.on_disk()) == len(rows) + attached:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{await service.rows()} {service.on_disk()}")


async def test_what_waits_for_its_answer_is_never_swept(
    database: Database, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The message stands in the inbox, and nobody answers for a month."""
    files = Files(tmp_path / "files", database.ring)
    incoming = make.incoming()

    def sent(db: Connection) -> bool:
        person = conversations.meet(db, "webchat", "an", "vi", make.NOW, keep_address=False)
        inbox.keep(db, incoming, make.NOW, language="vi", keep_address=False)
        staged.add(db, person, name, 9, make.NOW, most=9)
        return staged.send(db, person, [name])

    name = files.keep(b"x" * 9)
    assert await database.write(sent)
    later = make.NOW + 40 * 86_400_000
    assert await database.write(staged.sweep, later, later, 9) == 0
    assert await database.read(statuses) == ["sent"]
    await database.write(lambda db: inbox.park(db, 1, "ValueError"))
    assert await database.write(staged.sweep, later, later, 9) == 0
    await database.write(lambda db: inbox.erase(db, 1))
    assert await database.write(staged.sweep, later, later, 9) == 1


async def test_forgetting_takes_uploads_along(service: Service, man: Citizen) -> None:
    await token_of(man, photo())
    async with man.http.post(f"{service.address}/chat/forget", json={}) as response:
        assert response.status == 200
    await until_left(service, [])


async def test_a_full_disk_is_told_and_leaves_nothing(
    service: Service, man: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    await man.says("xin chào")
    monkeypatch.setattr("storage.files.os.fsync", full)
    status, told = await upload(man, photo())
    monkeypatch.setattr("storage.files.os.fsync", real)
    assert status == 503 and told["error"]
    assert service.on_disk() == [] and await service.rows() == []


async def test_an_upload_that_was_spoilt_is_told(service: Service, man: Citizen) -> None:
    await man.says("góp ý")
    token = await token_of(man, photo())
    (file,) = service.on_disk()
    file.write_bytes(file.read_bytes()[:-1])
    assert await send(man, (token, "image/jpeg")) == 200
    await service.settled("lost:spoilt")
    await heard(man, "Có tệp tôi không tải về được")


async def test_two_processes_share_the_folder(postgres_url: str, settings: Callable[..., Settings]) -> None:
    """Uploaded at one, sent at the other, fetched by either."""
    ours = settings(postgres_url)
    with app.opened(ours) as one, app.opened(ours) as two:
        async with (
            running(ours, one, Signals()) as first,
            running(ours, two, Signals()) as second,
            Citizen(first.address) as man,
        ):
            await man.says("góp ý")
            token = await token_of(man, photo())
            man.address = second.address
            assert await send(man, (token, "image/jpeg")) == 200
            await heard(man, "nhận đủ 1 tệp")
            await second.settled("kept:picture")
    assert len(first.on_disk()) == 1


async def test_one_upload_takes_little_memory(service: Service, man: Citizen) -> None:
    """A piece at a time: of fifteen megabytes a few are held, by the browser of this test among others."""
    content = io.BytesIO(os.urandom(15_000_000))
    await man.says("xin chào")
    tracemalloc.start()
    assert (await upload(man, content))[0] == 200
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 7_500_000
