"""The stub, proven by clients that are not ours: aiogram (its models are the oracle of the JSON),
python-telegram-bot on its own transport, and grammY in Node; its page in a real browser."""

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import telegram as ptb
import telegram.error
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from aiohttp import ClientSession, FormData, web
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import async_playwright, expect

from tests.conftest import need
from tests.fakes.telegram import TOKEN, Telegram
from tests.fakes.telegram import telegram as running
from tests.stories.phone import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
GRAMMY = Path(__file__).parent / "grammy"
USER = {"id": 7, "first_name": "An", "language_code": "vi"}
PLACE = {"latitude": 15.1, "longitude": 108.8}
CONTENT = {"content_base64": base64.b64encode(b"abc").decode()}
Json = dict[str, Any]


def picture(size: tuple[int, int] = (400, 300)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "JPEG")
    return out.getvalue()


def encoded(content: bytes, **more: object) -> Json:
    return {"content_base64": base64.b64encode(content).decode(), **more}


@pytest.fixture
async def stub() -> AsyncIterator[Telegram]:
    async with running() as made:
        made.chat(7)
        yield made


@contextlib.asynccontextmanager
async def aiogram(stub: Telegram, token: str = TOKEN) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(stub.url))
    async with Bot(token, session=session) as bot:
        yield bot


@pytest.fixture
async def bot(stub: Telegram) -> AsyncIterator[Bot]:
    async with aiogram(stub) as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as made:
        yield made


def keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="a", callback_data=d)] for d in data]
    )


# what the world does

DONE: list[tuple[Json, int]] = [
    ({"text": "xin chào"}, 1),
    ({"start": "theme_hotlines"}, 1),
    ({"start": ""}, 1),
    ({"photo": encoded(picture(), caption="ảnh")}, 1),
    ({"photo": CONTENT}, 1),
    ({"album": [encoded(picture(), caption="ba ảnh"), CONTENT, CONTENT]}, 3),
    ({"document": {**CONTENT, "file_name": "a.pdf", "mime_type": "application/pdf", "caption": "đơn"}}, 1),
    ({"voice": CONTENT}, 1),
    ({"audio": {**CONTENT, "file_name": "a.mp3"}}, 1),
    ({"video": {**CONTENT, "mime_type": "video/mp4"}}, 1),
    ({"sticker": {}}, 1),
    ({"location": PLACE}, 1),
    ({"venue": {"location": PLACE, "title": "Chợ", "address": "xã"}}, 1),
    ({"contact": {"phone_number": "0905", "first_name": "An"}}, 1),
    ({"edit": {"message_id": 1, "text": "/menu sửa"}}, 1),
    ({"press": {"message_id": 1, "data": "do/menu"}}, 1),
    ({"press": {"message_id": 99_999, "data": "do/menu"}}, 1),
    ({"blocked": True}, 1),
    ({"blocked": False}, 1),
    ({"chat": {"id": -5, "title": "Tổ 3"}, "text": "xin chào"}, 1),
    ({"chat": {"id": -5}, "migrate": -1_000_000_000_005}, 2),
    ({"update": {"update_id": 77, "poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0,
      "is_closed": False, "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
      "allows_revoting": False, "members_only": False}}}, 1),
]  # fmt: skip


async def test_every_update_is_one_to_both_libraries(stub: Telegram) -> None:
    for what, count in DONE:
        told = await stub.inject({"user": USER, **what})
        assert len(told["update_ids"]) == count, what
    assert len(stub.pending) == sum(count for _, count in DONE)
    for update in stub.pending:
        seen = Update.model_validate(update)
        assert seen.event_type in update
        other = ptb.Update.de_json(update, None)
        assert other.update_id == update["update_id"] and not other.api_kwargs
    numbers = [u["update_id"] for u in stub.pending if "poll" not in u]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))  # rising by one


async def test_what_the_updates_say(stub: Telegram) -> None:
    for what in ({"start": "x"}, {"album": [CONTENT, CONTENT]}, {"photo": encoded(picture())}):
        await stub.inject({"user": USER, **what})
    start, one, two, photo = (u["message"] for u in stub.pending)
    assert start["text"] == "/start x"
    assert start["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert one["media_group_id"] == two["media_group_id"] and two["message_id"] == one["message_id"] + 1
    small, large = photo["photo"]
    assert (large["width"], large["height"]) == (400, 300) and small["width"] == 90
    assert stub.files[small["file_id"]].content != stub.files[large["file_id"]].content
    assert type(photo["date"]) is int and photo["from"]["is_bot"] is False


async def test_an_update_is_only_made_if_it_is_asked_for(stub: Telegram, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["message"])
    told = await stub.inject({"user": USER, "blocked": True})
    assert told["update_ids"] == [] and not stub.pending
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(7, "a")
    await stub.inject({"user": USER, "text": "lại đây"})  # who writes has unblocked
    assert await bot.send_message(7, "a")
    await bot.get_updates()  # kept until changed
    await stub.inject({"user": USER, "press": {"message_id": 1, "data": "a"}})
    assert [list(u)[1] for u in stub.pending] == ["message"]


# polling


async def test_polling_confirms_by_offset(stub: Telegram, bot: Bot) -> None:
    for text in ("một", "hai", "ba", "bốn"):
        await stub.inject({"user": USER, "text": text})

    async def texts(**asked: int) -> list[str | None]:
        return [u.message.text for u in await bot.get_updates(**asked) if u.message]

    first = stub.pending[0]["update_id"]
    assert await texts(limit=2) == await texts(limit=2) == ["một", "hai"]  # asking alone confirms nothing
    assert await texts(offset=first) == ["một", "hai", "ba", "bốn"]
    assert await texts(offset=first + 1) == ["hai", "ba", "bốn"]
    assert await texts() == ["hai", "ba", "bốn"]
    assert await texts(offset=-2) == ["ba", "bốn"]
    assert await texts() == ["ba", "bốn"]  # the rest was dropped
    assert await texts(offset=first + 4) == []


async def test_a_long_poll_ends_when_something_comes(stub: Telegram, bot: Bot) -> None:
    began = time.monotonic()
    assert await bot.get_updates(timeout=1) == []
    assert 0.9 < time.monotonic() - began < 3
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await stub.inject({"user": USER, "text": "đây"})
    async with asyncio.timeout(2):
        assert len(await waiting) == 1


async def test_one_poll_at_a_time(stub: Telegram, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.sleep(0.2)
    async with aiogram(stub) as other:
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
            await first
        await bot.set_webhook("http://127.0.0.1:9/hook")
        with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
            await second
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == []


# calls


async def test_sending_editing_deleting(stub: Telegram, bot: Bot) -> None:
    sent = await bot.send_message(7, "  chào \n", reply_markup=keyboard("do/menu"))
    assert sent.text == "chào" and sent.reply_markup and sent.from_user and sent.from_user.is_bot
    again = await bot.edit_message_text("chào anh", chat_id=7, message_id=sent.message_id)
    assert isinstance(again, Message) and again.edit_date and not again.reply_markup
    assert stub.sent[0]["result"]["text"] == "chào"  # what was told stays as it was
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text("chào anh", chat_id=7, message_id=sent.message_id)
    await bot.edit_message_reply_markup(chat_id=7, message_id=sent.message_id, reply_markup=keyboard("x"))
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(chat_id=7, message_id=sent.message_id, reply_markup=keyboard("x"))
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await bot.edit_message_caption(chat_id=7, message_id=sent.message_id, caption="a")
    reply = await bot.send_message(7, "re", reply_parameters=ReplyParameters(message_id=sent.message_id))
    assert reply.reply_to_message and reply.reply_to_message.text == "chào anh"
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(7, "re", reply_parameters=ReplyParameters(message_id=999))
    plain = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Vị trí", request_location=True)]])
    assert (await bot.send_message(7, "ở đâu", reply_markup=plain)).reply_markup is None
    await bot.delete_message(7, sent.message_id)
    for call in (
        bot.delete_message(7, sent.message_id),
        bot.edit_message_text("a", chat_id=7, message_id=999),
    ):
        with pytest.raises(TelegramBadRequest, match=r"message to (edit|delete) not found"):
            await call
    (mine,) = (await stub.inject({"user": USER, "text": "của tôi"}))["message_ids"]
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("a", chat_id=7, message_id=mine)
    assert (await bot.send_location(7, 15.1, 108.8)).location
    venue = await bot.send_venue(7, 15.1, 108.8, "Chợ", "xã")
    assert venue.venue and venue.venue.title == "Chợ"
    assert await bot.send_chat_action(7, "typing")
    assert (await bot.get_chat(7)).first_name == "An"


async def test_files_go_up_and_down(stub: Telegram, bot: Bot) -> None:
    photo = await bot.send_photo(7, BufferedInputFile(picture(), "a.jpg"), caption="ảnh")
    assert photo.photo and photo.photo[-1].width == 400 and photo.caption == "ảnh"
    assert stub.sent[-1]["params"]["photo"] == {"name": "a.jpg", "size": len(picture())}
    name = photo.photo[-1].file_id
    again = await bot.send_photo(7, name)
    assert again.photo and again.photo[-1].file_id == name
    downloaded = await bot.download(name)
    assert downloaded is not None and downloaded.read() == picture()
    document = await bot.send_document(7, BufferedInputFile(b"%PDF-1.4", "đơn.pdf"))
    assert document.document and document.document.file_name == "đơn.pdf"
    assert (await bot.send_document(7, document.document.file_id)).document
    with pytest.raises(TelegramBadRequest, match="can't use file of type Document as Photo"):
        await bot.send_photo(7, document.document.file_id)
    for call in (bot.send_photo(7, "nothing"), bot.get_file("nothing")):
        with pytest.raises(TelegramBadRequest, match="wrong file_id or the file is temporarily unavailable"):
            await call
    changed = await bot.edit_message_caption(chat_id=7, message_id=photo.message_id, caption="khác")
    assert isinstance(changed, Message) and changed.caption == "khác" and changed.photo
    large = {**CONTENT, "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": 20_000_001}
    await stub.inject({"user": USER, "document": large})
    file_id = stub.pending[-1]["message"]["document"]["file_id"]
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(file_id)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": " "}, "message text is empty"),
        ({"text": "a" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),  # UTF-16 units
        ({"text": "a", "chat_id": 8}, "chat not found"),
        ({"text": "a", "chat_id": ""}, "chat_id is empty"),
        ({"text": "a", "message_thread_id": 1}, "message thread not found"),
        ({"text": "a", "reply_markup": keyboard("ệ" * 22).model_dump()}, "BUTTON_DATA_INVALID"),  # bytes
        ({"text": "a", "reply_markup": keyboard(*["a"] * 101).model_dump()}, "reply markup is too long"),
        ({"text": "a", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ({"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, "Text buttons are unallowed"),
    ],
)
async def test_limits_are_told_in_telegrams_words(
    params: Json, words: str, stub: Telegram, http: ClientSession
) -> None:
    clean = json.loads(json.dumps({"chat_id": 7, **params}), object_hook=without_none)
    async with http.post(f"{stub.url}/bot{TOKEN}/sendMessage", json=clean) as response:
        told = await response.json()
        assert response.status == told["error_code"] == 400 and not told["ok"]
        assert told["description"].startswith("Bad Request: ") and words in told["description"]
    assert not stub.sent and stub.calls[0]["error"] == told["description"]


def without_none(given: Json) -> Json:
    return {k: v for k, v in given.items() if v is not None}


async def test_what_is_just_within_the_limits(stub: Telegram, bot: Bot) -> None:
    assert await bot.send_message(7, "😀" * 2048, reply_markup=keyboard(*["a" * 64] * 100))
    assert await bot.send_photo(7, BufferedInputFile(b"abc", "a.jpg"), caption="a" * 1024)
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await bot.send_photo(7, BufferedInputFile(b"abc", "a.jpg"), caption="a" * 1025)


async def test_a_press_is_answered_once_and_in_time(stub: Telegram, bot: Bot) -> None:
    sent = await bot.send_message(7, "a", reply_markup=keyboard("do/menu"))
    for _ in range(2):
        await stub.inject({"user": USER, "press": {"message_id": sent.message_id, "data": "do/menu"}})
    first, second = [u.callback_query for u in await bot.get_updates() if u.callback_query]
    assert isinstance(first.message, Message) and first.message.text == "a" and first.data == "do/menu"
    assert await bot.answer_callback_query(first.id, "xong")
    stub.queries[second.id] = (time.time() - 151, 7)
    for number in (first.id, second.id, "5"):
        with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
            await bot.answer_callback_query(number)


async def test_who_cannot_be_reached(stub: Telegram, bot: Bot) -> None:
    await stub.inject({"user": USER, "blocked": True})
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(7, "a")
    stub.chat(8, deactivated=True)
    with pytest.raises(TelegramForbiddenError, match="Forbidden: user is deactivated"):
        await bot.send_message(8, "a")
    await stub.inject({"user": USER, "chat": {"id": -5, "title": "Tổ 3"}, "text": "a"})
    await bot.send_message(-5, "a")
    await stub.inject({"user": USER, "chat": {"id": -5}, "migrate": -1_000_000_000_005})
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(-5, "a")
    assert moved.value.migrate_to_chat_id == -1_000_000_000_005
    assert (await bot.send_message(-1_000_000_000_005, "a")).chat.type == "supergroup"


async def test_commands_by_language(stub: Telegram, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand(command="menu", description="Các mục")])
    await bot.set_my_commands([BotCommand(command="menu", description="Topics")], language_code="en")
    assert (await bot.get_my_commands())[0].description == "Các mục"
    assert (await bot.get_my_commands(language_code="en"))[0].description == "Topics"
    await bot.delete_my_commands(language_code="en")
    assert await bot.get_my_commands(language_code="en") == []
    for name, about, words in (("Menu", "a", "COMMAND_INVALID"), ("menu", "", "DESCRIPTION_INVALID")):
        with pytest.raises(TelegramBadRequest, match=words):
            await bot.set_my_commands([BotCommand(command=name, description=about)])
    assert await bot.set_my_description("a") and await bot.set_my_short_description("a")
    assert await bot.close() and await bot.log_out()


async def test_every_way_to_ask(stub: Telegram, http: ClientSession) -> None:
    where, markup = (
        f"{stub.url}/bot{TOKEN}",
        json.dumps({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}),
    )
    form = FormData({"chat_id": "7", "photo": "attach://one", "reply_markup": markup})
    form.add_field("one", picture(), filename="a.jpg", content_type="image/jpeg")
    asked = {"chat_id": "7", "text": "a", "reply_markup": markup}
    for call in (
        http.get(f"{where}/SENDMESSAGE", params=asked),
        http.post(f"{where}/sendmessage", data=asked),
        http.post(f"{where}/sendMessage", json=asked),
        http.post(f"{where}/sendPhoto", data=form),
    ):
        async with call as response:
            told = await response.json()
            assert response.status == 200 and told["ok"]
            message = Message.model_validate(told["result"])
            assert message.reply_markup and (message.text == "a" or message.photo)
    assert {c["chat_id"] for c in stub.sent} == {7}
    async with http.post(
        f"{where}/sendMessage", data=b"{", headers={"Content-Type": "application/json"}
    ) as r:
        assert r.status == 400


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/bot42:wrong/getMe", 401, "Unauthorized"),
        ("/botx/getMe", 404, "Not Found"),
        (f"/bot{TOKEN}/noSuchThing", 404, "Not Found: method not found"),
        (f"/file/bot{TOKEN}/documents/nothing", 404, "Not Found"),
        ("/file/bot42:wrong/documents/nothing", 401, "Unauthorized"),
    ],
)
async def test_wrong_addresses(
    path: str, status: int, words: str, stub: Telegram, http: ClientSession
) -> None:
    async with http.get(f"{stub.url}{path}") as response:
        told = await response.json()
        assert response.status == status and told == {"ok": False, "error_code": status, "description": words}


# trouble


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"code": 429, "retry_after": 3}, TelegramRetryAfter),
        ({"code": 403}, TelegramForbiddenError),
        ({"code": 400}, TelegramBadRequest),
        ({"code": 400, "migrate_to_chat_id": -100}, TelegramMigrateToChat),
        ({"code": 401}, TelegramUnauthorizedError),
        ({"code": 404}, TelegramNotFound),
        ({"code": 409}, TelegramConflictError),
        ({"code": 500}, TelegramServerError),
        ({"code": 502, "raw": "<html>502 Bad Gateway</html>"}, TelegramAPIError),
        ({"drop": True}, TelegramNetworkError),
    ],
)
async def test_faults_as_aiogram_sees_them(
    fault: Json, error: type[Exception], stub: Telegram, bot: Bot
) -> None:
    stub.faults += [{"method": "sendMessage", "chat_id": 8, "times": 1, **fault}]
    await bot.send_message(7, "a")  # another chat is not touched
    stub.faults += [{"method": "sendMessage", "times": 1, **fault}]
    stub.chat(8)
    with pytest.raises(Exception) as raised:  # aiogram wraps an unreadable answer in ClientDecodeError
        await bot.send_message(8, "a")
    assert isinstance(raised.value, error) or "raw" in fault
    if isinstance(raised.value, TelegramRetryAfter):
        assert raised.value.retry_after == 3
    assert len(stub.sent) == 1


async def test_done_but_never_told(stub: Telegram, bot: Bot) -> None:
    stub.faults.append({"method": "sendMessage", "times": 1, "after": True})
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "một")
    assert [c["params"]["text"] for c in await stub.wait_sent(1, chat_id=7)] == ["một"]


async def test_a_share_and_a_delay(stub: Telegram, http: ClientSession) -> None:
    where = f"{stub.url}/bot{TOKEN}/sendMessage"
    stub.faults.append({"method": "*", "code": 500, "share": 0.5})
    statuses = []
    for _ in range(60):
        async with http.post(where, json={"chat_id": 7, "text": "a"}) as response:
            statuses.append(response.status)
    assert 15 < statuses.count(500) < 45
    stub.faults[:] = [{"method": "getMe", "delay": 0.3}]
    began = time.monotonic()
    async with http.get(f"{stub.url}/bot{TOKEN}/getMe") as response:
        assert response.status == 200 and time.monotonic() - began >= 0.3


async def test_pace(stub: Telegram, bot: Bot) -> None:
    stub.pace, stub.pace_chat = 3, 1
    stub.chats |= {n: stub.chat(n) for n in (8, 9, 10)}
    await bot.send_message(7, "a")
    with pytest.raises(TelegramRetryAfter, match="Too Many Requests: retry after 1"):
        await bot.send_message(7, "b")
    await bot.send_message(8, "a")
    await bot.send_message(9, "a")
    with pytest.raises(TelegramRetryAfter) as wait:
        await bot.send_message(10, "a")
    await asyncio.sleep(wait.value.retry_after)
    await bot.send_message(10, "a")


async def test_wait_sent_waits(stub: Telegram, bot: Bot) -> None:
    waiting = asyncio.create_task(stub.wait_sent(2, chat_id=7))
    await bot.get_me()
    await bot.send_message(7, "a")
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await bot.send_message(7, "b")
    assert [c["params"]["text"] for c in await waiting] == ["a", "b"]
    with pytest.raises(TimeoutError):
        await stub.wait_sent(3, chat_id=7, timeout=0.05)


# webhook

Answer = Callable[[Json, int], Awaitable[web.Response]]


class Hook:
    """A receiver of updates."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[tuple[float, str | None, Json]] = []
        self.now = self.most = 0
        self.answer: Answer = fine

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.got.append((time.monotonic(), request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self.answer(update, len(self.got))
        finally:
            self.now -= 1

    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, _, update in self.got]

    async def until(self, count: int) -> None:
        await until(lambda: len(self.got) >= count, 10)


async def fine(update: Json, number: int) -> web.Response:
    return web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_a_webhook_gets_what_waited_with_the_secret(stub: Telegram, bot: Bot, hook: Hook) -> None:
    for text in ("một", "hai"):
        await stub.inject({"user": USER, "text": text})
    await bot.set_webhook(hook.url, secret_token="a-b_C", max_connections=5, allowed_updates=["message"])
    await hook.until(2)
    await stub.inject({"user": USER, "blocked": True})
    await stub.inject({"user": USER, "text": "ba"})
    await hook.until(3)
    assert hook.texts() == ["một", "hai", "ba"] and {secret for _, secret, _ in hook.got} == {"a-b_C"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (hook.url, 0, 5)
    assert info.allowed_updates == ["message"] and info.last_error_message is None
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""


async def test_a_webhook_is_asked_again_in_order_and_others_pass(
    stub: Telegram, bot: Bot, hook: Hook
) -> None:
    async def broken(update: Json, number: int) -> web.Response:
        mine = update["message"]["chat"]["id"] == 7
        failures = sum(u["update_id"] == update["update_id"] for _, _, u in hook.got)
        return web.Response(
            status=500 if mine and failures < 3 and update["message"]["text"] == "một" else 200
        )

    hook.answer = broken
    await bot.set_webhook(hook.url)
    for text in ("một", "hai"):
        await stub.inject({"user": USER, "text": text})
    await stub.inject({"user": {"id": 8}, "text": "khác"})
    await hook.until(2)
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.last_error_date and info.pending_update_count == 2
    await hook.until(5)
    assert hook.texts() == ["một", "khác", "một", "một", "hai"]
    times = [at for (at, _, u) in hook.got if u["message"]["text"] == "một"]
    assert 0.15 < times[1] - times[0] < times[2] - times[1] < 1


async def test_a_webhook_says_when(stub: Telegram, bot: Bot, hook: Hook) -> None:
    async def later(update: Json, number: int) -> web.Response:
        return (
            web.Response(status=503, headers={"Retry-After": "1"})
            if number == 1
            else web.Response(status=204)
        )

    hook.answer = later
    await bot.set_webhook(hook.url)
    await stub.inject({"user": USER, "text": "một"})
    await hook.until(2)
    assert 0.9 < hook.got[1][0] - hook.got[0][0] < 2


async def test_a_webhook_that_is_away(stub: Telegram, bot: Bot, hook: Hook, free_port: int) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{free_port}/hook")
    await stub.inject({"user": USER, "text": "một"})
    await until(lambda: "last_error_message" in stub.webhook)
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Connection refused" and info.pending_update_count == 1
    await bot.set_webhook(hook.url)
    await hook.until(1)
    await bot.set_webhook(f"http://127.0.0.1:{free_port}/hook")
    await stub.inject({"user": USER, "text": "hai"})
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == []


async def test_no_more_connections_than_told(stub: Telegram, bot: Bot, hook: Hook) -> None:
    async def slow(update: Json, number: int) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response()

    hook.answer = slow
    await bot.set_webhook(hook.url, max_connections=3)
    for number in range(8):
        for text in ("một", "hai"):
            await stub.inject({"user": {"id": 100 + number}, "text": text})
    await hook.until(16)
    assert hook.most == 3
    for number in range(8):
        own = [u["message"]["text"] for _, _, u in hook.got if u["message"]["chat"]["id"] == 100 + number]
        assert own == ["một", "hai"]


async def test_a_webhook_answers_with_a_call(stub: Telegram, bot: Bot, hook: Hook) -> None:
    async def call(update: Json, number: int) -> web.Response:
        method = ["sendMessage", "getMe", "sendMessage"][number - 1]
        return web.json_response({"method": method, "chat_id": [7, 7, 404][number - 1], "text": f"{number}"})

    hook.answer = call
    await bot.set_webhook(hook.url)
    for text in ("một", "hai", "ba"):
        await stub.inject({"user": USER, "text": text})
    await stub.wait_sent(1, chat_id=7)
    await hook.until(3)
    await until(lambda: "error" in stub.calls[-1])
    assert stub.calls[-1]["error"] == "Bad Request: chat not found"
    assert [c["method"] for c in stub.sent] == ["setWebhook", "sendMessage"]
    assert (await bot.get_webhook_info()).pending_update_count == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"secret_token": "ẩn"}, "secret token contains unallowed characters"),
        ({"secret_token": "a" * 257}, "secret token is too long"),
        ({"url": "http://example.org/hook"}, "An HTTPS URL must be provided for webhook"),
        ({"url": "https://example.org:9000/hook"}, "only on ports 80, 88, 443 or 8443"),
    ],
)
async def test_a_webhook_that_is_not_taken(
    asked: dict[str, str], words: str, stub: Telegram, bot: Bot
) -> None:
    with pytest.raises(TelegramBadRequest, match=words):
        await bot.set_webhook(**{"url": "http://127.0.0.1:9/hook", **asked})
    assert stub.webhook["url"] == ""


# the control side


async def test_the_control_side_over_http(stub: Telegram, http: ClientSession) -> None:
    where = f"{stub.url}/_control"

    async def tell(name: str, body: Any) -> tuple[int, Any]:
        async with http.post(f"{where}/{name}", json=body) as response:
            return response.status, await response.json()

    async def ask(name: str) -> Any:
        async with http.get(f"{where}/{name}") as response:
            return await response.json()

    status, told = await tell("inject", {"user": USER, "photo": encoded(picture())})
    assert status == 200 and told == {"update_ids": [stub.pending[0]["update_id"]], "message_ids": [1]}
    for bad in ({"user": USER, "dance": 1}, {"user": USER, "edit": {"message_id": 99, "text": "a"}}, {}):
        assert (await tell("inject", bad))[0] == 400
    assert (await tell("chat", {"id": -9, "title": "Tổ 9"}))[1]["type"] == "group"
    assert (await tell("chat", {"id": 9, "deactivated": True}))[1]["id"] == 9
    assert (await tell("faults", {"method": "sendMessage", "code": 502, "times": 1}))[0] == 200
    assert (await tell("faults", [{"metod": "sendMessage"}]))[0] == 400
    statuses = []
    for chat in (7, -9, 9):
        async with http.post(
            f"{stub.url}/bot{TOKEN}/sendMessage", json={"chat_id": chat, "text": "a"}
        ) as response:
            statuses.append(response.status)
    assert statuses == [502, 200, 403]
    (sent,), calls = await ask("sent"), await ask("calls")
    assert sent["chat_id"] == -9 and sent["params"]["text"] == sent["result"]["text"] == "a"
    assert abs(sent["at"] - time.time()) < 60 and len(calls) == 3 and calls[0]["error"] == "Bad Gateway"
    assert (await tell("pace", {"overall": 30, "chat": 1}))[1] == {"overall": 30, "chat": 1}
    await tell("reset", {})
    assert await ask("sent") == await ask("calls") == [] and not stub.chats and stub.pace is None


async def test_a_raw_update_is_known_afterwards(stub: Telegram, bot: Bot) -> None:
    chat = {"id": 55, "type": "private", "first_name": "Bình"}
    update = {"callback_query": {"id": "q1", "from": {**chat, "is_bot": False}, "chat_instance": "1", "data": "a",
              "message": {"message_id": 3, "date": 0, "chat": chat}}}  # fmt: skip
    await stub.inject({"update": update})
    assert await bot.send_message(55, "a") and await bot.answer_callback_query("q1")
    await stub.inject({"update": {**update, "update_id": 5}})
    await stub.inject({"update": {**update, "update_id": 5}})
    assert [u["update_id"] for u in stub.pending][1:] == [5, 5]


async def test_the_page_and_its_events() -> None:
    async with running(pages=True) as stub, ClientSession() as http:
        for path, kind in (
            ("/", "text/html"),
            ("/pages/page.js", "application/javascript"),
            ("/pages/page.css", "text/css"),
        ):
            async with http.get(f"{stub.url}{path}") as response:
                assert response.status == 200 and response.content_type == kind
        await stub.inject({"user": USER, "text": "chào"})
        async with http.get(f"{stub.url}/_control/events", params={"chat_id": "7"}) as events:

            async def event() -> Json:
                line = await asyncio.wait_for(events.content.readline(), 5)
                await events.content.readline()
                return dict(json.loads(line.removeprefix(b"data: ")))

            whole = await event()
            assert [m["text"] for m in whole["messages"]] == ["chào"] and whole["blocked"] is False
            await stub.inject({"user": {"id": 8}, "text": "người khác"})
            async with aiogram(stub) as bot:
                sent = await bot.send_message(7, "một")
                await bot.send_chat_action(7, "typing")
                await bot.edit_message_text("hai", chat_id=7, message_id=sent.message_id)
                await bot.delete_message(7, sent.message_id)
            assert [(await event())["kind"] for _ in range(4)] == ["message", "typing", "edit", "delete"]
            stub.reset()
            assert (await event())["messages"] == []


# python-telegram-bot


async def test_the_other_library_on_its_own_transport(stub: Telegram) -> None:
    base = {"base_url": f"{stub.url}/bot", "base_file_url": f"{stub.url}/file/bot"}
    async with ptb.Bot(TOKEN, **base) as bot:
        assert bot.username == "nepsong_stub_bot" and bot.id == 42
        await stub.inject({"user": USER, "photo": encoded(picture())})
        (update,) = await bot.get_updates(timeout=1)
        assert update.message
        file = await bot.get_file(update.message.photo[-1].file_id)
        assert bytes(await file.download_as_bytearray()) == picture()
        keys = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("Menu", callback_data="do/menu")]])
        sent = await bot.send_message(7, "chào", reply_markup=keys)
        assert sent.text == "chào" and sent.reply_markup == keys
        edited = await sent.edit_text("chào anh")
        assert isinstance(edited, ptb.Message) and edited.text == "chào anh"
        photo = await bot.send_photo(7, picture(), caption="ảnh", filename="a.jpg")
        again = await bot.send_photo(7, photo.photo[-1].file_id)
        assert again.photo[-1].file_unique_id == photo.photo[-1].file_unique_id
        await stub.inject({"user": USER, "press": {"message_id": sent.message_id, "data": "do/menu"}})
        query = (await bot.get_updates(offset=update.update_id + 1))[0].callback_query
        assert query and await query.answer()
        with pytest.raises(telegram.error.BadRequest, match="Query is too old"):
            await query.answer()
        await bot.set_my_commands([("menu", "Các mục")], language_code="vi")
        assert (await bot.get_my_commands(language_code="vi"))[0].command == "menu"
        assert (await bot.get_chat(7)).full_name == "An"
        await bot.set_webhook("http://127.0.0.1:9/hook", secret_token="a-b_c")
        assert (await bot.get_webhook_info()).url.endswith("/hook")
        await bot.delete_webhook()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"code": 429, "retry_after": 3}, telegram.error.RetryAfter),
        ({"code": 403}, telegram.error.Forbidden),
        ({"code": 400, "migrate_to_chat_id": -100}, telegram.error.ChatMigrated),
        ({"code": 400}, telegram.error.BadRequest),
        ({"code": 401}, telegram.error.InvalidToken),
        ({"code": 409}, telegram.error.Conflict),
        ({"code": 502, "raw": "<html>"}, telegram.error.NetworkError),
        ({"drop": True}, telegram.error.NetworkError),
    ],
)
async def test_faults_as_the_other_library_sees_them(
    fault: Json, error: type[Exception], stub: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # its coming form; the old one warns
    async with ptb.Bot(TOKEN, base_url=f"{stub.url}/bot") as bot:
        stub.faults.append({"method": "sendMessage", "times": 1, **fault})
        with pytest.raises(error) as raised:
            await bot.send_message(7, "a")
        assert type(raised.value) is error
        assert await bot.send_message(7, "a")


# grammY


@pytest.fixture(scope="session")
def grammy() -> str:
    """Where node is; grammY is installed by its lock, once for all workers."""
    node, npm = shutil.which("node"), shutil.which("npm")
    need(node and npm, "Node with npm")
    assert node and npm
    lock, done = GRAMMY / "package-lock.json", GRAMMY / "node_modules" / ".package-lock.json"
    guard = hashlib.sha256(str(GRAMMY).encode()).hexdigest()[:12]
    with (Path(tempfile.gettempdir()) / f"nepsong-grammy-{guard}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            told = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=GRAMMY, capture_output=True, text=True)
            need(told.returncode == 0, f"grammY ({told.stderr.strip()[-200:]})")
            done.touch()
    return node


@contextlib.asynccontextmanager
async def client(node: str, stub: Telegram, mode: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        node, str(GRAMMY / "client.mjs"), stub.url, TOKEN, mode, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(10):
            assert await process.wait() == 0


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


async def test_grammy_polls(grammy: str, stub: Telegram) -> None:
    async with client(grammy, stub, "poll") as process:
        assert await line(process) == "ready"
        await stub.inject({"user": USER, "start": "theme_hotlines"})
        (start,) = await stub.wait_sent(1, chat_id=7)
        assert start["result"]["text"] == "bắt đầu theme_hotlines" and start["result"]["reply_markup"]
        number = start["result"]["message_id"]
        await stub.inject({"user": USER, "press": {"message_id": number, "data": "next"}})
        await stub.wait_sent(2, chat_id=7)
        assert stub.messages[7, number]["text"] == "đã bấm"
        assert any(c["method"] == "answerCallbackQuery" and c["result"] is True for c in stub.sent)
        await stub.inject({"user": USER, "photo": encoded(picture())})
        back = (await stub.wait_sent(3, chat_id=7))[2]
        assert back["params"]["document"] == {"name": "trả lại.jpg", "size": len(picture())}
        assert back["result"]["caption"] == f"{len(picture())}"
        (told,) = (await stub.inject({"user": USER, "text": "một"}))["message_ids"]
        await stub.inject({"user": USER, "edit": {"message_id": told, "text": "hai"}})
        assert (await stub.wait_sent(5, chat_id=7))[4]["params"]["text"] == "sửa thành hai"
        await stub.inject({"user": USER, "text": "/refused"})
        method, code, words, _ = json.loads((await stub.wait_sent(6, chat_id=7))[5]["params"]["text"])
        assert (method, code) == ("sendPhoto", 400) and "wrong file_id" in words
        await stub.inject({"user": USER, "blocked": True})
        assert await line(process) == "kicked"
        stub.faults.append(
            {"method": "getUpdates", "code": 429, "retry_after": 1, "times": 1}
        )  # it waits and goes on
        await stub.inject({"user": USER, "text": "còn đó"})
        assert (await stub.wait_sent(7, chat_id=7))[6]["params"]["text"] == "còn đó"
    assert stub.pending == []  # confirmed at its end


async def test_grammy_by_webhook_answers_with_calls(grammy: str, stub: Telegram, bot: Bot) -> None:
    async with client(grammy, stub, "hook") as process:
        where = f"http://127.0.0.1:{await line(process)}/"
        await bot.set_webhook(where, secret_token="wrong")
        await stub.inject({"user": USER, "text": "một"})
        await until(lambda: "last_error_message" in stub.webhook)
        info = await bot.get_webhook_info()
        assert "401" in info.last_error_message and info.pending_update_count == 1
        await bot.set_webhook(where, secret_token="grammy-secret")
        (sent,) = await stub.wait_sent(1, chat_id=7)
        assert sent["answer"] and sent["result"]["text"] == "một"
        await bot.delete_webhook()


# the page


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_citizen_on_the_page(width: int) -> None:
    need(CHROMIUM, "Chromium")
    async with running(pages=True) as stub, aiogram(stub) as bot, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": width, "height": 740}, color_scheme="light")
        page.set_default_timeout(10_000)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"{stub.url}/?start=theme_hotlines")
        await page.click("#start")
        await expect(page.locator(".mine .words")).to_have_text("/start theme_hotlines")
        await bot.send_chat_action(7, "typing")
        await expect(page.locator("#state")).to_have_text("đang gõ…")
        sent = await bot.send_message(7, "chào", reply_markup=keyboard("do/menu"))
        await expect(page.locator("#state")).to_have_text("bot")
        await page.click(".keys button")
        await until(lambda: "callback_query" in stub.pending[-1])
        query = stub.pending[-1]["callback_query"]
        assert query["data"] == "do/menu" and query["message"]["message_id"] == sent.message_id
        await bot.answer_callback_query(query["id"], "đã bấm")
        await expect(page.locator("#toast")).to_have_text("đã bấm")
        await expect(page.locator(".keys button")).not_to_have_attribute("aria-busy", "true")
        await bot.edit_message_text("sửa rồi", chat_id=7, message_id=sent.message_id)
        await expect(page.locator(".said:not(.mine) .words")).to_have_text("sửa rồi")
        await page.fill("#text", "sai chinh ta")
        await page.press("#text", "Enter")
        await page.locator(".mine").nth(1).locator(".edit").click()
        await page.fill("#text", "sai chính tả")
        await page.click(".send")
        await expect(page.locator(".mine .words").nth(1)).to_have_text("sai chính tả")
        assert stub.pending[-1]["edited_message"]["text"] == "sai chính tả"
        for name in ("a.jpg", "b.jpg"):
            given: Any = {"name": name, "mimeType": "image/jpeg", "buffer": picture()}
            await page.set_input_files("#photo", [given, given] if name == "b.jpg" else [given])
        await expect(page.locator(".mine img")).to_have_count(3)
        await page.click("#attach")
        await page.get_by_text("Vị trí").click()
        await expect(page.locator(".card")).to_contain_text("15,1205")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        await page.click("#block")
        await expect(page.locator("#state")).to_have_text("đã chặn")
        assert stub.blocked == {7}
        await page.reload()  # nothing of it is kept in the page
        await expect(page.locator(".mine")).to_have_count(6)
        await page.click("#start")
        await expect(page.locator("#form")).to_be_visible()
        assert not stub.blocked and not faults
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        await browser.close()


async def test_alone(free_port: int, http: ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.telegram", "--port", f"{free_port}", "--pages",
        cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    where = f"http://127.0.0.1:{free_port}"
    try:
        assert where in await line(process)
        async with http.get(f"{where}/bot{TOKEN}/getMe") as response:
            assert (await response.json())["result"]["is_bot"]
        async with http.get(f"{where}/") as response:
            assert "Telegram đóng vai" in await response.text()
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
