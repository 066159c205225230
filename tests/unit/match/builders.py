"""Short ways to say what is stored and what is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

import numpy as np

from node.domain.batch import FingerprintColumn, FingerprintColumns, column
from node.domain.fingerprint_kinds import KIND_BY_CODE, FingerprintKind
from node.domain.search_ports import Probe, RawHit

GOOD = 90


def columns(
    kind: FingerprintKind, rows: Sequence[int], values: Sequence[bytes], quality: Sequence[int] | None = None
) -> FingerprintColumns:
    """One column of one kind, of good quality unless said."""
    default = GOOD if kind.has_quality else -1
    return FingerprintColumns(columns=[column(kind.code, rows, values, quality or [default] * len(rows), kind.size)])


def array_columns(code: int, first_row: int, values: np.ndarray) -> FingerprintColumns:
    """A column of uint8 (n, size) in rows `first_row` and up, of good quality."""
    count = len(values)
    return FingerprintColumns(
        columns=[
            FingerprintColumn(
                code=code,
                rows=np.arange(first_row, first_row + count, dtype=np.int64),
                values=values,
                quality=np.full(count, GOOD if KIND_BY_CODE[code].has_quality else -1, dtype=np.int16),
            )
        ]
    )


def probe(kind: FingerprintKind, value: bytes, *, subject: int = 0, quality: int | None = None) -> Probe:
    """A probe of good quality unless said."""
    default = GOOD if kind.has_quality else -1
    return Probe(subject, kind.code, value, default if quality is None else quality)


def flipped(value: bytes, bits: Iterable[int]) -> bytes:
    """`value` with these bits turned over; bit 0 is the highest of the first byte."""
    number = int.from_bytes(value)
    for bit in bits:
        number ^= 1 << (len(value) * 8 - 1 - bit)
    return number.to_bytes(len(value))


def where(hits: Iterable[RawHit]) -> list[tuple[int, int]]:
    """(source, row) of every hit, in order."""
    return sorted((hit.source, hit.row) for hit in hits)


def ordered(hits: Iterable[RawHit]) -> list[RawHit]:
    """Hits in an order of their own, for comparing what has none."""
    return sorted(hits, key=attrgetter("subject", "code", "source", "row", "distance", "quality", "orientation", "by"))
