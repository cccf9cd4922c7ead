"""Nothing is lost, doubled or out of order, whoever kills us."""

import asyncio
import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, CookieJar

from tests.stories.service import Service

PEOPLE, EACH, KILLS = 40, 20, 6


class Person:
    """Posts numbered messages in order, tries again until each is taken, now and then twice."""

    def __init__(self, number: int, addresses: list[str]) -> None:
        self.addresses = addresses
        self.dice = random.Random(number)
        self.keys = [str(uuid.UUID(int=self.dice.getrandbits(128), version=4)) for _ in range(EACH)]
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True), timeout=ClientTimeout(total=3))

    async def speak(self) -> None:
        for number, key in enumerate(self.keys):
            for _ in range(2 if self.dice.random() < 0.1 else 1):
                await self.post({"key": key, "text": f"tin số {number}"})

    async def post(self, body: dict[str, str]) -> None:
        for _ in range(400):
            try:
                async with self.http.post(
                    f"{self.dice.choice(self.addresses)}/chat/messages", json=body
                ) as response:
                    if response.status == 200:
                        return
            except (ClientError, TimeoutError, ConnectionError):
                pass
            await asyncio.sleep(0.05)
        raise AssertionError("never taken")

    async def answered(self) -> list[str]:
        async with self.http.get(f"{self.addresses[0]}/chat/messages?after=0") as response:
            return [m["answers"] for m in (await response.json())["messages"]]


async def tell(services: list[Service]) -> None:
    addresses = [service.address for service in services]
    people = [Person(number, addresses) for number in range(PEOPLE)]
    talking = [asyncio.create_task(person.speak()) for person in people]
    for number in range(KILLS):
        await asyncio.sleep(0.25)
        service = services[number % len(services)]
        await service.kill()
        await service.start()
    await asyncio.gather(*talking)
    for _ in range(400):
        _, out, err = await services[0].command("queues", "--json")
        assert out, err
        queues = json.loads(out)
        if not queues["inbox"]["waiting"]:
            break
        await asyncio.sleep(0.05)
    assert queues["inbox"] == {"waiting": 0, "parked": 0}
    for person in people:
        assert await person.answered() == person.keys
        await person.http.close()


async def test_killed_six_times_on_sqlite(tmp_path: Path, free_port: int) -> None:
    async with Service("", tmp_path, free_port) as service:
        await tell([service])


async def test_two_processes_killed_on_postgresql(
    postgres_url: str, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    from tests.make import RING

    first, second = (Service(postgres_url, tmp_path, port, NEPSONG_KEYS_RING=RING) for port in free_ports(2))
    async with first, second:
        await tell([first, second])
