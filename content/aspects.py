"""What side of a matter is asked for: the fine, whom to tell, when, where, how, how much, whether it is so."""

import re
from collections.abc import Sequence

ASPECTS = ("what", "fine", "whom", "when", "where", "how", "amount", "condition")

_SIGNS = {
    "fine": r"phat|nop phat|muc phat|xu phat|dong phat|bi lap bien ban|phat nguoi|fines?|fined|penalty",
    "whom": r"(bao|goi|gui|hoi|gap|keu|tim|trinh|noi|nho|gui don|lien he|phan anh|den) (cho |voi |toi )?ai|goi (so|dau)|so may|so nao|co quan nao|ai (giai quyet|quyet dinh|chi dao|lo|ky|xu ly|bao ve|cong nhan|duoc|co quyen|lam)|cho nao (nhan|giai quyet)|cap nao|who|whom",
    "when": r"khi nao|bao gio|may gio|ngay nao|ngay may|hom nao|may ngay|bao lau|may thang|may nam|luc nao|thoi han|han chot|den may gio|tu may gio|lich|when|how long|what time",
    "where": r"o dau|cho nao|noi nao|dia chi|di dau|vao dau|gui dau|dau vay|dau a|where",
    "how": r"lam sao|the nao|nhu the nao|cach nao|cach|thu tuc|ho so|giay to|phai lam gi|lam gi|quy trinh|cac buoc|huong dan|lam the nao|nop gi|can gi|how (do|can|to)|xu ly (sao|the nao)",
    "amount": r"bao nhieu|may (dong|tien|nguoi|mam|xa|tinh|phan tram)|gioi han|toi da|so luong|ty le|nhieu nhat|muc thuong|tien thuong|how (much|many)",
    "condition": r"(duoc|co|phai|dung|bi|bat buoc|can|con|cho phep|mat|tinh|hop le|hop phap|sai|vi pham)( \w+){0,6} khong$|duoc khong|duoc k|co phai|co bi|co duoc|co can|co con|bat buoc|duoc phep|bi cam|cam khong|dieu kien|may tuoi|bao nhieu tuoi|du tuoi|(chua|khong)$|allowed|mandatory|must|legal|is it|can i",
    "what": r"la gi|nghia la|la sao|gom nhung gi|gom gi|tieu chi|tieu chuan|noi gi|khac nhau|the nao la|vi du|what is|what are",
}  # fmt: skip
_PATTERNS = {
    name: re.compile(rf"\b(?:{signs})\b" if not signs.endswith("$") else rf"\b(?:{signs})")
    for name, signs in _SIGNS.items()
}


def aspects(words: Sequence[str]) -> frozenset[str]:
    """The sides that folded words ask for; none in a plain statement."""
    said = " ".join(words[-60:])  # who tells a story asks at its end
    found = {name for name, pattern in _PATTERNS.items() if pattern.search(said)}
    if "fine" in found:
        found -= {"amount", "condition"}  # "phạt bao nhiêu", "có bị phạt không"
    return frozenset(found)
