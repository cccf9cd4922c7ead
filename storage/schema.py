"""What every table is made of."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, MetaData, literal_column

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in an INTEGER key


def identity() -> Column[int]:
    """A primary key whose numbers are never given twice (with `sqlite_autoincrement` on the table)."""
    return Column("id", BigId, primary_key=True)


def is_(column: Column[str], status: StrEnum) -> ColumnElement[bool]:
    """`column = 'status'` as a literal in the SQL.

    A bound parameter would switch SQLite's partial indexes off: measured 776 ms against 0.4 ms at
    100,000 rows.
    """
    return column == literal_column(f"'{status.value}'")


def index_where(name: str, condition: ColumnElement[bool], *columns: Any) -> Index:
    """A partial index, the same on both databases."""
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)
