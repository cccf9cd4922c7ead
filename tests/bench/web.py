"""The web chat: POST to 200 (stored, fsync) and question to answer, at half of what saturates it."""

import asyncio
import statistics
import tempfile
import time
import uuid
from pathlib import Path

from aiohttp import ClientSession, CookieJar, TCPConnector

from tests.bench.telegram import free_port
from tests.stories.service import Service

PEOPLE = 50
QUESTIONS = (
    "tieu chi gia dinh van hoa la j",
    "vứt rác bị phạt bao nhiêu",
    "hang xom hat karaoke bao ai",
    "112 là số gì",
)


class Visitor:
    """A browser with its cookie."""

    def __init__(self, address: str, http: ClientSession) -> None:
        self.address, self.http = address, http
        self.last = 0

    async def post(self, number: int) -> tuple[str, float]:
        key = str(uuid.uuid4())
        began = time.perf_counter()
        body = {"key": key, "text": QUESTIONS[number % len(QUESTIONS)]}
        async with self.http.post(f"{self.address}/chat/messages", json=body) as response:
            assert response.status == 200
            await response.read()
        return key, time.perf_counter() - began

    async def hear(self, key: str) -> None:
        while True:
            async with self.http.get(f"{self.address}/chat/messages?after={self.last}") as response:
                told = await response.json()
            if any(m["answers"] == key for m in told["messages"]):
                self.last = told["last"]
                return
            await asyncio.sleep(0.002)


async def saturate(visitors: list[Visitor], seconds: float) -> int:
    """Closed loop: everybody posts as fast as they can for so long; how many posts."""
    until, done = time.perf_counter() + seconds, 0

    async def loop(visitor: Visitor) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() < until:
            await visitor.post(number)
            number += 1
            done += 1

    await asyncio.gather(*(loop(v) for v in visitors))
    return done


async def at_rate(
    visitors: list[Visitor], per_second: float, seconds: float, hear: bool
) -> tuple[list[float], list[float]]:
    """Open loop: posts at an even rate; times to the 200, and to the answer where `hear`."""
    posts: list[float] = []
    answers: list[float] = []

    async def one(visitor: Visitor, number: int) -> None:
        began = time.perf_counter()
        key, taken = await visitor.post(number)
        posts.append(taken)
        if hear:
            await visitor.hear(key)
            answers.append(time.perf_counter() - began)

    began, tasks = time.perf_counter(), []
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(visitors[number % len(visitors)], number)))
    await asyncio.gather(*tasks)
    return posts, answers


async def drained(service: Service, http: ClientSession) -> None:
    while True:
        async with http.get(f"{service.address}/metrics") as response:
            if "nepsong_inbox_waiting 0.0" in await response.text():
                return
        await asyncio.sleep(0.1)


async def measure(port: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        service = Service("", Path(folder), port)
        began = time.perf_counter()
        await service.start()
        figures["start to ready, seconds"] = time.perf_counter() - began
        figures["idle memory, MB"] = service.memory() / 1e6
        sessions = [
            ClientSession(cookie_jar=CookieJar(unsafe=True), connector=TCPConnector(limit=4))
            for _ in range(PEOPLE)
        ]
        visitors = [Visitor(service.address, http) for http in sessions]
        for visitor in visitors:
            await visitor.hear((await visitor.post(0))[0])
        began = time.perf_counter()
        posted = await saturate(visitors, 4)
        await drained(service, sessions[0])
        most = posted / (time.perf_counter() - began)  # what is taken and answered, not only taken
        figures["web chat: messages a second when saturated"] = most
        posts, _ = await at_rate(visitors, most / 2, 5, hear=False)
        await drained(service, sessions[0])
        figures["web chat: POST to 200 at half load, p50 ms"] = statistics.median(posts) * 1e3
        figures["web chat: POST to 200 at half load, p99 ms"] = statistics.quantiles(posts, n=100)[98] * 1e3
        for visitor in visitors:
            visitor.last = await newest(visitor)
        _, answers = await at_rate(visitors, 25, 4, hear=True)
        figures["web chat: question to answer fetched, p50 ms"] = statistics.median(answers) * 1e3
        for http in sessions:
            await http.close()
        await service.stop()
    return figures


async def newest(visitor: Visitor) -> int:
    last = 0
    while True:
        async with visitor.http.get(f"{visitor.address}/chat/messages?after={last}") as response:
            told = await response.json()
        if not told["messages"]:
            return last
        last = int(told["last"])


def run() -> dict[str, float]:
    """The service as a process of its own, on SQLite."""
    return asyncio.run(measure(free_port()))
