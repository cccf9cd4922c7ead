"""What a provider's error means to us.

ProviderError
├── TryLater   not now; again after a while
├── Refused    never
└── Held       the channel's window is shut until the person writes
"""


class ProviderError(Exception):
    """A send that did not succeed; `reason` is one of a channel's own short words, never a URL or text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(ProviderError):
    """Not now. `after_ms`: the provider's own wish, or None for our back-off; `everybody`: the whole
    channel is meant, not this chat."""

    def __init__(self, reason: str, after_ms: int | None = None, *, everybody: bool = False) -> None:
        super().__init__(reason)
        self.after_ms = after_ms
        self.everybody = everybody


class Refused(ProviderError):
    """The provider will never take it."""


class Held(ProviderError):
    """The channel's window is shut; the person's next message opens it."""
