"""What must take a way of its own by law: denunciation, complaint, crime, state secret. Said before anything of it
is kept; a chat message is not the lawful form, and its words go with the message."""

import re

from handlers.citizens import asking
from handlers.turn import Answer, Decision, Standing, Turn
from storage.shapes import Choice

_SECRET = re.compile(
    r"\b(?:tai lieu|van ban|cong van|ho so|giay to|noi dung|thong tin|ban do|chuyen) (?:\w+ )?(?:toi mat|tuyet mat|dong dau mat|dau mat|bi mat (?:nha nuoc|quan su|quoc gia))\b"
    r"|\b(?:lo|biet|co|gui|cam|giu) (?:mot |may )?(?:tai lieu mat|bi mat (?:nha nuoc|quan su|quoc gia))\b"
)
# An officer, and what no office may judge of itself.
_OFFICER = (
    r"(?:chu tich|bi thu|can bo|cong chuc|dia chinh|truong thon|truong cong an|cong an|lanh dao|hieu truong)"
)
_CORRUPT = r"(?:an tien|nhan tien|nhan hoi lo|hoi lo|bao ke|tham nhung|tham o|an chan|an bot|lay tien|vu loi|bao che|chia tien .{0,30}khong deu)"
_DENOUNCED = re.compile(rf"\b{_OFFICER}(?: \w+){{0,6}} {_CORRUPT}\b|\b{_CORRUPT} (?:cua|tu|cho) {_OFFICER}\b")
TRACKS = {
    "legal_denunciation": ("gui-don-to-cao", "phan-anh-khieu-nai-to-cao", "gui-phan-anh"),
    "legal_complaint": ("khieu-nai-the-nao", "phan-anh-khieu-nai-to-cao", "lich-tiep-dan"),
    "crime_report": ("to-giac-toi-pham", "so-khan-cap", "phan-anh-khieu-nai-to-cao"),
    "secret": ("bi-mat-nha-nuoc", "lich-tiep-dan"),
}


def track(turn: Turn, standing: Standing) -> Decision | None:
    """The lawful way, and nothing kept; None: no such matter."""
    name = _named(turn)
    if name is None:
        return None
    texts = [turn.say(f"legal.{name}"), _where(turn, name), turn.say("legal.not_kept")]
    report = (Choice("do/violation", turn.say("menu.violation")),) if name != "secret" else ()
    ways = (*asking.titles(turn, TRACKS[name]), *report, Choice("do/menu", turn.say("menu.open")))
    text = "\n\n".join(texts)
    said = Answer((f"{text}\n\n{turn.say('emergency.line')}",), ways)
    return Decision((said,), standing, turn.person.language)


def _named(turn: Turn) -> str | None:
    said = " ".join(turn.heard.words)
    if _SECRET.search(said):
        return "secret"
    return turn.heard.legal or ("legal_denunciation" if _DENOUNCED.search(said) else None)


def _where(turn: Turn, name: str) -> str:
    """The office, when the deployment names one."""
    local = turn.catalog.local
    if name == "crime_report":
        return turn.say("legal.where.crime_report")
    if not local.reception_office:
        return turn.say("legal.where.above" if name == "legal_denunciation" else "legal.where.commune")
    parts = [local.reception_office, local.reception_address, local.reception_hours]
    return turn.say("legal.where.office", office=", ".join(part for part in parts if part))
