"""What a person wants, by an ordered list of rules; the first that fits decides.

Words of command count only in a message that holds little else: "menu" is a wish, "quán có menu
tiếng Việt không" is not. Emergencies come first and err on the side of alarm.
"""

import re
from collections.abc import Callable, Sequence

_Rule = tuple[str, Callable[[str, int], bool]]


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)")


# Emergencies: an event, something that says it is happening or a cry, and nothing that says it is
# a matter of rules, lessons or the past. What slips through still gets the line of numbers: every
# reply that is not a confident answer carries it.
_CRY = _any("cuu (voi|toi|tui|em|con|chau|gap|gium)", "sos", "cap cuu", "help( me)?", "giup voi", "keu cuu")
_EVENT = _any(
    "chet duoi", "duoi nuoc", "(dang|bi) chim", "(rot|roi|te|nga|truot) xuong (song|ho|suoi|gieng|ao|muong|bien|kenh)",
    "nuoc cuon", "lu cuon", "bi cuon( troi)?", "troi mat",
    "(dang|bi) chay", "chay (nha|cho|rung|lon|roi|kho|xe)", "boc (lua|khoi)", "no (binh )?gas", "ro (ri )?gas",
    "(dang |bi )?(danh|dam|chem|bop co|dot|ruot|vay danh|danh dap) (nhau|toi|tui|em|vo|me|con|chau|nguoi)",
    "cam (dao|ma tau|bua|gay|sung)", "doi giet", "giet (nguoi|toi|tui|em|me|vo|con)", "co sung", "no sung", "luu dan",
    "bat coc", "bi nhot", "xam hai", "hiep", "so (vao )?(nguoi|vung kin)", "di lac", "mat tich",
    "bi (dam|chem|dien giat|ran can|ong dot|de|vui|ket)", "dien giat", "tai nan", "xe (can|tong|dam)", "tong (xe|nguoi)",
    "bat tinh", "ngat xiu", "khong tho", "kho tho", "dot quy", "co giat", "sui bot", "chay mau", "ngo doc",
    "uong (nham )?thuoc (co|sau|ngu|chuot|tru sau)", "vo oi", "chuyen da", "treo co", "tu tu", "tu van", "rach tay",
    "khong muon song", "muon chet", "dinh nhay", "nhay (cau|song)",
    "sap (nha|cau|ham)", "nha sap", "sat lo", "lu ngap", "ngap toi (noc|mai)", "trom (dang|vao)", "dang (trom|cuop)", "bi cuop",
    "drowning", "on fire", "bleeding", "unconscious", "being beaten", "kill (me|her|him|myself)",
)  # fmt: skip
_NOW = _any(
    "dang", "roi", "sap", "chua len", "nay gio", "cuu", "gap", "bi", "ngay", "voi", "lien", "giua duong", "qua", "right now", "now", "help", "is",
)  # fmt: skip
_CALM = _any(
    "lop", "phong chong", "phong ngua", "muc phat", "phat (bao nhieu|may|the nao)", "bi phat", "la gi", "la so gi", "quy dinh",
    "nam ngoai", "nam truoc", "bien bao", "cam bien", "mua", "bao nhieu", "tuyen truyen", "hoc boi", "rao chan", "rao lai", "tin don",
    "dieu kien", "on muon chet", "muon chet luon", "muon song gan", "chay hang", "so may", "the nao la", "co duoc khong", "duoc khong",
    "xu ly the nao", "bi xu ly", "goi (so nao|ai)", "bao ai", "how much", "what is", "fine for",
)  # fmt: skip
_GRAVE = _any(
    "(con|chau|be|em|chong|vo|me|cha|ba|ong|anh|chi|nguoi|dua|toi|tui|no) .{0,30}(dang|sap|bi) .{0,20}(chim|chay|danh|dam|chem|can|cuon|de|vui|ket|xam hai|hiep|nhot|bat coc)",
)  # fmt: skip

_QUESTION = re.compile(
    r"\?|(?<!\w)(gi|sao|ai|dau|nao|may|bao nhieu|bao lau|bao gio|khi nao|khong|chua|the nao|lam sao|ha|a|what|how|who|when|where|why|can|is|does|do)(?!\w)"
)


def _is(*phrases: str, longest: int = 6) -> Callable[[str, int], bool]:
    """The whole message is one of these, give or take politeness."""
    exact = re.compile(
        r"(?:(?:da|vang|cho (?:toi|minh|em)|toi|minh|em|please|xin)\s)*(?:"
        + "|".join(phrases)
        + r")(?:\s(?:ban|nhe|nha|a|voi|di|di nhe|ad|oi|nep song|please))*"
    )
    return lambda said, count: count <= longest and exact.fullmatch(said) is not None


def _says(*phrases: str, longest: int = 200) -> Callable[[str, int], bool]:
    """One of these stands in the message."""
    anywhere = _any(*phrases)
    return lambda said, count: count <= longest and anywhere.search(said) is not None


RULES: tuple[_Rule, ...] = (
    ("menu", _is("menu", "start", "bat dau( lai)?", "trang chu", "xem menu", "muc luc", "home", "chuc nang", "huong dan")),
    ("back", _is("quay lai", "lui lai", "tro lai", "back", "go back")),
    ("skip", _is("bo qua", "khong ro", "skip", "khong nho", "chua ro")),
    ("cancel", _is("huy", "huy bo", "dung lai", "thoat", "thoi", "thoi khong (gui|can|gop y)( nua)?", "khong gui nua", "stop", "cancel")),
    ("language_en", _is("english", "tieng anh", "speak english", "in english", "en", longest=4)),
    ("language_vi", _is("tieng viet", "vietnamese", "vi", longest=4)),
    ("yes", _is("co", "dung", "dung roi", "u", "uh", "uk", "ok", "oke", "okay", "dong y", "phai", "duoc", "yes", "vang", "da")),
    ("no", _is("khong", "khong phai", "khong dong y", "no", "sai", "sai roi")),
    ("thanks", _is("cam on( (nhieu|nep song|ban|anh|chi|em))*", "thank you( (so|very) much)?", "thanks", "hay qua", "tot qua", "tuyet voi")),
    ("greeting", _is("(xin )?chao( (ban|anh|chi|em|bot|ad|moi nguoi|nep song|buoi sang))*", "hi", "hello", "hey", "a lo", "alo", "good (morning|evening)")),
    ("unsatisfied", _is("khong dung y( toi)?", "khong phai (y|cai) (toi|minh|do)( hoi)?", "tra loi sai( roi)?", "khong dung", "not what i (meant|asked)", "y khac", longest=8)),
    ("feedback", _says("gop y (ve|cho) (dich vu|bot|nep song|trang|tro chuyen)", "feedback", "(bot|nep song|dich vu nay|trang nay) (te|do|cham|hay|tot|kho dung)", longest=30)),
    ("feedback", _is("gop y", "toi muon gop y", "muon gop y", "danh gia dich vu")),
)  # fmt: skip


def emergency(said: str) -> bool:
    """Whether folded text tells of danger that may be happening now."""
    if _GRAVE.search(said) and not _CALM.search(said):
        return True
    cry, event = _CRY.search(said), _EVENT.search(said)
    if _CALM.search(said):
        return False
    return (
        bool(event and _NOW.search(said))
        or (cry is not None and len(said.split()) <= 6)
        or bool(cry and event)
    )


def intent(words: Sequence[str]) -> str:
    """The name of what is wanted; "ask" when nothing else fits."""
    said = " ".join(words)
    if emergency(said):
        return "emergency"
    for name, fits in RULES:
        if fits(said, len(words)):
            return name
    return "ask" if words else "other"


def question(said: str) -> bool:
    """Whether folded text has the form of a question."""
    return _QUESTION.search(said) is not None
