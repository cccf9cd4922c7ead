"""The shapes that every room speaks. Imports nothing of ours.

Instants are integer milliseconds since 1970 UTC, everywhere.
"""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What an inbox row is."""

    message = "message"
    "Words that a person typed."
    press = "press"
    "A pressed button; its token says which."
    unreadable = "unreadable"
    "A body that was ours but could not be read; kept raw, parked at once."


class Reach(StrEnum):
    """Whether a conversation can be written to."""

    ok = "ok"
    "As far as we know, messages arrive."
    blocked = "blocked"
    "The person blocked us."
    closed = "closed"
    "The person ended the conversation; nothing is left of it but the row."
    gone = "gone"
    "The account no longer exists."


class Choice(Struct, frozen=True):
    """A button, or a line of a numbered list where a channel has no buttons.

    `name` is an ASCII slug whose meaning never changes; on the wire it is the whole token, at most
    64 bytes (Telegram's limit, kept everywhere so that a button means the same on every channel).
    """

    name: str
    label: str


class Said(Struct, frozen=True, omit_defaults=True):
    """The body of an inbox row: what a person said."""

    text: str = ""
    choice: str | None = None
    language: str | None = None
    "What the device prefers; only a hint for the first message of a conversation."


class Incoming(Struct, frozen=True):
    """One message from the world, as a channel's `reading.py` understood it."""

    channel: str
    address: str
    "What the channel needs to reach the person; identifies the conversation within the channel."
    key: str
    "The sender's own identifier: a second delivery under the same key is the same message."
    sent_at: int
    said: Said
    kind: Kind = Kind.message


class Message(Struct, frozen=True, omit_defaults=True):
    """The body of an outbox row: one bubble."""

    text: str
    choices: tuple[Choice, ...] = ()
