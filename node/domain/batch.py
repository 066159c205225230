"""Columns: the bulk path handles many records without one object per record.

Rules this module upholds:

- A column has one element per entry, in log order; absent parts are b"".
- A batch only carries bytes. Its type says whether it was verified: `wire` returns unchecked `Package`s, and
  `usecases.replica` gives the store `VerifiedBatch`es.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import Origin
    from node.domain.statements import Body

FRAMING: Final = 5 * 4
"""Most bytes that the wire adds per entry of a package: a tag and a length of up to three bytes in each of its five
columns (2^21 bytes and more do not fit a package)."""
RUN_BYTES: Final = 900_000
"""The size up to which every sender fills a package: entries, disclosures and `FRAMING` per entry. An entry longer than
this is sent alone."""
RUN_ENTRIES: Final = 4_096
"""Most entries that a sender puts into a package: somewhat more than the records in a full one."""
RUN_WORDS: Final = 50
"""Most entries in one package that point at others. Each costs its receivers a hundred times as much as a record. So a
package of them takes as long as one full of records, and other logs wait no longer."""
MAX_PACKAGE: Final = 1 << 20
"""The package size that every receiver accepts, in the unit of `RUN_BYTES`."""
MAX_BODY: Final = 512 << 10
"""Bytes of a body: three times `MAX_FINGERPRINTS` PDQ hashes fit, and a package always has room for one body."""
MAX_HANDLING: Final = 16 << 10
"""Bytes of a handling: an audience of several hundred members."""
MAX_PROOF: Final = 64
"""Hashes of a consistency proof between trees of fewer than 2^63 leaves, plus one."""
READ_BYTES: Final = 1 << 20
"""How much of a log is read at a time when all of it is read. Nothing on the wire depends on it."""
MAX_RUN: Final = 1 << 16
"""Most entries of a package that every receiver accepts. `MAX_PACKAGE` bytes have room for fewer."""


class BodyState(IntEnum):
    """What this node has of an entry's body. Only HELD rows have bytes."""

    HELD = 0
    NOT_FOR_US = 1
    PURGED = 2
    MISSING = 3
    QUARANTINED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An unverified run of one log's entries, as it is sent. At most `MAX_PACKAGE` bytes, no minimum.

    `checkpoint` is a signed note for a size at or after the end of the run; `proof` is the RFC 9162 consistency proof
    from the end of the run to that size, empty if they are equal.

    `fault`: why the received data is not a valid package of this log. Then no other field is set.
    """

    origin: Origin
    start: int
    entries: Sequence[bytes]
    nonces: Sequence[bytes]
    bodies: Sequence[bytes]
    handling_nonces: Sequence[bytes]
    handlings: Sequence[bytes]
    checkpoint: bytes
    proof: Sequence[bytes] = ()
    fault: str = ""

    @property
    def end(self) -> int:
        """The index one past the last entry."""
        return self.start + len(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBatch:
    """A run of entries with checked hashes, proofs and commitments: the input of the store.

    `states` holds one `BodyState` per entry. `tiles` are the C2SP tiles that this run writes, {(level, index): bytes};
    `size` and `root` describe the log after it. `targets` lists the few entries that point at another record: (position
    in the run, kind, target origin text, target leaf). `kinds`: one byte per entry, 0 for later versions.
    """

    origin: Origin
    start: int
    entries: Sequence[bytes]
    leaves: Sequence[bytes]
    kinds: bytes
    expiry_days: Sequence[int]
    nonces: Sequence[bytes]
    bodies: Sequence[bytes]
    handling_nonces: Sequence[bytes]
    handlings: Sequence[bytes]
    states: bytes
    tiles: dict[tuple[int, int], bytes]
    size: int
    root: bytes
    targets: Sequence[tuple[int, int, str, bytes]] = ()
    quarantine: Sequence[tuple[int, str]] = ()

    def of_kinds(self, kinds: frozenset[int]) -> list[int]:
        """The positions of the entries of these kinds, in order."""
        found: list[int] = np.flatnonzero(_chosen(kinds)[np.frombuffer(self.kinds, dtype=np.uint8)]).tolist()
        return found


@cache
def _chosen(kinds: frozenset[int]) -> np.ndarray:
    """For each kind, whether it is one of these. bool (256,)."""
    chosen = np.zeros(256, dtype=np.bool_)
    chosen[sorted(kinds)] = True
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintColumn:
    """All fingerprints of one kind in a batch: `rows` int64 (n,), `values` uint8 (n, size), `quality` int16 (n,).

    A row is the index of an entry in its log, or the id of a holding. Quality is -1 if the kind has none.
    """

    code: int
    rows: np.ndarray
    values: np.ndarray
    quality: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintColumns:
    """The fingerprints of a batch by kind, and how many fingerprints were of unknown kinds."""

    columns: Sequence[FingerprintColumn]
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedBodies:
    """The content of a column of bodies, for the bulk path: the fingerprint columns of the bodies that are understood.

    `understood`: one byte per body, 1 for a contribution of a known version, 0 otherwise (sealed, later, empty).
    """

    fingerprints: FingerprintColumns
    understood: bytes
    others: dict[int, Body] = field(default_factory=dict)


def column(
    code: int, rows: Sequence[int], values: Sequence[bytes], quality: Sequence[int], size: int
) -> FingerprintColumn:
    """A `FingerprintColumn` of `values`, each exactly `size` bytes long."""
    return FingerprintColumn(
        code=code,
        rows=np.asarray(rows, dtype=np.int64),
        values=np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(values), size),
        quality=np.asarray(quality, dtype=np.int16),
    )
