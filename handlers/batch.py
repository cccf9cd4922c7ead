"""One transaction of answering: take lanes, decide each message, write all effects at once."""

import time

from msgspec.structs import replace
from sqlalchemy import Connection

from content.catalog import Catalog
from handlers.turn import Answer, Decide
from storage import conversations, inbox, outbox
from storage.conversations import Change, Conversation
from storage.inbox import Attempt
from storage.outbox import Reply
from storage.shapes import Choice, Message

LIMIT = 50
BUDGET_S = 0.004  # a batch ends after this much work, so that the 200 of others does not wait for it


def answer(db: Connection, decide: Decide, now: int, *, alone: Attempt | None = None) -> int:
    """Answers what waits longest, or one message `alone`; how many (0 alone: another process has it).

    Optimistic: no savepoint a message. If anything raises, the transaction is undone and the caller
    repeats it one message at a time.
    """
    changes: list[Change] = []
    replies: list[Reply] = []
    answered: list[int] = []
    lanes = inbox.take(db, now, LIMIT) if alone is None else inbox.take(db, now, 1, only=alone.conversation)
    if alone is not None and [m.id for lane in lanes for m in lane.messages] != [alone.id]:
        return 0
    until = time.monotonic() + BUDGET_S
    for lane in lanes:
        person = lane.conversation
        for message in lane.messages:
            if answered and time.monotonic() > until:
                break
            decided = decide(db, person, message, now)
            person = replace(person, mark=decided.mark, language=decided.language, seen_at=now)
            for said in decided.answers:
                replies += _bubbles(person, said, now, message.id)
            answered.append(message.id)
        if person is not lane.conversation:
            changes.append(Change(person.id, person.language, person.mark, now))
    if answered:
        conversations.advance(db, changes)
        outbox.release_held(db, [change.id for change in changes])
        if replies:
            outbox.put(db, replies)
        inbox.done(db, answered)
    return len(answered)


def _bubbles(person: Conversation, said: Answer, now: int, message: int) -> list[Reply]:
    """One reply a text; the choices under the last, which also is the one that a slot replaces."""
    *before, last = said.texts
    return [
        *(Reply(person.id, person.channel, Message(text), now, message) for text in before),
        Reply(person.id, person.channel, Message(last, said.choices), now, message, said.slot),
    ]


def park(db: Connection, attempt: Attempt, error: str, catalog: Catalog, now: int) -> None:
    """Sets a message aside that we failed on, and says so to the person: one honest sentence.

    Waits for the lane first: another process may be answering the message at this moment.
    """
    conversations.lock(db, attempt.conversation)
    if inbox.park(db, attempt.id, error) is None:
        return
    channel, language = conversations.spoken(db, attempt.conversation)
    say = catalog.speaker(language)
    said = Message(
        say("parked.text") + "\n\n" + say("emergency.line"), (Choice("do/menu", say("menu.open")),)
    )
    outbox.put(db, [Reply(attempt.conversation, channel, said, now, answers=attempt.id)])


def replay(db: Connection, id: int, now: int) -> bool:
    """Lets a parked message be answered after all; False if it is not parked, or cannot be read."""
    return inbox.replay(db, id, now)
