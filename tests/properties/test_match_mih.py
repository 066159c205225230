"""The chunked segment is as exact as a scan, whatever the size of the hashes, the chunks, the radius and the skew."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import PDQ_RADIUS
from node.match import mih
from node.match.mih import Segment
from node.match.mih_build import build
from node.match.mih_layout import (
    NARROWER,
    PDQ_CUT,
    PHASH_CUT,
    Cut,
    best_chunks,
    chunk_radii,
    chunk_widths,
    layout,
    plan,
)
from node.match.row_kernels import WIDE_BITS
from node.match.search_threads import Crew
from node.match.segments import Pairs
from tests.conftest import oracle

Words = np.ndarray

CUTS = {"pdq": PDQ_CUT, "phash": PHASH_CUT}
BITS = PDQ_CUT.bits
COMPARED = 0.0
"""What comparing a hash costs where everything is to be scanned."""
LOOKED_UP = 1e4
"""And where nothing is."""
FEWEST_TESTED = {PDQ_CUT: 11, PHASH_CUT: 3}
"""Fewer chunks of 256 bits make tables of gigabytes."""
FEW_CHUNKS = {PDQ_CUT: (16, 19, 32), PHASH_CUT: (4, 5, 7)}
"""Some whose tables are small."""

either = pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
both_ways = pytest.mark.parametrize("way", [LOOKED_UP, COMPARED], ids=["chunks", "scan"])
every_number = pytest.mark.parametrize(
    ("cut", "chunks"),
    [(cut, chunks) for cut, fewest in FEWEST_TESTED.items() for chunks in range(fewest, cut.most + 1)],
)


def answered(cut: Cut, way: float) -> Cut:
    """The cut of segments that answer in one way only, however few hashes there are."""
    return replace(cut, row_cost=way, scanned=0)


def random(count: int, cut: Cut, rng: np.random.Generator) -> Words:
    return rng.integers(0, 2**64, (count, cut.words), dtype=np.uint64)


def segment(hashes: Words, cut: Cut = PDQ_CUT, chunks: int = 0) -> Segment:
    count = len(hashes)
    sources, rows = np.ones(count, dtype=np.int32), np.arange(count, dtype=np.int64)
    qualities = np.full(count, 80, dtype=np.int8)
    halves = (slice(0, count // 3), slice(count // 3, None))
    parts = [(hashes[half], sources[half], rows[half], qualities[half]) for half in halves]
    return build(parts, cut=cut, chunks=chunks)


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


@given(chunks=st.integers(1, 64), radius=st.integers(0, 80))
def test_the_radii_of_the_chunks_are_the_pigeonhole(chunks: int, radius: int) -> None:
    """A hash that every chunk misses is past the radius, and no chunk is searched further than that takes."""
    radii = chunk_radii(chunks, radius)
    assert len(radii) == chunks
    assert sum(near + 1 for near in radii) == radius + 1
    assert sorted(radii, reverse=True) == radii


@pytest.mark.parametrize(
    ("cut", "chunks"), [(cut, chunks) for cut in CUTS.values() for chunks in range(cut.fewest, cut.most + 1)]
)
def test_the_chunks_cover_every_bit_once(cut: Cut, chunks: int) -> None:
    widths = chunk_widths(chunks, cut)
    assert sum(widths) == cut.bits
    assert len(widths) == chunks
    assert all(0 <= wide - narrow <= NARROWER + 1 for wide, narrow in pairwise(widths))
    assert max(widths) <= 32
    assert layout(chunks, cut)[-1].tolist()[:2] == [cut.bits - widths[-1], widths[-1]]


@pytest.mark.parametrize(("cut", "most"), [(PDQ_CUT, 110), (PHASH_CUT, 21)], ids=CUTS)
def test_more_hashes_are_cut_into_fewer_chunks_and_the_tables_stay_affordable(cut: Cut, most: int) -> None:
    chosen = [best_chunks(size, cut) for size in (1_000, 100_000, 1_000_000, 10_000_000, 100_000_000)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1]
    for size in (100_000, 1_000_000, 10_000_000):
        chunks = best_chunks(size, cut)
        assert 4 * chunks + sum(2**width for width in chunk_widths(chunks, cut)) / size <= most


@both_ways
@pytest.mark.parametrize(
    ("cut", "chunks"),
    [*((PDQ_CUT, chunks) for chunks in (11, 12, 13, 16, 20, 31, 32)), *((PHASH_CUT, c) for c in range(3, 8))],
)
def test_neighbours_planted_against_the_chunks_are_found_at_every_distance(cut: Cut, chunks: int, way: float) -> None:
    """Flips are dealt to the chunks in turn, the very spread of which the pigeonhole is the worst case."""
    rng = np.random.default_rng(chunks)
    background = random(2_000, cut, rng)
    centres = background[:3]
    starts = np.cumsum([0, *chunk_widths(chunks, cut)])
    planted = []
    for centre in centres:
        for distance in range(cut.radius + 3):
            for first in range(0, chunks, 3):
                inside = [
                    int(starts[(first + turn) % chunks]) + (turn // chunks) * 7 % (cut.bits // chunks)
                    for turn in range(distance)
                ]
                planted.append(with_bits(centre, inside))
            planted.append(with_bits(centre, rng.choice(cut.bits, distance, replace=False).tolist()))
            planted.append(with_bits(centre, [(50 + bit) % cut.bits for bit in range(distance)]))
    hashes = np.concatenate([background, np.array(planted)])
    built = segment(hashes, answered(cut, way), chunks)
    for radius in (cut.radius, cut.radius - 1, 12, 1, 0):
        assert by_chunks(built, centres, radius) == by_scan(hashes, centres, radius)
    assert len(by_chunks(built, centres, cut.radius)) > len(centres) * cut.radius


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stored=st.integers(1, 400), radius=st.integers(WIDE_BITS - 2, 80))
def test_a_radius_too_wide_for_the_chunks_is_as_exact(seed: int, stored: int, radius: int) -> None:
    """Frames of videos are looked for within 66 bits. Some lie right at the radius, some of these in one half alone."""
    rng = np.random.default_rng(seed)
    probes = random(3, PDQ_CUT, rng)
    hashes = random(stored, PDQ_CUT, rng)
    for at in rng.integers(0, stored, stored // 2):
        half = rng.permutation(BITS // 2) + (BITS // 2 if at % 2 else 0)
        bits = half if at % 3 else rng.permutation(BITS)
        hashes[at] = with_bits(probes[at % 3], bits[: radius + int(rng.integers(-1, 2))].tolist())
    built = segment(hashes)
    assert built.plans.of(built, radius)[0].proposals < 0, "it is scanned, without a look at the chunks"
    assert by_chunks(built, probes, radius) == by_scan(hashes, probes, radius)


@either
@both_ways
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    stored=st.integers(1, 600),
    flips=st.integers(0, 50),
    copies=st.integers(1, 40),
    which=st.integers(0, 2),
    within=st.floats(0, 1),
)
def test_crowds_and_copies_are_found_as_by_a_scan(  # noqa: PLR0917  (pytest passes them by name)
    cut: Cut, way: float, seed: int, stored: int, flips: int, copies: int, which: int, within: float
) -> None:
    """Copies fill single values past what a block can count, crowds lie right at the radius."""
    rng = np.random.default_rng(seed)
    radius, flips = round(cut.radius * within), flips * cut.bits // BITS + flips % 2
    middle = random(1, cut, rng)[0]
    crowd = np.array([with_bits(middle, rng.integers(0, cut.bits, flips).tolist()) for _ in range(stored)])
    hashes = np.concatenate([crowd, np.repeat(crowd[:1], copies, axis=0), np.zeros((2, cut.words), dtype=np.uint64)])
    probes = np.concatenate([crowd[:5], middle[np.newaxis], np.zeros((1, cut.words), dtype=np.uint64)])
    built = segment(hashes, answered(cut, way), FEW_CHUNKS[cut][which])
    assert by_chunks(built, probes, radius) == by_scan(hashes, probes, radius)


@either
def test_a_value_that_thousands_share_is_told_apart_from_its_neighbours(cut: Cut) -> None:
    rng = np.random.default_rng(8)
    hashes = random(40_000, cut, rng)
    hashes[:5_000, 0] &= np.uint64(0xFFFF_FFFF_0000_0000)  # the first chunks of a crowd are all alike
    built = segment(hashes, cut, FEW_CHUNKS[cut][0])
    assert len(built.wide) > 0
    probes = hashes[[0, 4_999, 5_000, 39_999]]
    assert by_chunks(built, probes, cut.radius) == by_scan(hashes, probes, cut.radius)


@either
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), part=st.sampled_from(["blocks", "wide", "ids"]), every=st.integers(1, 50))
def test_damaged_tables_invent_no_hit_and_lead_nowhere_else(cut: Cut, seed: int, part: str, every: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = random(800, cut, rng)
    hashes[::2] = hashes[0]
    built = segment(hashes, answered(cut, LOOKED_UP), FEW_CHUNKS[cut][0])
    damaged = getattr(built, part).reshape(-1)
    harm = rng.integers(0, 256, damaged[::every].nbytes, dtype=np.uint8).view(damaged.dtype)
    damaged[::every] = harm
    probes = np.concatenate([hashes[:4], random(2, cut, rng)])
    found, slot = built.near(probes, cut.radius)
    confirmed = built.confirm(found, slot, probes, cut.radius)
    told = set(zip(confirmed.probe.tolist(), confirmed.row.tolist(), strict=True))
    assert told <= set(by_scan(hashes, probes, cut.radius))


@every_number
def test_flips_that_are_balanced_over_all_chunks_are_found_for_every_number_of_chunks(cut: Cut, chunks: int) -> None:
    """Every chunk differs by just as many bits as it is searched to, or by one more: the pigeonhole at its edge."""
    rng = np.random.default_rng(chunks)
    widths = chunk_widths(chunks, cut)
    starts = np.cumsum([0, *widths])
    background = random(300, cut, rng)
    planted = [background[0]]
    for near_only in range(chunks):  # this chunk is near, all the others are one bit past what they are searched to
        bits = []
        for k, radius in enumerate(chunk_radii(chunks, cut.radius)):
            turned = max(0, radius if k == near_only else radius + 1)
            bits += [int(starts[k]) + int(bit) for bit in rng.choice(widths[k], turned, replace=False)]
        planted.append(with_bits(background[0], bits))
    hashes = np.concatenate([background, np.array(planted)])
    built = segment(hashes, answered(cut, LOOKED_UP), chunks)
    for radius in (cut.radius, cut.radius - 1):
        assert by_chunks(built, background[:1], radius) == by_scan(hashes, background[:1], radius)
    assert len(by_chunks(built, background[:1], cut.radius)) == chunks + 2


@either
@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_the_smallest_segments(cut: Cut, size: int) -> None:
    hashes = np.arange(cut.words * size, dtype=np.uint64).reshape(size, cut.words)
    probes = np.arange(4 * cut.words, dtype=np.uint64).reshape(4, cut.words)
    for way in (LOOKED_UP, COMPARED):
        for radius in (0, cut.radius, cut.bits):
            built = segment(hashes, answered(cut, way))
            assert by_chunks(built, probes, radius) == by_scan(hashes, probes, radius)


@either
def test_few_hashes_are_scanned_and_more_are_not(cut: Cut) -> None:
    for size in (1, cut.scanned, cut.scanned + 1, 10 * cut.scanned):
        laid = plan(layout(best_chunks(size, cut), cut), size, cut.radius, cut)
        assert (laid.proposals < 0) == (size <= cut.scanned)


@either
@pytest.mark.parametrize("radius", [0, 5, PDQ_RADIUS, 32, 60, 100, BITS])
def test_any_radius_is_exact_and_wide_ones_are_scanned(cut: Cut, radius: int) -> None:
    rng = np.random.default_rng(radius)
    hashes = random(3_000, cut, rng)
    hashes[:200] = [with_bits(hashes[0], rng.integers(0, cut.bits, n).tolist()) for n in range(200)]
    built = segment(hashes, replace(cut, scanned=0))
    assert by_chunks(built, hashes[[0, 2_999]], radius) == by_scan(hashes, hashes[[0, 2_999]], radius)
    assert radius < 2 * cut.radius - 2 or built.plans.of(built, radius)[0].proposals < 0


@either
def test_a_batch_that_is_shared_among_threads_is_answered_as_one(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mih, "PROBES_A_WORKER", 2)
    monkeypatch.setattr(mih, "ROWS_A_WORKER", 100)
    rng = np.random.default_rng(4)
    hashes = random(20_000, cut, rng)
    hashes[:4_000] = hashes[0]  # probes there are crowded, and scanned
    probes = hashes[[0, 4_500, 1, 9_000, 19_999, 7, 12_345]]
    crew = Crew(3)
    found, slot = segment(hashes, cut).near(probes, cut.radius, crew)
    crew.close()
    assert sorted(zip(found.tolist(), slot.tolist(), strict=True)) == by_scan(hashes, probes, cut.radius)


@either
def test_a_crowd_in_every_table_is_scanned_and_costs_no_look_at_an_id(
    cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twentieth of all shares a value in every chunk: who asks there is told apart by counting alone."""
    rng = np.random.default_rng(9)
    hashes = random(60_000, cut, rng)
    hashes[::20] = hashes[0]
    built = segment(hashes, cut)
    scanned: list[int] = []
    scan = Segment._scanned

    def counted(self: Segment, words: Words, *rest: Any) -> Pairs:
        scanned.append(len(words))
        return scan(self, words, *rest)

    monkeypatch.setattr(Segment, "_scanned", counted)
    probes = np.concatenate([hashes[[0, 1, 2, 20]], random(5, cut, rng)])
    assert by_chunks(built, probes, cut.radius) == by_scan(hashes, probes, cut.radius)
    assert scanned == [2]


@either
def test_crowded_probes_among_others_with_more_hits_than_there_is_room_for(cut: Cut) -> None:
    """The search comes back for more room in the middle: who was crowded before is scanned once, and nobody else is."""
    rng = np.random.default_rng(10)
    hashes = random(60_000, cut, rng)
    hashes[::20], hashes[1:2_001:20] = hashes[0], hashes[1]
    built = segment(hashes, cut)
    for order in ([0, 1, 1, 0, 1, 1, 3], [1, 1, 1, 1, 0], [1, 0, 1, 0, 1, 0], [3, 0]):
        assert by_chunks(built, hashes[order], cut.radius) == by_scan(hashes, hashes[order], cut.radius)


def noisy(centres: Words, count: int, rng: np.random.Generator) -> Words:
    """`count` copies of real hashes, each with up to 40 random bits turned over."""
    made = centres[rng.integers(0, len(centres), count)].copy()
    return np.array([with_bits(hash_, rng.integers(0, BITS, rng.integers(0, 41)).tolist()) for hash_ in made])


@either
def test_real_clustered_hashes_are_found_as_faiss_and_a_scan_find_them(cut: Cut, vectors: Path) -> None:
    """Of pHash it is the words of real PDQ hashes: clustered as these are, and four times as many."""
    faiss = oracle("faiss")
    rng = np.random.default_rng(31)
    lines = (vectors / "pdq" / "haystack.txt").read_text().split()
    centres = np.frombuffer(bytes.fromhex("".join(line[:64] for line in lines)), dtype=np.uint64).reshape(-1, 4)
    hashes = np.concatenate([centres, noisy(centres, 5_000, rng)]).reshape(-1, cut.words)
    probes = np.concatenate([centres[:40], noisy(centres, 40, rng)]).reshape(-1, cut.words)
    flat = faiss.IndexBinaryFlat(cut.bits)
    flat.add(hashes.view(np.uint8))
    limits, _, slots = flat.range_search(np.ascontiguousarray(probes).view(np.uint8), cut.radius + 1)
    told = sorted(
        zip(np.repeat(np.arange(len(probes)), np.diff(limits.astype(np.int64))).tolist(), slots.tolist(), strict=True)
    )
    assert (
        by_chunks(segment(hashes, answered(cut, LOOKED_UP)), probes, cut.radius)
        == told
        == by_scan(hashes, probes, cut.radius)
    )
    assert len(told) > len(probes)
