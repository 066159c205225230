"""Which frames are kept and which only looked for, whatever the times say."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.videos import LOOK
from node.media import sampling
from node.media.sampling import Sampler


def sampled(times: list[int]) -> tuple[list[int], list[int]]:
    sampler: Sampler[int] = Sampler()
    for at in times:
        if sampler.wants(at):
            sampler.take(at, at)
    done = sampler.finish()
    assert all(at == sample for at, sample in done.frames + done.between)
    return [at for at, _ in done.frames], [at for at, _ in done.between]


def rate(frames: int, seconds: float) -> list[int]:
    return [round(number * 1_000 / frames) for number in range(round(seconds * frames))]


@pytest.mark.parametrize("frames", [5, 24, 25, 30, 60])
def test_one_frame_a_second_is_kept_and_four_between_are_looked_for(frames: int) -> None:
    kept, between = sampled(rate(frames, 20))
    assert [at // 1_000 for at in kept] == list(range(20))
    assert max(at % 1_000 for at in kept) < 1_000 / frames
    assert len(between) == 80
    assert not set(kept) & set(between)


@pytest.mark.parametrize(("seconds", "least"), [(0.3, 2), (0.5, 2), (1, 4), (2, 8), (2.9, 12)])
def test_a_short_video_has_a_few_all_the_same(seconds: float, least: int) -> None:
    kept, _ = sampled(rate(30, seconds))
    assert len(kept) == least


def test_one_frame_is_enough() -> None:
    assert sampled([0]) == ([0], [])


def test_no_frame_gives_none() -> None:
    assert sampled([]) == ([], [])


def test_a_long_video_is_thinned_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MAX_FRAMES", 16)
    kept, between = sampled(rate(10, 100))
    assert 8 < len(kept) <= 17
    assert {later - earlier for earlier, later in pairwise(kept)} == {8_000}
    assert len(between) <= 5 * 17


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=300))
def test_whatever_the_gaps_the_first_frame_is_kept_and_no_more_than_the_most(gaps: list[int]) -> None:
    times = [sum(gaps[: at + 1]) for at in range(len(gaps))]
    kept, between = sampled(times)
    assert kept[0] == times[0]
    assert kept == sorted(set(kept))
    assert between == sorted(set(between))
    assert not set(kept) & set(between)
    assert len(kept) <= sampling.MAX_FRAMES + 1


def test_the_hashes_of_one_frame_are_looked_for_together() -> None:
    assert sampling.MAX_INSIDES + 1 == LOOK
