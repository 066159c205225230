"""When a list says that it changed a row: numbers, times with and without a zone, and what cannot be compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.references import is_later_moment

MOMENTS = st.integers(86_400, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, MOMENTS, ZONES, ZONES)
def test_times_are_compared_as_moments_in_any_zone(
    one: datetime, other: datetime, here: timezone, there: timezone
) -> None:
    written = one.astimezone(here).isoformat(), other.astimezone(there).isoformat()
    assert is_later_moment(*written) == (one > other)


@given(st.integers(0, 10**17), st.integers(0, 10**17))
def test_numbers_are_compared_as_numbers(one: int, other: int) -> None:
    assert is_later_moment(str(one), str(other)) == (float(one) > float(other))


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        ("2031-05-03T14:00:00.5Z", "2031-05-03T14:00:00Z", True),
        ("2031-05-03T14:00:00", "2031-05-03T13:59:59Z", True),
        ("2031-05-04", "2031-05-03T23:59:59Z", True),
        ("1000000000.5", "1000000000", True),
        ("2031-05-03T14:00:00Z", "1000000000", False),
        ("1000000000", "2031-05-03T14:00:00Z", False),
        ("version b", "version a", True),
        ("version a", "1", False),
        ("", "1", False),
        ("1", "", False),
        ("1", "1", False),
    ],
)
def test_what_is_of_two_sorts_or_not_stated_is_never_later(one: str, other: str, later: bool) -> None:
    assert is_later_moment(one, other) is later
