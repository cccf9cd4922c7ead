"""When work is due, in working hours or days of a calendar, and how that is said."""

from datetime import date, datetime, timedelta

from content.calendar import Calendar
from handlers.turn import PROVINCE_TIME

_DAY = timedelta(days=1)
_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


def after(calendar: Calendar, start: datetime, hours: float) -> datetime:
    """So many working hours after `start` (aware), in province time; negative hours: ValueError.

    Outside of the sessions, or at the very end of one, work starts with the next session. A result at a
    session's very end stays there.
    """
    if not hours >= 0:
        raise ValueError(f"a deadline lies ahead, not {hours} hours")
    start, left = start.astimezone(PROVINCE_TIME), timedelta(hours=hours)
    day = start.date()
    while True:
        for opens, closes in calendar.sessions if calendar.works(day) else ():
            end = datetime.combine(day, closes, PROVINCE_TIME)
            begin = max(start, datetime.combine(day, opens, PROVINCE_TIME))
            if begin < end:
                if begin + left <= end:
                    return begin + left
                left -= end - begin
        day += _DAY


def after_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The end of the last session of the n-th working day, in province time; less than one day: ValueError.

    The day of receipt itself never counts, at whatever hour; the first is the next working day after it.
    """
    if days < 1:
        raise ValueError(f"a deadline lies ahead, not {days} days")
    day: date = start.astimezone(PROVINCE_TIME).date()
    while days:
        day += _DAY
        days -= calendar.works(day)
    return datetime.combine(day, calendar.sessions[-1][1], PROVINCE_TIME)


def told(when: datetime, language: str) -> str:
    """ "17 giờ, thứ Tư 2/12/2026" or, in English, "5 pm, Wednesday 2 December 2026"; minutes where there are any."""
    when = when.astimezone(PROVINCE_TIME)
    if language == "en":
        minutes = f":{when.minute:02}" if when.minute else ""
        half = "am" if when.hour < 12 else "pm"
        return f"{when.hour % 12 or 12}{minutes} {half}, {when:%A} {when.day} {when:%B %Y}"
    minutes = f" {when.minute:02}" if when.minute else ""
    return f"{when.hour} giờ{minutes}, {_WEEKDAYS[when.weekday()]} {when.day}/{when.month}/{when.year}"
