"""The graph of records and links around some records: what comes first, where it ends, and what closes a cycle.

Rules this module upholds:

- No I/O. The order of records and links depends on their names and on the graph, never on the order of arrival.
- A link with several records is one edge that joins all of them.
- A walk goes from record to record: the nearest come first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.mentions import Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A link. `place`: of its newest version; an index below 0: it waits for its place. `records`: the first versions
    of its records, in order. `depth`: how many links are between the start and the nearest of its records.
    """

    place: tuple[Origin, int]
    records: tuple[RecordId, ...]
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """`records`: each with its distance in links from the nearest start. `edges`: nearest first. `beyond`: links that
    lead further than the walk. `cycles`: links between records that other links join already, each counted once for
    every such record.
    """

    records: Mapping[RecordId, int]
    edges: Sequence[Edge]
    beyond: int
    cycles: int


def walk(
    joined: Joined,
    starts: Iterable[RecordId],
    *,
    depth: int | None = None,
    only: Collection[tuple[Origin, int]] | None = None,
) -> Walk:
    """From the starts along the links. `depth`: how many links far; None for all. `only`: the links that count."""
    first = list(dict.fromkeys(starts))
    ends: list[list[int]] = [[] for _ in joined.entries]
    around: defaultdict[int, list[int]] = defaultdict(list)
    for entry, record in joined.ends:
        if only is None or joined.entries[entry] in only:
            ends[entry].append(record)
            around[record].append(entry)
    number = {record: at for at, record in enumerate(joined.records)}
    reached = _reached([number[each] for each in first if each in number], ends, around)
    bound = len(reached) if depth is None else depth
    near = {record: far for record, far in reached.items() if far <= bound}
    depths = {
        entry: min(reached[each] for each in some) for entry, some in enumerate(ends) if some and some[0] in reached
    }
    walked = [entry for entry, far in depths.items() if far < bound]
    named = dict.fromkeys(first, 0) | {joined.records[record]: far for record, far in near.items()}
    return Walk(
        records=_in_order(named),
        edges=_edges(joined, walked, ends, depths),
        beyond=len(depths) - len(walked),
        cycles=_cycles([ends[entry] for entry in walked]),
    )


def _reached(
    starts: Sequence[int], ends: Sequence[Sequence[int]], around: Mapping[int, Sequence[int]]
) -> dict[int, int]:
    """The distance of each record that can be reached."""
    reached = dict.fromkeys(starts, 0)
    at, far = list(reached), 0
    passed: set[int] = set()
    while at:
        far += 1
        here = {entry for record in at for entry in around.get(record, ())} - passed
        passed |= here
        at = list({record for entry in here for record in ends[entry]} - reached.keys())
        reached |= dict.fromkeys(at, far)
    return reached


def _edges(
    joined: Joined, walked: Iterable[int], ends: Sequence[Sequence[int]], depths: Mapping[int, int]
) -> list[Edge]:
    """The links in order: the nearest first, then by log and by place in it."""
    rank = {origin: at for at, origin in enumerate(sorted({origin for origin, _ in joined.entries}))}
    ordered = sorted(walked, key=lambda each: (depths[each], rank[joined.entries[each][0]], joined.entries[each][1]))
    return [
        Edge(
            place=joined.entries[entry],
            records=tuple(sorted((joined.records[each] for each in ends[entry]), key=_by_hash)),
            depth=depths[entry],
        )
        for entry in ordered
    ]


def _by_hash(record: RecordId) -> tuple[bytes, Origin]:
    return record.leaf, record.origin


def _in_order(records: Mapping[RecordId, int]) -> dict[RecordId, int]:
    """The nearest first, then by hash and log."""
    return dict(sorted(records.items(), key=lambda each: (each[1], *_by_hash(each[0]))))


class Joining:
    """Which records hang together (a disjoint-set forest with path halving)."""

    def __init__(self) -> None:
        self._above: dict[object, object] = {}

    def join(self, records: Sequence[object]) -> int:
        """Joins these records; returns how many of them the first ones were joined with before."""
        top, before = self._top(records[0]), 0
        for each in records[1:]:
            other = self._top(each)
            before += other == top
            self._above[other] = top
        return before

    def _top(self, record: object) -> object:
        above = self._above
        at = above.setdefault(record, record)
        while above[at] != at:
            above[at] = above[above[at]]
            at = above[at]
        return at


def _cycles(edges: Iterable[Sequence[int]]) -> int:
    joining = Joining()
    return sum(joining.join(records) for records in edges)
