"""The floor: aiohttp's server and client, nothing kept."""

import asyncio
import json
import sys

import aiohttp
from aiohttp import web

from tests.bench.shared_search import lookup


async def main(port: int, api: str, token: str) -> None:
    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
    tasks: set[asyncio.Task[None]] = set()

    async def answer(message: dict[str, dict[str, object]]) -> None:
        body = {"chat_id": message["chat"]["id"], "text": lookup(str(message["text"]))}
        async with http.post(f"{api}/bot{token}/sendMessage", json=body) as response:
            await response.read()

    async def hook(request: web.Request) -> web.Response:
        task = asyncio.create_task(answer(json.loads(await request.read())["message"]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
