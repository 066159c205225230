"""The addresses whose plain form this node knows: taken in with their evidence, shown, and forgotten.

Rules this module upholds:

- An address is taken in only with evidence: a holding of ours or a note, and the day on which a person saw the
  material.
- A bad address stops only itself. What is refused says why, and names its row.
- A name that misleads a reader is taken in only when a person has confirmed it.
- The audit log says how many addresses and a digest over their hashes, never an address. It is written in the
  transaction that changes them, and before anything is shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.address_book import MAX_NOTE, Evidence, KnownAddress
from node.domain.address_listings import Granularity
from node.domain.addresses import check_listable, read_address
from node.domain.calendar import SECONDS_A_DAY, in_calendar
from node.domain.envelope import Kind
from node.domain.host_names import Doubt
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound, Refused, VigilError
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.acts import ActOutcome
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from node.domain.address_listings import AddressKey
    from node.domain.addresses import Address, PublicSuffixes
    from node.domain.ports import Clock
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.listed_addresses import Listed, ListedAddresses
    from node.usecases.node_audit import NodeAuditLog

BATCH: Final = 1_000
"""Addresses of one transaction, and so of one audit entry."""
CONFIRM: Final = "compare the name with the evidence, letter by letter; then add --confirm-unusual"
_DOUBTS: Final = {
    Doubt.MIXED_SCRIPTS: "mixes letters of scripts that no language mixes",
    Doubt.LOOKS_LATIN: "has letters of another script that look like Latin ones",
    Doubt.NOT_IDNA2008: "has characters that the standard for names does not allow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """An address as a person gave it; `row`: its line in a file, 0 if it was typed."""

    text: str
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """How addresses are taken in. `granularity` None: as each is spelled. `unusual`: a person has confirmed names that
    mislead a reader.
    """

    evidence: Evidence
    granularity: Granularity | None = None
    unusual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one: the address and whether it is new here, or why it was not taken in."""

    typed: Typed
    address: Address | None = None
    new: bool = False
    doubts: tuple[Doubt, ...] = ()
    error: VigilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A known address, and what the members say about it; None if nobody lists it."""

    known: KnownAddress
    listed: Listed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPage:
    """A page of the known addresses. `total`: how many are known; `next`: the number after which the next page
    continues, None at the end.
    """

    shown: Sequence[Shown]
    total: int
    next: int | None


def digest_of(keys: Iterable[AddressKey]) -> str:
    """One hash over the hashes of addresses, for the audit log (hex)."""
    return hashlib.sha256(b"".join(sorted(bytes([key.granularity]) + key.hash for key in keys))).hexdigest()


def read_known(tx: NodeStoreReader, typed: Typed, granularity: Granularity | None) -> KnownAddress:
    """The known address that a person names. Without a granularity a name can be a host or a domain, if only one of
    them is known. Raises `Misuse`, `NotFound`.
    """
    read = read_address(typed.text)
    wanted = [granularity or read.given]
    if granularity is None and read.given is Granularity.HOST and not read.is_ip:
        wanted.append(Granularity.DOMAIN)
    found = list(tx.known_by_key([read.at(each).key for each in wanted]).values())
    if not found:
        raise NotFound("this node does not know this address", remedy="vigil addresses list shows the known ones")
    if len(found) > 1:
        raise Misuse("this name is known as a host and as a domain", remedy="say which one: --granularity")
    return found[0]


class AddressBook:
    """Blocking: never on the event loop."""

    def __init__(
        self, *, store: NodeStore, audit: NodeAuditLog, clock: Clock, suffixes: PublicSuffixes, listed: ListedAddresses
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._suffixes = suffixes
        self._listed = listed

    def add(self, typed: Sequence[Typed], given: Given) -> list[Taken]:
        """Takes addresses in, in order; durable in batches of `BATCH`. Raises `Misuse` or `NotFound` for evidence that
        is none, before anything is done.
        """
        evidence = self._checked(given.evidence)
        taken: list[Taken] = []
        for start in range(0, len(typed), BATCH):
            taken += self._add(typed[start : start + BATCH], replace(given, evidence=evidence))
        return taken

    def _add(self, some: Sequence[Typed], given: Given) -> list[Taken]:
        taken = [self._read(each, given) for each in some]
        sound = {each.address: each for each in taken if each.address is not None}
        if not sound:
            return taken
        new: set[Address] = set()

        def put(tx: NodeStoreWriter) -> None:
            for address in sound:
                number, is_new = tx.put_address(address, int(self._clock()))
                tx.put_evidence(number, given.evidence)
                if is_new:
                    new.add(address)

        about = {"addresses": len(sound), "sha256_of_hashes": digest_of(each.key for each in sound)}
        self._act("addresses add", about | {"evidence_day": given.evidence.day}, put)
        return [replace(each, new=each.address in new) for each in taken]

    def _read(self, typed: Typed, given: Given) -> Taken:
        try:
            read = read_address(typed.text)
            address = read.at(given.granularity or read.given)
            check_listable(address, self._suffixes)
            if read.doubts and not given.unusual:
                raise Refused("the name " + " and ".join(_DOUBTS[each] for each in read.doubts), remedy=CONFIRM)
        except VigilError as error:
            return Taken(typed=typed, error=error)
        return Taken(typed=typed, address=address, doubts=read.doubts)

    def _checked(self, evidence: Evidence) -> Evidence:
        now = int(self._clock())
        if not in_calendar(evidence.day) or evidence.day > now // SECONDS_A_DAY + 1:
            raise Misuse("the day of the evidence is in the future", remedy="give the day on which a person saw it")
        if not evidence.holding and not evidence.note:
            raise Misuse(
                "an address needs evidence", remedy="name the holding that documents it (--holding), or say it (--note)"
            )
        if evidence.note:
            checked_text(evidence.note, MAX_NOTE, "the note", Misuse)
        if evidence.holding:
            with self._store.read() as tx:
                if tx.holding(evidence.holding) is None:
                    raise NotFound(
                        f"there is no holding {evidence.holding}", remedy="vigil holdings shows what this node has"
                    )
        return replace(evidence, by=caller().name, at=now)

    def forget(self, typed: Sequence[Typed], granularity: Granularity | None) -> list[AddressKey]:
        """Deletes the plain form and the evidence of addresses; their keys. Raises `Misuse`, `NotFound` before anything
        is done, and `Refused` for one that we still list.
        """
        with self._store.read() as tx:
            known = {each.id: each for each in (read_known(tx, one, granularity) for one in typed)}
        if any(each.record is not None for each in known.values()):
            raise Refused(
                "we still list an address among these, and a listing needs evidence",
                remedy="withdraw the listing first: vigil addresses withdraw",
            )
        keys = [each.address.key for each in known.values()]
        about: dict[str, object] = {"addresses": len(keys), "sha256_of_hashes": digest_of(keys)}
        self._act("addresses forget", about, lambda tx: tx.forget_addresses(list(known)))
        self._store.scrub()
        return keys

    def page(self, after: int, limit: int) -> AddressPage:
        """At most `limit` known addresses with ids after `after`."""
        record_access(self._audit, "addresses list", limit=limit)
        with self._store.read() as tx:
            found = tx.known_addresses(after, limit + 1)
            known = found[:limit]
            listed: Mapping[AddressKey, Listed] = self._listed.within(tx).of([each.address.key for each in known])
            shown = [Shown(known=each, listed=listed.get(each.address.key)) for each in known]
            total = tx.count_known_addresses()
        return AddressPage(shown=shown, total=total, next=known[-1].id if len(found) > limit else None)

    def _act(self, what: str, about: dict[str, object], change: Callable[[NodeStoreWriter], None]) -> None:
        body = {"what": what, **about, "outcome": ActOutcome.DONE, "at": int(self._clock())}
        # The entry and the change are one transaction: if the entry exists, the change is done.
        self._audit.append(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body), also=change)
