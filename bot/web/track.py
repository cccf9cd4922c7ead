"""/tra-cuu: where a submission stands, for whoever knows its code. The code travels in the body, never in an address."""

import asyncio
import ipaddress

from aiohttp import web
from sqlalchemy import Connection

from bot.web.chat import same_origin
from bot.web.parts import language, parts
from content import codes
from content.catalog import Catalog
from content.wording import LANGUAGES
from handlers import tracking
from handlers.tracking import Status

PATIENCE_S = 20  # for a body that trickles in
LONGEST = 200  # characters of what is typed as a code


async def form(request: web.Request) -> web.Response:
    """The empty form."""
    return _page(request)


async def look(request: web.Request) -> web.Response:
    """The form, with what was found or why nothing was."""
    p = parts(request)
    if request.content_type != "application/x-www-form-urlencoded" or not same_origin(request):
        return _page(request, wrong="error.request", status=403)
    try:
        async with asyncio.timeout(PATIENCE_S):
            typed = str((await request.post()).get("code", ""))[:LONGEST]
    except TimeoutError:
        return _page(request, wrong="error.request", status=408)
    except (UnicodeDecodeError, LookupError):  # bytes that are no text, in no alphabet
        return _page(request, wrong="error.request", status=400)
    code = codes.read(typed) or codes.read(f"NS {typed}")
    if code is None:
        return _page(request, wrong="code.slip")
    spoken = language(request)
    found = await p.database.write(_find, p.catalog, _who(request), code, spoken, p.now())
    return _page(request, wrong=found) if isinstance(found, str) else _page(request, found=found)


def _find(db: Connection, catalog: Catalog, who: str, code: str, spoken: str, now: int) -> Status | str:
    found = tracking.by_code(db, who, code, now)
    return found if isinstance(found, str) else tracking.status(db, catalog, found, spoken, now)


def _who(request: web.Request) -> str:
    """Whose guesses are counted together: an address on the net; behind a proxy on this machine, the one it names."""
    remote = request.remote or ""
    try:
        behind = ipaddress.ip_address(remote).is_loopback
    except ValueError:
        behind = False
    lines = request.headers.getall("X-Forwarded-For", []) if behind else []
    named = lines[-1].rpartition(",")[2].strip() if lines else ""
    return f"net/{_net(named or remote)}"


def _net(address: str) -> str:
    """An address, or the 64 bits of a new one that belong to one subscriber."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def _page(
    request: web.Request, *, found: Status | None = None, wrong: str | None = None, status: int = 200
) -> web.Response:
    p, spoken = parts(request), language(request)
    html = p.templates.get_template("track.html").render(
        lang=spoken,
        other_lang=next(one for one in LANGUAGES if one != spoken),
        say=p.catalog.speaker(spoken),
        found=found,
        wrong=wrong,
        chat=p.settings.channels.webchat.enabled,
    )
    response = web.Response(text=html, content_type="text/html", status=status)
    response.headers["Cache-Control"] = "no-store"
    response.enable_compression()
    return response
