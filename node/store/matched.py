"""How far records were matched against the holdings, what waits to be matched, and what was left out.

Rules this module upholds:

- Notes of what was left out only grow: the largest number stays, or further ones are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.hits import crowded, crowded_holdings, matched, unmatched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId


class MatchedRows(Repository):
    """The part of `HitReader` for them."""

    def crowded(self) -> Mapping[tuple[int, int], int]:
        return {(row.source, row.row): row.left_out for row in self._connection.execute(select(crowded))}

    def crowded_holdings(self) -> Mapping[tuple[int, str], int]:
        rows = self._connection.execute(select(crowded_holdings))
        return {(row.holding_id, row.member): row.left_out for row in rows}

    def waiting(self, limit: int) -> list[tuple[int, int]]:
        rows = select(unmatched).order_by(unmatched.c.source, unmatched.c.row).limit(limit)
        return [(row.source, row.row) for row in self._connection.execute(rows)]

    def matched(self) -> Mapping[int, int]:
        return {row.log_no: row.size for row in self._connection.execute(select(matched))}


class MatchedWrites(MatchedRows):
    """The part of `HitWriter` for them."""

    def crowd(self, source: int, row: int, left_out: int) -> None:
        here = (crowded.c.source == source, crowded.c.row == row)
        known = self._connection.scalar(select(crowded.c.left_out).where(*here))
        if known is None:
            self._connection.execute(insert(crowded).values(source=source, row=row, left_out=left_out))
        elif known < left_out:
            self._connection.execute(update(crowded).where(*here).values(left_out=left_out))

    def crowd_holding(self, holding: int, member: MemberId, left_out: int, *, further: bool) -> None:
        table = crowded_holdings
        here = (table.c.holding_id == holding, table.c.member == member)
        known = self._connection.scalar(select(table.c.left_out).where(*here))
        if known is None:
            row = {"holding_id": holding, "member": member, "left_out": left_out}
            self._connection.execute(insert(table).values(**row))
        else:
            number = known + left_out if further else max(known, left_out)
            self._connection.execute(update(table).where(*here).values(left_out=number))

    def wait_for_match(self, source: int, rows: Sequence[int]) -> None:
        known: set[int] = set()
        for some in chunks(rows):
            here = (unmatched.c.source == source, unmatched.c.row.in_(some))
            known.update(self._connection.scalars(select(unmatched.c.row).where(*here)))
        fresh = [(source, row) for row in sorted(set(rows) - known)]
        insert_rows(self._connection, unmatched, ("source", "row"), fresh)

    def stop_waiting(self, rows: Sequence[tuple[int, int]]) -> None:
        by_source: dict[int, list[int]] = {}
        for source, row in rows:
            by_source.setdefault(source, []).append(row)
        for source, some_rows in by_source.items():
            for some in chunks(some_rows):
                here = (unmatched.c.source == source, unmatched.c.row.in_(some))
                self._connection.execute(delete(unmatched).where(*here))

    def set_matched(self, number: int, size: int) -> None:
        changed = self._connection.execute(update(matched).where(matched.c.log_no == number).values(size=size))
        if not changed.rowcount:
            self._connection.execute(insert(matched).values(log_no=number, size=size))

    def forget_matched(self) -> None:
        self._connection.execute(delete(matched))
