"""The part of the store in memory for addresses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.address_book import MAX_EVIDENCE, Evidence, FiledListing, KnownAddress
from node.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.address_listings import AddressKey
    from node.domain.addresses import Address
    from node.domain.ids import Origin, RecordId


@dataclass(slots=True)
class AddressTables:
    """Known addresses by id, and listings by place."""

    known: dict[int, KnownAddress] = field(default_factory=dict)
    last: int = 0
    listings: dict[tuple[Origin, int], FiledListing] = field(default_factory=dict)

    def forget(self, origin: Origin, index: int) -> None:
        """The listing of an entry goes with its body."""
        self.listings.pop((origin, index), None)


class MemoryAddresses:
    """`AddressWriter` over `AddressTables`."""

    def __init__(self, tables: AddressTables) -> None:
        self._addresses = tables

    def known_addresses(self, after: int, limit: int) -> list[KnownAddress]:
        return [each for id_, each in sorted(self._addresses.known.items()) if id_ > after][:limit]

    def known_by_key(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, KnownAddress]:
        return {each.address.key: each for each in self._addresses.known.values() if each.address.key in set(keys)}

    def count_known_addresses(self) -> int:
        return len(self._addresses.known)

    def listings_of(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, list[FiledListing]]:
        found: dict[AddressKey, list[FiledListing]] = {}
        for each in self._addresses.listings.values():
            if each.key in set(keys):
                found.setdefault(each.key, []).append(each)
        return found

    def listed_keys(self, after: AddressKey | None, limit: int) -> list[AddressKey]:
        keys = sorted({each.key for each in self._addresses.listings.values()}, key=lambda key: key[::-1])
        return [key for key in keys if after is None or key[::-1] > after[::-1]][:limit]

    def count_listings(self) -> Mapping[Origin, int]:
        return Counter(origin for origin, _ in self._addresses.listings)

    def listing_place(self, origin: Origin, number: int) -> int:
        places = sorted(index for log, index in self._addresses.listings if log == origin)
        if number >= len(places):
            raise NotFound("the log has no listing with this number")
        return places[number]

    def put_address(self, address: Address, now: int) -> tuple[int, bool]:
        for each in self._addresses.known.values():
            if each.address == address:
                return each.id, False
        self._addresses.last += 1
        self._addresses.known[self._addresses.last] = KnownAddress(
            id=self._addresses.last, address=address, added_at=now
        )
        return self._addresses.last, True

    def put_evidence(self, address_id: int, evidence: Evidence) -> None:
        there = self._addresses.known[address_id].evidence
        same = (evidence.day, evidence.holding, evidence.note)
        if any((each.day, each.holding, each.note) == same for each in there):
            return
        if len(there) >= MAX_EVIDENCE:
            oldest = min(there, key=lambda each: each.day)
            there = tuple(each for each in there if each is not oldest)
        self._change(address_id, evidence=(*there, evidence))

    def set_listed(self, address_id: int, record: RecordId | None, day: int) -> None:
        if address_id not in self._addresses.known:
            raise NotFound("this node does not know such an address")
        self._change(address_id, record=record, listed_day=day)

    def forget_addresses(self, ids: Sequence[int]) -> None:
        for each in ids:
            self._addresses.known.pop(each, None)

    def put_listings(self, listings: Sequence[FiledListing]) -> None:
        self._addresses.listings |= {(each.origin, each.index): each for each in listings}

    def forget_all_listings(self) -> None:
        self._addresses.listings.clear()

    def _forget_evidence_of(self, holding_id: int) -> None:
        for each in list(self._addresses.known.values()):
            self._change(each.id, evidence=tuple(one for one in each.evidence if one.holding != holding_id))

    def _change(self, address_id: int, **values: object) -> None:
        self._addresses.known[address_id] = replace(self._addresses.known[address_id], **values)  # type: ignore[arg-type]
