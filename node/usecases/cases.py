"""Cases of this node: those of its own holdings, and those that came with lists.

Rules this module upholds:

- A case of this node exists by its holdings, or by its case file (`domain.case_files`), or both.
- A case is its reference and its origin: this node, or one list. Two of one reference are two cases. They are told side
  by side, and never merged.
- Where a reference alone is given, it means the case of this node if there is one. Otherwise it means the case of the
  only list that has it; with several lists a person names the list.
- The cases of a list that is not searched do not exist. So they appear with the list, and go with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.case_files import CaseStatus
from node.errors import Misuse, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from node.domain.case_files import CaseFile, CaseNote
    from node.domain.holdings import Holding
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.queries import Level
    from node.domain.stores import NodeStore, NodeStoreReader

_PAGE: Final = 1_000
_SEE: Final = "`vigil case list` shows the cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCase:
    """A case of a list, with the number of its rows."""

    reference: str
    of: ReferenceList
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCases:
    """What this node has under one reference. `holdings`: how many its own case has; `file`: what officers wrote about
    it, None if it was not opened. Without both, there is no own case.
    """

    reference: str
    holdings: int
    imported: tuple[ImportedCase, ...]
    file: CaseFile | None = None

    @property
    def is_own(self) -> bool:
        """Whether this node has a case of its own with this reference."""
        return bool(self.holdings) or self.file is not None

    @property
    def is_ambiguous(self) -> bool:
        """Whether more than one case has this reference."""
        return self.is_own + len(self.imported) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHoldings:
    """The holdings of a case of this node: how many have each level, and how many are shared as records."""

    levels: Mapping[Level, int]
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SameNames:
    """How many cases of a list have the reference of a case of this node (`own`), and of another list (`lists`)."""

    own: int = 0
    lists: int = 0


class Cases:
    """Blocking: never on the event loop."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store

    def page(self, after: str, limit: int) -> tuple[list[NamedCases], bool]:
        """(At most `limit` references after `after` with their cases, in order; whether there are more)."""
        with self._store.read() as tx:
            own = dict(tx.cases(after, limit + 1))
            opened = [each.reference for each in tx.case_files(after, limit + 1)]
            listed = _searched(tx, tx.imported_cases(after, limit + 1))
            chosen = sorted({*own, *opened, *listed})[: limit + 1]
            files = tx.case_files_of(chosen)
            sizes = _sizes(tx, listed)
        found = [_named(each, own.get(each, 0), listed, sizes, files.get(each)) for each in chosen[:limit]]
        return found, len(chosen) > limit

    def closed(self, limit: int, *, officer: str = "") -> list[CaseFile]:
        """At most `limit` closed cases, the last changed one first; of one officer, if given."""
        with self._store.read() as tx:
            return tx.closed_case_files(limit, officer=officer)

    def page_of(
        self, after: str, limit: int, *, status: CaseStatus | None = None, officer: str = ""
    ) -> tuple[list[NamedCases], bool]:
        """The same for cases of this node alone, of one status or of one officer. A case that was not opened counts as
        open, and has no officer.
        """
        with self._store.read() as tx:
            files = {each.reference: each for each in tx.case_files(after, limit + 1, status=status, officer=officer)}
            bare = [] if officer or status not in (None, CaseStatus.OPEN) else _unopened(tx, after, limit + 1)
            chosen = sorted({*files, *bare})[: limit + 1]
            sizes = tx.case_holdings(chosen)
        found = [
            NamedCases(reference=each, holdings=sizes.get(each, 0), imported=(), file=files.get(each))
            for each in chosen[:limit]
        ]
        return found, len(chosen) > limit

    def named(self, reference: str) -> NamedCases:
        """The cases of a reference. Raises `NotFound` if there are none."""
        with self._store.read() as tx:
            own = tx.case_holdings([reference]).get(reference, 0)
            file = tx.case_file(reference)
            listed = _lists_of(tx, reference)
            sizes = _sizes(tx, listed)
        if not own and file is None and not listed:
            raise NotFound("this node has no such case", remedy=_SEE)
        return _named(reference, own, listed, sizes, file)

    def chosen(self, reference: str, name: str = "") -> ReferenceList | None:
        """The list whose case is meant; None for the case of this node. `name`: of the list, if a person names it.

        Raises `NotFound` if there is no such case, `Misuse` if several lists have it.
        """
        with self._store.read() as tx:
            is_own = bool(tx.known_cases([reference]))
            listed = _lists_of(tx, reference).get(reference, [])
        if name:
            named = next((each for each in listed if each.name == name), None)
            if named is None:
                raise NotFound("this list has no such case", remedy="vigil lists show NAME shows the cases of a list")
            return named
        if is_own:
            return None
        if not listed:
            raise NotFound("this node has no such case", remedy=_SEE)
        if len(listed) > 1:
            names = ", ".join(each.name for each in listed)
            raise Misuse("several lists have a case with this reference", remedy=f"add --list NAME, one of: {names}")
        return listed[0]

    def own_holdings(self, reference: str) -> OwnHoldings:
        """What is known of the holdings of a case of this node."""
        levels: Counter[Level] = Counter()
        shared = 0
        with self._store.read() as tx:
            for each in _holdings(tx, reference):
                levels[each.level] += 1
                shared += each.record is not None
        return OwnHoldings(levels=levels, shared=shared)

    def newest_notes(self, reference: str, limit: int) -> tuple[list[CaseNote], int]:
        """(At most `limit` notes of a case of this node, the newest first; how many there are)."""
        with self._store.read() as tx:
            return tx.case_notes(reference, limit=limit), tx.count_notes(reference)

    def lists_with(self, reference: str) -> list[ReferenceList]:
        """The searched lists that have a case with this reference."""
        with self._store.read() as tx:
            return _lists_of(tx, reference).get(reference, [])

    def said(self, of: ReferenceList, reference: str) -> str:
        """What a list says of a case of its own, as JSON text; "" for nothing."""
        with self._store.read() as tx:
            return tx.list_cases(of.number).get(reference, "")

    def rows(self, of: ReferenceList, reference: str, after: int, limit: int, *, words: bool) -> list[ListedRow]:
        """The rows of a case of a list, in their order. `words`: with what the file said."""
        with self._store.read() as tx:
            return tx.rows_of_list(of.number, after, limit, words=words, case=reference)

    def same_names(self, number: int) -> SameNames:
        """How many cases of a list have a reference that other cases have too."""
        with self._store.read() as tx:
            references = list(tx.list_cases(number))
            own = tx.known_cases(references)
            listed = _searched(tx, [(name, of) for name, them in tx.lists_with_case(references).items() for of in them])
        others = [name for name, lists in listed.items() if any(each.number != number for each in lists)]
        return SameNames(own=len(own), lists=len(others))


def no_holdings(tx: NodeStoreReader, reference: str, what: str) -> NotFound:
    """Why a command on the holdings of a case finds none: there is no such case, or it came with a list."""
    if listed := _lists_of(tx, reference).get(reference):
        names = ", ".join(each.name for each in listed)
        return NotFound(
            f"no holding belongs to the case {reference}: it came with a list ({names})",
            remedy=f"vigil case show shows it, and vigil match --case looks its rows up here; {what}",
        )
    return NotFound(f"no holding belongs to the case {reference}", remedy=f"check the reference ({_SEE}); {what}")


def _unopened(tx: NodeStoreReader, after: str, limit: int) -> list[str]:
    """At most `limit` references after `after` of cases that have holdings and were not opened."""
    found: list[str] = []
    while len(found) < limit and (page := [reference for reference, _ in tx.cases(after, _PAGE)]):
        opened = tx.case_files_of(page)
        found += [each for each in page if each not in opened]
        after = page[-1]
    return found[:limit]


def _lists_of(tx: NodeStoreReader, reference: str) -> dict[str, list[ReferenceList]]:
    numbers = tx.lists_with_case([reference]).get(reference, [])
    return _searched(tx, [(reference, number) for number in numbers])


def _searched(tx: NodeStoreReader, cases: Sequence[tuple[str, int]]) -> dict[str, list[ReferenceList]]:
    """Reference -> the searched lists of these (reference, list), by their names."""
    if not cases:
        return {}
    lists = {each.number: each for each in tx.lists() if each.is_searched}
    found: dict[str, list[ReferenceList]] = {}
    for reference, number in cases:
        if number in lists:
            found.setdefault(reference, []).append(lists[number])
    return {name: sorted(those, key=lambda each: each.name) for name, those in found.items()}


def _sizes(tx: NodeStoreReader, listed: Mapping[str, list[ReferenceList]]) -> Mapping[tuple[int, str], int]:
    numbers = {each.number for lists in listed.values() for each in lists}
    return tx.case_sizes(numbers) if numbers else {}


def _named(
    reference: str,
    holdings: int,
    listed: Mapping[str, list[ReferenceList]],
    sizes: Mapping[tuple[int, str], int],
    file: CaseFile | None,
) -> NamedCases:
    imported = [
        ImportedCase(reference=reference, of=each, rows=sizes.get((each.number, reference), 0))
        for each in listed.get(reference, ())
    ]
    return NamedCases(reference=reference, holdings=holdings, imported=tuple(imported), file=file)


def _holdings(tx: NodeStoreReader, reference: str) -> Iterator[Holding]:
    """The holdings of a case, without their fingerprints."""
    after = 0
    while page := tx.holdings(case=reference, after=after, limit=_PAGE, bare=True):
        after = page[-1].id
        yield from page
