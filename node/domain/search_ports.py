"""The port of the search index: what it is asked, and what it proposes.

Rules this module upholds:

- An index proposes and the store decides: nothing found here is shown before it was re-checked.
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
    """One hash looked for: of subject `subject`, kind `code`; `orientation` an index into `ORIENTATIONS`, counted on
    for the other variants of a picture (`queries.VARIANTS`): 8 to 15 without its plain borders, 16 to 31 on a
    background; `at`: of a frame, when it is shown (milliseconds), None where nobody said. A tuple, as `RawHit` is.
    """

    subject: int
    code: int
    value: bytes
    quality: int = -1
    orientation: int = 0
    at: int | None = None


class RawHit(NamedTuple):
    """What the index found: `source` and `row` say where, `distance` in bits (0 for exact kinds).

    `by`: the kind that was asked about where it is another than `code`, the kind that was found (a still picture and a
    frame); else 0. Of two videos, or animated pictures, one hit a row: that of their nearest frames; `turns` says in
    which orientations any are near (bit 0 the first of `ORIENTATIONS`), and is 0 for all else.

    A tuple, for a crowd has thousands of them: to make a frozen dataclass takes longer than to find what is in it.
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
    """Which rows of one source some arriving fingerprints may be near to. `pairs` int64 (n, 2): the row that arrived,
    and the row of the source, each pair once. `left_out`: of an arrived row, how many further pairs were not given.
    """

    pairs: npt.NDArray[np.int64]
    left_out: Mapping[int, int] = field(default_factory=dict)


class Alike(NamedTuple):
    """What proposals of one source have in common that say the same of one subject."""

    subject: int
    source: int
    code: int
    by: int
    distance: int
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What the index found. `further`: how many more there are like some of the `hits`, that were not given."""

    hits: list[RawHit]
    further: Mapping[Alike, int] = field(default_factory=dict)


class SearchIndex(Protocol):
    """Exact search: recall 1.0 inside the radius. Derived data, always rebuildable; safe to call from any thread.
    `floor`: the quality from which on a PDQ is in it.
    """

    @property
    def floor(self) -> int: ...

    def add(self, source: int, columns: FingerprintColumns) -> None:
        """Found by the very next search. Low-quality and unsearchable hashes are left out by the index itself."""
        ...

    def remove(self, source: int, rows: Sequence[int]) -> None:
        """Found by none; their bytes are overwritten."""
        ...

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        """All rows within `radius` bits of a PDQ probe (pHash: within `PHASH_RADIUS`), and equal to an exact one; PDQ
        and frames of videos are also held against each other. Of videos it proposes what `domain.videos` has to judge.
        Raises `Misuse` for a radius outside 0..`PDQ_RADIUS_CAP` or a probe of the wrong length.
        """
        ...

    def propose(self, probes: Sequence[Probe], radius: int, most: int, unbounded: Collection[int]) -> Proposed:
        """As `search`, with at most `most` of those that are alike (`Alike`), those of the lowest rows; of the sources
        in `unbounded`, and of frames of videos, all. So a source that has one hash thousands of times costs little.
        """
        ...

    def concerned(self, columns: FingerprintColumns, radius: int, source: int, most: int) -> Concerned:
        """The rows of `source` that a search for them would show one of `columns` (frames and PDQ in all eight
        orientations, as far as bits tell). Nothing within the radius is missing, but what goes past `most` rows for one
        row of `columns`: then the nearest are given, and every row with an equal SHA-256. Of two videos that are near
        within the wide radius alone, it proposes by a sample of the frames of `columns`.
        """
        ...

    def beside(self) -> Self:
        """An empty index of the same kind that is searched by the same threads. Nobody has to close it."""
        ...

    def sizes(self) -> Mapping[int, int]:
        """How many rows each source has in the index."""
        ...

    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm, for the kinds this index searches."""
        ...

    def clear(self) -> None: ...
