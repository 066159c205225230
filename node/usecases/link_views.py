"""Links and their records as a person reads them, many at once.

Rules this module upholds:

- A fixed number of queries for a page, not some for each link.
- A record that this node may not read, or does not have, has a name and an owner, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from node.domain.envelope import decode
from node.domain.ids import RecordId
from node.domain.record_links import RecordLink
from node.domain.statements import Contribution
from node.domain.verification import Verification
from node.errors import Malformed
from node.usecases.publication import Publication
from node.usecases.purging import leaves_at
from node.usecases.verification import roots_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import Chain, LogReader
    from node.domain.ports import Codec
    from node.usecases.link_graph import Edge
    from node.usecases.verification import Verifier
    from node.usecases.waiting_links import WaitingLink

    Place = tuple[Origin, int]


class Sight(StrEnum):
    """How much this node knows of a linked record."""

    READ = "read"
    HIDDEN = "hidden"
    """It may not read the record, or the record's body is gone or damaged."""
    NOT_HERE = "not-here"
    """No version of it is in a log here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """A link. `link`: its newest version; `root`: its first one; `records`: the first versions of its records;
    `is_closing`: links shown before it join two of its records already. `publication`: of our own; None for others'.
    """

    link: RecordId
    root: RecordId
    records: Sequence[RecordId]
    said: RecordLink
    issued_day: int
    depth: int
    verification: Verification
    is_closing: bool = False
    publication: Publication | None = None

    @property
    def member(self) -> MemberId:
        """Who says it."""
        return self.link.origin.member


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRecord:
    """A linked record. `record`: its newest version that is known; `said`: None unless it can be read."""

    record: RecordId
    root: RecordId
    depth: int
    sight: Sight
    said: Contribution | None
    verification: Verification


class LinkViews:
    """Within one snapshot. `waiting`: our own links that wait, by their place."""

    def __init__(
        self, reader: LogReader, codec: Codec, verifier: Verifier, waiting: Mapping[Place, WaitingLink] | None = None
    ) -> None:
        self._reader = reader
        self._codec = codec
        self._verifier = verifier
        self._waiting = waiting or {}

    def links(self, edges: Sequence[Edge], closing: Collection[Place] = ()) -> list[ShownLink]:
        """These links, in order, without those whose body cannot be read."""
        placed = [edge.place for edge in edges if edge.place not in self._waiting]
        roots = roots_at(self._reader, placed)
        known = self._verifier.of(self._reader, set(roots.values()))
        names, bodies = self._names(placed), self._bodies(placed)
        shown = []
        for edge in edges:
            if edge.place in self._waiting:
                shown.append(_waiting(self._waiting[edge.place], edge, is_closing=edge.place in closing))
            elif edge.place in bodies:
                day, said = bodies[edge.place]
                shown.append(
                    ShownLink(
                        link=names[edge.place],
                        root=roots[edge.place],
                        records=edge.records,
                        said=said,
                        issued_day=day,
                        depth=edge.depth,
                        verification=known[roots[edge.place]],
                        is_closing=edge.place in closing,
                    )
                )
        return shown

    def records(self, roots: Mapping[RecordId, int]) -> list[ShownRecord]:
        """These records, in order; `roots`: first version -> distance from the start."""
        chains = self._reader.chains(roots)
        known = self._verifier.of(self._reader, roots)
        heads = {root: head for root in roots if (head := self._head(root, chains.get(root))) is not None}
        names = self._names(set(heads.values()))
        said = self._contributions(set(heads.values()))
        return [
            ShownRecord(
                record=names[heads[root]] if root in heads else root,
                root=root,
                depth=depth,
                sight=_sight(heads.get(root), said),
                said=said.get(heads[root]) if root in heads else None,
                verification=known[root],
            )
            for root, depth in roots.items()
        ]

    def _head(self, root: RecordId, chain: Chain | None) -> Place | None:
        """Where the newest version of a record is."""
        if chain is not None:
            return chain.head
        index = self._reader.find(root.origin, [root.leaf]).get(root.leaf)
        return None if index is None else (root.origin, index)

    def _names(self, places: Iterable[Place]) -> dict[Place, RecordId]:
        names: dict[Place, RecordId] = {}
        for origin, indices in _by_log(places).items():
            leaves = leaves_at(self._reader, origin, indices)
            names |= {(origin, index): RecordId(origin, leaf) for index, leaf in zip(indices, leaves, strict=True)}
        return names

    def _bodies(self, places: Iterable[Place]) -> dict[Place, tuple[int, RecordLink]]:
        """(Day of issue, content) of the links that can be read."""
        found: dict[Place, tuple[int, RecordLink]] = {}
        for origin, indices in _by_log(places).items():
            for index, (entry, body) in self._reader.held_at(origin, indices).items():
                read = self._read(entry, body)
                if read is not None and isinstance(read[1], RecordLink):
                    found[origin, index] = (read[0], read[1])
        return found

    def _contributions(self, places: Iterable[Place]) -> dict[Place, Contribution]:
        found: dict[Place, Contribution] = {}
        for origin, indices in _by_log(places).items():
            for index, (entry, body) in self._reader.held_at(origin, indices).items():
                read = self._read(entry, body)
                if read is not None and isinstance(read[1], Contribution):
                    found[origin, index] = read[1]
        return found

    def _read(self, entry: bytes, body: bytes) -> tuple[int, object] | None:
        try:
            envelope = decode(entry)
            return None if envelope is None else (envelope.issued_day, self._codec.decode_body(envelope.kind, body))
        except Malformed:
            return None  # damaged since it was verified: fsck names it


def _waiting(waiting: WaitingLink, edge: Edge, *, is_closing: bool) -> ShownLink:
    envelope = decode(waiting.pending.entry)
    name = RecordId(waiting.pending.origin, waiting.pending.leaf)
    return ShownLink(
        link=name,
        root=name,
        records=edge.records,
        said=waiting.said,
        issued_day=envelope.issued_day if envelope else 0,
        depth=edge.depth,
        verification=Verification(),
        is_closing=is_closing,
        publication=Publication.QUEUED,
    )


def _sight(head: Place | None, said: Mapping[Place, Contribution]) -> Sight:
    if head is None:
        return Sight.NOT_HERE
    return Sight.READ if head in said else Sight.HIDDEN


def _by_log(places: Iterable[Place]) -> dict[Origin, list[int]]:
    """The indices of each log, in order."""
    found: defaultdict[Origin, set[int]] = defaultdict(set)
    for origin, index in places:
        found[origin].add(index)
    return {origin: sorted(indices) for origin, indices in found.items()}
