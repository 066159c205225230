"""Perceptual hashes for benchmarks: stored hashes of several distributions, and probes. Half of the probes hit.

Rules this module upholds:

- Everything is made from the generator that is passed in. Only `clustered` reads real hashes, if VIGIL_VECTORS names a
  folder with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from node.domain.fingerprint_kinds import PDQ, PDQ_BITS, PDQ_RADIUS, PHASH, PHASH_RADIUS, FingerprintKind

Hashes = NDArray[np.uint8]
"""uint8 (n, 32), or (n, 8) of pHash."""
KINDS = {kind.size: kind for kind in (PDQ, PHASH)}
RADII = {PDQ: PDQ_RADIUS, PHASH: PHASH_RADIUS}
MADE_CENTRES = 1_000
MOST_NOISE = 60
"""Bits a clustered hash is away from its centre at the most: past the radius, so that few are in each other's reach."""
AT_ONCE = 1 << 20
SHARE = 20
"""One hash of as many belongs to the crowd of skewed data: 5 %."""
PART_BYTES = 3
"""Two parts that follow each other hold any chunk of 24 bits whole, the widest at 10 M hashes."""


def kind_of(hashes: Hashes) -> FingerprintKind:
    """The kind of hash whose size these have."""
    return KINDS[hashes.shape[1]]


def uniform(count: int, rng: np.random.Generator, kind: FingerprintKind = PDQ) -> Hashes:
    """Independent random bits."""
    return np.frombuffer(bytearray(rng.bytes(count * kind.size)), dtype=np.uint8).reshape(count, kind.size)


def clustered(count: int, rng: np.random.Generator) -> Hashes:
    """Half around real hashes (or made ones), each a few random bits away from its centre; half random."""
    hashes, centres = uniform(count, rng), _centres(rng)
    for start in range(0, count // 2, AT_ONCE):
        size = min(AT_ONCE, count // 2 - start)
        chosen = centres[rng.integers(0, len(centres), size)]
        hashes[start : start + size] = chosen ^ _noise(size, rng)
    rng.shuffle(hashes)
    return hashes


def _centres(rng: np.random.Generator) -> Hashes:
    folder = os.environ.get("VIGIL_VECTORS", "")
    listed = Path(folder, "pdq", "haystack.txt")
    if not folder or not listed.is_file():
        return uniform(MADE_CENTRES, rng)
    lines = [line[: 2 * PDQ.size] for line in listed.read_text(encoding="utf-8").split()]
    return np.unique(np.frombuffer(bytes.fromhex("".join(lines)), dtype=np.uint8).reshape(-1, PDQ.size), axis=0)


def _noise(count: int, rng: np.random.Generator) -> Hashes:
    """From none to `MOST_NOISE` bits turned over, each number about as often."""
    noise = np.zeros((count, PDQ.size), dtype=np.uint8)
    bits = rng.integers(0, MOST_NOISE + 1, count)
    for turn in range(MOST_NOISE):
        rows = np.flatnonzero(bits > turn)
        places = rng.integers(0, PDQ_BITS, len(rows))
        noise[rows, places // 8] ^= (1 << (places % 8)).astype(np.uint8)
    return noise


def skewed(count: int, rng: np.random.Generator) -> Iterator[tuple[Hashes, Hashes]]:
    """Crowded data, and the hashes at which to aim.

    First 5 % that share half of their bits; then 5 % a few bits apart all over; last, in every part of a hash, another
    5 % that share it with one hash, so that what is asked near that one has a crowd in every table and hardly a hit.
    """
    shared = uniform(count, rng)
    shared[::SHARE, : PDQ.size // 2] = shared[0, : PDQ.size // 2]
    yield shared, shared[::SHARE]
    apart = uniform(count, rng)
    flips = np.zeros((len(apart[::SHARE]), PDQ_BITS), dtype=np.uint8)
    flips[:, :MOST_NOISE] = 1
    apart[::SHARE] = apart[0] ^ np.packbits(rng.permuted(flips, axis=1), axis=1)
    yield apart, apart[::SHARE]
    everywhere = uniform(count, rng)
    for part in range(SHARE // 2):
        window = slice(PART_BYTES * part, PART_BYTES * (part + 2))
        everywhere[part::SHARE, window] = everywhere[0, window]
    yield everywhere, everywhere[:1]


def black(count: int, rng: np.random.Generator) -> tuple[Hashes, Hashes]:
    """Of pHash 5 % that are one and the same, as of black frames, and others at which to aim: these share half of its
    bits and are so far away that what is near the one is not near the other.
    """
    hashes = uniform(count, rng, PHASH)
    hashes[::SHARE] = hashes[0]
    flips = np.zeros((SHARE - 1, 4 * PHASH.size), dtype=np.uint8)
    flips[:, : 2 * PHASH_RADIUS + 1] = 1
    hashes[1:SHARE] = hashes[0]
    hashes[1:SHARE, PHASH.size // 2 :] ^= np.packbits(rng.permuted(flips, axis=1), axis=1)
    return hashes, hashes[1:SHARE]


def planted(hashes: Hashes, count: int, rng: np.random.Generator) -> Hashes:
    """`count` probes, every other one within the radius of a stored hash, at all distances in turn."""
    probes = rng.integers(0, 256, (count, hashes.shape[1]), dtype=np.uint8)
    for number in range(0, count, 2):
        bits = np.unpackbits(hashes[rng.integers(len(hashes))])
        bits[rng.choice(len(bits), number // 2 % (RADII[kind_of(hashes)] + 1), replace=False)] ^= 1
        probes[number] = np.packbits(bits)
    return probes
