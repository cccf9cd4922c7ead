"""Is it alive, is it ready, what does it measure."""

import asyncio
import contextlib
import shutil
import time

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.web.parts import Parts, parts
from storage import inbox, migrations, outbox
from storage.database import StorageDown
from storage.inbox import Counts
from storage.migrations import SchemaWrong

HUNG_S = 30  # a worker that has not come round for so long hangs
BEHIND_S = 60  # an inbox whose oldest message waits longer is not keeping up
DISK_MB = 200
PATIENCE_S = 3  # for the database to answer a probe


async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def readyz(request: web.Request) -> web.Response:
    """200 when messages are taken in and answered, else 503; with every reason."""
    reasons = await _reasons(parts(request))
    body = {"status": "unready" if reasons else "ready", "reasons": reasons}
    return web.json_response(body, status=503 if reasons else 200, headers={"Cache-Control": "no-store"})


async def _reasons(p: Parts) -> list[str]:
    reasons = [
        f"worker {worker.work.name}: no sign for {HUNG_S} seconds"
        for worker in p.workers
        if time.monotonic() - worker.beat > HUNG_S
    ]
    reasons += [f"worker {w.work.name}: {w.trouble}" for w in p.workers if w.trouble]
    if p.stop.is_set():
        reasons.append("stopping")
    free = shutil.disk_usage(p.settings.service.data_dir).free // 1_000_000
    if free < DISK_MB:
        reasons.append(f"disk: only {free} MB free in data_dir, {DISK_MB} are needed")
    try:
        async with asyncio.timeout(PATIENCE_S):
            fits = await p.database.read(migrations.fits)
            counts = await p.database.read(inbox.counts)
        if not fits:
            reasons.append("database: not at this program's revision, run `nepsong migrate`")
        if (age := _age(counts, p.now())) > BEHIND_S:
            reasons.append(f"inbox: the oldest message has waited {age:.0f} seconds")
    except (StorageDown, SchemaWrong) as error:
        reasons.append(f"database: {error}")
    except TimeoutError:
        reasons.append(f"database: no answer within {PATIENCE_S} seconds")
    return reasons


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text; queue lengths are read now."""
    p = parts(request)
    with contextlib.suppress(StorageDown, TimeoutError):  # the counters are wanted most when storage is down
        async with asyncio.timeout(PATIENCE_S):
            counts = await p.database.read(inbox.counts)
            on_their_way = await p.database.read(outbox.counts)
        p.metrics.waiting.set(counts.waiting)
        p.metrics.aside.set(counts.parked)
        p.metrics.age.set(_age(counts, p.now()))
        p.metrics.outbox.clear()
        for queue, count in on_their_way.items():
            p.metrics.outbox.labels(queue).set(count)
    return web.Response(
        body=generate_latest(p.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def _age(counts: Counts, now: int) -> float:
    return max(0.0, (now - counts.oldest) / 1000) if counts.oldest is not None else 0.0
