"""The stub, proven by clients that are not ours: aiogram's (its models are the oracle of the JSON) and
python-telegram-bot's on its own transport."""

import base64
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram import Bot as OtherBot
from telegram import Update as OtherUpdate

from tests.fakes.telegram import telegram

TOKEN = "42:stub-token-aaaaaaaaaaaaaaaaaaaa"
USER = {"id": 7, "first_name": "An", "language_code": "vi"}
CONTENT = {"content_base64": base64.b64encode(b"abc").decode()}
DONE: list[dict[str, Any]] = [
    {"text": "xin chào"}, {"start": "theme_hotlines"}, {"photo": CONTENT}, {"album": [CONTENT, CONTENT]},
    {"document": {**CONTENT, "file_name": "a.pdf"}}, {"voice": CONTENT}, {"audio": CONTENT}, {"video": CONTENT},
    {"sticker": CONTENT}, {"location": {"latitude": 15.1, "longitude": 108.8}},
    {"venue": {"location": {"latitude": 15.1, "longitude": 108.8}, "title": "Chợ", "address": "xã"}},
    {"contact": {"phone_number": "0905", "first_name": "An"}}, {"press": {"message_id": 1, "data": "do/menu"}},
    {"blocked": True}, {"blocked": False},
]  # fmt: skip


async def test_every_update_is_one_to_both_libraries() -> None:
    async with telegram(TOKEN) as stub:
        for what in DONE:
            await stub.inject({"user": USER, **what})
        number = next(m["message_id"] for m in stub.messages.values() if "text" in m)
        await stub.inject({"user": USER, "edit": {"message_id": number, "text": "sửa"}})
        assert len(stub.pending) == len(DONE) + 2
        for update in stub.pending:
            Update.model_validate(update)
            assert OtherUpdate.de_json(update, None).update_id == update["update_id"]


async def test_aiogram_polls_sends_edits_uploads_and_is_refused() -> None:
    async with (
        telegram(TOKEN) as stub,
        Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(stub.url))) as bot,
    ):
        await stub.inject({"user": USER, "text": "một"})
        await stub.inject({"user": USER, "text": "hai"})
        first = await bot.get_updates(timeout=1)
        assert [u.message.text for u in first if u.message] == ["một", "hai"]
        assert len(await bot.get_updates(offset=first[0].update_id + 1)) == 1  # the first is confirmed
        keys = InlineKeyboardMarkup(
            inline_keyboard=[[InlineKeyboardButton(text="Menu", callback_data="do/menu")]]
        )
        sent = await bot.send_message(7, "chào", reply_markup=keys)
        assert sent.text == "chào"
        await bot.edit_message_text("chào anh", chat_id=7, message_id=sent.message_id)
        photo = await bot.send_photo(7, BufferedInputFile(b"abc", "a.jpg"), caption="ảnh")
        assert isinstance(photo, Message) and photo.photo
        again = await bot.send_photo(7, photo.photo[-1].file_id)
        assert again.photo and again.photo[-1].file_id == photo.photo[-1].file_id
        downloaded = await bot.download(photo.photo[-1].file_id)
        assert downloaded is not None and downloaded.read() == b"abc"
        with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
            long = InlineKeyboardButton(text="a", callback_data="ệ" * 22)
            await bot.send_message(7, "a", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[long]]))
        with pytest.raises(TelegramBadRequest, match="too long"):
            await bot.send_message(7, "a" * 4097)
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await bot.send_message(8, "a")
        for fault, error in (
            ({"code": 429, "retry_after": 3}, TelegramRetryAfter),
            ({"code": 403}, TelegramForbiddenError),
            ({"code": 400, "migrate_to_chat_id": -100}, TelegramMigrateToChat),
        ):
            stub.faults.append({"method": "sendMessage", "times": 1, **fault})
            with pytest.raises(error):
                await bot.send_message(7, "a")


async def test_the_other_library_on_its_own_transport() -> None:
    async with telegram(TOKEN) as stub, OtherBot(TOKEN, base_url=f"{stub.url}/bot") as bot:
        assert bot.username == "nepsong_stub_bot"
        await stub.inject({"user": USER, "text": "một"})
        assert (await bot.get_updates())[0].message
        assert (await bot.send_message(7, "chào")).text == "chào"
        await bot.set_webhook("http://127.0.0.1:9/hook", secret_token="a-b_c")
        assert (await bot.get_webhook_info()).url.endswith("/hook")
