"""The load and the stub of the Bot API in one process beside the bot: raw asyncio, so that it can keep up.

An update counts as answered when its chat's `sendMessage` has arrived; until then the chat rests.
"""

import asyncio
import json
import time
from typing import Any

RESULT = json.dumps(
    {"ok": True, "result": {"message_id": 9, "date": 1_795_568_400, "text": "x",
     "chat": {"id": 7, "type": "private", "first_name": "An"},
     "from": {"id": 42, "is_bot": True, "first_name": "B", "username": "b"}}}
).encode()  # fmt: skip
ME = json.dumps(
    {"ok": True, "result": {"id": 42, "is_bot": True, "first_name": "B", "username": "b"}}
).encode()
DONE = b'{"ok":true,"result":true}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Stub(asyncio.Protocol):
    """One connection of the bot's client: keep-alive, bodies with a length or in chunks."""

    def __init__(self, load: "Load") -> None:
        self.load, self.data = load, b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (at := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:at].lower()
            body = self._body(head, at + 4)
            if body is None:
                return
            self._answer(self.data.split(b" ", 2)[1], body)

    def _body(self, head: bytes, at: int) -> bytes | None:
        if b"transfer-encoding: chunked" in head:
            end = self.data.find(b"\r\n0\r\n\r\n", at - 2)
            if end < 0:
                return None
            body, self._rest = self.data[at:end], end + 7
        else:
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
            if len(self.data) < at + length:
                return None
            body, self._rest = self.data[at : at + length], at + length
        return body

    def _answer(self, path: bytes, body: bytes) -> None:
        self.data = self.data[self._rest :]
        method = path.rsplit(b"/", 1)[-1].split(b"?")[0].lower()
        told = RESULT if method == b"sendmessage" else ME if method == b"getme" else DONE
        self.transport.write(HEAD % len(told) + told)
        if method == b"sendmessage":
            self.load.arrived(_chat(body))


def _chat(body: bytes) -> int:
    """The chat's number: in JSON, a form or multipart, it is the digits behind `chat_id`."""
    at = body.find(b"chat_id") + 7
    while at < len(body) and not 48 <= body[at] <= 57:
        at += 1
    end = at
    while end < len(body) and 48 <= body[end] <= 57:
        end += 1
    return int(body[at:end])


class Hook(asyncio.Protocol):
    """One connection to the bot's webhook."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.waits: asyncio.Future[int] | None = None
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.waits and not self.waits.done():
            self.waits.set_result(0)

    def data_received(self, data: bytes) -> None:
        self.data += data
        at = self.data.find(b"\r\n\r\n")
        if at < 0:
            return
        head = self.data[:at].lower()
        mark = head.find(b"content-length:")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        if len(self.data) >= at + 4 + length and self.waits and not self.waits.done():
            status = int(self.data[9:12])
            self.data = self.data[at + 4 + length :]
            self.waits.set_result(status)

    async def post(self, request: bytes) -> int:
        self.waits = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waits


class Load:
    """Updates of many chats, and when each was taken and answered."""

    def __init__(self, questions: tuple[str, ...], secret: str) -> None:
        self._questions = [json.dumps(q).encode() for q in questions]
        self._secret = secret.encode()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._number = 1
        self._free: list[Hook] = []
        self.url = ""
        self.port, self.path = 0, b"/"

    async def __aenter__(self) -> "Load":
        self._server = await asyncio.get_running_loop().create_server(lambda: Stub(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for hook in self._free:
            hook.transport.close()
        self._server.close()

    def aim(self, port: int, path: str) -> None:
        for hook in self._free:
            hook.transport.close()
        self.port, self.path, self._free = port, path.encode(), []

    def arrived(self, chat: int) -> None:
        waits = self._waiting.pop(chat, None)
        if waits is not None and not waits.done():
            waits.set_result(None)

    async def one(self, chat: int) -> tuple[float, float]:
        """Posts one update: seconds to its 200, and to its answer."""
        self._number += 1
        body = (
            b'{"update_id":%d,"message":{"message_id":%d,"date":1795568400,"chat":{"id":%d,"type":"private",'
            b'"first_name":"An"},"from":{"id":%d,"is_bot":false,"first_name":"An","language_code":"vi"},"text":%s}}'
            % (self._number, self._number, chat, chat, self._questions[self._number % len(self._questions)])
        )
        request = (
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"X-Telegram-Bot-Api-Secret-Token: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (self.path, self._secret, len(body), body)
        )
        hook = self._free.pop() if self._free else None
        if hook is None or hook.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, hook = await loop.create_connection(Hook, "127.0.0.1", self.port)
        answered = asyncio.get_running_loop().create_future()
        self._waiting[chat] = answered
        began = time.perf_counter()
        status = await hook.post(request)
        taken = time.perf_counter() - began
        self._free.append(hook)
        assert status == 200, status
        await asyncio.wait_for(answered, 30)
        return taken, time.perf_counter() - began

    async def closed(self, in_flight: int, count: int) -> float:
        """As fast as it goes with so many chats waiting at once; answered updates a second."""
        left = iter(range(count))

        async def chat(number: int) -> None:
            for _ in left:
                await self.one(number)

        began = time.perf_counter()
        await asyncio.gather(*(chat(100 + n) for n in range(in_flight)))
        return count / (time.perf_counter() - began)

    async def open(self, per_second: float, count: int) -> tuple[list[float], list[float]]:
        """At an even rate; seconds to the 200 and to the answer."""
        began, tasks = time.perf_counter(), []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            tasks.append(asyncio.create_task(self.one(10_000 + number % 5_000)))
        found = await asyncio.gather(*tasks)
        return [taken for taken, _ in found], [answered for _, answered in found]
