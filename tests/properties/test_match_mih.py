"""The chunked segment is as exact as a scan, whatever the chunks, the radius and the skew."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.fingerprints import PDQ_RADIUS
from node.match import mih, mih_layout
from node.match.crew import Crew
from node.match.mih import Segment
from node.match.mih_build import build
from node.match.mih_layout import BITS, NARROWER, best_chunks, chunk_radii, chunk_widths, layout
from node.match.row_kernels import WIDE_BITS
from tests.conftest import oracle

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
    monkeypatch.setattr(mih_layout, "ROW_COST", 1e4 if request.param == "chunks" else 0.0)


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


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stored=st.integers(1, 400), radius=st.integers(WIDE_BITS - 2, 80))
def test_a_radius_too_wide_for_the_chunks_is_as_exact(seed: int, stored: int, radius: int) -> None:
    """Frames of videos are looked for within 66 bits. Some lie right at the radius, some of these in one half alone."""
    rng = np.random.default_rng(seed)
    probes = rng.integers(0, 2**64, (3, 4), dtype=np.uint64)
    hashes = rng.integers(0, 2**64, (stored, 4), dtype=np.uint64)
    for at in rng.integers(0, stored, stored // 2):
        half = rng.permutation(BITS // 2) + (BITS // 2 if at % 2 else 0)
        bits = half if at % 3 else rng.permutation(BITS)
        hashes[at] = with_bits(probes[at % 3], bits[: radius + int(rng.integers(-1, 2))].tolist())
    built = segment(hashes)
    assert built.plans.of(built, radius)[0].proposals < 0, "it is scanned, without a look at the chunks"
    assert by_chunks(built, probes, radius) == by_scan(hashes, probes, radius)


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


@pytest.mark.parametrize("chunks", range(11, mih_layout.MOST_CHUNKS + 1))  # fewer make tables of gigabytes
def test_flips_that_are_balanced_over_all_chunks_are_found_for_every_number_of_chunks(
    chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every chunk differs by just as many bits as it is searched to, or by one more: the pigeonhole at its edge."""
    monkeypatch.setattr(mih_layout, "ROW_COST", 1e4)
    rng = np.random.default_rng(chunks)
    widths = chunk_widths(chunks)
    starts = np.cumsum([0, *widths])
    background = rng.integers(0, 2**64, (300, 4), dtype=np.uint64)
    planted = [background[0]]
    for near_only in range(chunks):  # this chunk is near, all the others are one bit past what they are searched to
        bits = []
        for k, radius in enumerate(chunk_radii(chunks, PDQ_RADIUS)):
            turned = max(0, radius if k == near_only else radius + 1)
            bits += [int(starts[k]) + int(bit) for bit in rng.choice(widths[k], turned, replace=False)]
        planted.append(with_bits(background[0], bits))
    hashes = np.concatenate([background, np.array(planted)])
    for radius in (PDQ_RADIUS, PDQ_RADIUS - 1):
        assert by_chunks(segment(hashes, chunks), background[:1], radius) == by_scan(hashes, background[:1], radius)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_the_smallest_segments(size: int) -> None:
    hashes = np.arange(4 * size, dtype=np.uint64).reshape(size, 4)
    probes = np.arange(16, dtype=np.uint64).reshape(4, 4)
    for radius in (0, PDQ_RADIUS, BITS):
        assert by_chunks(segment(hashes), probes, radius) == by_scan(hashes, probes, radius)


@pytest.mark.parametrize("radius", [0, 5, PDQ_RADIUS, 32, 60, 100, BITS])
def test_any_radius_is_exact_and_wide_ones_are_scanned(radius: int) -> None:
    rng = np.random.default_rng(radius)
    hashes = rng.integers(0, 2**64, (3_000, 4), dtype=np.uint64)
    hashes[:200] = [with_bits(hashes[0], rng.choice(BITS, n, replace=False).tolist()) for n in range(200)]
    built = segment(hashes)
    assert by_chunks(built, hashes[[0, 2_999]], radius) == by_scan(hashes, hashes[[0, 2_999]], radius)
    assert radius < 2 * PDQ_RADIUS - 2 or built.plans.of(built, radius)[0].proposals < 0


def test_a_batch_that_is_shared_among_threads_is_answered_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mih, "PROBES_A_WORKER", 2)
    monkeypatch.setattr(mih, "ROWS_A_WORKER", 100)
    rng = np.random.default_rng(4)
    hashes = rng.integers(0, 2**64, (20_000, 4), dtype=np.uint64)
    hashes[:4_000] = hashes[0]  # probes there are crowded, and scanned
    probes = hashes[[0, 4_500, 1, 9_000, 19_999, 7, 12_345]]
    crew = Crew(3)
    found, slot = segment(hashes).near(probes, PDQ_RADIUS, crew)
    crew.close()
    assert sorted(zip(found.tolist(), slot.tolist(), strict=True)) == by_scan(hashes, probes, PDQ_RADIUS)


def test_a_crowd_in_every_table_is_scanned_and_costs_no_look_at_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of all shares a value in every chunk: who asks there is told apart by counting alone."""
    rng = np.random.default_rng(9)
    hashes = rng.integers(0, 2**64, (60_000, 4), dtype=np.uint64)
    hashes[::20] = hashes[0]
    built = segment(hashes)
    scanned: list[int] = []
    scan = Segment._scanned

    def counted(self: Segment, words: Words, *rest: Any) -> mih.Pairs:
        scanned.append(len(words))
        return scan(self, words, *rest)

    monkeypatch.setattr(Segment, "_scanned", counted)
    probes = np.concatenate([hashes[[0, 1, 2, 20]], rng.integers(0, 2**64, (5, 4), dtype=np.uint64)])
    assert by_chunks(built, probes, PDQ_RADIUS) == by_scan(hashes, probes, PDQ_RADIUS)
    assert scanned == [2]


def noisy(centres: Words, count: int, rng: np.random.Generator) -> Words:
    """`count` copies of real hashes, each with up to 40 random bits turned over."""
    made = centres[rng.integers(0, len(centres), count)].copy()
    return np.array([with_bits(hash_, rng.integers(0, BITS, rng.integers(0, 41)).tolist()) for hash_ in made])


def test_real_clustered_hashes_are_found_as_faiss_and_a_scan_find_them(vectors: Path) -> None:
    faiss = oracle("faiss")
    rng = np.random.default_rng(31)
    lines = (vectors / "pdq" / "haystack.txt").read_text().split()
    centres = np.frombuffer(bytes.fromhex("".join(line[:64] for line in lines)), dtype=np.uint64).reshape(-1, 4)
    hashes = np.concatenate([centres, noisy(centres, 5_000, rng)])
    probes = np.concatenate([centres[:40], noisy(centres, 40, rng)])
    flat = faiss.IndexBinaryFlat(BITS)
    flat.add(hashes.view(np.uint8))
    limits, _, slots = flat.range_search(np.ascontiguousarray(probes).view(np.uint8), PDQ_RADIUS + 1)
    told = sorted(
        zip(np.repeat(np.arange(len(probes)), np.diff(limits.astype(np.int64))).tolist(), slots.tolist(), strict=True)
    )
    assert by_chunks(segment(hashes), probes, PDQ_RADIUS) == told == by_scan(hashes, probes, PDQ_RADIUS)
    assert len(told) > len(probes)
