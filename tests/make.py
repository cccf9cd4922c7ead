"""Values for tests, each with everything that the test does not care about filled in."""

import base64
import itertools
import uuid
from typing import Any

from sqlalchemy import Connection, select

from content import catalog
from content.catalog import Catalog
from storage import conversations, keys
from storage.conversations import Conversation
from storage.keys import Ring
from storage.outbox import Reply
from storage.shapes import Incoming, Kind, Message, Said

NOW = 1_795_568_400_000  # Wed 25 Nov 2026, 08:00 in Viet Nam
RING = "1:" + base64.b64encode(b"k" * 32).decode()

# A phone's photo of 96 × 64, made with libheif and x265: white with a red corner, turned by 90°, words in its EXIF.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ADRpbG9jAAAAAERAAAIAAQAAAAABxQABAAAAAAAAAGkAAgAAAAACLgABAAAAAAAAAEYAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4GlwcnAAAADAaXBjbwAAAHhodmNDAQNwAAAA"
    "kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbq"
    "SSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABgAAAAQAAAABBw"
    "aXhpAAAAAAMICAgAAAAJaXJvdAMAAAAYaXBtYQAAAAAAAAABAAEFgQIDBIUAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAALdt"
    "ZGF0AAAAZSgBrwngZ8Drwj//BPv/7/DQ+0ht2thU2T7TAxZtxjNx+D7CCpHkdGicLR21vURytcmCgkEc2u4tliyH91kFY9MVv/wY"
    "wuTX8S2T/G/7T/qP7dLUQ5vQ/PJXnZih1BD+dZ5fO35eAAAABkV4aWYAAE1NACoAAAAIAAIBDgACAAAAFQAAACYBEgADAAAAAQAG"
    "AAAAAAAAYmltYXRsYW0gbmhhIG9uZyBCYXkAAA=="
)

_numbers = itertools.count(1)
_catalog: Catalog | None = None


def ring(number: int = 1, letter: bytes = b"k") -> Ring:
    return keys.read(f"{number}:{base64.b64encode(letter * 32).decode()}", "test")


def the_catalog() -> Catalog:
    """The delivered content, read once a process."""
    global _catalog
    _catalog = _catalog or catalog.load()
    return _catalog


def key() -> str:
    return str(uuid.UUID(int=next(_numbers)))


def incoming(text: str = "xin chào", who: str = "an", **fields: object) -> Incoming:
    choice = fields.pop("choice", None)
    values = {
        "channel": "webchat",
        "address": who,
        "key": key(),
        "sent_at": NOW,
        "said": Said(text if choice is None else "", choice),  # type: ignore[arg-type]
        "kind": Kind.message if choice is None else Kind.press,
    }
    return Incoming(**{**values, **fields})  # type: ignore[arg-type]


def reply(conversation: int, text: str = "chào", **fields: object) -> Reply:
    return Reply(
        **{"conversation": conversation, "channel": "post", "message": Message(text), "due_at": NOW, **fields}
    )  # type: ignore[arg-type]


def of_telegram(update: dict[str, Any]) -> dict[str, Any]:
    """A hand-written update as it is, once aiogram's model has taken it: fixtures must be what Telegram sends."""
    from aiogram.types import Update  # its models take a second to load, and few tests need them

    Update.model_validate(update)
    return update


def person(db: Connection, conversation: int) -> Conversation:
    """One conversation, opened."""
    c = conversations.conversations.c
    row = db.execute(select(c.id, c.channel, c.language, c.mark, c.seen_at).where(c.id == conversation)).one()
    return Conversation(*row)
