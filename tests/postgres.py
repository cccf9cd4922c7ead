"""A PostgreSQL for the tests: the one that NEPSONG_TEST_POSTGRES names, else a private cluster."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def binaries() -> Path | None:
    """Where initdb is; None if no server is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def cluster(fsync: bool = False) -> Iterator[str]:
    """The address of a server as libpq's key=value words, without a database's name.

    Tests need no fsync, a bench does: without it nothing durable is measured.
    """
    if given := os.environ.get("NEPSONG_TEST_POSTGRES"):
        yield given
        return
    where = binaries()
    assert where, "no PostgreSQL is installed"
    # in memory CREATE DATABASE takes 20 ms instead of 290; a bench with fsync needs a real disk
    memory = "/dev/shm" if not fsync and os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="nepsong-pg-", dir=memory))
    who: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root
        user = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **who}
    subprocess.run(
        [
            where / "initdb",
            "-D",
            folder / "data",
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ],
        **run,
    )
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync={'on' if fsync else 'off'} -c max_connections=200"
    control = [where / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], **run)
    try:
        yield f"host={folder} user=postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder, ignore_errors=True)


def _exists(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def create(server: str, name: str, template: str = "template1") -> str:
    """A new database; its URL."""
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    parts = dict(word.split("=", 1) for word in server.split())
    query = "&".join(f"{key}={value}" for key, value in parts.items() if key != "user")
    return f"postgresql://{parts.get('user', 'postgres')}@/{name}?{query}"


def drop(server: str, name: str) -> None:
    """Removes a database, whoever is connected."""
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
