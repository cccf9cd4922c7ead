"""Fixtures: every storage test runs on both databases; stories run through real doors."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot import app
from bot.settings import Settings
from storage import migrations
from storage.database import Database
from storage.opening import open_database
from tests import make, postgres

IN_CI = bool(os.environ.get("CI"))


def need(found: object, what: str) -> None:
    """Skips with a printed reason where a tool is missing; in CI nothing may be missing."""
    if not found:
        assert not IN_CI, f"{what} is missing, and in CI nothing is skipped"
        pytest.skip(f"{what} is not installed (make tools installs it as root on Debian)")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server for this process."""
    need(os.environ.get("NEPSONG_TEST_POSTGRES") or postgres.binaries(), "PostgreSQL")
    with postgres.cluster() as address:
        yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    file = tmp_path_factory.mktemp("template") / "nepsong.db"
    _bring_up(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(server: str, worker_id: str) -> str:
    """A migrated database, copied for each test."""
    name = f"template_{worker_id}"
    _bring_up(postgres.create(server, name))
    return name


def _bring_up(url: str) -> None:
    database = open_database(url, make.ring())
    database.open()
    database.submit(migrations.upgrade).result()
    database.submit(make.ring().fit).result()
    database.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "nepsong.db")
    return f"sqlite:///{tmp_path / 'nepsong.db'}"


@pytest.fixture
def postgres_url(server: str, postgres_template: str, worker_id: str) -> Iterator[str]:
    name = f"test_{worker_id}"
    yield postgres.create(server, name, postgres_template)
    postgres.drop(server, name)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database's URL, once for each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open database."""
    opened = open_database(url, make.ring())
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a free port, the test's folder and its database."""

    def made(url: str = "", **sections: object) -> Settings:
        raw = {
            "service": {"port": 0, "data_dir": tmp_path},
            "database": {"url": url},
            "keys": {"ring": make.RING},
            **sections,
        }
        return Settings.model_validate(raw)

    return made


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Ports that nobody listens on now."""

    def ports(count: int) -> list[int]:
        probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        found = [probe.getsockname()[1] for probe in probes]
        for probe in probes:
            probe.close()
        return found

    return ports


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    return free_ports(1)[0]


@pytest.fixture
async def address(url: str, settings: Callable[..., Settings]) -> AsyncIterator[str]:
    """A whole service in this process; its address."""
    from bot.metrics import Metrics
    from bot.signals import Signals

    ours, signals, metrics = settings(url), Signals(), Metrics()
    with app.opened(ours, app.Watch(signals, metrics)) as opened:
        async with (
            app.running(ours, make.the_catalog(), opened, signals, metrics) as parts,
            app.listening(parts) as where,
        ):
            yield where
