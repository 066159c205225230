"""Checks addresses against the listings, and chooses what is exported to filters.

Rules this module upholds:

- An address is listed if it, its host or a domain above it is. Each of these is looked up by its hash.
- A listing of what can never be listed (`domain.addresses.check_listable`) covers nothing, whoever made it.
- Only what is in force and known here in its plain form is exported. What is in force and not known here is counted.
- The audit log records who looks, before anything is shown: how many addresses, and a digest over their hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from node.domain.address_standing import Force
from node.domain.addresses import check_listable, read_address
from node.errors import Refused, VigilError
from node.usecases.access import record_access
from node.usecases.address_book import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.address_book import KnownAddress
    from node.domain.address_listings import AddressKey
    from node.domain.addresses import Address, PublicSuffixes
    from node.domain.stores import NodeStore
    from node.usecases.address_book import Typed
    from node.usecases.audit import AuditLog
    from node.usecases.listed_addresses import Listed, ListedAddresses

BATCH: Final = 5_000
"""Addresses of one lookup; memory does not grow with a file."""
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A listed address that covers the checked one."""

    address: Address
    listed: Listed
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One address: what covers it, the finest first; or why it cannot be read."""

    typed: Typed
    covered: tuple[Covered, ...] = ()
    error: VigilError | None = None

    @property
    def in_force(self) -> bool:
        """Whether a listing in force covers it."""
        return any(each.listed.standing.force is Force.IN_FORCE for each in self.covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exportable:
    """What an export may contain, and what it cannot: `unknown` addresses are in force, and this node does not know
    their plain form; `dormant` ones are known here and not in force.
    """

    addresses: tuple[tuple[KnownAddress, Listed], ...]
    unknown: int
    dormant: int
    today: int


class AddressChecks:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, suffixes: PublicSuffixes, listed: ListedAddresses) -> None:
        self._store = store
        self._audit = audit
        self._suffixes = suffixes
        self._listed = listed

    def check(self, typed: Sequence[Typed]) -> list[Checked]:
        """What covers each of these, in order. One audit entry for all of them: call it with whole batches."""
        read: list[list[Address] | VigilError] = []
        for each in typed:
            try:
                read.append([form for form in read_address(each.text).covering() if self._can_be_listed(form)])
            except VigilError as error:
                read.append(error)
        keys = {form.key for forms in read if isinstance(forms, list) for form in forms}
        record_access(self._audit, "addresses check", addresses=len(typed), sha256_of_hashes=digest_of(keys))
        with self._store.read() as tx:
            listed = self._listed.within(tx).of(list(keys))
            known = tx.known_by_key(list(listed))
        return [
            Checked(typed=each, error=forms)
            if isinstance(forms, VigilError)
            else Checked(
                typed=each,
                covered=tuple(
                    Covered(address=form, listed=listed[form.key], known=form.key in known)
                    for form in forms
                    if form.key in listed
                ),
            )
            for each, forms in zip(typed, read, strict=True)
        ]

    def _can_be_listed(self, address: Address) -> bool:
        try:
            check_listable(address, self._suffixes)
        except Refused:
            return False
        return True

    def exportable(self, what: str) -> Exportable:
        """Every address in force that is known here, ordered by its text. `what`: the form, for the audit log."""
        record_access(self._audit, "addresses export", form=what)
        found: list[tuple[KnownAddress, Listed]] = []
        unknown = dormant = after = 0
        with self._store.read() as tx:
            inside = self._listed.within(tx)
            while page := tx.known_addresses(after, PAGE):
                after = page[-1].id
                listed = inside.of([each.address.key for each in page])
                here = [(each, listed[each.address.key]) for each in page if each.address.key in listed]
                sound = [pair for pair in here if self._in_force(pair[1]) and self._can_be_listed(pair[0].address)]
                found += sound
                dormant += len(page) - len(sound)
            for keys in _pages(partial(tx.listed_keys, limit=PAGE)):
                listed = inside.of(keys)
                strange = [key for key in keys if self._in_force(listed[key])]
                unknown += len(strange) - len(tx.known_by_key(strange))
        found.sort(key=lambda pair: (pair[0].address.text, pair[0].address.granularity))
        return Exportable(addresses=tuple(found), unknown=unknown, dormant=dormant, today=self._listed.today())

    @staticmethod
    def _in_force(listed: Listed) -> bool:
        return listed.standing.force is Force.IN_FORCE


def _pages(read: partial[list[AddressKey]]) -> Iterator[list[AddressKey]]:
    after: AddressKey | None = None
    while page := read(after):
        after = page[-1]
        yield page
