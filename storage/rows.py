"""Rows where the two databases differ: hot statements run bare on SQLite, inserts that happen once, and
many rows at a time.

SQLAlchemy's execution of a small statement takes some 40 µs, SQLite's own 5: what runs for every message
is compiled once and handed to the driver, with the same sealing on the way in and out.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, object]
Process = Callable[[Any], Any] | None


class _Bare:
    """A statement as SQLite's driver takes it."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.names: list[str] = list(compiled.positiontup)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self.fixed = fixed
        self.seals: list[Process] = [
            compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in self.names
        ]
        selected = getattr(statement, "selected_columns", ())
        processes = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in selected]
        self.opens: list[Process] = processes
        self.opened = [n for n, process in enumerate(processes) if process is not None]

    def given(self, params: Row) -> list[Any]:
        """The parameters in their order, sealed where they must be."""
        fixed = self.fixed
        values = (params[name] if name in params else fixed[name] for name in self.names)
        return [
            value if seal is None else seal(value) for value, seal in zip(values, self.seals, strict=True)
        ]

    def rows(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """What was read, opened where it is sealed."""
        if not self.opened or not found:
            return found
        opens = self.opens
        return [
            tuple(
                value if process is None else process(value)
                for value, process in zip(row, opens, strict=True)
            )
            for row in found
        ]


def _bare(db: Connection, statement: Any) -> tuple[sqlite3.Connection, _Bare]:
    """The driver's connection, and the statement made for this engine: its dialect holds the key ring."""
    made: dict[Any, _Bare] = db.dialect.__dict__.setdefault("bare", {})
    if (bare := made.get(statement)) is None:
        bare = made[statement] = _Bare(statement, db.dialect)
    driver: Any = db.connection.driver_connection
    return driver, bare


def rows_of(db: Connection, statement: Select[Any], **params: object) -> Sequence[Any]:
    """All rows of a hot SELECT; it must have been built once, and its lists have a fixed length."""
    if db.dialect.name != "sqlite":
        return db.execute(statement, params).all()
    driver, bare = _bare(db, statement)
    return bare.rows(driver.execute(bare.sql, bare.given(params)).fetchall())


def run(db: Connection, statement: Update | Insert, **params: object) -> int:
    """How many rows a hot statement changed; it must have been built once."""
    if db.dialect.name != "sqlite":
        return db.execute(statement, params).rowcount
    driver, bare = _bare(db, statement)
    return driver.execute(bare.sql, bare.given(params)).rowcount


def insert_once(db: Connection, table: Table, **values: object) -> bool:
    """Inserts a row unless its key is there already; whether it was new."""
    given = {f"new_{name}": value for name, value in values.items()}
    return run(db, _inserting_once(db.dialect.name, table, tuple(values)), **given) == 1


@cache
def _inserting_once(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    insert_into = sqlite.insert if dialect == "sqlite" else postgresql.insert
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    # inline: no RETURNING behind our back; SQLAlchemy keeps an INSERT's row count only when asked to
    statement = insert_into(table).on_conflict_do_nothing().values(values).inline()
    return statement.execution_options(preserve_rowcount=True)


def insert_rows(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts many rows at once; all must name the same columns."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        _many(db, _inserting(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_inserting_arrays(table, tuple(rows[0]), own), given)


def update_rows(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Updates many rows at once: each names its `id` and the new values of the same columns."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        _many(db, _updating(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_updating_arrays(table, tuple(rows[0]), own), given)


# Hot statements are built once, because building one costs more than running it, and their
# parameters are prepared by the column, where SQLAlchemy's executemany prepares them by the row. On
# PostgreSQL many rows are one statement over arrays, with what all rows share as plain values: with
# psycopg's executemany the engine decided 9,000 messages a second of our CPU, so 12,000 to 15,600.


def _many(db: Connection, statement: Insert | Update, rows: Sequence[Row]) -> None:
    driver, bare = _bare(db, statement)
    columns: list[list[Any]] = []
    for name, seal in zip(bare.names, bare.seals, strict=True):
        values = [row[name.removeprefix("new_")] for row in rows]
        columns.append([seal(value) for value in values] if seal else values)
    driver.executemany(bare.sql, zip(*columns, strict=True))


@cache
def _inserting(table: Table, columns: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(f"new_{name}") for name in columns})


@cache
def _updating(table: Table, columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns if name != "id"}
    return update(table).where(table.c.id == bindparam("new_id")).values(values)


@cache
def _inserting_arrays(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> Insert:
    values = _values(table, columns, own)
    return insert(table).from_select(columns, select(*values.values()), include_defaults=False)


@cache
def _updating_arrays(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> Update:
    values = _values(table, columns, own)
    return update(table).where(table.c.id == values.pop("id")).values(values)


def _values(table: Table, columns: tuple[str, ...], own: frozenset[str]) -> dict[str, Any]:
    arrays = [bindparam(f"new_{name}", type_=ARRAY(table.c[name].type)) for name in columns if name in own]
    names = [name for name in columns if name in own]
    new = func.unnest(*arrays).table_valued(*names, name="new").render_derived()
    return {
        name: new.c[name] if name in own else bindparam(f"new_{name}", type_=table.c[name].type)
        for name in columns
    }


def _arrays(rows: Sequence[Row]) -> tuple[frozenset[str], dict[str, object]]:
    """The columns in which the rows differ, and the values: a list for those, else the one of all."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    shared = {name for name, (first, *rest) in columns.items() if all(value == first for value in rest)}
    own = frozenset(columns.keys() - shared | {next(iter(columns))})  # one array at least
    return own, {f"new_{name}": values if name in own else values[0] for name, values in columns.items()}
