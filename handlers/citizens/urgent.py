"""Danger now: the right number first, one sentence of what is sure, the other numbers."""

from content.emergencies import despair, kind
from handlers.turn import Turn


def first(turn: Turn) -> str:
    """The bubble before everything else."""
    said = " ".join(turn.heard.words)
    text = turn.say("emergency.despair") if despair(said) else turn.say(f"emergency.{kind(said)}")
    local = turn.catalog.local
    if local.emergency_phone:
        text += "\n" + turn.say("emergency.local", name=local.emergency_name, phone=local.emergency_phone)
    return text + "\n" + turn.say("emergency.call")
