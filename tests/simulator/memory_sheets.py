"""Sheets over the store in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from node.domain.reviews import LISTED, ReviewState
from node.domain.sheets import Choice, Decided, Hits, media_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.holdings import Holding
    from node.domain.stored_hits import StoredHit
    from tests.simulator.memory_hits import HitTables
    from tests.simulator.memory_tables import Place

_STATES = {Hits.NEW: (ReviewState.NEW,), Hits.CONFIRMED: (ReviewState.CONFIRMED,)}


class MemorySheets:
    """`SheetReader` over holdings and hits."""

    def __init__(self, place: Place, hits: HitTables) -> None:
        self._shown = place
        self._shown_hits = hits

    def chosen(self, choice: Choice) -> list[int]:
        return [number for number, each in sorted(self._shown.holdings.items()) if self._is_chosen(each, choice)]

    def hit_states(self, holdings: Sequence[int]) -> Mapping[int, Mapping[ReviewState, int]]:
        counted = {number: Counter(hit.state for hit in self._shown_hits_of(number)) for number in holdings}
        return {number: dict(states) for number, states in counted.items() if states}

    def undecided(self, holdings: Sequence[int]) -> set[int]:
        return {each for each in holdings if each in self._shown.holdings and not self._category_of(each)}

    def _is_chosen(self, each: Holding, choice: Choice) -> bool:
        category = self._category_of(each.id)
        hits = [
            hit
            for hit in self._shown_hits_of(each.id)
            if hit.state in _STATES.get(choice.hits or Hits.ANY, LISTED)
            and choice.member in {"", hit.record.origin.member}
        ]
        is_about_hits = choice.hits is not None or bool(choice.member)
        return (
            (not choice.case or choice.case in each.cases)
            and (choice.kind is None or media_kind(each.media_type) is choice.kind)
            and (choice.decided is None or (choice.decided is Decided.DECIDED) == bool(category))
            and (not choice.category or choice.category == category)
            and (not is_about_hits or bool(hits) == (choice.hits is not Hits.NONE))
        )

    def _category_of(self, number: int) -> str:
        said = self._shown.said.get(number)
        return str(said[-1].wording.category or "") if said else ""

    def _shown_hits_of(self, number: int) -> list[StoredHit]:
        """Present hits; none of a holding that the allow-list hides."""
        if number not in self._shown.holdings or self._shown.holdings[number].sha256 in self._shown.allowed:
            return []
        return [hit for hit in self._shown_hits.hits.values() if hit.holding == number and not hit.ended]
