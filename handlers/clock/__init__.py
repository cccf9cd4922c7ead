"""What the clock makes us do: acts by name, each `(connection, arguments, now, catalog)`."""

from collections.abc import Callable

from sqlalchemy import Connection

from content.catalog import Catalog
from handlers.clock import judge, nudge, sweep

ACTS: dict[str, Callable[[Connection, dict[str, int | str], int, Catalog], None]] = {
    "judge": judge.judge,
    "nudge": nudge.nudge,
    "sweep": sweep.sweep,
}
