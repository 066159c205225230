"""What waits to be matched against kept watches. The repositories of holdings and lists note it.

Rules this module upholds:

- Nothing is noted while no watch is kept: then a write of holdings or rows costs one look a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from node.domain.kept_watches import LIVE
from node.store.statements import Repository
from node.store.tables.watches import kept_watches, watched_rows

_IS_WATCHED: Final = select(kept_watches.c.id).where(kept_watches.c.standing.in_(sorted(map(int, LIVE)))).limit(1)
_NOTE: Final = insert(watched_rows).on_conflict_do_nothing()
_EARLIER: Final = (
    select(watched_rows.c.row)
    .where(watched_rows.c.source == bindparam("of"), watched_rows.c.row <= bindparam("at"))
    .limit(1)
)


class WatchedRowWrites(Repository):
    """Notes rows that other members may learn of from this transaction on."""

    _watched: bool | None = None

    def _is_watched(self) -> bool:
        """Whether any watch is kept; looked up once in a transaction."""
        if self._watched is None:
            self._watched = self._connection.scalar(_IS_WATCHED) is not None
        return self._watched

    def _note_watched(self, source: int, rows: Sequence[int]) -> None:
        """These holdings wait."""
        if rows and self._is_watched():
            self._connection.execute(_NOTE, [{"source": source, "row": row} for row in rows])

    def _note_watched_list(self, source: int, after: int) -> None:
        """The rows of a list with ids above `after` wait."""
        if not self._is_watched() or self._connection.scalar(_EARLIER, {"of": source, "at": after}) is not None:
            return
        self._connection.execute(delete(watched_rows).where(watched_rows.c.source == source))
        self._connection.execute(_NOTE, {"source": source, "row": after})
