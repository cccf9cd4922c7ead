from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.moments import Moment, read

NOW = datetime(2026, 11, 25, 9, tzinfo=timezone(timedelta(hours=7)))  # a Wednesday

# text: from, to; "24" is 24/11/2026, "24 22:30" an hour of it.
REPORTED = {
    # as the facts on times list them
    "hôm qua": ("24", "25"),
    "hôm kia": ("23", "24"),
    "hôm bữa": ("18", "24"),
    "tối qua": ("24 18:00", "25 05:00"),
    "hồi hôm": ("24 18:00", "25 05:00"),
    "tối qua nhà bên hát tới 1h sáng": ("24 18:00", "25 01:00"),
    "1h sáng": ("25 01:00", "25 02:00"),
    "chủ nhật tuần trước": ("22", "23"),
    "chủ nhật vừa rồi": ("22", "23"),
    "thứ 7 tuần trước": ("21", "22"),
    "thứ hai": ("23", "24"),
    "10 giờ đêm": ("24 22:00", "24 23:00"),
    "12 giờ đêm": ("25 00:00", "25 01:00"),
    "1 giờ chiều": ("24 13:00", "24 14:00"),
    "5 rưỡi chiều": ("24 17:30", "24 17:45"),
    "9 giờ kém 15": ("25 08:45", "25 09:00"),
    "22h30": ("24 22:30", "24 22:45"),
    "18/11": ("18", "19"),
    "18.11": ("18", "19"),
    "ngày 18 tháng 11": ("18", "19"),
    "cách đây 3 hôm": ("22", "23"),
    "mùng 3 tết": ("2026-02-19", "2026-02-20"),
    "mồng 3 Tết": ("2026-02-19", "2026-02-20"),
    "rằm tháng giêng": ("2026-03-03", "2026-03-04"),
    "giỗ tổ": ("2026-04-26", "2026-04-27"),
    "rằm tháng bảy": ("2026-08-27", "2026-08-28"),
    "trung thu": ("2026-09-25", "2026-09-26"),
    "rằm": ("23", "24"),
    # without marks, in short forms, by ear
    "hom qua": ("24", "25"),
    "hqua": ("24", "25"),
    "toi qua": ("24 18:00", "25 05:00"),
    "tqua": ("24 18:00", "25 05:00"),
    "t7": ("21", "22"),
    "cn": ("22", "23"),
    "t7 tuần trước 22h30": ("21 22:30", "21 22:45"),
    "5h chieu": ("24 17:00", "24 18:00"),
    "10g đêm": ("24 22:00", "24 23:00"),
    "mười giờ đêm": ("24 22:00", "24 23:00"),
    "tui nghe 2h sang hqua nha ben no hat": ("24 02:00", "24 03:00"),
    "thu 7 tuan truoc": ("21", "22"),
    "mung 3 tet": ("2026-02-19", "2026-02-20"),
    "ram thang bay": ("2026-08-27", "2026-08-28"),
    "gio to": ("2026-04-26", "2026-04-27"),
    "toi qua toi 1h sang": ("24 18:00", "25 01:00"),
    "tu 10h dem den 1h sang": ("24 22:00", "25 01:00"),
    "HÔM QUA": ("24", "25"),
    "ho\u0302m qua": ("24", "25"),  # letters and marks apart
    "hôm\u200b qua": ("24", "25"),
    # parts of the day
    "trưa nay": ("25 11:00", "25 13:00"),
    "rạng sáng nay": ("25 01:00", "25 06:00"),
    "sáng nay lúc 7h30 có xe đổ rác": ("25 07:30", "25 07:45"),
    "nửa đêm": ("24 23:00", "25 02:00"),
    "hồi trưa": ("24 11:00", "24 13:00"),
    "hồi sáng": ("25 05:00", "25 11:00"),
    "hồi mơi": ("25 05:00", "25 11:00"),
    "chiều qua 5h": ("24 17:00", "24 18:00"),
    "tối qua lúc 10h": ("24 22:00", "24 23:00"),
    "đêm qua 2h sáng": ("25 02:00", "25 03:00"),
    "12 giờ đêm qua": ("25 00:00", "25 01:00"),
    "1h sáng nay": ("25 01:00", "25 02:00"),
    "1 rưỡi sáng": ("25 01:30", "25 01:45"),
    "2 giờ rưỡi chiều hôm kia": ("23 14:30", "23 14:45"),
    "9h kém 15 tối qua": ("24 20:45", "24 21:00"),
    "mới tối qua": ("24 18:00", "25 05:00"),
    "hôm qua buổi tối": ("24 18:00", "25 05:00"),
    "hom nay toi moi mua": ("25", "26"),
    "7 giờ sáng, không phải bảy giờ tối": ("25 07:00", "25 08:00"),
    "bảy giờ sáng": ("25 07:00", "25 08:00"),
    "tối qua lúc bảy giờ": ("24 19:00", "24 20:00"),
    "bây giờ đang hát": ("25 09:00", "25 09:15"),
    # spans
    "từ 10h đêm đến 1h sáng": ("24 22:00", "25 01:00"),
    "từ 10h đến 1h sáng": ("24 22:00", "25 01:00"),
    "từ 7 đến 10 giờ tối hôm qua": ("24 19:00", "24 22:00"),
    "tối qua hát tới 11h": ("24 18:00", "24 23:00"),
    "từ sáng đến giờ": ("25 05:00", "25 09:00"),
    "từ sáng đến chiều hôm qua": ("24 05:00", "24 18:00"),
    "từ thứ hai đến thứ tư": ("23", "26"),
    "từ 18/11 đến 20/11": ("18", "21"),
    "từ tháng 9 đến nay": ("2026-09-01", "25 09:00"),
    "2 tiếng trước": ("25 07:00", "25 08:00"),
    "vừa nãy": ("25 07:00", "25 09:00"),
    # weeks, months, years
    "chiều thứ bảy tuần trước lúc 5h": ("21 17:00", "21 18:00"),
    "6 giờ chiều thứ sáu": ("20 18:00", "20 19:00"),
    "thứ ba tuần này": ("24", "25"),
    "tuần trước": ("16", "23"),
    "cuối tháng trước tui nhắn": ("2026-10-21", "2026-11-01"),
    "cuối tuần trước": ("21", "23"),
    "cuối tuần": ("21", "23"),
    "tháng trước": ("2026-10-01", "2026-11-01"),
    "đầu tháng": ("1", "11"),
    "cuối tháng 10": ("2026-10-21", "2026-11-01"),
    "năm ngoái": ("2025-01-01", "2026-01-01"),
    "năm 2025": ("2025-01-01", "2026-01-01"),
    "năm ngày trước": ("20", "21"),
    "mấy hôm trước": ("18", "24"),
    # dates
    "18-11-2026": ("18", "19"),
    "2026-11-18": ("18", "19"),
    "18/11/26": ("18", "19"),
    "ngày 20": ("20", "21"),
    "ngày 30": ("2026-10-30", "2026-10-31"),
    "ngày 1/2": ("2026-02-01", "2026-02-02"),
    "30/11": ("2025-11-30", "2025-12-01"),
    "29/2": ("2024-02-29", "2024-03-01"),
    "đêm 18/11": ("18 21:00", "19 05:00"),
    "tối ngày 20/11 năm ngoái": ("2025-11-20 18:00", "2025-11-21 05:00"),
    "ngày 18/12/2026": ("2026-12-18", "2026-12-19"),  # its year was written: still to come
    # of the moon
    "mùng 10 tháng 3": ("2026-04-26", "2026-04-27"),
    "23 tháng chạp": ("2026-02-10", "2026-02-11"),
    "rằm tháng bảy năm ngoái": ("2025-09-06", "2025-09-07"),
    "30 tết": ("2026-02-16", "2026-02-17"),
    "giao thừa": ("2026-02-16", "2026-02-17"),
    "hồi tết": ("2026-02-16", "2026-02-20"),
    "Tết năm ngoái": ("2025-01-28", "2025-02-01"),
    "tháng 9 âm lịch": ("2026-10-10", "2026-11-08"),
    # English
    "last night": ("24 18:00", "25 05:00"),
    "yesterday at 10 pm": ("24 22:00", "24 23:00"),
    "yesterday evening": ("24 18:00", "25 00:00"),
    "last saturday": ("21", "22"),
    "monday night": ("23 18:00", "24 05:00"),
    "3 days ago": ("22", "23"),
    "two hours ago": ("25 07:00", "25 08:00"),
    "November 18": ("18", "19"),
    "18 November 2025": ("2025-11-18", "2025-11-19"),
    "at 9:15 am": ("24 09:15", "24 09:30"),
    "last week": ("16", "23"),
}


def local(text: str) -> datetime:
    day, _, hour = text.partition(" ")
    day = day if "-" in day else f"2026-11-{int(day):02}"
    return datetime.fromisoformat(f"{day} {hour or '00:00'}").replace(tzinfo=NOW.tzinfo)


def span(moment: Moment | None) -> tuple[datetime, datetime]:
    assert moment is not None and moment.start is not None and moment.end is not None
    start, end = (
        datetime.fromtimestamp(at / 1000, UTC).astimezone(NOW.tzinfo) for at in (moment.start, moment.end)
    )
    return start, end


@pytest.mark.parametrize(("text", "expected"), REPORTED.items())
def test_what_was_reported_is_the_last_one(text: str, expected: tuple[str, str]) -> None:
    moment = read(text, NOW)
    assert span(moment) == (local(expected[0]), local(expected[1]))
    assert moment is not None and not moment.habit


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "thứ hai": ("30", "2026-12-01"),
        "18/11": ("2027-11-18", "2027-11-19"),
        "ngày mai": ("26", "27"),
        "mai": ("26", "27"),
        "tối mai": ("26 18:00", "27 05:00"),
        "chiều thứ sáu 14h": ("27 14:00", "27 15:00"),
        "8h sáng": ("26 08:00", "26 09:00"),
        "10 giờ": ("25 10:00", "25 11:00"),
        "tuần sau": ("30", "2026-12-07"),
        "thứ tư tuần tới": ("2026-12-02", "2026-12-03"),
        "30 tết": ("2027-02-05", "2027-02-06"),  # the month has 29 days: the eve
        "29 tết": ("2027-02-05", "2027-02-06"),
        "mùng 1 tết": ("2027-02-06", "2027-02-07"),
        "giỗ tổ": ("2027-04-16", "2027-04-17"),
        "rằm": ("2026-12-23", "2026-12-24"),
        "tomorrow": ("26", "27"),
        "next friday": ("27", "28"),
    }.items(),
)
def test_what_is_planned_is_the_next_one(text: str, expected: tuple[str, str]) -> None:
    assert span(read(text, NOW, past=False)) == (local(expected[0]), local(expected[1]))


@pytest.mark.parametrize(
    "text",
    [
        "tối nào cũng hát",
        "toi nao cung hat",
        "chiều nào cũng nhậu",
        "tối thứ bảy nào cũng ồn",
        "t7 nào cũng hát",
        "ngày nào cũng vậy",
        "mỗi tối",
        "hằng đêm",
        "đêm đêm",
        "cứ 10 giờ đêm là hát",
        "suốt ngày đêm",
        "lâu nay",
        "thứ hai hằng tuần",
        "mỗi sáng mùng một",
        "mỗi tối, bảy giờ",
        "ban đêm hay ồn",
        "every evening",
        "every saturday night",
    ],
)
def test_a_habit_has_no_date(text: str) -> None:
    moment = read(text, NOW)
    assert moment is not None and moment.habit and moment.start is moment.end is None


@pytest.mark.parametrize(
    ("text", "start"),
    {
        "cả tuần nay": "18",
        "suốt tuần nay": "18",
        "hổm rày": "18",
        "mấy hôm nay tối nào cũng hát tới 11h": "18",
        "nửa tháng nay": "10",
        "3 ngày nay": "22",
        "ba bữa nay": "22",
    }.items(),
)
def test_what_lasts_until_now_is_repeated(text: str, start: str) -> None:
    moment = read(text, NOW)
    assert span(moment) == (local(start), NOW)
    assert moment is not None and moment.habit


@pytest.mark.parametrize(
    "text",
    [
        "hát 24/7",
        "1/2 số hộ",
        "số 12/5",
        "nhà số 12/5 đường Lê Lợi",
        "Nghị định 144/2021/NĐ-CP",
        "lần thứ 2",
        "tầng thứ hai",
        "thứ nhất là rác, thứ hai là ồn",
        "ngày ăn ba bữa",
        "năm người",
        "trời tối om",
        "chị Mai",
        "Mai nói vậy",
        "tôi qua nhà hàng xóm",  # with its marks, no evening
        "đem qua nhà",
        "giá 18.5 triệu",
        "3.5 triệu",
        "1.000.000 đồng",
        "82B1-12345",
        "0905 123 456",
        "10g ma túy",
        "trong 2 giờ",
        "80 km/h",
        "tỉ lệ 3/4",
        "ở tổ 5 thôn 3",
        "ngày 31/2",
        "ngày 32/13",
        "chiều cao 2 mét",
        "nhà bà Năm rồi",
        "sinh bé thứ hai",
        "tối đa 5 người",
        "",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read(text, NOW) is None


def test_what_is_vague_has_no_date() -> None:
    assert read("dạo này ồn lắm", NOW) == Moment("dạo này")


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "Tối Qua nhà bên hát, tới 1h sáng mới nghỉ": "Tối Qua … tới 1h sáng",
        "Nhà ông A ồn lúc 22h30, hôm qua": "22h30, hôm qua",
        "Chuyện từ 10h đêm đến 1h sáng": "10h đêm đến 1h sáng",
    }.items(),
)
def test_the_words_are_shown_as_written(text: str, said: str) -> None:
    moment = read(text, NOW)
    assert moment is not None and moment.said == said


HOSTILE = {
    "letters": "a" * 10_000,
    "digits": "1" * 10_000,
    "slashes": "1/" * 5_000,
    "days": "hôm qua " * 1_250,
    "hours": "10h " * 2_500,
    "weekdays": "toi thu 7 " * 1_000,
    "joints": "hom qua" + " luc" * 2_500,
    "untils": "hom qua" + " den" * 2_500,
    "zalgo": "h" + "\u0301\u0334" * 5_000,
    "blanks": " " * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_read_too(text: str) -> None:
    moment = read(text, NOW)
    assert moment is None or moment.start is None or moment.start < (moment.end or 0)


WORDS = [
    *" ".join(REPORTED).split(),
    *[
        "nào",
        "cũng",
        "nay",
        "den",
        "9999",
        "0",
        "31",
        "/",
        "tết",
        "âm",
        "24h",
        "99",
        "mùng",
        "tháng",
        "từ",
        "cách",
        "đây",
    ],
]


@settings(deadline=None, max_examples=400)
@given(
    st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)),
    st.booleans(),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
)
def test_any_text_has_a_time_that_runs_forward_or_none(text: str, past: bool, now: datetime) -> None:
    moment = read(text, now.replace(tzinfo=NOW.tzinfo), past)
    if moment is not None:
        assert moment.said
        assert (moment.start is None) is (moment.end is None)
        assert moment.start is None or moment.end is None or moment.start < moment.end
