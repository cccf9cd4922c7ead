"""A provider that takes letters over HTTP, remembers them, and can be told to misbehave; and the
channel that talks to it. The engine's sending is tested with it until real channels come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, web

from bot.channels.contract import Facts, Sent
from bot.channels.errors import Held, Refused, TryLater
from storage.outbox import Due


class Provider:
    """The stub server."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str, str, str | None]] = []
        "When, to whom, what, in place of what."
        self.faults: list[tuple[int, float]] = []
        "Status and Retry-After of the next answers."
        self.delay = 0.0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(self.delay)
        if self.faults:
            status, after = self.faults.pop(0)
            return web.json_response({"after": after}, status=status)
        self.sent.append((asyncio.get_running_loop().time(), body["to"], body["text"], body["replaces"]))
        return web.json_response({"id": f"p{len(self.sent)}"})


class Post:
    """The channel."""

    def __init__(self, address: str, http: ClientSession, per_second: float, timeout_s: float) -> None:
        self.facts = Facts("post", keep_ms=86_400_000, per_second=per_second, timeout_s=timeout_s)
        self._address = address
        self._http = http

    async def send(self, address: str, due: Due, done: int) -> Sent:
        body = {"to": address, "text": due.message.text, "replaces": due.replaces}
        if due.message.text == "boom":
            raise ZeroDivisionError
        try:
            async with self._http.post(self._address, json=body) as response:
                told = await response.json()
                match response.status:
                    case 200:
                        return Sent(str(told["id"]))
                    case 429:
                        raise TryLater("pace", int(told["after"] * 1000), everybody=True)
                    case 403:
                        raise Refused("blocked")
                    case 423:
                        raise Held("window")
                    case _:
                        raise TryLater("server")
        except ClientError as error:
            raise TryLater("connection") from error


@asynccontextmanager
async def provider(per_second: float = 200.0, timeout_s: float = 2.0) -> AsyncIterator[tuple[Provider, Post]]:
    """A running stub and a channel to it."""
    stub = Provider()
    app = web.Application()
    app.router.add_post("/", stub.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as http:
        yield stub, Post(f"http://127.0.0.1:{runner.addresses[0][1]}/", http, per_second, timeout_s)
    await runner.cleanup()
