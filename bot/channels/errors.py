"""What a provider's error means to us.

ProviderError
├── TryLater   not now; again after a while
├── Refused    never
├── Held       the channel's window is shut until the person writes
└── Moved      the chat goes on under another address
"""

from storage.shapes import Reach


class ProviderError(Exception):
    """A send that did not succeed; `reason` is one of a channel's own short words, never a URL or text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(ProviderError):
    """Not now. `after_ms`: the provider's own wish, or None for our back-off; `everybody`: the whole
    channel is meant, not this chat; `done`: so many pieces of the message are with the provider already."""

    def __init__(
        self, reason: str, after_ms: int | None = None, *, everybody: bool = False, done: int = 0
    ) -> None:
        super().__init__(reason)
        self.after_ms = after_ms
        self.everybody = everybody
        self.done = done


class Refused(ProviderError):
    """The provider will never take it. `reach`: what that tells of the person, if anything."""

    def __init__(self, reason: str, reach: Reach | None = None) -> None:
        super().__init__(reason)
        self.reach = reach


class Held(ProviderError):
    """The channel's window is shut; the person's next message opens it."""


class Moved(ProviderError):
    """The chat goes on under another address."""

    def __init__(self, address: str) -> None:
        super().__init__("moved")
        self.address = address
