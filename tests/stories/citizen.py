"""A citizen of the web chat: says and hears, through real HTTP."""

import asyncio
import uuid
from types import TracebackType

from aiohttp import ClientSession, CookieJar


class Citizen:
    """One browser."""

    def __init__(self, address: str, lang: str = "vi") -> None:
        self.address = address
        self.lang = lang
        self.last = 0
        self.buttons: dict[str, str] = {}
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True))

    async def __aenter__(self) -> "Citizen":
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.http.close()

    async def post(self, key: str | None = None, **said: str) -> int:
        body = {"key": key or str(uuid.uuid4()), "lang": self.lang, **said}
        async with self.http.post(f"{self.address}/chat/messages", json=body) as response:
            return response.status

    async def messages(self, after: int = 0) -> list[dict[str, object]]:
        async with self.http.get(f"{self.address}/chat/messages?after={after}") as response:
            assert response.status == 200
            return list((await response.json())["messages"])

    async def says(self, text: str) -> str:
        """Types; returns all that is answered."""
        return await self._exchange(text=text)

    async def presses(self, label: str) -> str:
        """Presses the button of this label."""
        return await self._exchange(choice=self.buttons[label])

    async def _exchange(self, **said: str) -> str:
        key = str(uuid.uuid4())
        assert await self.post(key, **said) == 200
        for _ in range(200):
            new = [m for m in await self.messages(self.last) if m["answers"] == key]
            if new:
                self.last = int(new[-1]["id"])  # type: ignore[call-overload]
                self.buttons = {c["label"]: c["token"] for c in new[-1]["choices"]}  # type: ignore[attr-defined]
                return "\n".join(str(m["text"]) for m in new)
            await asyncio.sleep(0.02)
        raise AssertionError(f"no answer to {said}")
