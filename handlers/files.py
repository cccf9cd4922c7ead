"""Files that people send: taken where a flow takes them, declined kindly elsewhere."""

from dataclasses import replace as replace_mark
from typing import Any

from msgspec.structs import replace

from handlers.flow import Flow, Mark
from handlers.progress import active, and_again, flow_of, mark_of, moved_on
from handlers.turn import Answer, Decision, Standing, Turn
from storage import attachments
from storage.shapes import Choice

MOST = 10  # files with one draft
LARGEST = 20_000_000  # bytes of a file
SLOT = "files"
REASONS = ("large", "type", "broken", "bomb", "empty", "slow")  # those that the sender can do something about


def sent(turn: Turn, standing: Standing) -> Decision | None:
    """Files in an open flow that takes them: remembered, to be fetched; the flow goes on meanwhile."""
    flow = active(standing)
    if not turn.said.files or flow is None:
        return None
    said, mark = absorbed(turn, flow, mark_of(flow, standing))
    step = flow.open(mark.draft)
    tells = step is not None and step.free and turn.heard.words  # a caption that answers the open question
    going_on = flow.advance(turn, mark) if tells else flow.proceed(turn, mark)
    moved = moved_on(turn, standing, flow, *going_on)
    return replace(moved, answers=(*said, *moved.answers))


def absorbed(turn: Turn, flow: Flow[Any], mark: Mark[Any]) -> tuple[tuple[Answer, ...], Mark[Any]]:
    """The draft with the files of this message, and what to say to them."""
    if not turn.said.files:
        return (), mark
    if not flow.files:
        return (Answer((turn.say("files.unwanted"),)),), mark
    fit = [source for source in turn.said.files if (source.size or 0) <= LARGEST]
    room = fit[: max(0, MOST - len(mark.draft.files))]
    ids = tuple(
        attachments.add(turn.db, turn.person.id, turn.person.channel, source, turn.at) for source in room
    )
    kept = mark.draft.files + ids
    told = [turn.say("files.loading", count=len(kept))] if ids else []
    if len(fit) < len(turn.said.files):
        told.append(turn.say("files.lost.large"))
    if len(room) < len(fit):
        told.append(turn.say("files.many", most=MOST))
    said = Answer(("\n".join(told),), slot=SLOT)
    return (said,), replace_mark(mark, draft=replace(mark.draft, files=kept))


def arrived(turn: Turn, standing: Standing) -> Decision | None:
    """What became of a file: a word when all are there; when one is lost, that it is to be sent again."""
    fetched = turn.said.fetched
    if fetched is None:
        return None
    flow = flow_of(standing)
    mark = mark_of(flow, standing) if flow else None
    drafted = mark is not None and fetched.attachment in mark.draft.files
    if fetched.trouble is None:
        return _kept(turn, standing, len(mark.draft.files) if drafted and mark else 0)
    reason = fetched.trouble if fetched.trouble in REASONS else "else"
    said = Answer((turn.say(f"files.lost.{reason}"),))
    if not drafted or flow is None or mark is None:
        return Decision((said,), standing, turn.person.language, quiet=True)
    left = tuple(id for id in mark.draft.files if id != fetched.attachment)
    mark = replace_mark(mark, draft=replace(mark.draft, files=left))
    told = Decision((said,), standing, turn.person.language, quiet=True)
    changed = moved_on(turn, standing, flow, *flow.proceed(turn, mark)).standing
    changed = replace(changed, paused=standing.paused)
    return and_again(turn, replace(told, standing=changed, quiet=standing.paused))


def _kept(turn: Turn, standing: Standing, count: int) -> Decision:
    """Silent until the last is there; and when the draft was sent meanwhile."""
    if not count or standing.paused or attachments.loading(turn.db, turn.person.id):
        return Decision((), standing, turn.person.language)
    said = Answer((turn.say("files.kept", count=count),), slot=SLOT)
    return Decision((said,), standing, turn.person.language, quiet=True)


def unasked(turn: Turn, standing: Standing) -> Decision | None:
    """A file outside of a flow, with no words that we can answer."""
    if not turn.said.files:
        return None
    spoken = turn.said.files[0].kind == "spoken"
    key = "files.voice" if spoken else "files.unasked"
    ways = (
        Choice("do/feedback", turn.say("menu.feedback")),
        Choice("do/menu", turn.say("menu.open")),
    )
    return Decision((Answer((turn.say(key),), ways),), standing, turn.person.language)
