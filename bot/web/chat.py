"""The web chat's API. A browser is known by a secret in a cookie, made at its first post."""

import asyncio
import contextlib
import re
import secrets

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.webchat import reading, writing
from bot.channels.webchat.channel import FACTS, SESSION_MS
from bot.channels.webchat.reading import NotOurs
from bot.web.parts import language, parts, refusal
from content.wording import LANGUAGES
from handlers.citizens.forget import forget
from storage import conversations, inbox, outbox, staged
from storage.database import StorageDown
from storage.outbox import Shown
from storage.shapes import Incoming, Kind, Said

COOKIE = "nepsong"
LONGEST_BODY = 128 * 1024  # bytes of a POST; 20,000 characters need at most 120 KB as JSON
LOST_MS = 600_000  # so long may the very first post be repeated without its cookie
PATIENCE_S = 20  # for a body that trickles in
STREAMS = 6  # a visitor may keep open; a browser needs one a tab
BEAT_S = 15  # an event stream says something so often, or proxies close it

_SECRET = re.compile(r"[\w-]{43}")


class FilesGone(Exception):
    """A message names an upload that is not this visitor's, was sent before, or was never sent in time."""


async def post(request: web.Request) -> web.Response:
    """Takes a message in: 200 means that it is on disk."""
    p = parts(request)
    if request.content_type != "application/json":
        return refusal(request, 415, "error.request")
    if not same_origin(request):
        return refusal(request, 403, "error.request")
    try:
        async with asyncio.timeout(PATIENCE_S):
            body = await request.read()
        key, kind, said = reading.read(body)
    except TimeoutError:
        return refusal(request, 408, "error.request")
    except NotOurs as error:
        p.metrics.kept.labels(FACTS.name, "refused").inc()
        return refusal(request, 413 if error.key == "chat.long" else 400, error.key)
    fresh = secrets.token_urlsafe(32)
    try:
        secret, new = await p.database.write(_keep, secret_of(request), fresh, key, kind, said, p.now())
    except FilesGone:
        return refusal(request, 410, "chat.file.gone")
    p.metrics.kept.labels(FACTS.name, "new" if new else "again").inc()
    return known_by(request, secret, {"kept": True})


def known_by(request: web.Request, secret: str, told: dict[str, object]) -> web.Response:
    """An answer with the cookie, every time: who writes stays known."""
    response = web.json_response(told, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="Lax",
        secure=parts(request).settings.service.public_url.startswith("https"),
    )
    return response


def _keep(
    db: Connection, known: str | None, fresh: str, key: str, kind: Kind, said: Said, now: int
) -> tuple[str, bool]:
    """Keeps the message; the secret under which its conversation is found, and whether it was new.
    Raises FilesGone; then nothing of it is kept.

    Only a secret that we made is accepted: a cookie from anywhere else gets a fresh one.
    """
    person = conversations.find(db, FACTS.name, known) if known is not None else None
    secret = known if known is not None and person is not None else fresh
    opened = inbox.opened_by(db, FACTS.name, key) if person is None else None
    if opened is not None and conversations.readdress(db, opened, fresh, since=now - LOST_MS):
        person = opened  # a browser's very first post once more: the answer with its cookie was lost
    # sent_at 0: the order of arrival counts, not the clocks of several machines
    incoming = Incoming(FACTS.name, secret, key, 0, said, kind)
    language = said.language or LANGUAGES[0]
    new = inbox.keep(db, incoming, now, language=language, keep_address=False, known=person)
    uploads = [file.id for file in said.files]
    if new and uploads and (person is None or not staged.send(db, person, uploads)):
        raise FilesGone
    return secret, new


async def messages(request: web.Request) -> web.Response:
    """What this browser has not seen. A fetched row is a sent row."""
    p = parts(request)
    after = request.query.get("after", "0")
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    conversation, shown = await p.database.read(_look, secret_of(request), number)
    if conversation is not None and any(message.fresh for message in shown):
        with contextlib.suppress(StorageDown):  # then the next fetch records it; the answer is shown now
            await p.database.write(outbox.fetched, conversation, shown[-1].id, p.now(), FACTS.keep_ms)
    return web.Response(
        body=writing.write(shown, number if conversation is not None else 0),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _look(db: Connection, secret: str | None, after: int) -> tuple[int | None, list[Shown]]:
    conversation = conversations.find(db, FACTS.name, secret) if secret else None
    return conversation, [] if conversation is None else outbox.show(db, conversation, after)


async def events(request: web.Request) -> web.StreamResponse:
    """A stream that says "look" whenever there may be something to fetch."""
    p = parts(request)
    conversation = await _conversation(request)
    if conversation is None:
        return web.Response(status=204)
    if p.signals.listeners(f"chat/{conversation}") >= STREAMS:
        return refusal(request, 429, "error.request")
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    with p.signals.listen(f"chat/{conversation}", "stop") as bell:
        await response.write(b"event: look\ndata:\n\n")
        while not p.stop.is_set():
            rang = await bell.wait(BEAT_S)
            if p.stop.is_set():
                break
            try:
                await response.write(b"event: look\ndata:\n\n" if rang else b": still here\n\n")
            except ConnectionError:
                break
    return response


async def forget_me(request: web.Request) -> web.Response:
    """Erases the conversation and lets the cookie die."""
    p = parts(request)
    if request.content_type != "application/json" or not same_origin(request):
        return refusal(request, 415, "error.request")
    conversation = await _conversation(request)
    if conversation is not None:
        await p.database.write(forget, conversation, p.now())
    response = web.json_response({"forgotten": True}, headers={"Cache-Control": "no-store"})
    response.del_cookie(COOKIE)
    return response


async def _conversation(request: web.Request) -> int | None:
    secret = secret_of(request)
    if secret is None:
        return None
    return await parts(request).database.read(conversations.find, FACTS.name, secret)


async def page_language(request: web.Request) -> tuple[str, bool]:
    """The page's language (asked for, else the conversation's), and whether there is a conversation."""
    conversation = await _conversation(request)
    if conversation is None:
        return language(request), False
    if request.query.get("lang") in LANGUAGES:
        return language(request), True
    _, spoken = await parts(request).database.read(conversations.spoken, conversation)
    return spoken, True


def secret_of(request: web.Request) -> str | None:
    """What the browser shows as its secret, if it has the shape of one."""
    cookie = request.cookies.get(COOKIE, "")
    return cookie if _SECRET.fullmatch(cookie) else None


def same_origin(request: web.Request) -> bool:
    """A browser names the page that posts; another page than ours is turned away. Programs name none."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    own: tuple[str, ...] = (f"http://{request.host}", f"https://{request.host}")
    return origin in (*own, parts(request).settings.service.public_url)
