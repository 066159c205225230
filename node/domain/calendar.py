"""Days and times in the form of the protocol, and in the form that people read.

Rules this module upholds:

- A day is counted from 1970-01-01 UTC, a time in Unix seconds. The calendar ends with the year 9999: a later value is
  not a date, and no code computes with it.
- Formatting a value never raises, for any value: one bad row must not end a list.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

EPOCH: Final = dt.date(1970, 1, 1)
LAST_DAY: Final = (dt.date.max - EPOCH).days
"""Days since 1970 of 9999-12-31, the last date that can be formatted."""
SECONDS_A_DAY: Final = 86_400
LAST_SECOND: Final = LAST_DAY * SECONDS_A_DAY
"""The first second of that day, a date in every time zone."""


def in_calendar(days: int) -> bool:
    """Whether a count of days since 1970 is a date."""
    return 0 <= days <= LAST_DAY


def spell_day(days: int) -> str:
    """A day as YYYY-MM-DD; outside the calendar, its number."""
    if not in_calendar(days):
        return f"day {days} (outside the calendar)"
    return (EPOCH + dt.timedelta(days=days)).isoformat()


def spell_moment(seconds: float, form: str) -> str:
    """Unix seconds as local time in a `strftime` format; outside the calendar, their number."""
    if not 0 <= seconds <= LAST_SECOND:
        return f"second {seconds:.0f} (outside the calendar)"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone().strftime(form)
