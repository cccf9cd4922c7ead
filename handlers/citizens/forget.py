"""A person's wish that we forget this conversation."""

from sqlalchemy import Connection

from handlers.turn import Answer, Decision, Standing, Turn
from storage import attachments, consents, conversations, feedback, inbox, outbox, staged, submissions
from storage.shapes import Choice


def asked(turn: Turn, standing: Standing, argument: str) -> Decision:
    """Asks once more, then erases all that was said; the talk may go on from nothing."""
    if argument != "yes":
        ways = (
            Choice("do/forget.yes", turn.say("forget.yes")),
            Choice("do/menu", turn.say("forget.no")),
        )
        return Decision((Answer((turn.say("forget.ask"),), ways),), standing, turn.person.language)
    words(turn.db, turn.person.id)
    said = Answer((turn.say("forget.done"),), (Choice("do/menu", turn.say("menu.open")),))
    return Decision((said,), Standing(), turn.person.language)


def words(db: Connection, conversation: int) -> None:
    """Erases every word and file of the conversation."""
    attachments.release(db, submissions.forget(db, conversation))  # first: staff may be writing to it
    inbox.erase(db, conversation)
    outbox.erase(db, conversation)
    feedback.erase(db, conversation)
    consents.erase(db, conversation)
    attachments.erase(db, conversation)
    staged.erase(db, conversation)


def forget(db: Connection, conversation: int, now: int) -> None:
    """Erases every word of the conversation and cuts it from its person; cannot be undone."""
    conversations.lock(db, conversation)
    words(db, conversation)
    conversations.forget(db, conversation, now)
