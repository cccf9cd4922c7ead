"""When something happened, as people say it: "tối qua", "t7 tuan truoc 22h30", "mùng 3 Tết", "every evening".

A text is first brought to letters without marks, each in its place, so that what was read can be shown as
written. Marks decide where there are any: "tôi qua" is somebody who came over, "toi qua" last night. Then the
first words of the rules are looked for; what the rules find is put together: the first day, the first part of
the day, the first hour, and an end after "đến".
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from lunar_vn.core import convert_lunar_to_solar, convert_solar_to_lunar
from msgspec import Struct
from msgspec.structs import replace

from content.normalise import fold


class Moment(Struct, frozen=True):
    """A time as somebody told it."""

    said: str
    "The words, as written, parts that stand apart joined by an ellipsis."
    start: int | None = None
    "Milliseconds UTC; None: only a habit, or vague."
    end: int | None = None
    "Exclusive: what was said of an hour lasts an hour, of minutes a quarter."
    habit: bool = False
    "Told as repeated."


class _When(Struct, frozen=True):
    """From where times are reckoned."""

    now: datetime
    past: bool

    @property
    def today(self) -> date:
        return self.now.date()

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.now.tzinfo)

    def nearest(self, days: list[date]) -> date | None:
        """Of candidates; None: none lies on the right side of now."""
        if self.past:
            return max((day for day in days if day <= self.today), default=None)
        return min((day for day in days if day >= self.today), default=None)


class _Piece(Struct, frozen=True):
    """What one rule found; `read` puts pieces together."""

    days: tuple[date, date] | None = None
    "The first day, and the day after the last."
    part: str = ""
    "Of the day: a key of _PARTS."
    clock: tuple[int, int | None] | None = None
    "Hour and minutes; None: a whole hour was said."
    own: str = ""
    "The part of the day that stands beside the hour: am, pm or a key of _PARTS."
    span: tuple[datetime, datetime] | None = None
    habit: bool = False
    loose: bool = False
    "Counts only beside an hour or a day."


class _Found(Struct, frozen=True):
    at: int
    to: int
    piece: _Piece


_Reader = Callable[["re.Match[str]", _When], _Piece | None]

_DAY = timedelta(days=1)
_LATE = 6 * 60
"Minutes: earlier than this, an hour of the night belongs to the next day."
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)

# From, to: hours of the day, past 24 into the next one.
_PARTS: dict[str, tuple[int, int]] = {
    "rang sang": (1, 6), "mo sang": (4, 6), "sang som": (5, 8), "sang": (5, 11), "trua": (11, 13), "chieu": (13, 18), "xe chieu": (15, 18),
    "toi": (18, 29), "dem": (21, 29), "dem khuya": (22, 29), "khuya": (22, 29), "nua dem": (23, 26),
    "morning": (5, 12), "noon": (11, 13), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 29), "midnight": (23, 26),
}  # fmt: skip
_NIGHT = frozenset(["toi", "dem", "dem khuya", "khuya", "nua dem", "evening", "night", "midnight"])
_MORNING = frozenset(["am", "rang sang", "mo sang", "sang som", "sang", "morning"])

# The words of the rules as they are written: with other marks they are other words, which no rule may read.
_WRITTEN = """
hôm tối sáng trưa chiều đêm rạng mờ sớm xế nửa ngày tháng năm tuần thứ chủ nhật giờ phút tiếng bữa
hổm rày hồi này rồi vừa trước nọ ngoái mùng mồng tết rằm tổ giêng chạp âm lịch dương sáu tám chín
mười mươi một bốn tư rưỡi rưởi kém khoảng lúc buổi vào đến từ cách đây đầu giữa cuối cũng mỗi hằng
hàng mọi suốt cả mấy vài gần hơn cứ là lại nào lâu đợt dịp lễ quốc khánh giáng đoan ngọ ông táo hiện
dạo thời số nhà hẻm kiệt ngõ đường lô lần người tầng đứa chuyến vợ cái câu điều hạng triệu tỷ tỉ
điểm đồng nghìn ngàn mét nghị định quyết luật thửa tờ thôn đội giá về kể tận tới giừ chừ ở sổ bài
xưa bấy liền lớp chồng chị cô bà bé thừa thường thâu đó ấy mà hồ làm việc lượt vụ nguyên đán hùng
vương cúng xóm lộ tỉnh phòng được suất hộ bên bàn mục khóa thể tuổi chú bác cậu thím dượng
"""
_MARKED = {word: fold(word) for word in _WRITTEN.split()} | {"tới": "den", "giỗ": "gyo", "kìa": "kya", "nãy": "nyy", "mơi": "mai", "mới": "mwi", "bây": "byy", "bảy": "bxy", "bẩy": "bxy", "mốt": "mzt"} | {"tới": "den", "giỗ": "gyo", "kìa": "kya", "nãy": "nyy", "mơi": "mai", "mới": "mwi", "bây": "byy", "bảy": "bxy", "bẩy": "bxy", "mốt": "mzt"}  # fmt: skip
# Without marks, beside words that have them, these are other words.
_BARE = re.compile(r"(?<!trung )\b(?:sang|ngay|thang|thu|nam|toi|hoi)\b")
_SPECIAL = str.maketrans({"–": "-", "—": "-", "\u0130": "I", "\u2019": "'"})
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0300-\u036f]")
_LETTERS = re.compile(r"[^\W\d_]+")
_ACCENTED = re.compile(r"(?<![^\W\d_])(?![a-z]+(?![^\W\d_]))[^\W\d_]+")
_TOKEN = re.compile(r"[a-z]+|[0-9]+")

_SMALL = {
    word: number
    for number, words in enumerate(
        ["mot", "hai", "ba", "bon tu", "nam lam", "sau", "bay bxy", "tam", "chin", "muoi"], 1
    )
    for word in words.split()
}
_EN_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_N = r"(?:[0-9]{1,2}|muoi mot|muoi hai|muoi|mot|hai|ba|bon|nam|sau|b[ax]y|tam|chin)"
_PART = "(?:rang sang|mo sang|sang som|sang|trua|xe chieu|chieu|toi|nua dem|dem khuya|dem|khuya)"
# "toi" without marks may be "tôi": then a verb or a kinship follows.
_NOT_I = "(?<!\\bcua )(?!toi (?:thay|nghe|di|ve|bi|co|da|dang|goi|bao|khong|muon|ra|la|xin|o|ten|dang|cung|va|duoc|lam|hoi|noi)\\b)"
_WEEKDAY = r"(?:(?:thu|t) ?(?:[2-7]|hai|ba|tu|nam|sau|b[ax]y)|(?:chu nhat|cn))(?![\w/.,]?[0-9])\b"
_YEAR = r"(?:,? nam (?P<year>[0-9]{4})\b|,? nam (?P<named>nay|ngoai|truoc|roi|qua|sau|toi)\b)?"
_BEFORE = r"(?<![\w/.:+%-])(?<![0-9],)"
_AFTER = r"(?![\w/:%]|[.,-][0-9])"

_RULES: dict[str, list[tuple[re.Pattern[str], _Reader]]] = {}
"By their first word; 0 stands for any number."


def _rule(firsts: str, pattern: str) -> Callable[[_Reader], _Reader]:
    """Registers a reader; rules of a word are tried as they stand here, those of one reader from the lowest."""

    def register(reader: _Reader) -> _Reader:
        for first in firsts.split():
            _RULES.setdefault(first, []).append((compiled, reader))
        return reader

    compiled = re.compile(pattern)
    return register


def _one(day: date) -> _Piece:
    return _Piece(days=(day, day + _DAY))


def _number(word: str) -> int:
    """A number of a clock, a month or a count, in digits or words."""
    if word.isdigit():
        return int(word)
    ten, _, rest = word.partition(" ")
    return _SMALL.get(word) or _EN_NUMBERS.get(word) or (_SMALL[ten] + _SMALL[rest])


# --- What is told as repeated


@_rule(
    "sang trua chieu toi dem khuya rang xe nua ngay hom bua tuan thang thu t cn chu cuoi luc khi nam",
    rf"(?:(?:{_PART}|ngay|hom|bua|tuan|thang|{_WEEKDAY}|cuoi tuan|luc|khi|nam) ){{1,3}}nao (?:ma )?(?:cung|cug|cx)\b",
)
@_rule("toi dem ngay chieu sang trua", r"(toi|dem|ngay|chieu|sang|trua) \1\b")
@_rule(
    "moi hang",
    rf"(?:moi|hang) (?:buoi )?(?:{_PART}|ngay|tuan|thang|nam|khi|lan|{_WEEKDAY}|cuoi tuan)\b(?: (?:{_PART}|{_WEEKDAY}))?(?! (?:nguoi|nha|ho|xe|dua|luot|qua|nay)\b)",
)
@_rule(
    "cu",
    rf"cu (?:(?:den|moi|khoang|hoi|vao) ){{0,2}}(?={_PART}\b|cuoi tuan|{_WEEKDAY}|[0-9]{{1,2}} ?(?:h|gio))",
)
@_rule("thuong", r"thuong (?:xuyen|hay)\b")
@_rule("suot", r"suot (?:ngay(?: (?:suot|thau) dem| dem)?|toi ngay)\b(?! (?:hom|qua|nay|[0-9]))")
@_rule("lau xua bay", r"(?:lau|xua|bay lau|bay) nay\b")
@_rule(
    "ban ve",
    rf"(?:ban {_PART}|ve (?:chieu|dem|khuya))(?! (?:qua|nay|hom|mai|thu|t[2-7]|cn|chu|ngay|[0-9]|luc|truoc|kia|do|ay|khi))\b",
)
@_rule(
    "every each all always for daily nightly",
    r"(?:(?:every|each) (?:single )?(?:other )?(?:day|night|evening|morning|afternoon|week|weekend|month|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b(?: (?:night|evening|morning|afternoon)\b)?|all the time|always|for (?:days|weeks|months)|daily|nightly)\b",
)
def _habit(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(habit=True)


_UNITS = {"gio": 0, "tieng": 0, "ngay": 1, "hom": 1, "bua": 1, "tuan": 7, "thang": 30, "nam": 365}


@_rule(
    "ca suot gan hon may vai nua 0 " + " ".join(_SMALL),
    rf"(?:(?:ca|suot|gan|hon) ){{0,2}}(?P<n>may|vai|nua|{_N})? ?(?P<unit>ngay|hom|bua|tuan|thang|nam) (?:nay|ray|qua|vua qua|vua roi|lien)\b",
)
def _lasting(found: "re.Match[str]", when: _When) -> _Piece | None:
    """ "cả tuần nay", "mấy hôm nay", "nửa tháng nay": until now, repeated."""
    word, unit = found["n"], found["unit"]
    if word is None and (_UNITS[unit] == 1 or found.group().startswith(unit)):
        return None
    if word in ("may", "vai"):
        days = 7 * max(_UNITS[unit], 1) if unit in ("ngay", "hom", "bua") else 4 * _UNITS[unit]
    else:
        days = _UNITS[unit] // 2 if word == "nua" else _UNITS[unit] * _number(word or "mot")
    begin = when.midnight(when.today - timedelta(days=days))
    return _Piece(span=(begin, when.now), habit=True)


@_rule("hom", r"hom ray\b|hom (?:roi|nay) ray\b")
def _lately(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(span=(when.midnight(when.today - timedelta(days=7)), when.now), habit=True)


# --- Reckoned from now


@_rule(
    "cach",
    rf"cach (?:day|nay) (?:(?:khoang|gan|hon|chung|tam) )?(?P<n>may|vai|nua|{_N}) ?(?P<unit>phut|p|tieng|gio|h|ngay|hom|bua|tuan|thang|nam)\b",
)
@_rule(
    "may vai nua 0 " + " ".join(_SMALL),
    rf"(?P<n>may|vai|nua|{_N}) ?(?P<unit>phut|p|tieng|gio|h|ngay|hom|bua|tuan|thang|nam) (?:ve )?truoc\b",
)
def _ago(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _reckoned(found["n"], found["unit"], when)


@_rule(
    "a an one two three four five six seven eight nine ten few several couple 0",
    r"(?P<n>a few|few|several|a couple of|couple of|an|a|one|two|three|four|five|six|seven|eight|nine|ten|[0-9]{1,2}) (?P<unit>minute|hour|day|week|month|year)s? ago\b",
)
def _ago_in_english(found: "re.Match[str]", when: _When) -> _Piece | None:
    unit = {"minute": "phut", "hour": "gio", "day": "ngay", "week": "tuan", "month": "thang", "year": "nam"}
    return _reckoned(found["n"], unit[found["unit"]], when)


def _reckoned(word: str, unit: str, when: _When) -> _Piece | None:
    """So many units before now; weeks, months and years are whole ones, "vài" is two to seven."""
    vague = word in ("may", "vai") or word.endswith(("few", "several", "of"))
    if unit in ("phut", "p", "tieng", "gio", "h"):
        one = timedelta(minutes=1) if unit in ("phut", "p") else _HOUR
        if vague:
            return _Piece(span=(when.now - 7 * one, when.now - one))
        begin = when.now - (one / 2 if word == "nua" else _number(word) * one)
        return _Piece(span=(begin, min(when.now, begin + max(one, _QUARTER))))
    size = _UNITS[unit]
    if vague:
        return _Piece(days=(when.today - 7 * size * _DAY, when.today - size * _DAY))
    if word == "nua":
        return _one(when.today - size // 2 * _DAY)
    if size == 1:
        return _one(when.today - _number(word) * _DAY)
    return _Piece(days=_whole(unit, -_number(word), when))


def _whole(unit: str, shift: int, when: _When) -> tuple[date, date]:
    """The calendar week (from Monday), month or year that lies so many away; years within what dates can hold."""
    if unit == "tuan":
        monday = when.today + (7 * shift - when.today.weekday()) * _DAY
        return monday, monday + 7 * _DAY
    if unit == "thang":
        return _month(when.today.year * 12 + when.today.month - 1 + shift)
    return date(when.today.year + shift, 1, 1), date(when.today.year + shift + 1, 1, 1)


def _month(index: int) -> tuple[date, date]:
    """A month by its number since the year 0, counted from January as 0."""
    return date(index // 12, index % 12 + 1, 1), date((index + 1) // 12, (index + 1) % 12 + 1, 1)


_NEAR = {
    "hom nay": 0, "bua nay": 0, "hnay": 0, "ngay nay": 0, "nay": 0, "today": 0, "hom qua": -1, "bua qua": -1, "hom wa": -1, "hqua": -1, "hqa": -1, "qua": -1, "wa": -1,
    "yesterday": -1, "hom kia": -2, "bua kia": -2, "hom kya": -3, "mai": 1, "ngay mai": 1, "tomorrow": 1, "mzt": 2, "ngay mzt": 2, "ngay kia": 2, "bua mzt": 2,
}  # fmt: skip
_VAGUE = "hom truoc|hom no|hom bua|bua hom|bua truoc|bua no|hom truoc do|may hom truoc"


@_rule("hom bua", rf"(?:{_VAGUE})\b(?! (?:khi|tet|le|[0-9]))")
@_rule("the other", r"the other (?:day|night|evening)\b")
def _some_days_ago(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(days=(when.today - 7 * _DAY, when.today - _DAY))


@_rule(
    "hom bua hnay hqua hqa ngay",
    r"(?:(?:hom|bua) (?:nay|qua|wa|kia|kya)|hnay|hqua|hqa|ngay (?:nay|mai|mzt|kia)|bua mzt)\b",
)
@_rule(
    "today yesterday tomorrow",
    r"(?:today|yesterday|tomorrow)\b(?: (?P<part>morning|noon|afternoon|evening|night))?",
)
def _near_day(found: "re.Match[str]", when: _When) -> _Piece | None:
    part = found.groupdict().get("part") or ""
    word = found.group().removesuffix(f" {part}") if part else found.group()
    day = when.today + _NEAR[word] * _DAY
    return _Piece(days=(day, day + _DAY), part=part)


@_rule("mai", r"mai\b(?! (?:mzt|sau|tang|la|hoa|thi))")
def _tomorrow(found: "re.Match[str]", when: _When) -> _Piece | None:
    """Mai is a name too: only where the future is asked for, and after no title."""
    named = re.search(
        r"(?:chi|co|em|ba|be|hoa|ten|nha|con|di|o|anh|ban|va) $",
        found.string[max(0, found.start() - 6) : found.start()],
    )
    return None if when.past or named else _one(when.today + _DAY)


@_rule(
    "sang trua chieu toi dem khuya rang mo xe nua",
    rf"{_NOT_I}(?P<part>{_PART})(?P<loose>)(?: (?:cua )?(?P<near>hom qua|hom wa|hom kia|hom kya|hom nay|bua qua|bua kia|hqua|hqa|hnay|qua|wa|nay|mai|mzt|ngay mai|{_VAGUE})\b)?(?![\w])",
)
@_rule(
    "hoi luc khi",
    rf"(?:hoi|luc|khi) {_NOT_I}(?P<part>{_PART})(?: (?P<near>hom qua|hom kia|hqua|qua|nay|mai)\b)?(?! (?:nao|[0-9]|thu|t[2-7]|chu|cn|ngay|hom))(?![\w])",
)
@_rule(
    "this last tonight at",
    r"(?P<near>this|last|at) (?P<part>morning|noon|afternoon|evening|night|midnight)\b|(?P<tonight>tonight)\b",
)
@_rule("t tqua", r"tqua\b")
def _part_of_day(found: "re.Match[str]", when: _When) -> _Piece | None:
    """ "tối qua", "sáng nay", "hồi trưa", "last night"; "tối" alone counts only beside a day or an hour."""
    said = found.groupdict()
    near = said.get("near") or ("nay" if said.get("tonight") else "")
    part = said.get("part") or ("night" if said.get("tonight") else "toi")
    if found.group() == "tqua":
        near = "qua"
    if not near and "loose" in said:
        return _Piece(part=part, loose=part != "nua dem")
    if not near or near == "at":
        return _Piece(part=part)
    if near in _VAGUE.split("|"):
        return replace(_some_days_ago(found, when) or _Piece(), part=part)
    days = {"this": 0, "last": -1} | _NEAR
    day = when.today + days[near] * _DAY
    return _Piece(days=(day, day + _DAY), part=part)


@_rule("hoi", r"hoi hom(?: qua)?\b(?! (?:nay|kia|bua|no|truoc|thu|t[2-7]|chu|cn|ngay|mung|[0-9]|tet|le))")
def _last_night(found: "re.Match[str]", when: _When) -> _Piece | None:
    yesterday = _one(when.today - _DAY)
    return yesterday if found.group().endswith("qua") else replace(yesterday, part="toi")


@_rule("hoi", r"hoi (?:som )?(?:mai|moi)(?: nay)?\b")
def _this_morning(found: "re.Match[str]", when: _When) -> _Piece | None:
    return replace(_one(when.today), part="sang")


@_rule("hoi luc ban vua khi nyy", r"(?:(?:hoi|ban|vua|khi) n[ay]y|luc nyy|nyy gio|vua (?:xong|moi|mwi))\b")
@_rule("just", r"just now\b")
def _just_now(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(span=(when.now - 2 * _HOUR, when.now))


@_rule("bay byy hien", r"(?:b[ay]y gi[ou]|hien gio|hien nay|hien tai)\b")
@_rule("right", r"right now\b")
def _at_present(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(span=(when.now, when.now + _QUARTER))


@_rule("gan dao thoi dao", r"(?:gan day|dao (?:nay|gan day)|thoi gian (?:qua|gan day|vua qua|nay))\b")
@_rule("lately recently", r"(?:lately|recently)\b")
def _some_time(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece()


# --- Days of the week, weeks, months, years

_WHICH = {
    "truoc": -1,
    "roi": -1,
    "qua": -1,
    "vua roi": -1,
    "vua qua": -1,
    "ngoai": -1,
    "nay": 0,
    "sau": 1,
    "toi": 1,
    "den": 1,
    "last": -1,
    "this": 0,
    "next": 1,
}
_WHICH_WORDS = "(?:vua roi|vua qua|truoc|roi|qua|ngoai|nay|sau|(?:toi|den)(?! (?:[0-9]|(?:thu|t|chu|cn|gio|nay|cuoi|tuan|thang|ngay|hom|sang|trua|chieu|dem|khuya|toi)(?![a-z]))))"
_ORDER = re.compile(r"\b(?:lan|nguoi|con|tang|dua|chuyen|vo|chong|cai|cau|dieu|hang|dot|lop|the|luot|bai|tap|ong|ba|em|nha|xe|ban|muc|khoa|diem|phuong an|va|be|ben|so|vi tri|giai doan) $")  # fmt: skip


@_rule(
    "thu chu cn",
    rf"(?:thu ?(?P<n>[2-7]|hai|ba|tu|nam|sau|b[ax]y)|chu nhat|cn)\b(?! ?[/.,:][0-9]| (?:dau|nhat) |,? (?:la|do la|ve) )(?: (?:(?P<week>tuan) )?(?P<which>{_WHICH_WORDS})\b)?",
)
@_rule("t", rf"t(?P<n>[2-7])\b(?:(?P<week> tuan)? (?P<which>{_WHICH_WORDS})\b)?")
def _weekday(found: "re.Match[str]", when: _When) -> _Piece | None:
    """ "thứ hai" is the last one in a report; after "lần", "người", beside "thứ nhất" it counts things."""
    word, text, at = found["n"], found.string, found.start()
    before = text[max(0, at - 12) : at]
    if _ORDER.search(before) or "thu nhat" in text[max(0, at - 200) : at]:
        return None
    if found.group()[0] != "t" or word is None:
        if found.group().startswith("cn") and not (
            found["which"] or _BESIDE.search(before) or not text[found.end() :].strip(" .,!?")
        ):
            return None
        day = 6
    else:
        day = (int(word) if word.isdigit() else _SMALL[word]) - 2
    short = found.group()[:2] in {f"t{n}" for n in range(2, 8)}
    if short and not (found["which"] or _BESIDE.search(before) or _HOURS.match(text, found.end())):
        return None
    return _one(_day_of_week(day, found["week"], found["which"], when))


_BESIDE = re.compile(rf"(?:{_PART}|ngay|hom|tuan|vao|den|tu|luc) $|^$")
_HOURS = re.compile(r",? (?:luc |khoang )?[0-9]{1,2} ?(?:h|g|gio|:)")


def _day_of_week(day: int, week: str | None, which: str | None, when: _When) -> date:
    """The nearest one before today, or after; that of a week where one was named."""
    shift = _WHICH[which] if which else None
    if shift is not None and ((week and which not in ("vua roi", "vua qua", "qua")) or shift == 0):
        return _whole("tuan", shift, when)[0] + day * _DAY
    back = when.past if shift is None else shift < 0
    gap = (when.today.weekday() - day - 1) % 7 + 1 if back else (day - when.today.weekday() - 1) % 7 + 1
    return when.today + (-gap if back else gap) * _DAY


_EN_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@_rule(
    "last this next on " + " ".join(_EN_DAYS),
    rf"(?:(?P<which>last|this|next) |on )?(?P<day>{'|'.join(_EN_DAYS)})\b(?: (?P<part>morning|afternoon|evening|night))?",
)
def _weekday_in_english(found: "re.Match[str]", when: _When) -> _Piece | None:
    which = found["which"]
    day = _day_of_week(_EN_DAYS.index(found["day"]), None, which, when)
    return replace(_one(day), part=found["part"] or "")


@_rule(
    "cuoi dau giua",
    rf"(?P<where>cuoi|dau|giua) (?P<unit>tuan|thang|nam)(?: (?P<which>{_WHICH_WORDS})\b)?\b(?! ?[0-9]| (?:gieng|chap|mot|hai|ba|tu|nam|sau|b[ax]y|tam|chin|muoi)\b)",
)
@_rule("tuan thang nam", rf"(?P<where>)(?P<unit>tuan|thang|nam) (?P<which>{_WHICH_WORDS})\b")
def _week_or_month(found: "re.Match[str]", when: _When) -> _Piece | None:
    """ "tuần trước", "đầu tháng", "cuối năm ngoái": a third of it; the weekend of a week."""
    unit, which = found["unit"], found["which"]
    if unit == "nam" and _COUNTED_YEARS.search(found.string[max(0, found.start() - 8) : found.start()]):
        return None
    days = _third(_whole(unit, _WHICH[which] if which else 0, when), found["where"], unit)
    if not which and when.past and days[0] > when.today:
        days = _third(_whole(unit, -1, when), found["where"], unit)
    return _Piece(days=days)


# "bà Năm rồi" is a name, "ba năm rồi" a duration.
_COUNTED_YEARS = re.compile(
    r"\b(?:[0-9]|may|mot|hai|ba|bon|sau|b[ax]y|tam|chin|muoi|ong|chi|anh|co|chu|bac|cau|di|duong|thim|em) $"
)


def _third(days: tuple[date, date], where: str, unit: str) -> tuple[date, date]:
    first, after = days
    if unit == "tuan":
        cuts = {"dau": (0, 2), "giua": (2, 4), "cuoi": (5, 7)}
    else:
        size = 10 if unit == "thang" else 120
        cuts = {"dau": (0, size), "giua": (size, 2 * size), "cuoi": (2 * size, (after - first).days)}
    if where not in cuts:
        return days
    begin, end = cuts[where]
    return first + begin * _DAY, first + end * _DAY


@_rule("last this next", r"(?P<which>last|this|next) (?P<unit>week|weekend|month|year)\b")
def _week_in_english(found: "re.Match[str]", when: _When) -> _Piece | None:
    unit = found["unit"]
    days = _whole({"month": "thang", "year": "nam"}.get(unit, "tuan"), _WHICH[found["which"]], when)
    return _Piece(days=_third(days, "cuoi", "tuan") if unit == "weekend" else days)


@_rule("the", r"the weekend\b")
@_rule("hom tuan", r"hom cuoi tuan\b")
def _weekend(found: "re.Match[str]", when: _When) -> _Piece | None:
    return _Piece(
        days=_third(_whole("tuan", -1 if when.past and when.today.weekday() < 5 else 0, when), "cuoi", "tuan")
    )


# --- Dates of the sun


def _date(day: int, month: int, year: int | None, when: _When) -> date | None:
    """With a year, that date; without one, the nearest; None: there is no such date."""
    if year is not None:
        return _safe(year + 2000 if year < 100 else year, month, day)
    around = range(when.today.year - 8, when.today.year + 9)
    return when.nearest([on for each in around if (on := _safe(each, month, day))])


def _safe(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year_said(found: "re.Match[str]", when: _When) -> int | None:
    if found["year"]:
        return int(found["year"])
    return when.today.year + _WHICH[found["named"]] if found["named"] else None


@_rule("0", rf"{_BEFORE}(?P<year>(?:19|20)[0-9]{{2}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}}){_AFTER}")
@_rule(
    "0",
    rf"{_BEFORE}(?P<day>[0-9]{{1,2}}) ?(?P<s>[/.-]) ?(?P<month>[0-9]{{1,2}}) ?(?P=s) ?(?P<year>(?:19|20)[0-9]{{2}}|[0-9]{{2}}){_AFTER}",
)
def _full_date(found: "re.Match[str]", when: _When) -> _Piece | None:
    if _ADDRESS.search(found.string[max(0, found.start() - 10) : found.start()]):
        return None
    day = _date(int(found["day"]), int(found["month"]), int(found["year"]), when)
    return _one(day) if day else None


_ADDRESS = re.compile(r"\b(?:so|nha|hem|kiet|ngo|duong|lo|thua|to|thon|doi|phong|gia|diem|ty le|duoc|quoc lo|tinh lo|dt|ql|nd|qd|dinh|luat)\.? ?$")  # fmt: skip
_DATED = re.compile(rf"\b(?:ngay|hom|mung|mong|vao|tu|den|{_PART}|hoi|luc|on|dip|le|bua) $|-$")
_COUNTED = re.compile(
    r" ?(?:trieu|tr|ty|ti|k|km|kg|m|met|%|nghin|ngan|dong|diem|lit|ha|nguoi|so|suat|ho|nha)\b"
)


@_rule("0", rf"{_BEFORE}(?P<day>[0-9]{{1,2}})(?P<s>[/.-])(?P<month>[0-9]{{1,2}}){_AFTER}{_YEAR}")
def _day_and_month(found: "re.Match[str]", when: _When) -> _Piece | None:
    """ "18/11", "18.11"; a half, a house, an amount and "24/7" are dates only where they are called so."""
    before = found.string[max(0, found.start() - 10) : found.start()]
    if _ADDRESS.search(before) or _COUNTED.match(found.string, found.end()):
        return None
    if not _DATED.search(before):
        small = found["s"] == "/" and (found["day"], found["month"]) in _FRACTIONS
        if small or found["s"] == "-" or (found["s"] == "." and len(found["month"]) < 2):
            return None
    day = _date(int(found["day"]), int(found["month"]), _year_said(found, when), when)
    return _one(day) if day else None


_FRACTIONS = frozenset([("1", "2"), ("1", "3"), ("2", "3"), ("1", "4"), ("3", "4"), ("1", "10"), ("24", "7")])
_MONTH_WORD = (
    r"(?P<month>1[0-2]|0?[1-9]|muoi mot|muoi hai|muoi|mot|hai|ba|tu|bon|nam|sau|b[ax]y|tam|chin|gieng|chap)"
)
_LUNAR = r"(?P<lunar>,? (?:am lich|al|am|ta))?"


@_rule(
    "0",
    rf"{_BEFORE}(?P<day>[0-9]{{1,2}}) ?thang ?{_MONTH_WORD}\b{_LUNAR}(?![0-9/.])(?:/(?P<slash>[0-9]{{4}}))?{_YEAR}",
)
@_rule(
    "ngay mung mong",
    rf"(?P<moon>mung|mong|ngay) (?:mung |mong )?(?P<day>[0-9]{{1,2}}|muoi|mot|hai|ba|bon|nam|sau|b[ax]y|tam|chin) (?:thang|/) ?{_MONTH_WORD}\b{_LUNAR}(?![0-9.])(?:/(?P<slash>[0-9]{{4}}))?{_YEAR}",
)
def _day_of_month_said(found: "re.Match[str]", when: _When) -> _Piece | None:
    day, month = _number(found["day"]), _month_number(found["month"])
    year = int(found["slash"]) if found["slash"] else _year_said(found, when)
    kings = (day, month) == (10, 3) and found.groupdict().get("moon") in ("mung", "mong")
    lunar = found["lunar"] or kings or found["month"] in ("gieng", "chap")
    on = _moon(day, month, year, when) if lunar else _date(day, month, year, when)
    return _one(on) if on else None


def _month_number(word: str) -> int:
    return {"gieng": 1, "chap": 12}.get(word) or _number(word)


@_rule(
    "ngay",
    r"ngay (?P<day>[12][0-9]|3[01]|0?[1-9])(?![\w/.:]|-[0-9])(?! (?:lan|ngay|dong|nguoi|gio|tieng|k|trieu|bua|dem|con|xe)\b)",
)
def _day_alone(found: "re.Match[str]", when: _When) -> _Piece | None:
    index = when.today.year * 12 + when.today.month - 1
    months = [_month(index + shift)[0] for shift in (-2, -1, 0, 1, 2)]
    on = when.nearest([at for m in months if (at := _safe(m.year, m.month, int(found["day"])))])
    return _one(on) if on else None


@_rule(
    "thang dau giua cuoi",
    rf"(?:(?P<where>dau|giua|cuoi) )?thang {_MONTH_WORD}\b{_LUNAR}(?![0-9.,])(?! (?:trieu|tr|k|nghin|ngan|lan|dong|nguoi|ngay|bua|buoi)\b)(?:/(?P<slash>[0-9]{{4}}))?{_YEAR}",
)
def _month_said(found: "re.Match[str]", when: _When) -> _Piece | None:
    month = _month_number(found["month"])
    year = int(found["slash"]) if found["slash"] else _year_said(found, when)
    if found["lunar"] or found["month"] in ("gieng", "chap"):
        first = _moon(1, month, year, when)
        return _Piece(days=(first, first + 29 * _DAY)) if first else None
    first = _date(1, month, year, when)
    return (
        _Piece(days=_third(_month(first.year * 12 + month - 1), found["where"] or "", "thang"))
        if first and first.year < 9999
        else None
    )


_EN_MONTHS = {name: n for n, name in enumerate(["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"], 1)} | {"nov": 11, "dec": 12, "oct": 10, "sept": 9, "aug": 8}  # fmt: skip


@_rule(
    "0",
    rf"{_BEFORE}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{'|'.join(_EN_MONTHS)})\b(?:,? (?P<year>20[0-9]{{2}})\b)?",
)
@_rule(
    " ".join(_EN_MONTHS),
    rf"(?P<month>{'|'.join(_EN_MONTHS)}) (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>20[0-9]{{2}})\b)?",
)
def _date_in_english(found: "re.Match[str]", when: _When) -> _Piece | None:
    year = int(found["year"]) if found["year"] else None
    day = _date(int(found["day"]), _EN_MONTHS[found["month"]], year, when)
    return _one(day) if day else None


@_rule("nam", r"nam (?P<year>(?:19|20)[0-9]{2})\b(?!/)")
def _year_alone(found: "re.Match[str]", when: _When) -> _Piece | None:
    year = int(found["year"])
    return _Piece(days=(date(year, 1, 1), date(year + 1, 1, 1)))


# --- Dates of the moon


def _solar(day: int, month: int, year: int) -> date | None:
    """The 30th of a month that has 29 days is its last; None: beyond what the tables know."""
    try:
        on = convert_lunar_to_solar(day, month, year)
        short = day == 30 and convert_solar_to_lunar(on.day, on.month, on.year).day != 30
    except ValueError:
        return None
    return on - _DAY if short else on


def _moon(day: int, month: int, year: int | None, when: _When) -> date | None:
    """A lunar day; without a year the nearest."""
    if year is not None:
        return _solar(day, month, year)
    around = range(when.today.year - 2, when.today.year + 2)
    return when.nearest([on for each in around if (on := _solar(day, month, each))])


def _moon_day(day: int, when: _When) -> date | None:
    """The nearest such day of any lunar month, which has 29 or 30."""
    if not (1 <= day <= 30 and 1900 < when.today.year < 2100):
        return None
    now = convert_solar_to_lunar(when.today.day, when.today.month, when.today.year).day
    way = -1 if when.past else 1
    gap = (now - day) * -way
    for each in (gap,) if gap >= 0 else (gap + 29, gap + 30):
        on = when.today + way * each * _DAY
        if convert_solar_to_lunar(on.day, on.month, on.year).day == day:
            return on
    return None


_TET_YEAR = r"(?: (?:nam )?(?P<tet>nay|ngoai|truoc|roi|vua roi|vua qua|qua|20[0-9]{2}))?"


@_rule(
    "mung mong ngay",
    rf"(?:ngay )?(?:mung|mong) (?P<day>10|[1-9]|muoi|mot|hai|ba|bon|nam|sau|b[ax]y|tam|chin)(?! ?[/0-9])(?:(?P<new> (?:(?:cua )?tet))\b{_TET_YEAR})?{_LUNAR}\b(?! (?:thang))",
)
def _first_days(found: "re.Match[str]", when: _When) -> _Piece | None:
    day = _number(found["day"])
    on = _moon(day, 1, _tet_year(found, when), when) if found["new"] else _moon_day(day, when)
    return _one(on) if on else None


def _tet_year(found: "re.Match[str]", when: _When) -> int | None:
    word = found["tet"]
    if not word or word in ("vua roi", "vua qua", "qua", "roi"):
        return None
    return int(word) if word.isdigit() else when.today.year + _WHICH[word]


@_rule("0", rf"{_BEFORE}(?P<day>2[0-9]|30) tet\b{_TET_YEAR}")
@_rule("giao", rf"giao thua\b{_TET_YEAR}")
def _last_days(found: "re.Match[str]", when: _When) -> _Piece | None:
    """Before Tết: the eve is called 30 Tết also where the month has 29 days."""
    day, year = int(found.groupdict().get("day") or 30), _tet_year(found, when)
    on = _moon(day, 12, None if year is None else year - 1, when)
    return _one(on) if on else None


@_rule(
    "tet hoi dip hom trong ngay le dot",
    rf"(?:(?:hoi|dip|hom|trong|ngay|le|dot) tet(?! tay| duong|,? doan| trung)(?: nguyen dan)?\b{_TET_YEAR}|(?:tet )(?P<only>nam ngoai|nam nay|vua roi|vua qua|roi))(?![\w])",
)
def _tet(found: "re.Match[str]", when: _When) -> _Piece | None:
    """From the eve to mùng 3."""
    only = found["only"]
    year = _tet_year(found, when)
    if only in ("nam ngoai", "nam nay"):
        year = when.today.year - (only == "nam ngoai")
    first = _moon(1, 1, year, when)
    return _Piece(days=(first - _DAY, first + 3 * _DAY)) if first else None


_FEASTS = {
    "giỗ tổ": (10, 3),
    "trung thu": (15, 8),
    "vu lan": (15, 7),
    "doan ngo": (5, 5),
    "ong tao": (23, 12),
}
_SUN_FEASTS = {
    "quoc khanh": (2, 9),
    "giang sinh": (25, 12),
    "noel": (25, 12),
    "tet tay": (1, 1),
    "tet duong": (1, 1),
    "christmas": (25, 12),
}


@_rule("gio gyo", rf"g[iy]o to\b(?: hung vuong)?(?P<day>){_YEAR}")
@_rule(
    "trung ram vu tet cung ong",
    rf"(?:tet )?(?:(?:cung )?(?P<day>trung thu|vu lan|doan ngo|ong tao))(?! \(|[\w]){_YEAR}",
)
def _lunar_feast(found: "re.Match[str]", when: _When) -> _Piece | None:
    day, month = _FEASTS[found["day"] or "giỗ tổ"]
    on = _moon(day, month, _year_said(found, when), when)
    return _one(on) if on else None


@_rule(
    "quoc giang noel tet christmas le",
    rf"(?:le )?(?P<day>quoc khanh|giang sinh|noel|tet tay|tet duong|christmas)\b(?: lich)?{_YEAR}",
)
def _feast(found: "re.Match[str]", when: _When) -> _Piece | None:
    on = _date(*_SUN_FEASTS[found["day"]], _year_said(found, when), when)
    return _one(on) if on else None


@_rule("ram", rf"ram\b(?! (?:ri|rap|ro)\b)(?: thang {_MONTH_WORD}\b)?{_LUNAR}{_YEAR}")
def _full_moon(found: "re.Match[str]", when: _When) -> _Piece | None:
    month = found["month"]
    on = _moon(15, _month_number(month), _year_said(found, when), when) if month else _moon_day(15, when)
    return _one(on) if on else None


# --- The hours of a day

_OWN = rf"(?: ?(?:vao )?(?P<own>{_NOT_I}{_PART})\b(?! (?:qua|nay|hom|mai|wa|hqua|hnay|thu|t[2-7]|cn|chu|ngay|moi|nao|bua)\b| [0-9]{{1,2}}[/.-]))?"


@_rule(
    "0 " + " ".join(_SMALL),
    rf"{_BEFORE}(?<!\btrong )(?<!\bsuot )(?<!\bmat )(?<!\bca )(?<!\bmay )(?P<h>{_N})"
    rf"(?: ?(?:h|g(?=[0-5][0-9]\b| ?{_PART}\b| ruoi| kem)|gio)(?: ?(?P<m>[0-5]?[0-9])(?: ?(?:p|phut))\b| ?(?P<m1>[0-5][0-9])(?![\w.,]*[0-9])(?! (?:phut|trieu|k|nguoi)))?|:(?P<m2>[0-5][0-9])(?: ?(?P<m3>am|pm)\b)?)(?![\w/])"
    rf"(?! (?:dong ho|lien|lam viec|nua|dong|lam)\b)(?P<half> ruoi| ruoi\b)?(?: kem (?P<less>[0-5]?[0-9]|nam|muoi lam|muoi)\b(?: ?(?:p|phut)\b)?)?{_OWN}",
)
@_rule(
    "0 " + " ".join(_SMALL),
    rf"{_BEFORE}(?P<h>{_N})(?P<half> ruoi) (?P<own>{_PART})\b(?! (?:qua|nay|hom|mai))",
)
@_rule("0 " + " ".join(_SMALL), rf"{_BEFORE}(?P<h>{_N})(?P<half> ruoi)(?= {_PART}\b)")
@_rule(
    "0 noon at",
    r"(?<![\w/.:,$-])(?:at )?(?P<h>1[0-2]|0?[1-9])(?::(?P<m>[0-5][0-9]))? ?(?P<own>[ap]m|[ap]\.m\.?)(?![\w])",
)
@_rule("tu", rf"tu (?P<h>{_N})(?= ?(?:den|toi|-) ?{_N} ?(?:h|g|gio)\b)")
@_rule("0", rf"{_BEFORE}(?P<h>[0-9]{{1,2}})(?= ?(?:-|den|toi) ?[0-9]{{1,2}} ?(?:h|gio)(?![\w]))")
def _clock(found: "re.Match[str]", when: _When) -> _Piece | None:
    said = found.groupdict()
    hour, minutes = _number(said["h"]), said.get("m") or said.get("m1") or said.get("m2")
    own = (said.get("own") or said.get("m3") or "").replace(".", "")
    if hour > 24 or (hour == 24 and not own) or (minutes and int(minutes) > 59):
        return None
    minute = int(minutes) if minutes else None
    if said.get("half"):
        minute = 30
    if said.get("less"):
        hour, minute = (hour - 1) % 24, 60 - _number(said["less"])
    return _Piece(clock=(hour, minute), own=own)


# --- Putting together

_JOINT = re.compile(
    r"[ ,:(]*(?:(?:luc|vao|khoang|hom|ngay|cua|buoi|tam|gan|hon|dung|at|on|the|in|around|about|of|tu|from)[ ,]*){0,3}$"
)
_UNTIL = re.compile(
    r"(?:\b(?:den|toi|until|till|to)|-|~)(?: (?:tan|luc|khoang|gan|hon|ngay|hom|het|vao|sang|qua|mai|about|at)\b){0,3} ?$"
)
_UNTIL_NOW = re.compile(
    r"(?:den|toi) (?:gio|nay|b[ay]y gio|chu|giu|hien nay|hien tai)\b|until now\b|till now\b"
)


def _plain(text: str) -> str:
    """Lower case without marks, every letter in its place; a word that marks make another one is blanked."""
    text = text.translate(_SPECIAL).lower()
    if text.isascii():
        return text
    words = _LETTERS.findall(text)
    if sum(not word.isascii() for word in words) * 4 > len(words):
        text = _BARE.sub(_blank, text)
    return _ACCENTED.sub(lambda found: _MARKED.get(found.group()) or _blank(found), text)


def _blank(found: "re.Match[str]") -> str:
    return "_" * len(found.group())


def _pieces(plain: str, when: _When) -> Iterator[_Found]:
    """In the order of the text, none over another."""
    free = 0
    for token in _TOKEN.finditer(plain):
        at = token.start()
        word = token.group()
        rules = _RULES.get("0" if word[0] <= "9" else word)
        if rules is None or at < free or (at and plain[at - 1] == "_"):
            continue
        for pattern, reader in rules:
            found = pattern.match(plain, at)
            if found and found.end() > at and (piece := reader(found, when)):
                free = found.end()
                yield _Found(at, free, piece)
                break


def _kept(found: list[_Found], plain: str) -> list[_Found]:
    """Without the parts of a day that stand beside nothing: "tối" may be dark, "chiều" a side."""

    def counts(before: _Found | None, this: _Found, after: _Found | None) -> bool:
        # "hom nay toi …" is somebody who speaks
        speaker = plain[this.at : this.to] == "toi" and not plain.endswith("buoi ", 0, this.at)
        return bool(
            not this.piece.loose
            or (before and not speaker and _beside(before, this, plain))
            or (after and _beside(this, after, plain))
            or _UNTIL_NOW.match(plain, this.to + 1)
        )

    return [
        _undated(before, this, after, plain)
        for before, this, after in zip([None, *found], found, [*found[1:], None], strict=False)
        if counts(before, this, after)
    ]


def _beside(one: _Found, other: _Found, plain: str) -> bool:
    gap = plain[one.to : min(other.at, one.to + 40)]
    if _UNTIL.search(gap):
        return True
    loose = (one.piece.loose and other.piece.loose) or one.piece.habit or other.piece.habit
    return not loose and _JOINT.fullmatch(gap) is not None


def _undated(before: _Found | None, this: _Found, after: _Found | None, plain: str) -> _Found:
    """ "thứ hai hằng tuần" and "mỗi sáng mùng một" are no single day."""
    for one, other, near in ((before, this, before), (this, after, after)):
        repeated = near is not None and near.piece.habit and not near.piece.span
        if repeated and one and other and other.at == one.to + 1:
            return _Found(this.at, this.to, replace(this.piece, days=None, habit=True))
    return this


def _filled(piece: _Piece, more: _Piece) -> _Piece:
    """What a piece does not tell, from another; of two that tell the same, the first."""
    free = piece.span is None
    return _Piece(
        days=piece.days or (more.days if free else None),
        part=piece.part or more.part,
        clock=piece.clock or more.clock,
        own=piece.own if piece.clock else more.own,
        span=piece.span or (more.span if piece == _Piece(habit=piece.habit) else None),
        habit=piece.habit or more.habit,
    )


def read(text: str, now: datetime, past: bool = True) -> Moment | None:
    """When a text says that something was; None: it says nothing of time.

    `now`: aware, in local time. `past`: a report, so that "thứ hai" or "18/11" is the last one; else the next.
    A date whose year was written stays as it is, also one that is still to come.
    """
    text = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())
    plain, when = _plain(text), _When(now, past)
    found = _kept(list(_pieces(plain, when)), plain)
    if not found:
        return None
    base, close, used = _Piece(), None, [(found[0].at, found[0].at)]
    for this in found:
        first, last = max(used[-1][1], this.at - 40), this.at
        ends = (
            _UNTIL.search(plain[first:last]) if used[1:] and close is None and not this.piece.habit else None
        )
        if ends:
            close, last = this.piece, first + ends.start()
        elif close and _JOINT.fullmatch(plain[first:last]) and (more := _filled(close, this.piece)) != close:
            close = more
        elif (more := _filled(base, this.piece)) != base or not used[1:]:
            base = more
        else:
            continue
        used.append((last, this.to))
    until = _UNTIL_NOW.search(plain, used[-1][1]) if close is None else None
    if until:
        used.append(until.span())
        close = _Piece(span=(now, now))
    try:
        start, end = _range(base, close, when)
    except OverflowError:  # beyond the years that dates can hold
        start = end = None
    return Moment(_said(text, plain, used[1:]), _milliseconds(start), _milliseconds(end), base.habit)


def _said(text: str, plain: str, used: list[tuple[int, int]]) -> str:
    """The places of the text, those that touch as one."""
    said = text[slice(*used[0])]
    for (_, left), (at, to) in pairwise(used):
        gap = plain[left:at]
        touching = len(gap) < 40 and _JOINT.fullmatch(gap)
        said += text[left:to] if touching else f" … {text[at:to]}"
    return said


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.astimezone(UTC).timestamp() * 1000)


def _range(base: _Piece, close: _Piece | None, when: _When) -> tuple[datetime | None, datetime | None]:
    """From the start to the end of what was told; (None, None): only a habit, or vague."""
    if close and close.days and not base.days:
        base = replace(base, days=close.days)
    if close and not base.days and base.part and close.span:
        base = replace(base, days=(when.today, when.today + _DAY))
    start, end = _resolved(base, close, when)
    if close is None or start is None or (base.habit and base.span):
        return start, end
    if close.clock:
        end = _next_clock(start, close, base.part)
        if close.days and (day := when.midnight(close.days[0])) > start:
            end = _next_clock(day, close, base.part)
    elif close.span:
        end = close.span[1]
    else:
        _, end = _resolved(replace(close, days=close.days or base.days), None, when)
    if end and start - 7 * _DAY < end <= start:  # "từ thứ hai đến thứ tư", told on a Wednesday
        end += 7 * _DAY
    return start, end if end and end > start else start + _QUARTER


def _resolved(piece: _Piece, close: _Piece | None, when: _When) -> tuple[datetime | None, datetime | None]:
    if piece.span:
        return piece.span
    if piece.habit and not piece.days:
        return None, None
    single = piece.days is None or piece.days[1] - piece.days[0] == _DAY
    if piece.clock and single:
        return _at_clock(piece, close, when)
    if piece.part and single:
        return _at_part(piece, when)
    if piece.days is None:
        return None, None
    return when.midnight(piece.days[0]), when.midnight(piece.days[1])


def _at_part(piece: _Piece, when: _When) -> tuple[datetime, datetime]:
    first, last = _PARTS[piece.part]
    if piece.days:
        day = when.midnight(piece.days[0])
    else:
        day = when.midnight(when.today)
        if when.past and day + first * _HOUR > when.now:
            day -= _DAY
        elif not when.past and day + last * _HOUR <= when.now:
            day += _DAY
    return day + first * _HOUR, day + last * _HOUR


def _at_clock(piece: _Piece, close: _Piece | None, when: _When) -> tuple[datetime, datetime]:
    assert piece.clock is not None
    hour, minute = piece.clock
    own = piece.own or piece.part
    minutes = _of_day(hour, own) * 60 + (minute or 0)
    if piece.own in _MORNING and minutes < _LATE and piece.part in _NIGHT:
        minutes += 24 * 60
    if not own and hour <= 12 and close and close.clock:
        minutes = _nearer(minutes, close)
    if piece.days:
        start = when.midnight(piece.days[0]) + timedelta(minutes=minutes)
    else:
        start = when.midnight(when.today) + timedelta(minutes=minutes % (24 * 60))
        if when.past and start > when.now:
            start -= _DAY
        elif not when.past and start < when.now:
            start += _DAY
    return start, start + (_HOUR if minute is None else _QUARTER)


def _of_day(hour: int, part: str) -> int:
    """The hour of the clock that was meant, from 0; 24 and more is the night that follows."""
    if part in _MORNING:
        return hour % 12 if hour == 12 else hour
    if part in ("trua", "noon"):
        return hour + 12 if hour < 10 else hour
    if part in ("chieu", "xe chieu", "pm", "afternoon"):
        return hour + 12 if hour < 12 else hour
    if part in _NIGHT:
        return hour + 24 if hour < 5 else hour + 12 if hour <= 12 else hour
    return hour


def _nearer(minutes: int, close: _Piece) -> int:
    """ "từ 10h đến 1h sáng" begins at 22:00: of the two hours that a dial shows, the one nearer to the end."""
    assert close.clock is not None
    end = _of_day(close.clock[0], close.own or close.part) * 60 + (close.clock[1] or 0)
    return min((minutes, minutes + 12 * 60), key=lambda begin: (end - begin - 1) % (24 * 60))


def _next_clock(start: datetime, close: _Piece, part: str) -> datetime:
    """The first time after `start` that a clock shows this; without am or pm, twice a day."""
    assert close.clock is not None
    hour, minute = close.clock
    own = close.own or close.part
    hours = {_of_day(hour, own)} if own or hour > 12 else {hour, hour + 12}
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [
        midnight + timedelta(hours=each % 24 + 24 * day, minutes=minute or 0)
        for each in hours
        for day in (0, 1)
    ]
    return min(end for end in ends if end > start)
