"""What citizens do: flows in the order they are tried, and journeys (one message, one answer) by name."""

from typing import Any

from handlers.citizens import asking, feedback, welcome
from handlers.flow import Flow

FLOWS: tuple[Flow[Any], ...] = (feedback.FLOW,)

JOURNEYS = {
    "menu": welcome.menu,
    "language": welcome.language,
    "theme": asking.theme,
    "ask": asking.entry,
    "near": asking.near,
}
