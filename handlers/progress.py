"""Where a person is in a flow: read from the mark, moved on, left without loss, taken up again."""

from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace
from sqlalchemy import Connection

from handlers.citizens import FLOWS, welcome
from handlers.flow import Flow, Mark
from handlers.turn import Answer, Decision, Standing, Turn
from storage import timers
from storage.shapes import Choice

LONGEST = 10_000  # characters of an answer that is told in parts
NUDGE_MS = 24 * 3_600_000  # a draft that sleeps so long is spoken of once

_encode = msgspec.json.Encoder().encode


def flow_of(standing: Standing) -> Flow[Any] | None:
    """The flow that a draft belongs to, open or waiting."""
    return next((flow for flow in FLOWS if flow.name == standing.flow), None)


def active(standing: Standing) -> Flow[Any] | None:
    """The flow whose question is open; None while its draft waits."""
    return None if standing.paused else flow_of(standing)


def mark_of(flow: Flow[Any], standing: Standing) -> Mark[Any]:
    """The stored draft, in today's shape."""

    def load(raw: Raw) -> Any:
        return flow.load(standing.version, msgspec.json.decode(raw, type=dict[str, Any]))

    return Mark(
        load(standing.draft), standing.trail, load(standing.old) if bytes(standing.old) != b"null" else None
    )


def joined(flow: Flow[Any], draft: Any, more: Any) -> Any:
    """A waiting draft, and what a new message told of the same flow: nothing that was said is lost."""
    free = {step.name for step in flow.steps if step.free}
    untold = type(more)()
    for name in more.__struct_fields__:
        old, new = getattr(draft, name), getattr(more, name)
        if new == getattr(untold, name):
            continue
        both = f"{old}\n{new}"[:LONGEST] if name in free and isinstance(old, str) else new
        draft = replace(draft, **{name: both})
    return draft


def moved_on(
    turn: Turn, standing: Standing, flow: Flow[Any], answer: Answer, mark: Mark[Any] | None
) -> Decision:
    """The flow's answer with its buttons named, and the standing after it."""
    if mark is None:
        return Decision((answer,), rested(standing), turn.person.language)
    after = replace(
        standing,
        version=flow.version,
        draft=Raw(_encode(mark.draft)),
        old=Raw(_encode(mark.old)),
        trail=mark.trail,
        paused=False,
        refs=_refs(turn, standing, mark),
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


def _refs(turn: Turn, standing: Standing, mark: Mark[Any]) -> tuple[tuple[str, str], ...]:
    """Which message answered which step: the newest that was answered is this one."""
    if turn.said.ref is None or not mark.trail or mark.trail == standing.trail:
        return standing.refs
    step = mark.trail[-1]
    return (*((s, ref) for s, ref in standing.refs if s != step), (step, turn.said.ref))


def and_again(turn: Turn, decision: Decision) -> Decision:
    """Repeats the open question after something else was said."""
    flow = active(decision.standing)
    if flow is None:
        return decision
    again = moved_on(turn, decision.standing, flow, *flow.proceed(turn, mark_of(flow, decision.standing)))
    bare = tuple(replace(answer, choices=()) for answer in decision.answers)
    return Decision((*bare, *again.answers), again.standing, decision.language)


STASHED = 3  # drafts beside the open one


def rested(standing: Standing) -> Standing:
    """Where a person stands when a flow has ended: at the draft that was open before it, if there was one."""
    if not standing.stash:
        return Standing(proved=standing.proved)
    before, *further = standing.stash
    return replace(before, paused=True, stash=tuple(further), proved=standing.proved)


def stashed(standing: Standing) -> tuple[Standing, ...]:
    """The drafts that wait beside a flow that begins now: what was said in the open one is not lost."""
    if standing.flow is None or bytes(standing.draft) == b"{}":
        return standing.stash
    return (replace(standing, stash=(), shown=(), near=()), *standing.stash)[:STASHED]


def remind(db: Connection, conversation: int, draft: str, at: int) -> None:
    """The clock looks then whether the draft sleeps."""
    timers.set(db, f"nudge/{conversation}", "nudge", at, conversation=conversation, draft=draft)


def back(turn: Turn, standing: Standing) -> Decision:
    """Asks the last answered question again; before the first there is only leaving."""
    flow = flow_of(standing)
    if flow is None or not standing.trail:
        return stop(turn, standing) if flow else welcome.menu(turn, standing, "")
    mark = mark_of(flow, standing)
    return moved_on(turn, standing, flow, *flow.proceed(turn, flow.reopen(mark, mark.trail[-1])))


def stop(turn: Turn, standing: Standing) -> Decision:
    """Leaves a flow without losing what was said; with nothing said there is nothing to keep."""
    if bytes(standing.draft) == b"{}" and bytes(standing.old) == b"null":
        return welcome.menu(turn, rested(standing), "")
    ways = (
        Choice("do/resume", turn.say("flow.resume")),
        Choice("do/discard", turn.say("flow.discard")),
        Choice("do/menu", turn.say("menu.open")),
    )
    said = Answer((turn.say("flow.stopped"),), ways)
    return Decision((said,), replace(standing, paused=True), turn.person.language)
