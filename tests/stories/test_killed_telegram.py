"""Telegram's updates by webhook, one in ten twice, six kill -9: each decided once, in order; what is sent twice
is no more than what was in the air."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from sqlalchemy import Connection, text

from bot.workers.sending import IN_THE_AIR
from storage.opening import open_database
from tests import make
from tests.fakes.telegram import Telegram, telegram
from tests.stories.service import Service
from tests.stories.test_telegram import SECRET, TOKEN, environment

PEOPLE, EACH, KILLS = 20, 20, 6


class Chat:
    """One chat as Telegram delivers it: one update after another, again until it is taken."""

    def __init__(self, number: int, addresses: list[str], http: ClientSession) -> None:
        self.number, self.addresses, self.http = number, addresses, http
        self.dice = random.Random(number)
        self.user = {"id": number, "is_bot": False, "first_name": "An"}
        self.chat = {"id": number, "type": "private", "first_name": "An"}

    async def speak(self) -> None:
        for n in range(EACH):
            message = {
                "message_id": n + 1,
                "date": 1,
                "chat": self.chat,
                "from": self.user,
                "text": f"tin số {n}",
            }
            update = make.of_telegram({"update_id": self.number * 1000 + n, "message": message})
            for _ in range(2 if self.dice.random() < 0.1 else 1):
                await self.deliver(update)

    async def deliver(self, update: dict[str, Any]) -> None:
        for _ in range(400):
            where = f"{self.dice.choice(self.addresses)}/hooks/telegram"
            try:
                headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
                async with self.http.post(where, json=update, headers=headers) as response:
                    if response.status == 200:
                        return
            except (ClientError, TimeoutError, ConnectionError):
                pass
            await asyncio.sleep(0.05)
        raise AssertionError("never taken")


def decided(db: Connection) -> dict[int, list[int]]:
    """Which updates each conversation's answers belong to, in the order of the answers."""
    rows = db.execute(
        text(
            "SELECT o.conversation, i.key FROM outbox o JOIN inbox i ON i.id = o.answers"
            " WHERE o.channel = 'telegram' ORDER BY o.id"
        )
    )
    found: dict[int, list[int]] = {}
    for conversation, key in rows:
        found.setdefault(conversation, []).append(int(key))
    return found


async def tell(services: list[Service], stub: Telegram, url: str) -> None:
    async with ClientSession(timeout=ClientTimeout(total=3)) as http:
        chats = [Chat(n + 1, [s.address for s in services], http) for n in range(PEOPLE)]
        stub.chats |= {chat.number: chat.chat for chat in chats}
        talking = [asyncio.create_task(chat.speak()) for chat in chats]
        for number in range(KILLS):
            await asyncio.sleep(0.25)
            service = services[number % len(services)]
            await service.kill()
            await service.start()
        await asyncio.gather(*talking)
    for _ in range(600):
        _, out, err = await services[0].command("queues", "--json")
        assert out, err
        queues = json.loads(out)
        if not queues["inbox"]["waiting"] and not any(queues["outbox"].values()):
            break
        await asyncio.sleep(0.05)
    assert queues["inbox"] == {"waiting": 0, "parked": 0} and not any(queues["outbox"].values())
    database = open_database(url, make.ring())
    database.open()
    answers = list(database.ask(decided).result().values())
    database.close()
    assert len(answers) == PEOPLE
    for keys in answers:
        distinct = list(dict.fromkeys(keys))
        first = distinct[0] // 1000 * 1000
        assert distinct == list(range(first, first + EACH))  # each decided, in order
    bubbles = Counter(key for keys in answers for key in keys)
    assert set(bubbles.values()) == {1}  # and decided once
    sent = [c for c in stub.sent if c["method"] == "sendMessage"]
    assert PEOPLE * EACH <= len(sent) <= PEOPLE * EACH + KILLS * IN_THE_AIR
    for chat in chats:
        mine = [c["result"]["message_id"] for c in sent if int(c["chat_id"]) == chat.number]
        assert mine == sorted(mine)


async def test_killed_six_times_on_sqlite(sqlite_url: str, tmp_path: Path, free_port: int) -> None:
    async with (
        telegram(token=TOKEN) as stub,
        Service(sqlite_url, tmp_path, free_port, **fast(stub, free_port)) as service,
    ):
        await tell([service], stub, sqlite_url)


async def test_two_processes_killed_on_postgresql(
    postgres_url: str, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    async with telegram(token=TOKEN) as stub:
        first, second = (Service(postgres_url, tmp_path, port, **fast(stub, port)) for port in free_ports(2))
        async with first, second:
            await tell([first, second], stub, postgres_url)


def fast(stub: Telegram, port: int) -> dict[str, str]:
    return environment(stub, "webhook", port) | {"NEPSONG_CHANNELS_TELEGRAM_PER_SECOND": "1000"}
