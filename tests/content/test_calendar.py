from datetime import date, time, timedelta

import pytest
from lunar_vn.core import convert_lunar_to_solar

from content.calendar import Calendar

SESSIONS = ((time(7, 30), time(11, 30)), (time(13, 30), time(17)))
CALENDAR = Calendar(SESSIONS)
NEW_YEARS = ["2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-02"]
KINGS_DAYS = [
    "2024-04-18",
    "2025-04-07",
    "2026-04-26",
    "2027-04-16",
    "2028-04-04",
    "2029-04-23",
    "2030-04-12",
]


@pytest.mark.parametrize("text", NEW_YEARS)
def test_tet_is_that_of_viet_nam(text: str) -> None:
    day = date.fromisoformat(text)
    assert CALENDAR.holiday(day) == "Tết Nguyên Đán"
    assert CALENDAR.holiday(day - timedelta(1)) == "Giao thừa Tết Nguyên Đán"
    assert convert_lunar_to_solar(1, 1, day.year) == day
    assert not any(CALENDAR.works(day + timedelta(n)) for n in range(-1, 4))


@pytest.mark.parametrize("text", KINGS_DAYS)
def test_the_kings_day_is_the_tenth_of_the_third_moon(text: str) -> None:
    day = date.fromisoformat(text)
    assert CALENDAR.holiday(day) == "Ngày Giỗ Tổ Hùng Vương"
    assert convert_lunar_to_solar(10, 3, day.year) == day
    assert not CALENDAR.works(day)


@pytest.mark.parametrize(
    ("day", "works"),
    {
        "2026-01-01": False,
        "2026-02-13": True,  # Friday, the last day before Tết
        "2026-02-16": False,
        "2026-02-20": False,
        "2026-02-21": False,  # Saturday
        "2026-02-23": True,
        "2026-04-27": False,  # for Sunday 26/4
        "2026-04-28": True,
        "2026-04-30": False,
        "2026-05-01": False,
        "2026-05-04": True,
        "2026-08-22": True,  # Saturday, worked for 31/8
        "2026-08-29": False,
        "2026-08-31": False,
        "2026-09-01": False,
        "2026-09-02": False,
        "2026-09-03": True,
        "2025-11-24": True,  # no holiday yet
        "2026-11-23": True,
        "2026-11-24": False,
        "2026-11-25": True,
        "2026-11-28": False,  # its swap was only proposed
        "2027-11-24": False,
        "2027-05-03": False,  # for Saturday 1/5
        "2025-04-26": True,  # Saturday, worked for 2/5
        "2025-05-02": False,
        "2024-04-29": False,
        "2024-05-04": True,
        "2014-12-27": True,  # worked for a day of the next year
        "2019-01-05": True,  # and of the year before
    }.items(),
)
def test_days(day: str, works: bool) -> None:
    assert CALENDAR.works(date.fromisoformat(day)) is works


def test_what_the_deployment_names_is_stronger() -> None:
    calendar = Calendar(
        SESSIONS, off=[date(2026, 11, 23), date(2026, 8, 22)], worked=[date(2026, 11, 28), date(2026, 11, 24)]
    )
    assert not calendar.works(date(2026, 11, 23)) and not calendar.works(date(2026, 8, 22))
    assert calendar.works(date(2026, 11, 28)) and calendar.works(date(2026, 11, 24))
    assert calendar.holiday(date(2026, 11, 24)) == "Ngày Văn hóa Việt Nam"  # the day keeps its name


@pytest.mark.parametrize(
    ("day", "name"),
    {
        "2026-09-02": "Quốc khánh",
        "2026-08-31": "Ngày nghỉ (thay cho ngày 22/08/2026)",
        "2026-04-27": "Ngày Giỗ Tổ Hùng Vương (nghỉ bù)",
        "2027-02-04": "28 Tết",  # the last month of that year has 29 days
        "2028-01-24": "28 Tết",
        "2026-11-21": None,  # a Saturday is a weekend, no holiday
        "2026-11-25": None,
        "2025-11-24": None,
    }.items(),
)
def test_names_are_vietnamese(day: str, name: str | None) -> None:
    assert CALENDAR.holiday(date.fromisoformat(day)) == name


@pytest.mark.parametrize(
    "sessions",
    [
        ((time(13, 30), time(17)), (time(7, 30), time(11, 30))),
        ((time(7, 30), time(14)), (time(13, 30), time(17))),
        ((time(7, 30), time(7, 30)), (time(13, 30), time(17))),
    ],
)
def test_sessions_that_cannot_be_are_refused(sessions: tuple[tuple[time, time], tuple[time, time]]) -> None:
    with pytest.raises(ValueError, match="sessions"):
        Calendar(sessions)


def test_a_day_cannot_be_off_and_worked() -> None:
    with pytest.raises(ValueError, match="2026-11-28"):
        Calendar(SESSIONS, off=[date(2026, 11, 28)], worked=[date(2026, 11, 28)])


def test_nothing_can_be_changed() -> None:
    with pytest.raises(AttributeError):
        CALENDAR.anything = 1  # type: ignore[attr-defined]
