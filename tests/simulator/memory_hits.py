"""The hits of the store in memory, and how far records were matched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.reviews import LISTED, ReviewState
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import HitCounts, StoredHit
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import MemberId, Origin, RecordId
    from node.domain.log_ports import LogState
    from tests.simulator.memory_tables import Place


@dataclass(slots=True)
class HitTables:
    """Hits by id, what was left out, what waits, and how far each log was matched."""

    hits: dict[int, StoredHit] = field(default_factory=dict)
    last: int = 0
    left_out: dict[tuple[int, int], int] = field(default_factory=dict)
    crowded: dict[tuple[int, str], int] = field(default_factory=dict)
    unmatched: set[tuple[int, int]] = field(default_factory=set)
    matched: dict[int, int] = field(default_factory=dict)


class MemoryHits:
    """`HitWriter` over `HitTables`, beside the holdings of a `Place`."""

    def __init__(self, tables: HitTables, place: Place) -> None:
        self._tables = tables
        self._beside = place

    def logs(self) -> list[LogState]:
        raise NotImplementedError

    def _number(self, origin: Origin) -> int | None:
        return next((log.number for log in self.logs() if log.origin == origin), None)

    def _listed(self, case: str = "", without: Collection[MemberId] = ()) -> list[StoredHit]:
        """Hits that stand or were decided about."""
        holdings = self._beside.holdings
        return [
            replace(hit, allowed=holdings[hit.holding].sha256 in self._beside.allowed)
            for _, hit in sorted(self._tables.hits.items(), reverse=True)
            if not hit.ended or hit.state is not ReviewState.NEW
            if hit.holding in holdings and (not case or case in holdings[hit.holding].cases)
            if hit.record.origin.member not in without
        ]

    def _counted(self, case: str = "", without: Collection[MemberId] = ()) -> list[StoredHit]:
        return [hit for hit in self._listed(case, without) if not hit.allowed and hit.state in LISTED]

    def hits(
        self,
        *,
        case: str = "",
        member: str = "",
        record: RecordId | None = None,
        without: Collection[MemberId] = (),
        states: Collection[ReviewState] = LISTED,
        unseen: bool = False,
        hidden: bool = False,
        before: int = 0,
        limit: int = 100,
    ) -> list[StoredHit]:
        found = [hit for hit in self._listed(case, without) if hidden or not hit.allowed]
        found = [hit for hit in found if hit.state in states]
        found = [hit for hit in found if not member or hit.record.origin.member == member]
        found = [hit for hit in found if record in (None, hit.record)]
        found = [hit for hit in found if not (unseen and hit.shown_at) and (not before or hit.id < before)]
        return found[:limit]

    def hits_of_pairs(self, pairs: Sequence[tuple[int, RecordId]]) -> Mapping[tuple[int, RecordId], StoredHit]:
        every = {(hit.holding, hit.record): hit for hit in self._tables.hits.values()}
        return {pair: every[pair] for pair in pairs if pair in every}

    def hits_by_id(self, ids: Sequence[int]) -> Mapping[int, StoredHit]:
        return {number: self._marked(hit) for number, hit in self._tables.hits.items() if number in ids}

    def hits_of_holding(self, holding: int) -> list[StoredHit]:
        mine = (hit for hit in self._tables.hits.values() if hit.holding == holding and not hit.ended)
        return [self._marked(hit) for hit in mine]

    def reviewed_at(self, number: int, places: Sequence[int]) -> list[StoredHit]:
        return [
            hit
            for hit in self._tables.hits.values()
            if hit.review and not hit.ended and hit.place in places and self._number(hit.record.origin) == number
        ]

    def _marked(self, hit: StoredHit) -> StoredHit:
        return replace(hit, allowed=self._beside.holdings[hit.holding].sha256 in self._beside.allowed)

    def hit_counts(self, case: str = "", without: Collection[MemberId] = ()) -> HitCounts:
        listed, counted = self._listed(case, without), self._counted(case, without)
        shown = [hit for hit in listed if not hit.allowed]
        return HitCounts(
            hits=len(counted),
            hidden=len(listed) - len(shown),
            holdings=len({hit.holding for hit in counted}),
            unseen=sum(not hit.shown_at for hit in counted),
            **{each.name.lower(): sum(hit.state is each for hit in shown) for each in ReviewState},
        )

    def hits_by_member(self, case: str = "") -> Mapping[MemberId, int]:
        return Counter(hit.record.origin.member for hit in self._counted(case))

    def holdings_with_hits(self, case: str, without: Collection[MemberId] = ()) -> set[int]:
        return {hit.holding for hit in self._counted(case, without)}

    def hits_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, int]:
        return Counter(hit.holding for hit in self._counted() if hit.holding in holdings)

    def hits_at(self, origin: Origin, places: Sequence[int]) -> Mapping[int, int]:
        standing = [hit for hit in self._tables.hits.values() if hit.record.origin == origin and not hit.ended]
        return Counter(hit.place for hit in standing if hit.place in places)

    def hits_in(self, origin: Origin, holdings: Sequence[int]) -> Mapping[int, int]:
        standing = [hit for hit in self._tables.hits.values() if hit.record.origin == origin and not hit.ended]
        return Counter(hit.holding for hit in standing if hit.holding in holdings)

    def known_holdings(self, ids: Sequence[int]) -> set[int]:
        return set(ids) & self._beside.holdings.keys()

    def crowded(self) -> Mapping[tuple[int, int], int]:
        return dict(self._tables.left_out)

    def crowded_holdings(self) -> Mapping[tuple[int, str], int]:
        return dict(self._tables.crowded)

    def waiting(self, limit: int) -> list[tuple[int, int]]:
        return sorted(self._tables.unmatched)[:limit]

    def matched(self) -> Mapping[int, int]:
        return dict(self._tables.matched)

    def add_hits(self, hits: Sequence[StoredHit]) -> None:
        if any(self._number(hit.record.origin) is None for hit in hits):
            raise Misuse("a hit on a record of a log that is not kept here")
        for hit in hits:
            self._tables.last += 1
            self._tables.hits[self._tables.last] = replace(hit, id=self._tables.last, state=ReviewState.NEW, review=0)

    def change_hits(self, hits: Sequence[StoredHit]) -> None:
        for hit in hits:
            before = self._tables.hits[hit.id]
            self._tables.hits[hit.id] = replace(
                hit,
                first_seen=before.first_seen,
                shown_at=before.shown_at,
                state=before.state,
                review=before.review,
            )

    def see_hits(self, ids: Sequence[int], now: int) -> None:
        for number in ids:
            self._tables.hits[number] = replace(self._tables.hits[number], last_seen=now)

    def show_hits(self, ids: Sequence[int], now: int) -> None:
        for number in ids:
            hit = self._tables.hits[number]
            self._tables.hits[number] = replace(hit, shown_at=hit.shown_at or now)

    def end_hits(self, number: int, rows: Sequence[int]) -> int:
        origins = {log.origin for log in self.logs() if log.number == number}
        gone = [
            hit
            for hit in self._tables.hits.values()
            if hit.record.origin in origins and hit.place in rows and not hit.ended
        ]
        for hit in gone:
            self._tables.hits[hit.id] = replace(hit, evidence=None, ended=True)
        for row in rows:
            self._tables.left_out.pop((number, row), None)
        return len(gone)

    def forget_hits_of_holding(self, holding: int) -> int:
        gone = [number for number, hit in self._tables.hits.items() if hit.holding == holding]
        for number in gone:
            del self._tables.hits[number]
        for each in [each for each in self._tables.crowded if each[0] == holding]:
            del self._tables.crowded[each]
        self._tables.unmatched.discard((HOLDINGS_SOURCE, holding))
        return len(gone)

    def forget_ended_hits(self, before: int) -> int:
        gone = [
            number
            for number, hit in self._tables.hits.items()
            if hit.ended and hit.last_seen < before and not hit.review
        ]
        for number in gone:
            del self._tables.hits[number]
        return len(gone)

    def crowd(self, source: int, row: int, left_out: int) -> None:
        self._tables.left_out[source, row] = max(left_out, self._tables.left_out.get((source, row), 0))

    def crowd_holding(self, holding: int, member: MemberId, left_out: int, *, further: bool) -> None:
        known = self._tables.crowded.get((holding, member), 0)
        self._tables.crowded[holding, member] = known + left_out if further else max(known, left_out)

    def wait_for_match(self, source: int, rows: Sequence[int]) -> None:
        self._tables.unmatched.update((source, row) for row in rows)

    def stop_waiting(self, rows: Sequence[tuple[int, int]]) -> None:
        self._tables.unmatched.difference_update(rows)

    def set_matched(self, number: int, size: int) -> None:
        self._tables.matched[number] = size

    def forget_matched(self) -> None:
        self._tables.matched.clear()
