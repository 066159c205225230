"""Recall is 1.0 inside the radius: planted neighbours at every distance, however their bits are spread.

Random hashes have no neighbours by chance (about 1e-37 within 31 bits), so neighbours are planted: at every distance
from 0 to 33, with the differing bits where an index by parts of the hash would have least luck.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import PDQ, PDQ_BITS, PDQ_RADIUS, PHASH, PHASH_RADIUS
from node.match import flat
from node.match.index import LocalIndex
from tests.unit.match.brute import BruteIndex
from tests.unit.match.builders import array_columns, columns, flipped, ordered, probe, where
from tests.unit.match.keeping import ReopenedIndex
from tests.unit.match.merged import MergedIndex, look_everything_up

DISTANCES = range(PDQ_RADIUS + 3)


def spreads(distance: int, rng: np.random.Generator) -> list[list[int]]:
    """Sets of `distance` bits to turn over: dealt out evenly over parts of many widths, heaped up, and random."""
    dealt = []
    for parts in (2, 4, 8, 11, 12, 16, 32):
        borders = [part * PDQ_BITS // parts for part in range(parts + 1)]
        for first in (0, parts // 2):
            bits = []
            for turn in range(distance):
                part = (first + turn) % parts
                bits.append(borders[part] + (turn // parts) * 5 % (borders[part + 1] - borders[part]))
            dealt.append(bits)
    heaped = [[(start + i) % PDQ_BITS for i in range(distance)] for start in (0, 16, 63, 64, 127, 200, PDQ_BITS - 8)]
    scattered = [rng.choice(PDQ_BITS, distance, replace=False).tolist() for _ in range(8)]
    return [bits for bits in dealt + heaped + scattered if len(set(bits)) == distance]


@pytest.mark.parametrize("clustered", [False, True])
def test_every_planted_neighbour_is_found_and_nothing_past_the_radius(clustered: bool) -> None:
    rng = np.random.default_rng(20_26)
    background = rng.integers(0, 256, (flat.CHUNK + 5_000, PDQ.size), dtype=np.uint8)
    if clustered:  # a twentieth of all shares half of its bits
        background[::20, :16] = background[0, :16]
    centres = [background[i].tobytes() for i in (0, 20, 21, 400)] + [bytes(32), bytes([255]) * 32]
    planted, expected = [], []
    for number, centre in enumerate(centres):
        for distance in DISTANCES:
            for bits in spreads(distance, rng):
                planted.append(flipped(centre, bits))
                expected.append((number, distance))
    index = LocalIndex()
    half = len(planted) // 2
    index.add(1, columns(PDQ, range(half), planted[:half]))
    index.add(2, array_columns(PDQ.code, 0, background))
    index.add(1, columns(PDQ, range(half, len(planted)), planted[half:]))  # on the far side of a chunk's border
    assert len(expected) > len(centres) * len(DISTANCES) * 15
    for radius in (PDQ_RADIUS, PDQ_RADIUS - 1, 8, 0):
        hits = index.search([probe(PDQ, centre, subject=n) for n, centre in enumerate(centres)], radius)
        got = sorted((hit.subject, hit.distance, hit.row) for hit in hits if hit.source == 1)
        want = sorted((n, d, row) for row, (n, d) in enumerate(expected) if d <= radius)
        assert got == want


@given(data=st.data(), distance=st.integers(0, PHASH_RADIUS + 2), value=st.binary(min_size=8, max_size=8))
def test_phash_neighbours_are_found_at_every_distance(data: st.DataObject, distance: int, value: bytes) -> None:
    bits = data.draw(st.lists(st.integers(0, 63), unique=True, min_size=distance, max_size=distance))
    index = LocalIndex()
    index.add(1, columns(PHASH, [3], [value]))
    hits = index.search([probe(PHASH, flipped(value, bits))], PDQ_RADIUS)
    assert [hit.distance for hit in hits] == ([distance] if distance <= PHASH_RADIUS else [])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stored=st.integers(0, 3_000), crowd=st.integers(0, 300))
@pytest.mark.parametrize("make", [MergedIndex, ReopenedIndex])
def test_phash_is_found_in_its_tables_as_brute_force_finds_it(
    make: Callable[[], LocalIndex], seed: int, stored: int, crowd: int
) -> None:
    """Neighbours at every distance, spread over the hash or heaped up, and a crowd of what every black frame has."""
    rng = np.random.default_rng(seed)
    black = flipped(bytes(PHASH.size), [0])
    values = [value.tobytes() for value in rng.integers(0, 256, (stored, PHASH.size), dtype=np.uint8)]
    centres = [*values[:3], black, flipped(black, range(1, 9))]
    near = [
        flipped(centre, [(start + step * turn) % 64 for turn in range(distance)])
        for centre in centres
        for distance in range(PHASH_RADIUS + 3)
        for start, step in ((0, 1), (int(rng.integers(64)), 1), (int(rng.integers(64)), 21), (0, 11), (5, 7))
    ]
    plain, everything = BruteIndex(), [*values, *near, *[black] * crowd]
    with pytest.MonkeyPatch.context() as patch:
        look_everything_up(patch)
        quick = make()
        quick.add(1, columns(PHASH, range(len(everything)), everything))
    plain.add(1, columns(PHASH, range(len(everything)), everything))
    gone = rng.integers(0, len(everything), len(everything) // 10).tolist()
    for index in (quick, plain):
        index.remove(1, gone)
    asked = [probe(PHASH, value, subject=number) for number, value in enumerate(centres)]
    assert ordered(quick.search(asked, PDQ_RADIUS)) == ordered(plain.search(asked, PDQ_RADIUS))
    quick.close()


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    stored=st.integers(0, 1_100),
    probes=st.integers(1, 20),
    spread=st.integers(1, 60),
    radius=st.integers(0, PDQ_RADIUS),
)
def test_crowded_hashes_are_found_as_brute_force_finds_them(
    seed: int, stored: int, probes: int, spread: int, radius: int
) -> None:
    """Hashes of one crowd, each `spread` random flips from the middle: many lie right at the radius."""
    rng = np.random.default_rng(seed)
    middle = rng.integers(0, 256, PDQ.size, dtype=np.uint8).tobytes()

    def crowd(count: int) -> list[bytes]:
        return [flipped(middle, rng.integers(0, PDQ_BITS, spread).tolist()) for _ in range(count)]

    quick, plain, together = LocalIndex(), BruteIndex(), crowd(stored)
    for index in (quick, plain):
        index.add(1, columns(PDQ, range(stored), together))
    asked = [probe(PDQ, value, subject=n) for n, value in enumerate(crowd(probes))]
    assert ordered(quick.search(asked, radius)) == ordered(plain.search(asked, radius))


def test_a_hash_in_every_slot_of_two_chunks_is_found() -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 256, (2 * flat.CHUNK + 3, PDQ.size), dtype=np.uint8)
    index = LocalIndex()
    index.add(1, array_columns(PDQ.code, 0, values))
    edges = [0, 1, 511, 512, 513, flat.CHUNK - 1, flat.CHUNK, flat.CHUNK + 1, 2 * flat.CHUNK - 1, 2 * flat.CHUNK + 2]
    rows = sorted({*edges, *rng.integers(0, len(values), 200).tolist()})
    hits = index.search([probe(PDQ, values[row].tobytes(), subject=row) for row in rows], 0)
    assert [hit.subject for hit in ordered(hits)] == rows
    assert where(hits) == [(1, row) for row in rows]
