"""What people tell, as the forms keep it: the drafts, and what a message tells beside the answer that it gives."""

import re
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from content import moments
from content.moments import Moment
from handlers.flow import Draft
from handlers.turn import Turn
from storage.shapes import Pin

LONGEST = 10_000  # characters of a story
WAYS = ("here", "anonymous", "code")  # told here; told here, and staff never ask who; not told
BRIEF = 8  # words; more may ask something beside
STORY = 3  # words beyond the wish itself, before a message is a story and not only a wish to tell one
_WISH = re.compile(
    r"^\W*(?:(?:dạ|da|alo|xin|cho|chào|chao|nếp sống|nep song|anh chị|tôi|toi|tui|em|mình|minh|cháu|chau|muốn|muon|cần|can|gửi|gui|kể|ke|nêu|neu|báo|bao|phản ánh|phan anh|góp ý|gop y|kiến nghị|kien nghi|đề xuất|de xuat|giới thiệu|gioi thieu|về|ve|là|la|một|mot|việc|viec|chuyện|chuyen|vụ|vu|này|nay|với|voi|i|want|would like|to|report|tell|you|about|a|an|suggest)\b[\s:,.!-]{0,9}){1,40}",
    re.IGNORECASE,
)


class Report(Draft, frozen=True, kw_only=True, omit_defaults=True):
    """What all forms ask."""

    agreed: str | UnsetType = UNSET
    "yes | no, to our keeping it"
    theme: str | UnsetType = UNSET
    what: str | UnsetType = UNSET
    unit: int | UnsetType | None = UNSET
    place: str = ""
    "As it was said."
    maybe: tuple[int, ...] = ()
    "Units that the words may mean."
    pin: Pin | None = None
    far: str = ""
    "A place in another province that was named."
    enough: str | UnsetType | None = UNSET
    "That there are no more photos."
    contact: str | UnsetType = UNSET
    "One of WAYS, or a number or address."
    sent: str | UnsetType = UNSET


class Violation(Report, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, when."""

    moment: Moment | UnsetType | None = UNSET
    details: str | UnsetType | None = UNSET
    "The answer to the theme's own questions."


class Practice(Report, frozen=True, kw_only=True, omit_defaults=True):
    """What was done, by whom, at what cost, to what end, and whom to ask."""

    who: str | UnsetType | None = UNSET
    cost: str | UnsetType | None = UNSET
    changed: str | UnsetType | None = UNSET
    ask: str | UnsetType | None = UNSET


class Suggestion(Report, frozen=True, kw_only=True, omit_defaults=True):
    """What is hard, what would help."""

    help: str | UnsetType | None = UNSET


R = TypeVar("R", bound=Report)
FORMS: dict[str, type[Report]] = {
    "violation": Violation,
    "model_practice": Practice,
    "suggestion": Suggestion,
}
INTENTS = {"violation": "report_violation", "model_practice": "report_model", "suggestion": "suggest"}


def kind_of(draft: Report) -> str:
    """The kind that a draft becomes."""
    return next(kind for kind, form in FORMS.items() if type(draft) is form)


def tells(text: str) -> bool:
    """Whether a message is a story, and not only the wish to tell one."""
    return len(_WISH.sub("", text).split()) >= STORY


def absorb(turn: Turn, draft: R) -> R:
    """What a message tells beside the answer it gives: the story itself, theme, place, moment."""
    found: dict[str, Any] = {}
    if turn.text and not turn.choice:
        found = _read(turn, draft)
    new = {name: value for name, value in found.items() if getattr(draft, name) in (UNSET, "", ())}
    if "unit" in found and isinstance(draft.unit, int) and len(turn.heard.words) <= BRIEF:
        new |= {"unit": found["unit"], "place": found["place"], "maybe": ()}  # "không phải, xã Đăk Mar mà"
    if turn.said.pin is not None:
        new |= _pinned(turn, turn.said.pin)  # a place on the map is surer than words
    fuller = replace(draft, **new)
    return settled(turn, fuller) if "theme" in new else fuller


def _pinned(turn: Turn, pin: Pin) -> dict[str, Any]:
    unit = turn.catalog.places.nearest(pin.latitude, pin.longitude)
    if unit is None or not turn.catalog.ours(unit):
        return {}
    return {"pin": pin, "unit": unit, "maybe": ()}


def _read(turn: Turn, draft: Report) -> dict[str, Any]:
    heard = turn.heard
    found: dict[str, Any] = {}
    if draft.what is UNSET and tells(turn.text) and len(turn.text) <= LONGEST:
        found["what"] = turn.text.strip()
    if heard.theme and type(draft) in [FORMS[kind] for kind in turn.catalog.themes[heard.theme].kinds]:
        found["theme"] = heard.theme
    if (place := turn.place) is not None:
        if place.unit is not None and commune(turn, place.unit):
            found |= {"unit": place.unit, "place": _hamlet(place.community)}
        elif place.unit is not None and not turn.catalog.ours(place.unit):
            found["far"] = turn.catalog.named(place.unit)
        elif ours := tuple(code for code in place.choices if turn.catalog.ours(code)):
            found["maybe"] = ours
    moment = moment_of(turn) if isinstance(draft, Violation) else None
    if moment is not None and (moment.start or 0) <= turn.at:
        found["moment"] = moment
    return found


def moment_of(turn: Turn) -> Moment | None:
    """When a message says that it was; raw keys and short forms are decoded first where nothing is accented ("tôi qua"
    with its marks is no "tối qua")."""
    found = moments.read(turn.text[:LONGEST], turn.now)
    if found is None and turn.text.isascii():
        return moments.read(" ".join(turn.heard.words)[:LONGEST], turn.now)
    return found


def _hamlet(community: str | None) -> str:
    """A community that has a number or a name: "hang xom karaoke" has neither."""
    words = (community or "").split()
    return community or "" if any(w[0].isdigit() or w[0].isupper() for w in words[1:]) else ""


def commune(turn: Turn, unit: int) -> bool:
    """Whether it is a commune of ours: the province alone is no place where an officer could look."""
    return turn.catalog.ours(unit) and unit != turn.catalog.local.code


def settled(turn: Turn, draft: R) -> R:
    """Where the theme has no questions of its own, none is open."""
    if not isinstance(draft, Violation) or draft.theme is UNSET:
        return draft
    if not questions_of(turn, draft):
        return replace(draft, details=None)
    return replace(draft, details=UNSET) if draft.details is None else draft


def questions_of(turn: Turn, draft: Report) -> list[Any]:
    """What the draft's theme asks besides."""
    theme = turn.catalog.themes.get(str(draft.theme))
    return list(theme.questions.values()) if theme else []
