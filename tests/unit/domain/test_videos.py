"""When two videos are near: shares as brute force counts them, and what of a video is asked at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain import videos
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ_RADIUS
from node.domain.fingerprints import Fingerprint
from node.domain.orientations import INVERSE, turned
from node.domain.videos import SHARE_PERCENT, WIDE_RADIUS, VideoMatch, frames_of, looked_for, thinned, wide_radius
from tests.unit.match.brute import distance
from tests.unit.match.builders import flipped


def compare(
    query: Sequence[Fingerprint], compared: Sequence[Fingerprint], radius: int, turn: int = 0
) -> VideoMatch | None:
    return videos.compare(looked_for(query), compared, radius, turn)


def frame_turned(frame: Fingerprint, turn: int) -> Fingerprint:
    return replace(frame, value=turned(frame.value)[turn])


def random_hash(number: int) -> bytes:
    return hashlib.sha256(f"frame {number}".encode()).digest()


def film(*hashes: bytes, quality: int = 90, step: int = 1_000) -> tuple[Fingerprint, ...]:
    return tuple(
        Fingerprint(code=FRAME.code, value=value, quality=quality, at=step * n) for n, value in enumerate(hashes)
    )


def numbered(*numbers: int, bits: int = 0) -> tuple[Fingerprint, ...]:
    return film(*(flipped(random_hash(n), range(0, 2 * bits, 2)) for n in numbers))


def brute(query: Sequence[Fingerprint], compared: Sequence[Fingerprint], radius: int) -> tuple[int, int]:
    """(query percent, compared percent) by the words of the module: moments of the one, frames of the other."""

    def usable(frames: Sequence[Fingerprint]) -> list[Fingerprint]:
        good = [f for f in frames if f.code == FRAME.code and f.quality is not None and f.quality >= 50]
        looks: list[list[Fingerprint]] = [[]]
        for _, shown in groupby(good, key=lambda f: f.at):
            look = list({f.value: f for f in reversed(list(shown))}.values())[::-1]
            looks.append(look)
        return [f for before, look in pairwise(looks) for f in look if f.value not in {other.value for other in before}]

    asked, kept = usable(query), usable(compared)
    times = [f.at for f in compared if f.at is not None]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    length = max(1_000, gaps[len(gaps) // 2] if gaps else 0)
    seconds: dict[int, bool] = {}
    for frame in asked:
        assert frame.at is not None
        near = any(distance(frame.value, other.value) <= radius for other in kept)
        seconds[frame.at // length] = seconds.get(frame.at // length, False) or near
    found = sum(any(distance(frame.value, other.value) <= radius for other in asked) for frame in kept)
    return 100 * sum(seconds.values()) // len(seconds), 100 * found // len(kept)


POOL = [flipped(random_hash(n), range(bits)) for n in range(4) for bits in (0, 5, 31, 32, 60, 67)]
films = st.lists(
    st.builds(
        lambda number, quality, gap: (POOL[number], quality, gap),
        st.integers(0, len(POOL) - 1),
        st.sampled_from([49, 50, 100]),
        st.integers(0, 1_500),
    ),
    min_size=1,
    max_size=30,
).map(
    lambda shown: tuple(
        Fingerprint(code=FRAME.code, value=value, quality=quality, at=sum(gap for *_, gap in shown[: n + 1]))
        for n, (value, quality, _) in enumerate(shown)
    )
)


@given(films, films, st.sampled_from([0, 1, 20, PDQ_RADIUS]))
def test_shares_are_those_of_brute_force(
    query: tuple[Fingerprint, ...], compared: tuple[Fingerprint, ...], radius: int
) -> None:
    found = compare(query, compared, radius)
    if not frames_of(query) or not frames_of(compared):
        assert found is None
        return
    shares = brute(query, compared, radius)
    if max(shares) >= SHARE_PERCENT:
        assert found is not None
        assert found.shares.radius == radius
    if found is None:
        return
    assert (found.shares.query_percent, found.shares.compared_percent) == brute(query, compared, found.shares.radius)
    nearest = min(distance(one.value, other.value) for one in frames_of(query) for other in frames_of(compared))
    assert found.distance == nearest
    assert any(f.at == found.query_at for f in query)
    assert any(f.at == found.compared_at for f in compared)


@pytest.mark.parametrize("turn", range(8))
def test_a_copy_that_is_turned_is_found_in_that_orientation_alone(turn: int) -> None:
    whole = numbered(*range(20))
    copy = [frame_turned(frame, turn) for frame in numbered(*range(4, 12), bits=20)]
    back = INVERSE[turn]
    found = {other: compare(copy, whole, PDQ_RADIUS, other) for other in range(8)}
    assert [other for other, match in found.items() if match] == [back]
    match = found[back]
    assert match is not None
    assert (match.shares.query_percent, match.distance, match.query_at, match.compared_at) == (100, 20, 0, 4_000)


def test_what_is_turned_has_no_wide_radius() -> None:
    copy = [frame_turned(frame, 5) for frame in numbered(*range(8), bits=40)]
    assert compare(numbered(*range(8), bits=40), numbered(*range(8)), PDQ_RADIUS, 0) is not None
    assert compare(copy, numbered(*range(8)), PDQ_RADIUS, 5) is None


def in_a_box(frames: Sequence[Fingerprint]) -> tuple[Fingerprint, ...]:
    """Each frame behind another at the same time, as what lies within its borders is."""
    return tuple(
        each for n, frame in enumerate(frames) for each in (replace(frame, value=random_hash(10_000 + n)), frame)
    )


def test_what_lies_within_borders_counts_for_the_moment_of_its_frame() -> None:
    found = compare(in_a_box(numbered(*range(10))), numbered(*range(10), bits=3), PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.compared_percent, found.shares.moments) == (100, 100, 10)


def test_a_still_scene_in_a_letterbox_is_one_frame_and_its_inside() -> None:
    still = in_a_box(film(*[random_hash(1)] * 30))
    still = tuple(replace(each, value=random_hash(2)) if n % 2 == 0 else each for n, each in enumerate(still))
    assert [each.value for each in frames_of(still)] == [random_hash(2), random_hash(1)]


@pytest.mark.parametrize("most", [2, 9, 20, 21, 60, 199])
def test_a_frame_and_what_lies_within_its_borders_are_thinned_together(most: int) -> None:
    dense = in_a_box(film(*(random_hash(n) for n in range(100)), step=250))
    kept = thinned(dense, most)
    assert most - 2 < len(kept) <= most
    times = [frame.at for frame in kept]
    assert times[::2] == times[1::2]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), st.integers(1, 200))
def test_as_many_as_there_is_room_for_go_whole_whatever_their_sizes(sizes: list[int], most: int) -> None:
    shown = [
        Fingerprint(code=FRAME.code, value=random_hash(100 * at + n), quality=90, at=1_000 * at)
        for at, size in enumerate(sizes)
        for n in range(size)
    ]
    kept = thinned(shown, most)
    assert len(kept) <= most
    times = [frame.at for frame in kept]
    assert {at: times.count(at) for at in times} == {
        1_000 * at: size for at, size in enumerate(sizes) if 1_000 * at in times
    }
    assert len(kept) == len(shown) or len(kept) > most - 4


def test_one_frame_with_borders_costs_the_others_nothing() -> None:
    plain = film(*(random_hash(n) for n in range(2_000)))
    bordered = [*plain[:700], *(replace(plain[700], value=random_hash(9_000 + n)) for n in range(4)), *plain[701:]]
    assert len(thinned(bordered, 997)) >= len(thinned(plain, 997)) - 4


def test_whatever_repeats_in_a_film_the_room_is_used_and_spread() -> None:
    """Two of three seconds have borders."""
    shown = [
        Fingerprint(code=FRAME.code, value=random_hash(10 * at + n), quality=90, at=1_000 * at)
        for at in range(300)
        for n in range(1 if at % 3 == 0 else 4)
    ]
    kept = thinned(shown, 300)
    assert len(kept) > 296
    times = sorted({frame.at or 0 for frame in kept})
    assert max(later - earlier for earlier, later in pairwise(times)) <= 6_000
    assert {time // 1_000 % 3 for time in times} == {0, 1, 2}


def test_whole_seconds_go_before_none_that_lies_between() -> None:
    dense = film(*(random_hash(n) for n in range(1_500)), step=200)
    kept = {frame.at for frame in thinned(dense, 700)}
    assert {1_000 * n for n in range(300)} <= kept
    assert len(kept) == 700


def test_an_excerpt_is_found_in_the_whole_and_the_whole_by_the_excerpt() -> None:
    whole, excerpt = numbered(*range(20)), numbered(4, 5, 6, bits=10)
    found = compare(excerpt, whole, PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.compared_percent) == (100, 15)
    assert (found.distance, found.query_at, found.compared_at) == (10, 0, 4_000)
    found = compare(whole, excerpt, PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.compared_percent) == (15, 100)


@pytest.mark.parametrize(("shared", "hit"), [(10, True), (9, False)])
def test_half_of_either_has_to_be_near(shared: int, hit: bool) -> None:
    assert (compare(numbered(*range(20)), numbered(*range(20 - shared, 40 - shared)), PDQ_RADIUS) is not None) is hit


def test_frames_below_the_floor_and_repeats_do_not_count() -> None:
    still = film(random_hash(1), random_hash(1), random_hash(1), random_hash(2))
    assert len(frames_of(still)) == 2
    assert compare(film(random_hash(1), quality=49), still, PDQ_RADIUS) is None
    found = compare(still, film(random_hash(1), random_hash(7), random_hash(8)), PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.compared_percent, found.shares.moments) == (50, 33, 2)


@pytest.mark.parametrize(("bits", "hit"), [(32, True), (WIDE_RADIUS, True), (WIDE_RADIUS + 1, False)])
def test_an_overlay_on_every_frame_is_found_within_the_wide_radius(bits: int, hit: bool) -> None:
    found = compare(numbered(*range(8), bits=bits), numbered(*range(8)), PDQ_RADIUS)
    assert (found is not None) is hit
    if found is not None:
        assert (found.shares.radius, found.distance) == (WIDE_RADIUS, bits)


def test_the_wide_radius_wants_several_scenes_and_not_one_seen_for_long() -> None:
    assert compare(numbered(*range(4), bits=40), numbered(*range(4)), PDQ_RADIUS) is None
    scene = [flipped(random_hash(1), [n]) for n in range(60)]
    other = [flipped(value, range(100, 140)) for value in scene]
    assert compare(film(*scene), film(*other), PDQ_RADIUS) is None


def test_who_narrows_the_radius_narrows_the_wide_one_and_exact_has_none() -> None:
    assert [wide_radius(radius) for radius in (PDQ_RADIUS, 15, 0)] == [WIDE_RADIUS, 31, 0]
    assert compare(numbered(*range(8), bits=40), numbered(*range(8)), 15) is None
    assert compare(numbered(*range(8), bits=1), numbered(*range(8)), 0) is None
    found = compare(numbered(*range(8)), numbered(*range(8)), 0)
    assert found is not None
    assert found.shares.radius == 0


def test_a_second_counts_where_any_frame_of_it_is_near() -> None:
    """So a copy that begins half a second later is found by the frames between."""
    query = film(*(random_hash(n) for n in range(40)), step=250)
    kept = film(*(random_hash(4 * n + 2) for n in range(10)))
    found = compare(query, kept, PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.compared_percent, found.shares.moments) == (100, 100, 10)


def test_an_excerpt_of_a_film_of_which_every_fourth_second_is_kept_is_found() -> None:
    kept = film(*(random_hash(4 * n) for n in range(2_700)), step=4_000)
    excerpt = film(*(random_hash(n) for n in range(400, 460)))
    found = compare(excerpt, kept, PDQ_RADIUS)
    assert found is not None
    assert (found.shares.query_percent, found.shares.moments) == (100, 15)
    assert compare(film(*(random_hash(n) for n in range(-60, 0))), kept, PDQ_RADIUS) is None


def test_the_streams_of_a_long_film_do_not_make_its_seconds_shorter() -> None:
    """Of two streams every fourth second is kept; an excerpt of either is found by the moments that there are."""
    one, other = (film(*(random_hash(n) for n in range(first, first + 60)), step=4_000) for first in (0, 1_000))
    kept = tuple(sorted((*one, *other), key=lambda frame: frame.at or 0))
    excerpt = film(*(random_hash(n // 4 if n % 4 == 0 else 5_000 + n) for n in range(40)))
    found = compare(excerpt, kept, PDQ_RADIUS)
    assert found is not None
    assert found.shares.query_percent == 100


def test_long_films_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    query, kept = numbered(*range(50), bits=3), numbered(*range(30, 80))
    whole = compare(query, kept, PDQ_RADIUS)
    assert whole is None
    monkeypatch.setattr(videos, "_BLOCK", 7)
    for other in (kept, numbered(*range(20, 70))):
        assert (compare(query, other, PDQ_RADIUS) is None) is (other is kept)


@given(films, st.integers(0, 40))
def test_what_is_asked_fits_and_keeps_the_digests(frames: tuple[Fingerprint, ...], most: int) -> None:
    digest = Fingerprint(code=MD5.code, value=bytes(16))
    fitted = thinned((digest, *frames), most)
    assert fitted[0] == digest
    assert len(fitted) <= max(most, 1)
    assert set(fitted[1:]) <= set(frames_of(frames))
    if most > len(frames):
        assert fitted[1:] == frames_of(frames)
    times = [frame.at for frame in fitted[1:] if frame.at is not None]
    assert times == sorted(times)


def test_the_frames_between_go_first() -> None:
    dense = film(*(random_hash(n) for n in range(100)), step=250)
    assert [frame.at for frame in thinned(dense, 25)] == [1_000 * n for n in range(25)]
    assert len(thinned(dense, 60)) == 60
