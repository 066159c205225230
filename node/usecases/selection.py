"""Chooses holdings by case, number and digest, in the same way for every command.

Rules this module upholds:

- Filters narrow. A case alone means all its holdings; with holdings named as well, only those. A named holding outside
  the case is an error that names it.
- A named holding that is not here is an error. Without any argument nothing is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.fingerprint_kinds import KIND_BY_CODE, SHA256
from node.domain.search_ports import HOLDINGS_SOURCE, Probe
from node.domain.wording import Wording
from node.errors import Misuse, NotFound, VigilError
from node.usecases.cases import no_holdings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStoreReader

_PAGE: Final = 1_000
_SHOWN_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One named item: by the number of a holding, or by a digest of kind `code`. `row`: its line in the list, 0 if it
    was typed; `wording`: a statement for it alone.
    """

    holding: int = 0
    code: int = 0
    value: bytes = b""
    row: int = 0
    wording: Wording = field(default_factory=Wording)

    def __str__(self) -> str:
        """As a person knows it. For a digest, its first digits."""
        kind = KIND_BY_CODE.get(self.code)
        what = f"{kind.name} {self.value.hex()[:_SHOWN_DIGITS]}..." if kind else f"holding {self.holding}"
        return f"line {self.row}: {what}" if self.row else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`case` "" for none."""

    case: str = ""
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One chosen holding, by its own name or only by its case."""

    holding: int
    named: Named | None = None

    @property
    def typed(self) -> bool:
        """Whether a person typed its name, so that it is meant in particular; a program may have made a list."""
        return self.named is not None and not self.named.row


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a named item cannot be chosen."""

    row: int
    error: VigilError


class Selector:
    """Blocking: never on the event loop. `index` finds holdings by digests for which the store has no index."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def choose(self, tx: NodeStoreReader, selection: Selection) -> tuple[list[Chosen], list[Fault]]:
        """The holdings sorted by number, and the faulty rows of a list. Raises `Misuse` if nothing was given,
        `NotFound` if a case has no holdings, and the fault of a typed name.
        """
        if not selection.case and not selection.named:
            raise Misuse("nothing was chosen", remedy="give a case, holdings, digests or a manifest")
        if not selection.named:
            return [Chosen(holding=number) for number in _case(tx, selection.case)], []
        chosen: dict[int, Chosen] = {}
        faults: list[Fault] = []
        for named in selection.named:
            try:
                holding = self._find(tx, named)
                _check(holding, named, selection.case, chosen)
                chosen[holding.id] = Chosen(holding=holding.id, named=named)
            except (NotFound, Misuse) as error:
                if not named.row:
                    raise
                faults.append(Fault(row=named.row, error=error))
        return [chosen[number] for number in sorted(chosen)], faults

    def _find(self, tx: NodeStoreReader, named: Named) -> Holding:
        if named.code == SHA256.code:
            found = tx.holding_by_sha256(named.value)
        elif named.code:
            found = self._by_digest(tx, named)
        else:
            found = tx.holding(named.holding)
        if found is None:
            raise NotFound(f"{named} is not held here", remedy="vigil ingest takes the file in first")
        return found

    def _by_digest(self, tx: NodeStoreReader, named: Named) -> Holding | None:
        hits = self._index.search([Probe(0, named.code, named.value)], 0)
        ids = {hit.row for hit in hits if hit.source == HOLDINGS_SOURCE and hit.code == named.code}
        # The index proposes, the store decides.
        held = [
            each
            for each in tx.holdings_by_id(sorted(ids)).values()
            if any(f.code == named.code and f.value == named.value for f in each.fingerprints)
        ]
        if len(held) > 1:
            raise Misuse(f"{named} is of several holdings", remedy="name it by its SHA-256, which cannot be forged")
        return held[0] if held else None


def _check(holding: Holding, named: Named, case: str, chosen: dict[int, Chosen]) -> None:
    if case and case not in holding.cases:
        raise NotFound(
            f"{named} is held here, but does not belong to the case {case}",
            remedy="leave it out, or leave --case out; vigil ingest adds a file to a case",
        )
    before = chosen.get(holding.id)
    if before is not None and before.named is not None and before.named.wording != named.wording:
        raise Misuse(f"{named} is the same holding as {before.named}, with a different statement")


def _case(tx: NodeStoreReader, case: str) -> Iterator[int]:
    after = 0
    found = False
    while page := tx.holdings(case=case, after=after, limit=_PAGE):
        found = True
        yield from (each.id for each in page)
        after = page[-1].id
    if not found:
        raise no_holdings(tx, case, "rows of a list are shared with: vigil contribute --list NAME")


def require_sound(
    faults: Sequence[Fault], done: str, remedy: str = "correct the list, and try it with --dry-run first"
) -> None:
    """Raises `Misuse` if a row of a list is faulty: then nothing is `done`."""
    if faults:
        first = f"line {faults[0].row}: {faults[0].error}"
        what = first if len(faults) == 1 else f"{len(faults):,} lines of the list are faulty; the first is {first}"
        raise Misuse(f"nothing was {done}: {what}", remedy=remedy)
