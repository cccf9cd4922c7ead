"""Questions and what we know: one answer, three to choose from, or an honest word that we do not know."""

import itertools
import re

from msgspec.structs import replace

from content.catalog import Entry, State
from content.masking import masked
from handlers.citizens import welcome
from handlers.turn import Answer, Decision, Standing, Turn
from storage.shapes import Choice, Kind

# Of the tuning sentences that are nobody's matter, one in ten is answered above the first bound; what lies
# between the two is offered as up to three titles, an honest question. Of strangers' questions .93 are
# answered rightly then, .005 wrongly (ARCHITECTURE.md).
ANSWER, OFFER = 0.6, 0.15
NEAR = 0.3  # another entry is worth a button under a good answer; else the theme's own
URGENT = "hotlines"  # under these nothing stands but other numbers
WISHED = 0.45  # the model's, before a wish is taken for what it seems
PAGE = 8  # entries of a theme on one screen
MISSED = 500  # characters of an unanswered question that are kept
_NUMBERED = re.compile(r"\d+/\d{4}")


def answer(turn: Turn, standing: Standing) -> Decision | None:
    """A confident answer to what was asked, or None."""
    if turn.heard.sure < ANSWER:
        return None
    first, *others = turn.heard.hits
    hits = tuple(hit.key for hit in others)
    close = tuple(hit.key for hit in others if hit.sure >= NEAR)
    told = turn.catalog.entries[first.key]
    mates = _mates(turn, first.key)
    buttons = mates if told.theme == URGENT else (*close, *mates, *hits)
    decision = tell(turn, standing, first.key, buttons, buttons, way_on(turn))
    if not turn.heard.line or turn.heard.intent == "emergency":
        return decision
    said, *rest = decision.answers
    line = turn.say("emergency.line")
    if line in said.texts[0]:
        return decision
    text = f"{line}\n\n{said.texts[0]}"  # it may be danger after all
    return replace(decision, answers=(replace(said, texts=(text,)), *rest))


def published(turn: Turn) -> bool:
    """Whether the best candidate tells something itself, and not where to ask or that it is being checked."""
    return bool(turn.heard.hits) and turn.catalog.entries[turn.heard.hits[0].key].state is State.published


def tell(
    turn: Turn,
    standing: Standing,
    key: str,
    buttons: tuple[str, ...],
    near: tuple[str, ...],
    also: tuple[Choice, ...] = (),
) -> Decision:
    """One entry with its source, two others as buttons, and ways on. `near`: what else may have been meant."""
    names = {choice.name for choice in also}
    others = (choice for choice in titles(turn, tuple(dict.fromkeys(buttons))) if choice.name not in names)
    ways = (
        *also,
        *itertools.islice((choice for choice in others if choice.name != f"do/ask.{key}"), 2),
        Choice("do/near", turn.say("ask.near.button")),
        Choice("do/menu", turn.say("menu.open")),
    )
    kept = replace(standing, near=tuple(dict.fromkeys(near))[:3], about=key)
    return Decision((Answer((_told(turn, key),), ways),), kept, turn.person.language)


def _told(turn: Turn, key: str) -> str:
    """What an entry says to somebody today: its answer and source; what is not sure says so."""
    entry, language = turn.catalog.entries[key], turn.person.language
    if entry.state is State.draft:
        checked = turn.say("ask.draft", title=entry.titled(language), ask=entry.asked_of(language))
        return f"{checked}\n\n{turn.say('emergency.line')}"
    if entry.state is State.elsewhere:
        return f"{entry.answered(language)}\n\n{turn.say('emergency.line')}"
    text = f"{entry.answered(language)}\n\n{source(turn, entry)}"
    return f"{turn.say('ask.lapsed')}\n\n{text}" if entry.lapsed(turn.now.date()) else text


# What each wish begins.
DONE = {
    "report_violation": "violation",
    "report_model": "model_practice",
    "suggest": "suggestion",
    "follow": "mine",
}
# The entry that says what can be done about each wish, today.
WISHES = {
    "talk_to_staff": "gap-can-bo",
    "subscribe": "nhan-tin-phong-trao",
    "unsubscribe": "nhan-tin-phong-trao",
    "privacy": "nep-song-giu-gi",
}


def way_on(turn: Turn) -> tuple[Choice, ...]:
    """Under an answer: what somebody seems to want beside it."""
    intent = turn.heard.intent
    sure = turn.heard.chance >= WISHED
    if sure and intent in WISHES:
        return titles(turn, (WISHES[intent],))
    told = turn.catalog.entries[turn.heard.hits[0].key]
    case = told.aspect in ("whom", "how") and "violation" in turn.catalog.themes[told.theme].kinds
    name = DONE.get(intent) if sure else None
    name = name or ("violation" if case and told.state is State.published else None)
    return (Choice(f"do/{name}", turn.say(f"menu.{name}")),) if name else ()


def source(turn: Turn, entry: Entry) -> str:
    """The document an answer rests on, since when, and when somebody last looked."""
    articles, documents = entry.article.split("; "), entry.source.split("; ")
    named = [number.group() in entry.article if (number := _NUMBERED.search(d)) else False for d in documents]
    if any(named):  # the articles name their documents
        parts = [*articles, *(d for d, known in zip(documents, named, strict=True) if not known)]
    elif len(articles) == len(documents) and entry.article:  # each article stands with its document
        parts = [", ".join(pair) for pair in zip(articles, documents, strict=True)]
    else:
        parts = [f"{entry.article}, {entry.source}" if entry.article else entry.source]
    if entry.valid_from:
        parts.append(turn.say("ask.since", day=day(entry.valid_from)))
    return turn.say("ask.source", source="; ".join(parts), checked=day(entry.checked))


def day(date: object) -> str:
    """A date as people write it here."""
    return f"{date:%d/%m/%Y}"


def titles(turn: Turn, keys: tuple[str, ...]) -> tuple[Choice, ...]:
    """Entries as buttons; what was renamed meanwhile is left out."""
    known = turn.catalog.entries
    return tuple(
        Choice(f"do/ask.{key}", known[key].titled(turn.person.language)) for key in keys if key in known
    )


def offer(turn: Turn, standing: Standing) -> Decision | None:
    """Three titles to choose from, when something fits but not surely."""
    if turn.heard.sure < OFFER:
        return None
    keys = tuple(hit.key for hit in turn.heard.hits[:3])
    ways = (*titles(turn, keys), Choice("do/near", turn.say("ask.none")))
    text = f"{turn.say('ask.which')}\n\n{turn.say('emergency.line')}"
    kept = replace(standing, near=(), about=keys[0])  # who asks on means it in all likelihood
    return Decision((Answer((text,), ways),), kept, turn.person.language, missed=_missed(turn))


def unknown(turn: Turn, standing: Standing, key: str = "ask.unknown") -> Decision:
    """We do not know: said honestly, with ways on and the numbers."""
    ways = (
        *welcome.themes(turn.catalog, turn.person.language, turn.catalog.menu),
        *titles(turn, ("gap-can-bo",)),
        Choice("do/more", turn.say("menu.more")),
    )
    text = f"{turn.say(key)}\n\n{turn.say('emergency.line')}"
    kept = replace(standing, near=())
    return Decision((Answer((text,), ways),), kept, turn.person.language, missed=_missed(turn))


def _missed(turn: Turn) -> str | None:
    """The question for who writes the entries, without what tells of persons; None: nothing was asked in words, or it
    may be somebody's distress, which is nobody's to read."""
    asked = turn.choice is None and turn.kind is Kind.message and turn.heard.words and not turn.heard.line
    return masked(turn.text[:MISSED]) if asked else None


def after_emergency(turn: Turn, standing: Standing) -> Decision:
    """After the numbers, when we know nothing more of it: no menu to read through."""
    title = getattr(turn.catalog.themes["hotlines"], turn.person.language)
    report = Choice("do/violation", turn.say("menu.violation"))
    ways = (Choice("do/theme.hotlines", title), report, Choice("do/menu", turn.say("menu.open")))
    return Decision((Answer((turn.say("emergency.then"),), ways),), standing, turn.person.language)


def entry(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The entry a button names."""
    if argument not in turn.catalog.entries:
        return unknown(turn, standing, "button.gone")
    mates = _mates(turn, argument)
    return tell(turn, standing, argument, mates, mates)


def _mates(turn: Turn, key: str) -> tuple[str, ...]:
    """What is asked after an entry: what it names itself, then its theme's."""
    told = turn.catalog.entries[key]
    others = [other for other, _ in turn.catalog.of_theme(told.theme) if other != key]
    return tuple(dict.fromkeys((*told.follow, *others[:3])))


def theme(turn: Turn, standing: Standing, argument: str) -> Decision:
    """What can be asked about a theme, a screen at a time: those most asked for first."""
    name, _, page = argument.partition(".")
    if name not in turn.catalog.themes:
        return unknown(turn, standing, "button.gone")
    title = getattr(turn.catalog.themes[name], turn.person.language)
    keys = tuple(key for key, _ in turn.catalog.of_theme(name))
    start = PAGE * int(page) if page.isascii() and page.isdigit() and len(page) < 4 else 0
    if start >= len(keys):
        start = 0
    more = (Choice(f"do/theme.{name}.{start // PAGE + 1}", turn.say("theme.more")),)
    ways = (
        *titles(turn, keys[start : start + PAGE]),
        *(more if start + PAGE < len(keys) else ()),
        Choice("do/menu", turn.say("menu.open")),
    )
    text = turn.say("theme.text", theme=title)
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)


def near(turn: Turn, standing: Standing, argument: str) -> Decision:
    """After "không đúng ý tôi": what nearly fitted, or another way to ask."""
    if not standing.near:
        return unknown(turn, standing, "ask.again")
    ways = (*titles(turn, standing.near[:3]), Choice("do/menu", turn.say("menu.open")))
    text = f"{turn.say('ask.near')}\n\n{turn.say('emergency.line')}"
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)
