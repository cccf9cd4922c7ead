"""Tracking codes: an author's secret, easy to read aloud.

"NS" and ten symbols of base 32 without I, L, O and U: nine that hold the secret (45 bits) and a check symbol, which
finds every single slip and nearly every swap of neighbours before anything is looked up.
"""

import re

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET = 9  # symbols, each of five bits
LENGTH = SECRET + 1
_READ = str.maketrans("OIL", "011")
# With the prefix, or alone when digits are among the letters; spaces and hyphens anywhere.
_CODE = re.compile(
    r"(?<![\w])(?:NS[ .:-]{0,2})((?:[0-9A-Z][ .-]{0,2}){9}[0-9A-Z])(?![\w])", re.IGNORECASE | re.ASCII
)
_LIKE = re.compile(r"(?<![\w])NS[ .:-]{0,2}[0-9A-Z]{2,4}[ .-][0-9A-Z.-]{2,12}(?![\w])", re.ASCII)
_BARE = re.compile(
    r"(?<![\w])([0-9A-Z]{3}[ -]?[0-9A-Z]{3}[ -]?[0-9A-Z]{4})(?![\w])", re.IGNORECASE | re.ASCII
)


def make(secret: bytes) -> str:
    """The code of nine numbers below 32, as `read` returns it: ten symbols."""
    body = "".join(SYMBOLS[number] for number in secret)
    return body + SYMBOLS[-_sum(body, 2) % 32]


def secret(code: str) -> bytes:
    """The nine numbers of a code."""
    return bytes(SYMBOLS.index(symbol) for symbol in code[:SECRET])


def spelled(code: str) -> str:
    """As people see and say it: "NS-7K3-M9Q-PX2H"."""
    return f"NS-{code[:3]}-{code[3:6]}-{code[6:]}"


def read(text: str) -> str | None:
    """The code that a text holds; None if it holds none without a slip."""
    for pattern in (_CODE, _BARE):
        for found in pattern.finditer(text[:2_000]):
            code = re.sub(r"[ .-]", "", found.group(1)).upper().translate(_READ)
            if pattern is _BARE and not _alone(text, found.group(), code):
                continue
            if "U" not in code and _sum(code, 1) % 32 == 0:
                return code
    return None


def _alone(text: str, written: str, code: str) -> bool:
    """Whether what has no prefix is a code: nearly all that was typed, and no phone number or word. In a story
    "quan mo 22h thay" has the same shape."""
    beside = text.replace(written, " ", 1).split()
    return len(beside) <= BESIDE and not (code.isdigit() or code.isalpha())


BESIDE = 2  # words: "mã của"


def meant(text: str) -> bool:
    """Whether a text holds what looks like a code, right or with a slip."""
    return _CODE.search(text[:2_000]) is not None or _LIKE.search(text[:2_000]) is not None


def _sum(symbols: str, factor: int) -> int:
    """Luhn's sum, in base 32: every second symbol from the right counts twice, its own carry added."""
    total = 0
    for symbol in reversed(symbols):
        value = SYMBOLS.index(symbol) * factor
        total += value // 32 + value % 32
        factor = 3 - factor
    return total
