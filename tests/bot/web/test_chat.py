"""The chat's API against everything that is not our page."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import ClientConnectionError, ClientSession
from sqlalchemy import Connection

from bot import app
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from storage import inbox
from storage.database import Database
from tests import make
from tests.stories.citizen import Citizen

KEY = "3f2b8c1e-0000-4000-8000-000000000001"


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"key": 7, "text": "x"}', "application/json", 400),
        (b'{"key": "no uuid", "text": "x"}', "application/json", 400),
        (b'{"text": "x"}', "application/json", 400),
        (b'{"key": "%s"}' % KEY.encode(), "application/json", 400),
        (b'{"key": "%s", "text": " \\u0000 "}' % KEY.encode(), "application/json", 400),
        (b'{"key": "%s", "choice": "%s"}' % (KEY.encode(), b"x" * 65), "application/json", 400),
        (b'{"key": "%s", "choice": ""}' % KEY.encode(), "application/json", 400),
        (b'{"key": "%s", "text": ["x"]}' % KEY.encode(), "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"key": "%s", "text": "x"}' % KEY.encode(), "text/plain", 415),
        (b"key=1&text=x", "application/x-www-form-urlencoded", 415),
        (json.dumps({"key": KEY, "text": "ạ" * 20_001}, ensure_ascii=False).encode(), "application/json", 413),
        (b"x" * 500_000, "application/json", 413),
    ],
)  # fmt: skip
async def test_a_foreign_body_is_a_clean_4xx_with_a_sentence(
    address: str, http: ClientSession, body: bytes, kind: str, status: int
) -> None:
    async with http.post(f"{address}/chat/messages", data=body, headers={"Content-Type": kind}) as response:
        assert response.status == status
        assert len((await response.json())["error"]) > 20
        assert "Set-Cookie" not in response.headers


async def test_five_megabytes_are_cut_off(address: str, http: ClientSession) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(500):
            yield b"x" * 10_000

    headers = {"Content-Type": "application/json", "Expect": "100-continue"}
    try:
        async with http.post(f"{address}/chat/messages", data=body(), headers=headers) as response:
            assert response.status == 413
    except ClientConnectionError:
        pass  # we hung up in the middle, as one may
    async with http.get(f"{address}/healthz") as response:
        assert response.status == 200


async def test_another_site_cannot_post(address: str, http: ClientSession) -> None:
    headers = {"Origin": "https://evil.example"}
    for path in ("messages", "forget"):
        async with http.post(
            f"{address}/chat/{path}", json={"key": KEY, "text": "x"}, headers=headers
        ) as response:
            assert response.status in (403, 415)


async def test_the_same_post_ten_times_is_answered_once(address: str) -> None:
    async with Citizen(address) as man:
        key = str(uuid.uuid4())
        assert [await man.post(key, text="xin chào") for _ in range(10)] == [200] * 10
        await man.says("menu")
        assert (
            len([m for m in await man.messages() if m["answers"] == key]) == 2
        )  # the greeting's two bubbles


async def test_a_lost_first_answer_does_not_split_the_conversation(address: str) -> None:
    key = str(uuid.uuid4())
    async with Citizen(address) as lost:
        await lost.post(key, text="xin chào")
        async with Citizen(address) as man:  # the same browser, which never got its cookie
            await man.post(key, text="xin chào")
            await man.says("menu")
            told = await man.messages()
            assert [m["answers"] for m in told[:2]] == [key, key]
        assert await lost.messages() == []


async def test_a_cookie_that_we_did_not_make_is_replaced(address: str, http: ClientSession) -> None:
    forged = {"Cookie": f"nepsong={'a' * 43}"}
    async with http.post(
        f"{address}/chat/messages", json={"key": KEY, "text": "x"}, headers=forged
    ) as response:
        assert response.status == 200
        cookie = response.cookies["nepsong"]
    assert cookie.value != "a" * 43 and len(cookie.value) == 43
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


async def test_nobody_reads_anothers_messages(address: str) -> None:
    async with Citizen(address) as one, Citizen(address) as other:
        await one.says("xin chào")
        await other.says("menu")
        mine = {m["id"] for m in await one.messages()}
        assert mine.isdisjoint({m["id"] for m in await other.messages()})
        async with ClientSession() as stranger, stranger.get(f"{address}/chat/messages?after=0") as response:
            assert await response.json() == {"messages": [], "last": 0}


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "", "1e3", "٣"])
async def test_a_strange_cursor_is_the_beginning(address: str, after: str) -> None:
    async with Citizen(address) as man:
        await man.says("xin chào")
        async with man.http.get(f"{address}/chat/messages", params={"after": after}) as response:
            assert len((await response.json())["messages"]) == 2


async def test_the_stream_says_look_when_there_is_an_answer(address: str) -> None:
    async with Citizen(address) as man:
        async with man.http.get(f"{address}/chat/events") as response:
            assert response.status == 204
        await man.says("xin chào")
        async with man.http.get(f"{address}/chat/events") as stream:
            assert await stream.content.readuntil(b"\n\n") == b"event: look\ndata:\n\n"
            await man.post(text="menu")
            async with asyncio.timeout(5):
                assert await stream.content.readuntil(b"\n\n") == b"event: look\ndata:\n\n"


async def test_forgetting_empties_everything_and_kills_the_cookie(address: str) -> None:
    async with Citizen(address) as man:
        await man.says("góp ý")
        await man.says("lời mật")
        async with man.http.post(f"{address}/chat/forget", json={}) as response:
            assert response.status == 200
        assert await man.messages() == []
        assert "Chào anh/chị" in await man.says("xin chào")  # a new conversation, no draft in it


async def test_unknown_paths_and_methods_are_told_kindly(address: str, http: ClientSession) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/static/../chat.py", 404),
        ("GET", "/static/x", 404),
        ("PUT", "/", 405),
    ):
        async with http.request(method, address + path) as response:
            assert response.status == status and "error" in await response.json()
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_has_no_inline_script_and_its_files_stay(address: str, http: ClientSession) -> None:
    async with http.get(f"{address}/?lang=vi") as response:
        html = await response.text()
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (
        "<script>" not in html
        and "style=" not in html
        and " on"
        not in "".join(
            part.split(">")[0] for part in html.split("<")[1:] if not part.startswith(("meta", "!"))
        ).replace(" one", "")
    )
    path = html.split('src="')[1].split('"')[0]
    async with http.get(address + path.replace("&amp;", "&")) as response:
        assert response.status == 200 and "immutable" in response.headers["Cache-Control"]


async def test_a_full_disk_loses_nothing_that_was_taken(
    sqlite_url: str, settings: Callable[..., Settings]
) -> None:
    ours, signals, metrics = settings(sqlite_url), Signals(), Metrics()
    with app.opened(ours, app.Watch(signals, metrics)) as database:
        async with (
            app.running(ours, make.the_catalog(), database, signals, metrics) as parts,
            app.listening(parts) as where,
        ):
            await database.write(pages, 3)
            async with Citizen(where) as man:
                keys = [str(uuid.uuid4()) for _ in range(30)]
                statuses = {
                    key: await man.post(key, text="menu" if n % 2 else "x" * 18_000)
                    for n, key in enumerate(keys)
                }
                assert set(statuses.values()) == {200, 503}
                async with man.http.get(f"{where}/readyz") as response:
                    assert response.status in (200, 503)
                await database.write(pages, 100_000)
                taken = [key for key, status in statuses.items() if status == 200]
                await settled(database)
                told = {m["answers"] for m in await man.messages()}
                assert told == set(taken)
                assert await man.post(text="menu") == 200


def pages(db: Connection, more: int) -> None:
    """Lets the file grow by so many pages."""
    now = db.exec_driver_sql("PRAGMA page_count").scalar_one()
    db.exec_driver_sql(f"PRAGMA max_page_count={now + more}")


async def settled(database: Database) -> None:
    async with asyncio.timeout(10):
        while (await database.read(inbox.counts)).waiting:  # noqa: ASYNC110  # there is no event for "nothing waits"
            await asyncio.sleep(0.02)
