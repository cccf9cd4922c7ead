"""A database is brought to this program's schema, with its data, or refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine

from storage import (
    attachments,
    consents,
    conversations,
    feedback,
    inbox,
    keys,
    limiter,
    lockouts,
    migrations,
    outbox,
    staged,
    submissions,
    timers,
    unanswered,
    uploads,
)
from storage.database import Database
from storage.migrations import HEAD, SchemaWrong
from storage.opening import open_database
from storage.schema import metadata
from tests import make, postgres
from tests.make import NOW

TABLES = {module.__name__.rpartition(".")[2] for module in (conversations, feedback, inbox, limiter)}
TABLES |= {
    module.__name__.rpartition(".")[2]
    for module in (outbox, timers, attachments, uploads, unanswered, staged, consents, lockouts, submissions)
} | {keys.sentinels.name, submissions.events.name}


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[Database]:
    """A database in which there is nothing yet."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server = request.getfixturevalue("server")
        url = postgres.create(server, f"empty_{worker_id}")
        request.addfinalizer(lambda: postgres.drop(server, f"empty_{worker_id}"))
    database = open_database(url, make.ring())
    database.open()
    yield database
    database.close()


def test_an_empty_database_is_brought_up(empty: Database) -> None:
    assert empty.ask(migrations.current).result() is None
    assert not empty.ask(migrations.fits).result()
    empty.submit(migrations.upgrade).result()
    assert empty.ask(migrations.current).result() == HEAD
    assert empty.ask(migrations.fits).result()


def test_every_table_is_known(database: Database) -> None:
    assert set(metadata.tables) == TABLES


def differences(db: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), metadata))


def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    assert database.submit(differences).result() == []


def test_a_difference_would_be_seen(database: Database) -> None:
    def change(db: Connection) -> list[Any]:
        db.exec_driver_sql("DROP INDEX outbox_slot")
        db.exec_driver_sql("ALTER TABLE feedback ADD COLUMN more INTEGER")
        return [difference[0] for difference in differences(db)]

    assert sorted(database.submit(change).result()) == ["add_index", "remove_column"]


DEFINITIONS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' ORDER BY name",
    "postgresql": (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1, 2"
    ),
}


def test_partial_indexes_and_constraints_are_the_declared_ones(database: Database) -> None:
    """Alembic's comparison does not look at an index's WHERE."""

    def definitions(db: Connection) -> list[tuple[str, set[str]]]:
        rows = db.exec_driver_sql(DEFINITIONS[database.engine.url.get_backend_name()])
        return [
            (name, set(re.split(r",? *\n\t?|, (?=\w+ [A-Z]+\b)", sql or "")) - {""}) for name, sql in rows
        ]

    def both(db: Connection) -> tuple[Any, Any]:
        migrated = definitions(db)
        metadata.drop_all(db)
        metadata.create_all(db)
        return migrated, definitions(db)

    migrated, declared = database.submit(both).result()
    assert len(migrated) > 20
    assert migrated == declared


def test_a_second_upgrade_keeps_the_data(database: Database) -> None:
    message = make.incoming("còn đây")
    database.submit(lambda db: inbox.keep(db, message, NOW, language="vi", keep_address=True)).result()
    database.submit(lambda db: outbox.put(db, [make.reply(1, "cũng thế")])).result()
    for _ in range(2):
        database.submit(migrations.upgrade).result()
    (lane,) = database.submit(lambda db: inbox.take(db, NOW, 1)).result()
    assert lane.messages[0].said.text == "còn đây"
    assert database.ask(lambda db: outbox.show(db, 1, 0)).result()[0].message.text == "cũng thế"


def test_a_newer_database_is_refused_with_what_to_do(database: Database) -> None:
    database.submit(
        lambda db: db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    ).result()
    for call in (migrations.current, migrations.fits, migrations.upgrade):
        with pytest.raises(SchemaWrong, match=r"9999_later.*start the newer program, or restore a backup"):
            database.submit(call).result()


def test_a_failed_upgrade_leaves_nothing(empty: Database) -> None:
    def fail(db: Connection) -> None:
        migrations.upgrade(db)
        raise ValueError

    assert isinstance(empty.submit(fail).exception(), ValueError)
    assert empty.ask(migrations.current).result() is None
    assert _tables(empty.engine) == set()


def _tables(engine: Engine) -> set[str]:
    from sqlalchemy import inspect

    return set(inspect(engine).get_table_names())


def test_revisions_form_one_line() -> None:
    import importlib

    modules = [
        importlib.import_module(f"storage.migrations.versions.{name}") for name in migrations.REVISIONS
    ]
    assert [module.revision for module in modules] == list(migrations.REVISIONS)
    assert [module.down_revision for module in modules] == [None, *migrations.REVISIONS[:-1]]
