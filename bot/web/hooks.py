"""Where providers post. 200 means that it is on disk; 503 only when storage is down."""

import asyncio
import hashlib

from aiohttp import web

from bot.channels.contract import Hearing
from bot.web.parts import parts, refusal
from content.wording import LANGUAGES
from storage import inbox

PATIENCE_S = 20  # for a body that trickles in


async def post(request: web.Request) -> web.Response:
    """Takes a provider's messages in."""
    p = parts(request)
    channel = p.hearing.get(request.match_info["channel"])
    if channel is None or channel.polled:
        raise web.HTTPNotFound
    name = channel.facts.name
    if not channel.verify(request.headers):
        p.metrics.kept.labels(name, "foreign").inc()
        return refusal(request, 403, "error.request")
    try:
        if request.content.is_eof():  # nearly always it came with its head
            body = await request.read()
        else:
            async with asyncio.timeout(PATIENCE_S):
                body = await request.read()
    except TimeoutError:
        return refusal(request, 408, "error.request")
    p.metrics.kept.labels(name, await _keep(request, channel, body)).inc()
    return web.Response()


async def _keep(request: web.Request, channel: Hearing, body: bytes) -> str:
    p, name = parts(request), channel.facts.name
    try:
        messages = channel.read(body)
    except ValueError:  # it knows the secret, so it is ours: kept as it is, for somebody to look at
        key = f"unreadable/{hashlib.sha256(body).hexdigest()[:32]}"
        await p.database.write(inbox.keep_unreadable, name, key, body, p.now())
        return "unreadable"
    new = [
        await p.database.write(inbox.keep, message, p.now(), language=LANGUAGES[0], keep_address=True)
        for message in messages
    ]
    return "ignored" if not new else "new" if any(new) else "again"
