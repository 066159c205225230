"""The index of watched fingerprints: which watches may concern something that arrived.

Rules this module upholds:

- It is derived data in memory, built from the statements at each start, and separate from the index of records.
- It only proposes watches. Each of them is then searched for among the arrivals, as a query is.
- Nothing within the radius is missed: a watched picture stands in it in each orientation that its author gave, and what
  arrives is looked up in all orientations of its bits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.usecases.search_terms import matchable, probes_of
from node.usecases.watch_terms import MOST_OF_ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.queries import MatchRule, Subject
    from node.domain.search_ports import SearchIndex

_SOURCE: Final = 0
"""All watches are one source; their numbers are its rows."""
_UNSETTLED: Final = 20_000
"""Fingerprints that may stand in the part of the index that is searched one by one."""


def watched_columns(number: int, subjects: Sequence[Subject], rule: MatchRule, floor: int) -> FingerprintColumns:
    """The searchable fingerprints of a watch, all under its number."""
    probes = probes_of(subjects, rule, abroad=True, matching=matchable(subjects, floor))
    values: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
    for probe in probes:
        values[probe.code].setdefault(probe.value, probe.quality)
    return FingerprintColumns(
        columns=[
            column(code, [number] * len(found), list(found), list(found.values()), KIND_BY_CODE[code].size)
            for code, found in values.items()
        ]
    )


class WatchedIndex:
    """For one thread at a time. `index` is empty; `settle` sorts what was added, so that searching stays fast."""

    def __init__(self, index: SearchIndex, settle: Callable[[], None] = lambda: None) -> None:
        self._index = index
        self._settle = settle
        self._numbers: set[int] = set()
        self._unsettled = 0

    def put(self, number: int, subjects: Sequence[Subject], rule: MatchRule) -> None:
        """The watch of this number is about these subjects from now on."""
        self.drop(number)
        columns = watched_columns(number, subjects, rule, self._index.floor)
        self._index.add(_SOURCE, columns)
        self._numbers.add(number)
        self._unsettled += sum(len(each.rows) for each in columns.columns)
        if self._unsettled > _UNSETTLED:
            self._settle()
            self._unsettled = 0

    def drop(self, number: int) -> None:
        """The watch of this number is gone."""
        if number in self._numbers:
            self._index.remove(_SOURCE, [number])
            self._numbers.discard(number)

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def numbers(self) -> frozenset[int]:
        """Of the watches in it."""
        return frozenset(self._numbers)

    @property
    def floor(self) -> int:
        """The lowest quality of a PDQ hash in it."""
        return self._index.floor

    def near(self, arrived: FingerprintColumns, radius: int) -> dict[int, list[int]]:
        """For each watch that may concern what arrived, the rows of `arrived`, ascending. `arrived`: only hashes that
        may match (`domain.matchable`).
        """
        if not self._numbers:
            return {}
        # A row cannot be near more watches than there are, so nothing is left out.
        found = self._index.concerned(arrived, radius, _SOURCE, MOST_OF_ALL.watches)
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for row, number in sorted(map(tuple, found.pairs.tolist())):
            rows[number].append(row)
        return dict(rows)
