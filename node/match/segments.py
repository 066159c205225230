"""What a static segment of an index is, whatever its kind: its ports, and what it is made of.

Rules this module upholds:

- A segment is arrays and nothing else, so that it can be mapped from a file; removals overwrite in it (`CHANGING`).
- Arrays that come from outside are held against dtype and shape before a kernel sees them (`array_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from node.errors import Damaged
from node.match.crew import Crew
from node.match.flat import Found

Array = NDArray[Any]
Allocate = Callable[[str, tuple[int, ...], DTypeLike], Array]
"""Gives an array of zeros by name, shape and dtype: in memory, or in a file."""
Progress = Callable[[int, int], None]
Guard = Callable[[NDArray[np.int64]], AbstractContextManager[None]]
"""Goes around overwriting these slots of a segment (`files.MappedFile.changing`)."""
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Probes and slots, each (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a segment is made of: `hashes` (n, words), `sources`, `rows`, `qualities` (n,). Sources, rows and qualities
    are copies, and say what is live; a hash may be overwritten meanwhile. `rests`: where they are kept in two halves,
    the second one.
    """

    hashes: Array
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]
    rests: Array | None = None


class Segment(Protocol):
    """A static table. `arrays` are all it consists of; those of `files.CHANGING` are overwritten by removals."""

    @property
    def sources(self) -> NDArray[np.int32]: ...

    @property
    def rows(self) -> NDArray[np.int64]: ...

    def near(self, words: Array, radius: int, crew: Crew | None = None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(probe, slot) of what seems to be within the radius; it may change under the search. `crew` shares in it."""
        ...

    def confirm(self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: Array, radius: int) -> Found:
        """The pairs as they stand now. Uses `probe` up."""
        ...

    def arrays(self) -> Mapping[str, Array]: ...


class Tail(Protocol):
    """The growing table for what is newer: `node.match.index.Table`, and a copy of what it has."""

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None: ...

    def remove(self, source: int, rows: NDArray[np.int64]) -> int: ...

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found: ...

    def clear(self) -> None: ...

    def contents(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is particular to a kind's table. `word`: the dtype of which hashes are made."""

    word: DTypeLike
    tail: Callable[[], Tail]
    build: Callable[[Sequence[Part], Allocate, Progress], Segment]
    opened: Callable[[Mapping[str, Array]], Segment]


def array_of(arrays: Mapping[str, Array], name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> Array:
    """The array of this name, held against its dtype and shape (-1: any length). Raises `Damaged`."""
    found = arrays.get(name)
    fits = (
        found is not None
        and found.dtype == np.dtype(dtype)
        and found.ndim == len(shape)
        and all(want in {-1, have} for want, have in zip(shape, found.shape, strict=True))
    )
    if found is None or not fits:
        raise Damaged(f"the array {name} of the index is not what it should be")
    return found


def in_memory(_name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """`Allocate` without a file."""
    return np.zeros(shape, dtype=dtype)


def unguarded(_slots: NDArray[np.int64]) -> AbstractContextManager[None]:
    """`Guard` of a segment that is in memory only."""
    return nullcontext()
