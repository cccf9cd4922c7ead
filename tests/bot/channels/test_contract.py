"""What every channel does alike, through a whole service; where one cannot, it says so in its facts."""

import asyncio
import base64
import contextlib
import io
import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import pytest
from aiohttp import ClientSession
from PIL import Image

from bot import app
from bot.channels import PULLED
from bot.channels.contract import Facts
from bot.channels.telegram.channel import PROOF_HEADER
from bot.channels.telegram.channel import Telegram as Channel
from bot.channels.terminal import writing
from bot.channels.terminal.channel import FACTS as TERMINAL
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from bot.web.parts import Parts
from storage import conversations, inbox, outbox
from storage.outbox import Reply
from storage.shapes import Choice, Incoming, Message, Said
from tests import make
from tests.fakes.telegram import Telegram, telegram
from tests.stories.citizen import Citizen
from tests.stories.phone import Phone, keyboard, until

TOKEN = "424242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
LONG = "Một câu vừa phải của bài dài. " * 400  # 12,000 characters
Make = Callable[..., Settings]


class Door(Protocol):
    """A channel as one of its people sees it."""

    facts: Facts

    async def say(self, text: str) -> None: ...
    async def again(self) -> None: ...
    async def press(self, token: str) -> None: ...
    async def garbage(self) -> None: ...
    async def heard(self) -> list[tuple[str, list[str]]]:
        """All that was heard, in order: text, and the tokens (or labels) of its buttons."""
        ...

    async def person(self) -> int: ...


class Browser:
    facts = PULLED[0]

    def __init__(self, parts: Parts, address: str) -> None:
        self.parts, self.citizen = parts, Citizen(address)
        self.last: dict[str, str] = {}

    async def say(self, text: str) -> None:
        self.last = {"key": str(uuid.uuid4()), "text": text}
        await self.again()

    async def again(self) -> None:
        assert await self.citizen.post(**self.last) == 200

    async def press(self, token: str) -> None:
        assert await self.citizen.post(choice=token) == 200

    async def attach(self, content: bytes) -> None:
        http, address = self.citizen.http, self.citizen.address
        raw = {"Content-Type": "application/octet-stream"}
        async with http.post(f"{address}/chat/files", data=content, headers=raw) as response:
            file = {"token": (await response.json())["token"], "type": "image/jpeg"}
        async with http.post(
            f"{address}/chat/messages", json={"key": str(uuid.uuid4()), "files": [file]}
        ) as r:
            assert r.status == 200

    async def garbage(self) -> None:
        for body in (b"", b"{", b"[]", b'{"key": 5}', b"\xff"):
            where = f"{self.citizen.address}/chat/messages"
            async with self.citizen.http.post(
                where, data=body, headers={"Content-Type": "application/json"}
            ) as r:
                assert r.status == 400

    async def heard(self) -> list[tuple[str, list[str]]]:
        found: list[Any] = await self.citizen.messages()
        return [(m["text"], [c["token"] for c in m["choices"]]) for m in found]

    async def person(self) -> int:
        (cookie,) = self.citizen.http.cookie_jar
        found = await self.parts.database.read(conversations.find, "webchat", cookie.value)
        assert found is not None
        return found


class Terminal:
    facts = TERMINAL

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.last: Incoming | None = None

    async def _keep(self, said: Said) -> None:
        self.last = Incoming("terminal", "local:an", str(uuid.uuid4()), app.clock(), said)
        await self.again()

    async def say(self, text: str) -> None:
        await self._keep(Said(text))

    async def again(self) -> None:
        assert self.last is not None
        await self.parts.database.write(inbox.keep, self.last, app.clock(), language="vi", keep_address=False)

    async def press(self, token: str) -> None:
        """There is nothing to press: the number of the line is typed."""
        shown = await self.parts.database.read(outbox.show, await self.person(), 0)
        names = [choice.name for choice in shown[-1].message.choices]
        await self.say(f"{names.index(token) + 1}")

    async def garbage(self) -> None:
        await self.say("\0\ud800".encode(errors="replace").decode())

    async def heard(self) -> list[tuple[str, list[str]]]:
        shown = await self.parts.database.read(outbox.show, await self.person(), 0)
        for s in shown:
            written = writing.write([s])
            assert s.message.text in written and all(c.label in written for c in s.message.choices)
        return [(s.message.text, [c.name for c in s.message.choices]) for s in shown]

    async def person(self) -> int:
        found = await self.parts.database.read(conversations.find, "terminal", "local:an")
        assert found is not None
        return found


class Handset:
    def __init__(self, parts: Parts, stub: Telegram, address: str) -> None:
        self.parts, self.stub, self.address = parts, stub, address
        self.facts = parts.hearing["telegram"].facts
        self.phone = Phone(stub)
        self.update: dict[str, Any] = {}

    async def say(self, text: str) -> None:
        await self.phone.does(text=text)
        message = next(
            m
            for (_, _), m in reversed(self.stub.messages.items())
            if m["from"]["id"] == self.phone.person["id"]
        )
        self.update = {"update_id": 10**6, "message": message}

    async def again(self) -> None:
        """The webhook's own second delivery: under the same number."""
        for _ in range(2):
            assert await self._post(json.dumps(self.update).encode()) == 200

    async def _post(self, body: bytes) -> int:
        secret = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}
        where = f"{self.address}/hooks/telegram"
        async with ClientSession() as http, http.post(where, data=body, headers=secret) as response:
            return response.status

    async def press(self, token: str) -> None:
        message = next(m for m in reversed(self.phone.messages()) if keyboard(m))
        await self.phone.does(press={"message_id": message["result"]["message_id"], "data": token})

    async def garbage(self) -> None:
        for body in (b"", b"{", b"[]", b'{"update_id": "x"}', b"\xff"):
            assert await self._post(body) == 200  # it knows the secret: kept, for somebody to look at

    async def heard(self) -> list[tuple[str, list[str]]]:
        return [
            (m["params"].get("text", ""), [b["callback_data"] for row in keyboard(m) for b in row])
            for m in self.phone.messages()
        ]

    async def person(self) -> int:
        found = await self.parts.database.read(conversations.find, "telegram", "7")
        assert found is not None
        return found


@pytest.fixture(params=["webchat", "terminal", "telegram"])
async def door(
    request: pytest.FixtureRequest, sqlite_url: str, settings: Make, free_port: int
) -> AsyncIterator[Door]:
    async with telegram(token=TOKEN) as stub:
        section = {
            "enabled": True,
            "token": TOKEN,
            "api_url": stub.url,
            "mode": "webhook",
            "webhook_secret": "s3cret",
        }
        where = f"http://127.0.0.1:{free_port}"
        ours = settings(sqlite_url, channels={"telegram": section})
        service = ours.service.model_copy(update={"port": free_port, "public_url": where})
        ours = ours.model_copy(update={"service": service})
        signals, metrics = Signals(), Metrics()
        with app.opened(ours, app.Watch(signals, metrics)) as opened:
            async with (
                app.running(ours, make.the_catalog(), opened, signals, metrics) as parts,
                app.listening(parts) as address,
                contextlib.AsyncExitStack() as stack,
            ):
                if request.param == "webchat":
                    browser = Browser(parts, address)
                    await stack.enter_async_context(browser.citizen)
                    yield browser
                elif request.param == "terminal":
                    yield Terminal(parts)
                else:
                    await until(lambda: stub.webhook["url"])
                    yield Handset(parts, stub, address)


async def hear(door: Door, count: int) -> list[tuple[str, list[str]]]:
    for _ in range(500):
        with contextlib.suppress(AssertionError):  # nobody has spoken yet
            if len(found := await door.heard()) >= count:
                return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"never heard {count}: {await door.heard()}")


async def answered(door: Door) -> None:
    for _ in range(500):
        if not (await door.parts.database.read(inbox.counts)).waiting:  # type: ignore[attr-defined]
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never answered")


async def put(door: Door, *messages: Message, slot: str | None = None) -> None:
    person = await door.person()
    replies = [Reply(person, door.facts.name, message, app.clock(), slot=slot) for message in messages]
    await door.parts.database.write(outbox.put, replies)  # type: ignore[attr-defined]


async def test_text_and_choices(door: Door) -> None:
    await door.say("tieu chi gia dinh van hoa la gi")
    ((text, tokens), *_) = await hear(door, 1)
    assert "Phụ lục I" in text and "do/menu" in tokens
    await door.press("do/menu")
    assert "do/more" in (await hear(door, 2))[-1][1]


async def test_a_duplicate_is_answered_once(door: Door) -> None:
    await door.say("vứt rác phạt bao nhiêu")
    await hear(door, 1)
    before = len(await door.heard())
    await door.again()
    await door.say("112 là số gì")
    await hear(door, before + 1)
    await answered(door)
    same = 2 if door.facts.name == "telegram" else 1  # there the repeated number was new the first time
    assert len(await door.heard()) <= before + same


async def test_garbage_harms_nobody(door: Door) -> None:
    await door.say("cảm ơn")
    await hear(door, 1)
    await door.garbage()
    await answered(door)
    before = len(await door.heard())
    await door.say("112 là số gì")
    assert "112" in (await hear(door, before + 1))[-1][0]


async def test_a_long_text_arrives_whole(door: Door) -> None:
    await door.say("xin chào")
    await hear(door, 1)
    await answered(door)
    await asyncio.sleep(0.2)
    before = len(await door.heard())
    await put(door, Message(LONG, (Choice("do/menu", "Xem các mục"),)))
    await hear(door, before + 1)
    await until_whole(door, before)
    said = (await door.heard())[before:]
    assert " ".join("".join(text + " " for text, _ in said).split()) == LONG.strip()
    assert said[-1][1] == ["do/menu"] and not any(tokens for _, tokens in said[:-1])


async def until_whole(door: Door, before: int) -> None:
    for _ in range(300):
        if (await door.heard())[-1][1] == ["do/menu"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the buttons never came")


async def test_a_slot_is_replaced(door: Door) -> None:
    await door.say("xin chào")
    await hear(door, 1)
    await answered(door)
    await asyncio.sleep(0.2)
    before = len(await door.heard())
    await put(door, Message("Đang nhận 1 tệp"), slot="files")
    await hear(door, before + 1)
    await asyncio.sleep(0.2)
    await put(door, Message("Đã nhận đủ"), slot="files")
    if isinstance(door, Handset):
        await until(lambda: any(c["method"].lower() == "editmessagetext" for c in door.stub.sent))
        assert len(await door.heard()) == before + 1  # edited, not said again
    else:
        for _ in range(300):
            if (await door.heard())[-1][0] == "Đã nhận đủ":
                break
            await asyncio.sleep(0.02)
        assert [text for text, _ in (await door.heard())[before:]] == ["Đã nhận đủ"]


def photo() -> str:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


async def test_a_photo_is_taken_where_the_facts_say_so(door: Door) -> None:
    if isinstance(door, Terminal):
        assert door.facts.largest_file == 0  # its people cannot send files
        return
    assert door.facts.largest_file > 0
    await door.say("góp ý")
    await hear(door, 1)
    if isinstance(door, Handset):
        await door.phone.does(photo={"content_base64": photo()})
    else:
        assert isinstance(door, Browser)
        await door.attach(base64.b64decode(photo()))
    assert "1 tệp" in (await hear(door, 3))[1][0]


@pytest.mark.parametrize("fault", ["later", "refused", "unknown"])
async def test_what_a_provider_says_no_to(door: Door, fault: str) -> None:
    if not isinstance(door, Handset):
        assert door.facts.per_second == 0  # nothing is pushed: nobody can say no
        return
    codes: dict[str, dict[str, Any]] = {
        "later": {"code": 429, "retry_after": 1},
        "refused": {"code": 403, "description": "Forbidden: bot was blocked by the user"},
        "unknown": {"code": 400, "description": "Bad Request: something new"},
    }
    door.stub.faults.append({"method": "sendMessage", "times": 1, **codes[fault]})
    await door.say("112 là số gì")
    if fault == "later":
        assert "112" in (await hear(door, 1))[0][0]
        return
    for _ in range(500):
        if refused := await door.parts.database.read(outbox.refused):
            break
        await asyncio.sleep(0.02)
    assert [r.reason for r in refused] == [{"refused": "blocked", "unknown": "rejected"}[fault]]
    await door.say("xin chào")  # whoever writes can be reached
    assert await hear(door, 1)


async def test_photos_and_documents_are_uploaded_once(sqlite_url: str) -> None:
    from storage.outbox import Due
    from storage.shapes import Media, Pin

    uploads: list[str] = []

    def content(key: str) -> bytes:
        uploads.append(key)
        return base64.b64decode(photo())

    async with telegram(token=TOKEN) as stub:
        stub.chats[7] = {"id": 7, "type": "private", "first_name": "An"}
        channel = Channel(TOKEN, stub.url, "s", hook=None, polled=False, per_second=30, content=content)
        for kind in ("photo", "document"):
            message = Message("Ảnh đây", (Choice("do/menu", "Menu"),), media=Media(kind, kind, "a.jpg"))
            first = await channel.send("7", Due(1, 1, message, 1, None), 0)
            assert first.handle
            again = await channel.send("7", Due(2, 1, message, 1, None, handle=first.handle), 0)
            assert again.handle == first.handle
            stub.files.clear()  # Telegram forgot it: uploaded anew
            assert (await channel.send("7", Due(3, 1, message, 1, None, handle=first.handle), 0)).handle
        assert uploads == ["photo", "photo", "document", "document"]
        await channel.send("7", Due(4, 1, Message("Ở đây", pin=Pin(15.1, 108.8)), 1, None), 0)
        assert [c["method"] for c in stub.sent][-2:] == ["sendMessage", "sendLocation"]
        await channel.close()


async def test_a_secret_of_any_bytes_is_only_wrong() -> None:
    channel = Channel(
        TOKEN, "http://127.0.0.1:1", "s", hook=None, polled=False, per_second=1, content=lambda _: b""
    )
    for shown in ("", "x", "ẩn", "\udcff"):
        assert not channel.verify({PROOF_HEADER: shown})
    assert not channel.verify({})
    assert channel.verify({PROOF_HEADER: "s"})
