"""What the handlers of the web application share: typed keys, and how an error is told."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from jinja2 import Environment
from msgspec import Struct, field

from bot.channels.contract import Hearing
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from bot.workers.worker import Worker
from content.catalog import Catalog
from content.wording import LANGUAGES
from storage.database import Database
from storage.files import Files

HERE = Path(__file__).parent


class Parts(Struct):
    """Everything a handler may use."""

    settings: Settings
    database: Database
    files: Files
    catalog: Catalog
    signals: Signals
    metrics: Metrics
    workers: list[Worker]
    hearing: dict[str, Hearing]
    "Channels whose provider speaks to us, by name."
    now: Callable[[], int]
    stop: asyncio.Event
    templates: Environment
    uploading: Counter[int] = field(default_factory=Counter)
    "Files that are coming in, by conversation; 0: of browsers that we do not know yet."


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


def parts(request: web.Request) -> Parts:
    """The parts of the application that serves this request."""
    return request.app[PARTS]


def language(request: web.Request) -> str:
    """What the address asks for, else Vietnamese: many phones here are sold with English settings, so
    what the browser says it prefers tells little about who holds it."""
    asked = request.query.get("lang")
    return asked if asked in LANGUAGES else LANGUAGES[0]


def refusal(request: web.Request, status: int, key: str, **headers: str) -> web.Response:
    """An error as JSON with a sentence for the person."""
    say = parts(request).catalog.speaker(language(request))
    return web.json_response(
        {"error": say(key)}, status=status, headers={"Cache-Control": "no-store", **headers}
    )
