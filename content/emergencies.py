"""Whether a text tells of danger that may be happening now.

Rules, and they err on the side of alarm; yet no list finds strangers' words well (measured .33 to
.40 on unseen sentences). So what slips through is caught by the reply: every answer that is not a
confident one carries the line of numbers.
"""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)")


# Folded words that look like danger and are none: "danh hiệu", "chạy bộ", "tư vấn", "treo cờ".
_MISTAKEN = _any(
    "danh (hieu|sach|gia|may|bai|trong|ba|van|vong)", "chay (bo|dua|xe|an|than|lua|viec|hang|chuong)", "tu van",
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
    "song lam gi nua", "want to die", "kill myself",
)  # fmt: skip


def despair(said: str) -> bool:
    """Whether an alarm is about the writer's own life: who reads the answer must not be sent away coldly."""
    return _DESPAIR.search(said) is not None


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
