"""A plain python-telegram-bot bot: its Application, fed by aiohttp, updates in parallel."""

import asyncio
import json
import sys

from aiohttp import web
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.bench.shared_search import lookup


async def answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    await update.message.reply_text(lookup(update.message.text or ""))


async def main(port: int, api: str, token: str) -> None:
    built = Application.builder().token(token).base_url(f"{api}/bot").updater(None)
    bot = built.concurrent_updates(256).connection_pool_size(64).pool_timeout(30).build()
    bot.add_handler(MessageHandler(filters.TEXT, answer))

    async def hook(request: web.Request) -> web.Response:
        await bot.update_queue.put(Update.de_json(json.loads(await request.read()), bot.bot))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    async with bot:
        await bot.start()
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
