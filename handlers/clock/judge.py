"""A result that nobody judged: asked about once more, then closed; never asked after that."""

from sqlalchemy import Connection

from content.catalog import Catalog
from handlers import cases
from storage import conversations, submissions, timers
from storage.shapes import Message
from storage.submissions import Act, By


def judge(db: Connection, arguments: dict[str, int | str], now: int, catalog: Catalog) -> None:
    """The reminder, or the end."""
    id = int(arguments["submission"])
    found = submissions.get(db, id, lock=True)
    if found is None or catalog.state(found.state).type != "done":
        return
    if arguments["asked"]:
        submissions.change(db, found, now, state="closed", ended=True)
        submissions.tell(db, id, Act.moved, By.clock, "closed", None, now)
        return
    timers.set(db, f"judge/{id}", "judge", now + cases.CLOSE_MS, submission=id, asked=1)
    if found.conversation is not None and found.progress:
        channel, language = conversations.spoken(db, found.conversation)
        say = catalog.speaker(language)
        said = Message(say("judge.remind", number=found.number), tuple(cases.judging(say, id)))
        cases.send(db, found.conversation, channel, said, now)
