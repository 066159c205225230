"""The chunked segment is as exact as a scan, whatever the chunks, the radius and the skew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.fingerprints import PDQ_RADIUS
from node.match import mih_layout
from node.match.mih import Segment
from node.match.mih_build import build
from node.match.mih_layout import BITS, NARROWER, best_chunks, chunk_radii, chunk_widths, layout

Words = np.ndarray


def segment(hashes: Words, chunks: int = 0) -> Segment:
    count = len(hashes)
    sources, rows = np.ones(count, dtype=np.int32), np.arange(count, dtype=np.int64)
    qualities = np.full(count, 80, dtype=np.int8)
    halves = (slice(0, count // 3), slice(count // 3, None))
    parts = [(hashes[half], sources[half], rows[half], qualities[half]) for half in halves]
    return build(parts, radius=PDQ_RADIUS, chunks=chunks)


def by_scan(hashes: Words, probes: Words, radius: int) -> list[tuple[int, int]]:
    distance = np.bitwise_count(probes[:, np.newaxis, :] ^ hashes[np.newaxis, :, :]).sum(axis=2)
    return [(int(p), int(slot)) for p, slot in np.argwhere(distance <= radius)]


def by_chunks(built: Segment, probes: Words, radius: int) -> list[tuple[int, int]]:
    found, slot = built.near(probes, radius)
    return sorted(zip(found.tolist(), slot.tolist(), strict=True))


def with_bits(words: Words, bits: list[int]) -> Words:
    made = words.copy()
    for bit in bits:
        made[bit // 64] ^= np.uint64(1 << (bit % 64))
    return made


@pytest.fixture(params=["chunks", "scan"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never gives up on the chunks, or always does."""
    monkeypatch.setattr(mih_layout, "ROW_COST", 1e6 * mih_layout.PROPOSAL_COST if request.param == "chunks" else 0.0)


@given(chunks=st.integers(1, 64), radius=st.integers(0, 80))
def test_the_radii_of_the_chunks_are_the_pigeonhole(chunks: int, radius: int) -> None:
    """A hash that every chunk misses is past the radius, and no chunk is searched further than that takes."""
    radii = chunk_radii(chunks, radius)
    assert len(radii) == chunks
    assert sum(near + 1 for near in radii) == radius + 1
    assert sorted(radii, reverse=True) == radii


@pytest.mark.parametrize("chunks", range(mih_layout.FEWEST_CHUNKS, mih_layout.MOST_CHUNKS + 1))
def test_the_chunks_cover_every_bit_once(chunks: int) -> None:
    widths = chunk_widths(chunks)
    assert sum(widths) == BITS
    assert len(widths) == chunks
    assert all(0 <= wide - narrow <= NARROWER + 1 for wide, narrow in pairwise(widths))
    assert layout(chunks)[-1].tolist()[:2] == [BITS - widths[-1], widths[-1]]


def test_more_hashes_are_cut_into_fewer_chunks_and_the_tables_stay_affordable() -> None:
    chosen = [best_chunks(size, PDQ_RADIUS) for size in (1_000, 100_000, 1_000_000, 10_000_000, 100_000_000)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1]
    for size in (100_000, 1_000_000, 10_000_000):
        chunks = best_chunks(size, PDQ_RADIUS)
        assert 4 * chunks + sum(2**width for width in chunk_widths(chunks)) / size <= 110


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("chunks", [11, 12, 13, 16, 20, 31, 32])
def test_neighbours_planted_against_the_chunks_are_found_at_every_distance(chunks: int) -> None:
    """Flips are dealt to the chunks in turn, the very spread of which the pigeonhole is the worst case."""
    rng = np.random.default_rng(chunks)
    background = rng.integers(0, 2**64, (2_000, 4), dtype=np.uint64)
    centres = background[:3]
    starts = np.cumsum([0, *chunk_widths(chunks)])
    planted = []
    for centre in centres:
        for distance in range(PDQ_RADIUS + 3):
            for first in range(0, chunks, 3):
                inside = [
                    int(starts[(first + turn) % chunks]) + (turn // chunks) * 7 % (BITS // chunks)
                    for turn in range(distance)
                ]
                planted.append(with_bits(centre, inside))
            planted.append(with_bits(centre, rng.choice(BITS, distance, replace=False).tolist()))
            planted.append(with_bits(centre, [(50 + bit) % BITS for bit in range(distance)]))
    hashes = np.concatenate([background, np.array(planted)])
    built = segment(hashes, chunks)
    for radius in (PDQ_RADIUS, PDQ_RADIUS - 1, 12, 1, 0):
        assert by_chunks(built, centres, radius) == by_scan(hashes, centres, radius)
    assert len(by_chunks(built, centres, PDQ_RADIUS)) > len(centres) * PDQ_RADIUS


@pytest.mark.usefixtures("_way")
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    stored=st.integers(1, 600),
    flips=st.integers(0, 50),
    copies=st.integers(1, 40),
    chunks=st.sampled_from([16, 19, 32]),
    radius=st.integers(0, PDQ_RADIUS),
)
def test_crowds_and_copies_are_found_as_by_a_scan(  # noqa: PLR0917  (pytest passes them by name)
    seed: int, stored: int, flips: int, copies: int, chunks: int, radius: int
) -> None:
    """Copies fill single values past what a block can count, crowds lie right at the radius."""
    rng = np.random.default_rng(seed)
    middle = rng.integers(0, 2**64, 4, dtype=np.uint64)
    crowd = np.array([with_bits(middle, rng.integers(0, BITS, flips).tolist()) for _ in range(stored)])
    hashes = np.concatenate([crowd, np.repeat(crowd[:1], copies, axis=0), np.zeros((2, 4), dtype=np.uint64)])
    probes = np.concatenate([crowd[:5], middle[np.newaxis], np.zeros((1, 4), dtype=np.uint64)])
    assert by_chunks(segment(hashes, chunks), probes, radius) == by_scan(hashes, probes, radius)


def test_a_value_that_thousands_share_is_told_apart_from_its_neighbours() -> None:
    rng = np.random.default_rng(8)
    hashes = rng.integers(0, 2**64, (40_000, 4), dtype=np.uint64)
    hashes[:5_000, 0] &= np.uint64(0xFFFF_FFFF_0000_0000)  # the first chunks of a crowd are all alike
    built = segment(hashes, 16)
    assert len(built.wide) > 0
    probes = hashes[[0, 4_999, 5_000, 39_999]]
    assert by_chunks(built, probes, PDQ_RADIUS) == by_scan(hashes, probes, PDQ_RADIUS)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), part=st.sampled_from(["blocks", "wide", "ids"]), every=st.integers(1, 50))
def test_damaged_tables_invent_no_hit_and_lead_nowhere_else(seed: int, part: str, every: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, (800, 4), dtype=np.uint64)
    hashes[::2] = hashes[0]
    built = segment(hashes, 16)
    damaged = getattr(built, part).reshape(-1)
    harm = rng.integers(0, 256, damaged[::every].nbytes, dtype=np.uint8).view(damaged.dtype)
    damaged[::every] = harm
    probes = np.concatenate([hashes[:4], rng.integers(0, 2**64, (2, 4), dtype=np.uint64)])
    found, slot = built.near(probes, PDQ_RADIUS)
    confirmed = built.confirm(found, slot, probes, PDQ_RADIUS)
    told = set(zip(confirmed.probe.tolist(), confirmed.row.tolist(), strict=True))
    assert told <= set(by_scan(hashes, probes, PDQ_RADIUS))
