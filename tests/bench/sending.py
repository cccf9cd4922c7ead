"""Sending: ours from a full outbox beside python-telegram-bot's own Bot on httpx, 32 at once."""

import asyncio
import json
import statistics
import sys

from tests.bench.load import Load
from tests.bench.telegram import ROOT, TOKEN

ROUNDS, MESSAGES = 3, 1_500


async def measure(name: str, api: str) -> tuple[float, float]:
    """µs of CPU a send, and sends a second."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.bench.contenders.{name}", api, TOKEN, str(MESSAGES),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    used, took = json.loads(out)
    return used / MESSAGES * 1e6, MESSAGES / took


async def compare() -> dict[str, float]:
    ours, theirs = [], []
    async with Load((), "") as load:
        for _ in range(ROUNDS):
            ours.append(await measure("sender_ours", load.url))
            theirs.append(await measure("sender_ptb", load.url))
    ratios = [mine[0] / other[0] for mine, other in zip(ours, theirs, strict=True)]
    return {
        "sending, ours: µs CPU a send": statistics.median(cpu for cpu, _ in ours),
        "sending, python-telegram-bot on httpx: µs CPU a send": statistics.median(cpu for cpu, _ in theirs),
        "sending: our CPU / python-telegram-bot's": statistics.median(ratios),
        "sending, ours: messages a second without a limit": statistics.median(rate for _, rate in ours),
    }


def run() -> dict[str, float]:
    """Medians of three rounds, in turn."""
    return asyncio.run(compare())
