"""One message to decide, and what a decision is."""

import datetime
from collections.abc import Callable

from msgspec import Raw, Struct
from sqlalchemy import Connection

from content.catalog import Catalog
from content.places import Found
from content.understand import Heard
from content.wording import Say
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.shapes import Choice, Kind, Reach, Said

PROVINCE_TIME = datetime.timezone(datetime.timedelta(hours=7))  # Viet Nam has no summer time


class Answer(Struct, frozen=True):
    """What to say: one bubble a text, the choices under the last."""

    texts: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    slot: str | None = None
    "Takes the place of the last message in this slot, where the channel can edit."


class Standing(Struct, frozen=True, omit_defaults=True):
    """Where a conversation stands; stored sealed as its mark."""

    flow: str | None = None
    version: int = 0
    draft_id: str = ""
    "Names the draft in its buttons, so that yesterday's button cannot answer today's."
    draft: Raw = Raw(b"{}")
    old: Raw = Raw(b"null")
    "The draft before a step was reopened; null: none was."
    trail: tuple[str, ...] = ()
    paused: bool = False
    "The person left the flow for the menu: words are no answer to its question until resumed."
    shown: tuple[Choice, ...] = ()
    "The choices on the screen, for those who type a number or a label."
    hint: str | None = None
    "The language the device said it prefers, last time."
    near: tuple[str, ...] = ()
    "Entries that nearly answered the last question."
    about: str | None = None
    "The entry told last: what a short question asks on about."
    stash: tuple["Standing", ...] = ()
    "Drafts of other flows that were open when this one began, the newest first."
    proved: tuple[int, ...] = ()
    "Submissions whose code was told here, the newest last: this person may see and answer them."
    refs: tuple[tuple[str, str], ...] = ()
    "(step, the channel's name of the message that answered it): an edit of it re-takes the step."


class Turn(Struct, frozen=True):
    """One message, decided in one transaction: no clock, network or chance but what stands here."""

    db: Connection
    now: datetime.datetime
    id: int
    "The inbox row; names what this message begins."
    person: Conversation
    heard: Heard
    catalog: Catalog
    say: Say
    "Wording key and values to the sentence in the person's language."
    text: str = ""
    choice: str | None = None
    "Pressed; or typed, and matched against what was shown."
    kind: Kind = Kind.message
    proved: tuple[int, ...] = ()
    "Submissions whose code was told in this talk."
    said: Said = Said()
    "All that came with it: files, a place, what happened to the conversation."

    @property
    def place(self) -> Found | None:
        """Where the text says that something is."""
        return self.catalog.places.find(self.text)

    @property
    def at(self) -> int:
        """Now, in milliseconds."""
        return int(self.now.timestamp() * 1000)

    @staticmethod
    def local(at: int) -> datetime.datetime:
        """An instant by the clocks of the province."""
        return datetime.datetime.fromtimestamp(at / 1000, PROVINCE_TIME)


class Decision(Struct, frozen=True):
    """What comes of one message."""

    answers: tuple[Answer, ...]
    "Empty: nothing is to be said."
    standing: Standing
    language: str
    reach: Reach | None = None
    "What the message told of whether the person can be written to; None: nothing new."
    missed: str | None = None
    "The question, masked, when we had no answer to it: somebody should write one."
    quiet: bool = False
    "Said beside the talk: the buttons that were shown last stay the ones that a typed number means."


class Decided(Struct, frozen=True):
    """A decision in the form that storage takes."""

    answers: tuple[Answer, ...]
    mark: bytes | None
    language: str
    reach: Reach = Reach.ok
    missed: str | None = None
    "A question without an answer, masked."


Decide = Callable[[Connection, Conversation, Waiting, int], Decided]
