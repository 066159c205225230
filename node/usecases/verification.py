"""Counts the opinions on records: who confirms or disputes each of them.

Rules this module upholds:

- The rules of `domain.verification`. The result depends on the stored statements and the roster, not on the order in
  which the statements arrived: a member's opinions are in the order of its own log.
- Many records cost a few queries, not one each.
- An opinion that this node does not have, or cannot read, does not count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from node.domain.envelope import REPLACING, Kind
from node.domain.ids import RecordId
from node.domain.roster import MemberStatus, Policy
from node.domain.statements import Opinion, Tri, Verdict
from node.domain.verification import Verification
from node.errors import Malformed
from node.usecases.purging import leaves_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import Link, LogReader
    from node.domain.ports import Codec
    from node.domain.queries import Hit
    from node.domain.roster import Roster
    from node.domain.statements import Category
    from node.domain.stores import NodeStore

    Place = tuple[Origin, int]
    """(Log, index) of an entry."""


class Verifier:
    """Blocking: never on the event loop. `latest`: the last verified roster; without one nobody is known to be active,
    and nothing counts.
    """

    def __init__(self, *, codec: Codec, latest: Callable[[], Roster | None]) -> None:
        self._codec = codec
        self._latest = latest

    def needs(self, category: Category | None) -> bool:
        """Whether opinions decide if a record of this category counts as within the baseline."""
        return category is not None and category.baseline is Tri.YES and self._needed > 0

    @property
    def _needed(self) -> int:
        roster = self._latest()
        return (roster.policy if roster else Policy()).limits.baseline_confirmations

    def at(self, reader: LogReader, places: Collection[Place]) -> dict[Place, Verification]:
        """The verification of the records that these entries are versions of."""
        roots = roots_at(reader, places)
        known = self.of(reader, set(roots.values()))
        return {place: known[root] for place, root in roots.items()}

    def named(self, reader: LogReader, records: Collection[RecordId]) -> dict[RecordId, Verification]:
        """The same for records by the name of any version. Records that are not here are left out."""
        places = places_of(reader, records)
        known = self.at(reader, set(places.values()))
        return {record: known[place] for record, place in places.items()}

    def of(self, reader: LogReader, roots: Collection[RecordId]) -> dict[RecordId, Verification]:
        """The verification of these records, each named by its first version."""
        roster, needed = self._latest(), self._needed
        said: defaultdict[RecordId, dict[MemberId, Opinion]] = defaultdict(dict)
        for link, opinion in self._opinions(reader, roots):
            # In the order of the speaker's logs: a later opinion replaces an earlier one.
            if link.origin.member != link.chain.origin.member:
                said[link.chain][link.origin.member] = opinion
        standing = {each.id: each.status for each in roster.members.values()} if roster else {}
        return {root: _counted(said.get(root, {}), standing, needed) for root in roots}

    def _opinions(self, reader: LogReader, roots: Collection[RecordId]) -> Iterable[tuple[Link, Opinion]]:
        links: defaultdict[Origin, list[Link]] = defaultdict(list)
        for link in reader.linked_in(roots, (Kind.OPINION,)):
            links[link.origin].append(link)
        for origin in sorted(links):
            bodies = reader.held_at(origin, [link.index for link in links[origin]])
            for link in sorted(links[origin], key=lambda link: link.index):
                if link.index in bodies:
                    opinion = self._read(bodies[link.index][1])
                    if opinion is not None:
                        yield link, opinion

    def _read(self, body: bytes) -> Opinion | None:
        try:
            said = self._codec.decode_body(Kind.OPINION, body)
        except Malformed:
            return None  # damaged since it was verified: fsck names it
        return said if isinstance(said, Opinion) else None


def _counted(said: Mapping[MemberId, Opinion], standing: Mapping[MemberId, MemberStatus], needed: int) -> Verification:
    active = {member: said[member] for member in sorted(said) if standing.get(member) is MemberStatus.ACTIVE}
    confirming = {member: each for member, each in active.items() if each.verdict is Verdict.CONFIRM}
    categories = Counter(each.category for each in confirming.values() if each.category is not None)
    return Verification(
        confirmed=tuple(confirming),
        disputed=tuple(member for member, each in active.items() if each.verdict is Verdict.DISPUTE),
        verified_as=tuple(sorted(categories.items(), key=_most_first)),
        suspended=tuple(member for member in sorted(said) if standing.get(member) is MemberStatus.SUSPENDED),
        baseline=sum(each.category is None or each.category.baseline is not Tri.NO for each in confirming.values()),
        baseline_needed=needed,
    )


def _most_first(counted: tuple[Category, int]) -> tuple[object, ...]:
    category, number = counted
    return -number, category.scheme, category.version, category.code, category.baseline


def places_of(reader: LogReader, records: Collection[RecordId]) -> dict[RecordId, Place]:
    """Where these records are, those that are in a log here. One pass over the leaves of each log that is named."""
    leaves: defaultdict[Origin, list[bytes]] = defaultdict(list)
    for record in records:
        leaves[record.origin].append(record.leaf)
    return {
        RecordId(origin, leaf): (origin, index)
        for origin, some in leaves.items()
        for leaf, index in reader.find(origin, some).items()
    }


def roots_at(reader: LogReader, places: Collection[Place]) -> dict[Place, RecordId]:
    """The first versions of the records that these entries are versions of (`purging.root_of` for many)."""
    by_log: defaultdict[Origin, set[int]] = defaultdict(set)
    for origin, index in places:
        by_log[origin].add(index)
    roots: dict[Place, RecordId] = {}
    for origin, some in by_log.items():
        indices = sorted(some)
        links = reader.links_at(origin, indices)
        for index, leaf in zip(indices, leaves_at(reader, origin, indices), strict=True):
            link = links.get(index)
            if link is not None and link.kind in REPLACING:
                roots[origin, index] = link.chain
            else:
                roots[origin, index] = RecordId(origin, leaf)
    return roots


def verified(store: NodeStore, verifier: Verifier | None, hits: Iterable[Hit]) -> dict[RecordId, Verification]:
    """What other members say of the records that these hits name, as far as they are here. Blocking."""
    at: dict[RecordId, Place] = {}
    named: set[RecordId] = set()
    for hit in hits:
        if hit.record is not None and hit.place is not None:
            at[hit.record] = (hit.record.origin, hit.place)
        elif hit.record is not None:
            named.add(hit.record)
    if verifier is None or not (at or named):
        return {}
    with store.read() as tx:
        at |= places_of(tx, named - at.keys())
        known = verifier.at(tx, set(at.values()))
    return {record: known[place] for record, place in at.items()}
