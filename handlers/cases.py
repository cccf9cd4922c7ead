"""What happens to a submission, whoever does it: every change is a line of its timeline, and the citizen hears of it."""

from sqlalchemy import Connection

from content.catalog import Catalog
from content.wording import Say
from handlers.deadlines import after, after_days
from handlers.deadlines import told as dated
from handlers.turn import Turn
from storage import conversations, outbox, submissions, timers
from storage.outbox import Reply
from storage.shapes import Choice, Message
from storage.submissions import Act, By, Submission

JUDGED = ("yes", "partly", "no")
REMIND_MS = 3 * 86_400_000  # asked once more, if the person has not said what they think
CLOSE_MS = 7 * 86_400_000  # after that it is closed, and nobody is asked again


class NotAllowed(Exception):
    """The act does not fit; the message is the wording that says why."""


def move(
    db: Connection,
    catalog: Catalog,
    found: Submission,
    state: str,
    by: By,
    text: str | None,
    now: int,
    *,
    office: int | None = None,
    conversation: int | None = None,
) -> Submission:
    """Brings a submission to another state. Raises NotAllowed where it may not, where something is missing, or where
    somebody else was faster."""
    new = catalog.state(state)
    if state not in catalog.state(found.state).next:
        raise NotAllowed("staff.wrong.state")
    if "text" in new.demands and not (text or "").strip():
        raise NotAllowed("staff.wrong.text")
    if "office" in new.demands and office is None:
        raise NotAllowed("staff.wrong.office")
    values: dict[str, object] = {"state": state, "ended": new.type == "ended"}
    if office is not None:
        if not catalog.ours(office):
            raise NotAllowed("staff.wrong.office")
        values["office"] = None if office == catalog.local.code else office
    return _changed(db, catalog, found, Act.moved, by, text, now, conversation, **values)


def said(
    db: Connection,
    catalog: Catalog,
    found: Submission,
    by: By,
    text: str,
    now: int,
    conversation: int | None = None,
) -> Submission:
    """A word from either side. The answer to a question gives the turn back to staff."""
    if by is By.citizen and catalog.state(found.state).type == "waiting":
        return _changed(db, catalog, found, Act.said, by, text, now, conversation, state="accepted")
    return _changed(db, catalog, found, Act.said, by, text, now, conversation)


def extend(db: Connection, catalog: Catalog, found: Submission, days: int, text: str, now: int) -> Submission:
    """More working days from now, with the reason. Raises NotAllowed."""
    if catalog.state(found.state).type not in ("open", "waiting"):
        raise NotAllowed("staff.wrong.state")
    if not text.strip():
        raise NotAllowed("staff.wrong.text")
    until = after_days(catalog.calendar, Turn.local(now), days)
    return _changed(
        db, catalog, found, Act.extended, By.staff, text, now, resolve_by=int(until.timestamp() * 1000)
    )


def due(catalog: Catalog, theme: str, urgent: bool, now: int) -> tuple[int, int]:
    """When something that comes in now is to be accepted and resolved, in milliseconds; a theme that was dropped has
    the clocks of "something else"."""
    clocks, start = catalog.themes.get(theme) or catalog.themes["other"], Turn.local(now)
    accept = after(catalog.calendar, start, clocks.accept[urgent])
    resolve = after_days(catalog.calendar, start, clocks.resolve[urgent])
    return int(accept.timestamp() * 1000), int(resolve.timestamp() * 1000)


def judged(
    db: Connection, catalog: Catalog, found: Submission, thought: str, by: int, now: int
) -> Submission | None:
    """What the citizen (the conversation `by`) thinks of the result: it is closed (None), or opened again at the province."""
    if thought != "no":
        _changed(db, catalog, found, Act.judged, By.citizen, thought, now, by, state="closed", ended=True)
        return None
    accept_by, resolve_by = due(catalog, found.theme, found.urgent, now)
    return _changed(
        db,
        catalog,
        found,
        Act.judged,
        By.citizen,
        thought,
        now,
        by,
        state="reopened",
        office=None,
        accept_by=accept_by,
        resolve_by=resolve_by,
    )


def _changed(
    db: Connection,
    catalog: Catalog,
    found: Submission,
    act: Act,
    by: By,
    text: str | None,
    now: int,
    conversation: int | None = None,
    **values: object,
) -> Submission:
    if not submissions.change(db, found, now, **values):
        raise NotAllowed("staff.wrong.changed")
    changed = submissions.get(db, found.id)
    assert changed is not None  # changed just now
    submissions.tell(db, found.id, act, by, changed.state, text, now, conversation)
    if catalog.state(changed.state).type == "done" and changed.state != found.state:
        timers.set(db, f"judge/{found.id}", "judge", now + REMIND_MS, submission=found.id, asked=0)
    if by is By.staff:
        tell(db, catalog, changed, act, text, now)
    return changed


def tell(db: Connection, catalog: Catalog, found: Submission, act: Act, text: str | None, now: int) -> None:
    """The citizen hears of it where they wrote to us, if they wished so."""
    if found.conversation is None or not found.progress:
        return
    channel, language = conversations.spoken(db, found.conversation)
    say, state = catalog.speaker(language), catalog.state(found.state)
    key = {Act.said: "told.said", Act.extended: "told.extended"}.get(act, "told.moved")
    lines = [
        say(key, number=found.number, state=state.told(language), when=_when(found, language)),
        *([f"“{text}”"] if text else []),
    ]
    choices: list[Choice] = []
    if state.type == "done":
        lines.append(say("told.judge"))
        choices += judging(say, found.id)
    if state.type != "ended":
        choices.append(Choice(f"do/say.{found.id}", say("case.say")))
    choices.append(Choice(f"do/case.{found.id}", say("case.open")))
    send(db, found.conversation, channel, Message("\n".join(lines), tuple(choices)), now)


def _when(found: Submission, language: str) -> str:
    return dated(Turn.local(found.resolve_by), language)


def judging(say: Say, id: int) -> list[Choice]:
    """Three ways to judge a result."""
    return [Choice(f"do/judge.{id}.{thought}", say(f"judge.{thought}.button")) for thought in JUDGED]


def send(db: Connection, conversation: int, channel: str, message: Message, now: int) -> None:
    """A word that answers no message."""
    outbox.put(db, [Reply(conversation, channel, message, now)])
