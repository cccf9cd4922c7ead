"""The forms of what people report: a violation, a model practice, a suggestion. Told in one breath, only the rest is
asked; every question but the story may be left open."""

import re
from collections.abc import Callable
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from content import moments
from content.emergencies import alarm
from content.intents import suggests
from content.moments import Moment
from content.normalise import words as plain
from content.understand import asks
from handlers import cases
from handlers.citizens import filing
from handlers.citizens.stories import (
    BRIEF,
    FORMS,
    INTENTS,
    LONGEST,
    WAYS,
    R,
    Report,
    Violation,
    absorb,
    kind_of,
    moment_of,
    questions_of,
    settled,
    tells,
)
from handlers.citizens.summaries import confirm, shown, summary, words_of
from handlers.flow import Flow, Step
from handlers.steps import choose, words
from handlers.turn import Answer, Turn
from storage import consents
from storage.consents import Purpose
from storage.shapes import Choice
from storage.submissions import Filed, Kind, Told

CONSENT = "1"  # raised when the text of `report.consent` promises something else
SHORT = 500  # characters of another answer
SURE = 0.45  # the model's chance, before a message is taken for the beginning of a report
PLAIN = 0.6  # the same where what we know seems to answer it as well
_WAYS = {
    "anonymous": re.compile(r"\b(?:giau (?:kin|ten)|bi mat|an danh|dung noi ten|khong noi ten)\b"),
    "here": re.compile(
        r"\b(?:(?:bao|nhan|tra loi|gui) (?:toi |em |minh )?(?:ngay )?(?:o day|tai day|qua day)|here)\b"
    ),
}
_REACHABLE = re.compile(r"(?:\(?\+?84|\(?0)[\d .()-]{8,14}\d|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.]{2,63}")


def beginning(kind: str) -> Callable[[Turn], Any]:
    """What starts a form: its button, or words that want it and are no question that we can answer."""

    def begins(turn: Turn) -> Report | None:
        if turn.choice == f"do/{kind}":
            return _fresh(turn, kind)
        heard = turn.heard
        if turn.choice or not _wants(kind, turn):
            return None
        draft = absorb(turn, _fresh(turn, kind))
        happened = draft.unit is not UNSET or draft.maybe or getattr(draft, "moment", UNSET) is not UNSET
        long = len(heard.words) >= LONG and (heard.chance >= PLAIN or kind != "violation")
        if (
            heard.command is None
            and heard.sure >= ANSWERED
            and (asks(turn.text, heard.words) or not (happened or long))
        ):
            return None
        return draft

    return begins


def _wants(kind: str, turn: Turn) -> bool:
    heard = turn.heard
    if heard.command:
        return heard.command == kind or (kind == "suggestion" and suggests(heard.words))
    if len(heard.words) <= FEW and heard.sure >= OFFERED:
        return False  # "karaoke": a topic, no report
    if heard.intent != INTENTS[kind]:
        return False
    # a theme and a place are what an incident has, however unsure its wish
    return heard.chance >= SURE or (heard.theme is not None and turn.place is not None)


LONG = 7  # words; fewer are rather looked for than told
ANSWERED, OFFERED = 0.6, 0.15  # as in asking: surer than this, what we know is told, or titles are offered
FEW = 3  # words


def _fresh(turn: Turn, kind: str) -> Report:
    agreed = consents.given(turn.db, turn.person.id, Purpose.handle, CONSENT)
    return FORMS[kind](agreed="yes") if agreed else FORMS[kind]()


def agree(turn: Turn, draft: R) -> Answer:
    """Before anything is kept: what, what for, who sees it, how long, how to erase it; two equal buttons."""
    said = turn.say("report.consent", days=turn.catalog.local.keep_days)
    held = (turn.say("report.consent.held"),) if draft.what is not UNSET else ()
    ways = (Choice("yes", turn.say("report.consent.yes")), Choice("no", turn.say("report.consent.no")))
    return Answer((*held, said), ways)


def agreed(turn: Turn, draft: R) -> R | Answer:
    """Silence, or words about something else, are no consent."""
    wish = turn.choice or turn.heard.command
    if wish not in ("yes", "okay", "no"):
        again = agree(turn, draft)
        return replace(again, texts=(turn.say("report.consent.again"),))
    yes = wish != "no"
    consents.tell(turn.db, turn.person.id, turn.person.channel, Purpose.handle, CONSENT, yes, turn.at)
    return replace(draft, agreed="yes" if yes else "no")


def themes(turn: Turn, draft: Report) -> list[Choice]:
    """The themes that this form is for."""
    kind = kind_of(draft)
    language = turn.person.language
    return [
        Choice(name, getattr(theme, language))
        for name, theme in turn.catalog.themes.items()
        if kind in theme.kinds
    ]


def _theme_step() -> Step[Any]:
    chosen: Step[Any] = choose("theme", themes, say="report.theme", other=named)

    def take(turn: Turn, draft: R) -> R | Answer:
        taken = chosen.take(turn, draft)
        return taken if isinstance(taken, Answer) else settled(turn, taken)

    return Step("theme", chosen.ask, take)


def named(turn: Turn) -> str | None:
    """A theme that words name; who does not know is not held up."""
    return "other" if turn.heard.command in ("skip", "no") else turn.heard.theme


def where(turn: Turn, draft: Report) -> Answer:
    """The commune: those that the words may mean, else by name or on the map."""
    skip = Choice("skip", turn.say("flow.skip"))
    if draft.maybe:
        ways = [Choice(f"u{code}", turn.catalog.named(code, province=False)) for code in draft.maybe]
        return Answer((turn.say("report.unit.which"),), (*ways, skip))
    if draft.place:
        said = turn.say("report.unit.unknown", place=draft.place[:100])
        return Answer((said,), (Choice("words", turn.say("report.unit.words")), skip))
    if draft.far:
        return Answer((turn.say("report.unit.far", unit=draft.far),), (skip,))
    return Answer((turn.say("report.unit.ask"),), (skip,))


def placed(turn: Turn, draft: R) -> R | Answer:
    """A unit by its button, by name, or the words as they are."""
    if turn.choice == "words":
        return replace(draft, unit=None)
    if turn.choice == "skip":
        return replace(draft, unit=None, place="", maybe=())
    if turn.choice and re.fullmatch(r"u\d{1,6}", turn.choice, re.ASCII):
        code = int(turn.choice[1:])
        known = turn.catalog.ours(code)
        return replace(draft, unit=code, maybe=()) if known else where(turn, draft)
    if turn.heard.command in ("no", "skip"):
        return replace(draft, unit=None, place="", maybe=())
    if not turn.heard.words or turn.heard.angry:
        return where(turn, draft)
    found = turn.catalog.places.find(turn.text[:SHORT], alone=True)
    if found is not None and found.unit == turn.catalog.local.code:
        return Answer((turn.say("report.unit.province"),))
    if found is not None and found.unit is not None:
        if turn.catalog.ours(found.unit):
            more = len(turn.text.split()) > len(found.said.split())
            return replace(draft, unit=found.unit, place=turn.text[:SHORT] if more else "", maybe=())
        name = turn.catalog.named(found.unit)
        return Answer((turn.say("report.unit.far", unit=name),))
    ours = tuple(code for code in found.choices if turn.catalog.ours(code)) if found is not None else ()
    if ours:
        return replace(draft, maybe=ours, place=turn.text[:SHORT])
    return replace(draft, maybe=(), place=turn.text[:SHORT])


def names_place(turn: Turn) -> bool:
    """Whether a message is hardly more than the name of a place."""
    brief = len(turn.heard.words) <= BRIEF and "?" not in turn.text
    return brief and turn.catalog.places.find(turn.text, alone=True) is not None


def names_time(turn: Turn) -> bool:
    """Whether a message is hardly more than a time."""
    brief = len(turn.heard.words) <= BRIEF and "?" not in turn.text
    return brief and moment_of(turn) is not None


def when(turn: Turn, draft: R) -> Answer:
    """When it happened."""
    return Answer((turn.say("report.moment.ask"),), tuple(_moments(turn)))


def _moments(turn: Turn) -> list[Choice]:
    keys = ("now", "last", "often")
    return [Choice(key, turn.say(f"report.moment.{key}")) for key in keys]


def timed(turn: Turn, draft: Violation) -> Violation | Answer:
    """A moment or a habit; words that are neither are kept as they are."""
    text = turn.say(f"report.moment.{turn.choice}") if turn.choice in ("now", "last", "often") else turn.text
    if turn.heard.command in ("no", "skip"):
        return replace(draft, moment=None)
    found = moments.read(text[:SHORT], turn.now) if turn.choice else moment_of(turn)
    if found is None:
        elsewhere = turn.place is not None or turn.heard.angry or len(turn.heard.words) > BRIEF
        if not turn.choice and (elsewhere or not turn.heard.words):
            return Answer((turn.say("report.moment.again"),), tuple(_moments(turn)))
        found = Moment(said=text[:SHORT].strip())
    if found.start is not None and found.start > turn.at:
        return Answer((turn.say("report.moment.future", said=found.said),), tuple(_moments(turn)))
    return replace(draft, moment=found)


def ask_details(turn: Turn, draft: Violation) -> Answer:
    """The theme's own questions."""
    return Answer(tuple(getattr(q, turn.person.language) for q in questions_of(turn, draft)))


def details(turn: Turn, draft: Violation) -> Violation | Answer:
    """The answer in the person's words."""
    if not turn.heard.words:
        return Answer((turn.say("words.empty"),))
    return replace(draft, details=turn.text[:LONGEST].strip())


def photos(turn: Turn, draft: R) -> Answer:
    """Photos can come at any time; here is the last invitation."""
    if draft.files:
        return Answer(
            (turn.say("report.enough.more", count=len(draft.files)),),
            (Choice("skip", turn.say("report.enough.done")),),
        )
    return Answer((turn.say("report.enough.ask"),), (Choice("skip", turn.say("report.enough.none")),))


def enough(turn: Turn, draft: R) -> R | Answer:
    """Words instead of photos belong to the story."""
    if turn.choice == "skip" or turn.heard.command in ("no", "skip", "yes", "okay", "resume"):
        return replace(draft, enough="yes")
    if turn.heard.angry or not tells(turn.text):
        return photos(turn, draft)
    return replace(draft, what=f"{draft.what}\n{turn.text.strip()}"[:LONGEST], enough="yes")


def contacts(turn: Turn, draft: Report) -> list[Choice]:
    """Ways to be told what becomes of it."""
    return [Choice(way, turn.say(f"report.contact.{way}")) for way in WAYS]


def reachable(turn: Turn) -> str | None:
    """A phone number or an e-mail address in typed words; or that none is wished."""
    if turn.heard.command in ("no", "skip"):
        return "code"
    said = " ".join(turn.heard.words)
    for way, pattern in _WAYS.items():
        if pattern.search(said):
            return way
    found = _REACHABLE.search(turn.text[:200])
    return found.group().strip() if found else None


def finish(turn: Turn, draft: Report) -> Answer:
    """Files it; or, without consent, lets go of every word."""
    if draft.agreed != "yes":
        filing.let_go(turn, draft.files)
        return Answer((turn.say("report.refused"),), (Choice("do/menu", turn.say("menu.open")),))
    kind, theme = Kind(kind_of(draft)), turn.catalog.themes.get(str(draft.theme))
    danger = (theme is not None and theme.urgent) or alarm(" ".join(plain(str(draft.what))))
    urgent = kind is Kind.violation and danger
    accept_by, resolve_by = cases.due(turn.catalog, str(draft.theme), urgent, turn.at)
    moment = getattr(draft, "moment", None) or Moment(said="")
    known = draft.contact not in WAYS
    unit = draft.unit if isinstance(draft.unit, int) else None
    told = Told(
        words_of(draft),
        draft.place,
        draft.pin,
        moment.said,
        moment.start,
        moment.end,
        str(draft.contact) if known else None,
    )
    filed = Filed(
        kind,
        str(draft.theme),
        unit,
        unit,
        urgent,
        draft.contact in ("anonymous", "code"),
        draft.contact != "code",
        told,
        shown(turn, draft),
        accept_by,
        resolve_by,
    )
    return filing.file(turn, filed, draft.files)


def _when_agreed(draft: Report) -> bool:
    return draft.agreed == "yes"


def _form(kind: str, own: tuple[Step[Any], ...]) -> Flow[Any]:
    """A form: consent first, its own questions, then photos, how to be told, the summary."""

    def only(step: Step[Any]) -> Step[Any]:
        inner = step.when
        return Step(
            step.name,
            step.ask,
            step.take,
            lambda draft: _when_agreed(draft) and inner(draft),
            step.optional,
            step.reads,
            step.beside,
            step.free,
        )

    unit: Step[Any] = Step("unit", where, placed, reads=names_place, beside=("place", "maybe", "pin", "far"))
    steps: tuple[Step[Any], ...] = (
        words("what", longest=LONGEST, say=f"report.{kind}.what"),
        _theme_step(),
        *own,
        unit,
        Step("enough", photos, enough),
        choose("contact", contacts, say="report.contact", other=reachable),
        Step("sent", summary, confirm),
    )
    return Flow(
        kind,
        1,
        FORMS[kind],
        steps=(Step("agreed", agree, agreed), *map(only, steps)),
        begins=beginning(kind),
        finish=finish,
        files=True,
        pins=True,
        absorb=absorb,
    )


_DETAILS: Step[Any] = Step("details", ask_details, details, optional=True, free=True)
_MOMENT: Step[Any] = Step("moment", when, timed, optional=True, reads=names_time)
FLOWS: tuple[Flow[Any], ...] = (
    _form("violation", (_MOMENT, _DETAILS)),
    _form(
        "model_practice",
        tuple(
            words(name, longest=SHORT, say=f"report.{name}", optional=True)
            for name in ("who", "cost", "changed", "ask")
        ),
    ),
    _form("suggestion", (words("help", longest=LONGEST, say="report.help", optional=True),)),
)
