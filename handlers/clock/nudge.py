"""A draft of a report that sleeps: its author hears of it once; after that it is kept quietly, then thrown away."""

from sqlalchemy import Connection

from content.catalog import Catalog
from handlers import cases
from handlers.arrival import standing_of
from handlers.progress import NUDGE_MS, remind
from storage import conversations
from storage.shapes import Choice, Message


def nudge(db: Connection, arguments: dict[str, int | str], now: int, catalog: Catalog) -> None:
    """Says that the draft is still there, if its author has been silent for a day; else looks again later."""
    id, draft = int(arguments["conversation"]), str(arguments["draft"])
    conversations.lock(db, id)
    person = conversations.get(db, id)
    standing = standing_of(person.mark)
    if standing.flow is None or standing.draft_id != draft:
        return
    if person.seen_at > now - NUDGE_MS:
        remind(db, id, draft, person.seen_at + NUDGE_MS)
        return
    say = catalog.speaker(person.language)
    ways = (
        Choice("do/resume", say(f"{standing.flow}.resume")),
        Choice("do/discard", say("flow.discard")),
        Choice("do/menu", say("menu.open")),
    )
    cases.send(db, id, person.channel, Message(say("nudge.text"), ways), now)
