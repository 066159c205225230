"""The search index against the plain engines that do the same work.

Rules this module upholds:

- Every answer that is timed is checked: half of the probes were planted within the radius, and have to be found.
- One thread on either side.
- Data is random or clustered, made from a seed; the index is filled as the sync fills it, in batches with all kinds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench import Figure, figure, in_turns
from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprints import MD5, ORIENTATIONS, PDQ, PDQ_BITS, PDQ_RADIUS, PHASH, SHA1, SHA256
from node.domain.ports import Probe
from node.match.index import FlatIndex

RECORDS = 1_000_000
BATCH = 5_000
"""Records an `add`: about a package of the wire, one MiB."""
BATCH_PROBES = 1_000
KINDS = (MD5, SHA1, SHA256, PDQ, PHASH)
PLAIN_BLOCK = 1 << 16
"""Hashes that the NumPy scan compares at once."""

Hashes = NDArray[np.uint8]
Scan = Callable[[Hashes], int]
"""Counts the pairs within the radius of probes uint8 (p, 32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another engine over the same hashes."""

    name: str
    scan: Scan


def run(records: int | None = None) -> Iterator[Figure]:
    """All figures of the flat index at `records` records (`RECORDS` unless said)."""
    count = RECORDS if records is None else records
    rng = np.random.default_rng(2026)
    stored = {kind.code: rng.integers(0, 256, (count, kind.size), dtype=np.uint8) for kind in KINDS}
    index = FlatIndex()
    yield _build(index, stored, count)
    reserved = sum(kind.size for kind in KINDS)
    yield figure(
        "match.bytes_per_record",
        index.nbytes / count,
        "bytes",
        reference="the five hashes themselves",
        reference_value=reserved,
    )
    hashes = stored[PDQ.code]
    reference = _reference(hashes)
    probes = _probes(hashes, BATCH_PROBES, rng)
    yield _searched("match.single", index, reference, probes[:20], one_by_one=True)
    yield _searched("match.orientations", index, reference, probes[: len(ORIENTATIONS)], one_by_one=False)
    yield _searched("match.batch", index, reference, probes, one_by_one=False)
    yield _digests(index, stored[SHA256.code], rng)
    del index
    yield _skewed(count, rng)


def _columns(stored: dict[int, Hashes], start: int, stop: int) -> FingerprintColumns:
    rows = np.arange(start, stop, dtype=np.int64)
    return FingerprintColumns(
        columns=[
            FingerprintColumn(
                code=code,
                rows=rows,
                values=values[start:stop],
                quality=np.full(len(rows), 90 if code == PDQ.code else -1, dtype=np.int16),
            )
            for code, values in stored.items()
        ]
    )


def _build(index: FlatIndex, stored: dict[int, Hashes], count: int) -> Figure:
    """Microseconds a record with five fingerprints, beside a dict for each kind filled from the same rows."""
    start = time.perf_counter()
    for first in range(0, count, BATCH):
        index.add(1, _columns(stored, first, min(first + BATCH, count)))
    ours = time.perf_counter() - start
    sample = min(count, 100_000)
    dicts: dict[int, dict[bytes, int]] = {code: {} for code in stored}
    start = time.perf_counter()
    for code, values in stored.items():
        size = values.shape[1]
        joined = values[:sample].tobytes()
        for row in range(sample):
            dicts[code][joined[row * size : (row + 1) * size]] = row
    theirs = time.perf_counter() - start
    return figure(
        "match.build",
        ours / count * 1e6,
        "microseconds a record",
        reference="a Python dict for each kind",
        reference_value=theirs / sample * 1e6,
    )


def _probes(hashes: Hashes, count: int, rng: np.random.Generator) -> Hashes:
    """`count` probes, every other one within the radius of a stored hash, at all distances in turn."""
    probes = rng.integers(0, 256, (count, PDQ.size), dtype=np.uint8)
    for number in range(0, count, 2):
        bits = np.unpackbits(hashes[rng.integers(len(hashes))])
        bits[rng.choice(PDQ_BITS, number // 2 % (PDQ_RADIUS + 1), replace=False)] ^= 1
        probes[number] = np.packbits(bits)
    return probes


def _reference(hashes: Hashes) -> Reference:
    """FAISS where it is installed, else the shortest scan that NumPy can do."""
    try:
        import faiss  # noqa: PLC0415  (an extra)
    except ImportError:
        return Reference(name="NumPy xor and bitwise_count", scan=_plain_scan(hashes))
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(PDQ_BITS)
    flat.add(hashes)
    # FAISS finds what is strictly nearer than the radius it is given.
    return Reference(
        name="FAISS IndexBinaryFlat", scan=lambda probes: len(flat.range_search(probes, PDQ_RADIUS + 1)[1])
    )


def _plain_scan(hashes: Hashes) -> Scan:
    words = np.ascontiguousarray(hashes).view(np.uint64)

    def scan(probes: Hashes) -> int:
        found = 0
        for probe in np.ascontiguousarray(probes).view(np.uint64):
            for first in range(0, len(words), PLAIN_BLOCK):
                distance = np.bitwise_count(words[first : first + PLAIN_BLOCK] ^ probe).sum(axis=1, dtype=np.uint16)
                found += int(np.count_nonzero(distance <= PDQ_RADIUS))
        return found

    return scan


def _searched(
    name: str, index: FlatIndex, reference: Reference, probes: Hashes, *, one_by_one: bool, rounds: int = 7
) -> Figure:
    """Milliseconds a probe through the whole port, `RawHit`s included, beside the reference."""
    asked = [Probe(number, PDQ.code, probe.tobytes(), 90) for number, probe in enumerate(probes)]
    groups = [[probe] for probe in asked] if one_by_one else [asked]
    rows = [probes[i : i + 1] for i in range(len(probes))] if one_by_one else [probes]
    counts: dict[str, int] = {}

    def ours() -> None:
        counts["ours"] = sum(len(index.search(group, PDQ_RADIUS)) for group in groups)

    def theirs() -> None:
        counts["theirs"] = sum(reference.scan(group) for group in rows)

    mine, other = in_turns(ours, theirs, rounds=3 if len(probes) >= BATCH_PROBES else rounds)
    if counts["ours"] != counts["theirs"] or counts["ours"] < len(probes) // 2:
        raise RuntimeError(f"{name}: {counts['ours']} hits, and {counts['theirs']} of {reference.name}")
    return figure(
        name,
        mine / len(probes) * 1e3,
        "milliseconds a probe",
        reference=reference.name,
        reference_value=other / len(probes) * 1e3,
    )


def _skewed(count: int, rng: np.random.Generator) -> Figure:
    """The worst of crowded data: a twentieth of all hashes shares half of its bits, or lies within a few bits."""
    figures = []
    for crowd in ("half shared", "a few bits apart"):
        hashes = rng.integers(0, 256, (count, PDQ.size), dtype=np.uint8)
        if crowd == "half shared":
            hashes[::20, : PDQ.size // 2] = hashes[0, : PDQ.size // 2]
        else:  # sixty of 256 bits are turned over, so that nearly none lies within the radius of another
            flips = np.zeros((len(hashes[::20]), PDQ_BITS), dtype=np.uint8)
            flips[:, :60] = 1
            hashes[::20] = hashes[0] ^ np.packbits(rng.permuted(flips, axis=1), axis=1)
        index = FlatIndex()
        for first in range(0, count, BATCH):
            index.add(1, _columns({PDQ.code: hashes}, first, min(first + BATCH, count)))
        probes = _probes(hashes[::20], 20, rng)
        figures.append(_searched("match.skewed", index, _reference(hashes), probes, one_by_one=True, rounds=5))
    return min(figures, key=lambda made: made["ratio"])


def _digests(index: FlatIndex, stored: Hashes, rng: np.random.Generator) -> Figure:
    """Look-ups a second in a batch, half of which are there, beside a Python dict of bytes."""
    count = min(len(stored), 200_000)
    values = np.concatenate(
        [stored[:: max(1, len(stored) * 2 // count)], rng.integers(0, 256, (count // 2, 32), np.uint8)]
    )
    rng.shuffle(values)
    keys = [value.tobytes() for value in values]
    known = {value.tobytes(): row for row, value in enumerate(stored)}
    probes = [Probe(number, SHA256.code, key) for number, key in enumerate(keys)]

    def ours() -> int:
        return len(index.search(probes, PDQ_RADIUS))

    def theirs() -> int:
        return sum(key in known for key in keys)

    if ours() != theirs():
        raise RuntimeError("match.digests: the index and the dict differ")
    mine, other = in_turns(ours, theirs, rounds=5)
    return figure(
        "match.digests",
        len(keys) / mine,
        "look-ups a second",
        reference="a Python dict of bytes",
        reference_value=len(keys) / other,
        more_is_better=True,
    )
