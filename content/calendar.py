"""The working calendar of offices: two daily sessions, weekends, public holidays, their swap days."""

import importlib.util
from collections.abc import Collection
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import holidays
from lunar_vn.core import convert_solar_to_lunar

Session = tuple[time, time]


def _library() -> Any:
    """The library's module of Viet Nam alone: its package would load those of 250 countries too.

    Measured: 37 ms and 5 MB instead of 87 ms and 12 MB.
    """
    path = Path(holidays.__path__[0]) / "countries/vietnam.py"
    spec = importlib.util.spec_from_file_location("holidays_of_vietnam", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_VIETNAM = _library().Vietnam


class Calendar:
    """Which days and hours are worked; never changes once made.

    `sessions`: the two of a working day, in local time, in order, apart; else ValueError. `off` and `worked`:
    days that the deployment names, stronger than weekends and public holidays; a day in both: ValueError.
    """

    __slots__ = ("_off", "_worked", "sessions")

    def __init__(
        self, sessions: tuple[Session, Session], off: Collection[date] = (), worked: Collection[date] = ()
    ) -> None:
        (begin, noon), (again, close) = sessions
        if not begin < noon <= again < close:
            raise ValueError(f"two sessions of a day, in order and apart, are not {sessions}")
        self.sessions = sessions
        self._off, self._worked = frozenset(off), frozenset(worked)
        if both := self._off & self._worked:
            raise ValueError(f"both off and worked: {', '.join(map(str, sorted(both)))}")

    def works(self, day: date) -> bool:
        """Whether offices work on this day."""
        if day in self._off or day in self._worked:
            return day in self._worked
        names, saturdays = _year(day.year)
        return day in saturdays or (day.weekday() < 5 and day not in names)

    def holiday(self, day: date) -> str | None:
        """The Vietnamese name of the public holiday or its day in lieu, on weekends too; None: it is none."""
        return _year(day.year)[0].get(day)


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[dict[date, str], frozenset[date]]:
    """The public holidays of a year with their names, and the weekend days worked for swaps."""
    # A day off may be worked for in the year before or after.
    known = _VIETNAM(years=range(year - 1, year + 2), expand=False, language="vi")
    names = {day: _named(day, name) for day, name in known.items() if day.year == year}
    return names, frozenset(day for day in known.weekend_workdays if day.year == year)


def _named(day: date, name: str) -> str:
    """The library calls the day before the eve "29 Tết" also in years whose last month has 29 days."""
    return f"{convert_solar_to_lunar(day.day, day.month, day.year).day} Tết" if name == "29 Tết" else name
