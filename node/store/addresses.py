"""The addresses whose plain form this node knows, with their evidence.

Rules this module upholds:

- The plain form and the notes are in the vault, and leave it with their rows.
- Evidence that is a holding goes when the holding is deleted (`forget_evidence_of`).
- A deleted row is first overwritten in place with zeros of the same length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from node.domain.address_book import MAX_EVIDENCE, Evidence, KnownAddress
from node.domain.address_listings import AddressKey, Granularity
from node.domain.addresses import Address
from node.domain.ids import Origin, RecordId
from node.errors import NotFound
from node.store import codec, vault
from node.store.address_listings import ListingRows, ListingWrites
from node.store.statements import chunks, zeros_like
from node.store.tables.addresses import address_evidence as proof
from node.store.tables.addresses import known_addresses as known

_COUNT: Final = select(func.count()).select_from(known)
_BY_HASH: Final = select(known).where(known.c.hash.in_(bindparam("hashes", expanding=True)))


def forget_evidence_of(connection: Connection, holding_id: int) -> None:
    """Deletes the evidence that is this holding."""
    _forget_evidence(connection, list(connection.scalars(select(proof.c.id).where(proof.c.holding_id == holding_id))))


def _forget_evidence(connection: Connection, ids: Sequence[int]) -> None:
    notes: list[int] = []
    for some in chunks(ids):
        gone = delete(proof).where(proof.c.id.in_(some)).returning(proof.c.vault_id)
        notes += [row for row in connection.scalars(gone) if row]
    vault.forget(connection, notes)


class AddressRows(ListingRows):
    """`AddressReader` inside one transaction."""

    def known_addresses(self, after: int, limit: int) -> list[KnownAddress]:
        return self._known(select(known).where(known.c.id > after).order_by(known.c.id).limit(limit))

    def known_by_key(self, keys: Sequence[AddressKey]) -> Mapping[AddressKey, KnownAddress]:
        found: dict[AddressKey, KnownAddress] = {}
        wanted = set(keys)
        for some in chunks({key.hash for key in wanted}):
            rows = self._known(_BY_HASH, {"hashes": some})
            found |= {each.address.key: each for each in rows if each.address.key in wanted}
        return found

    def count_known_addresses(self) -> int:
        return int(self._connection.scalar(_COUNT) or 0)

    def _known(self, statement: Select[Any], values: dict[str, Any] | None = None) -> list[KnownAddress]:
        rows = self._connection.execute(statement, values or {}).all()
        texts = vault.get(self._connection, [row.vault_id for row in rows])
        evidence = self._evidence([row.id for row in rows])
        return [
            KnownAddress(
                id=row.id,
                address=Address(granularity=Granularity(row.granularity), text=codec.open_bytes(text).decode("ascii")),
                added_at=row.added_at,
                record=RecordId(Origin.parse(row.record_origin), row.record_leaf) if row.record_origin else None,
                listed_day=row.listed_day,
                evidence=tuple(evidence.get(row.id, ())),
            )
            for row, text in zip(rows, texts, strict=True)
        ]

    def _evidence(self, ids: Sequence[int]) -> Mapping[int, list[Evidence]]:
        rows: list[Row[Any]] = []
        for some in chunks(ids):
            page = select(proof).where(proof.c.address_id.in_(some)).order_by(proof.c.id)
            rows += self._connection.execute(page).all()
        noted = [row.vault_id for row in rows if row.vault_id]
        notes = dict(zip(noted, vault.get(self._connection, noted), strict=True))
        found: dict[int, list[Evidence]] = {}
        for row in rows:
            note = codec.open_bytes(notes[row.vault_id]).decode() if row.vault_id else ""
            one = Evidence(day=row.day, holding=row.holding_id, note=note, by=row.officer, at=row.at)
            found.setdefault(row.address_id, []).append(one)
        return found


class AddressWrites(AddressRows, ListingWrites):
    """`AddressWriter` inside one transaction."""

    def put_address(self, address: Address, now: int) -> tuple[int, bool]:
        granularity, digest = address.key
        here = (known.c.hash == digest, known.c.granularity == int(granularity))
        there = self._connection.scalar(select(known.c.id).where(*here))
        if there is not None:
            return int(there), False
        (row,) = vault.put(self._connection, [codec.seal_bytes(address.text.encode("ascii"))])
        new = insert(known).values(
            granularity=int(granularity),
            hash=digest,
            vault_id=row,
            added_at=now,
            record_origin="",
            record_leaf=b"",
            listed_day=0,
        )
        return int(self._connection.scalars(new.returning(known.c.id)).one()), True

    def put_evidence(self, address_id: int, evidence: Evidence) -> None:
        there = self._evidence([address_id]).get(address_id, [])
        same = (evidence.day, evidence.holding, evidence.note)
        if any((each.day, each.holding, each.note) == same for each in there):
            return
        if len(there) >= MAX_EVIDENCE:
            oldest = select(proof.c.id).where(proof.c.address_id == address_id).order_by(proof.c.day, proof.c.id)
            _forget_evidence(self._connection, list(self._connection.scalars(oldest.limit(1))))
        note = 0
        if evidence.note:
            (note,) = vault.put(self._connection, [codec.seal_bytes(evidence.note.encode())])
        self._connection.execute(
            insert(proof).values(
                address_id=address_id,
                day=evidence.day,
                holding_id=evidence.holding,
                vault_id=note,
                officer=evidence.by,
                at=evidence.at,
            )
        )

    def set_listed(self, address_id: int, record: RecordId | None, day: int) -> None:
        origin, leaf = (str(record.origin), record.leaf) if record else ("", b"")
        listed = update(known).where(known.c.id == address_id)
        done = self._connection.execute(listed.values(record_origin=origin, record_leaf=leaf, listed_day=day))
        if not done.rowcount:
            raise NotFound("this node does not know such an address")

    def forget_addresses(self, ids: Sequence[int]) -> None:
        for some in chunks(ids):
            here = known.c.id.in_(some)
            evidence = select(proof.c.id).where(proof.c.address_id.in_(some))
            _forget_evidence(self._connection, list(self._connection.scalars(evidence)))
            self._connection.execute(update(known).where(here).values(hash=zeros_like(known.c.hash)))
            gone = self._connection.scalars(delete(known).where(here).returning(known.c.vault_id))
            vault.forget(self._connection, list(gone))
