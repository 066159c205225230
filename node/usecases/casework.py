"""The holdings of a case, or the rows of a list's case, as subjects of a search, from their stored fingerprints.

Rules this module upholds:

- No file is opened. Looks that need the file (a picture without its plain borders, the frames between the stored ones)
  are not searched for, and the command that shows the result says so.
- The orientations of a picture are computed from its PDQ, as for frames (`domain.orientations`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import PDQ, SHA256
from node.domain.orientations import turned
from node.domain.queries import Look, Subject
from node.errors import NotFound
from node.usecases.cases import no_holdings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.stores import NodeStore

PAGE: Final = 200
"""Holdings read at a time: holdings of hour-long videos have thousands of frames each."""


def holding_subject(holding: Holding) -> Subject:
    """A holding as a subject of a search, with its further looks. Its label is its number here."""
    pdq = next((each.value for each in holding.fingerprints if each.code == PDQ.code), None)
    return Subject(
        fingerprints=holding.kept,
        orientations=turned(pdq) if pdq is not None else (),
        looks=tuple(
            Look(background=each.background, orientations=turned(each.pdq_orientations[0])) for each in holding.composed
        ),
        label=f"holding {holding.id}",
    )


def own_rows(store: NodeStore, subjects: Sequence[Subject]) -> list[int]:
    """Blocking. For each subject the holding with its SHA-256; 0 if there is none. A search leaves it out, because it
    would only find itself.
    """
    digests = [next((each.value for each in one.fingerprints if each.code == SHA256.code), b"") for one in subjects]
    with store.read() as tx:
        found = [tx.holding_by_sha256(digest) if digest else None for digest in digests]
    return [holding.id if holding else 0 for holding in found]


def case_holdings(store: NodeStore, case: str, *, bare: bool = False) -> Iterator[list[Holding]]:
    """The holdings of a case in their order, in pages. Blocking. `bare`: without their fingerprints. Raises `NotFound`
    if there are none.
    """
    after = 0
    while True:
        with store.read() as tx:
            page = tx.holdings(case=case, after=after, limit=PAGE, bare=bare)
        if not page:
            break
        yield page
        after = page[-1].id
    if not after:
        with store.read() as tx:
            raise no_holdings(tx, case, "`vigil ingest` takes material in, or give files to search for")


def chosen_holdings(store: NodeStore, case: str, chosen: Collection[int]) -> list[Holding]:
    """Blocking. These holdings of a case, in order; all of them if none is named. Raises `NotFound` if the case has
    none, and if one is not of the case.
    """
    if not chosen:
        return [each for page in case_holdings(store, case) for each in page]
    with store.read() as tx:
        held = tx.holdings_by_id(sorted(chosen))
    strange = [each for each in sorted(chosen) if each not in held or case not in held[each].cases]
    if strange:
        raise NotFound(f"holding {strange[0]} is not of this case", remedy="`vigil holdings --case REF` lists them")
    return list(held.values())


def listed_subject(of: ReferenceList, row: ListedRow) -> Subject:
    """A row of a list as a subject of a search, in all orientations of its PDQ."""
    pdq = row.reference.pdq
    return Subject(
        fingerprints=row.reference.fingerprints,
        orientations=turned(pdq) if pdq else (),
        label=f"list {of.name}, row {row.id}",
    )
