"""The service as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

ROOT = Path(__file__).parents[2]


class Service:
    """`nepsong serve` on a port; use as an async context manager."""

    def __init__(self, url: str, folder: Path, port: int, module: str = "bot", **environment: str) -> None:
        self._module = module
        self.address = f"http://127.0.0.1:{port}"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("NEPSONG_")},
            "NEPSONG_DATABASE_URL": url,
            "NEPSONG_SERVICE_DATA_DIR": str(folder),
            "NEPSONG_SERVICE_PORT": str(port),
            **environment,
        }
        self.root = ROOT
        self._process: asyncio.subprocess.Process | None = None
        self.log = b""

    async def start(self) -> None:
        """Starts, and waits until it is ready."""
        self._process = await self.run("serve")
        await self.ready()

    async def ready(self) -> None:
        """Waits until it is ready; fails when it ends before that."""
        assert self._process is not None
        async with ClientSession(timeout=ClientTimeout(total=2)) as http:
            for _ in range(400):
                if self._process.returncode is not None:
                    self.log += await self.output()
                    raise AssertionError(self.log.decode())
                try:
                    async with http.get(f"{self.address}/readyz") as response:
                        if response.status == 200:
                            return
                except (ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.025)
        raise AssertionError("not ready within ten seconds")

    async def start_only(self) -> None:
        """Starts without waiting: it may be dead before it is ready."""
        self._process = await self.run("serve")

    async def lives(self, seconds: float = 2.5) -> bool:
        """Whether it is still there a moment after it was ready (a busy machine may start slowly)."""
        assert self._process is not None
        with contextlib.suppress(AssertionError):  # dead before it was ready
            await self.ready()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return self._process.returncode is None

    async def run(self, *arguments: str) -> asyncio.subprocess.Process:
        """Any command with this service's settings."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, *arguments,
            cwd=self.root, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def command(self, *arguments: str, said: str = "") -> tuple[int, str, str]:
        """A command's exit code, output and error output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, *arguments, cwd=self.root, env=self._environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate(said.encode(errors="surrogateescape"))
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def output(self) -> bytes:
        assert self._process is not None
        out, err = await self._process.communicate()
        return out + err

    def memory(self) -> int:
        """Resident bytes."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def cpu(self) -> float:
        """Seconds of CPU of the service itself, without its children."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self.log += await self.output()

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C; the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        self.log += await self.output()
        assert self._process.returncode is not None
        return self._process.returncode

    async def __aenter__(self) -> "Service":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
