"""Our messages to lines of a terminal. Pure."""

from collections.abc import Sequence

from storage.outbox import Shown


def write(shown: Sequence[Shown]) -> str:
    """Texts one below the other; choices numbered, so that typing a number presses one."""
    lines: list[str] = []
    for s in shown:
        lines += [s.message.text, ""]
        if s.message.choices:
            lines += [f"  {n}. {choice.label}" for n, choice in enumerate(s.message.choices, 1)]
            lines.append("")
    return "\n".join(lines).rstrip()
