"""When frames are shown: sound stamps are believed as they are, and no others cost a scene."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media import sampling
from node.media.clock import GAP, JUMPING, LEAST_FRAMES, MAX_GAPS, MOST_FRAMES, STANDING, Clock
from node.media.sampling import Sampler

SECOND = 1_000


class Believing:
    """The clock as it was before stamps were doubted (2026-11-28): what it says of sound stamps must not change, for
    records were made by it.
    """

    def __init__(self, rate: float) -> None:
        self._step = SECOND / rate
        self._offset: float | None = None
        self._last = 0.0

    def at(self, time: float | None) -> int:
        if self._offset is None:
            self._offset = -time if time is not None else 0.0
            return 0
        next_one = self._last + self._step
        if time is not None:
            shifted = time + self._offset
            if shifted < self._last - SECOND:
                self._offset += next_one - shifted
            else:
                next_one = max(shifted, self._last)
        self._last = min(next_one, float(sampling.MAX_AT))
        return round(self._last)


def stamped(rate: float, gaps: list[int], first: float, missing: set[int]) -> list[float | None]:
    """Stamps of a film of this many frames a second, which now and then shows one frame for longer."""
    times: list[float | None] = []
    at = first
    for number, gap in enumerate(gaps):
        times.append(None if number in missing else at)
        at += SECOND / rate * (1 + gap)
    return times


def taken(clock: Clock, times: list[float | None]) -> list[int]:
    """The numbers of the frames that are hashed."""
    sampler: Sampler[int] = Sampler()
    numbers = []
    for number, time in enumerate(times):
        at = clock.at(time)
        if sampler.wants(at):
            sampler.take(at, number)
            numbers.append(number)
    return numbers


@given(
    rate=st.sampled_from([1, 10, 12.5, 15, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 120, 240]),
    gaps=st.lists(st.just(0) | st.integers(0, 400), min_size=1, max_size=400),
    first=st.floats(-1e9, 1e9),
    data=st.data(),
)
def test_sound_stamps_are_told_as_before(rate: float, gaps: list[int], first: float, data: st.DataObject) -> None:
    missing = data.draw(st.sets(st.integers(1, len(gaps)), max_size=3))
    times = stamped(rate, gaps, first, missing)
    clock, before = Clock(rate), Believing(rate)
    assert [clock.at(time) for time in times] == [before.at(time) for time in times]
    assert clock.faults == ()


@given(st.integers(1, 120), st.lists(st.integers(0, 5), min_size=30, max_size=400))
def test_a_recording_of_a_screen_is_told_as_before(burst: int, pauses: list[int]) -> None:
    """One frame a second as stated, now and then 120 in one."""
    times: list[float | None] = []
    at = 0.0
    for pause in pauses:
        times.append(at)
        at += SECOND / burst if pause else SECOND * 2
    clock, before = Clock(1), Believing(1)
    assert [clock.at(time) for time in times] == [before.at(time) for time in times]


@given(st.lists(st.none() | st.floats(-1e15, 1e15), max_size=300), st.floats(0, 1e6))
def test_time_never_runs_backwards_and_begins_at_nothing(times: list[float | None], rate: float) -> None:
    clock = Clock(rate)
    told = [clock.at(time) for time in times]
    assert told[:1] in ([0], [])
    assert told == sorted(told)
    assert max(told, default=0) <= sampling.MAX_AT


@st.composite
def stamps(draw: st.DrawFn) -> list[float | None]:
    """Runs of stamps: standing, dense, sound, backwards, missing, anything, one behind another."""
    times: list[float | None] = []
    at = draw(st.floats(-1e12, 1e12))
    for _ in range(draw(st.integers(1, 5))):
        step = draw(st.sampled_from([0.0, 0.001, 1.0, 7.9, 8.1, 33.3, 40.0, -40.0, -2_000.0, 1e10, -1e10]))
        count = draw(st.integers(1, 150))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            times += [None] * count
        elif kind == 1:
            source = random.Random(draw(st.integers(0, 999)))
            times += [source.uniform(-1e7, 1e7) for _ in range(count)]
        else:
            times += [at + step * number for number in range(count)]
            at += step * count
        at += draw(st.sampled_from([0.0, 40.0, 1e12, -1e12, 3_600_000.0]))
    return times


@given(stamps(), st.sampled_from([0.0, 0.01, 5.0, 10.0, 25.0, 29.97, 60.0, 240.0, 90_000.0]))
def test_whatever_the_stamps_no_second_of_frames_is_without_one_that_is_hashed(
    times: list[float | None], rate: float
) -> None:
    """A second as the file states its rate, within what cameras have; as usual where it states none."""
    numbers = [*taken(Clock(rate), times), len(times)]
    longest = max(later - earlier for earlier, later in pairwise(numbers))
    assert longest <= round(min(max(rate or 25, LEAST_FRAMES), MOST_FRAMES))


@pytest.mark.parametrize("step", [0.0, 0.01, 1.0])
def test_frames_are_counted_where_time_stands_still_or_is_too_dense(step: float) -> None:
    clock = Clock(10)
    told = [clock.at(number * step) for number in range(110)]
    assert clock.faults == (STANDING,)
    assert told[-1] == pytest.approx(10_900, abs=100)
    assert len({at // SECOND for at in told}) >= 8  # the first seconds are told at once


def test_a_clock_that_is_set_while_it_records_loses_nothing_behind_it() -> None:
    years = 55 * 365 * 24 * 3_600 * 1_000.0
    clock = Clock(10)
    told = [clock.at(time) for time in [*range(0, 2_000, 100), *(years + at for at in range(2_000, 9_000, 100))]]
    assert told == list(range(0, 9_000, 100))
    assert clock.faults == (JUMPING,)
    assert clock.skipped == years


def test_a_jump_of_an_hour_or_a_week_is_believed() -> None:
    for jump in (3_600_000.0, 7 * 24 * 3_600_000.0):
        clock = Clock(10)
        told = [clock.at(time) for time in (0, 100, 100 + jump, 200 + jump)]
        assert told == [0, 100, 100 + jump, 200 + jump]
        assert clock.faults == ()


def test_gaps_are_believed_up_to_thirty_days_together() -> None:
    clock = Clock(10)
    day = 24 * 3_600_000.0
    told = [clock.at(number * day) for number in range(40)]
    assert max(later - earlier for earlier, later in pairwise(told)) == day
    assert told[-1] <= MAX_GAPS + 40 * GAP
    assert clock.faults == (JUMPING,)


def test_a_few_stamps_from_elsewhere_do_not_move_what_follows() -> None:
    clock = Clock(24)
    told = [clock.at(time) for time in (0, 42, 83, 2_700, 125, 2_742, 2_783, 2_825)]
    assert told[-1] - told[3] <= 200


def test_a_spliced_stream_is_sampled_past_the_splice() -> None:
    clock = Clock(10)
    told = [clock.at(time) for time in [*range(0, 5_000, 100), *range(0, 5_000, 100)]]
    assert told[-1] == 9_900
    assert sorted({at // SECOND for at in told}) == list(range(10))


def test_times_that_jitter_are_not_taken_for_a_splice() -> None:
    clock = Clock(25)
    assert [clock.at(time) for time in (0, 80, 40, 120, 80, 160)] == [0, 80, 80, 120, 120, 160]


def test_a_frame_without_a_time_follows_the_one_before() -> None:
    clock = Clock(25)
    assert [clock.at(time) for time in (None, None, None)] == [0, 40, 80]
