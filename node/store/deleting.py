"""Deletes a node's own data: holdings, their places in cases, and references to their files.

Rules this module upholds:

- Deleted data is first overwritten in place with zeros of the same length; then the row is deleted.
- A row that grew (a record was made about its holding) may have moved, and SQLite leaves the former copy in the page.
  So the table is rewritten once deletions are finished. If it is too large for that, only its index by digest is
  rewritten, and parts of about one deleted row in two thousand were still found (ADR 23).
- A reference to a file is in the vault, and leaves it with its holding or its case. The name of a part in its file is
  there too, and leaves it with its place. The words of a holding and the keys of its previews leave it with the
  holding.
- A requested deletion is in the database until it is finished: after a crash the next start continues with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select, update

from node.domain.holdings import MAX_REFERENCES, Deletion, FileReference, withdrawn
from node.domain.parts import Place
from node.errors import NotFound
from node.store import codec, places, vault
from node.store.addresses import forget_evidence_of
from node.store.categorisations import forget_categorisations
from node.store.entities import forget_links_of_holding
from node.store.holdings import HoldingRows, HoldingWrites
from node.store.previews import forget_previews_of
from node.store.statements import chunks, insert_rows, zeros_like
from node.store.tables.holdings import cases, deletions, holding_files, holding_frames, holding_looks, holdings, tags
from node.store.tables.queries import settings

REWRITE_BELOW: Final = 100_000
"""Most holdings that are rewritten after a deletion: a second. Beyond that, only the index by digest is rewritten."""
_SECRET_COLUMNS: Final = (holdings.c.sha256, holdings.c.md5, holdings.c.sha1, holdings.c.pdq, holdings.c.phash)
_THIS: BindParameter[int] = bindparam("this")

# Built once: a case has thousands of holdings.
_BLANK: Final = (
    update(holdings)
    .where(holdings.c.id == _THIS)
    .values({column.name: zeros_like(column) for column in _SECRET_COLUMNS})
)
_BLANK_FRAMES: Final = (
    update(holding_frames)
    .where(holding_frames.c.holding_id == _THIS)
    .values(frames=zeros_like(holding_frames.c.frames))
)
_BLANK_LOOKS: Final = (
    update(holding_looks).where(holding_looks.c.holding_id == _THIS).values(looks=zeros_like(holding_looks.c.looks))
)
_DELETE: Final = (
    delete(cases).where(cases.c.holding_id == _THIS),
    delete(tags).where(tags.c.holding_id == _THIS),
    delete(holding_frames).where(holding_frames.c.holding_id == _THIS),
    delete(holding_looks).where(holding_looks.c.holding_id == _THIS),
    delete(holdings).where(holdings.c.id == _THIS),
)
_FILES: Final = (
    select(holding_files.c.reference, holding_files.c.vault_id)
    .where(holding_files.c.holding_id == _THIS)
    .order_by(holding_files.c.reference, holding_files.c.vault_id)
)


class FileRows(HoldingRows):
    """The part of `HoldingReader` for cases, references and deletions."""

    def cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        rows = select(cases.c.reference, func.count()).where(cases.c.reference > after).group_by(cases.c.reference)
        found = self._connection.execute(rows.order_by(cases.c.reference).limit(limit))
        return [(reference, number) for reference, number in found]

    def case_holdings(self, references: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for some in chunks(dict.fromkeys(references)):
            counted = select(cases.c.reference, func.count().label("amount")).where(cases.c.reference.in_(some))
            rows = self._connection.execute(counted.group_by(cases.c.reference))
            found |= {row.reference: row.amount for row in rows}
        return found

    def known_cases(self, references: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in chunks(references):
            found.update(
                self._connection.scalars(select(cases.c.reference).where(cases.c.reference.in_(some)).distinct())
            )
        return found

    def file_references(self, holding_id: int) -> list[FileReference]:
        rows = self._connection.execute(_FILES, {"this": holding_id}).all()
        paths = vault.get(self._connection, [row.vault_id for row in rows])
        return [_reference(row.reference, codec.open_bytes(path)) for row, path in zip(rows, paths, strict=True)]

    def places(self, holding_id: int, limit: int) -> list[Place]:
        return places.places_of(self._connection, holding_id, limit)

    def parents(self, holding_ids: Sequence[int]) -> Mapping[int, set[bytes]]:
        return places.parents_of(self._connection, holding_ids)

    def parts(self, sha256: bytes) -> list[int]:
        return places.parts_of(self._connection, sha256)

    def taken_in(self, holding_ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for some in chunks(holding_ids):
            found.update(self._connection.scalars(select(tags.c.holding_id).where(tags.c.holding_id.in_(some))))
        return found | {
            each
            for each in holding_ids
            if each not in found and any(file.inside is None for file in self.file_references(each))
        }

    def deletions(self, after: int, limit: int) -> list[Deletion]:
        rows = self._connection.execute(
            select(deletions).where(deletions.c.id > after).order_by(deletions.c.id).limit(limit)
        ).all()
        digests = vault.get(self._connection, [row.vault_id for row in rows])
        return [
            Deletion(
                id=row.id,
                holding=row.holding_id,
                case=row.reference,
                sha256=codec.open_bytes(sealed),
                reason=row.reason,
            )
            for row, sealed in zip(rows, digests, strict=True)
        ]


class FileWrites(FileRows, HoldingWrites):
    """The part of `HoldingWriter` for them."""

    def put_file_reference(self, holding_id: int, reference: FileReference) -> None:
        kept = [each for each in self.file_references(holding_id) if each.case == reference.case]
        if reference in kept or len(kept) >= MAX_REFERENCES:
            return
        sealed = codec.seal_bytes(_packed(reference))
        (row,) = vault.put(self._connection, [sealed])
        self._connection.execute(
            insert(holding_files).values(holding_id=holding_id, reference=reference.case, vault_id=row)
        )

    def put_place(self, holding_id: int, place: Place) -> None:
        places.put_place(self._connection, holding_id, place)

    def leave_case(self, holding_id: int, case: str) -> None:
        here = (cases.c.holding_id == holding_id, cases.c.reference == case)
        self._connection.execute(delete(cases).where(*here))
        self._connection.execute(delete(tags).where(tags.c.holding_id == holding_id))
        self._forget_files(holding_id, case)

    def delete_holding(self, holding_id: int) -> None:
        found = self.holdings_by_id([holding_id]).get(holding_id)
        if found is None:
            raise NotFound(f"there is no holding {holding_id}")
        self._forget_files(holding_id)
        places.forget_places(self._connection, holding_id, found.sha256)
        forget_evidence_of(self._connection, holding_id)
        forget_categorisations(self._connection, holding_id)
        forget_links_of_holding(self._connection, holding_id)
        forget_previews_of(self._connection, holding_id)
        for statement in (_BLANK, _BLANK_FRAMES, _BLANK_LOOKS, *_DELETE):
            self._connection.execute(statement, {"this": holding_id})
        self._connection.execute(delete(settings).where(settings.c.name == withdrawn(holding_id)))
        self._count_level(found.level, -1)

    def _forget_files(self, holding_id: int, case: str | None = None) -> None:
        gone = delete(holding_files).where(holding_files.c.holding_id == holding_id)
        if case is not None:
            gone = gone.where(holding_files.c.reference == case)
        vault.forget(self._connection, list(self._connection.scalars(gone.returning(holding_files.c.vault_id))))

    def put_deletions(self, wanted: Sequence[Deletion]) -> None:
        ids = vault.put(self._connection, [codec.seal_bytes(each.sha256) for each in wanted])
        columns = ("holding_id", "reference", "reason", "vault_id")
        rows = [(each.holding, each.case, each.reason, row) for each, row in zip(wanted, ids, strict=True)]
        insert_rows(self._connection, deletions, columns, rows)

    def end_deletions(self, ids: Sequence[int]) -> None:
        gone: list[int] = []
        for some in chunks(ids):
            ended = delete(deletions).where(deletions.c.id.in_(some)).returning(deletions.c.vault_id)
            gone += self._connection.scalars(ended)
        vault.forget(self._connection, gone)
        places.rewrite_places(self._connection)
        if sum(self.holding_levels().values()) <= REWRITE_BELOW:
            self._rewrite()
        else:
            self._connection.exec_driver_sql("REINDEX holdings_by_sha256")

    def _rewrite(self) -> None:
        """Rewrites the holdings, in order. Without a WHERE, SQLite frees and zeroes all pages of the table."""
        rows = [tuple(row) for row in self._connection.execute(select(holdings).order_by(holdings.c.id))]
        self._connection.execute(delete(holdings))
        insert_rows(self._connection, holdings, [column.name for column in holdings.columns], rows)


def _packed(reference: FileReference) -> bytes:
    """A path and, after a NUL (which no path contains), the name of a part of that file."""
    path = reference.path.encode("utf-8", "surrogateescape")
    inside = reference.inside
    return path if inside is None else path + b"\0" + inside.encode("utf-8", "surrogatepass")


def _reference(case: str, packed: bytes) -> FileReference:
    """The inverse."""
    path, part, inside = packed.partition(b"\0")
    return FileReference(
        case=case,
        path=path.decode("utf-8", "surrogateescape"),
        inside=inside.decode("utf-8", "surrogatepass") if part else None,
    )
