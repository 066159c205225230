"""The search index against simple engines for the same work.

Rules this module upholds:

- Every timed answer is checked: half of the probes were planted within the radius and must be found, and the numbers of
  hits of Vigil and of the reference must be equal.
- Both sides use the same number of threads: one, and two for batches.
- Data is made from a seed, random or clustered (`bench.hashes`). Vigil is timed through the port that the rest of the
  program uses, from `Probe` to `RawHit`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench import Figure, durable, figure, in_turns
from bench.hashes import RADII, black, clustered, kind_of, planted, skewed, uniform
from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import PDQ, PDQ_RADIUS, PHASH, FingerprintKind
from node.domain.orientations import ORIENTATIONS
from node.domain.search_ports import Probe
from node.match.folder import KEEP_AT_LEAST
from node.match.index import LocalIndex

RECORDS = 10_000_000
BATCH = 50_000
"""Records an `add`."""
SINGLE_PROBES = 20
BATCH_PROBES = 10_000
REFERENCE_PROBES = 200
"""Of a batch, as many are given to the reference: a scan costs the same for each."""
THREADS = 2
PLAIN_BLOCK = 1 << 16
"""Hashes that the NumPy scan compares at once."""
BUILD_BOUND = 1.5
"""Microseconds a hash a core: what building may take."""
BYTES_BOUND = 170
"""Bytes a hash that the tables may take, hashes and digests excluded."""

Hashes = NDArray[np.uint8]
Scan = Callable[[Hashes], int]
"""Counts the pairs within the radius of probes uint8 (p, size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another engine over the same hashes."""

    name: str
    scan: Scan
    threads: Callable[[int], None]
    """Says how many threads it may use."""


def run(records: int | None = None) -> Iterator[Figure]:
    """All figures of the index at `records` records (`RECORDS` unless said)."""
    count = RECORDS if records is None else records
    rng = np.random.default_rng(2026)
    hashes = uniform(count, rng)
    index = filled(hashes)
    yield _build(index, hashes)
    yield figure(
        "match.bytes_per_record",
        index.tables[PDQ.name].table_bytes / count,
        "bytes of tables a hash",
        reference="the bound that was set",
        reference_value=BYTES_BOUND,
    )
    reference = reference_over(hashes)
    singles, batch = planted(hashes, SINGLE_PROBES, rng), planted(hashes, BATCH_PROBES, rng)
    yield searched("match.single", index, reference, singles, one_by_one=True)
    yield searched("match.orientations", index, reference, batch[: len(ORIENTATIONS)], one_by_one=False)
    yield searched("match.batch", index, reference, batch, one_by_one=False)
    index.close()
    del index, reference, hashes
    yield _skewed(count, rng)
    yield from _phash(count, rng)
    yield from durable.run(count)


def filled(hashes: Hashes) -> LocalIndex:
    """An index of these hashes, in a segment where a node would make its first generation of as many."""
    index = LocalIndex(THREADS)
    for first in range(0, len(hashes), BATCH):
        index.add(1, _columns(kind_of(hashes), hashes, first, min(first + BATCH, len(hashes))))
    if len(hashes) > KEEP_AT_LEAST:
        index.merge()
    return index


def _columns(kind: FingerprintKind, stored: Hashes, start: int, stop: int) -> FingerprintColumns:
    rows = np.arange(start, stop, dtype=np.int64)
    quality = np.full(len(rows), 90 if kind.has_quality else -1, dtype=np.int16)
    return FingerprintColumns(
        columns=[FingerprintColumn(code=kind.code, rows=rows, values=stored[start:stop], quality=quality)]
    )


def _build(index: LocalIndex, hashes: Hashes) -> Figure:
    """Microseconds a hash that merging everything takes, copying out of the old segment included."""
    start = time.perf_counter()
    index.merge()
    spent = time.perf_counter() - start
    return figure(
        "match.build",
        spent / len(hashes) * 1e6,
        "microseconds a hash",
        reference="the bound that was set",
        reference_value=BUILD_BOUND,
    )


def reference_over(hashes: Hashes) -> Reference:
    """FAISS where it is installed, else the shortest scan that NumPy can do."""
    try:
        import faiss  # noqa: PLC0415  (an extra)
    except ImportError:
        return Reference(name="NumPy xor and bitwise_count", scan=_plain_scan(hashes), threads=lambda _count: None)
    flat, radius = faiss.IndexBinaryFlat(8 * hashes.shape[1]), RADII[kind_of(hashes)]
    flat.add(hashes)
    return Reference(
        name="FAISS IndexBinaryFlat",
        # FAISS finds what is strictly nearer than the radius it is given.
        scan=lambda probes: len(flat.range_search(probes, radius + 1)[1]),
        threads=faiss.omp_set_num_threads,
    )


def _plain_scan(hashes: Hashes) -> Scan:
    words, radius = np.ascontiguousarray(hashes).view(np.uint64), RADII[kind_of(hashes)]

    def scan(probes: Hashes) -> int:
        found = 0
        for probe in np.ascontiguousarray(probes).view(np.uint64):
            for first in range(0, len(words), PLAIN_BLOCK):
                distance = np.bitwise_count(words[first : first + PLAIN_BLOCK] ^ probe).sum(axis=1, dtype=np.uint16)
                found += int(np.count_nonzero(distance <= radius))
        return found

    return scan


def searched(
    name: str, index: LocalIndex, reference: Reference, probes: Hashes, *, one_by_one: bool, rounds: int = 5
) -> Figure:
    """Milliseconds a probe through the whole port, `RawHit`s included, beside the reference.

    Of a long batch the reference gets `REFERENCE_PROBES`, and every hit among these is checked.
    """
    asked = [Probe(number, kind_of(probes).code, probe.tobytes(), 90) for number, probe in enumerate(probes)]
    groups = [[probe] for probe in asked] if one_by_one else [asked]
    checked = probes[:REFERENCE_PROBES]
    rows = [checked[i : i + 1] for i in range(len(checked))] if one_by_one else [checked]
    threads = 1 if len(probes) < BATCH_PROBES else THREADS
    reference.threads(threads)
    counts: dict[str, int] = {}

    def ours() -> None:
        hits = [hit for group in groups for hit in index.search(group, PDQ_RADIUS)]
        counts["ours"] = sum(hit.subject < len(checked) for hit in hits)
        counts["all"] = len(hits)

    def theirs() -> None:
        counts["theirs"] = sum(reference.scan(group) for group in rows)

    mine, other = in_turns(ours, theirs, rounds=rounds)
    if counts["ours"] != counts["theirs"] or counts["all"] < len(probes) // 2:
        raise RuntimeError(f"{name}: {counts['ours']} hits, and {counts['theirs']} of {reference.name}")
    return figure(
        name,
        mine / len(probes) * 1e3,
        "milliseconds a probe" + (f", {threads} threads" if threads > 1 else ""),
        reference=reference.name,
        reference_value=other / len(checked) * 1e3,
    )


def _phash(count: int, rng: np.random.Generator) -> Iterator[Figure]:
    """pHash: one at a time, in a batch, and one at a time where 5 % are the same and the probes come near these."""
    hashes = uniform(count, rng, PHASH)
    index, reference = filled(hashes), reference_over(hashes)
    singles, batch = planted(hashes, SINGLE_PROBES, rng), planted(hashes, BATCH_PROBES, rng)
    yield searched("match.phash", index, reference, singles, one_by_one=True)
    yield searched("match.phash_batch", index, reference, batch, one_by_one=False)
    index.close()
    hashes, aims = black(count, rng)
    index, reference = filled(hashes), reference_over(hashes)
    probes = planted(aims, SINGLE_PROBES, rng)
    yield searched("match.phash_skewed", index, reference, probes, one_by_one=True, rounds=3)
    index.close()


def _skewed(count: int, rng: np.random.Generator) -> Figure:
    """The worst of crowded data, each kind with probes aimed at the crowd, and of clustered data."""
    figures = []
    near_real = clustered(count, rng)
    for hashes, aims in ((near_real, near_real), *skewed(count, rng)):
        index = filled(hashes)
        probes = planted(aims, SINGLE_PROBES, rng)
        figures.append(searched("match.skewed", index, reference_over(hashes), probes, one_by_one=True, rounds=3))
        index.close()
    return min(figures, key=lambda made: made["ratio"])
