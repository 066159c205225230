"""An index with a few hundred records of every kind, its probes, and the hits that they must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from node.domain.batch import FingerprintColumns
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PDQ_RADIUS, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.search_ports import Probe
from node.match.index import LocalIndex
from tests.unit.match.builders import array_columns, flipped

KINDS = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
COUNT = 300
"""Records in a whole index; each has a fingerprint of every kind."""
LOG = 7
"""The source of all records."""


def values(kind: FingerprintKind, count: int = COUNT) -> np.ndarray:
    """The fingerprints of this kind in rows 0 to `count` - 1: uint8 (count, size), the same in every run."""
    rng = np.random.default_rng(KINDS.index(kind))
    return rng.integers(0, 256, (count, kind.size), dtype=np.uint8)


def filled(count: int = COUNT, first: int = 0) -> LocalIndex:
    """An index in memory with the rows from `first` to `count` - 1."""
    index = LocalIndex()
    add(index, first, count)
    return index


def add(index: LocalIndex, first: int, stop: int) -> None:
    """Adds the rows from `first` to `stop` - 1, of every kind."""
    parts = [array_columns(kind.code, first, values(kind, stop)[first:]).columns[0] for kind in KINDS]
    index.add(LOG, FingerprintColumns(columns=parts))


def probes(rows: range | list[int], count: int = COUNT) -> list[Probe]:
    """A probe a kind for these rows; of the perceptual ones a few bits away."""
    found = []
    for kind in KINDS:
        for row in rows:
            value = values(kind, count)[row].tobytes()
            found.append(Probe(row, kind.code, value if kind.exact else flipped(value, [0, 9, 41]), 90))
    return found


def answers(index: LocalIndex, rows: range | list[int] = range(COUNT), count: int = COUNT) -> set[tuple[int, int, int]]:
    """(subject, code, row) of all hits."""
    return {(hit.subject, hit.code, hit.row) for hit in index.search(probes(rows, count), PDQ_RADIUS)}


WHOLE = {(row, kind.code, row) for kind in KINDS for row in range(COUNT)}
"""What `answers` gives for an index that lacks no record."""


def on_disk(folder: Path) -> bytes:
    """The bytes of all files in the folder, one after another."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
