"""Where something is: the units of today that a text names, by any name they have or had, as people type it.

What is in force wins over what was, the own province over the others, and a former name leads to all that was
made of it. Traps: vietnamese-text.md, section 7. `units.csv` is made by gather_units.py.
"""

import csv
import math
import re
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from rapidfuzz import process
from rapidfuzz.distance import OSA

from content import syllables
from content.normalise import clean, fold

LONGEST = 4_000  # characters that are read
CHOICES = 3  # more is no question that anybody answers
TYPO = 7  # letters; in shorter names one letter makes another name
FAR = 25.0  # km; 99.9 % of the former communes' centres lie nearer to one of today's
_BOUNDS = (6.0, 23.5, 102.0, 116.0)  # degrees: south, north, west, east, with the islands
_DEGREE = 111.2  # km of latitude
_APART = 100_000  # added to the numbers of communes that are provinces' numbers too

_COMMUNE = frozenset(["xã", "phường", "thị trấn", "đặc khu"])
_DISTRICT = frozenset(["huyện", "quận", "thị xã", "thành phố"])
_PROVINCE = frozenset(["tỉnh", "thành phố"])
# What is written before a name, folded: its kind.
_KINDS = {
    "xa": "xã", "x": "xã", "phuong": "phường", "p": "phường", "f": "phường", "huyen": "huyện", "h": "huyện",
    "quan": "quận", "q": "quận", "tinh": "tỉnh", "t": "tỉnh", "tp": "thành phố", "tt": "thị trấn", "tx": "thị xã",
    "thi tran": "thị trấn", "thi xa": "thị xã", "thanh pho": "thành phố", "dac khu": "đặc khu", "dk": "đặc khu",
}  # fmt: skip
_KIND_ENDS = frozenset(kind.split()[-1] for kind in _KINDS)
_COMMUNITIES = {
    "thon": "thôn", "lang": "làng", "plei": "plei", "to": "tổ", "to dan pho": "tổ dân phố", "tdp": "tdp",
    "khoi": "khối", "khu pho": "khu phố", "kp": "kp", "xom": "xóm", "doi": "đội",
}  # fmt: skip


def _each(text: str) -> frozenset[str]:
    return frozenset(syllables.shaped(word) for word in text.split())


# Compared as written with accents, or without any.
_TYPES = {
    syllables.shaped(word) for kind in (*_KINDS.values(), *_COMMUNITIES.values()) for word in kind.split()
}
_AT = _each("ở tại về thuộc từ đến qua lên xuống bàn ubnd o")  # địa bàn
_STREETS = _each(
    "đường phố trường hẻm kiệt ngõ quán hàng tiệm shop ty chùa cầu thcs thpt học non thôn làng xóm tổ khối đội tdp kp plei "
    "duong pho truong quan thon lang xom"
)
_PEOPLE = _each("ông bà anh chị cô chú bác em cháu thầy thằng ong ba chi chu bac thay")
_SPOUSE = _each("ông bà ong")
_FORMERLY = _each("cũ cu")
_COUNTED = _each(
    "người nguoi tháng ngày năm lần giờ tuổi con cái hộ nhà đứa chiếc triệu nghìn đồng"
)  # "tổ 3 người"
_NO_NAMES = _each(
    "tôi toi tui em mình minh này nay đó kia ấy nào nao nghề nghe xã xa xóm xom bản văn van hóa hoa có co ai bị bi của cua không khong "
    "ở o tại là la thì được và với cũng đang sẽ đã trong ngoài trên dưới gì chúng ta họ nó ông bà anh chị trưởng truong phó hòa giải công "
    "đại hình dịch an dân tự quản"
)


class Unit(Struct, frozen=True, gc=False):
    """A province or a commune of today, by its official code; `parent` is the province it lies in.

    Communes numbered below 100 (all in Hà Nội) have 100,000 added: provinces have the same numbers.
    """

    code: int
    name: str
    kind: str
    parent: int | None
    latitude: float | None
    longitude: float | None


class Former(Struct, frozen=True, gc=False):
    """A unit that is no more, or a name that is not official; `into` holds the codes of today, the likeliest first."""

    name: str
    kind: str
    district: str
    "The former district it lay in; empty for a district, a province."
    province: str
    "The former province; empty for a province."
    into: tuple[int, ...]


class Found(Struct, frozen=True):
    """Where a text is about; all empty but `community` where only that is named."""

    unit: int | None = None
    "Its code, when it is surely one."
    choices: tuple[int, ...] = ()
    "Two or three codes when it is ambiguous, the nearest meaning first."
    community: str | None = None
    "As written: “thôn 3”, “làng Kon K'Tu”."
    said: str = ""
    "The words that name it."
    former: bool = False
    "Whether the name is no longer in force."


Entry = Unit | Former


class _Token(Struct, frozen=True, gc=False):
    """A word by itself; `raw` of raw Telex or VNI keys is what they mean."""

    form: str
    shaped: str
    raw: tuple[str, str] | None = None


class _Word(Struct, frozen=True, gc=False):
    """A word in its place in the text."""

    form: str
    shaped: str
    start: int
    end: int
    capital: bool
    apart: bool
    "Whether more than space stands before it."


class _Rank(NamedTuple):
    """How likely a unit is meant, the least the likeliest."""

    missed: int
    "Words accented otherwise, tenfold, and words whose accents are missing where others have theirs."
    alone: int
    "-2 where its former district stands beside it, -1 where its province does."
    now: int
    "Whether it is in force though “cũ” is said."
    off: int
    "Whether what is said is of another tier."
    away: int
    "Whether it lies in another province than ours."
    inexact: int
    "Whether another kind of the same tier is said."
    gone: int
    moved: int
    "Whether another former province than its own stands beside it."
    tier: int


class _Mention(Struct):
    """Words `first` to `last` (not included) that are a name, a kind before it and "cũ" after it included."""

    first: int
    last: int
    key: str
    entries: list[tuple[int, Entry]]
    "Each with its `missed` of _Rank."
    kind: str | None
    former: bool
    strong: bool
    "Whether it needs no other name beside it to be one."


_WORD = re.compile(
    r"(?:[^\W_]|[\u0300-\u036f\u200b-\u200f\u2060\u00ad\ufeff])+(?:['\u2019\u02bc`](?:[^\W_]|[\u0300-\u036f])+){0,9}"
)
_QUOTES = re.compile(r"['\u2019\u02bc`]")
_NUMBERED = re.compile(r"([pqf]|thon|to|tdp|kp|xom|doi|khoi)(\d{1,2}[a-e]?)")
_SPACE = frozenset(["", " ", ".", ". ", " - ", "-", " – ", "–", "  "])
_NUMBER = re.compile(r"\d{1,2}[a-e]?")
_SAME = re.compile(r"(?<=[hklmstv])y$|(?<=qu)y$")
_WAYS = {"dac": "dak", "ngoc": "ngok", "ya": "ia", "pley": "plei"}
_ALWAYS = {"dak": "đăk", "ngok": "ngok", "ia": "ia", "plei": "plei"}


def _alike(plain: str) -> str:
    """What differs in spelling only: Đăk, Đắc; Ngọk, Ngọc; Ia, Ya; Mỹ, Mĩ."""
    plain = _WAYS.get(plain, plain)
    return _SAME.sub("i", plain)


@lru_cache(maxsize=10_000)  # the same words come again and again
def _token(written: str) -> _Token:
    word = _QUOTES.sub("", clean(written)).strip()
    plain = fold(word)
    form = _alike(plain)
    keys = syllables.keys(plain).sure if word == plain else None
    raw = (_alike(fold(clean(keys))), _ALWAYS.get(_alike(fold(clean(keys))), keys)) if keys else None
    return _Token(form, _ALWAYS.get(form) or _SAME.sub("i", syllables.shaped(word)), raw)


@lru_cache(maxsize=2_000)
def _named(name: str) -> tuple[tuple[str, str], ...]:
    """The form and the shape of each word of a name."""
    return tuple((word.form, word.shaped) for word in map(_token, _WORD.findall(name)))


# Names of the province that are ordinary words, or people whom streets are named after.
_ORDINARY = frozenset(
    "".join([form for form, _ in _named(name)])
    for name in re.split(
        ", ",
        "An Phú, Bờ Y, Ba Bích, Ba Cung, Ba Dinh, Ba Điền, Ba Động, Ba Gia, Ba Giang, Ba Khâm, Ba Lế, Ba Liên, Ba Nam, Ba Tiêu, Ba Tô, "
        "Ba Trang, Ba Vì, Ba Vinh, Ba Xa, Bình An, Bình Đông, Bình Dương, Bình Hòa, Bình Long, Bình Minh, Bình Phước, Chánh Lộ, "
        "Chợ Chùa, Đoàn Kết, Đông Sơn, Đức Hòa, Đức Minh, Đức Phong, Đức Phú, Duy Tân, Hành Đức, Hành Minh, Hành Phước, Hành Thiện, "
        "Hiếu, Hòa Bình, Khánh Cường, Lê Hồng Phong, Lê Lợi, Long Mai, Long Phụng, Long Sơn, Minh Long, Mỏ Cày, Nghĩa Hòa, Nghĩa Lộ, "
        "Nghĩa Thương, Nghĩa Trung, Ngô Mây, Ngọc Linh, Nguyễn Nghiêm, Nguyễn Trãi, Phổ An, Phổ Minh, Phổ Quang, Quang Trung, "
        "Quyết Thắng, Sơn Ba, Sơn Cao, Sơn Hà, Sơn Hải, Sơn Kỳ, Sơn Mai, Sơn Màu, Sơn Tây, Sơn Thành, Sơn Thủy, Sơn Thượng, Sơn Tịnh, "
        "Tân Lập, Thắng Lợi, Thanh An, Thống Nhất, Tịnh An, Trà Giang, Trần Hưng Đạo, Trần Phú, Trường Chinh, Trường Giang, Văn Xuôi, "
        "Vệ Giang, Vinh Quang, Xốp",
    )
)


def _tier(entry: Entry) -> int:
    """0 a commune, 1 a district, 2 a province."""
    if isinstance(entry, Unit):
        return 2 if entry.parent is None else 0
    return 0 if entry.district else 1 if entry.province else 2


def _fits(entry: Entry, kind: str) -> bool:
    """Whether it is of the kind's tier."""
    return kind in (_COMMUNE, _DISTRICT, _PROVINCE)[_tier(entry)]


class Places:
    """Finds units; immutable. `own`: the service's province."""

    def __init__(self, units: Iterable[Unit], formers: Iterable[Former], own: int | None) -> None:
        self.own = own
        self._units = {unit.code: unit for unit in units}
        index: dict[str, tuple[Entry, ...]] = {}
        near: set[str] = set()
        longest: dict[str, int] = {}
        known: set[str] = set()
        entries: list[Entry] = [*self._units.values(), *formers]
        for entry in entries:
            words = [form for form, _ in _named.__wrapped__(entry.name)]
            key = sys.intern("".join(words))
            index[key] = (*index.get(key, ()), entry)
            known.update(words)
            longest[words[0]] = max(longest.get(words[0], 0), len(words) + entry.name.count("'"))
            if len(key) >= TYPO and self._province(entry) == own:
                near.add(key)
        self._index, self._known, self._longest = index, frozenset(map(sys.intern, known)), longest
        self._near = tuple(sorted(near))
        centres = sorted(
            (unit.latitude, unit.longitude, unit.code)
            for unit in self._units.values()
            if unit.parent is not None and unit.latitude is not None and unit.longitude is not None
        )
        self._centres = tuple(centres)

    def __getitem__(self, code: int) -> Unit:
        return self._units[code]

    def get(self, code: int) -> Unit | None:
        """The unit, or None where there is none of this code."""
        return self._units.get(code)

    def named(self, code: int, province: bool = True) -> str:
        """As it is called today: "xã Đăk Hà, tỉnh Quảng Ngãi"; raises KeyError where there is no such unit."""
        unit = self._units[code]
        name = f"{unit.kind} {unit.name}"
        return f"{name}, {self.named(unit.parent)}" if province and unit.parent is not None else name

    def nearest(self, latitude: float, longitude: float) -> int | None:
        """The commune whose centre is nearest; None where none is within FAR. Near a border, of communes too, it
        may be the neighbour, and beside Laos or Cambodia the nearest of ours: borders are not known here."""
        south, north, west, east = _BOUNDS
        if not (south <= latitude <= north and west <= longitude <= east):
            return None
        wide, best, found = math.cos(math.radians(latitude)), (FAR / _DEGREE) ** 2, None
        at = bisect_left(self._centres, (latitude - FAR / _DEGREE, 0.0, 0))
        for north, east, code in self._centres[at:]:
            if north > latitude + FAR / _DEGREE:
                break
            away = (north - latitude) ** 2 + ((east - longitude) * wide) ** 2
            if away < best:
                best, found = away, code
        return found

    def find(self, text: str, alone: bool = False) -> Found | None:
        """The unit that a text names, else None. `alone`: the text answers "where?", so that bare names count."""
        text = unicodedata.normalize("NFKC", text[:LONGEST])
        words = self._words(text)
        mentions = self._mentions(words, alone)
        community = _community(text, words, mentions, alone)
        best = self._chosen(mentions)
        if best is None:
            return Found(community=community, said=community) if community else None
        mention, codes, former = best
        said = text[words[mention.first].start : words[mention.last - 1].end]
        if len(codes) == 1:
            return Found(codes[0], (), community, said, former)
        return Found(None, codes[:CHOICES], community, said, former)

    def _words(self, text: str) -> list[_Word]:
        words: list[_Word] = []
        ended = 0
        calm = text != text.upper()  # capitals tell nothing when all are
        for match in _WORD.finditer(text):
            written = match[0]
            if len(written) > 40:
                continue
            token = _token(written)
            form, shaped = (
                token.raw if token.raw and token.form not in self._known else (token.form, token.shaped)
            )
            start, end = match.span()
            apart = text[ended:start] not in _SPACE
            if not form.isalpha() and (parts := _NUMBERED.fullmatch(form)):  # thon3
                middle = start + len(parts[1])
                words.append(_Word(parts[1], parts[1], start, middle, False, apart))
                words.append(_Word(parts[2], parts[2], middle, end, False, False))
            elif form:
                words.append(_Word(form, shaped, start, end, calm and written[0].isupper(), apart))
            ended = end
        return words

    def _mentions(self, words: list[_Word], alone: bool) -> list[_Mention]:
        found: list[_Mention] = []
        place = 0
        while place < len(words):
            mention = self._mention(words, place, alone)
            if mention is None:
                place += 1
                continue
            while found and mention.strong and not found[-1].strong and found[-1].last > mention.first:
                found.pop()
            found.append(mention)
            place = mention.last if mention.strong else place + 1
        return found

    def _mention(self, words: list[_Word], place: int, alone: bool) -> _Mention | None:
        """The longest name that begins here, else what may be one misspelt."""
        first = words[place].form
        before = words[place - 1].form if place else ""
        if first not in self._longest and first not in self._index and before not in _KIND_ENDS and place:
            return None
        if f"{before} {first}" in _KINDS:
            return None  # thành phố Huế is no phố Huế
        typed: tuple[str | None, int] | None = None
        for count in range(_joint(words, place, self._longest.get(first, 1)), 0, -1):
            key = first if count == 1 else "".join([word.form for word in words[place : place + count]])
            entries = self._index.get(key)
            if entries is None:
                continue
            typed = typed or _kind(words, place)
            accented = any(not word.shaped.isascii() for word in words[typed[1] : place])
            fitting = self._fitting(entries, words[place : place + count], typed[0], accented)
            if fitting:
                return self._made(words, place, count, key, fitting, typed, alone)
        typed = typed or _kind(words, place)
        if not typed[0] and (
            not alone or first in _KINDS or words[place].shaped in _AT or (place and before not in _AT)
        ):
            return None
        for count in range(_joint(words, place, 4), 0, -1):
            if near := self._misspelt("".join([word.form for word in words[place : place + count]])):
                fitting = [(1, entry) for entry in self._index[near] if self._province(entry) == self.own]
                return self._made(words, place, count, near, fitting, typed, alone)
        return None

    def _fitting(
        self, entries: tuple[Entry, ...], words: list[_Word], kind: str | None, accented: bool
    ) -> list[tuple[int, Entry]]:
        """Those whose words and accents agree best with what is written, each with its `missed` of _Rank."""
        found: list[tuple[int, Entry]] = []
        for entry in entries:
            name = _named(entry.name)
            if self._foreign(entry, words, kind) or (words[0].form.isdigit() and entry.kind != kind):
                continue
            missed = _missed(words, name, "'" in entry.name, accented)
            if missed is not None:
                found.append((missed, entry))
        least = min((missed for missed, _ in found), default=0)
        if least >= 20 or (least >= 10 and not kind and len(words) < 3):
            return []
        return [one for one in found if one[0] == least]

    def _foreign(self, entry: Entry, words: list[_Word], kind: str | None) -> bool:
        """Whether it lies in another province, and another kind or a single word does not tell it."""
        if _tier(entry) == 2 or self._province(entry) == self.own:
            return False
        if len(words) == 1 and (words[0].form in syllables.LEGAL or words[0].form.isdigit()):
            return kind != entry.kind or words[0].shaped != _named(entry.name)[0][1]
        return kind is not None and kind != entry.kind

    def _misspelt(self, key: str) -> str | None:
        """The one name of the province at one edit, if no other is."""
        if not TYPO <= len(key) <= 30:
            return None
        near = process.extract(key, self._near, scorer=OSA.distance, score_cutoff=1, limit=2)
        return near[0][0] if len(near) == 1 and near[0][1] else None  # at none its accents were others

    def _made(
        self,
        words: list[_Word],
        place: int,
        count: int,
        key: str,
        entries: list[tuple[int, Entry]],
        typed: tuple[str | None, int],
        alone: bool,
    ) -> _Mention:
        kind, begins = typed
        if kind and not any(_fits(entry, kind) for _, entry in entries):
            kind, begins = None, place  # "quan" may be "quán"
        last = place + count
        former = last < len(words) and words[last].shaped in _FORMERLY
        before = words[begins - 1].shaped if begins else ""
        found = [entry for _, entry in entries]
        answers = alone and len(words) - count <= 3
        strong = bool(kind or former) or (
            before not in _STREETS and (answers or self._speaks(found, words[place:last], key, before))
        )
        return _Mention(begins, last + former, key, entries, kind, former, strong)

    def _speaks(self, entries: list[Entry], name: list[_Word], key: str, before: str) -> bool:
        """Whether words in a story are a name, though nothing says of what kind."""
        ours = [entry for entry in entries if self._province(entry) == self.own]
        if before in _AT:
            return bool(ours) or any(_tier(entry) == 2 for entry in entries)
        capitals = all(word.capital for word in name)
        if not ours:
            return capitals and len(name) > 1 and any(_tier(entry) == 2 for entry in entries)
        large = any(isinstance(entry, Unit) or _tier(entry) for entry in ours)
        if before in _PEOPLE and (key in _ORDINARY or not large):
            return False
        foreign = any(form not in syllables.LEGAL for form, _ in _named(ours[0].name))
        if capitals and (len(name) > 1 or foreign):
            return True
        if key in _ORDINARY:
            return False
        if foreign or len(name) > 2:
            return len(key) > 4
        return len(name) > 1 and large

    def _province(self, entry: Entry) -> int | None:
        if isinstance(entry, Unit):
            return entry.code if entry.parent is None else entry.parent
        unit = self._units.get(entry.into[0])
        return None if unit is None else unit.code if unit.parent is None else unit.parent

    def _chosen(self, mentions: list[_Mention]) -> tuple[_Mention, tuple[int, ...], bool] | None:
        """The mention that tells most, what it means, and whether by a former name."""
        best: tuple[tuple[int, int, int], _Mention, tuple[int, ...], bool] | None = None
        for at, mention in enumerate(mentions):
            # The larger unit comes after, or before what is said to be of a kind.
            beside = [other for other in mentions[at + 1 : at + 4] if 0 <= other.first - mention.last <= 1]
            if mention.kind:
                before = mentions[max(0, at - 3) : at]
                beside += [other for other in before if 0 <= mention.first - other.last <= 1]
            if not mention.strong and not beside:
                continue
            ranked = sorted(
                (self._rank(mention, missed, entry, beside), n)
                for n, (missed, entry) in enumerate(mention.entries)
            )
            rank = ranked[0][0]
            if not mention.strong and not rank.alone:
                continue
            codes, former = self._meant(mention, ranked)
            order = (rank.alone, rank.tier, at)
            if codes and (best is None or order < best[0]):
                best = order, mention, codes, former
        return None if best is None else best[1:]

    def _rank(self, mention: _Mention, missed: int, entry: Entry, beside: list[_Mention]) -> _Rank:
        tier, kind = _tier(entry), mention.kind
        away = self._province(entry) != self.own
        gone = isinstance(entry, Former)
        around = [self._within(entry, other) for other in beside]
        return _Rank(
            missed,
            -max((how for how, _ in around), default=0),
            mention.former and not gone,
            not _fits(entry, kind) if kind else away and tier < 2,
            away,
            kind is not None and entry.kind != kind,
            gone,
            not any(old for _, old in around),
            tier,
        )

    def _within(self, entry: Entry, other: _Mention) -> tuple[int, bool]:
        """2: what stands beside it says that it lay there, 1: that it lies in its province; and whether it is its
        former province that is named."""
        best, old = 0, False
        for _, around in other.entries:
            tier = _tier(around)
            if tier <= _tier(entry) or (other.kind and not _fits(around, other.kind)):
                continue
            if tier == 2:
                code = around.code if isinstance(around, Unit) else around.into[0]
                best = max(best, int(self._province(entry) == code))
                old = old or (isinstance(entry, Former) and entry.province == around.name)
            elif isinstance(around, Former):
                lies = (
                    entry.code in around.into
                    if isinstance(entry, Unit)
                    else (entry.district, entry.province) == (around.name, around.province)
                )
                best = max(best, 2 * lies)
        return best, old

    def _meant(self, mention: _Mention, ranked: Sequence[tuple[_Rank, int]]) -> tuple[tuple[int, ...], bool]:
        """The codes of the likeliest, with those that it would be wrong to leave out, and whether by a former name."""
        top = ranked[0][0]
        entries = [(rank, mention.entries[n][1]) for rank, n in ranked]
        alike = 5 if mention.former and not mention.kind else len(top)  # the former commune, town, district
        taken = [entry for rank, entry in entries if rank[:alike] == top[:alike]]
        former = all(isinstance(entry, Former) for entry in taken)
        if not mention.former and not top.alone:
            for rank, entry in entries:
                if rank.missed != top.missed:
                    continue
                if isinstance(entry, Unit) and former and (rank.off, rank.away) == (top.off, top.away):
                    taken.append(entry)  # today's of that name, of another kind
                elif not mention.kind and not top.tier and rank.tier == 2:
                    taken.append(entry)  # Kon Tum, the ward, or the former province
        codes = tuple(dict.fromkeys(c for e in taken for c in ((e.code,) if isinstance(e, Unit) else e.into)))
        if top.away and len(taken) > CHOICES:
            return (), False  # a name of many places in the country
        return codes, former


def _joint(words: list[_Word], place: int, most: int) -> int:
    """How many words from here on, `most` of them, are not parted by a comma or the like."""
    for count in range(1, min(most, len(words) - place)):
        if words[place + count].apart:
            return count
    return min(most, len(words) - place)


def _kind(words: list[_Word], place: int) -> tuple[str | None, int]:
    """The kind that is written before a name, and where that begins."""
    if not place or (place < len(words) and words[place].apart):
        return None, place
    last = words[place - 1]
    if place > 1 and last.form in ("tran", "xa", "pho", "khu"):
        kind = _KINDS.get(f"{words[place - 2].form} {last.form}")
        if kind and _typed(words[place - 2]) and _typed(last):
            return kind, place - 2
    kind = _KINDS.get(last.form)
    if kind is None or not _typed(last):
        return None, place
    if (
        last.form == "xa"
        and (
            (place > 1 and words[place - 2].shaped in _SPOUSE)  # ông xã
            or (
                words[place : place + 1] and words[place].form == "hoi" and not words[place].capital
            )  # xã hội an toàn
        )
    ):
        return None, place
    return kind, place - 1


def _typed(word: _Word) -> bool:
    """Whether a word is one of the types: accented as it should be, or not at all."""
    return word.shaped.isascii() or word.shaped in _TYPES


def _missed(
    words: list[_Word], name: tuple[tuple[str, str], ...], apostrophe: bool, accented: bool
) -> int | None:
    """The `missed` of _Rank; None where they are other words that only join to the same letters."""
    if len(words) == len(name):
        pairs = list(zip(words, name, strict=True))
        if any(word.form != form for word, (form, _) in pairs):
            return None
        bare = int(accented or any(not word.shaped.isascii() and word.form not in _ALWAYS for word in words))
        return sum(
            bare if word.shaped.isascii() else 10 for word, (_, shape) in pairs if word.shaped != shape
        )
    if len(words) == 1 and len(words[0].form) > 4:
        return 10 * _joined(words[0].shaped, name)
    return 0 if apostrophe or not any(form in syllables.LEGAL for form, _ in name) else None


def _joined(shaped: str, name: tuple[tuple[str, str], ...]) -> int:
    """Whether a name written in one word has other letters; its tones are not looked at."""
    letters = "".join(c for _, shape in name for c in shape if not unicodedata.combining(c))
    mine = "".join(c for c in shaped if not unicodedata.combining(c))
    if len(mine) != len(letters):
        return 0
    return int(any(one != other and not one.isascii() for one, other in zip(mine, letters, strict=True)))


def _community(text: str, words: list[_Word], mentions: list[_Mention], alone: bool) -> str | None:
    """The hamlet, village or group that is named, as written."""
    starts = {mention.first for mention in mentions if mention.strong}
    inside = {n for mention in mentions if mention.strong for n in range(mention.first, mention.last)}
    place = 0
    while place < len(words):
        size = next((n for n in (3, 2, 1) if _is_community(words[place : place + n], n)), 0)
        if size and place not in inside:
            end = _named_end(words, place + size, starts, alone)
            if end:
                return text[words[place].start : words[end - 1].end]
        place += size or 1
    return None


def _is_community(words: list[_Word], count: int) -> bool:
    return (
        len(words) == count
        and " ".join([word.form for word in words]) in _COMMUNITIES
        and all(_typed(word) for word in words)
    )


def _named_end(words: list[_Word], start: int, starts: set[int], alone: bool) -> int:
    """Where the number or name of a community ends; 0 where none follows."""
    if start >= len(words) or words[start].apart:
        return 0
    if _NUMBER.fullmatch(words[start].form):
        after = words[start + 1].shaped if start + 1 < len(words) else ""
        return 0 if after in _COUNTED and not words[start + 1].apart else start + 1
    end = start
    while end < len(words) and end - start < 3 and end not in starts and words[end].capital:
        if end > start and words[end].apart:
            break
        end += 1
    if end > start:
        return end
    if words[start].shaped in _NO_NAMES:
        return 0
    end = start
    while end < len(words) and end not in starts and not (end > start and words[end].apart):
        if end - start == 3:
            return 0
        end += 1
    placed = end in starts or alone or (end < len(words) and _kind(words, end + 1)[0] is not None)
    return end if end > start and placed else 0


def read(file: Path) -> tuple[list[Unit], list[Former], list[str]]:
    """The units of today, the former ones, and every mistake as `units.csv:<line>: what`."""
    units: list[Unit] = []
    formers: list[Former] = []
    mistakes: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        return units, formers, [f"{file.name}:0: {e}"]
    skipped = sum(line.startswith("#") for line in lines[:1])
    table = csv.DictReader(lines[skipped:])
    for row in table:
        rows.append((table.line_num + skipped, row))
    above: dict[str, dict[str, str]] = {}
    for _, row in rows:
        if row.get("into"):
            above.setdefault(row["code"], row)  # other names of a unit come after its own
    for line, row in rows:
        try:
            if row["into"]:
                formers.append(_former(row, above))
            else:
                units.append(_unit(row))
        except (KeyError, ValueError, TypeError) as e:
            mistakes.append(f"{file.name}:{line}: {type(e).__name__}: {e}")
    return units, formers, mistakes + _dangling(file.name, rows, units)


def _code(official: str) -> int:
    if len(official) not in (2, 5):
        raise ValueError(f"'{official}' is no code of a province or commune")
    code = int(official)
    return code + _APART if len(official) == 5 and code < 100 else code


def _unit(row: dict[str, str]) -> Unit:
    code, parent = row["code"], row["parent"]
    if (len(code) == 2) == bool(parent):
        raise ValueError("a commune has a parent, a province has none")
    if row["kind"] not in (_COMMUNE if parent else _PROVINCE) - {"thị trấn"}:
        raise ValueError(f"no kind of today: '{row['kind']}'")
    latitude, longitude = (float(row[which]) if row[which] else None for which in ("latitude", "longitude"))
    name, kind = sys.intern(row["name"]), sys.intern(row["kind"])
    return Unit(_code(code), name, kind, _code(parent) if parent else None, latitude, longitude)


def _former(row: dict[str, str], above: dict[str, dict[str, str]]) -> Former:
    district = province = ""
    if row["parent"]:
        parent = above[row["parent"]]
        province = parent["name"]
        if parent["parent"]:
            district, province = parent["name"], above[parent["parent"]]["name"]
    into = tuple(map(_code, row["into"].split()))
    name, kind = sys.intern(row["name"]), sys.intern(row["kind"])
    return Former(name, kind, sys.intern(district), sys.intern(province), into)


def _dangling(name: str, rows: list[tuple[int, dict[str, str]]], units: list[Unit]) -> list[str]:
    """Codes that stand twice, or lead nowhere."""
    mistakes: list[str] = []
    codes = {row["code"] for _, row in rows if not row.get("into")}
    seen: set[str] = set()
    for line, row in rows:
        if row.get("into"):
            missing = [code for code in row["into"].split() if code not in codes]
        else:
            missing = [code for code in [row.get("parent") or ""] if code and code not in codes]
            if row["code"] in seen:
                mistakes.append(f"{name}:{line}: code {row['code']} stands twice")
            seen.add(row["code"])
        mistakes += [f"{name}:{line}: there is no unit {code}" for code in missing]
    return mistakes
