"""One file of a list beside what is here: which of our holdings its rows match, and which rows contradict others.

Rules this module upholds:

- The work follows the file. Digests are looked up in the index by the batch; the store confirms what was found.
- Near pictures cost a search each. A bounded number of rows and holdings is compared, and what is left is counted.
- Rows contradict each other if they share one digest and differ in another (`contradict`). Each row is compared with
  the first row of the list that has the digest. Both stay.
- Memory is bounded: one batch of rows, one byte for each of our holdings, and `NEAR_ROWS` hashes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import MD5, PDQ, SHA1, SHA256
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.matchable import matchable_columns
from node.domain.search_ports import HOLDINGS_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from node.domain.batch import FingerprintColumn
    from node.domain.holdings import Holding
    from node.domain.lists import ReferenceList, RowsTaken
    from node.domain.references import At, Reference
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.list_hits import ListHits

DIGESTS: Final = (SHA256, SHA1, MD5)
"""The strongest first."""
NEAR_ROWS: Final = 2_000
"""Rows with a PDQ that are compared with near pictures: a second beside a million holdings."""
NEAR_HOLDINGS: Final = 1_000
"""Holdings that are near a row alone and that are searched for."""
MOST_OF_HASH: Final = 1_000
"""Holdings that one hash proposes. A SHA-256 has one holding."""
HOLDINGS_AT_ONCE: Final = 200

Digests = tuple[bytes, bytes, bytes]


@dataclass(slots=True, kw_only=True)
class Matching:
    """Our holdings that match rows of one file. `by`: the strongest algorithm -> holdings that the allow-list does not
    hide; `hidden`: those that it hides. `rows_left`: rows whose PDQ was not compared with near pictures;
    `holdings_left`: holdings that may be near a row and were not searched for.
    """

    by: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    rows_left: int = 0
    holdings_left: int = 0

    @property
    def holdings(self) -> int:
        """How many match, those that the allow-list hides aside."""
        return self.by.total()


def digests_of(row: Reference) -> Digests:
    """The digests of a row, in the order of `DIGESTS`; b"" for one that it does not have."""
    return row.sha256, row.sha1, row.md5


def contradict(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    """Whether two rows that share a digest differ in another one that both have."""
    return any(mine and its and mine != its for mine, its in zip(one, other, strict=True))


class ListComparing:
    """What comparisons need of this node. `hits`: searches holdings for a list."""

    def __init__(self, *, store: NodeStore, index: SearchIndex, hits: ListHits) -> None:
        self.store = store
        self.index = index
        self.hits = hits

    def begin(self) -> FileComparing:
        """For one file."""
        return FileComparing(self)


class FileComparing:
    """Compares the rows of one file, batch by batch, after each was stored. `contradicting`: rows that contradict an
    earlier one; `first`: the place of the first of them.
    """

    def __init__(self, node: ListComparing) -> None:
        self.contradicting = 0
        self.first: At | None = None
        self._store = node.store
        self._index = node.index
        self._hits = node.hits
        self._matched = np.zeros(0, dtype=np.bool_)
        self._near: list[tuple[bytes, int]] = []
        self._near_left = 0

    def take(self, of: ReferenceList, rows: Sequence[Reference], taken: RowsTaken) -> None:
        """A batch of rows, and what became of them in the store."""
        if self._index.sizes().get(HOLDINGS_SOURCE):
            self._propose(rows)
        if taken.columns is not None:
            self._compare(of, [each for each in taken.columns.columns if each.code in _CODES])

    def matching(self, of: ReferenceList) -> Matching:
        """The holdings that match rows of the file which stand in the list. The list is searched by now."""
        found = Matching(rows_left=self._near_left)
        by_digest = np.flatnonzero(self._matched)
        checked: set[int] = set()
        for holdings in self._pages(by_digest):
            checked |= self._by_digest(of, holdings, found)
        near = [number for number in self._near_holdings() if number not in checked]
        found.holdings_left = max(len(near) - NEAR_HOLDINGS, 0)
        for holdings in self._pages(near[:NEAR_HOLDINGS]):
            for each in self._hits.matching(of, holdings):
                found.hidden += each.allowed
                if not each.allowed:
                    found.by[each.hits[0].algorithm] += 1
        return found

    # --- our holdings -------------------------------------------------------------------------------------------------

    def _propose(self, rows: Sequence[Reference]) -> None:
        """Marks the holdings that have a digest of these rows, and keeps the first PDQs for later."""
        columns = [
            column(kind.code, ids, values, [UNSTATED_QUALITY] * len(ids), kind.size)
            for kind in DIGESTS
            for ids, values in [_having(rows, kind.name)]
            if ids
        ]
        found = self._index.concerned(FingerprintColumns(columns=columns), 0, HOLDINGS_SOURCE, MOST_OF_HASH)
        if len(found.pairs):
            self._mark(found.pairs[:, 1])
        ids, values = _having(rows, PDQ.name)
        room = NEAR_ROWS - len(self._near)
        self._near += [(value, rows[at].pdq_quality) for at, value in zip(ids[:room], values, strict=False)]
        self._near_left += max(len(ids) - room, 0)

    def _mark(self, holdings: np.ndarray) -> None:
        if (last := int(holdings.max())) >= len(self._matched):
            grown = np.zeros(2 * last + 1, dtype=np.bool_)
            grown[: len(self._matched)] = self._matched
            self._matched = grown
        self._matched[holdings] = True

    def _near_holdings(self) -> list[int]:
        if not self._near:
            return []
        values, qualities = zip(*self._near, strict=True)
        near = column(PDQ.code, range(len(values)), values, qualities, PDQ.size)
        asked = matchable_columns(FingerprintColumns(columns=[near]), self._index.floor)
        pairs = self._index.concerned(asked, self._hits.radius(), HOLDINGS_SOURCE, MOST_OF_HASH).pairs
        found: list[int] = np.unique(pairs[:, 1]).tolist()
        return found

    def _pages(self, numbers: Sequence[int] | np.ndarray) -> Iterator[list[Holding]]:
        for start in range(0, len(numbers), HOLDINGS_AT_ONCE):
            with self._store.read() as tx:
                there = tx.holdings_by_id([int(each) for each in numbers[start : start + HOLDINGS_AT_ONCE]])
            yield list(there.values())

    def _by_digest(self, of: ReferenceList, holdings: Sequence[Holding], found: Matching) -> set[int]:
        """Counts those of these holdings that have a digest of a row; their numbers."""
        held = {each.id: {one.code: one.value for one in each.fingerprints if one.code in _CODES} for each in holdings}
        columns = []
        for kind in DIGESTS:
            ids = [number for number, digests in held.items() if kind.code in digests]
            values = [held[number][kind.code] for number in ids]
            columns += [column(kind.code, ids, values, [UNSTATED_QUALITY] * len(ids), kind.size)] if ids else []
        equal = self._index.first_equal(FingerprintColumns(columns=columns), of.source)
        with self._store.read() as tx:
            rows = tx.list_rows([int(row) for row in equal[:, 2]])
            allowed = tx.allowed([each.sha256 for each in holdings])
        best: dict[int, str] = {}
        for kind in DIGESTS:
            for _, number, row in equal[equal[:, 0] == kind.code].tolist():
                if row in rows and getattr(rows[row].reference, kind.name) == held[number][kind.code]:
                    best.setdefault(number, kind.name)
        for each in holdings:
            if each.id in best and each.sha256 in allowed:
                found.hidden += 1
            elif each.id in best:
                found.by[best[each.id]] += 1
        return set(best)

    # --- rows that contradict others ----------------------------------------------------------------------------------

    def _compare(self, of: ReferenceList, columns: Sequence[FingerprintColumn]) -> None:
        """Compares rows with the first row of the list that has one of their digests."""
        equal = self._index.first_equal(FingerprintColumns(columns=columns), of.source)
        others = equal[equal[:, 1] != equal[:, 2]]
        if not len(others):
            return
        with self._store.read() as tx:
            here = _digests(tx, {int(each) for each in others[:, 1:].ravel()})
            wrong = {
                row
                for _, row, first in others.tolist()
                if row in here and first in here and contradict(here[row], here[first])
            }
            self.contradicting += len(wrong)
            if wrong and self.first is None:
                self.first = tx.list_rows([min(wrong)])[min(wrong)].reference.at


_CODES: Final = frozenset(kind.code for kind in DIGESTS)


def _having(rows: Sequence[Reference], name: str) -> tuple[list[int], list[bytes]]:
    """(Places, values) of the rows that have a hash of this kind."""
    found = [(at, value) for at, row in enumerate(rows) if (value := getattr(row, name))]
    return [at for at, _ in found], [value for _, value in found]


def _digests(tx: NodeStoreReader, ids: set[int]) -> Mapping[int, Digests]:
    return {at: digests_of(row.reference) for at, row in tx.list_rows(sorted(ids)).items()}
