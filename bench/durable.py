"""The index in files: the time to open it, and the number of digest look-ups per second.

Rules this module upholds:

- The timed work is the work of a node: the same folder, the same classes, with all five kinds in it.
- The time to open ends at the first answer; kernels are compiled before. Warm and cold caches are separate figures. For
  a cold cache, the benchmark asks the system to drop the pages of the files.
- Every timed answer is checked.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench import Figure, figure, in_turns
from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import MD5, PDQ, PDQ_RADIUS, PHASH, SHA1, SHA256
from node.domain.index_ports import IndexMark
from node.domain.search_ports import Probe
from node.match.folder import IndexFolder
from node.match.index import LocalIndex

KINDS: Final = (MD5, SHA1, SHA256, PDQ, PHASH)
BATCH: Final = 100_000
"""Records an `add`."""
ASKED: Final = 7
"""The row that is asked for first."""
LOOK_UPS: Final = 1_000_000
ROUNDS: Final = 5
MAX_DICT: Final = 2_000_000
"""Digests of the dict that is compared with: ten millions would take two GiB."""

Hashes = NDArray[np.uint8]


def run(records: int) -> Iterator[Figure]:
    """All figures of an index of `records` records that is kept in a folder for temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _figures(records, Path(folder) / "index")


def _figures(records: int, folder: Path) -> Iterator[Figure]:
    index = LocalIndex()
    files = IndexFolder(folder, index)
    for first in range(0, records, BATCH):
        index.add(1, _columns(first, min(first + BATCH, records)))
    start = time.perf_counter()
    files.freeze(IndexMark(store=bytes(16), changes=0, sources={1: records}))
    files.build(lambda _done, _total: None)
    if not files.publish(0):
        raise RuntimeError(f"the index could not be kept: {files.trouble}")
    took = time.perf_counter() - start
    size = sum(path.stat().st_size for path in folder.iterdir())
    yield figure(
        "match.keep",
        took / records * 1e6,
        "microseconds a record of five fingerprints",
        reference="writing as many bytes",
        reference_value=_written(folder.with_name("plain"), size) / records * 1e6,
    )
    yield figure(
        "match.kept_bytes_per_record",
        size / records,
        "bytes on the disk",
        reference="the five hashes themselves",
        reference_value=sum(kind.size for kind in KINDS),
    )
    yield _digests(index, records)
    del index, files
    # What answers the same question without an index in files: the index that is rebuilt at every start.
    rebuilt = _rebuilt(min(records, 200_000)) * records / min(records, 200_000)
    warm = min(_opened(folder) for _ in range(ROUNDS))
    for name, seconds in (("match.open", warm), ("match.open_cold", _cold(folder))):
        yield figure(
            name,
            seconds,
            "seconds",
            reference="filling an index in memory from decoded columns",
            reference_value=rebuilt,
        )


def _values(kind_code: int, size: int, first: int, stop: int) -> Hashes:
    """The fingerprints of rows `first` to `stop`, which begins a batch: the same whenever they are asked for."""
    return np.random.default_rng([kind_code, first]).integers(0, 256, (stop - first, size), dtype=np.uint8)


def _columns(first: int, stop: int) -> FingerprintColumns:
    rows = np.arange(first, stop, dtype=np.int64)
    return FingerprintColumns(
        columns=[
            FingerprintColumn(
                code=kind.code,
                rows=rows,
                values=_values(kind.code, kind.size, first, stop),
                quality=np.full(len(rows), 90 if kind is PDQ else -1, dtype=np.int16),
            )
            for kind in KINDS
        ]
    )


def _written(path: Path, size: int) -> float:
    """Seconds that it takes to write so many bytes to the same disk, and make them durable."""
    block = os.urandom(1 << 20) * 16
    start = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(-(-size // len(block))):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    took = time.perf_counter() - start
    path.unlink()
    return took


def _rebuilt(records: int) -> float:
    """Seconds to fill an index in memory."""
    index = LocalIndex()
    parts = [_columns(first, min(first + BATCH, records)) for first in range(0, records, BATCH)]
    start = time.perf_counter()
    for part in parts:
        index.add(1, part)
    return time.perf_counter() - start


def _opened(folder: Path) -> float:
    """Seconds from nothing to the first answer, which asks for one record by all five kinds."""
    probes = [Probe(0, kind.code, _values(kind.code, kind.size, 0, BATCH)[ASKED].tobytes(), 90) for kind in KINDS]
    start = time.perf_counter()
    index = LocalIndex()
    if IndexFolder(folder, index, read_only=True).open() is None:
        raise RuntimeError("match.open: the index could not be opened")
    hits = index.search(probes, PDQ_RADIUS)
    took = time.perf_counter() - start
    if {hit.code for hit in hits if hit.row == ASKED} != {kind.code for kind in KINDS}:
        raise RuntimeError("match.open: the first answer is not right")
    return took


def _cold(folder: Path) -> float:
    """`_opened` after the system was asked to drop the files from its cache."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    return _opened(folder)


def _digests(index: LocalIndex, records: int) -> Figure:
    """Look-ups of SHA-256 a second in one batch of columns, half of which are there, beside a Python dict of bytes."""
    rng = np.random.default_rng(5)
    batches = [
        _values(SHA256.code, SHA256.size, first, min(first + BATCH, records)) for first in range(0, records, BATCH)
    ]
    stored = np.concatenate(batches)
    count = min(LOOK_UPS, 2 * records)
    probes = rng.integers(0, 256, (count, SHA256.size), dtype=np.uint8)
    probes[::2] = stored[rng.integers(0, len(stored), len(probes[::2]))]
    table = index.tables[SHA256.name]
    known = {value.tobytes(): row for row, value in enumerate(stored[:MAX_DICT])}
    keys = [value.tobytes() for value in probes]
    found: list[int] = []

    def ours() -> None:
        found.append(len(table.search(probes, 0).row))

    def theirs() -> int:
        return sum(key in known for key in keys)

    mine, other = in_turns(ours, theirs, rounds=ROUNDS)
    if set(found) != {len(probes[::2])}:
        raise RuntimeError(f"match.digests: {found} hits")
    return figure(
        "match.digests",
        count / mine,
        "look-ups a second",
        reference=f"a Python dict of bytes of {len(known)} digests",
        reference_value=count / other,
        more_is_better=True,
    )
