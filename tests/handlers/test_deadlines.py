from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.calendar import Calendar
from handlers.deadlines import after, after_days, told
from handlers.turn import PROVINCE_TIME

# Eight hours a day: 7:30-11:30 and 13:00-17:00.
CALENDAR = Calendar(((time(7, 30), time(11, 30)), (time(13), time(17))))
MINUTE = timedelta(minutes=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PROVINCE_TIME)


# Worked out by hand; h: hours, d: days.
TABLE = [
    # Thu 12/2/2026 9:00: Thu 2.5 h to 11:30, 4 h to 17:00, Fri 1.5 h from 7:30.
    ("2026-02-12 09:00", "8h", "2026-02-13 09:00"),
    # Fri 13/2, the last day before Tết (16-20/2 off), 15:00: 2 h to 17:00; Mon 23/2: 2 h from 7:30.
    ("2026-02-13 15:00", "4h", "2026-02-23 09:30"),
    # Exactly the two hours that are left stay on that Friday.
    ("2026-02-13 15:00", "2h", "2026-02-13 17:00"),
    # On the eve, nothing is worked: Mon 23/2 7:30 + 8 h.
    ("2026-02-16 10:00", "8h", "2026-02-23 17:00"),
    # Fri 13/2: Mon 23, Tue 24, Wed 25, Thu 26, Fri 27.
    ("2026-02-13 15:00", "5d", "2026-02-27 17:00"),
    # Mùng 1: the same five days.
    ("2026-02-17 00:30", "5d", "2026-02-27 17:00"),
    # Wed 3/2/2027 16:00; 4-10/2 off (28 Tết to mùng 5): 1 h, then Thu 11/2: 3 h from 7:30.
    ("2027-02-03 16:00", "4h", "2027-02-11 10:30"),
    # Wed 3/2/2027: Thu 11, Fri 12, Mon 15.
    ("2027-02-03 16:00", "3d", "2027-02-15 17:00"),
    # Fri 24/4/2026 16:30; Mon 27/4 off for Sunday's Giỗ Tổ: 0.5 h, then Tue 28/4: 3.5 h from 7:30.
    ("2026-04-24 16:30", "4h", "2026-04-28 11:00"),
    # Fri 24/4: Tue 28, Wed 29, (30/4, 1/5 off) Mon 4/5.
    ("2026-04-24 16:30", "3d", "2026-05-04 17:00"),
    # Wed 29/4 13:00: 4 h are left, to 17:00; Thu and Fri off; Mon 4/5: 4 h to 11:30.
    ("2026-04-29 13:00", "8h", "2026-05-04 11:30"),
    # Fri 30/4/2027 is off, Mon 3/5 too (for Saturday 1/5): Tue 4/5.
    ("2027-04-30 08:00", "1d", "2027-05-04 17:00"),
    # Thu 15/4/2027 17:00, closed; Fri 16/4 is Giỗ Tổ: Mon 19/4 7:30 + 4 h.
    ("2027-04-15 17:00", "4h", "2027-04-19 11:30"),
    # Fri 21/8/2026 16:00: 1 h; Sat 22/8 is worked: 3 h from 7:30.
    ("2026-08-21 16:00", "4h", "2026-08-22 10:30"),
    # Fri 28/8: Mon 31/8, 1/9, 2/9 off; Thu 3/9, Fri 4/9.
    ("2026-08-28 09:00", "2d", "2026-09-04 17:00"),
    # Fri 28/8 11:30, the end of a session: 13:00 + 4 h = 17:00.
    ("2026-08-28 11:30", "4h", "2026-08-28 17:00"),
    # Mon 23/11/2026 16:00: 1 h; 24/11 off; Wed 25/11: 3 h from 7:30.
    ("2026-11-23 16:00", "4h", "2026-11-25 10:30"),
    # Mon 23/11: Wed 25, Thu 26, Fri 27, Mon 30, Tue 1/12.
    ("2026-11-23 16:00", "5d", "2026-12-01 17:00"),
    # Wed 25/11 12:00, between the sessions: 13:00 + 4 h.
    ("2026-11-25 12:00", "4h", "2026-11-25 17:00"),
    # Sat 28/11 is not worked: Mon 30/11 7:30 + 4 h.
    ("2026-11-28 09:00", "4h", "2026-11-30 11:30"),
    # Thu 31/12/2026 16:00: 1 h; Fri 1/1 off; Mon 4/1: 7 h: 4 to 11:30, 3 from 13:00.
    ("2026-12-31 16:00", "8h", "2027-01-04 16:00"),
    # Tue 23/11/2027: Wed 24/11 off; Thu 25.
    ("2027-11-23 08:00", "1d", "2027-11-25 17:00"),
]


@pytest.mark.parametrize(("start", "span", "due"), TABLE)
def test_worked_out_by_hand(start: str, span: str, due: str) -> None:
    reckon = after if span[-1] == "h" else after_days
    assert reckon(CALENDAR, local(start), int(span[:-1])) == local(due)


def worked(calendar: Calendar, minute: datetime) -> bool:
    """Whether the minute that begins now is worked."""
    return calendar.works(minute.date()) and any(
        opens <= minute.time() < closes for opens, closes in calendar.sessions
    )


STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=PROVINCE_TIME)
)
DAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=5)


@settings(deadline=None)
@given(STARTS, st.integers(1, 16 * 60), DAYS, DAYS)
def test_hours_are_the_minutes_counted_one_by_one(
    start: datetime, minutes: int, off: frozenset[date], worked_too: frozenset[date]
) -> None:
    calendar = Calendar(CALENDAR.sessions, off, worked_too - off)
    at, left = start, minutes
    while left:
        left -= worked(calendar, at)
        at += MINUTE
    assert abs(after(calendar, start, minutes / 60) - at) < timedelta(milliseconds=1)


@settings(deadline=None)
@given(STARTS, st.integers(1, 30), DAYS, DAYS)
def test_days_are_the_days_counted_one_by_one(
    start: datetime, days: int, off: frozenset[date], worked_too: frozenset[date]
) -> None:
    calendar = Calendar(CALENDAR.sessions, off, worked_too - off)
    due = after_days(calendar, start, days)
    between = [start.date() + timedelta(n) for n in range(1, (due.date() - start.date()).days + 1)]
    assert sum(map(calendar.works, between)) == days
    assert calendar.works(due.date()) and due.time() == time(17)


@given(STARTS, st.floats(0, 40), st.floats(0, 40))
def test_more_hours_are_never_due_earlier(start: datetime, one: float, two: float) -> None:
    first, second = sorted((one, two))
    assert start <= after(CALENDAR, start, first) <= after(CALENDAR, start, second)


def test_no_hours_are_due_at_once_or_when_work_starts() -> None:
    assert after(CALENDAR, local("2026-11-25 09:00"), 0) == local("2026-11-25 09:00")
    assert after(CALENDAR, local("2026-11-25 11:30"), 0) == local("2026-11-25 13:00")


def test_another_time_zone_is_read_as_province_time() -> None:
    assert after(CALENDAR, datetime(2026, 11, 25, 1, tzinfo=UTC), 1) == local("2026-11-25 09:00")
    # 18:00 UTC is 1:00 of the next day, a Thursday: that is the day of receipt.
    assert after_days(CALENDAR, datetime(2026, 11, 25, 18, tzinfo=UTC), 1) == local("2026-11-27 17:00")


@pytest.mark.parametrize("hours", [-1, float("nan")])
def test_hours_that_lie_behind_are_refused(hours: float) -> None:
    with pytest.raises(ValueError, match="ahead"):
        after(CALENDAR, local("2026-11-25 09:00"), hours)


def test_no_days_are_refused() -> None:
    with pytest.raises(ValueError, match="ahead"):
        after_days(CALENDAR, local("2026-11-25 09:00"), 0)


@pytest.mark.parametrize(
    ("when", "language", "words"),
    [
        ("2026-12-02 17:00", "vi", "17 giờ, thứ Tư 2/12/2026"),
        ("2026-12-02 16:30", "vi", "16 giờ 30, thứ Tư 2/12/2026"),
        ("2026-12-06 07:05", "vi", "7 giờ 05, Chủ nhật 6/12/2026"),
        ("2026-12-02 17:00", "en", "5 pm, Wednesday 2 December 2026"),
        ("2026-12-05 11:30", "en", "11:30 am, Saturday 5 December 2026"),
        ("2026-12-05 12:00", "en", "12 pm, Saturday 5 December 2026"),
        ("2026-12-05 00:00", "en", "12 am, Saturday 5 December 2026"),
    ],
)
def test_deadlines_are_told_as_people_write_them(when: str, language: str, words: str) -> None:
    assert told(local(when), language) == words
