"""Vietnamese by its syllables: which letters make one, what raw Telex or VNI keys were meant to be, and
where words were run together. Rules and traps: vietnamese-text.md, section 2.

A word is kept in two forms. *Folded*: ASCII, for search. *Shaped*: letters with their shapes (â, ư, đ) and
the tone's mark after the last ("hòa", "hoà" and "hoaf" are one word), for where accents decide.
"""

import unicodedata
from collections.abc import Container
from functools import lru_cache

from msgspec import Struct

_SOFT = "e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep iet ieu im in inh ip it iu"
_HARD = (
    "a ac ach ai am an ang anh ao ap at au ay o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oem oen "
    "oeo oet oi om on ong op ot u ua uan uang uat uau uay uc ue uech uenh ui um un ung uo uoc uoi uom uon uong "
    "uop uot uou up ut uu uy uya uych uyen uyet uyn uynh uyp uyt uyu"
)
_WHY = "y yem yen yeng yet yeu"
_BEFORE_ALL = "b ch d h kh l m n nh ph qu r s t th tr v x"
_BEFORE_HARD, _BEFORE_SOFT = "c g ng gi", "k gh ngh"


def _legal() -> frozenset[str]:
    found = {f"{onset}{rime}" for onset in _BEFORE_ALL.split() for rime in f"{_HARD} {_SOFT} y".split()}
    found |= {f"{onset}{rime}" for onset in _BEFORE_HARD.split() for rime in _HARD.split()}
    found |= {f"{onset}{rime}" for onset in _BEFORE_SOFT.split() for rime in f"{_SOFT} y".split()}
    found |= {f"{onset}{end}" for onset in ["x", "b", "k", "c"] for end in ("oong", "ooc")}
    found |= {
        *_HARD.split(),
        *_SOFT.split(),
        *_WHY.split(),
        "gi",
        "gin",
        "gim",
        "giet",
        "gieng",
        "gieo",
        "gie",
    }
    return frozenset(found)


LEGAL = _legal()
# Words of other tongues, names and codes that would decode to a syllable of ours.
_FOREIGN = frozenset(
    [
        "of",
        "is",
        "as",
        "gas",
        "tax",
        "fax",
        "max",
        "data",
        "taxi",
        "virus",
        "beer",
        "tree",
        "rest",
        "if",
        "raw",
        "free",
        "see",
        "fees",
        "good",
        "book",
        "look",
        "cool",
        "food",
        "zoo",
        "too",
        "google",
        "zoom",
        "room",
        "web",
        "wifi",
        "wow",
        "www",
        "view",
        "new",
        "news",
        "now",
        "how",
        "low",
        "show",
        "down",
        "town",
        "law",
        "draw",
        "saw",
        "was",
        "has",
        "his",
        "yes",
        "bus",
        "us",
        "plus",
        "box",
        "fox",
        "mix",
        "six",
        "tax",
        "ex",
        "fix",
        "for",
        "or",
        "per",
        "her",
        "user",
        "car",
        "bar",
        "star",
        "far",
        "power",
        "paper",
        "order",
        "over",
        "water",
        "after",
        "offer",
        "poster",
        "laser",
        "router",
        "server",
        "driver",
        "sticker",
        "computer",
        "singapore",
        "dollar",
        "euro",
        "meter",
        "karaoke",
        "homestay",
        "kon",
        "plei",
        "pxi",
        "hre",
        "pleiku",
        "krong",
        "sos",
        "sex",
        "chaos",
        "gif",
        "mas",
        "ads",
        "pass",
        "class",
        "express",
        "less",
        "address",
        "access",
        "process",
        "business",
        "tennis",
        "axis",
        "oasis",
        "basis",
        "pos",
        "gps",
        "sms",
        "cos",
        "post",
        "test",
        "list",
        "best",
        "just",
        "cast",
        "fast",
        "err",
        "error",
        "mirror",
        "sir",
        "air",
        "hair",
        "pair",
        "fair",
        "door",
        "floor",
        "poor",
        "ddos",
        "add",
        "odd",
        "daddy",
    ]
)
_UNSURE = frozenset(
    ["sex", "chaos", "gif", "mas", "cos", "post", "for", "car", "bar", "far", "new", "her", "per", "us"]
)
_SAC, _HUYEN, _HOI, _NGA, _NANG = _TONES = "\u0301\u0300\u0309\u0303\u0323"
_KEYS = {"s": _SAC, "f": _HUYEN, "r": _HOI, "x": _NGA, "j": _NANG}
_DIGITS = dict(zip("12345", _TONES, strict=True))
_HATS = {"a": "â", "e": "ê", "o": "ô"}
_HORNS = {"u": "ư", "o": "ơ", "a": "ă"}
_PLAIN = str.maketrans("âăêôơưđ", "aaeooud")
# Words before a number of their own: "thon3" is a place, not Telex or VNI.
_COUNTED = frozenset(
    [
        "thon",
        "to",
        "tdp",
        "kp",
        "lop",
        "so",
        "ql",
        "cap",
        "khu",
        "xa",
        "doi",
        "khoi",
        "xom",
        "lan",
        "ngay",
        "thang",
        "nam",
        "muc",
        "dieu",
        "khoan",
        "tuoi",
    ]
)


def shaped(word: str) -> str:
    """A word of clean text with its tone at the end."""
    if word.isascii():
        return word
    tone, letters = "", []
    for letter in unicodedata.normalize("NFD", word):
        if letter in _TONES:
            tone = letter
        else:
            letters.append(letter)
    return unicodedata.normalize("NFC", "".join(letters)) + tone


def telex(word: str) -> str | None:
    """The shaped syllable that raw Telex keys mean; None where there is none, or no key was pressed."""
    if word in LEGAL or word in _FOREIGN or not word.isascii() or not word.isalpha() or len(word) > 10:
        return None
    letters: list[str] = []
    tone, pressed = "", False
    for place, key in enumerate(word):
        vowel = any(c in "aeiouyâăêôơư" for c in letters)
        if key in _KEYS and vowel and not (key == "r" and letters[-1:] == ["t"]):
            tone, pressed = _KEYS[key], True
        elif key == "z" and vowel:
            tone, pressed = "", True
        elif key in _HATS and key in letters and place:
            letters[letters.index(key)] = _HATS[key]
            pressed = True
        elif key == "w":
            _horn(letters)
            pressed = True
        elif key == "d" and letters[:1] == ["d"]:
            letters[0], pressed = "đ", True
        else:
            letters.append(key)
    return _accepted(letters, tone) if pressed else None


def _horn(letters: list[str]) -> None:
    """`w`: the last of u, o, a; "uo" both; alone it is ư."""
    for place in range(len(letters) - 1, -1, -1):
        letter = letters[place]
        if letter == "o" and place and letters[place - 1] == "u" and letters[place - 2 : place] != ["q", "u"]:
            letters[place - 1 : place + 1] = ["ư", "ơ"]
            return
        if letter == "a" and place and letters[place - 1] == "u" and letters[place - 2 : place] != ["q", "u"]:
            letters[place - 1] = "ư"
            return
        if letter in _HORNS:
            letters[place] = _HORNS[letter]
            return
    letters.append("ư")


def vni(word: str) -> str | None:
    """The shaped syllable that raw VNI digits mean, else None."""
    if not word.isascii() or len(word) > 11 or not word[:1].isalpha() or not any(c.isdigit() for c in word):
        return None
    letters: list[str] = []
    tone = ""
    for key in word:
        if key in _DIGITS:
            tone = _DIGITS[key] if not tone else "?"
        elif key == "6" and (found := [n for n, c in enumerate(letters) if c in _HATS]):
            letters[found[-1]] = _HATS[letters[found[-1]]]
        elif key in "78" and letters:
            _horn(letters)
        elif key == "9" and letters[:1] == ["d"]:
            letters[0] = "đ"
        elif key.isdigit():
            return None
        else:
            letters.append(key)
    if tone == "?":
        return None
    return _accepted(letters, tone)


def _accepted(letters: list[str], tone: str) -> str | None:
    made = "".join(letters).replace("ưo", "ươ")  # one w is enough for both
    return made + tone if made.translate(_PLAIN) in LEGAL else None


class Keys(Struct, frozen=True):
    """What a folded word means as raw keys: `sure`, or only beside a sure one; both None: no keys."""

    sure: str | None = None
    perhaps: str | None = None


@lru_cache(maxsize=20_000)
def keys(word: str) -> Keys:
    """The shaped syllable that was typed as raw Telex or VNI. What may be a word or a number of its own ("sex",
    "muc2") counts only in company; what counts something ("thon3") never."""
    if found := telex(word):
        return Keys(perhaps=found) if word in _UNSURE else Keys(sure=found)
    if found := vni(word):
        if word.rstrip("0123456789") in _COUNTED:
            return Keys()
        ends = word[:-1].isalpha() and word[-1] in _DIGITS
        return Keys(perhaps=found) if ends else Keys(sure=found)
    return _NONE


_NONE = Keys()


def split(word: str, known: Container[str] = ()) -> tuple[str, ...]:
    """Syllables that were run together: fewest first, then most of them `known`; the word alone where it
    holds none. Short pieces are no sign of ours ("ca-ra-o-ke")."""
    if (
        not 6 <= len(word) <= 40
        or not word.isascii()
        or not word.isalpha()
        or word in LEGAL
        or word in _FOREIGN
    ):
        return (word,)
    best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ()), *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 7), end):
            before, piece = best[start], word[start:end]
            if before is not None and piece in LEGAL:
                cost = before[0] + (1.0 if piece in known else 1.3)
                if best[end] is None or cost < (best[end] or before)[0]:
                    best[end] = cost, (*before[1], piece)
    found = best[-1]
    return found[1] if found and len(word) / len(found[1]) > 2.6 else (word,)
