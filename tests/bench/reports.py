"""Reports in the web chat: what one costs, and how long 100 people who report at once wait for an answer."""

import asyncio
import io
import random
import statistics
import tempfile
import time
import uuid
from pathlib import Path

from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector
from PIL import Image

from tests.bench.telegram import free_port
from tests.bench.web import drained
from tests.stories.service import Service

PEOPLE, COSTED = 100, 30
THINKING_S = (0.5, 3.5)  # between two messages; people take longer
STORY = "tối qua quán nhậu ở xã Đăk Ui hát karaoke tới 1 giờ sáng, bà con không ai ngủ được"


class Reporter:
    """One browser that reports."""

    def __init__(self, address: str, http: ClientSession) -> None:
        self.address, self.http, self.last = address, http, 0
        self.buttons: dict[str, str] = {}
        self.waited: list[float] = []
        self.stream: ClientResponse | None = None

    async def say(self, **said: object) -> None:
        key, began = str(uuid.uuid4()), time.perf_counter()
        async with self.http.post(f"{self.address}/chat/messages", json={"key": key, **said}) as response:
            assert response.status == 200, await response.text()
        if self.stream is None:  # as the page does: told when to look, it looks
            self.stream = await self.http.get(f"{self.address}/chat/events")
        while True:
            while not (await self.stream.content.readline()).startswith(b"event: look"):
                pass
            async with self.http.get(f"{self.address}/chat/messages?after={self.last}") as response:
                told = await response.json()
            mine = [m for m in told["messages"] if m["answers"] == key]
            if mine:
                self.last = told["last"]
                self.buttons = {c["label"]: c["token"] for c in mine[-1]["choices"]}
                self.waited.append(time.perf_counter() - began)
                return

    async def upload(self, photo: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/octet-stream"}
        async with self.http.post(f"{self.address}/chat/files", data=photo, headers=headers) as response:
            return {"token": (await response.json())["token"], "type": "image/jpeg"}

    async def report(self, photos: list[bytes], thinking: tuple[float, float]) -> None:
        """Seven messages, or eight with photos: the story, consent, the theme's question, the photos, no more, how
        to be told, send, saved."""
        await self.say(text=STORY)
        enough = (None, "Đủ rồi") if photos else ("Không có",)
        for label in ("Đồng ý", "Bỏ qua", *enough, "Báo ngay ở đây", "Gửi", "Tôi đã lưu mã"):
            await asyncio.sleep(random.uniform(*thinking))
            if label is None:
                await self.say(files=[await self.upload(photo) for photo in photos])
            else:
                await self.say(choice=self.buttons[label])
        assert "Không, cảm ơn" in self.buttons


def photo(colour: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1_600, 1_200), 60).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue() + colour.encode()


async def measure(port: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    photos = [photo("one"), photo("two")]
    with tempfile.TemporaryDirectory() as folder:
        service = Service("", Path(folder), port)
        await service.start()
        sessions = [
            ClientSession(cookie_jar=CookieJar(unsafe=True), connector=TCPConnector(limit=4))
            for _ in range(PEOPLE + 2 * COSTED + 1)
        ]
        people = [Reporter(service.address, http) for http in sessions]
        await people.pop().report(photos, (0, 0))  # what is loaded once
        for name, group, enclosed in (
            ("without photos", people[PEOPLE : PEOPLE + COSTED], []),
            ("with two photos", people[PEOPLE + COSTED :], photos),
        ):
            began = service.cpu()
            await asyncio.gather(*(person.report(enclosed, (0, 0)) for person in group))
            await drained(service, sessions[0])
            figures[f"reports: CPU of one {name}, ms"] = (service.cpu() - began) / COSTED * 1e3
        await asyncio.gather(*(person.report(photos, THINKING_S) for person in people[:PEOPLE]))
        waited = [one for person in people[:PEOPLE] for one in person.waited]
        figures["reports: answer among 100 people, p50 ms"] = statistics.median(waited) * 1e3
        figures["reports: answer among 100 people, p99 ms"] = statistics.quantiles(waited, n=100)[98] * 1e3
        for http in sessions:
            await http.close()
        await service.stop()
    return figures


def run() -> dict[str, float]:
    """The service as a process of its own, on SQLite."""
    return asyncio.run(measure(free_port()))
