"""Vietnamese as people type it, brought to one form.

Order matters: drop invisibles, NFKC, lower, mark order, repeats; then fold (marks off, đ to d).
Folded text loses nothing for search: unaccented queries find accented entries and the other way
round (measured in vietnamese-text.md, section 4).
"""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0f\u20e3\ufeff\u0334-\u0338]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REPEATS = re.compile(r"([^\W\d_ivx])\1{2,}|([ivx])\2{3,}")  # three of i, v, x may be a Roman number
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_MISORDERED = re.compile("([\u0300\u0301\u0303\u0309\u0323]+)([\u0302\u0306\u031b]+)")  # tone before shape
_APOSTROPHE = re.compile(r"(?<=[a-z])['\u2019](?=(?:s|t|m|d|re|ll|ve)\b)")  # children's, can't; not Ia H'Drai
_DIGITS = re.compile(r"\b1 1 ([1-5])\b")  # a number to call, typed digit by digit


def _without_marks(code: int) -> str | None:
    return "".join(c for c in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(c)) or None


# One table for all Latin letters with marks, the marks themselves, and the letters that pass for đ.
_FOLDED: dict[int, str | int | None] = {
    code: _without_marks(code) for code in (*range(0xC0, 0x370), *range(0x1E00, 0x1F00))
}
_FOLDED |= str.maketrans("ðÐƉɖđĐ", "dDDddD")

# Short forms that mean one thing only. Ambiguous ones (ca, cn, tt, vs, đk …) need their neighbours
# and are left alone here.
_SHORT = {
    short: long
    for long, shorts in {
        "khong": "k ko kg kh hok hong khum hk",
        "khong biet": "kb kbt hbt",
        "duoc": "dc",
        "gi": "j ji",
        "vay": "z zay",
        "nhu the nao": "ntn",
        "the nao": "tnao",
        "lam sao": "lsao lms",
        "bao nhieu": "bnhiu bnhieu",
        "bao gio": "bgio",
        "khi nao": "kn",
        "lam": "lm",
        "minh": "mik mk",
        "toi": "tui",
        "moi nguoi": "mn mng",
        "nguoi ta": "nta ngta",
        "gia dinh": "gđ",
        "hang xom": "hx hxom",
        "gia dinh van hoa": "gđvh gdvh",
        "van hoa": "vh",
        "doi song van hoa": "đsvh dsvh",
        "cong an xa": "cax",
        "canh sat giao thong": "csgt",
        "uy ban nhan dan": "ubnd",
        "mat tran to quoc": "mttq",
        "to dan pho": "tdp tđp",
        "thanh pho": "tp",
        "khu dan cu": "kdc",
        "nha van hoa": "nvh",
        "an ninh trat tu": "antt",
        "ve sinh moi truong": "vsmt",
        "bao luc gia dinh": "blgđ blgd",
        "phan anh": "pa",
        "giay chung nhan": "gcn",
        "nghi dinh": "nđ",
        "quyet dinh": "qđ",
        "karaoke": "kara caraoke",
        "so dien thoai": "sđt sdt",
        "roi": "rui",
        "biet": "bik",
        "phai": "fai",
        "truoc": "trc",
        "cam on": "tks camon",
        "tieu chi": "tieuchi",
    }.items()
    for short in shorts.split()
}


def clean(text: str) -> str:
    """Lower case, composed, without what the eye does not see; a space for every control character."""
    text = _CONTROL.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        text = unicodedata.normalize("NFD", text.lower())
        text = unicodedata.normalize("NFC", _MISORDERED.sub(r"\2\1", text))
    return _REPEATS.sub(r"\1\2", text.lower())


def fold(text: str) -> str:
    """Marks off, đ to d; expects `clean` text."""
    return text if text.isascii() else text.translate(_FOLDED)


def words(text: str) -> list[str]:
    """The folded words of a text, short forms written out."""
    cleaned = _APOSTROPHE.sub("", clean(text))
    folded = _WORD.findall(_DIGITS.sub(r"11\1", fold(cleaned)))
    written = _WORD.findall(cleaned)
    if len(written) != len(folded):
        written = folded
    found: list[str] = []
    for word, plain in zip(written, folded, strict=True):
        long = _SHORT.get(word) or _SHORT.get(plain)
        if long:
            found += long.split()
        else:
            found.append(plain)
    return found
