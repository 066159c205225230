"""Exporting: holdings, records or a list as rows for another program, without what may not leave.

Rules this module upholds:

- Memory does not grow with the export (`export_sources`).
- What may not leave is left out and counted by reason (`export_rules`).
- A source that changes while it is read in several passes refuses the export: a file never contradicts itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.calendar import SECONDS_A_DAY
from node.domain.references import ListHead, Reference, Withdrawal
from node.errors import NotFound, Refused
from node.usecases.cases import Cases
from node.usecases.export_sources import HoldingSource, ListSource, RecordSource, Selection, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.lists import ReferenceList
    from node.domain.ports import Clock
    from node.domain.stores import NodeStore
    from node.usecases.catalogue import Catalogue
    from node.usecases.exported_rows import Scheme
    from node.usecases.verification import Verifier

NO_SCHEME: Final[Scheme] = ("", "")
NO_WITHDRAWALS: Final = "withdrawal, which this format does not have"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a person chooses of a format. `profile`: of VICS, "" for the default; `distribution`: of a MISP event, 0 to
    3, None for the default.
    """

    profile: str = ""
    distribution: int | None = None


class Export:
    """One export. `head`: of the rows; its scheme is that of their codes. After a pass over `rows` or `changes`,
    `written`, `withdrawn` and `left_out` count the rows and withdrawals that it gave, and what it left out. `list`:
    whose rows they are, "" for holdings and records.
    """

    def __init__(self, source: Source, head: ListHead, of: str = "") -> None:
        self.head = head
        self.list = of
        self.left_out: Counter[str] = Counter()
        self.written = 0
        self.withdrawn = 0
        self._source = source
        self._passes = 0

    def rows(self) -> Iterator[Reference]:
        """The rows, from the first one each time, for a format that has no withdrawals: those are left out and counted.
        Raises `Refused` if the rows change meanwhile.
        """
        for row in self._given(takes_withdrawals=False):
            if isinstance(row, Reference):
                yield row

    def changes(self) -> Iterator[Reference | Withdrawal]:
        """The same, with withdrawals."""
        return self._given(takes_withdrawals=True)

    def _given(self, *, takes_withdrawals: bool) -> Iterator[Reference | Withdrawal]:
        before = (self.written, self.withdrawn, self.left_out)
        count, gone, left = 0, 0, Counter[str]()
        for row, reason in self._source.judged((self.head.scheme, self.head.scheme_version)):
            if isinstance(row, Withdrawal) and not takes_withdrawals:
                left[NO_WITHDRAWALS] += 1
            elif reason:
                left[reason] += 1
            else:
                count, gone = (count, gone + 1) if isinstance(row, Withdrawal) else (count + 1, gone)
                yield row
        if self._passes and before != (count, gone, left):
            raise Refused("what is exported changed meanwhile", remedy="run the same command again")
        self._passes += 1
        self.written, self.withdrawn, self.left_out = count, gone, left


class Exporting:
    """Blocking; safe to use from any thread. `verifier` None: every baseline is exported as its owner states it."""

    def __init__(
        self, *, store: NodeStore, catalogue: Catalogue, clock: Clock, verifier: Verifier | None = None
    ) -> None:
        self.store = store
        self._verifier = verifier
        self._catalogue = catalogue
        self._clock = clock

    def begin(self, selection: Selection, scheme: Scheme | None = None) -> Export:
        """An export of what is selected. `scheme`: that of the categories of the format, None if it takes any: then the
        only scheme of the exported records, or none if they have several.

        A case is the one that `Cases.chosen` tells. Raises `NotFound` for an unknown list or an unknown case, `Refused`
        for a list that is not complete.
        """
        of = self.searched_list(selection.list) if selection.list else None
        if selection.case:
            of = Cases(self.store).chosen(selection.case, selection.list)
        if of is not None:
            whole = replace(selection, list=of.name)  # a list is exported as a whole: it says so
            return Export(ListSource(self.store, of, whole, self.today()), of.head, of.name)
        if selection.series and not selection.case:
            source: Source = RecordSource(self.store, self._catalogue, selection, self.today(), self._verifier)
        else:
            source = HoldingSource(self.store, self._catalogue, selection, self.today(), self._verifier)
        chosen = scheme or _only(source.schemes())
        return Export(source, ListHead(format="vigil", kind="media", scheme=chosen[0], scheme_version=chosen[1]))

    def today(self) -> int:
        """Days since 1970."""
        return int(self._clock()) // SECONDS_A_DAY

    def searched_list(self, name: str) -> ReferenceList:
        """A list by its name. Raises `NotFound`, `Refused` for one that is not complete."""
        with self.store.read() as tx:
            found = tx.list_named(name)
        if found is None:
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        if not found.is_searched:
            raise Refused("this list is being imported or removed", remedy="try again when it has ended")
        return found


def _only(schemes: set[Scheme]) -> Scheme:
    known = schemes - {NO_SCHEME}
    return next(iter(known)) if len(known) == 1 else NO_SCHEME
