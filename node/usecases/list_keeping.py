"""The lists of this node as a person keeps them: listed, shown page by page, changed, removed.

Rules this module upholds:

- A list has one import, change or removal at a time.
- What a file said of a row or of a case comes only on request.
- A removed list that left records of ours is still named, until the records are dealt with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.lists import ListedRow, ReferenceList
    from node.usecases.lists import Lists, ListTerms

ROWS_LISTED: Final = 20
"""Rows on a page of a list, if a person names no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptList:
    """A list. `awaiting`: how many records of rows that left it await a decision."""

    of: ReferenceList
    awaiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllLists:
    """The lists by name. `removed`: name of a list that is not here any more -> how many of its records are left."""

    lists: Sequence[KeptList]
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A page of a list. `cases`: number of a case -> what the file said of it, None if that was not asked for; they are
    on the first page alone.
    """

    kept: KeptList
    cases: Mapping[str, str | None]
    rows: Sequence[ListedRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedList:
    """What a removal did. `rows`: how many were deleted; `awaiting`: as in `KeptList`."""

    rows: int
    awaiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListKeeping:
    """Blocking: never on the event loop. `lists`: those of this node."""

    lists: Lists

    def all(self, name: str = "") -> AllLists:
        """All lists; only the named one, if any."""
        found = [self._kept(each) for each in self.lists.lists() if name in ("", each.name)]
        return AllLists(lists=found, removed={} if name else self.lists.removed())

    def page(self, name: str, *, after: int = 0, limit: int = ROWS_LISTED, words: bool = False) -> ListPage:
        """The list, and its rows with ids above `after`. `words`: with what the file said. Raises `NotFound`."""
        found = self.lists.named(name)
        cases = {} if after else self.lists.cases(name)
        return ListPage(
            kept=self._kept(found),
            cases={number: said if words else None for number, said in cases.items()},
            rows=self.lists.rows(name, after, limit, words=words),
        )

    def change(self, name: str, terms: ListTerms) -> KeptList:
        """Changes what a person stated about a list. Raises `NotFound`, `Misuse`, and `Refused` while it is in use."""
        with self.lists.alone(name):
            return self._kept(self.lists.change(name, terms))

    def remove(self, name: str) -> RemovedList:
        """Removes a list with all its rows. Raises `NotFound`, and `Refused` while it is in use."""
        with self.lists.alone(name):
            rows = self.lists.remove(name)
            return RemovedList(rows=rows, awaiting=self.lists.awaiting(name))

    def _kept(self, of: ReferenceList) -> KeptList:
        return KeptList(of=of, awaiting=self.lists.awaiting(of.name))
