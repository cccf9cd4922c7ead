"""Questions and what we know: one answer, three to choose from, or an honest word that we do not know."""

from msgspec.structs import replace

from content.catalog import Entry
from handlers.turn import Answer, Decision, Standing, Turn
from storage.shapes import Choice

# Measured: with its right entry taken away a question is still answered in 9 of 100 cases above 0.55,
# and 2 of 100 left-out own questions are answered wrongly; what lies between the two bounds is offered
# as up to three titles, an honest question.
ANSWER, OFFER = 0.55, 0.12
NEAR = 0.3  # another entry is worth a button under a good answer; else the theme's own
URGENT = "hotlines"  # under these nothing stands but other numbers


def answer(turn: Turn, standing: Standing) -> Decision | None:
    """A confident answer to what was asked, or None."""
    if turn.heard.sure < ANSWER:
        return None
    first, *others = turn.heard.hits
    hits = tuple(hit.key for hit in others)
    close = tuple(hit.key for hit in others if hit.sure >= NEAR)
    mates = _same_theme(turn, first.key)
    buttons = mates if turn.catalog.entries[first.key].theme == URGENT else (*close, *mates, *hits)
    return tell(turn, standing, first.key, buttons, (*hits, *mates))


def tell(
    turn: Turn, standing: Standing, key: str, buttons: tuple[str, ...], near: tuple[str, ...]
) -> Decision:
    """One entry with its source, two others as buttons, and ways on. `near`: what else may have been meant."""
    entry = turn.catalog.entries[key]
    text = f"{entry.answered(turn.person.language)}\n\n{source(turn, entry)}"
    if entry.lapsed(turn.now.date()):
        text = f"{turn.say('ask.lapsed')}\n\n{text}"
    ways = (
        *titles(turn, tuple(dict.fromkeys(buttons))[:2]),
        Choice("do/near", turn.say("ask.near.button")),
        Choice("do/menu", turn.say("menu.open")),
    )
    kept = replace(standing, near=tuple(dict.fromkeys(near))[:3])
    return Decision((Answer((text,), ways),), kept, turn.person.language)


def source(turn: Turn, entry: Entry) -> str:
    """The document an answer rests on, since when, and when somebody last looked."""
    articles, documents = entry.article.split("; "), entry.source.split("; ")
    if len(articles) == len(documents) and entry.article:  # each article stands with its document
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
    keys = tuple(hit.key for hit in turn.heard.hits[:3] if hit.sure >= OFFER / 2)
    ways = (*titles(turn, keys), Choice("do/near", turn.say("ask.none")))
    text = f"{turn.say('ask.which')}\n\n{turn.say('emergency.line')}"
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)


def unknown(turn: Turn, standing: Standing, key: str = "ask.unknown") -> Decision:
    """We do not know: said honestly, with ways on and the numbers."""
    themes = tuple(
        Choice(f"do/theme.{name}", getattr(theme, turn.person.language))
        for name, theme in turn.catalog.themes.items()
    )
    ways = (*themes, Choice("do/feedback", turn.say("menu.feedback")))
    text = f"{turn.say(key)}\n\n{turn.say('emergency.line')}"
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)


def after_emergency(turn: Turn, standing: Standing) -> Decision:
    """After the numbers, when we know nothing more of it: no menu to read through."""
    title = getattr(turn.catalog.themes["hotlines"], turn.person.language)
    ways = (Choice("do/theme.hotlines", title), Choice("do/menu", turn.say("menu.open")))
    return Decision((Answer((turn.say("emergency.then"),), ways),), standing, turn.person.language)


def entry(turn: Turn, standing: Standing, argument: str) -> Decision:
    """The entry a button names."""
    if argument not in turn.catalog.entries:
        return unknown(turn, standing, "button.gone")
    mates = _same_theme(turn, argument)
    return tell(turn, standing, argument, mates, mates)


def _same_theme(turn: Turn, key: str) -> tuple[str, ...]:
    others = turn.catalog.of_theme(turn.catalog.entries[key].theme)
    return tuple(other for other, _ in others if other != key)[:3]


def theme(turn: Turn, standing: Standing, argument: str) -> Decision:
    """What can be asked about a theme."""
    if argument not in turn.catalog.themes:
        return unknown(turn, standing, "button.gone")
    title = getattr(turn.catalog.themes[argument], turn.person.language)
    keys = tuple(key for key, _ in turn.catalog.of_theme(argument))
    ways = (*titles(turn, keys), Choice("do/menu", turn.say("menu.open")))
    text = turn.say("theme.text", theme=title)
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)


def near(turn: Turn, standing: Standing, argument: str) -> Decision:
    """After "không đúng ý tôi": what nearly fitted, or another way to ask."""
    if not standing.near:
        return unknown(turn, standing, "ask.again")
    ways = (*titles(turn, standing.near[:3]), Choice("do/menu", turn.say("menu.open")))
    text = f"{turn.say('ask.near')}\n\n{turn.say('emergency.line')}"
    return Decision((Answer((text,), ways),), replace(standing, near=()), turn.person.language)
