"""A report before it is sent: what staff will see of it, what was hidden, and the last word."""

from msgspec import UNSET
from msgspec.structs import replace

from content.masking import hides, masked
from content.moments import Moment
from handlers.citizens.stories import WAYS, Practice, R, Report, Suggestion, Violation, questions_of
from handlers.deadlines import told as dated
from handlers.turn import Answer, Turn
from storage.shapes import Choice

EXACT_MS, DAY_MS = (
    2 * 3_600_000,
    36 * 3_600_000,
)  # a longer time is told as a day; a still longer one not at all


def shown(turn: Turn, draft: Report) -> str:
    """What staff will see in their lists: every answer, masked."""
    lines = []
    for name in ("theme", *asked(draft)):
        value = _value(turn, draft, name)
        if value:
            label = turn.say(f"report.{name}.label")
            lines.append(f"• {label}: {value}")
    return "\n".join(lines)


def asked(draft: Report) -> tuple[str, ...]:
    """The fields that a form asks for, in the order of its summary."""
    own = {
        Violation: ("what", "unit", "moment", "details"),
        Practice: ("what", "who", "cost", "changed", "ask", "unit"),
        Suggestion: ("what", "help", "unit"),
    }
    return own[type(draft)]


def _value(turn: Turn, draft: Report, name: str) -> str:
    value = getattr(draft, name)
    if name == "theme":
        return turn.catalog.titled(str(value), turn.person.language)
    if name == "unit":
        unit = turn.catalog.named(value) if isinstance(value, int) else ""
        spot = f"“{masked(draft.place)}”" if draft.place else ""
        return ", ".join(part for part in (unit, spot) if part)
    if isinstance(value, Moment):
        return moment_told(turn, value)
    return masked(str(value)) if value not in (UNSET, None) else ""


def moment_told(turn: Turn, moment: Moment) -> str:
    """The words, and the day that they mean."""
    said = f"“{masked(moment.said)}”"
    if moment.start is None:
        return said
    when = dated(turn.local(moment.start), turn.person.language)
    long = (moment.end or moment.start) - moment.start
    if long > DAY_MS:  # "tuần trước"
        return said
    return f"{said} ({when if moment.end is not None and long <= EXACT_MS else when.partition(', ')[2]})"


def summary(turn: Turn, draft: R) -> Answer:
    """What staff will see, before it is kept; what was hidden is said."""
    told = shown(turn, draft)
    lines = [turn.say("report.summary"), told]
    if draft.files:
        lines.append(turn.say("report.summary.files", count=len(draft.files)))
    lines.append(turn.say("report.summary.contact", contact=_contact(turn, draft)))
    hidden = hides(told)
    lines.append(
        turn.say("report.summary.masked", hidden=", ".join(hidden))
        if hidden
        else turn.say("report.summary.plain")
    )
    edits = [
        Choice(f"edit.{name}", turn.say(f"report.{name}.edit"))
        for name in ("theme", *asked(draft), "enough", "contact")
        if name != "details" or questions_of(turn, draft)
    ]
    return Answer(("\n".join(lines),), (Choice("send", turn.say("report.send")), *edits))


def _contact(turn: Turn, draft: Report) -> str:
    if draft.contact in WAYS:
        return turn.say(f"report.contact.{draft.contact}")
    return str(draft.contact)


def confirm(turn: Turn, draft: R) -> R | Answer:
    """Sends only on a clear yes."""
    if turn.choice == "send" or turn.heard.command in ("yes", "okay"):
        return replace(draft, sent="yes")
    again = summary(turn, draft)
    return replace(again, texts=(turn.say("report.unsent"), *again.texts))


def words_of(draft: Report) -> dict[str, str]:
    """The original answers, by question."""
    names = ("what", "details", "who", "cost", "changed", "ask", "help")
    answers = {name: getattr(draft, name, UNSET) for name in names}
    return {name: str(value) for name, value in answers.items() if value not in (UNSET, None)}
