"""Who may see a submission (its conversation, or whoever tells its code; guessing is slowed down), and what they see."""

from msgspec import Struct
from sqlalchemy import Connection

from content import codes
from content.catalog import Catalog
from handlers import offices
from handlers.deadlines import told as dated
from handlers.turn import Turn
from storage import lockouts, submissions
from storage.submissions import Act, Event, Submission

EVERYBODY, MANY = "everybody", 300  # wrong guesses without a wait, of all together
LINES = 8  # of a timeline, the newest
SEEN = 200  # characters of what was said, in a timeline


def by_code(db: Connection, who: str, code: str, now: int) -> Submission | str:
    """The submission, or the wording that says why not: the same for a wrong code and for one that has expired.

    `who` guesses; each further wrong guess makes the wait longer.
    """
    if lockouts.until(db, who, now) is not None or lockouts.busy(db, EVERYBODY, now):
        return "code.wait"
    found = submissions.by_code(db, codes.secret(code))
    if found is None or found.conversation is None:
        lockouts.slip(db, who, now)
        # many browsers guess as one: then everybody waits a second between two guesses
        lockouts.slip(db, EVERYBODY, now, free=MANY, longest_ms=1_000)
        return "code.unknown"
    return found


class Status(Struct, frozen=True):
    """Where a submission stands, in the words of its author's language."""

    head: str
    office: str
    dates: tuple[str, ...]
    timeline: tuple[str, ...]


def status(db: Connection, catalog: Catalog, found: Submission, language: str, now: int) -> Status:
    """Where it stands, who has it, by when, and what happened."""
    say, state = catalog.speaker(language), catalog.state(found.state)
    dates = []
    if state.type in ("open", "waiting"):
        if found.state in ("received", "reopened"):
            dates.append(say("case.accept", when=dated(Turn.local(found.accept_by), language)))
        late = "case.late" if now > found.resolve_by else "case.resolve"
        dates.append(say(late, when=dated(Turn.local(found.resolve_by), language)))
    return Status(
        say(
            "case.text",
            number=found.number,
            theme=catalog.titled(found.theme, language),
            state=state.told(language),
        ),
        say("case.office", office=offices.named(catalog, found.office, language)),
        tuple(dates),
        tuple(_line(catalog, event, language) for event in submissions.timeline(db, found.id, LINES)),
    )


def _line(catalog: Catalog, event: Event, language: str) -> str:
    say = catalog.speaker(language)
    by = say(f"case.by.{event.by.value}")
    what = say(f"case.act.{event.act.value}", state=catalog.state(event.state).told(language))
    told = say(f"judge.{event.told}.button") if event.act is Act.judged and event.told else event.told
    said = f": “{told[:SEEN]}{'…' if len(told) > SEEN else ''}”" if told else ""
    return f"{Turn.local(event.at):%d/%m %H:%M} {by} {what}{said}"
