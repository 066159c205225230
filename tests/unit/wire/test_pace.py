"""The budget of bytes of a sender."""

import gc

from hypothesis import given
from hypothesis import strategies as some

from node.wire import limits
from node.wire.pace import Pace, Paces

STEPS = some.lists(some.tuples(some.integers(0, 65_536), some.floats(0, 5)), max_size=50)


@given(STEPS)
def test_who_waits_as_long_as_it_is_told_never_sends_faster_than_its_rate(steps: list[tuple[int, float]]) -> None:
    rate, burst, now = 10_000.0, 50_000.0, 0.0
    pace = Pace(rate=rate, burst=burst, now=now)
    sent = 0
    for size, pause in steps:
        sent += size
        now += max(pace.take(size, now), pause)
        assert sent <= burst + rate * now + 1


def test_a_budget_is_whole_again_after_a_rest_and_never_more_than_that() -> None:
    pace = Pace(rate=10.0, burst=100.0, now=0.0)
    assert pace.take(100, 0.0) == 0.0
    assert pace.take(50, 0.0) == 5.0
    assert pace.take(100, 1_000.0) == 0.0
    assert pace.take(1, 1_000.0) == 0.1


def test_the_connections_of_a_member_share_one_budget_and_strangers_share_none() -> None:
    paces = Paces()
    one, other = paces.member("FR", 0.0), paces.member("FR", 0.0)
    assert one is other
    assert paces.member("JP", 0.0) is not one
    assert paces.stranger(0.0) is not paces.stranger(0.0)


def test_a_member_without_connections_is_forgotten() -> None:
    paces = Paces()
    held = paces.member("FR", 0.0)
    held.take(2 * limits.MEMBER_BURST_BYTES, 0.0)
    assert paces.member("FR", 0.0).take(1, 0.0) > 0
    del held
    gc.collect()
    assert paces.member("FR", 0.0).take(1, 0.0) == 0.0
