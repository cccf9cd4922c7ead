"""Writing rows where the two databases differ: once only, and many at a time."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Connection, Insert, Table, Update, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, object]


def insert_once(db: Connection, table: Table, **values: object) -> bool:
    """Inserts a row unless its key is there already; whether it was new."""
    given = {f"new_{name}": value for name, value in values.items()}
    return db.execute(_inserting_once(db.dialect.name, table, tuple(values)), given).rowcount == 1


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
        _many(db, table, _inserting(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_inserting_arrays(table, tuple(rows[0]), own), given)


def update_rows(db: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Updates many rows at once: each names its `id` and the new values of the same columns."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        _many(db, table, _updating(table, tuple(rows[0])), rows)
    else:
        own, given = _arrays(rows)
        db.execute(_updating_arrays(table, tuple(rows[0]), own), given)


# Hot statements are built once, because building one costs more than running it, and their
# parameters are prepared by the column, where SQLAlchemy's executemany prepares them by the row. On
# PostgreSQL many rows are one statement over arrays, with what all rows share as plain values: with
# psycopg's executemany the engine decided 9,000 messages a second of our CPU, so 12,000 to 15,600.


def _many(db: Connection, table: Table, statement: Insert | Update, rows: Sequence[Row]) -> None:
    sql, names = _compiled(statement)
    columns: list[list[Any]] = []
    for name in names:
        values = [row[name] for row in rows]
        seal = table.c[name].type.dialect_impl(db.dialect).bind_processor(db.dialect)
        columns.append([seal(value) for value in values] if seal else values)
    db.exec_driver_sql(sql, list(zip(*columns, strict=True)))


@cache
def _compiled(statement: Insert | Update) -> tuple[str, tuple[str, ...]]:
    compiled = statement.compile(dialect=sqlite.dialect())
    return str(compiled), tuple(name.removeprefix("new_") for name in compiled.positiontup or ())


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
