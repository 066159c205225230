"""The port of the search index: its requests and its proposals.

Rules this module upholds:

- An index proposes and the store decides: nothing found here is shown before it was checked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from node.domain.batch import FingerprintColumns


HOLDINGS_SOURCE = 0
"""The `source` of own holdings in the index. A log's is its `LogState.number`."""


class Probe(NamedTuple):
    """One hash to search for: of subject `subject`, kind `code`; `orientation` an index into `ORIENTATIONS`, continued
    for the other variants of a picture (`queries.VARIANTS`): 8 to 15 without its plain borders, 16 to 31 on a
    background; `at`: for a frame its time (milliseconds), None if not stated. A tuple, as `RawHit` is.
    """

    subject: int
    code: int
    value: bytes
    quality: int = -1
    orientation: int = 0
    at: int | None = None


class RawHit(NamedTuple):
    """One result of the index: `source` and `row` say where, `distance` in bits (0 for exact kinds).

    `by`: the kind that was asked about if it differs from `code`, the kind that was found (a still picture and a
    frame); else 0. For two videos, or animated pictures, there is one hit per row: that of their nearest frames;
    `turns` says in which orientations any are near (bit 0 the first of `ORIENTATIONS`), and is 0 for all else.

    A tuple, because a crowd has thousands of them: creating a frozen dataclass takes longer than finding its content.
    """

    subject: int
    source: int
    row: int
    code: int
    distance: int
    quality: int
    orientation: int
    by: int = 0
    turns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Which rows of one source may be near some arriving fingerprints. `pairs` int64 (n, 2): the row that arrived, and
    the row of the source, each pair once. `left_out`: for an arrived row, how many further pairs are omitted.
    """

    pairs: npt.NDArray[np.int64]
    left_out: Mapping[int, int] = field(default_factory=dict)


class Alike(NamedTuple):
    """What equivalent proposals of one source for one subject have in common."""

    subject: int
    source: int
    code: int
    by: int
    distance: int
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The result of the index. `further`: how many more there are like some of the `hits` that are not listed."""

    hits: list[RawHit]
    further: Mapping[Alike, int] = field(default_factory=dict)


class SearchIndex(Protocol):
    """Exact search: recall 1.0 inside the radius. Derived data that can always be rebuilt; safe to call from any
    thread. `floor`: the lowest quality of the PDQ hashes in it.
    """

    @property
    def floor(self) -> int: ...

    def add(self, source: int, columns: FingerprintColumns) -> None:
        """The next search finds them. The index itself leaves out low-quality and unsearchable hashes."""
        ...

    def remove(self, source: int, rows: Sequence[int]) -> None:
        """No search finds them any more; their bytes are overwritten."""
        ...

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        """All rows within `radius` bits of a PDQ probe (pHash: within `PHASH_RADIUS`), and equal to an exact one; PDQ
        and video frames are also compared with each other. For videos it proposes what `domain.videos` must judge.
        Raises `Misuse` for a radius outside 0..`PDQ_RADIUS_CAP` or a probe of the wrong length.
        """
        ...

    def propose(self, probes: Sequence[Probe], radius: int, most: int, unbounded: Collection[int]) -> Proposed:
        """As `search`, with at most `most` of those that are alike (`Alike`), those with the lowest rows; for the
        sources in `unbounded`, and for video frames, all. So a source with one hash thousands of times costs little.
        """
        ...

    def concerned(self, columns: FingerprintColumns, radius: int, source: int, most: int) -> Concerned:
        """The rows of `source` whose own search would show one of `columns` (frames and PDQ in all eight orientations,
        as far as bits determine them). Nothing within the radius is missing, except beyond `most` rows for one row of
        `columns`: then the nearest are returned, and every row with an equal SHA-256. For two videos that are near only
        within the wide radius, it proposes by a sample of the frames of `columns`.
        """
        ...

    def first_equal(self, columns: FingerprintColumns, source: int) -> npt.NDArray[np.int64]:
        """Which of `columns` stand in `source` too, by kinds that match when equal: int64 (n, 3), a kind's code, the
        row of `columns`, and the lowest row of `source` with that hash. One hash in a million rows costs one line.
        """
        ...

    def beside(self) -> Self:
        """An empty index of the same kind with the same search threads. It need not be closed."""
        ...

    def sizes(self) -> Mapping[int, int]:
        """How many rows each source has in the index."""
        ...

    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm, for the kinds this index searches."""
        ...

    def clear(self) -> None: ...
