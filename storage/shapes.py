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
    edit = "edit"
    "Words that a person changed after sending them; `Said.ref` says which message."
    file = "file"
    "What became of a file that was fetched; ours, no provider sends it."
    control = "control"
    "Something happened to the conversation itself."
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


class Control(StrEnum):
    """What happened to a conversation."""

    blocked = "blocked"
    "The person blocked us."
    back = "back"
    "The person let us in again."
    moved = "moved"
    "The chat goes on under another address."


class Source(Struct, frozen=True, omit_defaults=True):
    """A file that still lies at the provider."""

    id: str
    "What the channel's `fetch` needs."
    kind: str
    "As its sender sees it: photo, spoken, film, document; what it really is, its content tells."
    size: int | None = None
    "Bytes, as the provider claims."


class Pin(Struct, frozen=True):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float


class Fetched(Struct, frozen=True):
    """What became of an attachment: None, or why it could not be kept (one of our own short words)."""

    attachment: int
    trouble: str | None = None


class Said(Struct, frozen=True, omit_defaults=True):
    """The body of an inbox row: what a person said, or what happened."""

    text: str = ""
    choice: str | None = None
    language: str | None = None
    "What the device prefers; only a hint for the first message of a conversation."
    start: str | None = None
    "What a deep link carries: a button's token without `do/`, its dot written as `_`."
    ref: str | None = None
    "The channel's name of the message, by which a later edit is recognised."
    ack: str | None = None
    "What the channel needs to tell the device that a press arrived."
    files: tuple[Source, ...] = ()
    pin: Pin | None = None
    fetched: Fetched | None = None
    control: Control | None = None
    moved_to: str | None = None
    "The new address of a chat that moved."


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
    album: str | None = None
    "Parts of one album become one turn."


class Message(Struct, frozen=True, omit_defaults=True):
    """The body of an outbox row: one bubble."""

    text: str
    choices: tuple[Choice, ...] = ()
    ack: str | None = None
    "The press that this answers, where the device waits to hear that it arrived."
    media: "Media | None" = None
    pin: Pin | None = None


class Media(Struct, frozen=True):
    """A file that goes out with a message."""

    kind: str
    "photo or document"
    key: str
    "Names the content; under it a provider's handle is remembered, so that it is uploaded once."
    name: str
    "The file's name as people see it."
