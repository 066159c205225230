"""Which parts are deleted together with a holding.

Rules this module upholds:

- A part leaves a case if nothing keeps it there: no file that stays in the case contains it, and it was not ingested as
  a file of its own.
- The parts of a removed part are treated in the same way, at every depth.
- If the data of a case is no longer known, the part stays. A part kept by mistake can be deleted by its number.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.holdings import Holding
    from node.domain.ports import HoldingReader


AT_ONCE: Final = 1_000
"""Parts that are read at a time: a file may have a hundred thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """`holdings` that leave `cases`, by id: the named ones first. `kept`: how many of their parts stay."""

    holdings: Mapping[int, Holding]
    cases: Mapping[int, set[str]]
    kept: int


class Parts:
    """For one snapshot of the store."""

    def __init__(self, reader: HoldingReader) -> None:
        self._reader = reader
        self._held: dict[int, Holding] = {}
        self._by_sha256: dict[bytes, Holding | None] = {}
        self._parents: dict[int, set[bytes]] = {}
        self._own: dict[int, bool] = {}

    def leaving(self, named: Sequence[Holding]) -> Leaving:
        """What leaves which cases if these holdings are deleted."""
        holdings = {each.id: each for each in named}
        cases: defaultdict[int, set[str]] = defaultdict(set)
        cases |= {each.id: set(each.cases) for each in named}
        going, met = list(named), set[int]()
        while going:
            parent = going.pop()
            parts = self._reader.parts(parent.sha256)
            self._learn(parts)
            met |= set(parts)
            for part in (self._held[each] for each in parts if each in self._held):
                leaves = {case for case in cases[parent.id] & set(part.cases) if not self._stays(part, case, cases)}
                if not leaves <= cases[part.id]:
                    cases[part.id] |= leaves
                    holdings.setdefault(part.id, part)
                    going.append(part)
        return Leaving(holdings=holdings, cases=cases, kept=len(met - holdings.keys()))

    def _learn(self, parts: Sequence[int]) -> None:
        unknown = [each for each in parts if each not in self._held]
        for start in range(0, len(unknown), AT_ONCE):
            fresh = unknown[start : start + AT_ONCE]
            held = self._reader.holdings_by_id(fresh)
            self._held |= {number: replace(each, fingerprints=(), composed=()) for number, each in held.items()}
            self._parents |= self._reader.parents(fresh)
            own = self._reader.taken_in(fresh)
            self._own |= {each: each in own for each in fresh}

    def _stays(self, part: Holding, case: str, cases: Mapping[int, set[str]]) -> bool:
        """Whether something that stays keeps a part in a case."""
        if self._own[part.id]:
            return True
        holders = (self._by(sha256) for sha256 in self._parents[part.id])
        return any(each is not None and case in each.cases and case not in cases[each.id] for each in holders)

    def _by(self, sha256: bytes) -> Holding | None:
        if sha256 not in self._by_sha256:
            self._by_sha256[sha256] = self._reader.holding_by_sha256(sha256)
        return self._by_sha256[sha256]
