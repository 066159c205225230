"""The rows of each source in the index, so that a search can report how many rows it covered.

Rules this module upholds:

- A row counts once, for any number of its fingerprints and any number of additions.
- Rows are dense (an index in a log, the id of a holding), so pages with one byte per row are small and fast.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.errors import Damaged

PAGE: Final = 16_384
"""Rows per page, one byte each."""


class RowSets:
    """A set of rows for each source. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[int, dict[int, NDArray[np.bool_]]] = {}
        self._sizes: dict[int, int] = {}

    def add(self, source: int, rows: NDArray[np.int64]) -> None:
        """Adds rows, which are not negative, in any order. Repeats are allowed."""
        self._set(source, rows, present=True)

    def remove(self, source: int, rows: NDArray[np.int64]) -> None:
        """Removes rows. Missing rows are skipped."""
        self._set(source, rows, present=False)

    def _set(self, source: int, rows: NDArray[np.int64], *, present: bool) -> None:
        with self._lock:
            pages = self._pages.setdefault(source, {})
            numbers = rows // PAGE
            changes = np.flatnonzero(np.diff(numbers, prepend=-1))  # rows mostly ascend: a page is one stretch
            for number in set(numbers[changes].tolist()):
                page = pages.get(number)
                if page is None:
                    if not present:
                        continue
                    page = pages[number] = np.zeros(PAGE, dtype=np.bool_)
                before = int(np.count_nonzero(page))
                page[rows[numbers == number] - number * PAGE] = present
                after = int(np.count_nonzero(page))
                self._sizes[source] = self._sizes.get(source, 0) + after - before
                if not after:
                    del pages[number]

    def sizes(self) -> dict[int, int]:
        """Returns the number of rows of each source. Sources without rows are left out."""
        with self._lock:
            return {source: size for source, size in self._sizes.items() if size}

    def packed(self) -> dict[str, NDArray[Any]]:
        """Returns everything for storage: `pages` int64 (p, 2), source and number; `bits` uint8 (p, PAGE / 8), one bit
        per row.
        """
        with self._lock:
            pages = [(source, number, page) for source, pages in self._pages.items() for number, page in pages.items()]
            numbers = np.array([each[:2] for each in pages], dtype=np.int64).reshape(-1, 2)
            bits = np.array([np.packbits(page) for *_, page in pages], dtype=np.uint8).reshape(-1, PAGE // 8)
        return {"pages": numbers, "bits": bits}

    def unpack(self, pages: NDArray[np.int64], bits: NDArray[np.uint8]) -> None:
        """Fills the empty sets with the result of `packed`. Raises `Damaged` if `packed` cannot have returned it."""
        if bits.shape != (len(pages), PAGE // 8) or (len(pages) and int(pages.min()) < 0):
            raise Damaged("the table of rows of the index is not valid")
        counts = np.bitwise_count(bits).sum(axis=1, dtype=np.int64).tolist()
        with self._lock:
            for (source, number), page, count in zip(pages.tolist(), bits, counts, strict=True):
                self._pages.setdefault(source, {})[number] = np.unpackbits(page).view(np.bool_)
                self._sizes[source] = self._sizes.get(source, 0) + count

    def clear(self) -> None:
        """Drops every source."""
        with self._lock:
            self._pages.clear()
            self._sizes.clear()
