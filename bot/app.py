"""The one place where parts are plugged together."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.channels import PUSHED
from bot.channels.contract import Channel, Hearing
from bot.channels.webchat.channel import Uploads
from bot.media import Media
from bot.metrics import Metrics
from bot.settings import Settings, days, session
from bot.signals import Signals
from bot.web import pages
from bot.web.parts import Parts
from bot.web.routes import application
from bot.workers.answering import Answering, Caution
from bot.workers.arranging import Arranging
from bot.workers.clearing import Clearing
from bot.workers.clock import Clock
from bot.workers.fetching import Fetching
from bot.workers.polling import Polling
from bot.workers.sending import Sending
from bot.workers.typing import Typing
from bot.workers.worker import Work, Worker
from content.catalog import Catalog, Local
from handlers.clock import sweep
from handlers.router import router
from storage import keys, migrations, staged
from storage.database import Database, Owned, StorageDown, Watcher
from storage.files import Files
from storage.keys import KeysWrong, Ring
from storage.migrations import SchemaWrong
from storage.opening import open_database
from storage.shapes import Source

MIGRATING_S = 60  # how long a start waits for another process that migrates


class Refused(Exception):
    """The service cannot start; the message says what to do."""


class Watch:
    """Hands what the database tells to signals and metrics."""

    def __init__(self, signals: Signals, metrics: Metrics) -> None:
        self.told = signals.tell_from_thread
        self.took = metrics.took


def clock() -> int:
    """Now, in milliseconds."""
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def opened(
    settings: Settings, watcher: Watcher | None = None, *, make: bool = True, migrate: bool = False
) -> Iterator[Database]:
    """The database, at this program's revision and fitting its key ring. Raises Refused.

    With `make` an empty database is brought up and the embedded one brought up to date; a PostgreSQL
    that is behind only when `migrate` says so: other processes may still use it.
    """
    if (
        not make
        and not (settings.service.data_dir / "keys").exists()
        and not settings.keys.ring.get_secret_value()
    ):
        raise Refused("there is no database yet: run `nepsong serve` or `nepsong migrate` first")
    ring, made = _ring(settings)
    database = open_database(settings.database_url, ring, watcher)
    database.open()
    try:
        _prepare(database, ring, make=make, migrate=make and (migrate or database.exclusive))
    except (Refused, SchemaWrong, KeysWrong) as error:
        database.close()
        if made is not None and isinstance(error, KeysWrong):
            made.unlink()
            told = f"{made} is missing, but the database is already sealed: restore the key file that belongs to it"
            raise Refused(told) from error
        raise Refused(str(error)) from error
    try:
        yield database
    finally:
        database.close()


def _ring(settings: Settings) -> tuple[Ring, Path | None]:
    """The key ring, and its file if it had to be made."""
    folder = settings.service.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if given := settings.keys.ring.get_secret_value():
            return keys.read(given, "keys.ring"), None
        ring, made = keys.load(folder / "keys")
        return ring, folder / "keys" if made else None
    except KeysWrong as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(
            f"cannot write to {folder}: {error.strerror}; choose another [service] data_dir"
        ) from error


def _prepare(database: Database, ring: Ring, *, make: bool, migrate: bool) -> None:
    until = time.monotonic() + MIGRATING_S
    try:
        while time.monotonic() < until:
            with database.only_one("migrate") as owned:
                if owned is not None:
                    database.submit(
                        lambda db: _bring_up(db, ring, make=make, migrate=migrate), "prepare"
                    ).result()
                    return
            time.sleep(0.1)
    except (SQLAlchemyError, OSError) as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        raise Refused(
            f"the database cannot be opened ({cause}): does [database] url name one that is ours, with the right to create tables?"
        ) from error
    except StorageDown as error:
        raise Refused(
            f"the database cannot be used ({error}): is it locked by another program, or unreachable?"
        ) from error
    raise Refused("another process has been migrating for a minute: wait for it, or stop it")


def _bring_up(db: Connection, ring: Ring, *, make: bool, migrate: bool) -> None:
    at = migrations.current(db)
    if at != migrations.HEAD:
        if at is None and not make:
            raise SchemaWrong("there is no database yet: run `nepsong serve` or `nepsong migrate` first")
        if at is not None and not migrate:
            raise SchemaWrong(
                f"the database is at revision {at}, this program needs {migrations.HEAD}: run `nepsong migrate`"
            )
        migrations.upgrade(db)
    ring.fit(db)


@contextlib.contextmanager
def alone(database: Database) -> Iterator[Owned | None]:
    """Whether this process may answer: always on PostgreSQL, on SQLite only one at a time."""
    if not database.exclusive:
        yield Owned(lambda: True)
        return
    with database.only_one("serve") as owned:
        yield owned


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    catalog: Catalog,
    database: Database,
    signals: Signals,
    metrics: Metrics,
    channels: Sequence[Channel] = PUSHED,
) -> AsyncIterator[Parts]:
    """All workers at work until the end of the block; then everything in the air is brought to rest."""
    stop = asyncio.Event()
    decide, caution = router(catalog), Caution(database)
    hearing = hearing_of(settings, database)
    files, media = files_of(settings, database), Media()
    works: list[Work] = [
        *(
            Answering(database, lambda: catalog, decide, clock, metrics, caution)
            for _ in range(database.hands)
        ),
        Clock(database, lambda: catalog, clock),
        Clearing(database, files),
        *(Sending(channel, database, clock, metrics) for channel in (*channels, *hearing)),
        *(
            work
            for channel in hearing
            for work in _hearing(channel, database, catalog, metrics, stop, files, media)
        ),
    ]
    if settings.channels.webchat.enabled:
        works.append(Fetching(Uploads(files), database, files, media, clock, metrics, _fetched))
    workers = [Worker(work, signals, metrics) for work in works]
    names = {channel.facts.name: channel for channel in hearing}
    parts = Parts(
        settings, database, files, catalog, signals, metrics, workers, names, clock, stop, pages.templates()
    )
    await database.write(sweep.begin, clock())
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield parts
    finally:
        stop.set()
        signals.tell(["stop"])
        await asyncio.gather(*tasks)
        for channel in hearing:
            await channel.close()


def hearing_of(settings: Settings, database: Database) -> list[Hearing]:
    """The channels whose provider speaks to us, as far as they are switched on."""
    telegram = settings.channels.telegram
    if not telegram.enabled:
        return []
    # imported only where it is switched on: python-telegram-bot takes 30 MB
    module = importlib.import_module("bot.channels.telegram.channel")
    token, public = telegram.token.get_secret_value(), settings.service.public_url
    ring = database.ring
    secret = telegram.webhook_secret.get_secret_value() or ring.hash("hook/telegram", token).hex()
    made: Hearing = module.Telegram(
        token,
        telegram.api_url,
        secret,
        hook=f"{public}/hooks/telegram" if public else None,
        polled=telegram.mode == "polling",
        per_second=telegram.per_second,
        content=files_of(settings, database).read,
    )
    return [made]


def local_of(settings: Settings) -> Local:
    """What people are told of this province."""
    hours = settings.hours
    return Local(
        **settings.province.model_dump(),
        public_url=settings.service.public_url,
        sessions=(session(hours.morning), session(hours.afternoon)),
        off=tuple(sorted(days(hours.off))),
        worked=tuple(sorted(days(hours.worked))),
    )


def files_of(settings: Settings, database: Database) -> Files:
    """Where sealed files are kept; several machines must share this folder."""
    return Files(settings.service.data_dir / "files", database.ring)


def _fetched(db: Connection, source: Source) -> None:
    """A browser's upload was looked at."""
    staged.release(db, source.id)


def _hearing(
    channel: Hearing,
    database: Database,
    catalog: Catalog,
    metrics: Metrics,
    stop: asyncio.Event,
    files: Files,
    media: Media,
) -> list[Work]:
    works: list[Work] = [
        Arranging(channel, catalog, metrics),
        Typing(channel, database, clock),
        Fetching(channel, database, files, media, clock, metrics),
    ]
    if channel.polled:
        works.append(Polling(channel, database, clock, metrics, stop))
    return works


@contextlib.asynccontextmanager
async def listening(parts: Parts) -> AsyncIterator[str]:
    """The web server, until the end of the block; yields its address."""
    runner = web.AppRunner(application(parts), access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    service = parts.settings.service
    try:
        site = web.TCPSite(runner, service.host, service.port)
        try:
            await site.start()
        except OSError as error:
            raise Refused(
                f"cannot listen on {service.host}:{service.port} ({error.strerror}): is another service running there?"
            ) from error
        yield f"http://{service.host}:{runner.addresses[0][1]}"
    finally:
        parts.stop.set()  # lets the event streams end
        parts.signals.tell(["stop"])
        await runner.cleanup()
