"""Telegram's Bot API, played: for tests, and alone with `python -m tests.fakes.telegram --port N [--pages]`.

By the facts: methods in any case, parameters as query, form, JSON or multipart, Telegram's own words for
errors, long polling that confirms by offset, webhooks with the secret, in order within a chat and repeated
until 2xx. Its control side stands under `/_control/`.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

PAGES = Path(__file__).parent / "pages"
BOT = {"id": 424242, "is_bot": True, "first_name": "Nếp Sống", "username": "nepsong_stub_bot"}
DOWNLOAD = 20_000_000  # bytes that getFile gives
QUERY_S = 150  # a press can be answered for so long
KNOWN = [
    "getme",
    "getupdates",
    "setwebhook",
    "deletewebhook",
    "getwebhookinfo",
    "sendmessage",
    "sendphoto",
    "senddocument",
    "sendlocation",
    "sendvenue",
    "sendchataction",
    "editmessagetext",
    "editmessagecaption",
    "editmessagereplymarkup",
    "deletemessage",
    "answercallbackquery",
    "getfile",
    "setmycommands",
    "getmycommands",
    "deletemycommands",
    "setmydescription",
    "setmyshortdescription",
    "getchat",
    "logout",
    "close",
]
FILES = ("document", "voice", "audio", "video", "sticker")


class Wrong(Exception):
    """An error as Telegram tells it."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


class Telegram:
    """The stub. `sent`: accepted calls in order; `calls`: all; `faults`: what will go wrong."""

    def __init__(self, token: str = "42:stub-token-aaaaaaaaaaaaaaaaaaaa", pages: bool = False) -> None:
        self.token = token
        self.url = ""
        self.pace: float | None = None
        self.app = web.Application(client_max_size=60_000_000)
        self.app.router.add_route("*", "/bot{token}/{method}", self._call)
        self.app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        for name in ("inject", "faults", "reset"):
            self.app.router.add_post(f"/_control/{name}", getattr(self, f"_control_{name}"))
        self.app.router.add_get("/_control/sent", self._control_sent)
        self.app.router.add_get("/_control/calls", self._control_calls)
        if pages:
            self.app.router.add_get("/", self._page)
            self.app.router.add_static("/pages", PAGES)
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.reset()

    def reset(self) -> None:
        """Forgets everything but the token."""
        self.sent: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.files: dict[str, tuple[bytes, int]] = {}
        self.chats: dict[int, dict[str, Any]] = {}
        self.blocked: set[int] = set()
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        self.queries: dict[str, float] = {}
        self.commands: dict[str, Any] = {}
        self.webhook: dict[str, Any] = {"url": ""}
        self._number = 1000
        self._last_sends: list[float] = []
        self._poller: object = None
        self._dice = random.Random(7)
        self._lanes: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        for task in self._tasks:
            task.cancel()
        self._tasks = set()

    def _next(self) -> int:
        self._number += 1
        return self._number

    # the bot's side

    async def _call(self, request: web.Request) -> web.StreamResponse:
        token, asked = request.match_info["token"], request.match_info["method"]
        params = await _parameters(request)
        method = asked.lower()
        chat = params.get("chat_id")
        fault = self._fault(method, chat)
        record = {"at": time.time(), "method": asked, "chat_id": chat, "params": _shown(params)}
        self.calls.append(record)
        try:
            if fault.get("delay"):
                await asyncio.sleep(float(fault["delay"]))
            if fault.get("drop"):
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if fault.get("code"):
                raise _wrong(fault)
            if not re.fullmatch(r"\d+:[\w-]+", token):
                raise Wrong(404, "Not Found")
            if token != self.token:
                raise Wrong(401, "Unauthorized")
            if method not in KNOWN:
                raise Wrong(404, "Not Found: method not found")
            result = await getattr(self, f"_do_{method}", self._do_nothing)(params)
        except Wrong as error:
            body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
            if error.parameters:
                body["parameters"] = error.parameters
            record["error"] = error.description
            return web.json_response(body, status=error.code)
        record["result"] = result
        self.sent.append(record)
        async with self._changed:
            self._changed.notify_all()
        if fault.get("after"):
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"ok": True, "result": result})

    def _fault(self, method: str, chat: Any) -> dict[str, Any]:
        for fault in self.faults:
            named = fault.get("method", "*").lower()
            if named not in ("*", method) or str(fault.get("chat_id", chat)) != str(chat):
                continue
            if self._dice.random() >= fault.get("share", 1.0):
                return {}
            if "times" in fault:
                fault["times"] -= 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
            return fault
        return {}

    async def _do_nothing(self, params: dict[str, Any]) -> Any:
        return True

    async def _do_getme(self, params: dict[str, Any]) -> Any:
        return {
            **BOT,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def _chat(self, params: dict[str, Any]) -> dict[str, Any]:
        if not str(params.get("chat_id", "")):
            raise Wrong(400, "Bad Request: chat_id is empty")
        number = int(params["chat_id"])
        if number in self.blocked:
            raise Wrong(403, "Forbidden: bot was blocked by the user")
        if number not in self.chats:
            raise Wrong(400, "Bad Request: chat not found")
        if self.pace is not None:
            now = time.monotonic()
            self._last_sends = [at for at in self._last_sends if now - at < 1]
            if len(self._last_sends) >= self.pace:
                raise Wrong(429, "Too Many Requests: retry after 1", retry_after=1)
            self._last_sends.append(now)
        return self.chats[number]

    def _made(self, chat: dict[str, Any], params: dict[str, Any], **content: Any) -> dict[str, Any]:
        markup = params.get("reply_markup")
        if markup:
            buttons = [b for row in markup.get("inline_keyboard", []) for b in row]
            if any(len(b.get("callback_data", "x").encode()) not in range(1, 65) for b in buttons):
                raise Wrong(400, "Bad Request: BUTTON_DATA_INVALID")
            if len(buttons) > 100:
                raise Wrong(400, "Bad Request: reply markup is too long")
            content["reply_markup"] = markup
        number = self._next()
        message = {"message_id": number, "date": int(time.time()), "chat": chat, "from": BOT, **content}
        self.messages[chat["id"], number] = message
        return message

    async def _do_sendmessage(self, params: dict[str, Any]) -> Any:
        text = _text(params.get("text"), 4096, "message")
        return self._made(self._chat(params), params, text=text)

    async def _do_sendphoto(self, params: dict[str, Any]) -> Any:
        chat, name = self._chat(params), self._given(params.get("photo"))
        size = {"file_id": name, "file_unique_id": f"u{name}", "width": 90, "height": 90,
                "file_size": self.files[name][1]}  # fmt: skip
        return self._made(chat, params, photo=[size], **_caption(params))

    async def _do_senddocument(self, params: dict[str, Any]) -> Any:
        chat, name = self._chat(params), self._given(params.get("document"))
        document = {"file_id": name, "file_unique_id": f"u{name}", "file_size": self.files[name][1]}
        return self._made(chat, params, document=document, **_caption(params))

    def _given(self, given: Any) -> str:
        if isinstance(given, bytes):
            return self.file(given)
        if given not in self.files:
            raise Wrong(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return str(given)

    async def _do_sendlocation(self, params: dict[str, Any]) -> Any:
        place = {"latitude": float(params["latitude"]), "longitude": float(params["longitude"])}
        return self._made(self._chat(params), params, location=place)

    async def _do_sendchataction(self, params: dict[str, Any]) -> Any:
        if int(params.get("chat_id", 0)) not in self.chats:
            raise Wrong(400, "Bad Request: chat not found")
        return True

    async def _do_editmessagetext(self, params: dict[str, Any]) -> Any:
        chat = self._chat(params)
        message = self.messages.get((chat["id"], int(params.get("message_id", 0))))
        if message is None or "text" not in message:
            raise Wrong(400, "Bad Request: message to edit not found")
        text = _text(params.get("text"), 4096, "message")
        if message["text"] == text and message.get("reply_markup") == params.get("reply_markup"):
            raise Wrong(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
            )
        message |= {"text": text, "edit_date": int(time.time())}
        message.pop("reply_markup", None)
        if params.get("reply_markup"):
            message["reply_markup"] = params["reply_markup"]
        return dict(message)

    async def _do_deletemessage(self, params: dict[str, Any]) -> Any:
        if self.messages.pop((int(params.get("chat_id", 0)), int(params.get("message_id", 0))), None) is None:
            raise Wrong(400, "Bad Request: message to delete not found")
        return True

    async def _do_answercallbackquery(self, params: dict[str, Any]) -> Any:
        asked = self.queries.pop(str(params.get("callback_query_id")), 0.0)
        if time.time() - asked > QUERY_S:
            raise Wrong(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        return True

    async def _do_getfile(self, params: dict[str, Any]) -> Any:
        name = str(params.get("file_id"))
        if name not in self.files:
            raise Wrong(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if self.files[name][1] > DOWNLOAD:
            raise Wrong(400, "Bad Request: file is too big")
        return {"file_id": name, "file_unique_id": f"u{name}", "file_size": self.files[name][1],
                "file_path": f"files/{name}"}  # fmt: skip

    async def _do_getchat(self, params: dict[str, Any]) -> Any:
        return {**self._chat(params), "accent_color_id": 0, "max_reaction_count": 11}

    async def _do_setmycommands(self, params: dict[str, Any]) -> Any:
        self.commands[params.get("language_code") or ""] = params.get("commands")
        return True

    async def _do_getmycommands(self, params: dict[str, Any]) -> Any:
        return self.commands.get(params.get("language_code") or "", [])

    async def _do_setwebhook(self, params: dict[str, Any]) -> Any:
        secret = params.get("secret_token", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise Wrong(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = {
            "url": params.get("url", ""),
            "secret": secret,
            "allowed": params.get("allowed_updates"),
        }
        self._poller = None
        async with self._changed:
            self._changed.notify_all()
        if self.webhook["url"]:
            waiting, self.pending = self.pending, []
            for update in waiting:
                self._post(update)
        return True

    async def _do_deletewebhook(self, params: dict[str, Any]) -> Any:
        self.webhook = {"url": ""}
        return True

    async def _do_getwebhookinfo(self, params: dict[str, Any]) -> Any:
        waiting = sum(lane.qsize() for lane in self._lanes.values()) + len(self.pending)
        found = {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": waiting}
        if self.webhook.get("error"):
            found |= {"last_error_date": int(time.time()), "last_error_message": self.webhook["error"]}
        return found

    async def _do_getupdates(self, params: dict[str, Any]) -> Any:
        if self.webhook["url"]:
            raise Wrong(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            )
        me = self._poller = object()
        async with self._changed:
            self._changed.notify_all()
        offset, limit = int(params.get("offset") or 0), int(params.get("limit") or 100)
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            self.pending = [u for u in self.pending if u["update_id"] >= offset]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(50.0, float(params.get("timeout") or 0))), self._changed:
                while not self.pending and self._poller is me:
                    await self._changed.wait()
        if self._poller is not me:
            raise Wrong(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return self.pending[:limit]

    async def _download(self, request: web.Request) -> web.Response:
        name = request.match_info["path"].removeprefix("files/")
        if request.match_info["token"] != self.token or name not in self.files:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=self.files[name][0], content_type="application/octet-stream")

    # the world's side

    def file(self, content: bytes, size: int | None = None) -> str:
        """Puts a file on Telegram; its file_id."""
        name = f"file{self._next()}"
        self.files[name] = (content, len(content) if size is None else size)
        return name

    async def inject(self, what: dict[str, Any]) -> dict[str, Any]:
        """Something happens at Telegram: a raw `update`, or a `user` who does one thing."""
        if "update" in what:
            updates = [{"update_id": self._next(), **what["update"]}]
        else:
            updates = [{"update_id": self._next(), **u} for u in self._did(what)]
        for update in updates:
            if self.webhook["url"]:
                self._post(update)
            else:
                self.pending.append(update)
        async with self._changed:
            self._changed.notify_all()
        numbers = [
            m["message_id"] for u in updates for m in u.values() if isinstance(m, dict) and "message_id" in m
        ]
        return {"update_ids": [u["update_id"] for u in updates], "message_ids": numbers}

    def _did(self, what: dict[str, Any]) -> list[dict[str, Any]]:
        user = {"is_bot": False, "first_name": "An", **what["user"]}
        chat = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
        self.chats.setdefault(user["id"], chat)

        def message(**content: Any) -> dict[str, Any]:
            made = {
                "message_id": self._next(),
                "date": int(time.time()),
                "chat": chat,
                "from": user,
                **content,
            }
            self.messages[user["id"], made["message_id"]] = made
            return {"message": made}

        if "start" in what:
            what["text"] = f"/start {what['start']}".strip()
        said = {kind: what[kind] for kind in ("text", "location", "venue", "contact") if kind in what}
        files = [self._file_of(kind, what[kind]) for kind in FILES if kind in what]
        if "photo" in what:
            files = [self._photo(what["photo"])]
        if "album" in what:
            group = str(self._next())
            return [message(**self._photo(part), media_group_id=group) for part in what["album"]]
        if said or files:
            return [message(**said, **(files[0] if files else {}))]
        return [self._acted(what, user, chat)]

    def _acted(self, what: dict[str, Any], user: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any]:
        if "edit" in what:
            old = self.messages[user["id"], what["edit"]["message_id"]]
            old |= {"text": what["edit"]["text"], "edit_date": int(time.time())}
            return {"edited_message": dict(old)}
        if "press" in what:
            number = str(self._next())
            self.queries[number] = time.time()
            known = self.messages.get((user["id"], int(what["press"]["message_id"])))
            under = known or {"message_id": what["press"]["message_id"], "date": 0, "chat": chat}
            query = {
                "id": number,
                "from": user,
                "chat_instance": "1",
                "message": under,
                "data": what["press"]["data"],
            }
            return {"callback_query": query}
        (self.blocked.add if what["blocked"] else self.blocked.discard)(user["id"])
        return self._membership(user, chat, what["blocked"])

    def _membership(self, user: Any, chat: Any, blocked: bool) -> dict[str, Any]:
        states = [{"user": BOT, "status": "member"}, {"user": BOT, "status": "kicked", "until_date": 0}]
        old, new = states if blocked else states[::-1]
        change = {
            "chat": chat,
            "from": user,
            "date": int(time.time()),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        return {"my_chat_member": change}

    def _photo(self, given: dict[str, Any]) -> dict[str, Any]:
        content = base64.b64decode(given["content_base64"])
        sizes = [
            {"file_id": self.file(content), "file_unique_id": f"u{side}", "width": side, "height": side,
             "file_size": len(content)}
            for side in (90, 800)
        ]  # fmt: skip
        return {"photo": sizes, **_caption(given)}

    def _file_of(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        content = base64.b64decode(given.get("content_base64", ""))
        size = int(given.get("file_size", len(content)))
        file: dict[str, Any] = {"file_id": self.file(content, size), "file_unique_id": "u", "file_size": size}
        more = {
            "document": {k: given[k] for k in ("file_name", "mime_type") if k in given},
            "voice": {"duration": 3},
            "audio": {"duration": 3},
            "video": {"duration": 3, "width": 90, "height": 90},
            "sticker": {
                "width": 90,
                "height": 90,
                "is_animated": False,
                "is_video": False,
                "type": "regular",
            },
        }
        return {kind: file | more[kind], **_caption(given)}

    # the webhook

    def _post(self, update: dict[str, Any]) -> None:
        body = next(v for v in update.values() if isinstance(v, dict))
        chat = (body.get("chat") or body.get("message", {}).get("chat") or {"id": 0})["id"]
        if chat not in self._lanes:
            self._lanes[chat] = asyncio.Queue()
            task = asyncio.create_task(self._deliver(self._lanes[chat]))
            self._tasks.add(task)
        self._lanes[chat].put_nowait(update)

    async def _deliver(self, lane: "asyncio.Queue[dict[str, Any]]") -> None:
        async with ClientSession(timeout=ClientTimeout(total=10)) as http:
            while True:
                update = await lane.get()
                wait = 0.1
                while not await self._delivered(http, update):
                    await asyncio.sleep(wait)
                    wait = min(2.0, 2 * wait)

    async def _delivered(self, http: ClientSession, update: dict[str, Any]) -> bool:
        headers = (
            {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret"]} if self.webhook.get("secret") else {}
        )
        try:
            async with http.post(self.webhook["url"], json=update, headers=headers) as response:
                if response.status // 100 == 2:
                    return True
                self.webhook["error"] = f"Wrong response from the webhook: {response.status}"
        except (ClientError, TimeoutError, OSError) as error:
            self.webhook["error"] = type(error).__name__
        return False

    # the control side

    async def _control_inject(self, request: web.Request) -> web.Response:
        return web.json_response(await self.inject(await request.json()))

    async def _control_faults(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.faults += given if isinstance(given, list) else [given]
        return web.json_response(self.faults)

    async def _control_reset(self, request: web.Request) -> web.Response:
        self.reset()
        return web.json_response({})

    async def _control_sent(self, request: web.Request) -> web.Response:
        return web.json_response(self.sent)

    async def _control_calls(self, request: web.Request) -> web.Response:
        return web.json_response(self.calls)

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGES / "index.html")

    async def wait_sent(
        self, count: int, chat_id: int | None = None, seconds: float = 10
    ) -> list[dict[str, Any]]:
        """Waits until so many calls were accepted (of one chat)."""

        def mine() -> list[dict[str, Any]]:
            return [c for c in self.sent if chat_id is None or str(c["chat_id"]) == str(chat_id)]

        async with asyncio.timeout(seconds), self._changed:
            while len(mine()) < count:
                await self._changed.wait()
        return mine()

    async def close(self) -> None:
        """Ends deliveries."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _wrong(fault: dict[str, Any]) -> Wrong:
    code = int(fault["code"])
    parameters = {k: int(fault[k]) for k in ("retry_after", "migrate_to_chat_id") if k in fault}
    said = f"Too Many Requests: retry after {fault.get('retry_after', 1)}" if code == 429 else "Bad Request"
    return Wrong(code, fault.get("description", said), **parameters)


async def _parameters(request: web.Request) -> dict[str, Any]:
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        params |= json.loads(body) if body else {}
    elif request.content_type.startswith("multipart/") or request.content_type.endswith("urlencoded"):
        for name, value in (await request.post()).items():
            params[name] = value.file.read() if isinstance(value, web.FileField) else value
    for name, value in list(params.items()):
        if isinstance(value, str) and value[:1] in "[{" and name not in ("text", "caption"):
            with contextlib.suppress(ValueError):
                params[name] = json.loads(value)
        if isinstance(value, str) and value.startswith("attach://"):
            params[name] = params.get(value.removeprefix("attach://"))
    return params


def _shown(params: dict[str, Any]) -> dict[str, Any]:
    return {k: f"<{len(v)} bytes>" if isinstance(v, bytes) else v for k, v in params.items()}


def _text(given: Any, longest: int, what: str) -> str:
    text = str(given or "").strip()
    if not text:
        raise Wrong(400, f"Bad Request: {what} text is empty")
    if len(text.encode("utf-16-le")) // 2 > longest:
        raise Wrong(400, f"Bad Request: {what} is too long")
    return text


def _caption(params: dict[str, Any]) -> dict[str, str]:
    caption = str(params.get("caption") or "")
    if len(caption.encode("utf-16-le")) // 2 > 1024:
        raise Wrong(400, "Bad Request: message caption is too long")
    return {"caption": caption} if caption else {}


@contextlib.asynccontextmanager
async def telegram(token: str = "42:stub-token-aaaaaaaaaaaaaaaaaaaa") -> AsyncIterator[Telegram]:
    """A running stub on a free port."""
    stub = Telegram(token)
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
    parser.add_argument("--token", default="42:stub-token-aaaaaaaaaaaaaaaaaaaa")
    parser.add_argument("--pages", action="store_true", help="a page at / where one plays a citizen")
    options = parser.parse_args()
    stub = Telegram(options.token, options.pages)
    runner = web.AppRunner(stub.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
