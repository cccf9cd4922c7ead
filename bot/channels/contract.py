"""What a channel is: facts, and the verbs of those that we push to."""

from typing import Protocol

from msgspec import Struct

from storage.shapes import Message


class Facts(Struct, frozen=True):
    """What the rest of the program needs to know of a channel."""

    name: str
    keep_ms: int
    "How long a sent body is kept before it is emptied."
    per_second: float = 0.0
    "The pace the provider allows; for pushed channels."
    timeout_s: float = 10.0
    "How long one send may take."


class Channel(Protocol):
    """A channel that is pushed to."""

    facts: Facts

    async def send(self, address: str, message: Message, replaces: str | None) -> str | None:
        """Hands one message to the provider (as an edit of `replaces`, where the channel can).

        Returns the provider's name for it. Raises TryLater, Refused or Held.
        """
        ...
