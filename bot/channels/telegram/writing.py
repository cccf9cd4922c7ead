"""Our messages to what Telegram takes. Pure."""

import re
import unicodedata
from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from storage.shapes import Choice

LONGEST = 4_096  # UTF-16 units of a text
CAPTION = 1_024
BUTTONS = 100
LABEL = 60  # characters: longer ones are cut by phones anyway

_GOOD = {"send"}
_BAD = {"do/discard", "do/forget.yes"}
_BORDERS = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.!?…:;])\s"), re.compile(r"\s"))


def parts(text: str, longest: int = LONGEST) -> list[str]:
    """The text in pieces that Telegram takes: cut between paragraphs, lines, sentences or words, in this
    order of liking; never inside a grapheme."""
    found: list[str] = []
    if 2 * len(text) <= longest:  # nearly always, and surely
        return [text] if text.strip() else [" "]
    while units(text) > longest:
        at = _cut(text, longest)
        found.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [part for part in (*found, text) if part] or [" "]


def units(text: str) -> int:
    """Telegram counts UTF-16 units."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def _cut(text: str, longest: int) -> int:
    used, end = 0, 0
    while used + units(text[end]) <= longest:
        used += units(text[end])
        end += 1
    head = text[:end]
    for border in _BORDERS:
        places = [m.end() for m in border.finditer(head) if m.end() > end // 2]
        if places:
            return places[-1]
    while end > 1 and _joins(text[end - 1], text[end]):
        end -= 1
    return end


def _joins(before: str, after: str) -> bool:
    """Whether two characters belong to one that people see."""
    zwj, flags = "\u200d", range(0x1F1E6, 0x1F200)
    return (
        unicodedata.combining(after) != 0
        or unicodedata.category(after) in ("Mn", "Me", "Mc")
        or zwj in (before, after)
        or 0xFE00 <= ord(after) <= 0xFE0F
        or 0x1F3FB <= ord(after) <= 0x1F3FF
        or (ord(before) in flags and ord(after) in flags)
    )


def keyboard(choices: Sequence[Choice]) -> InlineKeyboardMarkup | None:
    """One button a line, as phones show long Vietnamese labels whole; short ones share a line."""
    rows: list[list[InlineKeyboardButton]] = []
    for choice in choices[:BUTTONS]:
        made = InlineKeyboardButton(
            _label(choice.label), callback_data=choice.name, style=_style(choice.name)
        )
        room = rows and len(rows[-1]) == 1 and len(rows[-1][0].text) + len(choice.label) <= 26
        rows[-1].append(made) if room else rows.append([made])
    return InlineKeyboardMarkup(rows) if rows else None


def _label(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1].rstrip() + "…"


def _style(name: str) -> str | None:
    return "success" if name.rpartition("/")[2] in _GOOD else "danger" if name in _BAD else None
