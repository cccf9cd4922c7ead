"""One transaction of answering: take lanes, decide each message, write all effects at once."""

import time

from msgspec.structs import replace
from sqlalchemy import Connection

from content.catalog import Catalog
from handlers.turn import Decide
from storage import conversations, inbox, outbox
from storage.conversations import Change
from storage.outbox import Reply
from storage.shapes import Choice, Message

LIMIT = 50
BUDGET_S = 0.004  # a batch ends after this much work, so that the 200 of others does not wait for it


def answer(db: Connection, decide: Decide, now: int, limit: int = LIMIT, *, only: int | None = None) -> int:
    """Answers what waits longest; how many messages.

    Optimistic: no savepoint a message. If anything raises, the transaction is undone and the caller
    repeats it one message at a time.
    """
    changes: list[Change] = []
    replies: list[Reply] = []
    answered: list[int] = []
    lanes = inbox.take(db, now, limit, only=only)
    until = time.monotonic() + BUDGET_S
    for lane in lanes:
        person = lane.conversation
        for message in lane.messages:
            if answered and time.monotonic() > until:
                break
            decided = decide(db, person, message, now)
            person = replace(person, mark=decided.mark, language=decided.language, seen_at=now)
            for said in decided.answers:
                replies += _bubbles(
                    person.id, person.channel, said.texts, said.choices, said.slot, now, message.id
                )
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


def _bubbles(
    conversation: int,
    channel: str,
    texts: tuple[str, ...],
    choices: tuple[Choice, ...],
    slot: str | None,
    now: int,
    answers: int,
) -> list[Reply]:
    last = len(texts) - 1
    """One reply a text; the choices under the last, which also is the one that a slot replaces."""
    return [
        Reply(
            conversation,
            channel,
            Message(text, choices if n == last else ()),
            now,
            answers,
            slot if n == last else None,
        )
        for n, text in enumerate(texts)
    ]


def park(db: Connection, id: int, error: str, catalog: Catalog, now: int) -> None:
    """Sets a message aside that we failed on, and says so to the person: one honest sentence."""
    conversation = inbox.park(db, id, error)
    if conversation is None:
        return
    person = conversations.get(db, conversation)
    say = catalog.speaker(person.language)
    said = Message(
        say("parked.text") + "\n\n" + say("emergency.line"), (Choice("do/menu", say("menu.open")),)
    )
    outbox.put(db, [Reply(conversation, person.channel, said, now, answers=id)])
