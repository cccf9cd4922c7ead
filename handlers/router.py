"""What becomes of a message: a list of rules, tried in order; the first that decides, decides."""

import re
from collections.abc import Callable
from dataclasses import replace as replace_mark
from functools import lru_cache

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from content import emergencies
from content.catalog import Catalog
from handlers import files
from handlers.arrival import arrive, folded
from handlers.citizens import FLOWS, JOURNEYS, asking, cases, forget, legal, urgent, welcome, wishes
from handlers.flow import Mark
from handlers.progress import (
    NUDGE_MS,
    active,
    and_again,
    back,
    flow_of,
    joined,
    mark_of,
    moved_on,
    remind,
    rested,
    stashed,
    stop,
)
from handlers.turn import Answer, Decide, Decided, Decision, Standing, Turn
from storage import attachments, outbox, submissions
from storage.conversations import Conversation
from storage.inbox import Waiting
from storage.shapes import Choice, Control, Kind, Reach

Rule = Callable[[Turn, Standing], Decision | None]
PLAINLY = 0.8  # how sure of its answer we are before free words are taken for a question
LONGEST_CODE = 120  # characters of a message that tells a code
LONGEST = 4_000  # characters of a question; more is a story for a flow

_encode = msgspec.json.Encoder().encode


def router(catalog: Catalog) -> Decide:
    """The function that decides one message with this catalog."""

    def decide(db: Connection, person: Conversation, message: Waiting, now: int) -> Decided:
        turn, standing = arrive(db, person, message, now, catalog)
        decision = _with_draft(turn, _first(RULES, turn, standing))
        beside = decision.quiet or not decision.answers
        shown = standing.shown if beside else decision.answers[-1].choices
        kept = replace(decision.standing, shown=shown, hint=standing.hint)
        heard_from = Reach.ok if message.kind is not Kind.file else person.reach
        reach = decision.reach or heard_from
        return Decided(decision.answers, _encode(kept), decision.language, reach, decision.missed)

    return decide


def happened(turn: Turn, standing: Standing) -> Decision | None:
    """Something happened to the conversation itself: nothing to say to it."""
    match turn.said.control:
        case None:
            return None
        case Control.blocked:
            outbox.give_up(turn.db, turn.person.id, "blocked", turn.at)
        case Control.moved if turn.said.moved_to:
            outbox.follow(turn.db, turn.person.id, turn.said.moved_to)
    reach = Reach.blocked if turn.said.control is Control.blocked else Reach.ok
    return Decision((), standing, turn.person.language, reach)


def emergency(turn: Turn, standing: Standing) -> Decision | None:
    """The numbers first, then what we surely know of it. An open draft waits: a cry is no answer."""
    said = " ".join(turn.heard.words)
    surely = emergencies.outright(said) or emergencies.alarm(said)
    if turn.heard.intent != "emergency" or (active(standing) and not surely):
        return None  # an answer to an open question is one, with the numbers above it
    waiting = replace(standing, paused=True)
    then = (asking.published(turn) and asking.answer(turn, waiting)) or asking.after_emergency(turn, waiting)
    return replace(then, answers=(Answer((urgent.first(turn),)), *then.answers))


def lawful(turn: Turn, standing: Standing) -> Decision | None:
    """What must take a way of its own by law, also in the middle of a flow: no draft takes it in."""
    told = legal.track(turn, standing)
    return and_again(turn, told) if told else None


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
    flow = flow_of(standing)
    if flow is None or scope != f"{flow.name}.{standing.draft_id}" or flow.step(step) is None:
        return _old_button(turn, standing)
    pressed, mark = replace(turn, choice=name), mark_of(flow, standing)
    opened = flow.open(mark.draft)
    if opened is None or opened.name != step:
        # an earlier question's button: the person changed their mind, or pressed twice
        answer, after = flow.advance(pressed, flow.reopen(mark, step))
        if after is not None and step not in after.trail:  # not one of its choices: nothing is taken away
            return _old_button(turn, standing)
        return moved_on(pressed, standing, flow, answer, after)
    return moved_on(pressed, standing, flow, *flow.advance(pressed, mark))


def deep_link(turn: Turn, standing: Standing) -> Decision | None:
    """Who came by a link to a theme or an entry: who we are in one line, then what the link promised."""
    if turn.said.start is None:
        return None
    name, _, argument = turn.said.start.partition("_")
    known = {"ask": turn.catalog.entries, "theme": turn.catalog.themes}
    if argument not in known.get(name, ()):
        return welcome.hello(turn, standing, "")
    promised = JOURNEYS[name](turn, replace(standing, paused=True), argument)
    return replace(promised, answers=(Answer((turn.say("welcome.who"),)), *promised.answers))


def edited(turn: Turn, standing: Standing) -> Decision | None:
    """Words changed after they were sent: the step that they answered is taken again; else a kind note."""
    if turn.kind is not Kind.edit:
        return None
    flow = flow_of(standing)
    step = next((step for step, ref in standing.refs if ref == turn.said.ref), None)
    if flow is not None and step is not None and flow.step(step) is not None:
        mark = flow.reopen(mark_of(flow, standing), step)
        return moved_on(turn, standing, flow, *flow.advance(turn, mark, step))
    ways = () if active(standing) else (Choice("do/menu", turn.say("menu.open")),)
    return and_again(
        turn, Decision((Answer((turn.say("edited.note"),), ways),), standing, turn.person.language)
    )


def followed(turn: Turn, standing: Standing) -> Decision | None:
    """Words about what was sent before: where it is, whether the result will do."""
    intent = turn.heard.command
    if active(standing) is not None:
        return None
    if intent == "progress":
        own = submissions.of_conversation(turn.db, turn.person.id, 1)
        return cases.mine(turn, standing, "") if own else None
    if intent in ("satisfied", "unfinished"):
        return cases.judged_in_words(turn, standing, "yes" if intent == "satisfied" else "no")
    return None


def control(turn: Turn, standing: Standing) -> Decision | None:
    """Words of command: menu, language, back, stop."""
    intent = turn.heard.command
    if intent in _SAID:
        return _SAID[intent](turn, standing, "")
    if intent in ("language_vi", "language_en"):
        return welcome.language(turn, standing, intent.removeprefix("language_"))
    if intent == "unsatisfied" or (intent == "no" and standing.near and active(standing) is None):
        return asking.near(turn, standing, "")
    if intent == "back":
        return back(turn, standing)
    if intent == "cancel" and standing.flow:
        return stop(turn, standing)
    if intent in ("resume", "yes") and standing.paused and (flow := flow_of(standing)):
        return moved_on(turn, standing, flow, *flow.proceed(turn, mark_of(flow, standing)))
    if intent in ("cancel", "yes", "no", "skip", "resume") and active(standing) is None:
        return welcome.menu(turn, standing, "")  # nothing is open that this could answer
    if intent is None and active(standing) is None and (theme := _theme(turn)):
        return asking.theme(turn, standing, theme)
    return None


_SAID = {
    "withdraw": cases.withdraw_in_words,
    "menu": welcome.hello,
    "forget": forget.asked,
    "mine": cases.mine,
    "code": cases.ask_code,
}


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
    return frozenset(folded(part) for part in (title, *re.split(r",| và | and ", title)))


def manners(turn: Turn, standing: Standing) -> Decision | None:
    """Greetings, thanks and the like, with the open question repeated."""
    if active(standing) and turn.heard.command == "okay":
        return None  # an answer to the open question
    said = welcome.greet(turn, standing) if _greets(turn) else welcome.courtesy(turn)
    return and_again(turn, Decision((said,), standing, turn.person.language)) if said else None


def _greets(turn: Turn) -> bool:
    """Whether it is a greeting, by the rules or, in a few words, by the model ("con chào cô")."""
    heard = turn.heard
    by_model = heard.intent == "greeting" and len(heard.words) <= 6 and heard.chance >= asking.WISHED
    return heard.command == "greeting" or (heard.command is None and by_model)


def question_between(turn: Turn, standing: Standing) -> Decision | None:
    """A clear question in the middle of a flow: answered, then the open one is asked again."""
    flow = active(standing)
    if flow is None or turn.heard.command or not (turn.heard.question or turn.heard.intent == "ask"):
        return None
    opened = flow.open(mark_of(flow, standing).draft)
    if opened and opened.name != "what" and len(turn.heard.words) > 2 and turn.text.rstrip().endswith("?"):
        known = asking.answer(turn, standing) or asking.offer(turn, standing)
        return and_again(turn, known or asking.unknown(turn, standing))
    if opened and (opened.reads(turn) or (opened.free and not _asks(turn))):
        return None  # free words may well look like a question, a commune like the name of an entry
    known = asking.answer(turn, standing)
    return and_again(turn, known) if known else None


def _asks(turn: Turn) -> bool:
    """Whether words that could be anything are plainly a question to us: a question mark, or the form
    of a question that we know well. ("?" is hardly ever typed here.)"""
    if turn.text.rstrip().endswith("?"):
        return True
    return turn.heard.intent == "ask" and turn.heard.question and turn.heard.sure >= PLAINLY


def pinned(turn: Turn, standing: Standing) -> Decision | None:
    """A place on the map: for the open flow, else none is asked for."""
    if turn.said.pin is None:
        return None
    flow = active(standing)
    if flow is not None and flow.pins:
        moved = moved_on(turn, standing, flow, *flow.advance(turn, mark_of(flow, standing)))
        unit = turn.catalog.places.nearest(turn.said.pin.latitude, turn.said.pin.longitude)
        if unit is None or not turn.catalog.ours(unit):
            said = Answer((turn.say("report.unit.outside"),))
        else:
            said = Answer((turn.say("report.pin", unit=turn.catalog.named(unit)),))
        return replace(moved, answers=(said, *moved.answers))
    ways = () if active(standing) else (Choice("do/menu", turn.say("menu.open")),)
    return and_again(
        turn, Decision((Answer((turn.say("pin.unasked"),), ways),), standing, turn.person.language)
    )


def coded(turn: Turn, standing: Standing) -> Decision | None:
    """A tracking code in what was typed, whatever is open; it is no cry, whatever its letters look like."""
    if len(turn.text) > LONGEST_CODE:
        return None
    told = cases.by_code(turn, standing)
    return and_again(turn, told) if told else None


def open_step(turn: Turn, standing: Standing) -> Decision | None:
    """The answer to the question that is open."""
    flow = active(standing)
    if flow is None:
        return None
    moved = moved_on(turn, standing, flow, *flow.advance(turn, mark_of(flow, standing)))
    if turn.heard.intent != "emergency":
        return moved
    return replace(moved, answers=(Answer((turn.say("emergency.line"),)), *moved.answers))


def beginning(turn: Turn, standing: Standing) -> Decision | None:
    """A message that starts a flow."""
    for flow in FLOWS:
        if (draft := flow.begins(turn)) is not None:
            if standing.flow == flow.name and flow.same(mark_of(flow, standing).draft, draft):  # it waits
                mark = mark_of(flow, standing)
                mark = replace_mark(mark, draft=joined(flow, mark.draft, draft))
            else:
                ref = turn.said.ref
                told = [s.name for s in flow.steps if ref and getattr(draft, s.name) is not UNSET]
                refs = tuple((step, ref) for step in told if ref)
                standing = Standing(
                    flow=flow.name,
                    version=flow.version,
                    draft_id=_base36(turn.id),
                    refs=refs,
                    stash=stashed(standing),
                    proved=standing.proved,
                )
                if flow.pins:  # a form: worth a reminder
                    remind(turn.db, turn.person.id, standing.draft_id, turn.at + NUDGE_MS)
                mark = Mark(draft)
            said, mark = files.absorbed(turn, flow, mark)
            begun = moved_on(turn, standing, flow, *flow.proceed(turn, mark))
            if flow.pins and turn.choice is None:  # what is told may be danger after all
                before = (turn.say("report.begun"),) if getattr(mark.draft, "agreed", None) == "yes" else ()
                said = (*said, Answer(("\n".join((*before, turn.say("emergency.line"))),)))
            return replace(begun, answers=(*said, *begun.answers))
    return None


def known(turn: Turn, standing: Standing) -> Decision | None:
    """What the knowledge holds."""
    return asking.answer(turn, standing)


def wished(turn: Turn, standing: Standing) -> Decision | None:
    """What somebody wants that is no question, or not one that we surely know."""
    return wishes.answer(turn, standing) or asking.offer(turn, standing)


def fallback(turn: Turn, standing: Standing) -> Decision:
    """Never a dead end."""
    return asking.unknown(turn, standing, "ask.unknown" if turn.heard.words else "ask.wordless")


RULES: tuple[Rule, ...] = (
    happened,
    files.arrived,
    coded,
    emergency,
    lawful,
    too_long,
    deep_link,
    edited,
    button,
    pinned,
    files.sent,
    followed,
    control,
    manners,
    question_between,
    open_step,
    beginning,
    known,
    wished,
    files.unasked,
    fallback,
)


def _first(rules: tuple[Rule, ...], turn: Turn, standing: Standing) -> Decision:
    return next(decision for rule in rules if (decision := rule(turn, standing)) is not None)


def _with_draft(turn: Turn, decision: Decision) -> Decision:
    """While a draft waits, every answer offers the way back to it."""
    waits = decision.standing.flow and decision.standing.paused
    if not waits or not decision.answers or decision.quiet:
        return decision
    last = decision.answers[-1]
    if any(choice.name == "do/resume" for choice in last.choices):
        return decision
    say = turn.catalog.speaker(decision.language)
    resume = Choice("do/resume", say(f"{decision.standing.flow}.resume"))
    answers = (*decision.answers[:-1], replace(last, choices=(*last.choices, resume)))
    return replace(decision, answers=answers)


def _journey(turn: Turn, standing: Standing, name: str, argument: str) -> Decision:
    if journey := JOURNEYS.get(name):
        return journey(turn, standing, argument)
    if begun := beginning(turn, standing):
        return begun
    flow = flow_of(standing)
    if flow is None or name not in ("resume", "back", "stop", "discard"):
        return _old_button(turn, standing)
    if name == "back":
        return back(turn, standing)
    if name == "stop":
        return stop(turn, standing)
    if name == "discard":
        attachments.drop(turn.db, mark_of(flow, standing).draft.files, turn.person.id)
        after = rested(standing)
        said = Answer((turn.say("flow.discarded"),), welcome.choices(turn, after))
        return Decision((said,), after, turn.person.language)
    return moved_on(turn, standing, flow, *flow.proceed(turn, mark_of(flow, standing)))


def _old_button(turn: Turn, standing: Standing) -> Decision:
    said = Answer((turn.say("button.old"),), welcome.choices(turn, standing))
    return and_again(turn, Decision((said,), standing, turn.person.language))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
