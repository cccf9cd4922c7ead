"""Sealed columns: bytes that only the key ring can read."""

from typing import Any, cast

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from storage.keys import Ring


class Sealed(TypeDecorator[bytes]):
    """Bytes sealed with AES-GCM; a blob moved to another table or column does not open.

    The ring hangs on the engine's own dialect object (`database.connect` puts it there), so that
    two databases in one process can have different rings and the tables none.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Seals on the way in."""
        return None if value is None else ring_of(dialect).seal(value, self.where)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Opens on the way out."""
        return None if value is None else ring_of(dialect).open(bytes(value), self.where)


def ring_of(dialect: Dialect) -> Ring:
    """The ring of the database that `dialect` belongs to."""
    return cast(Ring, dialect.ring)  # type: ignore[attr-defined]  # see Sealed
