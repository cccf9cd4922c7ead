"""Telegram's updates to what was said. Pure.

Read with shapes of our own that name only what we use: python-telegram-bot's `Update.de_json` takes
83 µs where this takes half of one, and raises for a missing field that nobody looks at.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from storage.shapes import Control, Incoming, Kind, Pin, Said, Source

CHANNEL = "telegram"
LONGEST = 20_000  # characters; Telegram allows 4,096
LARGEST = 2**63 - 1
FEWEST, MOST = -(2**52), 2**52  # Telegram's ids have at most 52 bits
COMMANDS = {
    "start": "do/hello",
    "menu": "do/menu",
    "help": "do/menu",
    "gopy": "do/feedback",
    "feedback": "do/feedback",
    "khancap": "do/ask.so-khan-cap",
    "emergency": "do/ask.so-khan-cap",
    "xoa": "do/forget",
    "forget": "do/forget",
    "tiengviet": "do/language.vi",
    "english": "do/language.en",
}
FILES = {  # Telegram's word: ours; a sticker says nothing to keep
    "document": "document",
    "voice": "spoken",
    "audio": "spoken",
    "video": "film",
    "video_note": "spoken",
    "animation": "film",
}


class NotOurs(Exception):
    """A body that is no update of Telegram."""


class _Chat(Struct):
    id: int
    type: str = "private"


class _File(Struct):
    file_id: str
    file_size: int | None = None
    width: int = 0


class _Place(Struct):
    latitude: float
    longitude: float
    live_period: int | None = None


class _Venue(Struct):
    location: _Place
    title: str = ""
    address: str = ""


class _Contact(Struct):
    phone_number: str


class _Message(Struct):
    message_id: int
    chat: _Chat
    text: str = ""
    caption: str = ""
    media_group_id: str | None = None
    photo: list[_File] = []
    document: _File | None = None
    voice: _File | None = None
    audio: _File | None = None
    video: _File | None = None
    video_note: _File | None = None
    animation: _File | None = None
    location: _Place | None = None
    venue: _Venue | None = None
    contact: _Contact | None = None
    migrate_to_chat_id: int | None = None


class _Pressed(Struct):
    chat: _Chat


class _Callback(Struct):
    id: str
    data: str = ""
    message: _Pressed | None = None


class _Member(Struct):
    status: str


class _Change(Struct):
    chat: _Chat
    new_chat_member: _Member


class _Update(Struct):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Callback | None = None
    my_chat_member: _Change | None = None


_decode = msgspec.json.Decoder(_Update).decode


def read(body: bytes) -> tuple[Incoming, ...]:
    """The messages in a webhook's body (none: an update that says nothing to us); raises NotOurs."""
    return _guarded(lambda: _read(_decode(body)))


def read_polled(update: object) -> tuple[Incoming, ...]:
    """The same for one update of `getUpdates`, decoded already."""
    return _guarded(lambda: _read(msgspec.convert(update, _Update)))


def _guarded(reading: Callable[[], tuple[Incoming, ...]]) -> tuple[Incoming, ...]:
    try:
        return reading()
    except (msgspec.DecodeError, RecursionError, UnicodeError, OverflowError) as error:
        raise NotOurs(type(error).__name__) from None


def _read(update: _Update) -> tuple[Incoming, ...]:
    if not 0 <= update.update_id <= LARGEST:
        raise NotOurs("update_id")
    for message, kind in ((update.message, Kind.message), (update.edited_message, Kind.edit)):
        if message is not None:
            return _message(update.update_id, message, kind)
    if update.callback_query is not None:
        return _callback(update.update_id, update.callback_query)
    if update.my_chat_member is not None:
        return _member(update.update_id, update.my_chat_member)
    return ()


def _incoming(
    number: int, chat: _Chat, said: Said, kind: Kind, album: str | None = None
) -> tuple[Incoming, ...]:
    if not FEWEST <= chat.id <= MOST:
        raise NotOurs("chat id")
    # the running number is the provider's order, also where a message and a press carry no common clock
    return (Incoming(CHANNEL, str(chat.id), str(number), number, said, kind, album),)


def _message(number: int, m: _Message, kind: Kind) -> tuple[Incoming, ...]:
    if m.migrate_to_chat_id is not None:
        said = Said(control=Control.moved, moved_to=str(m.migrate_to_chat_id))
        return _incoming(number, m.chat, said, Kind.control)
    if m.chat.type != "private":
        return ()  # a group is no place to answer one person
    if kind is Kind.edit and (m.location is not None or not (m.text or m.caption)):
        return ()  # a live position goes on, a keyboard changed: nothing was said
    text = _text(m)
    ref = str(m.message_id)
    if kind is Kind.message and text.startswith("/"):
        said = _command(text, ref)
    else:
        place = m.location or (m.venue.location if m.venue else None)
        said = Said(text, ref=ref, files=_files(m), pin=_pin(place))
    album = m.media_group_id[:64] if m.media_group_id and kind is Kind.message else None
    return _incoming(number, m.chat, said, kind, album)


def _text(m: _Message) -> str:
    if m.contact is not None:
        return _clean(m.contact.phone_number)[:40]
    venue = f"{m.venue.title}, {m.venue.address}".strip(", ") if m.venue else ""
    return _clean(m.text or m.caption or venue)[:LONGEST]


def _command(text: str, ref: str) -> Said:
    name, _, rest = text[1:].partition(" ")
    name = name.partition("@")[0].lower()
    payload = rest.strip()[:64]
    if name == "start" and payload:
        return Said(start=payload, ref=ref)
    choice = COMMANDS.get(name)
    return Said(text if choice is None else "", choice, ref=ref)


def _files(m: _Message) -> tuple[Source, ...]:
    found = [("photo", max(reversed(m.photo), key=lambda size: size.width))] if m.photo else []
    if not found:  # an animation comes as a document too: one of them is enough
        named = ((ours, getattr(m, theirs)) for theirs, ours in FILES.items())
        found = [(ours, file) for ours, file in named if file is not None][:1]
    return tuple(
        Source(_clean(file.file_id)[:512], kind, file.file_size if _size(file) else None)
        for kind, file in found
    )


def _size(file: _File) -> bool:
    return file.file_size is not None and 0 <= file.file_size <= LARGEST


def _pin(place: _Place | None) -> Pin | None:
    if place is None or not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        return None
    return Pin(place.latitude, place.longitude)


def _callback(number: int, pressed: _Callback) -> tuple[Incoming, ...]:
    if pressed.message is None or pressed.message.chat.type != "private":
        return ()  # a button under a message of another place than our talk
    data = pressed.data
    choice = data if data.isascii() and data.isprintable() and 0 < len(data) <= 64 else "do/?"
    said = Said(choice=choice, ack=_clean(pressed.id)[:64] or None)
    return _incoming(number, pressed.message.chat, said, Kind.press)


def _member(number: int, change: _Change) -> tuple[Incoming, ...]:
    if change.chat.type != "private":
        return ()
    blocked = change.new_chat_member.status in ("kicked", "left")
    said = Said(control=Control.blocked if blocked else Control.back)
    return _incoming(number, change.chat, said, Kind.control)


def _clean(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode().strip()


def allowed() -> list[Any]:
    """The kinds of updates that we ask Telegram for."""
    return [field.name for field in msgspec.structs.fields(_Update) if field.name != "update_id"]
