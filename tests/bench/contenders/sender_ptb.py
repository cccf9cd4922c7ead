"""python-telegram-bot's own Bot on its own httpx: so many messages, 32 at once; prints CPU and wall seconds."""

import asyncio
import json
import sys
import time

from telegram import Bot
from telegram.request import HTTPXRequest

from tests.bench.shared_search import QUESTIONS, lookup


async def main(api: str, token: str, count: int) -> None:
    texts = [lookup(question) for question in QUESTIONS]
    request = HTTPXRequest(connection_pool_size=64, pool_timeout=30)
    async with Bot(token, base_url=f"{api}/bot", request=request) as bot:
        left = iter(range(count))

        async def one() -> None:
            for number in left:
                await bot.send_message(100 + number, texts[number % len(texts)])

        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one() for _ in range(32)))
        print(json.dumps([time.process_time() - used, time.perf_counter() - began]))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
