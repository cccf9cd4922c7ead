"""The questions that every flow asks the same way."""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from handlers.flow import Draft, Step
from handlers.turn import Answer, Turn
from storage.shapes import Choice

D = TypeVar("D", bound=Draft)


def words(name: str, *, longest: int, say: str, optional: bool = False) -> Step[D]:
    """Free words up to `longest` characters. Wording: `<say>.ask`; `words.empty`, `words.long` (count, longest)."""

    def ask(turn: Turn, draft: D) -> Answer:
        return Answer((turn.say(f"{say}.ask"),))

    def take(turn: Turn, draft: D) -> D | Answer:
        text = turn.text.strip()
        if not turn.heard.words:
            return Answer((turn.say("words.empty"),))
        if len(text) > longest:
            return Answer((turn.say("words.long", count=len(text), longest=longest),))
        return replace(draft, **{name: text})

    return Step(name, ask, take, optional=optional, free=True)


def choose(
    name: str, choices: Callable[[Turn, D], list[Choice]], *, say: str, other: Callable[[Turn], str | None]
) -> Step[D]:
    """One of a few, or what `other` reads from typed words. Wording: `<say>.ask`, `<say>.again`."""

    def ask(turn: Turn, draft: D) -> Answer:
        return Answer((turn.say(f"{say}.ask"),), tuple(choices(turn, draft)))

    def take(turn: Turn, draft: D) -> D | Answer:
        offered = choices(turn, draft)
        picked = turn.choice if turn.choice in {c.name for c in offered} else other(turn)
        if picked is None:
            return Answer((turn.say(f"{say}.again"),), tuple(offered))
        return replace(draft, **{name: picked})

    return Step(name, ask, take)
