"""Wishes that are no question. What is not built yet is told as it is, by an entry; nothing is a dead end."""

from msgspec.structs import replace

from handlers.citizens import asking, cases
from handlers.turn import Answer, Decision, Standing, Turn
from storage.shapes import Choice

FEW = 3  # words; "karaoke" may be a question as well as a report: titles are offered first


def answer(turn: Turn, standing: Standing) -> Decision | None:
    """What can be done about a wish; None: it is none that we are sure of."""
    heard = turn.heard
    if heard.chance < asking.WISHED or (len(heard.words) <= FEW and heard.sure >= asking.OFFER):
        return None
    if heard.intent == "complain_service":
        ways = (
            Choice("do/feedback", turn.say("menu.feedback")),
            *asking.titles(turn, ("gap-can-bo",)),
            Choice("do/menu", turn.say("menu.open")),
        )
        text = f"{turn.say('wish.complaint')}\n\n{turn.say('emergency.line')}"
        return Decision((Answer((text,), ways),), standing, turn.person.language)
    if heard.intent == "follow":
        return cases.mine(turn, standing, "")
    key = asking.WISHES.get(heard.intent)
    if key is None:
        return None
    near = tuple(hit.key for hit in heard.hits if hit.key != key and hit.sure >= asking.OFFER / 2)
    told = asking.tell(turn, standing, key, near, near)
    first, *rest = told.answers
    text = f"{first.texts[0]}\n\n{turn.say('emergency.line')}"
    return replace(told, answers=(replace(first, texts=(text,)), *rest))
