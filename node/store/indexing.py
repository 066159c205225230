"""The changes that an index in files must catch up with: those below its marks, and the identity of this store.

Rules this module upholds:

- A change is noted in the transaction that makes it: after a crash the note is there.
- A number is never used twice, even after all earlier notes are deleted.
- A note names a row, and never its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select, text, update

from node.domain.index_ports import RowChange, StoreLine
from node.store.statements import Repository, insert_rows
from node.store.tables.indexing import changes, line

_LINE: Final = select(line.c.identity, line.c.last, line.c.forgotten)
_ADVANCE: Final = update(line).values(last=line.c.last + bindparam("more")).returning(line.c.last)
_FORGET: Final = update(line).where(line.c.forgotten < bindparam("through")).values(forgotten=bindparam("through"))
_FORGOTTEN: Final = delete(changes).where(changes.c.number <= bindparam("through"))
_ALL: Final = select(changes.c.number, changes.c.source, changes.c.row, changes.c.filled).order_by(changes.c.number)
# The counter of the database, because the last holding may have been deleted.
_LAST_HOLDING: Final = text("SELECT seq FROM sqlite_sequence WHERE name = 'holdings'")


class LineRows(Repository):
    """`LineReader` inside one transaction."""

    def line(self) -> StoreLine:
        row = self._connection.execute(_LINE).one()
        return StoreLine(identity=row.identity, changes=row.last, forgotten=row.forgotten)


class IndexingRows(LineRows):
    """`IndexingReader` inside one transaction."""

    def changes(self) -> list[RowChange]:
        rows = self._connection.execute(_ALL)
        return [RowChange(row.number, row.source, row.row, bool(row.filled)) for row in rows]

    def last_holding(self) -> int:
        return self._connection.scalar(_LAST_HOLDING) or 0


class IndexingWrites(IndexingRows):
    """`IndexingWriter` inside one transaction."""

    def note_changes(self, rows: Sequence[tuple[int, int, bool]]) -> int:
        last: int = self._connection.scalars(_ADVANCE, {"more": len(rows)}).one()
        first = last - len(rows) + 1
        noted = [(first + at, source, row, int(filled)) for at, (source, row, filled) in enumerate(rows)]
        insert_rows(self._connection, changes, ("number", "source", "row", "filled"), noted)
        return last

    def forget_changes(self, through: int) -> None:
        """See `IndexingWriter`. A lower number than before changes nothing."""
        self._connection.execute(_FORGOTTEN, {"through": through})
        self._connection.execute(_FORGET, {"through": through})
