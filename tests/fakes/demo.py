"""`make demo`: the service and a played Telegram beside it, with a page where one is a citizen there."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from aiohttp import web

from tests.fakes.telegram import Telegram

ROOT = Path(__file__).parents[2]
TOKEN = "424242:stub-token-aaaaaaaaaaaaaaaaaaaaaaaaaaaa"


async def main() -> int:
    parser = argparse.ArgumentParser(description="the service beside a played Telegram")
    parser.add_argument("--port", type=int, default=8080, help="of the service")
    parser.add_argument("--stub", type=int, default=8081, help="of the played Telegram")
    options = parser.parse_args()
    stub = Telegram(TOKEN, pages=True)
    runner = web.AppRunner(stub.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", options.stub).start()
    except OSError as error:
        print(
            f"demo: port {options.stub} is taken ({error.strerror}); choose another with --stub",
            file=sys.stderr,
        )
        return 1
    where = f"http://127.0.0.1:{options.stub}"
    with tempfile.TemporaryDirectory() as folder:
        ours = {
            "NEPSONG_SERVICE_PORT": f"{options.port}",
            "NEPSONG_SERVICE_DATA_DIR": folder,
            "NEPSONG_CHANNELS_TELEGRAM_ENABLED": "true",
            "NEPSONG_CHANNELS_TELEGRAM_TOKEN": TOKEN,
            "NEPSONG_CHANNELS_TELEGRAM_API_URL": where,
            "NEPSONG_CHANNELS_TELEGRAM_MODE": "polling",
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("NEPSONG_")}
        print(f"Telegram, played: {where}/", flush=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", cwd=ROOT, env=kept | ours, start_new_session=True
        )
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, lambda: stop(process))
        code = await process.wait()
    await stub.close()
    await runner.cleanup()
    return code


def stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
