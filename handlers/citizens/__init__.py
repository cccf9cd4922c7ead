"""What citizens do: flows in the order they are tried, and journeys (one message, one answer) by name."""

from typing import Any

from handlers.citizens import asking, cases, feedback, filing, forget, forms, welcome
from handlers.flow import Flow

FLOWS: tuple[Flow[Any], ...] = (feedback.FLOW, cases.FLOW, *forms.FLOWS)

JOURNEYS = {
    "hello": welcome.hello,
    "menu": welcome.menu,
    "more": welcome.more,
    "forget": forget.asked,
    "language": welcome.language,
    "theme": asking.theme,
    "ask": asking.entry,
    "near": asking.near,
    "saved": filing.saved,
    "news": filing.news,
    "code": cases.ask_code,
    "mine": cases.mine,
    "case": cases.case,
    "withdraw": cases.withdraw,
    "judge": cases.judge,
}
