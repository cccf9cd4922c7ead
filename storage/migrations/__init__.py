"""Brings a database to this program's schema.

Revisions are numbered files; their order is their name. Whether a database fits is answered
without importing Alembic (10 MB), which is only loaded to change something.
"""

import importlib
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection, inspect, text

REVISIONS = tuple(sorted(file.stem for file in (Path(__file__).parent / "versions").glob("[0-9]*.py")))
HEAD = REVISIONS[-1]


class SchemaWrong(Exception):
    """The database does not fit this program; the message says what to do."""


def current(db: Connection) -> str | None:
    """The revision a database is at; None for an empty one. Raises SchemaWrong for a newer one."""
    if not inspect(db).has_table("alembic_version"):
        return None
    found: str | None = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise SchemaWrong(
            f"the database is at revision {found}, newer than this program ({HEAD}): start the newer program, or restore a backup made before its migration"
        )
    return found


def fits(db: Connection) -> bool:
    """Whether the database is at this program's revision."""
    return current(db) == HEAD


def upgrade(db: Connection) -> None:
    """Runs the missing revisions on an open connection; the caller commits."""
    current(db)  # refuses a newer database
    command, config = _alembic()
    configuration = config.Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["connection"] = db
    command.upgrade(configuration, HEAD)


def _alembic() -> tuple[ModuleType, ModuleType]:
    return importlib.import_module("alembic.command"), importlib.import_module("alembic.config")
