"""Which database a URL means."""

from sqlalchemy.engine import make_url

from storage.database import Database, Unwatched, Watcher
from storage.keys import Ring
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite


def open_database(url: str, ring: Ring, watcher: Watcher | None = None) -> Database:
    """The database of `url` (`sqlite:///file` or `postgresql://…`). Raises ValueError for any other."""
    kind = make_url(url).get_backend_name()
    if kind == "sqlite":
        return SQLite(url, ring, watcher or Unwatched())
    if kind == "postgresql":
        return PostgreSQL(url, ring, watcher or Unwatched())
    raise ValueError(f"[database] url: '{kind}' is neither sqlite nor postgresql")
