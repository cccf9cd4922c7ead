"""Who may see a submission (its conversation, or whoever tells its code; guessing is slowed down), and what they see."""

from msgspec import Struct
from sqlalchemy import Connection

from content import codes
from content.catalog import Catalog
from handlers import offices
from handlers.deadlines import told as dated
from handlers.turn import Turn
from storage import lockouts, submissions
from storage.submissions import Event, Submission

LINES = 8  # of a timeline, the newest
SEEN = 200  # characters of what was said, in a timeline


def by_code(db: Connection, who: str, code: str, now: int) -> Submission | str:
    """The submission, or the wording that says why not: the same for a wrong code and for one that has expired.

    `who` guesses; each further wrong guess makes the wait longer.
    """
    if lockouts.until(db, who, now) is not None:
        return "code.wait"
    found = submissions.by_code(db, codes.secret(code))
    if found is None or found.conversation is None:
        lockouts.slip(db, who, now)
        return "code.unknown"
    lockouts.forgive(db, who)
    return found


class Status(Struct, frozen=True):
    """Where a submission stands, in the words of its author's language."""

    head: str
    office: str
    dates: tuple[str, ...]
    timeline: tuple[str, ...]


def status(db: Connection, catalog: Catalog, found: Submission, language: str, now: int) -> Status:
    """Where it stands, who has it, by when, and what happened."""
    say, state = catalog.speaker(language), catalog.states[found.state]
    dates = []
    if state.type in ("open", "waiting"):
        if found.state in ("received", "reopened"):
            dates.append(say("case.accept", when=dated(Turn.local(found.accept_by), language)))
        late = "case.late" if now > found.resolve_by else "case.resolve"
        dates.append(say(late, when=dated(Turn.local(found.resolve_by), language)))
    theme = theme_of(catalog, found, language)
    return Status(
        say("case.text", number=found.number, theme=theme, state=state.told(language)),
        say("case.office", office=offices.named(catalog, found.office, language)),
        tuple(dates),
        tuple(_line(catalog, event, language) for event in submissions.timeline(db, found.id)[-LINES:]),
    )


def theme_of(catalog: Catalog, found: Submission, language: str) -> str:
    """The title of its theme; one that a release dropped is "something else"."""
    return str(getattr(catalog.themes.get(found.theme) or catalog.themes["other"], language))


def _line(catalog: Catalog, event: Event, language: str) -> str:
    say = catalog.speaker(language)
    by = say(f"case.by.{event.by.value}")
    state = catalog.states.get(event.state)
    what = say(f"case.act.{event.act.value}", state=state.told(language) if state else event.state)
    said = f": “{event.told[:SEEN]}{'…' if len(event.told) > SEEN else ''}”" if event.told else ""
    return f"{Turn.local(event.at):%d/%m %H:%M} {by} {what}{said}"
