"""One transaction of answering: take lanes, decide each message, write all effects at once."""

import itertools
import time

from msgspec.structs import replace
from sqlalchemy import Connection

from content.catalog import Catalog
from content.normalise import words
from handlers.turn import Answer, Decide
from storage import conversations, inbox, outbox, unanswered
from storage.conversations import Change, Conversation
from storage.inbox import Attempt, Waiting
from storage.outbox import Reply
from storage.shapes import Choice, Kind, Message

LIMIT = 50
BUDGET_S = 0.012  # of this thread's own work: by the clock a busy machine left one message a batch (280 a second for 1,000)


def answer(db: Connection, decide: Decide, now: int, *, alone: Attempt | None = None) -> int:
    """Answers what waits longest, or one message `alone` (with its album); how many (0 alone: another
    process has it, or it may not go yet).

    Optimistic: no savepoint a message. If anything raises, the transaction is undone and the caller
    repeats it one message at a time.
    """
    changes: list[Change] = []
    replies: list[Reply] = []
    answered: list[int] = []
    missed: list[tuple[str, str]] = []
    wrote: set[int] = set()
    until = time.thread_time() + BUDGET_S
    for person, turns in _lanes(db, now, alone):
        before = person
        for message, ids in turns:
            if answered and time.thread_time() > until:
                break
            decided = decide(db, person, message, now)
            spoke = message.kind not in (Kind.file, Kind.control)  # the person, not the provider or we
            person = replace(
                person,
                mark=decided.mark,
                language=decided.language,
                reach=decided.reach,
                seen_at=now if spoke else person.seen_at,
            )
            for said in decided.answers:
                replies += _bubbles(person, said, now, message)
            missed += [(decided.missed, decided.language)] if decided.missed else []
            answered += ids
            if spoke:
                wrote.add(person.id)
        if person is not before:
            changes.append(Change(person.id, person.language, person.mark, person.seen_at, person.reach))
    if answered:
        conversations.advance(db, changes)
        outbox.release_held(db, sorted(wrote))
        if replies:
            outbox.put(db, replies)
        _note(db, missed, now)
        inbox.done(db, answered)
    return len(answered)


def _note(db: Connection, missed: list[tuple[str, str]], now: int) -> None:
    """Questions without an answer, for who writes the entries; the same words in another order are the same."""
    for question, language in missed:
        unanswered.note(db, question, " ".join(sorted(set(words(question)))), language, now)


Turns = list[tuple[Waiting, list[int]]]


def _lanes(db: Connection, now: int, alone: Attempt | None) -> list[tuple[Conversation, Turns]]:
    """The lanes to answer, each with its turns: messages, an album's parts as one."""
    if alone is None:
        return [(lane.conversation, _turns(lane.messages)) for lane in inbox.take(db, now, LIMIT)]
    lanes = inbox.take(db, now, LIMIT, only=alone.conversation)
    first = [(lane.conversation, _turns(lane.messages)[:1]) for lane in lanes]
    return [(person, turns) for person, turns in first if alone.id in turns[0][1]]


def _turns(messages: tuple[Waiting, ...]) -> Turns:
    groups = itertools.groupby(messages, key=lambda m: m.album or m.id)
    return [_one(list(group)) for _, group in groups]


def _one(parts: list[Waiting]) -> tuple[Waiting, list[int]]:
    first, ids = parts[0], [part.id for part in parts]
    if len(parts) == 1:
        return first, ids
    spoken = [part.said for part in parts if part.said.text]
    said = replace(
        spoken[0] if spoken else first.said,
        text="\n".join(s.text for s in spoken),
        files=tuple(file for part in parts for file in part.said.files),
    )
    return replace(first, said=said), ids


def _bubbles(person: Conversation, said: Answer, now: int, message: Waiting) -> list[Reply]:
    """One reply a text; the choices under the last, which also is the one that a slot replaces. The first
    tells the device that its press arrived."""
    *before, last = said.texts
    bubbles = [*(Message(text) for text in before), Message(last, said.choices)]
    if message.said.ack:
        bubbles[0] = replace(bubbles[0], ack=message.said.ack)
    slots = [*(None for _ in before), said.slot]
    return [
        Reply(person.id, person.channel, bubble, now, message.id, slot)
        for bubble, slot in zip(bubbles, slots, strict=True)
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
