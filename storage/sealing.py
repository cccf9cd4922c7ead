"""Sealed columns: bytes that only the key ring can read."""

from collections.abc import Callable
from typing import cast

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from storage.keys import Ring


class Sealed(TypeDecorator[bytes]):
    """Bytes sealed with AES-GCM; a blob moved to another table or column does not open.

    The ring hangs on the engine's own dialect object (`storage.database.Database` puts it there), so that
    two databases in one process can have different rings and the tables none.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def bind_processor(self, dialect: Dialect) -> Callable[[bytes | None], bytes | None]:
        """Seals on the way in. (Overridden whole: this runs for every value of every message.)"""
        seal, where = ring_of(dialect).seal, self.where.encode()
        return lambda value: None if value is None else seal(value, where)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[bytes | None], bytes | None]:
        """Opens on the way out."""
        opened, where = ring_of(dialect).open, self.where.encode()
        return lambda value: None if value is None else opened(value, where)


def ring_of(dialect: Dialect) -> Ring:
    """The ring of the database that `dialect` belongs to."""
    return cast(Ring, dialect.ring)  # type: ignore[attr-defined]  # see Sealed
