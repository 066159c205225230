"""Columns: how many records move through the bulk path without an object a record.

Rules this module upholds:

- A column has one element an entry, in log order; absent parts are b"".
- A batch is a plain carrier of bytes: who made it and whether it was verified is said by where it comes from
  (`wire` hands over `Package`s, which nobody has checked; `usecases.replica` hands the store `VerifiedBatch`es).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import Origin
    from node.domain.statements import Body

FRAMING: Final = 5 * 4
"""Bytes that the wire adds to an entry of a package, at most: a tag and a length of up to three bytes in each of its
five columns (2^21 bytes and more do not fit a package)."""
RUN_BYTES: Final = 900_000
"""What every sender fills a package up to: entries, disclosures and `FRAMING` an entry. An entry that is longer than
the rest travels alone."""
RUN_ENTRIES: Final = 4_096
"""Entries that every sender puts into a package, at most: somewhat more than there are records in a full one."""
RUN_WORDS: Final = 50
"""Entries that point at others in one package, at most. Each costs its receivers a hundred times what a record costs:
a package of them takes as long as one full of records, and other logs wait no longer than that."""
MAX_PACKAGE: Final = 1 << 20
"""What every receiver takes of a package, in the unit of `RUN_BYTES`."""
MAX_BODY: Final = 512 << 10
"""Bytes of a body: `MAX_FINGERPRINTS` PDQ hashes fit three times, and a package always holds one body."""
MAX_HANDLING: Final = 16 << 10
"""Bytes of a handling: an audience of several hundred members."""
MAX_PROOF: Final = 64
"""Hashes of a consistency proof between trees of fewer than 2^63 leaves, and one."""
READ_BYTES: Final = 1 << 20
"""What is read of a log at a time by whoever goes through all of it. Nothing on the wire depends on it."""
MAX_RUN: Final = 1 << 16
"""Entries that every receiver takes in a package. `MAX_PACKAGE` bytes have room for fewer."""


class BodyState(IntEnum):
    """What this node has of an entry's body. Only HELD rows have bytes."""

    HELD = 0
    NOT_FOR_US = 1
    PURGED = 2
    MISSING = 3
    QUARANTINED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A run of one log's entries as it travels, unverified. At most `MAX_PACKAGE` bytes, no minimum.

    `checkpoint` is a signed note of a size at or past the end of the run; `proof` the RFC 9162 consistency proof from
    the end of the run to that size, empty where they are equal.

    `fault`: why what came cannot be taken as a package of this log. Then nothing else is in it.
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
    """A run of entries whose hashes, proofs and commitments were checked: what the store takes.

    `states` holds a `BodyState` an entry. `tiles` are the C2SP tiles this run writes, {(level, index): bytes}, and
    `size`, `root` what the log is after it. `targets` lists the few entries that point at another record:
    (position in the run, kind, target origin text, target leaf). `kinds` one byte an entry, 0 for later versions.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintColumn:
    """All fingerprints of one kind in a batch: `rows` int64 (n,), `values` uint8 (n, size), `quality` int16 (n,).

    A row is the index of an entry in its log, or the id of a holding. Quality is -1 where the kind has none.
    """

    code: int
    rows: np.ndarray
    values: np.ndarray
    quality: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintColumns:
    """The fingerprints of a batch by kind, and how many fingerprints were of kinds this version does not know."""

    columns: Sequence[FingerprintColumn]
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedBodies:
    """What a column of bodies says, for the bulk path: the fingerprint columns of those it understands.

    `understood` one byte a body: 1 where a contribution of a version we read, 0 otherwise (sealed, later, empty).
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
