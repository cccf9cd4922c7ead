"""The chat page, and the files it loads: read once, compressed once, named by their content."""

import gzip
import hashlib
import mimetypes
from functools import cache

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

from bot.web.chat import page_language
from bot.web.parts import HERE, parts
from content.wording import LANGUAGES
from handlers.citizens import welcome
from handlers.turn import Standing


class Static(Struct, frozen=True):
    """One file."""

    body: bytes
    zipped: bytes
    kind: str
    version: str


@cache
def files() -> dict[str, Static]:
    """Everything in `static/`."""
    found = {}
    for file in sorted((HERE / "static").iterdir()):
        body = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        found[file.name] = Static(body, gzip.compress(body, 9), kind, hashlib.sha256(body).hexdigest()[:10])
    return found


def address(name: str) -> str:
    """Where a static file is, with its version, so that browsers may keep it for ever."""
    return f"/static/{name}?v={files()[name].version}"


def templates() -> Environment:
    """The page templates; an unknown name in one is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = address
    return environment


async def static(request: web.Request) -> web.Response:
    """A file of the page."""
    file = files().get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    accepted = request.headers.get("Accept-Encoding", "").replace(" ", "")
    zipped = "gzip" in accepted and "gzip;q=0" not in accepted
    headers = {
        "Content-Type": f"{file.kind}; charset=utf-8" if file.kind.startswith("text/") else file.kind,
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
    }
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.zipped if zipped else file.body, headers=headers)


async def chat(request: web.Request) -> web.Response:
    """The chat page, with the greeting in it: readable before any script has run."""
    p = parts(request)
    spoken, known = await page_language(request)
    say = p.catalog.speaker(spoken)
    greeting = welcome.greeting(p.catalog, spoken, Standing())
    html = p.templates.get_template("chat.html").render(
        lang=spoken,
        other_lang=next(language for language in LANGUAGES if language != spoken),
        say=say,
        welcome=[{"text": text} for text in greeting.texts],
        choices=[{"token": choice.name, "label": choice.label} for choice in greeting.choices],
        known=known,
    )
    response = web.Response(text=html, content_type="text/html", headers={"Cache-Control": "no-store"})
    response.enable_compression()
    return response
