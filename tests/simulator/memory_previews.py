"""Previews of the store in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.previews import KeptPreview, PreviewUsage, Segment, Views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(slots=True)
class PreviewTables:
    """Stills by id, and what officers saw."""

    stills: dict[int, KeptPreview] = field(default_factory=dict)
    last: int = 0
    views: dict[str, Views] = field(default_factory=dict)


class MemoryPreviews:
    """`PreviewWriter` over `PreviewTables`."""

    def __init__(self, tables: PreviewTables) -> None:
        self._previews = tables

    def previews(self, holdings: Sequence[int]) -> Mapping[int, tuple[KeptPreview, ...]]:
        found: dict[int, tuple[KeptPreview, ...]] = {}
        for each in sorted(self._previews.stills.values(), key=lambda each: (each.holding, each.still)):
            if each.holding in holdings:
                found[each.holding] = (*found.get(each.holding, ()), each)
        return found

    def with_previews(self, holdings: Sequence[int]) -> set[int]:
        return {each.holding for each in self._previews.stills.values()} & set(holdings)

    def preview_page(self, after: int, limit: int) -> list[KeptPreview]:
        return [each for number, each in sorted(self._previews.stills.items()) if number > after][:limit]

    def preview_places(self, segment: int) -> list[Segment]:
        found = [each.place for each in self._previews.stills.values() if each.place.number == segment]
        return sorted(found, key=lambda place: (place.start, place.size))

    def preview_sizes(self) -> Mapping[int, int]:
        sizes = Counter[int]()
        for each in self._previews.stills.values():
            sizes[each.place.number] += each.place.size
        return dict(sizes)

    def preview_usage(self) -> PreviewUsage:
        stills = self._previews.stills.values()
        return PreviewUsage(
            holdings=len({each.holding for each in stills}),
            stills=len(stills),
            size=sum(each.place.size for each in stills),
        )

    def views(self, officer: str) -> Views | None:
        return self._previews.views.get(officer)

    def put_previews(self, stills: Sequence[KeptPreview]) -> None:
        for each in stills:
            number = self._previews.last = self._previews.last + 1
            self._previews.stills[number] = replace(each, id=number)

    def move_previews(self, stills: Sequence[KeptPreview]) -> None:
        for each in stills:
            if known := self._previews.stills.get(each.id):
                self._previews.stills[each.id] = replace(known, place=each.place)

    def forget_previews(self, segment: int | None = None) -> int:
        before = self._previews.stills
        left = {n: each for n, each in before.items() if segment is not None and each.place.number != segment}
        self._previews.stills = left
        return len(before) - len(left)

    def put_views(self, officer: str, views: Views) -> None:
        self._previews.views[officer] = views

    def _forget_previews_of(self, holding_id: int) -> None:
        stills = self._previews.stills.items()
        self._previews.stills = {number: each for number, each in stills if each.holding != holding_id}
