"""What the members say about addresses: who lists them, who disputes that, and whether they are in force.

Rules this module upholds:

- It depends on the bodies that this node holds, the roster and the day, and on no order of arrival.
- A member's newest opinion about a listing counts. A dispute of one listing disputes the address.
- Of a member that lists more than `MEMBER_LISTINGS` addresses, the first in its logs count. So one member cannot make
  every other member's lookups and exports large.
- The cost of a lookup follows the listings found, not those stored.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.address_standing import Standing, Stated, standing
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.statements import Opinion, Verdict
from node.errors import Malformed
from node.usecases.purging import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from node.domain.address_book import FiledListing
    from node.domain.address_listings import AddressKey
    from node.domain.ids import MemberId, Origin
    from node.domain.log_ports import Link
    from node.domain.ports import Clock, Codec
    from node.domain.roster import Roster
    from node.domain.stores import NodeStoreReader

MEMBER_LISTINGS: Final = 250_000
"""Listings of one member that count. The largest national lists have some tens of thousands of addresses."""
OPINIONS_READ: Final = 1_000
"""Opinions about one listing that are read. Each log may have 50 about each version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An address as the members list it."""

    standing: Standing
    listings: tuple[FiledListing, ...]
    left_out: int = 0
    """Listings that do not count, because their member has too many."""


class ListedAddresses:
    """`roster`: the last verified one; without one, no member is active and nothing is in force."""

    def __init__(self, *, codec: Codec, roster: Callable[[], Roster | None], clock: Clock) -> None:
        self._codec = codec
        self._roster = roster
        self._clock = clock

    def today(self) -> int:
        """The day of which it speaks, since 1970-01-01."""
        return int(self._clock()) // SECONDS_A_DAY

    def within(self, tx: NodeStoreReader) -> ListedIn:
        """The listings of one snapshot, today."""
        roster = self._roster()
        return ListedIn(tx, self._codec, roster.active() if roster else (), self.today())


class ListedIn:
    """The listings of one snapshot on one day. Blocks as the snapshot does."""

    def __init__(self, tx: NodeStoreReader, codec: Codec, active: Collection[MemberId], today: int) -> None:
        self._tx = tx
        self._codec = codec
        self._active = active
        self._today = today
        self._last: Mapping[MemberId, tuple[int, int]] | None = None

    def of(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, Listed]:
        """The listed ones among these addresses."""
        found = self._tx.listings_of(keys)
        if not found:
            return {}
        if self._last is None:
            self._last = _last_places(self._tx)
        disputes = self._disputes([each for some in found.values() for each in some])
        listed = {}
        for key, some in found.items():
            counting = [each for each in some if _place(each) <= self._last.get(each.origin.member, _place(each))]
            against = {member for each in some for member in disputes.get(RecordId(each.origin, each.leaf), ())}
            stated = [
                Stated(member=each.origin.member, evidence_day=each.evidence_day, issued_day=each.issued_day)
                for each in counting
            ]
            listed[key] = Listed(
                standing=standing(stated, against, self._active, self._today),
                listings=tuple(sorted(counting, key=_order)),
                left_out=len(some) - len(counting),
            )
        return listed

    def _disputes(self, listings: Sequence[FiledListing]) -> Mapping[RecordId, set[MemberId]]:
        """Who disputes which of these listings."""
        roots: defaultdict[RecordId, list[RecordId]] = defaultdict(list)
        for each in listings:
            name = RecordId(each.origin, each.leaf)
            root = root_of(self._tx, each.origin, each.index, each.leaf)[0] if each.revises else name
            roots[root].append(name)
        leaves: defaultdict[Origin, list[bytes]] = defaultdict(list)
        for root in roots:
            leaves[root.origin].append(root.leaf)
        found: dict[RecordId, set[MemberId]] = {}
        for origin, some in leaves.items():
            for leaf in self._tx.roots(origin, some):
                against = self._against(RecordId(origin, leaf))
                found |= dict.fromkeys(roots[RecordId(origin, leaf)], against)
        return found

    def _against(self, root: RecordId) -> set[MemberId]:
        links = self._tx.linked(root, [Kind.OPINION], limit=OPINIONS_READ)
        newest: dict[MemberId, tuple[tuple[int, int], Verdict]] = {}
        for link, body in _bodies(self._tx, links):
            try:
                said = self._codec.decode_body(Kind.OPINION, body)
            except Malformed:  # kept and shown as malformed; it says nothing
                continue
            at = (link.origin.epoch, link.index)
            member = link.origin.member
            if isinstance(said, Opinion) and (member not in newest or newest[member][0] < at):
                newest[member] = (at, said.verdict)
        return {member for member, (_, verdict) in newest.items() if verdict is Verdict.DISPUTE}


def _bodies(tx: NodeStoreReader, links: Sequence[Link]) -> list[tuple[Link, bytes]]:
    by_log: defaultdict[Origin, dict[int, Link]] = defaultdict(dict)
    for link in links:
        by_log[link.origin][link.index] = link
    return [
        (some[index], body)
        for origin, some in by_log.items()
        for index, (_, body) in tx.held_at(origin, sorted(some)).items()
    ]


def _last_places(tx: NodeStoreReader) -> Mapping[MemberId, tuple[int, int]]:
    """The place of the last listing that counts, of each member that has too many."""
    counts: defaultdict[MemberId, list[tuple[Origin, int]]] = defaultdict(list)
    for origin, count in tx.count_listings().items():
        counts[origin.member].append((origin, count))
    last: dict[MemberId, tuple[int, int]] = {}
    for member, logs in counts.items():
        room = MEMBER_LISTINGS
        for origin, count in sorted(logs, key=lambda each: each[0].epoch):
            if count > room:
                # With no room left, everything in this log comes after what counts.
                last[member] = (origin.epoch, tx.listing_place(origin, room - 1) if room else -1)
                break
            room -= count
    return last


def _place(each: FiledListing) -> tuple[int, int]:
    return each.origin.epoch, each.index


def _order(each: FiledListing) -> tuple[MemberId, int, int]:
    return each.origin.member, each.origin.epoch, each.index
