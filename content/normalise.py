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
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_REPEATS = re.compile(r"([^\W\d_])\1{2,}")
_WORD = re.compile(r"[^\W_]+")
_FALSE_D = str.maketrans("ðÐƉɖđĐ", "dDDddD")
_SHAPES, _TONES = "\u0302\u0306\u031b", "\u0300\u0301\u0303\u0309\u0323"

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
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFKC", text).lower()
    text = unicodedata.normalize("NFD", text)
    text = re.sub(f"([{_TONES}]+)([{_SHAPES}]+)", r"\2\1", text)  # tone before shape does not compose
    return _REPEATS.sub(r"\1", unicodedata.normalize("NFC", text))


def fold(text: str) -> str:
    """Marks off, đ to d; expects `clean` text."""
    decomposed = unicodedata.normalize("NFD", text.translate(_FALSE_D))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of a text, short forms written out."""
    found: list[str] = []
    for word in _WORD.findall(clean(text)):
        plain = fold(word)
        long = _SHORT.get(word) or _SHORT.get(plain)
        if long:
            found += long.split()
        else:
            found.append(plain)
    return found
