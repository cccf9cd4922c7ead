"""Our messages to the JSON that the page shows. Pure."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from storage.outbox import Shown


class Button(Struct, frozen=True):
    """A choice as the page wants it."""

    token: str
    label: str


class Bubble(Struct, frozen=True):
    """A message as the page wants it; `answers` is the key of the message it answers."""

    id: int
    at: int
    text: str
    choices: list[Button]
    slot: str | None
    answers: str | None


class Page(Struct, frozen=True):
    """What is new; ask again after `last`."""

    messages: list[Bubble]
    last: int


_encode = msgspec.json.Encoder().encode


def write(shown: Sequence[Shown], after: int) -> bytes:
    """The answer to `GET /chat/messages?after=…`."""
    bubbles = [
        Bubble(
            s.id,
            s.at,
            s.message.text,
            [Button(choice.name, choice.label) for choice in s.message.choices],
            s.slot,
            s.answers,
        )
        for s in shown
    ]
    return _encode(Page(bubbles, bubbles[-1].id if bubbles else after))
