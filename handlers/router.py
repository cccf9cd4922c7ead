"""What becomes of a message: a list of rules, tried in order; the first that decides, decides."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace
from rapidfuzz import fuzz
from sqlalchemy import Connection

from content.catalog import Catalog
from content.normalise import words
from content.understand import Heard
from handlers.citizens import FLOWS, JOURNEYS, asking, welcome
from handlers.flow import Flow, Mark
from handlers.turn import PROVINCE_TIME, Answer, Decide, Decided, Decision, Standing, Turn
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.shapes import Choice

Rule = Callable[[Turn, Standing], Decision | None]
LONGEST = 4_000  # characters of a question; more is a story for a flow
ASLEEP_MS = 12 * 3_600_000  # after that, words are no longer taken for the answer to an old question

_standing = msgspec.json.Decoder(Standing).decode
_encode = msgspec.json.Encoder().encode


def router(catalog: Catalog) -> Decide:
    """The function that decides one message with this catalog."""

    def decide(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        standing = _load(person.mark)
        hint = message.said.language
        if hint and hint != standing.hint:  # switched on the page, not in the talk
            standing = replace(standing, hint=hint)
            person = replace(person, language=hint)
        if standing.flow and now - person.seen_at > ASLEEP_MS:
            standing = replace(standing, paused=True)
        turn = _turn(db, person, message, now, catalog, standing)
        if turn.heard.english and person.language != "en":
            person = replace(person, language="en")
            turn = replace(turn, person=person, say=catalog.speaker("en"))
        decision = _with_draft(turn, _first(RULES, turn, standing))
        kept = replace(decision.standing, shown=decision.answers[-1].choices, hint=standing.hint)
        return Decided(decision.answers, _encode(kept), decision.language)

    return decide


def emergency(turn: Turn, standing: Standing) -> Decision | None:
    """The numbers first, then what we surely know of it. An open draft waits: a cry is no answer."""
    if turn.heard.intent != "emergency":
        return None
    waiting = replace(standing, paused=True)
    then = asking.answer(turn, waiting) or asking.after_emergency(turn, waiting)
    return replace(then, answers=(Answer((turn.say("emergency.now"),)), *then.answers))


def too_long(turn: Turn, standing: Standing) -> Decision | None:
    """More than we read at once, outside of a flow that says so itself."""
    if len(turn.text) <= LONGEST or (standing.flow and not standing.paused):
        return None
    said = turn.say("long.text", count=len(turn.text), longest=LONGEST)
    ways = standing.shown or welcome.choices(turn, standing)
    text = f"{said}\n\n{turn.say('emergency.line')}"
    return Decision((Answer((text,), ways),), standing, turn.person.language)


def button(turn: Turn, standing: Standing) -> Decision | None:
    """A pressed button, or a typed number or label of one that was shown."""
    if turn.choice is None:
        return None
    if turn.choice.startswith("do/"):
        return _journey(turn, standing, *turn.choice.removeprefix("do/").partition(".")[::2])
    scope, _, rest = turn.choice.partition("/")
    step, _, name = rest.partition("/")
    flow = _flow(standing)
    if flow is None or scope != f"{flow.name}.{standing.draft_id}" or flow.step(step) is None:
        return _old_button(turn, standing)
    pressed, mark = replace(turn, choice=name), _mark(flow, standing)
    opened = flow.open(mark.draft)
    if opened is None or opened.name != step:
        # an earlier question's button: the person changed their mind, or pressed twice
        answer, after = flow.advance(pressed, flow.reopen(mark, step))
        if after is not None and step not in after.trail:  # not one of its choices: nothing is taken away
            return _old_button(turn, standing)
        return _flowing(pressed, standing, flow, answer, after)
    return _flowing(pressed, standing, flow, *flow.advance(pressed, mark))


def control(turn: Turn, standing: Standing) -> Decision | None:
    """Words of command: menu, language, back, stop."""
    intent = turn.heard.intent
    if intent == "menu":
        return Decision(
            (welcome.greet(turn, standing),), replace(standing, paused=True), turn.person.language
        )
    if intent in ("language_vi", "language_en"):
        return welcome.language(turn, standing, intent.removeprefix("language_"))
    if intent == "unsatisfied":
        return asking.near(turn, standing, "")
    if intent == "no" and standing.near and _active(standing) is None:
        return asking.near(turn, standing, "")
    if intent == "back":
        return _back(turn, standing)
    if intent == "cancel" and standing.flow:
        return _stop(turn, standing)
    if intent in ("cancel", "yes", "no", "skip") and _active(standing) is None:
        return welcome.menu(turn, standing, "")  # nothing is open that this could answer
    if (theme := _theme(turn)) and _active(standing) is None:
        return asking.theme(turn, standing, theme)
    return None


def _theme(turn: Turn) -> str | None:
    """The theme whose title, or half of it, is all that was typed."""
    if len(turn.heard.words) > 6:
        return None
    said = " ".join(turn.heard.words)
    for name, theme in turn.catalog.themes.items():
        if said in _halves(getattr(theme, turn.person.language)):
            return name
    return None


@lru_cache(maxsize=100)
def _halves(title: str) -> frozenset[str]:
    return frozenset(_folded(part) for part in (title, *re.split(r",| và | and ", title)))


def manners(turn: Turn, standing: Standing) -> Decision | None:
    """Greetings, thanks and the like, with the open question repeated."""
    if _active(standing) and turn.heard.intent == "okay":
        return None  # an answer to the open question
    said = welcome.greet(turn, standing) if turn.heard.intent == "greeting" else welcome.courtesy(turn)
    return _and_again(turn, Decision((said,), standing, turn.person.language)) if said else None


def question_between(turn: Turn, standing: Standing) -> Decision | None:
    """A clear question in the middle of a flow: answered, then the open one is asked again."""
    flow = _active(standing)
    if flow is None or not turn.heard.question or turn.heard.intent != "ask":
        return None
    opened = flow.open(_mark(flow, standing).draft)
    if opened and opened.free and not turn.text.rstrip().endswith("?"):
        return None  # free words may well look like a question
    known = asking.answer(turn, standing)
    return _and_again(turn, known) if known else None


def open_step(turn: Turn, standing: Standing) -> Decision | None:
    """The answer to the question that is open."""
    flow = _active(standing)
    if flow is None:
        return None
    return _flowing(turn, standing, flow, *flow.advance(turn, _mark(flow, standing)))


def beginning(turn: Turn, standing: Standing) -> Decision | None:
    """A message that starts a flow."""
    for flow in FLOWS:
        if (draft := flow.begins(turn)) is not None:
            if standing.flow == flow.name:  # a draft waits: nothing that was said is lost
                return _flowing(turn, standing, flow, *flow.proceed(turn, _mark(flow, standing)))
            fresh = Standing(flow=flow.name, version=flow.version, draft_id=_base36(turn.id))
            return _flowing(turn, fresh, flow, *flow.proceed(turn, Mark(draft)))
    return None


def known(turn: Turn, standing: Standing) -> Decision | None:
    """What the knowledge holds."""
    return asking.answer(turn, standing) or asking.offer(turn, standing)


def fallback(turn: Turn, standing: Standing) -> Decision:
    """Never a dead end."""
    return asking.unknown(turn, standing, "ask.unknown" if turn.heard.words else "ask.wordless")


RULES: tuple[Rule, ...] = (
    emergency,
    too_long,
    button,
    control,
    manners,
    question_between,
    open_step,
    beginning,
    known,
    fallback,
)


def _first(rules: tuple[Rule, ...], turn: Turn, standing: Standing) -> Decision:
    return next(decision for rule in rules if (decision := rule(turn, standing)) is not None)


def _with_draft(turn: Turn, decision: Decision) -> Decision:
    """While a draft waits, every answer offers the way back to it."""
    last = decision.answers[-1]
    waits = decision.standing.flow and decision.standing.paused
    if not waits or any(choice.name == "do/resume" for choice in last.choices):
        return decision
    say = turn.catalog.speaker(decision.language)
    resume = Choice("do/resume", say(f"{decision.standing.flow}.resume"))
    answers = (*decision.answers[:-1], replace(last, choices=(*last.choices, resume)))
    return replace(decision, answers=answers)


def _load(mark: bytes | None) -> Standing:
    """The stored standing; a fresh one if a release no longer understands it."""
    standing = None
    if mark is None:
        return Standing()
    try:
        standing = _standing(mark)
        if standing.flow:
            flow = _flow(standing)
            if flow is None:
                return Standing(hint=standing.hint)
            _mark(flow, standing)
        return standing
    except (msgspec.DecodeError, KeyError):
        return Standing(hint=standing.hint if standing else None)


def _turn(
    db: Connection, person: Conversation, message: Waiting, now: int, catalog: Catalog, standing: Standing
) -> Turn:
    text, choice = message.said.text, message.said.choice
    if choice is None:
        choice = _typed_choice(text, standing)
    return Turn(
        db=db,
        now=datetime.fromtimestamp(now / 1000, PROVINCE_TIME),
        id=message.id,
        person=person,
        heard=catalog.understand(text) if choice is None else Heard("press"),
        catalog=catalog,
        say=catalog.speaker(person.language),
        text=text,
        choice=choice,
    )


def _typed_choice(text: str, standing: Standing) -> str | None:
    """The button that typed words mean: its number, its label, or a near miss of its label."""
    if not standing.shown or len(text) > 80:
        return None
    said = text.strip().rstrip(".)")
    if said.isascii() and said.isdigit():
        number = int(said)
        return standing.shown[number - 1].name if 1 <= number <= len(standing.shown) else None
    heard = " ".join(words(text))
    if len(heard) < 3:
        return None
    scored = [(fuzz.ratio(heard, _folded(choice.label)), choice.name) for choice in standing.shown]
    score, name = max(scored)
    return name if score >= 88 else None


@lru_cache(maxsize=2_000)
def _folded(label: str) -> str:
    return " ".join(words(label))


def _flow(standing: Standing) -> Flow[Any] | None:
    return next((flow for flow in FLOWS if flow.name == standing.flow), None)


def _active(standing: Standing) -> Flow[Any] | None:
    return None if standing.paused else _flow(standing)


def _mark(flow: Flow[Any], standing: Standing) -> Mark[Any]:
    def load(raw: Raw) -> Any:
        return flow.load(standing.version, msgspec.json.decode(raw, type=dict[str, Any]))

    return Mark(
        load(standing.draft), standing.trail, load(standing.old) if standing.old != Raw(b"null") else None
    )


def _flowing(
    turn: Turn, standing: Standing, flow: Flow[Any], answer: Answer, mark: Mark[Any] | None
) -> Decision:
    """The flow's answer with its buttons named, and the standing after it."""
    if mark is None:
        return Decision((answer,), Standing(), turn.person.language)
    after = replace(
        standing,
        version=flow.version,
        draft=Raw(_encode(mark.draft)),
        old=Raw(_encode(mark.old)),
        trail=mark.trail,
        paused=False,
    )
    step = flow.open(mark.draft)
    scope = f"{flow.name}.{after.draft_id}/{step.name if step else ''}/"
    choices = [Choice(scope + choice.name, choice.label) for choice in answer.choices]
    if step and step.optional:
        choices.append(Choice(scope + "skip", turn.say("flow.skip")))
    if mark.trail:
        choices.append(Choice("do/back", turn.say("flow.back")))
    choices.append(Choice("do/stop", turn.say("flow.stop")))
    return Decision((replace(answer, choices=tuple(choices)),), after, turn.person.language)


def _and_again(turn: Turn, decision: Decision) -> Decision:
    """Repeats the open question after something else was said."""
    flow = _active(decision.standing)
    if flow is None:
        return decision
    again = _flowing(turn, decision.standing, flow, *flow.proceed(turn, _mark(flow, decision.standing)))
    bare = tuple(replace(answer, choices=()) for answer in decision.answers)
    return Decision((*bare, *again.answers), again.standing, decision.language)


def _journey(turn: Turn, standing: Standing, name: str, argument: str) -> Decision:
    if journey := JOURNEYS.get(name):
        return journey(turn, standing, argument)
    if begun := beginning(turn, standing):
        return begun
    flow = _flow(standing)
    if flow is None or name not in ("resume", "back", "stop", "discard"):
        return _old_button(turn, standing)
    if name == "back":
        return _back(turn, standing)
    if name == "stop":
        return _stop(turn, standing)
    if name == "discard":
        said = Answer((turn.say("flow.discarded"),), welcome.choices(turn, Standing()))
        return Decision((said,), Standing(), turn.person.language)
    return _flowing(turn, standing, flow, *flow.proceed(turn, _mark(flow, standing)))


def _back(turn: Turn, standing: Standing) -> Decision:
    flow = _flow(standing)
    if flow is None or not standing.trail:
        return _stop(turn, standing) if flow else welcome.menu(turn, standing, "")
    mark = _mark(flow, standing)
    return _flowing(turn, standing, flow, *flow.proceed(turn, flow.reopen(mark, mark.trail[-1])))


def _stop(turn: Turn, standing: Standing) -> Decision:
    """Leaves a flow without losing what was said; with nothing said there is nothing to keep."""
    if not standing.trail:
        return welcome.menu(turn, Standing(), "")
    ways = (
        Choice("do/resume", turn.say("flow.resume")),
        Choice("do/discard", turn.say("flow.discard")),
        Choice("do/menu", turn.say("menu.open")),
    )
    said = Answer((turn.say("flow.stopped"),), ways)
    return Decision((said,), replace(standing, paused=True), turn.person.language)


def _old_button(turn: Turn, standing: Standing) -> Decision:
    said = Answer((turn.say("button.old"),), welcome.choices(turn, standing))
    return _and_again(turn, Decision((said,), standing, turn.person.language))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
