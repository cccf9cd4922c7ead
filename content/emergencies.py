"""Whether a text tells of danger that may be happening now.

Rules, and they err on the side of alarm; yet no list finds strangers' words well (measured .33 to
.40 on unseen sentences). So they are signs for a model (content/linear.py) that has seen many hands'
sentences, and what slips through is caught by the reply: every answer that is not a confident one
carries the line of numbers.
"""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)")


# Folded words that look like danger and are none: "danh hiệu", "chạy bộ", "tư vấn", "treo cờ".
_MISTAKEN = _any(
    "dot vang ma", "danh (hieu|sach|gia|may|bai|trong|ba|van|vong)", "chay (bo|dua|xe|an|than|lua|viec|hang|chuong)", "tu van",
    "treo co (ngay|to quoc|le)", "dam (chieu|cuoi|gio|tang)", "chet (me|cha|ket)", "muon chet luon", "nhu chay nha",
    "cuu (tro|chien binh)", "lac mat (con )?(cho|meo|bo|trau|heo)", "nhot (con )?(cho|meo|ga|heo|bo)", "kho tho vi (mui|khoi|on)",
)  # fmt: skip
# What makes it a matter of rules, lessons or the past.
_CALM = _any(
    "lop", "phong chong", "phong ngua", "muc phat", "phat (bao nhieu|may|the nao)", "bi phat", "la gi", "la so gi",
    "quy dinh", "nam ngoai", "nam truoc", "hom truoc", "tu nam", "bien bao", "cam bien", "mua", "bao nhieu",
    "tuyen truyen", "hoc boi", "rao chan", "rao lai", "tin don", "dieu kien", "on muon chet", "muon song gan", "hang ve",
    "so may", "(the )?nao la", "(co )?duoc khong", "xu ly (the nao|khong)", "bi xu ly", "goi (so nao|ai)", "bao ai",
    "o dau", "mui hoi", "gia o", "trong lang", "the nao", "bao mat", "cong chung",
    "how much", "what is", "fine for", "where",
)  # fmt: skip
# A cry for help.
_CRY = _any(
    "cuu( (voi|toi|tui|em|con|chau|gap|gium|mang|nguoi))?", "sos", "help( me)?", "giup voi", "keu cuu", "cap cuu", "cuop cuop",
)  # fmt: skip
# Events that are danger when something says that they happen.
_EVENT = _any(
    "chet duoi", "duoi nuoc", "(rot|roi|te|nga|truot) xuong", "cuon( troi)?", "troi mat", "chay", "boc (lua|khoi)",
    "(danh|dam|chem|bop co|dot|ruot|dap|vay) (nhau|toi|tui|em|vo|me|con|chau|nguoi|no)", "cam (dao|rua|ma tau|bua|gay|sung)",
    "xam hai", "hiep", "so (vao )?(nguoi|dui|vung|vu|nguc)", "mat tich", "ran can", "ong dot", "dien giat", "tai nan",
    "(xe|ai) (can|tong|dam)", "tong (xe|nguoi|nhau)", "chay mau", "rach tay", "sat lo", "lu ngap", "trom", "bi cuop", "ket",
    "drowning", "bleeding", "unconscious", "being beaten", "on fire",
)  # fmt: skip
_NOW = _any(
    "dang", "roi", "sap", "chua len", "nay gio", "gap", "bi", "voi", "lien", "giua duong", "qua", "vua", "right now", "now", "is",
)  # fmt: skip
# Events that nobody writes of unless they happen.
_PLAIN = _any(
    "chay (nha|cho|rung|lon|kho)( (roi|chay|cuu|lan).*)?", "chay nha chay nha", "(nha|cho|kho|quan)( \\w+){0,2} (dang )?(boc )?chay",
    "doi giet", "giet (nguoi|toi|tui|em|me|vo|con)", "bat coc", "co nguoi la .{0,15}(du|bat|keo)", "nguoi la du",
    "(dua|be|em|chau|con) .{0,20}mat tich", "mat tich .{0,20}(dua|be|em|chau|con)", "di lac", "lac mat (be|con|chau|em)",
    "bat tinh", "ngat xiu", "khong tho", "kho tho", "dot quy", "co giat", "sui bot", "tat tho", "ngo doc",
    "uong (nham )?(ca (vi|lo) )?thuoc (co|ngu|sau|chuot|tru sau)", "uong nham", "treo co (tu tu|roi)", "nguoi treo co", "tu tu", "tu sat",
    "khong (muon|thiet) song( nua)?", "muon (chet|ket thuc tat ca)", "(cat|rach) tay roi", "nhay (cau|song|lau)", "dinh nhay",
    "chem nhau", "mau me", "mau nhieu( lam)?", "(tieng|co) sung", "no sung", "luu dan", "trung bom", "co bom", "de trung nguoi",
    "co nguoi (ket|chet)", "chet nguoi", "an mang", "xac nguoi", "bop co", "bi (ran|cho dai) can", "chim (nghim|duoi|xuong)", "(dang|bi|sap) chim",
    "(toi|tren) (noc|mai)", "vui nha", "nha sap", "(ro|xi)( ri)? gas", "no (binh )?gas", "bi ep quan he", "lat (xe|ghe|thuyen)", "(xe|ghe|thuyen) lat",
    "pha cua", "xong vo nha", "vo oi", "chuyen da", "bi nhot", "trom dang", "(dang|co) (trom|cuop)", "ba me (hay )?danh (em|con|chau)",
    "(chong|vo|cha|ba|me|con|thay|co|anh|no|ong)( \\w+)? (hay |dang |lai )?danh (toi|tui|em|me|con|chau)", "(dang )?bi (chong|vo|cha|ba|me|con)? ?(danh|chem|dam)( dap)?",
    "an trom (vao|vo|trong)", "dot nhap( nha)?", "co nguoi (dot nhap|pha cua)",
    "hit(s|ting)? me", "fell in(to)? the (river|water|lake|well)", "(house|there) is (a )?(fire|burning|on fire)", "has a (knife|gun)", "want to die",
    "kill (me|her|him|myself)",
)  # fmt: skip
_GRAVE = _any(
    "(con|chau|be|em|chong|vo|me|cha|ba|ong|anh|chi|nguoi|dua|toi|tui|no) .{0,30}(dang|sap|bi) .{0,20}"
    "(chim|chay|danh|dam|chem|can|cuon|de|vui|ket|xam hai|hiep|nhot|bat coc)"
)  # fmt: skip
_FIRE = re.compile(r"(?:chay|cuop)(?: (?:chay|cuop|roi|lon|qua|to))*")


_DESPAIR = _any(
    "tu tu", "tu sat", "khong (muon|thiet) song( nua)?", "muon chet", "muon ket thuc tat ca", "dinh nhay", "(cat|rach) tay",
    "song lam gi nua", "chan song", "khong con gi de song", "want to die", "kill myself",
)  # fmt: skip


# Said outright, whatever a model thinks of it. ("Nóng muốn chết" has nobody who wants it.)
_TOUCHED = re.compile(
    r"(?<!\w)(?:(?:con|em|chau|be|tui|toi)(?: \w+){0,2} bi(?: \w+){0,6}|(?:thay|co|ong|chu|bac|anh|duong|ba|cau|nguoi la)(?: \w+){0,4}) "
    r"(?:so mo|so soang|sam so|dung cham|so (?:nguc|dui|mong|vung kin|nguoi)|hon hit|cuong hiep|hiep dam|xam hai)(?!\w)"
)
_OUTRIGHT = re.compile(
    r"(?<!\w)(?:tu tu|tu sat|tu ket lieu|khong (?:muon|thiet) song(?: nua|(?= *$))|chan song|khong con gi de song|ket thuc (?:tat ca|cuoc doi)|want to die|kill myself)(?!\w)"
    r"|^(?:chac |that su )?(?:toi|tui|em|con|minh|chau|chi|anh) (?:chi |that su |rat |dang |thay )?muon chet(?: di| qua| cho roi| cho xong| thoi)*(?: a| voi)?$"
)


def outright(said: str) -> bool:
    """Whether folded text says that somebody will end their life, or touches a child, and not as a question or a
    figure of speech."""
    left = " ".join(_MISTAKEN.sub(" ", said).split())
    said_so = _OUTRIGHT.search(left) or _TOUCHED.search(left)
    return said_so is not None and _CALM.search(left) is None


def despair(said: str) -> bool:
    """Whether an alarm is about the writer's own life: who reads the answer must not be sent away coldly."""
    return _DESPAIR.search(said) is not None


# Which number comes first: tried in order, a child and an attacker before fire and water, those before illness.
# Folded, "nó" is "nổ", "ông" is "ong" and "trời" is "trôi": no short word stands here alone.
KINDS = {
    "child": _any(
        "(be|chau|con nit|dua nho|tre em|em|con (toi|tui|em|gai|trai)|hoc sinh)( \\w+){0,8} (bi )?(xam hai|hiep|so mo|so soang|bat coc|dan di mat|di lac|mat tich|nhot|bo roi|danh dap)",
        "(di lac|bat coc|bo roi|xam hai|mat tich)( \\w+){0,5} (be|chau|tre|con nit|dua nho|em be)",
    ),
    "violence": _any(
        "(cam|rut|vac|xach|lay|bang|co) (con |cay )?(dao|rua|gay|sung|ma tau|bua)", "con dao", "(tieng|no|ban) sung", "luu dan", "dat min",
        "(bi|dang|doi|sap|lai|hay|vo|no|chong|ong|cha|bo|anh) (danh|chem|dam)( \\w+)?", "danh (nhau|toi|tui|em|vo|con|me|ba|chet|dap|no|nguoi|tao|may)",
        "chem (nhau|toi|tui|nguoi|no|chet|lien)", "dam (chet|nhau|nguoi|toi|tui|bang)", "bop co", "ruot (toi|tui|em|vo|theo|chem|danh|nguoi)", "giet (\\w+ )?(toi|tui|em|me|vo|con|nguoi|no|chet)", "giet nguoi", "giet no",
        "cuop", "trom (dang|vo|vao|trong)", "(an|co|co thang) trom", "pha cua", "dap (do|cua|ban|pha)", "doi giet", "hanh hung", "bat coc", "hiep dam", "bi hiep", "cuong hiep", "xam hai", "dot nha", "khong che", "con do", "an mang",
        "kill (me|her|him|us)", "has a (knife|gun)", "hit(s|ting)? (me|her|us)", "being beaten", "robb(ing|ed)", "thief",
    ),
    "water": _any(
        "duoi nuoc", "chet duoi", "bi duoi", "sap duoi", "(dang|bi|sap) chim", "chim (duoi|xuong|nghim|roi|song|mat|giua)", "cuon troi", "(nuoc|song|lu) cuon", "bi cuon", "troi (mat|song|ra)", "hut chan", "lat (ghe|thuyen|xuong)", "(ghe|thuyen|xuong) (bi )?(lat|chim)",
        "(rot|roi|te|nga|lot|truot|nhay) (\\w+ )?(xuong )?(ho|song|suoi|gieng|ao|bien|kenh|muong|cong|dap|dam)( nuoc)?", "drown(ing|ed)?", "boat is sinking", "fell in(to)? the (river|water|lake|well|sea)",
    ),
    "disaster": _any(
        "lu (quet|ve|len|lut|lon)", "nuoc lu", "sat lo", "lo (nui|dat)", "vui lap", "(bi|dat|nui) vui", "vui (nha|nguoi)", "(nha|tuong|mai|cau|ham|lo) (bi )?sap", "sap (nha|tuong|mai|cau|ham)", "(nuoc )?ngap (toi|den|noc|nha|lut|het)", "nuoc (dang|len) (nhanh|cao|toi|den)", "flood", "landslide", "buried",
    ),
    "fire": _any(
        "chay (nha|cho|rung|lon|quan|kho|bep|to|lan|no)", "(nha|cho|quan|kho|bep|xuong|rung)( \\w+){0,3} (dang |bi |boc )?chay", "dang chay (to|lon|roi)", "boc (chay|lua|khoi)", "lua (chay|boc|lan|lon)", "khoi (den|boc|day|mu mit)", "(ro|xi)( ri)? (khi )?gas", "no (binh|gas|lon|kho|lo|tung)", "mac ket", "bi ket", "ket (trong|ben trong|o)", "fire", "smoke", "gas is leaking", "trapped",
    ),
    "illness": _any(
        "bat tinh", "ngat", "xiu", "(kho|khong|ngung|tat|het) tho", "co giat", "dot quy", "(chay|mau) mau", "mau (nhieu|me|chay)", "gay (tay|chan|co|xuong)", "ran (doc )?can", "bi ran", "ong (dot|chich)", "ngo doc", "uong (nham|thuoc|ca)", "thuoc (sau|co|ngu|chuot|tru)",
        "(dien|bi) giat", "giat dien", "chuyen da", "vo oi", "(bi|xe) (can|tong|de)", "tai nan", "bi (bong|phong)", "(nam|lim) (im|di)", "nam (bat dong|song soai|im)", "khong (nhuc nhich|day|cu dong)", "goi khong (tra loi|day|nghe)", "hoc (xuong|hat|di vat)", "sui bot", "tim tai", "dau tim", "cap cuu",
        "bleeding", "unconscious", "not breathing", "collapsed", "in labou?r", "snake bit", "car crash", "poison",
    ),
}  # fmt: skip


def kind(said: str) -> str:
    """Which danger folded text tells of: a name of KINDS, or "now" when it may be any."""
    if _TOUCHED.search(said):
        return "child"
    return next((name for name, pattern in KINDS.items() if pattern.search(said)), "now")


def mistaken(said: str) -> bool:
    """Whether folded text holds words that only look like danger, and no other sign that the rules know."""
    return _MISTAKEN.search(said) is not None and not alarm(said)


def signs(said: str) -> list[str]:
    """Which kinds of signs stand in folded text; the model weighs them."""
    left = " ".join(_MISTAKEN.sub(" ", said).split())
    found = [name for name, pattern in _SIGNS.items() if pattern.search(left)]
    return [*found, "alarm"] if alarm(said) else found


_SIGNS = {"calm": _CALM, "cry": _CRY, "event": _EVENT, "now": _NOW, "plain": _PLAIN, "grave": _GRAVE}


def alarm(said: str) -> bool:
    """Whether folded text should be answered with the numbers first."""
    said = " ".join(_MISTAKEN.sub(" ", said).split())
    if _FIRE.fullmatch(said):
        return True
    if _CALM.search(said):
        return False
    cry, short = _CRY.search(said), len(said.split()) <= 6
    return bool(
        _PLAIN.search(said)
        or _GRAVE.search(said)
        or (_EVENT.search(said) and (cry or _NOW.search(said)))
        or (cry and short)
    )
