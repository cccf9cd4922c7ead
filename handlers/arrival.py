"""A message as it arrives: who says it, where they stand, and which button typed words mean."""

import re
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace
from rapidfuzz import fuzz
from sqlalchemy import Connection

from content.catalog import Catalog
from content.intents import command
from content.normalise import words
from content.understand import Heard
from handlers.progress import flow_of, mark_of
from handlers.turn import PROVINCE_TIME, Standing, Turn
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.shapes import Kind

ASLEEP_MS = 12 * 3_600_000  # after that, words are no longer taken for the answer to an old question

_standing = msgspec.json.Decoder(Standing).decode


def arrive(
    db: Connection, person: Conversation, message: Waiting, now: int, catalog: Catalog
) -> tuple[Turn, Standing]:
    """The turn to decide and where the conversation stands, in the language that it is held in."""
    standing = standing_of(person.mark)
    hint = message.said.language
    if hint and hint != standing.hint:  # switched on the page, not in the talk
        standing = replace(standing, hint=hint)
        person = replace(person, language=hint)
    if standing.flow and now - person.seen_at > ASLEEP_MS:
        standing = replace(standing, paused=True)
    turn = turn_of(db, person, message, now, catalog, standing)
    if turn.heard.english and person.language != "en":
        turn = replace(turn, person=replace(person, language="en"), say=catalog.speaker("en"))
    return turn, standing


def standing_of(mark: bytes | None) -> Standing:
    """The stored standing; a fresh one if a release no longer understands it."""
    standing = None
    if mark is None:
        return Standing()
    try:
        standing = _standing(mark)
        if standing.flow:
            flow = flow_of(standing)
            if flow is None:
                return Standing(hint=standing.hint)
            mark_of(flow, standing)
        return standing
    except (msgspec.DecodeError, KeyError):
        return Standing(hint=standing.hint if standing else None)


def turn_of(
    db: Connection, person: Conversation, message: Waiting, now: int, catalog: Catalog, standing: Standing
) -> Turn:
    """The message with all that deciding it needs; nothing is understood where a button was meant."""
    text, choice = message.said.text, message.said.choice
    if choice is None and message.kind is Kind.message and not message.said.files:
        choice = _typed_choice(text, standing)
    return Turn(
        db=db,
        now=datetime.fromtimestamp(now / 1000, PROVINCE_TIME),
        id=message.id,
        person=person,
        heard=catalog.understand(text, standing.about) if choice is None else Heard("press"),
        catalog=catalog,
        say=catalog.speaker(person.language),
        text=text,
        choice=choice,
        kind=message.kind,
        proved=standing.proved,
        said=message.said,
    )


def _typed_choice(text: str, standing: Standing) -> str | None:
    """The button that typed words mean: its number, its label, or a near miss of its label."""
    if not standing.shown or len(text) > 80:
        return None
    said = text.strip().rstrip(".)")
    if said.isascii() and said.isdigit():
        number = int(said)
        return standing.shown[number - 1].name if 1 <= number <= len(standing.shown) else None
    heard = " ".join(words(text))
    if len(heard) < 3:
        return _yes_or_no(heard, standing)
    scored = [(fuzz.ratio(heard, folded(choice.label)), choice.name) for choice in standing.shown]
    score, name = max(scored)
    return name if score >= 88 else _yes_or_no(heard, standing)


def _yes_or_no(heard: str, standing: Standing) -> str | None:
    """The one button that says yes, or no, to whoever types that."""
    meant = {"yes": "yes", "okay": "yes", "no": "no"}.get(command(heard.split()) or "")
    fitting = [c.name for c in standing.shown if meant and re.search(rf"[./]{meant}$", c.name)]
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=2_000)
def folded(label: str) -> str:
    """A label as it is compared with typed words."""
    return " ".join(words(label))
