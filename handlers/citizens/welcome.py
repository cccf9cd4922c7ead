"""Who we are, what can be done here, in which language."""

from collections.abc import Iterable

from msgspec.structs import replace

from content.catalog import Catalog
from content.wording import LANGUAGES, Say
from handlers.turn import Answer, Decision, Standing, Turn
from storage.shapes import Choice


def menu_of(catalog: Catalog, spoken: str, standing: Standing) -> tuple[Choice, ...]:
    """The main menu: what was left open, the themes most asked for, the rest behind a button, the other language."""
    say = catalog.speaker(spoken)
    open_draft = (Choice("do/resume", say(f"{standing.flow}.resume")),) if standing.flow else ()
    other = next(language for language in LANGUAGES if language != spoken)
    return (
        *open_draft,
        *reports(say),
        *themes(catalog, spoken, catalog.menu),
        Choice("do/more", say("menu.more")),
        Choice(f"do/language.{other}", catalog.speaker(other)("menu.language")),
    )


def reports(say: Say) -> tuple[Choice, ...]:
    """What people can tell us, and what became of it."""
    names = ("violation", "model_practice", "suggestion", "mine")
    return tuple(Choice(f"do/{name}", say(f"menu.{name}")) for name in names)


def themes(catalog: Catalog, spoken: str, names: Iterable[str]) -> tuple[Choice, ...]:
    """Themes as buttons."""
    return tuple(Choice(f"do/theme.{name}", getattr(catalog.themes[name], spoken)) for name in names)


def greeting(catalog: Catalog, spoken: str, standing: Standing) -> Answer:
    """Who we are and, in one line, what is kept. Also stands on the chat page before anybody spoke."""
    say = catalog.speaker(spoken)
    return Answer((say("welcome.who"), say("welcome.how")), menu_of(catalog, spoken, standing))


def choices(turn: Turn, standing: Standing) -> tuple[Choice, ...]:
    """The main menu for this person."""
    return menu_of(turn.catalog, turn.person.language, standing)


def greet(turn: Turn, standing: Standing) -> Answer:
    """The greeting for this person."""
    return greeting(turn.catalog, turn.person.language, standing)


def menu(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The menu; an open draft waits."""
    paused = replace(standing, paused=True)
    return Decision(
        (Answer((turn.say("menu.text"),), choices(turn, standing)),), paused, turn.person.language
    )


def more(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The rest of the menu."""
    rest = [name for name in turn.catalog.shelves if name not in turn.catalog.menu]
    ways = (
        *themes(turn.catalog, turn.person.language, rest),
        Choice("do/feedback", turn.say("menu.feedback")),
        Choice("do/menu", turn.say("menu.open")),
    )
    return Decision(
        (Answer((turn.say("menu.text"),), ways),), replace(standing, paused=True), turn.person.language
    )


def hello(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The greeting; an open draft waits."""
    return Decision((greet(turn, standing),), replace(standing, paused=True), turn.person.language)


def courtesy(turn: Turn) -> Answer | None:
    """An answer to what is said for manners: thanks, goodbye, "cho em hỏi", "bạn là ai", anger, grief."""
    if turn.heard.command not in ("thanks", "bye", "okay", "opening", "who", "angry", "grief"):
        return None
    ways = [Choice("do/menu", turn.say("menu.open"))]
    if turn.heard.command == "angry":
        ways.append(Choice("do/feedback", turn.say("menu.feedback")))
    return Answer((turn.say(f"courtesy.{turn.heard.command}"),), tuple(ways))


def language(turn: Turn, standing: Standing, argument: str) -> Decision:
    """Switches the language and greets in it."""
    chosen = argument if argument in LANGUAGES else turn.person.language
    person = replace(turn.person, language=chosen)
    heard = replace(turn, person=person, say=turn.catalog.speaker(chosen))
    answer = Answer((heard.say("language.done"),), choices(heard, standing))
    return Decision((answer,), replace(standing, paused=True), chosen)
