"""Where a submission can stand, read from states.toml: words for citizens and staff, and what may follow what."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class State(BaseModel):
    """One state. `open`: our turn; `waiting`: the citizen's; `done`: a result to be judged; `ended`: for good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: str = Field(min_length=1, max_length=80)
    "As it follows “Hồ sơ của anh/chị: …”."
    en: str = Field(min_length=1, max_length=80)
    staff: str = Field(min_length=1, max_length=40)
    staff_en: str = Field(min_length=1, max_length=40)
    type: Literal["open", "waiting", "done", "ended"]
    next: tuple[str, ...]
    demands: tuple[Literal["text", "office"], ...] = ()
    "What must be given to bring a submission here."

    def told(self, language: str) -> str:
        """The citizen's word for it."""
        return self.en if language == "en" else self.vi


# What handlers name; the file may have more, but must have these.
NAMED = (
    "received",
    "accepted",
    "asked",
    "forwarded",
    "answered",
    "reopened",
    "refused",
    "withdrawn",
    "closed",
)


def read(file: Path) -> tuple[dict[str, State], list[str]]:
    """All states and every mistake as `file:key: what`."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [f"{file.name}:-: cannot be read ({error})"]
    states: dict[str, State] = {}
    mistakes: list[str] = []
    for name, given in raw.items():
        try:
            states[name] = State.model_validate(given)
        except ValidationError as error:
            mistakes += [
                f"{file.name}:{'.'.join(map(str, (name, *e['loc'])))}: {e['msg']}" for e in error.errors()
            ]
    mistakes += [f"{file.name}:{name}: is missing" for name in NAMED if name not in raw]
    mistakes += [
        f"{file.name}:{name}.next: there is no state '{next}'"
        for name, state in states.items()
        for next in state.next
        if next not in raw
    ]
    return states, mistakes
