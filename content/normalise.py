"""Vietnamese as people type it, brought to one form.

Order matters: drop invisibles, NFKC, lower, mark order, repeats; then short forms, raw Telex and VNI
keys, run-together words, words of the centre; then fold (marks off, đ to d). Folded text loses nothing for search: unaccented queries find accented entries and the other way
round (measured in vietnamese-text.md, section 4).
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Container, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from content import syllables

_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0f\u20e3\ufeff\u0334-\u0338]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REPEATS = re.compile(r"([^\W\d_ivx])\1{2,}|([ivx])\2{3,}")  # three of i, v, x may be a Roman number
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_COMBINING = re.compile("[\u0300-\u036f]")
_MISORDERED = re.compile("([\u0300\u0301\u0303\u0309\u0323]+)([\u0302\u0306\u031b]+)")  # tone before shape
_APOSTROPHE = re.compile(r"(?<=[a-z])['\u2019](?=(?:s|t|m|d|re|ll|ve)\b)")  # children's, can't; not Ia H'Drai
_SLASHED = re.compile(r"(?<!\w)([pkt])/([act])(?!\w)")  # p/a, k/n
_DIGITS = re.compile(r"\b1 1 ([1-5])\b")  # a number to call, typed digit by digit


def _without_marks(code: int) -> str | None:
    return "".join(c for c in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(c)) or None


# One table for all Latin letters with marks, the marks themselves, and the letters that pass for đ.
_FOLDED: dict[int, str | int | None] = {
    code: _without_marks(code) for code in (*range(0xC0, 0x370), *range(0x1E00, 0x1F00))
}
_FOLDED |= str.maketrans("ðÐƉɖđĐ", "dDDddD")

# What is meant by short forms, accents kept; by the form as written, then by the form folded.
_SHORT: dict[str, tuple[str, ...]] = {
    short: tuple(long.split())
    for long, shorts in tomllib.loads((Path(__file__).parent / "short_forms.toml").read_text("utf-8")).items()
    for short in shorts.split()
}

_Near = Callable[[str, str], bool]
_NUMBER = re.compile(r"\d+")


def _next(*words: str) -> _Near:
    return lambda _, after: after in words


def _prev(*words: str) -> _Near:
    return lambda before, _: before in words


def _counted(before: str, _: str) -> bool:
    return _NUMBER.fullmatch(before) is not None


def _last(_: str, after: str) -> bool:
    return not after


def _always(_: str, __: str) -> bool:
    return True


# Short forms whose neighbours decide: (the word before, the word after) and what is meant then; none fits: as is.
_AMBIGUOUS: dict[str, tuple[tuple[_Near, str], ...]] = {
    short: rules
    for shorts, rules in {
        "k": ((_counted, "nghìn"), (_always, "không")),
        "h": ((_counted, "giờ"), (_prev("may", "luc"), "giờ")),
        "ca": (
            (_next("xa", "phuong", "tinh", "huyen", "khu", "vien"), "công an"),
            (_next("dem", "ngay", "si", "sang", "nhac", "hat", "mo"), "ca"),
            (_prev("bao", "goi", "keu", "anh", "chu", "kiu", "gap", "nho", "len"), "công an"),
        ),
        "cap": ((_prev("bao", "goi", "keu"), "công an phường"),),
        "bn": (
            (_next("tien", "ngay", "nguoi", "nam", "lan", "con", "thang", "gio", "diem", "mam", "tuoi", "db", "trieu", "lau"), "bao nhiêu"),
            (_last, "bao nhiêu"),
            (_prev("phat", "het", "ton", "mat", "la"), "bao nhiêu"),
            (_always, "bạn"),
        ),
        "tt": ((_prev("clip", "tren", "dang", "len"), "tiktok"), (_next("an", "trat"), "trật tự"), (_always, "thị trấn")),
        "cn": ((_prev("tuan", "thu", "ngay", "sang", "chieu", "toi"), "chủ nhật"), (_next("tuan", "nay"), "chủ nhật"), (_prev("duoc", "bao", "khi"), "công nhận"), (_next("gia", "gđvh", "gdvh"), "công nhận")),
        "vs": ((_next("mt", "moi", "attp", "an"), "vệ sinh"), (_always, "với")),
        "ck": ((_prev("tien", "da", "stk"), "chuyển khoản"), (_next("tien", "cho"), "chuyển khoản"), (_always, "chồng")),
        "dk đk": ((_next("ten", "nhan", "o", "tham", "lam", "hoc", "ket", "kinh", "xe"), "đăng ký"), (_next("gi", "j", "nao"), "điều kiện"), (_always, "được")),
        "p f": ((_counted, "phút"), (_last, "p"), (_always, "phường")),
        "x": ((_last, "x"), (_counted, "x"), (_always, "xã")),
        "tv": ((_prev("ti"), "vi"), (_always, "ti vi")),
        "gt": ((_next("thieu"), "giới"), (_prev("xin", "toi", "em"), "giới thiệu"), (_always, "giao thông")),
        "dt đt": ((_prev("nghe", "cam", "so", "qua", "goi", "choi"), "điện thoại"), (_next("di", "ban"), "điện thoại"), (_always, "điện thoại")),
        "hs": ((_next("xin", "giay"), "hồ sơ"), (_prev("nop", "lam", "bo"), "hồ sơ"), (_always, "học sinh")),
        "mt": ((_next("to"), "mặt trận"), (_prev("ban", "uy"), "mặt trận"), (_always, "môi trường")),
        "qn": ((_always, "quảng ngãi"),),
        "kt ktum": ((_next("tra"), "kiểm"), (_prev("o", "tp", "phuong", "tinh", "len"), "kon tum"), (_always, "kiểm tra")),
        "hd": ((_always, "hướng dẫn"),), "hc": ((_always, "hành chính"),), "tb": ((_always, "thông báo"),),
        "bc": ((_always, "báo cáo"),), "yc": ((_always, "yêu cầu"),), "xl": ((_always, "xử lý"),),
        "tl": ((_always, "trả lời"),), "nt": ((_always, "nhắn tin"),), "hn": ((_prev("o", "ngoai"), "hà nội"), (_always, "hôm nay")),
        "bh": ((_next("y", "xa"), "bảo hiểm"), (_always, "bây giờ")), "tg": ((_always, "thời gian"),), "pt": ((_always, "phong trào"),),
        "lh": ((_always, "liên hệ"),), "gd": ((_next("van", "em", "toi", "nay", "minh", "tui"), "gia đình"), (_always, "gia đình")),
        "pa": ((_always, "phản ánh"),), "qly": ((_always, "quản lý"),), "ql": ((_next("14", "24", "1"), "ql"), (_always, "quản lý")),
        "e": ((_next("nen"), "e"), (_always, "em")), "t": ((_counted, "t"), (_always, "tôi")), "v": ((_always, "vậy"),),
        "g": ((_prev("lam", "cai", "la", "can", "bi"), "gì"), (_last, "gì")), "r": ((_always, "rồi"),), "s": ((_last, "sao"), (_next("vay", "khong"), "sao"), (_prev("lam", "thi", "vi"), "sao"), (_next("lai", "ma"), "sao")),
        "bt": ((_prev("khong", "ko", "k", "ai"), "biết"),), "cs": ((_always, "có"),), "đb": ((_always, "đánh bạc"),), "tk": ((_always, "tài khoản"),),
        "tc": ((_prev("don"), "tố cáo"),), "nx": ((_last, "nữa"),), "đg dg": ((_prev("ngoai", "ra", "tren", "long"), "đường"), (_always, "đang")), "tr": ((_counted, "triệu"),),
        "tgian": ((_always, "thời gian"),), "sn": ((_always, "sinh nhật"),), "ot": ((_prev("xe"), "ô tô"),), "oto": ((_always, "ô tô"),),
    }.items()
    for short in shorts.split()
}  # fmt: skip

# Words of the centre that hardly anybody else uses; beside one of them, or at a clause's end, the others count too.
_DIALECT = {"rứa": "vậy", "chừ": "giờ", "giừ": "giờ", "mần": "làm", "nớ": "đó", "bển": "bên ấy", "trển": "trên ấy", "hổm": "hôm", "rày": "nay",
            "chộ": "thấy", "dìa": "về", "kiu": "kêu", "xí": "", "hén": "", "nghen": "", "hỉ": "", "hè": "", "hen": "", "tau": "tôi", "tao": "tôi", "bây": "bây"}  # fmt: skip
_PERHAPS = {"mô": "đâu", "răng": "sao", "chi": "gì", "ni": "này", "tê": "kia", "ri": "thế này", "hắn": "nó"}
_MO_AFTER = frozenset(
    [
        "o",
        "cho",
        "di",
        "ngoai",
        "tren",
        "duoi",
        "nguoi",
        "bua",
        "luc",
        "khi",
        "noi",
        "nop",
        "gui",
        "hoi",
        "toi",
    ]
)
_RANG_AFTER = frozenset(["lam", "man", "nhu", "thi", "vi", "sao", "la", "bi", "phat", "tinh"])

_INSULTS = frozenset(
    ["vl", "vcl", "đm", "dm", "cmn", "cmnr", "cc", "vãi", "vlz", "đmm", "clgt", "đcm", "dcm", "loz"]
)


class Words(Struct, frozen=True):
    """A text's words, short forms written out and raw keys decoded."""

    folded: tuple[str, ...] = ()
    shaped: tuple[str, ...] = ()
    "The same words as content/syllables.py shapes them."
    accented: bool = False
    "Whether a quarter of them carries marks: then a missing mark says something too."
    angry: bool = False
    "Whether insults were among them; they are left out."


def clean(text: str) -> str:
    """Lower case, composed, without what the eye does not see; a space for every control character."""
    text = _CONTROL.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if not unicodedata.is_normalized("NFKC", text) or _COMBINING.search(text):
            text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
            text = unicodedata.normalize("NFC", _MISORDERED.sub(r"\2\1", text))
    return _REPEATS.sub(r"\1\2", text.lower())


def fold(text: str) -> str:
    """Marks off, đ to d; expects `clean` text."""
    return text if text.isascii() else text.translate(_FOLDED)


class _Word(Struct, frozen=True):
    """All that a written word tells by itself."""

    plain: str
    shaped: str
    keys: syllables.Keys
    long: tuple[str, ...] | None
    "What it is short for, whatever stands beside it; shaped."
    rules: tuple[tuple[_Near, str], ...]


@lru_cache(maxsize=20_000)  # the same words come again and again
def _word(word: str) -> _Word:
    plain = fold(word)
    long = _SHORT.get(word) or (_SHORT.get(plain) if plain not in syllables.LEGAL else None)
    rules = _AMBIGUOUS.get(word, ())
    return _Word(
        plain,
        syllables.shaped(word),
        syllables.keys(plain),
        None if rules or long is None else tuple(map(syllables.shaped, long)),
        rules,
    )


def heard(text: str, known: Container[str] = ()) -> Words:
    """The words of a text; `known`: words that help to part what was run together."""
    cleaned = _SLASHED.sub(r"\1\2", _DIGITS.sub(r"11\1", _APOSTROPHE.sub("", clean(text))))
    written = _WORD.findall(cleaned)
    words = [_word(word) for word in written]
    company = sum(1 for w in words if w.keys.perhaps) > 1 or any(w.keys.sure for w in words)
    found: list[str] = []
    angry = False
    for place, (word, w) in enumerate(zip(written, words, strict=True)):
        if word in _INSULTS:
            angry = True
            continue
        if w.rules or w.long:
            long = w.long or _beside(w, words, place)
            if long is not None:
                found += long
                continue
        key = (w.keys.sure or w.keys.perhaps) if company else w.keys.sure
        if key:
            found.append(key)
        elif len(word) > 5 and word == w.plain and word not in known:
            found += syllables.split(word, known)
        else:
            found.append(w.shaped)
    found = _spoken(found)
    folded = [_word(word).plain for word in found]
    if "" in folded:
        found = [word for word, plain in zip(found, folded, strict=True) if plain]
        folded = [plain for plain in folded if plain]
    marked = sum(one != two for one, two in zip(found, folded, strict=True))
    return Words(tuple(folded), tuple(found), marked * 4 >= max(len(found), 1), angry)


def _beside(word: _Word, words: Sequence[_Word], place: int) -> list[str] | None:
    """What an ambiguous short form means beside its neighbours; None: nothing but itself."""
    before = words[place - 1].plain if place else ""
    after = words[place + 1].plain if place + 1 < len(words) else ""
    meant = next((meant for near, meant in word.rules if near(before, after)), None)
    return None if meant is None else [syllables.shaped(one) for one in meant.split()]


def _spoken(found: list[str]) -> list[str]:
    """Words of the centre as they are written elsewhere."""
    sure = not _CENTRAL.keys().isdisjoint(found)
    if not sure and _MAYBE.keys().isdisjoint(found):
        return found
    spoken: list[str] = []
    for place, word in enumerate(found):
        last = place == len(found) - 1
        before = _word(found[place - 1]).plain if place else ""
        after = _word(found[place + 1]).plain if not last else ""
        standard = _CENTRAL.get(word)
        if standard is None and word in _MAYBE:
            fits = sure or last or word == "chi"
            if word == "mô":
                fits = after != "hinh" and (fits or before in _MO_AFTER)
            elif word == "răng":
                fits = after not in ("mieng", "sua", "ham") and (fits or before in _RANG_AFTER)
            elif word == "chi":
                fits = after not in ("dao", "tiet", "phi", "hoi", "tra", "bo", "doan") and before not in (
                    "dia",
                    "thi",
                )
            standard = _MAYBE[word] if fits else None
        spoken += [word] if standard is None else [syllables.shaped(w) for w in standard.split()]
    return spoken


_CENTRAL = {syllables.shaped(word): standard for word, standard in _DIALECT.items()}
_MAYBE = {syllables.shaped(word): standard for word, standard in _PERHAPS.items()}


def words(text: str) -> list[str]:
    """The folded words of a text, short forms written out."""
    return list(heard(text).folded)
