"""A flow fills a typed draft, one question at a time; the next question is derived, never stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replace_mark
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, convert
from msgspec.structs import replace

from handlers.turn import Answer, Turn
from storage.shapes import Choice


class Draft(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said so far. UNSET: not asked yet. None: "không rõ", or skipped."""

    files: tuple[int, ...] = ()
    "Attachments that came with it, kept or still on their way."


D = TypeVar("D", bound=Draft)


@dataclass(frozen=True)
class Step(Generic[D]):
    """One question, open while the field of its name is UNSET."""

    name: str
    ask: Callable[[Turn, D], Answer]
    take: Callable[[Turn, D], D | Answer]
    "The fuller draft, or what to say instead."
    when: Callable[[D], bool] = lambda draft: True
    optional: bool = False
    reads: Callable[[Turn], bool] = lambda turn: False
    "Whether words are surely an answer to it, whatever else they look like."
    beside: tuple[str, ...] = ()
    "Fields that its answer fills too; they are emptied when it is asked again."
    free: bool = False
    "Takes any words: only what is plainly a question to us is taken for something else."


@dataclass(frozen=True)
class Mark(Generic[D]):
    """Where a person stands in a flow: the draft, and the answered steps, the newest last."""

    draft: D
    trail: tuple[str, ...] = ()
    old: D | None = None
    "The draft before a step was reopened: its answer can be kept after all."


@dataclass(frozen=True)
class Flow(Generic[D]):
    """A talk with an end: a draft, its steps in order, and what happens when all are answered."""

    name: str
    version: int
    "Raised only when an old field changes its meaning."
    draft: type[D]
    steps: tuple[Step[D], ...]
    begins: Callable[[Turn], D | None]
    "A draft, when this message starts the flow."
    finish: Callable[[Turn, D], Answer]
    files: bool = False
    "Takes files, at any time while it is open."
    pins: bool = False
    "Takes places on the map, at any time while it is open."
    absorb: Callable[[Turn, D], D] = lambda turn, draft: draft
    "What any message tells unasked; never overwrites an answer."
    same: Callable[[D, D], bool] = lambda old, new: True
    "Whether a waiting draft and one that begins are about the same."
    upgrades: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)

    def open(self, draft: D) -> Step[D] | None:
        """The next question: derived, so that a release may add, drop or reorder steps."""
        return next((s for s in self.steps if s.when(draft) and getattr(draft, s.name) is UNSET), None)

    def step(self, name: str) -> Step[D] | None:
        """The step of this name, open or answered."""
        return next((s for s in self.steps if s.name == name), None)

    def advance(self, turn: Turn, mark: Mark[D], name: str = "") -> tuple[Answer, Mark[D] | None]:
        """Takes one message, as the answer to the open step or to the one of this name: what to say, and where the
        person stands now (None: finished)."""
        if turn.choice and turn.choice.startswith("edit."):
            return self.proceed(turn, self.reopen(mark, turn.choice.removeprefix("edit.")))
        step = self.step(name) or self.open(mark.draft)
        if step is None:
            return self.proceed(turn, mark)
        said, wish = _old(mark, step), turn.choice or turn.heard.command
        if said is not UNSET and wish in ("keep", "yes", "okay"):
            kept = {name: getattr(mark.old, name) for name in (step.name, *step.beside)}
            taken: D | Answer = replace(mark.draft, **kept)
        elif step.optional and "skip" in (turn.choice, turn.heard.command):
            taken = replace(mark.draft, **{step.name: None})
        else:
            mark = replace_mark(mark, draft=self.absorb(turn, mark.draft))
            taken = self._take(turn, step, mark.draft)
        if isinstance(taken, Answer):  # not understood, or a kind word: the question stays open
            return taken, mark
        answered = getattr(taken, step.name) is not UNSET
        return self.proceed(turn, Mark(taken, (*mark.trail, step.name) if answered else mark.trail))

    def _take(self, turn: Turn, step: Step[D], draft: D) -> D | Answer:
        """The draft after a message's answer to the open question."""
        if getattr(draft, step.name) is not UNSET or not (turn.text or turn.choice):
            return draft  # answered in passing; or a place on the map alone
        return step.take(turn, draft)

    def proceed(self, turn: Turn, mark: Mark[D]) -> tuple[Answer, Mark[D] | None]:
        """Asks the open question, or finishes. What was answered before can be kept."""
        step = self.open(mark.draft)
        if step is None:
            return self.finish(turn, mark.draft), None
        answer, said = step.ask(turn, mark.draft), _old(mark, step)
        if said is UNSET:
            return answer, mark
        texts = (*answer.texts, turn.say("flow.old", old=said)) if step.free else answer.texts
        keep = Choice("keep", turn.say("flow.keep"))
        return replace(answer, texts=texts, choices=(*answer.choices, keep)), mark

    def reopen(self, mark: Mark[D], name: str) -> Mark[D]:
        """Back is reopen(trail[-1]), edit is reopen(any): everything else stays said."""
        step = self.step(name)
        if step is None:
            return mark
        trail, untold = tuple(n for n in mark.trail if n != name), type(mark.draft)()
        beside = {field: getattr(untold, field) for field in step.beside}
        return Mark(replace(mark.draft, **{name: UNSET}, **beside), trail, mark.draft)

    def load(self, version: int, raw: dict[str, Any]) -> D:
        """A stored draft in today's shape: dropped fields are ignored, new ones are asked."""
        for old in range(version, self.version):
            raw = self.upgrades[old](raw)
        return convert(raw, self.draft)


def _old(mark: Mark[D], step: Step[D]) -> Any:
    """What this step was answered with before it was reopened; UNSET if it was not."""
    return getattr(mark.old, step.name) if mark.old is not None else UNSET
