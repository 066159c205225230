"""Files the listings of addresses: each body that lists an address has a row, so that looking one up reads no log.

Rules this module upholds:

- The rows change in the transaction that changes the bodies. A body that leaves takes its row with it
  (`domain.address_book`).
- The rows follow from the logs alone: filing everything again gives the same rows.
- A body that cannot be read files nothing and stops nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from node.domain.address_book import FiledListing
from node.domain.address_listings import AddressKey, AddressListing
from node.domain.batch import BodyState
from node.domain.envelope import Kind, decode
from node.errors import Malformed
from node.tlog.merkle import leaf_hash
from node.usecases.filing import READ_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.ids import Origin
    from node.domain.mentions import Stated
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
    from node.usecases.change import Change

_KINDS: Final = frozenset({Kind.ADDRESS_LISTING, Kind.REVISION})
_FILED: Final = "address-listings-filed"
"""The setting that says that the listings of this database were filed once."""


def file_change(change: Change) -> None:
    """Files the listings among the bodies that a change brings, inside its transaction."""
    gone: set[tuple[int, int]] = set()
    for rows in [*change.removed, *(done.removed for done in change.applied)]:
        gone |= {(source, row) for source, some in rows.items() for row in some}
    filed: list[FiledListing] = []
    for done in change.applied:
        batch = done.batch
        places = (
            (batch.start + at, batch.entries[at], batch.bodies[at])
            for at in batch.of_kinds(_KINDS)
            if batch.states[at] == BodyState.HELD and (done.number, batch.start + at) not in gone
        )
        filed += _listings(change.codec, batch.origin, places)
    filed += _late(change, gone)
    change.writer.put_listings(filed)


def ensure_filed(store: NodeStore, codec: Codec) -> None:
    """Files the listings of a database that an older program wrote. Does nothing the second time."""
    with store.read() as tx:
        done = tx.setting(_FILED)
    if not done:
        file_all(store, codec)


def file_all(store: NodeStore, codec: Codec) -> None:
    """Files every listing again from the logs. No other writer may change bodies meanwhile. After a crash, the next
    start begins again.
    """
    with store.write() as tx:
        tx.set_setting(_FILED, b"")
        tx.forget_all_listings()
    after: tuple[Origin, int] | None = None
    while True:
        with store.write() as tx:
            page = tx.stated(_KINDS, limit=READ_AT_ONCE, after=after)
            tx.put_listings(_at(tx, codec, page))
            if not page:
                tx.set_setting(_FILED, b"1")
                return
        after = (page[-1].origin, page[-1].index)


def _at(tx: NodeStoreReader, codec: Codec, stated: Sequence[Stated]) -> list[FiledListing]:
    """The listings among these entries."""
    places: defaultdict[Origin, list[int]] = defaultdict(list)
    for each in stated:
        places[each.origin].append(each.index)
    filed: list[FiledListing] = []
    for origin, indices in places.items():
        held = tx.held_at(origin, indices)
        filed += _listings(codec, origin, [(index, *held[index]) for index in sorted(held)])
    return filed


def _late(change: Change, gone: set[tuple[int, int]]) -> list[FiledListing]:
    """Listings whose bodies came after their entries."""
    wanted = [each for each in change.filled if each[2] in _KINDS and each[:2] not in gone]
    if not wanted:
        return []
    origins = _origins(change.writer)
    filed: list[FiledListing] = []
    for number, index, _, body in wanted:
        entry, _ = change.writer.entry_at(origins[number], index)
        filed += _listings(change.codec, origins[number], [(index, entry, body)])
    return filed


def _origins(writer: NodeStoreWriter) -> Mapping[int, Origin]:
    return {log.number: log.origin for log in writer.logs()}


def _listings(codec: Codec, origin: Origin, places: Iterable[tuple[int, bytes, bytes]]) -> list[FiledListing]:
    """The listings among (index, entry, body) of a log."""
    found: list[FiledListing] = []
    for index, entry, body in places:
        try:
            envelope = decode(entry)
            said = codec.decode_body(entry[1], body)
        except Malformed:  # kept and shown as malformed; it lists nothing
            continue
        if envelope is not None and isinstance(said, AddressListing):
            found.append(
                FiledListing(
                    key=AddressKey(said.granularity, said.address),
                    origin=origin,
                    index=index,
                    leaf=leaf_hash(entry),
                    revises=envelope.kind == Kind.REVISION,
                    evidence_day=said.evidence_day,
                    issued_day=envelope.issued_day,
                )
            )
    return found
