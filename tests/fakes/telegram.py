"""Telegram's Bot API, played: for tests, and alone with `python -m tests.fakes.telegram --port N [--pages]`.

By the facts: methods in any case, parameters as query, form, JSON or multipart, Telegram's own words for
errors, long polling that confirms by offset, webhooks with the secret, in order within a chat and repeated
until 2xx. Its control side stands under `/_control/`: inject, sent, calls, faults, chat, pace, reset, events.
"""

import argparse
import asyncio
import base64
import contextlib
import copy
import hashlib
import io
import json
import random
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    web,
)
from PIL import Image

Json = dict[str, Any]

PAGES = Path(__file__).parent / "pages"
TOKEN = "42:stub-token-aaaaaaaaaaaaaaaaaaaa"
DOWNLOAD = 20_000_000  # bytes that getFile gives
LARGEST_PHOTO = 10_485_760
QUERY_S = 150  # a press can be answered for so long
DELETE_S = 48 * 3600  # a message can be deleted for so long
POLL_S = 50  # the longest long poll
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0  # before a webhook gets an update again; Telegram's own: 1 and 60 s
UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}  # come only where named
FILES = ("document", "voice", "audio", "video", "sticker")
OBJECTS = ("reply_markup", "allowed_updates", "commands", "scope", "entities", "caption_entities",
           "link_preview_options", "reply_parameters")  # fmt: skip
ACTIONS = {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
           "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"}  # fmt: skip
FAULT = {"method", "chat_id", "code", "description", "retry_after", "migrate_to_chat_id", "times", "share",
         "delay", "drop", "after", "raw"}  # fmt: skip

WRONG_FILE = "Bad Request: wrong file_id or the file is temporarily unavailable"
UNCHANGED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"
HOOKED = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
HOOK_SET = "Conflict: terminated by setWebhook request"
SAID = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden: bot was blocked by the user", 404: "Not Found",
        409: OTHER_POLL, 500: "Internal Server Error", 502: "Bad Gateway"}  # fmt: skip


class Wrong(Exception):
    """An error as Telegram tells it."""

    def __init__(self, code: int, description: str, raw: str | None = None, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.raw, self.parameters = code, description, raw, parameters

    def response(self) -> web.Response:
        if self.raw is not None:  # what stands before Telegram's servers answers no JSON
            return web.Response(status=self.code, text=self.raw, content_type="text/html")
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return web.json_response(body, status=self.code)


class Dropped(Exception):
    """The connection ends without an answer."""


class Upload(NamedTuple):
    """A file in a multipart body."""

    name: str
    content: bytes
    mime: str


@dataclass(frozen=True)
class File:
    """What a file_id stands for."""

    id: str
    kind: str
    content: bytes
    size: int
    name: str = ""
    mime: str = ""
    width: int = 90
    height: int = 90

    @property
    def facts(self) -> Json:
        """As Telegram tells of every file."""
        unique = hashlib.sha256(self.kind.encode() + self.content).hexdigest()[:16]
        return {"file_id": self.id, "file_unique_id": unique, "file_size": self.size}

    @property
    def path(self) -> str:
        suffix = Path(self.name).suffix or (".jpg" if self.kind == "photo" else "")
        return f"{self.kind}s/{self.id}{suffix}"

    @property
    def side(self) -> Json:
        return {"width": self.width, "height": self.height}


class Telegram:
    """The stub. `sent`: accepted calls in order; `calls`: all; `faults`: what will go wrong; `chats`: who can
    be written to; `messages`: by chat and number; `pending`: updates that nobody took yet."""

    def __init__(self, token: str = TOKEN, pages: bool = False) -> None:
        self.token = token
        self.me: Json = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Nếp Sống",
                         "username": "nepsong_stub_bot"}  # fmt: skip
        self.url = ""
        self.patience = 10.0  # seconds for a webhook's answer; Telegram's own: 60
        self.app = web.Application(client_max_size=60_000_000)
        self._route(pages)
        self.app.on_shutdown.append(self._let_go)
        self.app.on_cleanup.append(lambda _: self.close())
        self._changed = asyncio.Condition()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._watchers: set[asyncio.Queue[Json | None]] = set()
        self._http: ClientSession | None = None
        # numbers go on after a reset: a bot that knows the old ones must not take new things for old
        self._updates, self._numbers, self._others = count(1001), count(1), count(1)
        self.reset()

    def _route(self, pages: bool) -> None:
        router = self.app.router
        router.add_route("*", "/bot{token}/{method}", self._call)
        router.add_get("/file/bot{token}/{path:.+}", self._download)
        for name in ("inject", "faults", "chat", "pace", "reset"):
            router.add_post(f"/_control/{name}", getattr(self, f"_control_{name}"))
        for name in ("sent", "calls", "events", "file/{id}"):
            router.add_get(f"/_control/{name}", getattr(self, f"_control_{name.partition('/')[0]}"))
        if pages:
            router.add_get("/", self._page)
            router.add_static("/pages", PAGES)

    def reset(self) -> None:
        """Forgets everything but the token."""
        self.sent: list[Json] = []
        self.calls: list[Json] = []
        self.faults: list[Json] = []
        self.files: dict[str, File] = {}
        self.chats: dict[int, Json] = {}
        self.blocked: set[int] = set()
        self.deactivated: set[int] = set()
        self.migrated: dict[int, int] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.queries: dict[str, tuple[float, int]] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.webhook: Json = {"url": ""}
        self.allowed: list[str] = []
        self.pace: float | None = None
        self.pace_chat: float | None = None
        self._paced: dict[int | None, deque[float]] = {}
        self._queue: dict[int, Json] = {}
        self._poller: object = None
        self._slots = asyncio.Semaphore()
        self._dice = random.Random(7)
        self._stop_delivery()
        self._show_all()

    @property
    def pending(self) -> list[Json]:
        """Updates that nobody took yet, in order."""
        return list(self._queue.values())

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # the bot's side

    async def _call(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["method"]
        record: Json = {"at": time.time(), "method": asked, "chat_id": None, "params": {}}
        self.calls.append(record)
        try:
            self._authorise(request.match_info["token"])
            params = await _parameters(request)
            record |= {"chat_id": _number(params.get("chat_id")), "params": _shown(params)}
            fault = self._fault(asked, record["chat_id"])
            await _suffer(fault)
            result = await self._do(asked, params)
            await self._accepted(record, result)
            if fault.get("after"):
                raise Dropped
        except Wrong as error:
            record["error"] = error.description
            return error.response()
        except Dropped:
            record["dropped"] = True
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.json_response({"ok": True, "result": result})

    def _authorise(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise Wrong(404, "Not Found")
        if token != self.token:
            raise Wrong(401, "Unauthorized")

    async def _do(self, asked: str, params: Json) -> Any:
        method = getattr(self, f"_do_{asked.lower()}", None)
        if method is None:
            raise Wrong(404, "Not Found: method not found")
        return await method(params)

    async def _accepted(self, record: Json, result: Any) -> None:
        record["result"] = result
        self.sent.append(record)
        await self._wake()

    def _fault(self, asked: str, chat: int | None) -> Json:
        method = asked.lower()
        for fault in self.faults:
            named = str(fault.get("method", "*")).lower()
            if named != method and (named != "*" or method == "file"):
                continue
            if "chat_id" in fault and _number(fault["chat_id"]) != chat:
                continue
            if self._dice.random() >= fault.get("share", 1.0):
                continue
            if "times" in fault:
                fault["times"] -= 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
            return dict(fault)
        return {}

    async def _do_getme(self, params: Json) -> Any:
        return {**self.me, "can_join_groups": True, "can_read_all_group_messages": False,
                "supports_inline_queries": False}  # fmt: skip

    async def _do_logout(self, params: Json) -> Any:
        return True

    async def _do_close(self, params: Json) -> Any:
        return True

    # sending

    def _where(self, params: Json, *, counted: bool = True) -> Json:
        """The chat that a call names, if it can be written to now."""
        if not str(params.get("chat_id", "")).strip():
            raise Wrong(400, "Bad Request: chat_id is empty")
        number = _number(params["chat_id"])
        if number in self.migrated:
            moved = self.migrated[number]
            raise Wrong(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=moved,
            )
        if number in self.deactivated:
            raise Wrong(403, "Forbidden: user is deactivated")
        if number in self.blocked:
            raise Wrong(403, "Forbidden: bot was blocked by the user")
        if number not in self.chats:
            raise Wrong(400, "Bad Request: chat not found")
        if counted:
            self._keep_pace(number)
        return self.chats[number]

    def _keep_pace(self, chat: int) -> None:
        now, lanes = time.monotonic(), ((None, self.pace), (chat, self.pace_chat))
        for key, most in lanes:
            times = self._paced.setdefault(key, deque())
            while times and now - times[0] >= 1:
                times.popleft()
            if most is not None and len(times) >= most:
                raise Wrong(429, "Too Many Requests: retry after 1", retry_after=1)
        for key, _ in lanes:
            self._paced[key].append(now)

    def _send(self, params: Json, **content: Any) -> Json:
        markup, chat = _markup(params), self._where(params)
        if params.get("message_thread_id"):
            raise Wrong(400, "Bad Request: message thread not found")
        message = {"message_id": next(self._numbers), "date": int(time.time()), "chat": chat, "from": self.me}
        message |= content | self._replied(chat, params)
        if markup:
            message["reply_markup"] = markup
        return self._keep(message)

    def _replied(self, chat: Json, params: Json) -> Json:
        asked = params.get("reply_parameters") or {"message_id": params.get("reply_to_message_id")}
        if asked.get("message_id") is None:
            return {}
        found = self.messages.get((chat["id"], _number(asked["message_id"]) or 0))
        if found is not None:
            return {"reply_to_message": {k: v for k, v in found.items() if k != "reply_to_message"}}
        if not _yes(asked.get("allow_sending_without_reply", params.get("allow_sending_without_reply"))):
            raise Wrong(400, "Bad Request: message to be replied not found")
        return {}

    def _keep(self, message: Json, *, edited: bool = False) -> Json:
        """Messages are never changed, only replaced: what was told of them stays as it was."""
        self.messages[message["chat"]["id"], message["message_id"]] = message
        self._show(message["chat"]["id"], "edit" if edited else "message", message=message)
        return message

    async def _do_sendmessage(self, params: Json) -> Any:
        return self._send(params, **_worded("text", _text(params.get("text")), params))

    async def _do_sendphoto(self, params: Json) -> Any:
        caption, photo = _caption(params), self._given(params.get("photo"), "photo")
        return self._send(params, photo=self._sizes(photo), **caption)

    async def _do_senddocument(self, params: Json) -> Any:
        caption, file = _caption(params), self._given(params.get("document"), "document")
        told = {"file_name": file.name, "mime_type": file.mime}
        return self._send(params, document=file.facts | {k: v for k, v in told.items() if v}, **caption)

    def _given(self, given: Any, kind: str) -> File:
        """A new upload, or a file by its file_id."""
        if isinstance(given, Upload):
            if not given.content:
                raise Wrong(400, "Bad Request: file must be non-empty")
            if kind == "photo" and len(given.content) > LARGEST_PHOTO:
                size = f"file of size {len(given.content)} bytes is too big for a photo"
                raise Wrong(400, f"Bad Request: {size}; the maximum size is {LARGEST_PHOTO} bytes")
            made = self.file(given.content, kind, name=given.name, mime=given.mime)
            long, short = max(made.width, made.height), min(made.width, made.height)
            if kind == "photo" and (long + short > 10_000 or long > 20 * short):
                raise Wrong(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
            return made
        if not given:
            raise Wrong(400, f"Bad Request: there is no {kind} in the request")
        if str(given).startswith(("http://", "https://")):
            raise Wrong(400, "Bad Request: failed to get HTTP URL content")  # the stub fetches nothing
        if (found := self.files.get(str(given))) is None:
            raise Wrong(400, WRONG_FILE)
        if found.kind != kind:
            raise Wrong(400, f"Bad Request: can't use file of type {found.kind.title()} as {kind.title()}")
        return found

    async def _do_sendlocation(self, params: Json) -> Any:
        return self._send(params, location=_place(params))

    async def _do_sendvenue(self, params: Json) -> Any:
        place, named = _place(params), {k: str(params.get(k) or "") for k in ("title", "address")}
        for name, value in named.items():
            if not value:
                raise Wrong(400, f"Bad Request: venue {name} must be non-empty")
        return self._send(params, location=place, venue={"location": place, **named})

    async def _do_sendchataction(self, params: Json) -> Any:
        chat, action = self._where(params, counted=False), params.get("action")
        if action not in ACTIONS:
            raise Wrong(400, "Bad Request: wrong parameter action in request")
        self._show(chat["id"], "typing", action=action)
        return True

    # editing

    def _to_edit(self, params: Json) -> Json:
        chat = self._where(params)
        found = self.messages.get((chat["id"], _number(params.get("message_id")) or 0))
        if found is None:
            raise Wrong(400, "Bad Request: message to edit not found")
        if found["from"]["id"] != self.me["id"]:
            raise Wrong(400, "Bad Request: message can't be edited")
        return found

    def _edit(self, old: Json, params: Json, fresh: Json, gone: tuple[str, ...] = ()) -> Json:
        markup = _markup(params, only_inline=True)
        new = {k: v for k, v in old.items() if k not in ("reply_markup", *gone)} | fresh
        if markup:
            new["reply_markup"] = markup
        if new == old:
            raise Wrong(400, UNCHANGED)
        return self._keep(new | {"edit_date": int(time.time())}, edited=True)

    async def _do_editmessagetext(self, params: Json) -> Any:
        old, text = self._to_edit(params), _text(params.get("text"))
        if "text" not in old:
            raise Wrong(400, "Bad Request: there is no text in the message to edit")
        return self._edit(old, params, _worded("text", text, params), ("text", "entities"))

    async def _do_editmessagecaption(self, params: Json) -> Any:
        old = self._to_edit(params)
        if "photo" not in old and "document" not in old:
            raise Wrong(400, "Bad Request: there is no caption in the message to edit")
        return self._edit(old, params, _caption(params), ("caption", "caption_entities"))

    async def _do_editmessagereplymarkup(self, params: Json) -> Any:
        return self._edit(self._to_edit(params), params, {})

    async def _do_deletemessage(self, params: Json) -> Any:
        chat = self._where(params, counted=False)
        key = chat["id"], _number(params.get("message_id")) or 0
        if key not in self.messages:
            raise Wrong(400, "Bad Request: message to delete not found")
        if time.time() - self.messages[key]["date"] > DELETE_S:
            raise Wrong(400, "Bad Request: message can't be deleted for everyone")
        del self.messages[key]
        self._show(chat["id"], "delete", message_id=key[1])
        return True

    async def _do_answercallbackquery(self, params: Json) -> Any:
        text = str(params.get("text") or "")
        if _units(text) > 200:
            raise Wrong(400, "Bad Request: MESSAGE_TOO_LONG")
        asked, chat = self.queries.pop(str(params.get("callback_query_id")), (0.0, 0))
        if time.time() - asked > QUERY_S:
            raise Wrong(400, OLD_QUERY)
        alert = _yes(params.get("show_alert"))
        query = str(params["callback_query_id"])
        self._show(chat, "answer", text=text, alert=alert, query=query)
        return True

    # files, the bot's own words

    async def _do_getfile(self, params: Json) -> Any:
        found = self.files.get(str(params.get("file_id")))
        if found is None:
            raise Wrong(400, WRONG_FILE)
        if found.size > DOWNLOAD:
            raise Wrong(400, "Bad Request: file is too big")
        return found.facts | {"file_path": found.path}

    async def _do_getchat(self, params: Json) -> Any:
        chat = self.chats.get(_number(params.get("chat_id")) or 0)
        if chat is None:
            raise Wrong(400, "Bad Request: chat not found")
        kinds = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                 "gifts_from_channels")  # fmt: skip
        return {**chat, "accent_color_id": 0, "max_reaction_count": 11,
                "accepted_gift_types": dict.fromkeys(kinds, False)}  # fmt: skip

    async def _do_setmycommands(self, params: Json) -> Any:
        commands = params.get("commands") or []
        if len(commands) > 100:
            raise Wrong(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        for given in commands:
            if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(given.get("command"))):
                raise Wrong(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(str(given.get("description") or "")) <= 256:
                raise Wrong(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[_told_to(params)] = commands
        self._show(None, "commands", commands=self._menu())
        return True

    async def _do_getmycommands(self, params: Json) -> Any:
        return self.commands.get(_told_to(params), [])

    async def _do_deletemycommands(self, params: Json) -> Any:
        self.commands.pop(_told_to(params), None)
        return True

    async def _do_setmydescription(self, params: Json) -> Any:
        if len(str(params.get("description") or "")) > 512:
            raise Wrong(400, "Bad Request: description is too long")
        return True

    async def _do_setmyshortdescription(self, params: Json) -> Any:
        if len(str(params.get("short_description") or "")) > 120:
            raise Wrong(400, "Bad Request: short description is too long")
        return True

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        record: Json = {"at": time.time(), "method": "file", "chat_id": None, "params": {"path": path}}
        self.calls.append(record)
        try:
            self._authorise(request.match_info["token"])
            fault = self._fault("file", None)
            await _suffer(fault)
            found = self.files.get(Path(path).stem)
            if found is None or found.path != path or found.size > DOWNLOAD:
                raise Wrong(404, "Not Found")
        except Wrong as error:
            record["error"] = error.description
            return error.response()
        except Dropped:
            record["dropped"] = True
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(body=found.content, content_type="application/octet-stream")

    # updates to the bot

    async def _do_getupdates(self, params: Json) -> Any:
        if self.webhook["url"]:
            raise Wrong(409, HOOKED)
        if isinstance(params.get("allowed_updates"), list):
            self.allowed = params["allowed_updates"]
        me = self._poller = object()
        await self._wake()  # whoever polls already has lost its place
        self._confirm(_number(params.get("offset")) or 0)
        wait = min(POLL_S, max(0, _number(params.get("timeout")) or 0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait), self._changed:
                await self._changed.wait_for(lambda: self._queue or self._poller is not me)
        if self._poller is not me:
            raise Wrong(409, HOOK_SET if self.webhook["url"] else OTHER_POLL)
        self._poller = None
        limit = _number(params.get("limit")) or 100
        return self.pending[: min(100, max(1, limit))]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            kept = list(self._queue.items())[offset:]
        else:
            kept = [(key, u) for key, u in self._queue.items() if u["update_id"] >= offset]
        if len(kept) != len(self._queue):
            self._queue = dict(kept)

    async def _do_setwebhook(self, params: Json) -> Any:
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        _check_hook(url)
        if len(secret) > 256:
            raise Wrong(400, "Bad Request: secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise Wrong(400, "Bad Request: secret token contains unallowed characters")
        most = min(100, max(1, _number(params.get("max_connections")) or 40))
        if isinstance(params.get("allowed_updates"), list):
            self.allowed = params["allowed_updates"]
        self._hook({"url": url, "secret": secret, "max_connections": most} if url else {"url": ""}, params)
        self._poller = None if url else self._poller
        await self._wake()
        return True

    async def _do_deletewebhook(self, params: Json) -> Any:
        self._hook({"url": ""}, params)
        return True

    def _hook(self, hook: Json, params: Json) -> None:
        self._stop_delivery()
        self.webhook = hook
        if _yes(params.get("drop_pending_updates")):
            self._queue = {}
        self._slots = asyncio.Semaphore(hook.get("max_connections", 1))
        for key, update in self._queue.items():
            self._hand_on(key, update)

    async def _do_getwebhookinfo(self, params: Json) -> Any:
        told = {k: v for k, v in self.webhook.items() if k != "secret"}
        told |= {"has_custom_certificate": False, "pending_update_count": len(self._queue)}
        return told | ({"allowed_updates": self.allowed} if self.allowed else {})

    def _emit(self, update: Json) -> Json | None:
        """Queues an update, unless the bot did not ask for its kind."""
        kind = next((k for k in update if k != "update_id"), "")
        if kind not in self.allowed if self.allowed else kind in UNASKED:
            return None
        if "update_id" not in update:
            update = {"update_id": next(self._updates), **update}
        key = next(self._others)
        self._queue[key] = update
        if self.webhook["url"]:
            self._hand_on(key, update)
        return update

    # the webhook

    def _stop_delivery(self) -> None:
        """Whatever is under way counts as not taken."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks = {}
        self._lanes: dict[int, deque[int]] = {}

    def _hand_on(self, key: int, update: Json) -> None:
        """Updates of one chat go one after another, of several at once."""
        if not self.webhook["url"]:
            return
        lane = (_chat_of(update) or {"id": 0})["id"]
        self._lanes.setdefault(lane, deque()).append(key)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._deliver(lane, self.webhook))

    async def _deliver(self, lane: int, hook: Json) -> None:
        wait, keys = FIRST_WAIT, self._lanes[lane]
        while keys:
            update = self._queue.get(keys[0])
            async with self._slots:
                again = None if update is None else await self._post(update, hook)
            if again is None:
                self._queue.pop(keys.popleft(), None)
                wait = FIRST_WAIT
            else:
                await asyncio.sleep(min(LONGEST_WAIT, again or wait))
                wait = min(LONGEST_WAIT, 2 * wait)
        del self._tasks[lane]  # no await between the last look at `keys` and this

    async def _post(self, update: Json, hook: Json) -> float | None:
        """Posts once. None: taken; else the seconds that the receiver wants to wait, 0: it says nothing."""
        if self._http is None:
            self._http = ClientSession(connector=TCPConnector(limit=0))
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}
        timeout = ClientTimeout(total=self.patience)
        try:
            async with self._http.post(
                hook["url"], json=update, headers=headers, timeout=timeout
            ) as response:
                if response.status // 100 == 2:
                    await self._obey(await _wish(response))
                    return None
                trouble = (
                    f"Wrong response from the webhook: {response.status} {response.reason or ''}".strip()
                )
                again = _number(response.headers.get("Retry-After")) or 0
        except TimeoutError:
            trouble, again = "Read timeout expired", 0
        except ClientConnectorError:
            trouble, again = "Connection refused", 0
        except (ClientError, OSError) as error:
            trouble, again = type(error).__name__, 0
        hook |= {"last_error_date": int(time.time()), "last_error_message": trouble}
        return float(again)

    async def _obey(self, params: Json) -> None:
        """A webhook's answer may be a call itself; its result is never seen."""
        asked = str(params.pop("method", ""))
        if not asked or re.match(r"get|setwebhook|deletewebhook|close|logout", asked.lower()):
            return
        record: Json = {"at": time.time(), "method": asked, "chat_id": _number(params.get("chat_id")),
                        "params": _shown(params), "answer": True}  # fmt: skip
        self.calls.append(record)
        try:
            await self._accepted(record, await self._do(asked, _opened(params)))
        except Wrong as error:
            record["error"] = error.description

    # the world's side

    def file(
        self, content: bytes, kind: str = "document", size: int | None = None, name: str = "", mime: str = ""
    ) -> File:
        """Puts a file on Telegram; `size` lies about it."""
        width, height = _sides(content) if kind == "photo" else (90, 90)
        made = File(f"AgACAgUAAxkB_stub-{next(self._others):06}", kind, content,
                    len(content) if size is None else size, name, mime, width, height)  # fmt: skip
        self.files[made.id] = made
        return made

    def _sizes(self, photo: File) -> list[Json]:
        """A photo as Telegram shows it: small first, the whole last."""
        small = self.file(_thumbnail(photo.content), "photo")
        return [file.facts | file.side for file in (small, photo)]

    def chat(self, number: int, **what: Any) -> Json:
        """Makes a chat that the bot can write to: private, or a group where the number is negative."""
        kind = "private" if number > 0 else "supergroup" if number <= -(10**12) else "group"
        named = {"first_name": "An"} if kind == "private" else {"title": "Tổ dân phố"}
        for name, group in (("blocked", self.blocked), ("deactivated", self.deactivated)):
            (group.add if what.pop(name, False) else group.discard)(number)
        if moved := what.pop("migrated_to", None):
            self.migrated[number] = moved
        self.chats[number] = {"id": number, "type": kind, **named, **what}
        return self.chats[number]

    async def inject(self, what: Json) -> Json:
        """Something happens at Telegram: a raw `update`, or a `user` who does one thing (in a `chat`)."""
        if "update" in what:
            self._learn(what["update"])
            made = [copy.deepcopy(what["update"])]
        else:
            made = self._did(what)
        updates = [update for given in made if (update := self._emit(given)) is not None]
        await self._wake()
        bodies = [v for update in made for v in update.values() if isinstance(v, dict)]
        told = {"update_ids": [u["update_id"] for u in updates],
                "message_ids": [b["message_id"] for b in bodies if "message_id" in b]}  # fmt: skip
        queries = [u["callback_query"]["id"] for u in made if "callback_query" in u]
        return told | ({"query_ids": queries} if queries else {})

    def _learn(self, update: Json) -> None:
        """What a raw update says of chats, messages and presses holds from now on."""
        if chat := _chat_of(update):
            self.chats.setdefault(chat["id"], chat)
        for kind in ("message", "edited_message"):
            if "message_id" in update.get(kind, {}):
                self.messages[update[kind]["chat"]["id"], update[kind]["message_id"]] = update[kind]
        if query := update.get("callback_query"):
            self.queries[str(query["id"])] = (time.time(), chat["id"] if chat else 0)

    def _did(self, what: Json) -> list[Json]:
        user = {"is_bot": False, "first_name": "An", **what["user"]}
        named = {k: user[k] for k in ("first_name", "last_name", "username") if k in user}
        chat = {"id": user["id"], "type": "private", **named}
        if "chat" in what:
            chat = self.chats.get(what["chat"]["id"]) or self.chat(
                what["chat"]["id"], **_but_id(what["chat"])
            )
        self.chats.setdefault(chat["id"], chat)
        acts: dict[str, Callable[[Any], list[Json]]] = {
            "edit": lambda given: [self._edits(chat, given)],
            "press": lambda given: [self._presses(user, chat, given)],
            "blocked": lambda given: [self._blocks(user, chat, given)],
            "migrate": lambda given: self._migrates(user, chat, given),
        }
        for name, act in acts.items():
            if name in what:
                return act(what[name])
        # whoever writes to a bot has unblocked it
        back = [self._blocks(user, chat, False)] if user["id"] in self.blocked else []
        return back + [self._says(user, chat, content, what) for content in self._contents(what)]

    def _contents(self, what: Json) -> list[Json]:
        """What one thing done puts into messages; an album into several."""
        if "album" in what:
            group = str(10**16 + next(self._others))
            return [{**self._photo(part), "media_group_id": group} for part in what["album"]]
        if "photo" in what:
            return [self._photo(what["photo"])]
        if "start" in what:
            return [_commanded(f"/start {what['start'] or ''}".strip())]
        if "text" in what:
            return [_commanded(str(what["text"]))]
        if "venue" in what:  # carries its place twice
            return [{"venue": what["venue"], "location": what["venue"]["location"]}]
        for kind in ("location", "contact"):
            if kind in what:
                return [{kind: what[kind]}]
        for kind in FILES:
            if kind in what:
                return [self._file_of(kind, what[kind])]
        raise ValueError(f"nothing known is done in {sorted(what)}")

    def _says(self, user: Json, chat: Json, content: Json, what: Json) -> Json:
        message = {"message_id": next(self._numbers), "date": int(what.get("date") or time.time()),
                   "chat": chat, "from": user, **content}  # fmt: skip
        return {"message": self._keep(message)}

    def _edits(self, chat: Json, given: Json) -> Json:
        old = self.messages.get((chat["id"], int(given["message_id"])))
        if old is None:
            raise ValueError(f"no message {given['message_id']} to edit in chat {chat['id']}")
        kept = {k: v for k, v in old.items() if k != "entities"}
        worded = {"caption": given["text"]} if "text" not in old else _commanded(given["text"])
        new = {**kept, **worded, "edit_date": int(time.time())}
        return {"edited_message": self._keep(new, edited=True)}

    def _presses(self, user: Json, chat: Json, given: Json) -> Json:
        number, query = int(given["message_id"]), str(4_000_000_000_000_000 + next(self._others))
        self.queries[query] = (time.time(), chat["id"])
        under = self.messages.get((chat["id"], number)) or {"message_id": number, "date": 0, "chat": chat}
        pressed = {"id": query, "from": user, "chat_instance": f"{-9_000_000 - chat['id']}", "message": under}
        return {"callback_query": {**pressed, "data": given["data"]}}

    def _blocks(self, user: Json, chat: Json, blocked: bool) -> Json:
        (self.blocked.add if blocked else self.blocked.discard)(user["id"])
        self._show(chat["id"], "blocked", blocked=blocked)
        states = [{"user": self.me, "status": "member"},
                  {"user": self.me, "status": "kicked", "until_date": 0}]  # fmt: skip
        old, new = states if blocked else states[::-1]
        change = {"chat": chat, "from": user, "date": int(time.time()), "old_chat_member": old}
        return {"my_chat_member": {**change, "new_chat_member": new}}

    def _migrates(self, user: Json, chat: Json, number: int) -> list[Json]:
        """A group becomes a supergroup: both say so, and the old one takes no message any more."""
        fresh = self.chat(number, type="supergroup", title=chat.get("title", ""))
        self.migrated[chat["id"]] = number
        there = self._says(user, fresh, {"migrate_from_chat_id": chat["id"]}, {})
        return [self._says(user, chat, {"migrate_to_chat_id": number}, {}), there]

    def _photo(self, given: Json) -> Json:
        size = given.get("file_size")
        photo = self.file(base64.b64decode(given["content_base64"]), "photo", size)
        return {"photo": self._sizes(photo), **_caption(given)}

    def _file_of(self, kind: str, given: Json) -> Json:
        name, mime = given.get("file_name", ""), given.get("mime_type", "")
        content = base64.b64decode(given.get("content_base64", ""))
        file = self.file(content, kind, given.get("file_size"), name, mime)
        lasting, sides = {"duration": int(given.get("duration", 3))}, {"width": 90, "height": 90}
        more: dict[str, Json] = {
            "document": {},
            "voice": lasting,
            "audio": lasting,
            "video": lasting | sides,
            "sticker": {**sides, "is_animated": False, "is_video": False, "type": "regular"},
        }
        told = {k: v for k, v in (("file_name", name), ("mime_type", mime)) if v and kind != "sticker"}
        if kind == "voice":
            told.pop("file_name", None)
        return {kind: file.facts | more[kind] | told, **_caption(given)}

    async def wait_sent(
        self,
        count: int,
        chat_id: int | None = None,
        timeout: float = 10,  # noqa: ASYNC109 - asyncio.timeout inside
    ) -> list[Json]:
        """Waits until so many calls were accepted (of one chat); those."""

        def mine() -> list[Json]:
            return [c for c in self.sent if chat_id is None or c["chat_id"] == chat_id]

        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(mine()) >= count)
        return mine()

    async def _let_go(self, _: web.Application) -> None:
        """The server ends: nobody waits any more."""
        self._poller = None
        for watcher in self._watchers:
            watcher.put_nowait(None)
        await self._wake()

    async def close(self) -> None:
        """Ends deliveries."""
        tasks = list(self._tasks.values())
        self._stop_delivery()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
            self._http = None

    # the control side

    async def _control_inject(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(await self.inject(await request.json()))
        except (ValueError, KeyError, TypeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    async def _control_faults(self, request: web.Request) -> web.Response:
        given = await request.json()
        faults = given if isinstance(given, list) else [given]
        if unknown := {key for fault in faults for key in fault} - FAULT:
            return web.json_response({"error": f"unknown: {sorted(unknown)}"}, status=400)
        self.faults += faults
        return web.json_response(self.faults)

    async def _control_chat(self, request: web.Request) -> web.Response:
        given = await request.json()
        return web.json_response(self.chat(int(given["id"]), **_but_id(given)))

    async def _control_pace(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.pace, self.pace_chat = given.get("overall"), given.get("chat")
        return web.json_response({"overall": self.pace, "chat": self.pace_chat})

    async def _control_reset(self, request: web.Request) -> web.Response:
        self.reset()
        return web.json_response({})

    async def _control_sent(self, request: web.Request) -> web.Response:
        return web.json_response(self.sent)

    async def _control_calls(self, request: web.Request) -> web.Response:
        return web.json_response(self.calls)

    # the page

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGES / "index.html")

    async def _control_file(self, request: web.Request) -> web.Response:
        found = self.files.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        kind = "image/jpeg" if found.kind == "photo" else "application/octet-stream"
        return web.Response(body=found.content, content_type=kind)

    async def _control_events(self, request: web.Request) -> web.StreamResponse:
        """One chat as it is, then all that happens in it (server-sent events)."""
        chat = int(request.query["chat_id"])
        news: asyncio.Queue[Json | None] = asyncio.Queue()
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        event: Json | None = {"kind": "all"}
        self._watchers.add(news)
        try:
            while event is not None:
                if event["kind"] == "all":
                    event = self._whole(chat)
                if event.get("chat_id", chat) in (chat, None):
                    await response.write(f"data: {json.dumps(event)}\n\n".encode())
                event = await news.get()
        except (ConnectionError, ClientError):
            pass  # the page was closed
        finally:
            self._watchers.discard(news)
        return response

    def _whole(self, chat: int) -> Json:
        messages = [m for (where, _), m in self.messages.items() if where == chat]
        return {
            "kind": "all",
            "messages": messages,
            "blocked": chat in self.blocked,
            "commands": self._menu(),
        }

    def _menu(self) -> list[Json]:
        return self.commands.get(("", "vi")) or self.commands.get(("", "")) or []

    def _show(self, chat: int | None, kind: str, **what: Any) -> None:
        for watcher in self._watchers:
            watcher.put_nowait({"kind": kind, "chat_id": chat, **what})

    def _show_all(self) -> None:
        for watcher in self._watchers:
            watcher.put_nowait({"kind": "all"})


# parameters


async def _parameters(request: web.Request) -> Json:
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        params |= _object(await request.read())
    elif request.content_type == "multipart/form-data":
        params |= _parts(await request.read(), request.headers["Content-Type"])
    elif request.content_type.endswith("urlencoded"):
        params |= dict(await request.post())
    return _opened(params)


def _parts(body: bytes, kind: str) -> Json:
    """A multipart body. aiohttp's own reader loses names that stand without quotes, as grammY sends them."""
    mark = re.search(r'boundary="?([^";]+)', kind)
    if mark is None:
        raise Wrong(400, "Bad Request: boundary is not specified in Content-Type")
    found: Json = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + mark[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        told = head.decode(errors="replace")
        name, file = _named(told, "name"), _named(told, "filename")
        if name is None:
            continue
        mime = re.search(r"(?im)^content-type:\s*([^;\r\n]+)", told)
        found[name] = content.decode() if file is None else Upload(file, content, mime[1] if mime else "")
    return found


def _named(head: str, name: str) -> str | None:
    if coded := re.search(rf"(?i)[;\s]{name}\*=\"?utf-8''([^\";\r\n]*)", head):
        return unquote(coded[1])
    plain = re.search(rf'(?i)[;\s]{name}=(?:"([^"]*)"|([^;\r\n]*))', head)
    return None if plain is None else plain[1] or plain[2] or ""


def _object(body: bytes) -> Json:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Wrong(400, "Bad Request: can't parse JSON object")
    return {name: value for name, value in given.items() if value is not None}


def _opened(params: Json) -> Json:
    """Objects out of their JSON text, files to where they are named."""
    for name, value in list(params.items()):
        if not isinstance(value, str):
            continue
        if name in OBJECTS and value:
            try:
                params[name] = json.loads(value)
            except ValueError:
                raise Wrong(400, f"Bad Request: can't parse {name} JSON object") from None
        if value.startswith("attach://"):
            params[name] = params.pop(value.removeprefix("attach://"), None)
    return params


def _shown(params: Json) -> Json:
    """Uploads as name and size."""
    return {
        k: {"name": v.name, "size": len(v.content)} if isinstance(v, Upload) else v for k, v in params.items()
    }


def _number(given: Any) -> int | None:
    return int(given) if re.fullmatch(r"\s*[+-]?\d{1,19}\s*", str(given)) else None


def _yes(given: Any) -> bool:
    return str(given).lower() in ("true", "1")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text(given: Any) -> str:
    text = str(given or "").strip()
    if not text:
        raise Wrong(400, "Bad Request: message text is empty")
    if _units(text) > 4096:
        raise Wrong(400, "Bad Request: message is too long")
    return text


def _caption(params: Json) -> Json:
    caption = str(params.get("caption") or "").strip()
    if _units(caption) > 1024:
        raise Wrong(400, "Bad Request: message caption is too long")
    return _worded("caption", caption, params) if caption else {}


def _worded(name: str, text: str, params: Json) -> Json:
    marks = "entities" if name == "text" else "caption_entities"
    return {name: text} | ({marks: params[marks]} if params.get(marks) else {})


def _commanded(text: str) -> Json:
    """Text, with the mark by which libraries know a command."""
    found = re.match(r"/[A-Za-z0-9_@]{1,64}", text)
    if not found:
        return {"text": text}
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": found.end()}]}


def _markup(params: Json, *, only_inline: bool = False) -> Json | None:
    """The inline keyboard, which alone is told back with a message."""
    markup = params.get("reply_markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise Wrong(400, "Bad Request: object expected as reply markup")
    if "inline_keyboard" not in markup:
        if only_inline:
            raise Wrong(400, "Bad Request: inline keyboard expected")
        return None
    buttons = [button for row in markup["inline_keyboard"] for button in row]
    if any(not set(b) - {"text", "style", "icon_custom_emoji_id"} for b in buttons):
        raise Wrong(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")  # fmt: skip
    if any(len(str(b.get("callback_data", "x")).encode()) not in range(1, 65) for b in buttons):
        raise Wrong(400, "Bad Request: BUTTON_DATA_INVALID")
    if len(buttons) > 100:
        raise Wrong(400, "Bad Request: reply markup is too long")
    return markup if buttons else None


def _place(params: Json) -> Json:
    place: Json = {}
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            place[name] = float(params[name])
        except (KeyError, ValueError, TypeError):
            raise Wrong(400, f"Bad Request: {name} is empty") from None
        if abs(place[name]) > most:
            raise Wrong(400, "Bad Request: wrong location specified")
    if period := _number(params.get("live_period")):
        place["live_period"] = period
    return place


def _told_to(params: Json) -> tuple[str, str]:
    scope = params.get("scope") or {"type": "default"}
    named = "" if scope == {"type": "default"} else json.dumps(scope, sort_keys=True)
    return named, str(params.get("language_code") or "")


def _but_id(given: Json) -> Json:
    return {k: v for k, v in given.items() if k != "id"}


def _chat_of(update: Json) -> Json | None:
    bodies: Iterable[Json] = [body for body in update.values() if isinstance(body, dict)]
    for body in bodies:
        chat = body.get("chat") or (body.get("message") or {}).get("chat")
        if isinstance(chat, dict) and "id" in chat:
            return chat
    return None


# trouble


async def _suffer(fault: Json) -> None:
    """What goes wrong before the call is done."""
    if fault.get("delay"):
        await asyncio.sleep(float(fault["delay"]))
    if fault.get("drop"):
        raise Dropped
    if not fault.get("code"):
        return
    code = int(fault["code"])
    given = {"retry_after": 1, **fault} if code == 429 else fault
    parameters = {k: int(given[k]) for k in ("retry_after", "migrate_to_chat_id") if k in given}
    said = SAID.get(code, "Internal Server Error")
    if code == 429:
        said = f"Too Many Requests: retry after {given['retry_after']}"
    elif "migrate_to_chat_id" in fault:
        said = "Bad Request: group chat was upgraded to a supergroup chat"
    raise Wrong(code, fault.get("description", said), fault.get("raw"), **parameters)


def _check_hook(url: str) -> None:
    """HTTPS at Telegram's ports; loopback, where tests are, in any way."""
    where = urlsplit(url)
    if not url or (where.scheme in ("http", "https") and where.hostname in ("127.0.0.1", "localhost", "::1")):
        return
    if where.scheme != "https":
        raise Wrong(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if (where.port or 443) not in (80, 88, 443, 8443):
        raise Wrong(400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


async def _wish(response: ClientResponse) -> Json:
    """The call in a webhook's answer, if there is one."""
    body = await response.read()
    if response.content_type == "application/json":
        with contextlib.suppress(Wrong):
            return _object(body)
    elif response.content_type.endswith("urlencoded"):
        return dict(parse_qsl(body.decode(errors="replace")))
    return {}


# pictures

NO_PICTURE = (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError)


def _sides(content: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except NO_PICTURE:
        return 90, 90  # tests send what is no picture too


def _thumbnail(content: bytes) -> bytes:
    """Not the whole picture: whoever takes the wrong size shall notice."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            small, out = image.convert("RGB"), io.BytesIO()
            small.thumbnail((90, 90))
            small.save(out, "JPEG", quality=60)
            return out.getvalue()
    except NO_PICTURE:
        return content[:16]


@contextlib.asynccontextmanager
async def telegram(token: str = TOKEN, pages: bool = False) -> AsyncIterator[Telegram]:
    """A running stub on a free port."""
    stub = Telegram(token, pages)
    runner = web.AppRunner(stub.app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        await stub.close()
        await runner.cleanup()


async def main() -> None:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Telegram's Bot API, played")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--pages", action="store_true", help="a page at / where one plays a citizen")
    options = parser.parse_args()
    stub = Telegram(options.token, options.pages)
    runner = web.AppRunner(stub.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port).start()
    print(f"Telegram, played: http://127.0.0.1:{options.port}/", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
