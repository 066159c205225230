"""The addresses whose plain form this node knows, the listings of all members, and their ports of the store.

Rules this module upholds:

- The plain form and the notes stay on this node, in the vault. A listing that arrives is a hash.
- A stored listing follows the body that states it, in the same transaction: it comes with the body and goes with it.
- They are part of the `Store` of `ports`, and its rules apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.address_listings import AddressKey
    from node.domain.addresses import Address
    from node.domain.ids import Origin, RecordId

MAX_NOTE: Final = 2_000
"""Characters of a note on evidence."""
MAX_EVIDENCE: Final = 100
"""Pieces of evidence of one address; a later one replaces the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What documents that material was at an address on `day` (since 1970-01-01): a holding of ours, or a note.

    `holding` 0: none; `note` "": none. `by`: the officer who said so; `at`: Unix seconds.
    """

    day: int
    holding: int = 0
    note: str = ""
    by: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAddress:
    """An address of which this node knows the plain form. `record`: our own listing of it, None if we have not listed
    it; `listed_day`: the day of the evidence that it states. `evidence`: the oldest first.
    """

    id: int
    address: Address
    added_at: int
    record: RecordId | None = None
    listed_day: int = 0
    evidence: tuple[Evidence, ...] = ()

    @property
    def evidence_day(self) -> int:
        """The newest day on which material was seen there; 0 without evidence."""
        return max((each.day for each in self.evidence), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledListing:
    """A listing in a log here: the entry `index` of `origin`, with the leaf hash `leaf`. `revises`: it replaces an
    earlier version of a listing. Days are since 1970-01-01.
    """

    key: AddressKey
    origin: Origin
    index: int
    leaf: bytes
    revises: bool
    evidence_day: int
    issued_day: int


class AddressReader(Protocol):
    """Reads addresses and listings."""

    def known_addresses(self, after: int, limit: int) -> list[KnownAddress]:
        """At most `limit` with ids after `after`, by id."""
        ...

    def known_by_key(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, KnownAddress]:
        """Those of these that are known here."""
        ...

    def count_known_addresses(self) -> int: ...

    def listings_of(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, list[FiledListing]]:
        """The listings of these, in any order; keys without one are left out."""
        ...

    def listed_keys(self, after: AddressKey | None, limit: int) -> list[AddressKey]:
        """At most `limit` listed addresses after `after`, ordered by hash and granularity, each once."""
        ...

    def count_listings(self) -> Mapping[Origin, int]:
        """How many listings each log has, of those that have any."""
        ...

    def listing_place(self, origin: Origin, number: int) -> int:
        """The index of a log's listing with this number, counted from 0 in the order of the log. Raises `NotFound`."""
        ...


class AddressWriter(AddressReader, Protocol):
    """Writes them."""

    def put_address(self, address: Address, now: int) -> tuple[int, bool]:
        """(id, whether it is new). A known address stays as it is."""
        ...

    def put_evidence(self, address_id: int, evidence: Evidence) -> None:
        """Adds a piece of evidence. The same piece again changes nothing."""
        ...

    def set_listed(self, address_id: int, record: RecordId | None, day: int) -> None:
        """Our own listing of it, with the day that it states; None and 0 once it is retracted."""
        ...

    def forget_addresses(self, ids: Sequence[int]) -> None:
        """Deletes these with their evidence: overwritten first, then deleted. The caller ends it with
        `Store.scrub()`.
        """
        ...

    def put_listings(self, listings: Sequence[FiledListing]) -> None:
        """Stores listings whose bodies are stored in the same transaction. A place that has one gets the new one."""
        ...

    def forget_all_listings(self) -> None:
        """Deletes every stored listing, before they are filed again from the logs."""
        ...
