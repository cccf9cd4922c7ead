"""Hides what tells who somebody is: addresses of mail and web, numbers of identity papers, phones, plates, houses,
and names after a title. Facts and order: vietnamese-text.md, section 7; what must not be hidden (amounts, laws,
hotlines) is set aside first. The result holds no character of what was hidden.
"""

import itertools
import re
import unicodedata

from content.normalise import fold

MAIL, LINK, PAPERS, PHONE, PLATE, HOUSE, NAME = (
    "[thư]",
    "[liên kết]",
    "[giấy tờ]",
    "[số điện thoại]",
    "[biển số]",
    "[số nhà]",
    "[tên]",
)

_UPPER = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬĐÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_LOWER = "a-zàáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
_WORD = f"[{_UPPER}][{_UPPER}{_LOWER}']*"
_MARKED = (
    "ông|bà|anh|chị|cô|chú|bác|em|cháu|thầy|thằng|con|bé|dì|cậu|mợ|thím|dượng|già làng|trưởng thôn|tài xế"
)
_BARE = "ong|ba|chi|co|chu|bac|chau|thay|thang|tai xe"  # only in small letters: "Ba Tơ" is a commune
_TITLE = f"{_MARKED}|{_BARE}"
# What follows a title and is no name: "ông xã", "bà con", "cô giáo", "anh hai".
_COMMON = frozenset(
    [
        "Xã",
        "Con",
        "Em",
        "Giáo",
        "Chủ",
        "Hai",
        "Ba",
        "Tư",
        "Năm",
        "Sáu",
        "Bảy",
        "Tám",
        "Chín",
        "Út",
        "Cả",
        "Dâu",
        "Rể",
        "Đường",
        "Chồng",
        "Vợ",
        "Ủy",
        "Công",
        "Hội",
        "Mặt",
        "Trưởng",
    ]
)

# What follows "nhà ông" and is no name; folded.
_KIN = frozenset(
    [
        "ba",
        "ong",
        "em",
        "chi",
        "anh",
        "hang",
        "giao",
        "chu",
        "si",
        "ay",
        "do",
        "kia",
        "nay",
        "nao",
        "ta",
        "hai",
        "tu",
        "nam",
        "sau",
        "bay",
        "tam",
        "chin",
        "ut",
        "con",
        "xa",
        "noi",
        "ngoai",
        "di",
        "toi",
        "minh",
        "nguoi",
        "vo",
        "chong",
        "canh",
        "ben",
        "o",
        "lam",
        "ban",
        "co",
        "bi",
        "dang",
        "cung",
        "mo",
        "hat",
        "va",
        "voi",
        "cho",
        "danh",
        "chui",
        "uong",
        "nhau",
        "doi",
        "dien",
        "truoc",
        "sau",
        "gan",
        "cach",
        "van",
        "hoa",
        "tre",
        "cu",
        "khac",
        "them",
        "truong",
        "bi",
        "bo",
        "la",
        "thi",
        "cai",
        "lai",
        "ra",
        "di",
        "ve",
        "den",
        "tai",
        "tren",
        "duoi",
        "roi",
        "khong",
        "chua",
        "luc",
        "toi",
        "sang",
    ]
) - {"nam"}  # "năm" is rare here, "Nam" is a name


_SAFE = re.compile(
    r"(?<![\d.])(?!84\.)[1-9]\d{0,2}(?:[.,]\d{3})+(?![\d.])|(?<![\d/])\d{1,5}/\d{4}(?!\d)(?:/[\w-]+)?|\b1800[ .]?\d{2,4}[ .]?\d{0,4}\b|\b1900[ .]?\d{2,4}[ .]?\d{0,4}\b|\b11[1-5]\b|\b096 306 1414\b"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), MAIL),
    (re.compile(r"(?:https?://|www\.)\S+|\b(?:fb|facebook|zalo|tiktok|youtube|m)\.(?:com|me|vn)/\S+", re.IGNORECASE), LINK),
    (re.compile(r"(?<![\d.])0\d{2}[0-3]\d{8}(?!\d)"), PAPERS),
    (re.compile(r"((?:cmnd|cccd|chứng minh(?: nhân dân)?|căn cước(?: công dân)?|chung minh|can cuoc)\D{0,12})\d{9,12}(?!\d)", re.IGNORECASE), r"\1" + PAPERS),
    (re.compile(r"((?:stk|số tài khoản|so tai khoan|tài khoản|tai khoan)\D{0,12})\d{6,19}(?!\d)", re.IGNORECASE), r"\1" + PAPERS),
    (re.compile(r"(?<![\d/])(?:\(?\+?84\)?|\(?[0oO])(?:[ .()-]{0,2}[\doO]){8,10}(?!\d)"), PHONE),
    (re.compile(r"\b\d{2}[ -]?[A-ZĐa-zđ][A-ZĐa-zđ\d]?[ -]?\d{3}[. ]?\d{2}\b|\b\d{2}[ -]?[A-ZĐa-zđ]\d?[ -]\d{4,5}\b"), PLATE),
    (re.compile(r"\b((?:số nhà|nhà số|so nha|hẻm|kiệt|ngõ|hem|kiet) ?)\d{1,6}[a-zA-Z]?(?:/\d{1,6}[a-zA-Z]?){0,4}", re.IGNORECASE), r"\1" + HOUSE),
    (re.compile(r"\b(số )\d{1,6}[a-zA-Z]?(?:/\d{1,6}[a-zA-Z]?){0,4}(?= (?:đường|hẻm|kiệt|ngõ|duong)\b)", re.IGNORECASE), r"\1" + HOUSE),
)  # fmt: skip
_NAMED = re.compile(
    rf"(?<!\w)({_TITLE}|{_MARKED.title()}|{_MARKED.upper()}) ((?:{_WORD})(?: {_WORD}){{0,3}})"
)
# Without a title: one of the surnames that nine in ten bear, then given names.
_SURNAMES = "Nguyễn|Trần|Lê|Phạm|Huỳnh|Hoàng|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Trương|Đoàn|Lương|Tạ|Mai|Đào|Trịnh|Nguyen|Tran|Pham|Huynh|Hoang|Phan|Dang|Bui"
_FULL = re.compile(rf"(?<!\w)(?<!đường )(?<!phường )(?<!trường )(?<!xã )(?:{_SURNAMES})(?: {_WORD}){{1,3}}")
# In small letters, in a frame: "nhà ông nam", "nha ba lan o thon 3".
_HOME = re.compile(
    r"(?<!\w)((?:nhà|nha) (?:ông|bà|anh|chị|chú|bác|cô|thầy|ong|ba|chi|chu|bac|co)) ([^\W\d_]+)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?<!\w)((?:tôi|toi|em|nó|no|ổng|bả|hắn)? ?(?:tên là|ten la|tên|facebook tên|nick)) ([^\W\d_]+(?: [^\W\d_]+){0,3})(?=[,.;:!?]|$| ở | o | làm | lam )",
    re.IGNORECASE,
)  # fmt: skip


_ALL = (MAIL, LINK, PAPERS, PHONE, PLATE, HOUSE, NAME)


def hides(text: str) -> list[str]:
    """What a masked text hides, each kind once, in its own words: "số điện thoại"."""
    return [kind.strip("[]") for kind in _ALL if kind in text]


def masked(text: str) -> str:
    """The text with what tells of persons hidden; twice masked is once masked."""
    text = unicodedata.normalize("NFC", text.replace("\0", " "))
    kept: list[str] = []

    def aside(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\x00{chr(0xE000 + len(kept) - 1)}\x00"

    text = _SAFE.sub(aside, text)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    text = _NAMED.sub(_hidden, text)
    text = _FULL.sub(NAME, text)
    text = _HOME.sub(
        lambda found: found.group() if fold(found[2].lower()) in _KIN else f"{found[1]} {NAME}", text
    )
    text = _CALLED.sub(rf"\1 {NAME}", text)
    return re.sub(r"\x00(.)\x00", lambda found: kept[ord(found.group(1)) - 0xE000], text)


def _hidden(found: re.Match[str]) -> str:
    """ "Cô Giáo Hoa" is a teacher called Hoa: the common word stays."""
    title, *names = found.group().split(" ")
    common = [*itertools.takewhile(_COMMON.__contains__, names)]
    return " ".join((title, *common, *([NAME] if names[len(common) :] else [])))
