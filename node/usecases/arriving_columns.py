"""Parts of the fingerprint columns of what arrives.

Rules this module upholds:

- A column without a row in the part is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from node.domain.batch import FingerprintColumn, FingerprintColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def where(columns: FingerprintColumns, chosen: Callable[[np.ndarray], np.ndarray]) -> FingerprintColumns:
    """The part that `chosen` selects: rows int64 (n,) -> bool (n,)."""
    picked = []
    for each in columns.columns:
        here = chosen(each.rows)
        if here.any():
            picked.append(
                FingerprintColumn(
                    code=each.code, rows=each.rows[here], values=each.values[here], quality=each.quality[here]
                )
            )
    return FingerprintColumns(columns=picked)


def of_rows(columns: FingerprintColumns, rows: Sequence[int] | np.ndarray) -> FingerprintColumns:
    """The part of these rows."""
    return where(columns, lambda each: np.isin(each, rows))


def pieces(columns: FingerprintColumns, rows: Sequence[int], at_once: int) -> Iterator[FingerprintColumns]:
    """The columns, `at_once` rows at a time, of these ascending rows."""
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        yield where(columns, lambda each, some=some: (each >= some[0]) & (each <= some[-1]))  # type: ignore[misc]
