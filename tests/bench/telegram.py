"""Telegram: our service beside a plain python-telegram-bot bot, a plain aiogram bot and bare aiohttp,
all answering updates from the same search; ours keeps everything on disk before it says 200."""

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.load import Load
from tests.bench.shared_search import QUESTIONS

ROOT = Path(__file__).parents[2]
TOKEN = "424242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
SECRET = "bench-secret"
ROUNDS, WARM, UPDATES, IN_FLIGHT, OPEN_S = 3, 300, 2_000, 64, 3.0
TICK = os.sysconf("SC_CLK_TCK")
CONTENDERS = ("bare", "ptb", "aiogram_bot", "ours", "real")
NAMES = {
    "bare": "bare aiohttp",
    "ptb": "python-telegram-bot",
    "aiogram_bot": "aiogram",
    "ours": "ours",
    "real": "ours with understanding",
}


def children(process: int) -> Iterator[int]:
    yield process
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from children(int(child))


def cpu_of(process: int) -> float:
    """Seconds of user and system time, of the process and its children."""
    used = 0
    for number in children(process):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
    return used / TICK


def peak_of(process: int) -> float:
    """MB resident at most."""
    found = 0
    for number in children(process):
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{number}/status").read_text()
            found += int(status.split("VmHWM:")[1].split()[0])
    return found * 1024 / 1e6


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def command(name: str, port: int, api: str) -> list[str]:
    if name == "real":
        return [sys.executable, "-m", "bot", "serve"]
    given = [] if name == "ours" else [str(port), api, TOKEN]
    return [sys.executable, "-m", f"tests.bench.contenders.{name}", *given]


def environment(port: int, api: str, folder: str) -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("NEPSONG_")},
        "NEPSONG_SERVICE_PORT": str(port),
        "NEPSONG_SERVICE_DATA_DIR": folder,
        "NEPSONG_LOG_LEVEL": "error",
        "NEPSONG_CHANNELS_TELEGRAM_ENABLED": "true",
        "NEPSONG_CHANNELS_TELEGRAM_TOKEN": TOKEN,
        "NEPSONG_CHANNELS_TELEGRAM_API_URL": api,
        "NEPSONG_CHANNELS_TELEGRAM_MODE": "webhook",
        "NEPSONG_CHANNELS_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "NEPSONG_CHANNELS_TELEGRAM_PER_SECOND": "100000",
    }


async def measure(name: str, load: Load) -> dict[str, float]:
    """One contender, as a process of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command(name, port, load.url), cwd=ROOT, env=environment(port, load.url, folder),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            load.aim(port, "/hooks/telegram" if name in ("ours", "real") else "/hook")
            while True:
                assert process.returncode is None, f"{name} ended"
                with contextlib.suppress(OSError):
                    await load.one(1)
                    break
                await asyncio.sleep(0.02)
            figures = {"start": time.perf_counter() - began}
            await load.closed(IN_FLIGHT, WARM)
            before = cpu_of(process.pid)
            figures["rate"] = await load.closed(IN_FLIGHT, UPDATES)
            figures["cpu"] = (cpu_of(process.pid) - before) / UPDATES * 1e6
            taken, answered = await load.open(figures["rate"] / 2, int(figures["rate"] / 2 * OPEN_S))
            figures["p50 of 200"], figures["p99 of 200"] = _half_and_99(taken)
            figures["p50 of answer"], figures["p99 of answer"] = _half_and_99(answered)
            figures["memory"] = peak_of(process.pid)
            return figures
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()


def _half_and_99(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds) * 1e3, statistics.quantiles(seconds, n=100)[98] * 1e3


async def compare() -> dict[str, float]:
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    async with Load(QUESTIONS, SECRET) as load:
        for number in range(ROUNDS):
            for name in CONTENDERS if number % 2 == 0 else CONTENDERS[::-1]:
                rounds[name].append(await measure(name, load))
    figures: dict[str, float] = {}
    for name, found in rounds.items():
        for figure, unit in (
            ("cpu", "µs CPU an update"), ("rate", "updates a second"),
            ("p50 of 200", "POST to 200 at half load, p50 ms"), ("p99 of 200", "POST to 200 at half load, p99 ms"),
            ("p50 of answer", "POST to answer at half load, p50 ms"),
            ("p99 of answer", "POST to answer at half load, p99 ms"), ("memory", "peak MB"),
            ("start", "seconds to the first answer"),
        ):  # fmt: skip
            figures[f"Telegram, {NAMES[name]}: {unit}"] = statistics.median(f[figure] for f in found)
    for other, figure in (("aiogram_bot", "cpu"), ("ptb", "cpu"), ("aiogram_bot", "memory"), ("bare", "cpu")):
        ratios = [
            ours[figure] / theirs[figure] for ours, theirs in zip(rounds["ours"], rounds[other], strict=True)
        ]
        figures[f"Telegram: our {figure} / {NAMES[other]}'s"] = statistics.median(ratios)
    return figures


def run() -> dict[str, float]:
    """All contenders in turn, the order turned round every time; medians."""
    return asyncio.run(compare())
