"""What people think of this service: what, how to reach me, confirm."""

import re

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from content.intents import after_wish, suggests
from handlers.flow import Draft, Flow, Step
from handlers.steps import choose, words
from handlers.turn import Answer, Turn
from storage import attachments, feedback
from storage.feedback import Feedback
from storage.shapes import Choice

_REACHABLE = re.compile(r"(?:\(?\+?84|\(?0)[\d .()-]{8,14}\d|[\w.+-]+@[\w-]+\.[\w.]+")


LONGEST = 4_000  # characters


class Told(Draft, frozen=True, kw_only=True, omit_defaults=True):
    """The draft of a feedback."""

    what: str | UnsetType = UNSET
    contact: str | UnsetType | None = UNSET
    "here, none, or a phone number or e-mail address"
    sent: str | UnsetType = UNSET


def begins(turn: Turn) -> Told | None:
    """A wish to give feedback, typed or pressed; what is said in the same breath is kept."""
    if turn.choice == "do/feedback":
        return Told()
    if turn.heard.command != "feedback":
        return None
    if (turn.heard.theme or turn.place) and suggests(turn.heard.words):
        return None  # of the village, not of us
    told = after_wish(turn.text)
    return Told(what=told[:LONGEST]) if len(told.split()) >= 2 else Told()


def contacts(turn: Turn, draft: Told) -> list[Choice]:
    """Ways to be reached."""
    return [
        Choice("here", turn.say("feedback.contact.here")),
        Choice("none", turn.say("feedback.contact.none")),
    ]


def reachable(turn: Turn) -> str | None:
    """A phone number or an e-mail address in typed words; or that none is wished."""
    if turn.heard.command in ("no", "skip"):
        return "none"
    found = _REACHABLE.search(turn.text[:200])  # the pattern is slow on long text
    return found.group().strip() if found else None


def contact_of(turn: Turn, draft: Told) -> str:
    """The contact as the summary shows it."""
    if draft.contact in ("here", "none"):
        return turn.say(f"feedback.contact.{draft.contact}")
    return str(draft.contact)


def summary(turn: Turn, draft: Told) -> Answer:
    """What will be kept, before it is kept."""
    enclosed = turn.say("feedback.enclosed", count=len(draft.files)) if draft.files else ""
    said = turn.say("feedback.summary", what=draft.what, contact=contact_of(turn, draft), enclosed=enclosed)
    return Answer(
        (said,),
        (
            Choice("send", turn.say("feedback.send")),
            Choice("edit.what", turn.say("feedback.what.edit")),
            Choice("edit.contact", turn.say("feedback.contact.edit")),
        ),
    )


def confirm(turn: Turn, draft: Told) -> Told | Answer:
    """Sends only on a clear yes."""
    if turn.choice == "send" or turn.heard.command in ("yes", "okay"):
        return replace(draft, sent="yes")
    again = summary(turn, draft)
    return replace(again, texts=(turn.say("feedback.unsent"), *again.texts))


def finish(turn: Turn, draft: Told) -> Answer:
    """Keeps the feedback and thanks."""
    contact = None if draft.contact == "none" else str(draft.contact)
    told = Feedback(str(draft.what), contact, draft.files)
    number = feedback.tell(turn.db, turn.person.id, told, turn.at)
    attachments.belong(turn.db, draft.files, turn.person.id, number)
    return Answer((turn.say("feedback.done"),), (Choice("do/menu", turn.say("menu.open")),))


FLOW = Flow(
    "feedback",
    1,
    Told,
    steps=(
        words("what", longest=LONGEST, say="feedback.what"),
        choose("contact", contacts, say="feedback.contact", other=reachable),
        Step("sent", summary, confirm),
    ),
    begins=begins,
    finish=finish,
    files=True,
)
