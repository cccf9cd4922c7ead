"""What a channel is: facts, and the verbs of those that we push to."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct

from content.catalog import Catalog
from storage.outbox import Due
from storage.shapes import Incoming, Source


class Facts(Struct, frozen=True):
    """What the rest of the program needs to know of a channel."""

    name: str
    keep_ms: int
    "How long a sent body is kept before it is emptied."
    per_second: float = 0.0
    "The pace the provider allows; for pushed channels."
    timeout_s: float = 10.0
    "How long one send may take."
    largest_file: int = 0
    "Bytes of a file that `fetch` can get; 0: people cannot send files."


class Sent(Struct, frozen=True):
    """What the provider calls what it took: the message, and the file that went with it."""

    id: str | None
    handle: str | None = None


class Channel(Protocol):
    """A channel that is pushed to."""

    facts: Facts

    async def send(self, address: str, due: Due, done: int) -> Sent:
        """Hands one message to the provider (as an edit of `due.replaces`, where the channel can); the
        first `done` pieces are with the provider already. Raises TryLater, Refused, Held or Moved."""
        ...


class Holding(Protocol):
    """A channel whose people send files."""

    facts: Facts

    def fetch(self, source: Source) -> AsyncIterator[bytes]:
        """A file's content, in pieces. Raises TryLater or Refused."""
        ...


class Hearing(Channel, Holding, Protocol):
    """A channel whose provider posts to our hook, or is polled."""

    polled: bool
    "Whether we ask the provider; else it posts to `/hooks/<name>`."

    def verify(self, headers: Mapping[str, str]) -> bool:
        """Whether a post carries the provider's secret."""
        ...

    def read(self, body: bytes) -> tuple[Incoming, ...]:
        """The messages in a posted body; raises ValueError for what is no message of the provider."""
        ...

    async def arrange(self, catalog: Catalog) -> None:
        """Tells the provider where to post and what our commands are; may be repeated."""
        ...

    async def listen(self, offset: int) -> tuple[list["Polled"], int]:
        """What is new, waited for a while, and the offset that confirms it at the next call."""
        ...

    async def typing(self, address: str) -> None:
        """Shows that an answer is being written; says nothing if it cannot."""
        ...

    async def close(self) -> None:
        """Lets go of the connections."""
        ...


class Polled(Struct, frozen=True):
    """One polled update: its messages, or None with the raw update that could not be read."""

    messages: tuple[Incoming, ...] | None
    key: str
    raw: bytes
