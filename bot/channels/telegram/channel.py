"""Telegram: calls through python-telegram-bot's `Bot`, on a transport of ours."""

import contextlib
import hmac
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import msgspec
from aiohttp import ClientError
from telegram import Bot, BotCommand, LinkPreviewOptions
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.contract import Facts, Polled, Sent
from bot.channels.errors import Moved, ProviderError, Refused, TryLater
from bot.channels.telegram import reading, writing
from bot.channels.telegram.transport import Transport
from content.catalog import Catalog
from storage.outbox import Due
from storage.shapes import Incoming, Pin, Reach, Source

# What Telegram's words mean to us: a piece of its description, our reason, what it tells of the person.
_REFUSALS: tuple[tuple[str, str, Reach | None], ...] = (
    ("blocked by the user", "blocked", Reach.blocked),
    ("user is deactivated", "deactivated", Reach.gone),
    ("can't initiate conversation", "never started", Reach.gone),
    ("bot was kicked", "kicked", Reach.gone),
    ("not a member", "kicked", Reach.gone),
    ("group chat was deleted", "chat deleted", Reach.gone),
    ("chat not found", "chat not found", Reach.gone),
    ("message text is empty", "empty text", None),
    ("is too long", "too long", None),
    ("button_data_invalid", "button", None),
    ("file is too big", "large", None),
    ("file_id", "file missing", None),
    ("thread not found", "thread", None),
)
_UNCHANGED = "message is not modified"
_STALE = "wrong file_id"
TOKEN_WRONG_MS = 60_000
FLOODED = 10  # refusals for pace in a row, no message taken between them: the whole channel is meant
DAY_MS = 86_400_000
POLL_S = 20
PROOF_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST_FILE = 20_000_000  # bytes that Telegram's getFile gives
PIECE = 65_536
COMMANDS = ("menu", "gopy", "khancap", "xoa", "english")
ENGLISH_COMMANDS = ("menu", "feedback", "emergency", "forget", "tiengviet")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_PLAIN = _NO_PREVIEW.to_dict()

# The library's coming form; in its old one every look at a wait is a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

Call = Callable[[], Coroutine[Any, Any, Any]]


class _Bot(Bot):
    """The library's bot; updates come as they are: one that the library cannot construct would stop
    all polling."""

    async def raw_updates(self, asked: dict[str, Any]) -> Any:
        return await self._post("getUpdates", asked, read_timeout=POLL_S)


class _Number(msgspec.Struct):
    message_id: int


class _Accepted(msgspec.Struct):
    """All that we keep of a message sent (280 µs of CPU became 130)."""

    result: _Number


_encode = msgspec.json.Encoder().encode
_accepted = msgspec.json.Decoder(_Accepted).decode


class Telegram:
    """The channel."""

    def __init__(
        self,
        token: str,
        api_url: str,
        secret: str,
        *,
        hook: str | None,
        polled: bool,
        per_second: float,
        content: Callable[[str], bytes],
        timeout_s: float = 10.0,
    ) -> None:
        self.facts = Facts("telegram", DAY_MS, per_second, timeout_s, LARGEST_FILE)
        self.polled = polled
        self._secret = secret
        self._hook = hook
        self._content = content
        self._transport = Transport(timeout_s)
        base = api_url.rstrip("/")
        self._bot = _Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._transport,
            get_updates_request=self._transport,
        )
        self._message_url = f"{base}/bot{token}/sendMessage"
        self._slowed = 0

    def verify(self, headers: Mapping[str, str]) -> bool:
        """Whether a post carries our secret; takes the same time for every wrong one."""
        shown = headers.get(PROOF_HEADER, "")
        return hmac.compare_digest(shown.encode(errors="surrogateescape"), self._secret.encode())

    def read(self, body: bytes) -> tuple[Incoming, ...]:
        """The messages in a webhook's body; raises ValueError."""
        try:
            return reading.read(body)
        except reading.NotOurs as error:
            raise ValueError(str(error)) from None

    # out

    async def send(self, address: str, due: Due, done: int) -> Sent:
        """Hands a message over, in as many calls as it needs. Raises TryLater, Refused or Moved."""
        message, chat = due.message, int(address)
        sent = Sent(None)
        try:
            if message.ack and not done:
                await self._acknowledge(message.ack)
            for number, call in enumerate(self._calls(chat, due)):
                if number >= done:
                    sent = await call()
                    done = number + 1
        except TelegramError as error:
            raise self._meaning(error, done) from None
        self._slowed = 0
        return sent

    def _calls(self, chat: int, due: Due) -> list[Call]:
        message, buttons = due.message, writing.keyboard(due.message.choices)
        texts = writing.parts(message.text)
        calls: list[Call] = []
        caption = None
        if message.media:
            if len(texts) == 1 and writing.units(message.text) <= writing.CAPTION:
                caption, texts = message.text, []
            last = not texts and not message.pin
            calls.append(partial(self._send_media, chat, due, caption, buttons if last else None))
        for number, text in enumerate(texts):
            keys = buttons if number == len(texts) - 1 and not message.pin else None
            if due.replaces and len(texts) == 1 and not message.media and not message.pin:
                calls.append(partial(self._edit, chat, due.replaces, text, keys))
            else:
                calls.append(partial(self._send_text, chat, text, keys))
        if message.pin:
            calls.append(partial(self._send_pin, chat, message.pin, buttons))
        return calls

    async def _send_text(self, chat: int, text: str, buttons: Any) -> Sent:
        asked: dict[str, Any] = {"chat_id": chat, "text": text, "link_preview_options": _PLAIN}
        if buttons is not None:
            asked["reply_markup"] = buttons.to_dict()
        told = await self._transport.quickly(self._message_url, _encode(asked))
        try:
            return Sent(str(_accepted(told).result.message_id))
        except (msgspec.DecodeError, RecursionError):
            raise TelegramError("the provider's answer is no message") from None

    async def _edit(self, chat: int, replaces: str, text: str, buttons: Any) -> Sent:
        try:
            await self._bot.edit_message_text(
                text, chat, int(replaces), reply_markup=buttons, link_preview_options=_NO_PREVIEW
            )
        except BadRequest as error:
            if _UNCHANGED not in error.message.lower():
                if "edit" in error.message.lower():  # deleted by the person, or too old: said anew
                    return await self._send_text(chat, text, buttons)
                raise
        return Sent(replaces)

    async def _send_media(self, chat: int, due: Due, caption: str | None, buttons: Any) -> Sent:
        assert due.message.media is not None
        try:
            return await self._send_file(chat, due, due.handle, caption, buttons)
        except BadRequest as error:
            if due.handle is None or _STALE not in error.message.lower():
                raise
            return await self._send_file(chat, due, None, caption, buttons)

    async def _send_file(
        self, chat: int, due: Due, handle: str | None, caption: str | None, buttons: Any
    ) -> Sent:
        media = due.message.media
        assert media is not None
        given: Any = handle or self._content(media.key)
        if media.kind == "photo":
            told = await self._bot.send_photo(
                chat, given, caption=caption, reply_markup=buttons, filename=media.name
            )
            return Sent(str(told.message_id), told.photo[-1].file_id)
        told = await self._bot.send_document(
            chat, given, caption=caption, reply_markup=buttons, filename=media.name
        )
        return Sent(str(told.message_id), told.document.file_id if told.document else None)

    async def _send_pin(self, chat: int, pin: Pin, buttons: Any) -> Sent:
        told = await self._bot.send_location(chat, pin.latitude, pin.longitude, reply_markup=buttons)
        return Sent(str(told.message_id))

    async def _acknowledge(self, press: str) -> None:
        with contextlib.suppress(BadRequest):  # too old, or told before: the device has stopped waiting
            await self._bot.answer_callback_query(press)

    async def typing(self, address: str) -> None:
        """Shows "typing…" for five seconds."""
        with contextlib.suppress(TelegramError):  # only a courtesy
            await self._bot.send_chat_action(int(address), "typing")

    def _meaning(self, error: TelegramError, done: int = 0) -> ProviderError:
        """What an error means to us; never its text, in which a URL might stand."""
        words = error.message.lower()
        if isinstance(error, RetryAfter):
            self._slowed += 1
            wait: Any = error.retry_after  # a timedelta, see below
            return TryLater(
                "pace", int(wait.total_seconds() * 1000), everybody=self._slowed >= FLOODED, done=done
            )
        if isinstance(error, ChatMigrated):
            return Moved(str(error.new_chat_id))
        if isinstance(error, InvalidToken):
            return TryLater("token", TOKEN_WRONG_MS, everybody=True, done=done)
        if isinstance(error, BadRequest | Forbidden):
            known = (Refused(reason, reach) for piece, reason, reach in _REFUSALS if piece in words)
            forbidden = isinstance(error, Forbidden)
            return next(known, Refused("forbidden", Reach.blocked) if forbidden else Refused("rejected"))
        return TryLater("timeout" if isinstance(error, TimedOut) else "server", done=done)

    # in

    async def arrange(self, catalog: Catalog) -> None:
        """Sets commands and webhook; may be repeated. Raises TryLater or Refused."""
        try:
            for language, names, code in (
                ("vi", COMMANDS, None),
                ("vi", COMMANDS, "vi"),
                ("en", ENGLISH_COMMANDS, "en"),
            ):
                say = catalog.speaker(language)
                listed = [BotCommand(name, say(f"command.{name}")) for name in names]
                await self._bot.set_my_commands(listed, language_code=code)
            if self.polled:
                await self._bot.delete_webhook()
            elif self._hook is not None:
                await self._bot.set_webhook(
                    self._hook, secret_token=self._secret, allowed_updates=reading.allowed()
                )
        except TelegramError as error:
            raise self._meaning(error) from None

    async def listen(self, offset: int) -> tuple[list[Polled], int]:
        """What is new since `offset`, waited for up to 20 s. Raises TryLater or Refused."""
        asked = {"offset": offset, "timeout": POLL_S, "allowed_updates": reading.allowed()}
        try:
            told = await self._bot.raw_updates(asked)
        except TelegramError as error:
            raise self._meaning(error) from None
        found: list[Polled] = []
        for update in told if isinstance(told, list) else []:
            number = update.get("update_id") if isinstance(update, dict) else None
            if isinstance(number, int):
                offset = max(offset, number + 1)
            raw = msgspec.json.encode(update)
            try:
                found.append(Polled(reading.read_polled(update), str(number), raw))
            except reading.NotOurs:
                found.append(Polled(None, f"unreadable/{number}", raw))
        return found, offset

    async def fetch(self, source: Source) -> AsyncIterator[bytes]:
        """A file's content. Raises TryLater or Refused."""
        try:
            file = await self._bot.get_file(source.id)
        except TelegramError as error:
            raise self._meaning(error) from None
        if not file.file_path:
            raise Refused("file missing")
        try:
            async with self._transport.http.get(file.file_path, allow_redirects=False) as response:
                if response.status >= 500:
                    raise TryLater("server")
                if response.status != 200:
                    raise Refused("file missing")
                async for piece in response.content.iter_chunked(PIECE):
                    yield piece
        except TimeoutError:
            raise TryLater("timeout") from None
        except (ClientError, OSError):
            raise TryLater("connection") from None

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._transport.shutdown()
