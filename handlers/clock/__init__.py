"""What the clock makes us do: acts by name, each `(connection, arguments, now)`."""

from collections.abc import Callable

from sqlalchemy import Connection

from handlers.clock import sweep

ACTS: dict[str, Callable[[Connection, dict[str, int | str], int], None]] = {"sweep": sweep.sweep}
