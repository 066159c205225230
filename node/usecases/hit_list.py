"""The hits that are kept, as they stand: pages of them, and counts that say what is missing from them.

Rules this module upholds:

- Hits that have ended are in no page and in no count.
- What the allow-list hides is counted, and so is what was not matched yet or is too much to be kept: a small number
  never looks like a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.ids import RecordId
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Contribution
from node.errors import Malformed
from node.usecases.purging import leaf_at
from node.usecases.stored_hits import by_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.handling import Handling
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Clock, Codec, Store, StoreReader
    from node.domain.stored_hits import HitCounts, StoredHit

WAITING_COUNTED: Final = 10_000
"""Waiting rows that are counted; more are said to be so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHit:
    """A hit with the cases of its holding; what the record says, and who may read it (None where it cannot be read)."""

    hit: StoredHit
    cases: tuple[str, ...]
    statement: Contribution | None
    handling: Handling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How hits stand. `holdings`: those of the case that have hits; `behind`: records of others, and rows that wait,
    that were not matched yet; `left_out`: the records and holdings (by id) of which more hits were found than are kept,
    about how many.
    """

    counts: HitCounts
    holdings: frozenset[int]
    behind: int
    left_out: Mapping[RecordId | int, int]


class HitList:
    """Safe to use from any thread, blocking. `own`: whose node this is."""

    def __init__(self, *, store: Store, codec: Codec, own: MemberId, clock: Clock) -> None:
        self._store = store
        self._codec = codec
        self._own = own
        self._clock = clock

    def page(
        self, *, case: str = "", new: bool = False, hidden: bool = False, before: int = 0, limit: int = 100
    ) -> list[ShownHit]:
        """Hits that stand, the newest first (see `HitReader.hits`)."""
        with self._store.read() as tx:
            found = tx.hits(case=case, new=new, hidden=hidden, before=before, limit=limit)
            said = self._said(tx, found)
            cases = {number: held.cases for number, held in tx.holdings_by_id([hit.holding for hit in found]).items()}
        nothing = (None, None)
        told = {hit.id: said.get((hit.record.origin, hit.place), nothing) for hit in found}
        return [
            ShownHit(hit=hit, cases=cases.get(hit.holding, ()), statement=told[hit.id][0], handling=told[hit.id][1])
            for hit in found
        ]

    def _said(
        self, tx: StoreReader, hits: Sequence[StoredHit]
    ) -> dict[tuple[Origin, int], tuple[Contribution, Handling]]:
        """What the records of these hits say, and who may read them."""
        said: dict[tuple[Origin, int], tuple[Contribution, Handling]] = {}
        for origin, places in by_log((hit.record.origin, hit.place) for hit in hits).items():
            for place, (entry, shown) in tx.disclosed_at(origin, places).items():
                try:
                    read = self._codec.decode_body(entry[1], shown.body)
                    handling = self._codec.decode_handling(shown.handling)
                except Malformed:
                    continue  # damaged since it was verified: fsck names it, and the hit stands by itself
                if isinstance(read, Contribution):
                    said[origin, place] = (read, handling)
        return said

    def shown(self, hits: Sequence[StoredHit]) -> None:
        """A person was shown these: they are new no more."""
        fresh = [hit.id for hit in hits if not hit.shown_at]
        if fresh:
            with self._store.write() as tx:
                tx.show_hits(fresh, int(self._clock()))

    def stand(self, case: str = "") -> Standing:
        """How the hits of a case stand; of all cases without one."""
        with self._store.read() as tx:
            names = {log.number: log.origin for log in tx.logs()}
            left_out: dict[RecordId | int, int] = {}
            for (source, row), number in tx.crowded().items():
                if source == HOLDINGS_SOURCE:
                    left_out[row] = number
                elif source in names:
                    left_out[RecordId(names[source], leaf_at(tx, names[source], row))] = number
            return Standing(
                counts=tx.hit_counts(case),
                holdings=frozenset(tx.holdings_with_hits(case)) if case else frozenset(),
                behind=behind(tx, self._own),
                left_out=left_out,
            )


def behind(tx: StoreReader, own: MemberId) -> int:
    """How many records of others, and rows that wait, were not matched yet."""
    matched = tx.matched()
    logs = [log for log in tx.logs() if log.origin.stream == "log" and log.origin.member != own]
    return sum(max(log.size - matched.get(log.number, 0), 0) for log in logs) + len(tx.waiting(WAITING_COUNTED))
