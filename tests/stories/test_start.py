"""Starting and stopping: what goes wrong says what to do."""

import asyncio
import json
import signal
import socket
import sqlite3
from pathlib import Path

import psycopg
import pytest

from tests import make
from tests.stories.citizen import Citizen
from tests.stories.service import Service


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_exits_0_and_takes_open_streams_along(
    tmp_path: Path, free_port: int, how: signal.Signals
) -> None:
    service = Service("", tmp_path, free_port)
    await service.start()
    async with Citizen(service.address) as man:
        await man.says("xin chào")
        async with man.http.get(f"{service.address}/chat/events") as stream:
            assert await stream.content.readline() == b"event: look\n"
            assert await service.stop(how) == 0
    assert b"Traceback" not in service.log


async def test_a_second_serve_on_the_same_file_is_refused(tmp_path: Path, free_port: int) -> None:
    async with Service("", tmp_path, free_port) as service:
        code, _, err = await service.command("serve")
    assert code == 1 and "stop it first" in err and "Traceback" not in err


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = await Service("", tmp_path, port).command("serve")
    assert code == 1 and f"127.0.0.1:{port}" in err and "Traceback" not in err


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    service = Service("", tmp_path, 0)
    assert (await service.command("migrate"))[0] == 0
    with sqlite3.connect(tmp_path / "nepsong.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999_future'")
    db.close()
    code, _, err = await service.command("serve")
    assert code == 1 and "newer than this program" in err and "Traceback" not in err


async def test_a_lost_key_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    service = Service("", tmp_path, 0)
    await service.command("migrate")
    (tmp_path / "keys").unlink()
    code, _, err = await service.command("serve")
    assert code == 1 and "restore the key file" in err
    assert not (tmp_path / "keys").exists()


async def test_a_foreign_key_file_is_refused(tmp_path: Path) -> None:
    service = Service("", tmp_path, 0)
    await service.command("migrate")
    (tmp_path / "keys").write_text("1:" + "A" * 43 + "=\n")
    code, _, err = await service.command("serve")
    assert code == 1 and "restore the ring" in err and "Traceback" not in err


async def test_a_database_locked_by_a_stranger(tmp_path: Path) -> None:
    service = Service("", tmp_path, 0)
    await service.command("migrate")
    stranger = sqlite3.connect(tmp_path / "nepsong.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    code, _, err = await service.command("serve")
    stranger.close()
    assert code == 1 and "locked by another program" in err and "Traceback" not in err


async def test_every_mistake_of_the_settings_at_once(tmp_path: Path) -> None:
    service = Service("mysql://x", tmp_path, 99999, NEPSONG_LOG_LEVEL="loud", NEPSONG_NOTHING="1")
    code, _, err = await service.command("serve")
    assert code == 1 and "Traceback" not in err
    assert {line.split(":")[1] for line in err.splitlines()} >= {
        "NEPSONG_SERVICE_PORT",
        "NEPSONG_LOG_LEVEL",
        "NEPSONG_DATABASE_URL",
        "NEPSONG_NOTHING",
    }


async def test_a_message_that_kills_the_process_is_parked_in_the_end(tmp_path: Path, free_port: int) -> None:
    service = Service("", tmp_path, free_port, module="tests.stories.deadly")
    await service.start()
    async with Citizen(service.address) as man:
        await man.says("xin chào")
        await man.post(text="giết")
        deaths = 0
        while not await service.lives():
            deaths += 1
            assert deaths < 6
            await service.start_only()
        assert "Phụ lục I" in await man.says("tieu chi gia dinh van hoa la gi")
        told = [str(m["text"]) for m in await man.messages()]
    assert any("bị vấp" in text and "113" in text for text in told)
    _, out, _ = await service.command("queues", "--json")
    assert json.loads(out)["parked"][0]["error"] == "ProcessKilled"
    assert await service.stop() == 0


async def test_a_step_that_raises_parks_one_message_and_the_lane_moves_on(
    tmp_path: Path, free_port: int
) -> None:
    service = Service("", tmp_path, free_port, module="tests.stories.deadly")
    async with service:
        async with Citizen(service.address) as man:
            assert "Chào anh/chị" in await man.says("xin chào")
            await asyncio.gather(*(man.post(text="menu") for _ in range(3)))
            assert "bị vấp" in await man.says("ném")
            assert "Phụ lục I" in await man.says("tieu chi gia dinh van hoa la gi")
        _, out, _ = await service.command("queues", "--json")
        parked = json.loads(out)["parked"]
        assert [p["error"] for p in parked] == ["ZeroDivisionError"]
        assert (await service.command("replay", str(parked[0]["id"])))[0] == 0
        assert (await service.command("replay", "12345"))[0] == 1
    assert b"Traceback" not in service.log


async def test_a_stranger_who_locks_a_postgresql_table_stops_us_only_as_long_as_that(
    postgres_url: str, tmp_path: Path, free_port: int
) -> None:
    service = Service(postgres_url, tmp_path, free_port, NEPSONG_KEYS_RING=make.RING)
    await service.start()
    async with Citizen(service.address) as man:
        await man.says("xin chào")
        with psycopg.connect(postgres_url) as stranger:
            stranger.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            assert await man.post(text="menu") == 503
            async with man.http.get(f"{service.address}/readyz") as response:
                assert response.status == 503 and "database" in str(await response.json())
            stranger.rollback()
        assert "Phụ lục I" in await man.says("tieu chi gia dinh van hoa la gi")
    assert await service.stop() == 0
    assert b"Traceback" not in service.log
