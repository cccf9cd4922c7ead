"""A citizen on Telegram: writes and presses through the stub, sees what the bot sent."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram import Telegram

TALK = ("sendMessage", "sendPhoto", "sendDocument", "sendLocation")


class Phone:
    """One person's Telegram."""

    def __init__(self, stub: Telegram, person: int = 7) -> None:
        self.stub = stub
        self.person = {"id": person, "first_name": "An", "language_code": "vi"}
        self.seen = 0

    def mine(self) -> list[dict[str, Any]]:
        return [c for c in self.stub.sent if str(c.get("chat_id")) == str(self.person["id"])]

    def messages(self) -> list[dict[str, Any]]:
        return [c for c in self.mine() if c["method"] in TALK]

    async def does(self, **what: Any) -> dict[str, Any]:
        """Something that the phone does; what the stub tells of it."""
        return dict(await self.stub.inject({"user": self.person, **what}))

    async def says(self, text: str) -> str:
        return await self.hears(await self.does(text=text))

    async def presses(self, label: str) -> str:
        message, data = next(
            (message, button["callback_data"])
            for message in reversed(self.messages())
            for row in keyboard(message)
            for button in row
            if button["text"] == label
        )
        return await self.hears(
            await self.does(press={"message_id": message["result"]["message_id"], "data": data})
        )

    async def hears(self, _: Any, count: int = 1) -> str:
        """Waits until the bot has answered and rests; all that it said since the last time."""
        await until(lambda: len(self.messages()) >= self.seen + count)
        before = -1
        while len(self.mine()) != before:
            before = len(self.mine())
            await asyncio.sleep(0.15)
        new, self.seen = self.messages()[self.seen :], len(self.messages())
        return "\n".join(str(m["params"].get("text", "")) for m in new)

    def labels(self) -> list[str]:
        """The buttons under the last message that has some."""
        return next(
            (
                [b["text"] for row in keyboard(m) for b in row]
                for m in reversed(self.messages())
                if keyboard(m)
            ),
            [],
        )


def keyboard(call: dict[str, Any]) -> list[list[dict[str, str]]]:
    markup = call["params"].get("reply_markup") or {}
    return list(markup.get("inline_keyboard", []))


async def until(check: Callable[[], object], seconds: float = 20) -> None:
    """Waits until it holds."""
    for _ in range(int(seconds / 0.02)):
        if check():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to hold")
