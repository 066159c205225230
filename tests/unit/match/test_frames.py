"""Videos in the index: one proposal a video, whatever the number of near frames, also within the wide radius."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np
import pytest

from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_RADIUS
from node.domain.orientations import turned
from node.domain.search_ports import HOLDINGS_SOURCE, Probe, RawHit
from node.domain.videos import WIDE_RADIUS
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.match.videos import TURNED_PROBES, WIDE_PROBES
from tests.unit.match.builders import columns, flipped, where
from tests.unit.match.keeping import ReopenedIndex
from tests.unit.match.merged import MergedIndex

LOG = 3


@pytest.fixture(params=[LocalIndex, MergedIndex, ReopenedIndex])
def index(request: pytest.FixtureRequest) -> LocalIndex:
    make: Callable[[], LocalIndex] = request.param
    return make()


def hashes(count: int, seed: int = 1) -> list[bytes]:
    return [row.tobytes() for row in np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)]


def laid_over(frames: Sequence[bytes], bits: int) -> list[bytes]:
    """Each frame with this many bits turned over, spread over the whole hash."""
    return [flipped(frame, {n * 255 // bits for n in range(bits)}) for frame in frames]


def probes(frames: Sequence[bytes], subject: int = 0, looks: int = 1) -> list[Probe]:
    """`looks` hashes are shown at a time."""
    return [Probe(subject, FRAME.code, frame, 90, at=1_000 * (n // looks)) for n, frame in enumerate(frames)]


def test_an_hour_of_one_scene_is_one_hit(index: LocalIndex) -> None:
    scene = [flipped(hashes(1)[0], [n % 20]) for n in range(600)]
    index.add(LOG, columns(FRAME, [7] * 600, scene))
    (hit,) = index.search(probes(scene), PDQ_RADIUS)
    assert hit == RawHit(0, LOG, 7, FRAME.code, 0, 90, 0, turns=1)
    assert index.sizes() == {LOG: 1}


@pytest.mark.parametrize("bits", [PDQ_RADIUS + 1, 50, WIDE_RADIUS])
@pytest.mark.parametrize("count", [8, 40, 400])
def test_a_video_whose_frames_are_all_changed_is_proposed(index: LocalIndex, bits: int, count: int) -> None:
    frames = hashes(count)
    index.add(LOG, columns(FRAME, [5] * count, frames))
    index.add(HOLDINGS_SOURCE, columns(FRAME, [9] * count, hashes(count, 2)))
    (hit,) = index.search(probes(laid_over(frames, bits)), PDQ_RADIUS)
    assert (hit.source, hit.row, hit.code, hit.by) == (LOG, 5, FRAME.code, 0)
    assert PDQ_RADIUS < hit.distance <= bits


def test_a_slow_film_with_something_laid_over_it_is_proposed(index: LocalIndex) -> None:
    """Each frame is near the one before, and the last is far from the first."""
    start, order = hashes(1)[0], np.random.default_rng(5).permutation(256)
    slow = [flipped(start, order[: 2 * n].tolist()) for n in range(120)]
    index.add(LOG, columns(FRAME, [5] * 24, slow[::5]))
    mask = order[-50:].tolist()  # a logo: the same bits of every frame
    asked = [flipped(frame, mask) for frame in slow[:100]]
    assert where(index.search(probes(asked), PDQ_RADIUS)) == [(LOG, 5)]


def test_past_the_wide_radius_nothing_is_proposed(index: LocalIndex) -> None:
    frames = hashes(20)
    index.add(LOG, columns(FRAME, [5] * 20, frames))
    assert index.search(probes(laid_over(frames, WIDE_RADIUS + 2)), PDQ_RADIUS) == []


def test_the_rule_exact_proposes_equal_frames_alone(index: LocalIndex) -> None:
    frames = hashes(20)
    index.add(LOG, columns(FRAME, [5] * 20, frames))
    assert where(index.search(probes(frames), 0)) == [(LOG, 5)]
    assert index.search(probes(laid_over(frames, 2)), 0) == []


def test_one_frame_within_the_radius_is_enough_however_long_the_question(index: LocalIndex) -> None:
    asked = hashes(WIDE_PROBES * 5)
    for place in (0, 1, 150, len(asked) - 1):
        index.add(LOG, columns(FRAME, [place], [laid_over(asked[place : place + 1], PDQ_RADIUS)[0]]))
    assert where(index.search(probes(asked), PDQ_RADIUS)) == [(LOG, place) for place in (0, 1, 150, len(asked) - 1)]


def test_pictures_and_frames_are_held_against_each_other(index: LocalIndex) -> None:
    (picture, other), frames = hashes(2), hashes(9, 4)
    index.add(LOG, columns(FRAME, [1] * 9, [*frames[:8], flipped(picture, range(12))]))
    index.add(HOLDINGS_SOURCE, columns(PDQ, [2], [flipped(frames[3], range(7))]))
    turned = [Probe(4, PDQ.code, other, 90, 0), Probe(4, PDQ.code, picture, 90, 6)]
    (by_picture,) = index.search(turned, PDQ_RADIUS)
    assert by_picture == RawHit(4, LOG, 1, FRAME.code, 12, 90, 6, PDQ.code)
    (by_frame,) = index.search(probes(frames[2:5], 5), PDQ_RADIUS)[1:]
    assert by_frame == RawHit(5, HOLDINGS_SOURCE, 2, PDQ.code, 7, 90, 0, FRAME.code)


@pytest.mark.parametrize("turn", range(1, 8))
@pytest.mark.parametrize("count", [3, 40, 4 * TURNED_PROBES])
def test_a_video_that_is_turned_is_proposed_in_that_orientation(index: LocalIndex, turn: int, count: int) -> None:
    frames = hashes(count)
    index.add(LOG, columns(FRAME, [5] * count, frames))
    index.add(HOLDINGS_SOURCE, columns(FRAME, [9] * count, hashes(count, 2)))
    copy = [turned(flipped(frame, range(20)))[turn] for frame in frames]
    (hit,) = index.search(probes(copy), PDQ_RADIUS)
    assert (hit.source, hit.row, hit.code, hit.by, hit.distance) == (LOG, 5, FRAME.code, 0, 20)
    assert turned(turned(frames[0])[turn])[hit.orientation] == frames[0]
    assert index.search(probes(copy), 0) == []


def test_a_turned_frame_finds_the_picture_it_shows(index: LocalIndex) -> None:
    picture, *frames = hashes(9)
    index.add(LOG, columns(PDQ, [2], [flipped(picture, range(9))]))
    (hit,) = index.search(probes([*frames[:4], turned(picture)[5], *frames[4:]], 3), PDQ_RADIUS)
    assert hit == RawHit(3, LOG, 2, PDQ.code, 9, 90, 5, FRAME.code)


def test_each_of_several_videos_is_turned_by_itself(index: LocalIndex) -> None:
    ones, others = hashes(9), hashes(9, 2)
    index.add(LOG, columns(FRAME, [1] * 9 + [2] * 9, [*ones, *others]))
    asked = probes([turned(frame)[5] for frame in ones], 0) + probes([turned(frame)[2] for frame in others], 7)
    found = {(hit.subject, hit.row, hit.orientation) for hit in index.search(asked, PDQ_RADIUS)}
    assert found == {(0, 1, 5), (7, 2, 2)}


def test_a_frame_as_it_is_speaks_before_a_turned_one_that_is_as_near(index: LocalIndex) -> None:
    frame = hashes(1)[0]
    index.add(LOG, columns(FRAME, [1], [frame]))
    (hit,) = index.search(probes([turned(frame)[5], frame]), PDQ_RADIUS)
    assert (hit.distance, hit.orientation) == (0, 0)


def test_a_proposal_says_all_orientations_in_which_frames_are_near(index: LocalIndex) -> None:
    frames = hashes(9)
    index.add(LOG, columns(FRAME, [1] * 9, frames))
    asked = [frames[0], *(turned(flipped(frame, range(9)))[5] for frame in frames[1:8]), turned(frames[8])[1]]
    (hit,) = index.search(probes(asked), PDQ_RADIUS)
    assert (hit.distance, hit.orientation) == (0, 0)
    assert hit.turns == 1 << 0 | 1 << 5 | 1 << 3


def test_a_turned_excerpt_of_a_scene_that_changes_slowly_is_proposed(index: LocalIndex) -> None:
    """Each frame is near the one before: none may be left out for that."""
    start, order = hashes(1)[0], np.random.default_rng(5).permutation(256)
    slow = [flipped(start, order[: 2 * n].tolist()) for n in range(TURNED_PROBES)]
    index.add(LOG, columns(FRAME, [5] * 12, slow[20:32]))
    noise = order[-30:].tolist()
    (hit,) = index.search(probes([turned(flipped(frame, noise))[5] for frame in slow]), PDQ_RADIUS)
    assert (hit.row, hit.orientation) == (5, 5)


@pytest.mark.parametrize("looks", [1, 2, 4])
@pytest.mark.parametrize("count", [64, 128, 255, 256, 512, 1_024])
def test_samples_are_of_whatever_is_shown_however_many_hashes_each_has(
    index: LocalIndex, looks: int, count: int
) -> None:
    """What is held is what lies within the borders of what is asked, and the last of what is shown at a time."""
    held = hashes(count)
    index.add(LOG, columns(FRAME, [5] * count, held))
    others = cycle(hashes(count, 3))
    mirrored = [hash_ for frame in held for hash_ in [*[next(others)] * (looks - 1), turned(frame)[5]]]
    assert [(hit.row, hit.turns) for hit in index.search(probes(mirrored, looks=looks), PDQ_RADIUS)] == [(5, 1 << 5)]
    overlaid = [h for frame in laid_over(held, 50) for h in [*[next(others)] * (looks - 1), frame]]
    assert [(hit.row, hit.turns) for hit in index.search(probes(overlaid, looks=looks), PDQ_RADIUS)] == [(5, 1)]


@pytest.mark.parametrize("count", [257, 300, 990])
def test_whoever_says_one_time_of_all_frames_is_answered_all_the_same(index: LocalIndex, count: int) -> None:
    frames = hashes(count)
    index.add(LOG, columns(FRAME, [5] * count, frames))
    at_once = [Probe(0, FRAME.code, turned(frame)[5], 90, at=0) for frame in frames]
    assert [(hit.row, hit.turns) for hit in index.search(at_once, PDQ_RADIUS)] == [(5, 1 << 5)]


def test_frames_that_were_removed_are_proposed_no_more(index: LocalIndex) -> None:
    frames = hashes(30)
    index.add(LOG, columns(FRAME, [1] * 30, frames))
    index.remove(LOG, [1])
    assert index.search(probes(frames), PDQ_RADIUS) == []
    assert index.sizes() == {}


def test_a_proposal_by_frames_never_takes_the_place_of_a_digest() -> None:
    digest = RawHit(0, LOG, 1, 1, 0, -1, 0)
    frames = RawHit(0, LOG, 1, FRAME.code, 0, 90, 0)
    assert rank([frames, digest]) == [digest]
    assert rank([RawHit(0, LOG, 2, PDQ.code, 31, 50, 0), frames]) == [RawHit(0, LOG, 2, PDQ.code, 31, 50, 0), frames]
