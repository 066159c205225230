"""Cuts off the end of a log: our own entries that no key can vouch for any more, after they were stated again
elsewhere.

Rules this module upholds:

- Hidden content of the entries is overwritten in place, as by a purge, before the references to it are removed.
- The rest is a log as if the entries had never come: runs, tiles, targets, counts and notes.
- A row of `entries` is not deleted (`schema`): the slots stay, blank, and nothing refers to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select, update

from node.domain.batch import BodyState
from node.domain.ids import HASH_SIZE
from node.errors import Misuse
from node.store.late import LateBodies
from node.store.tables.logs import runs, targets, tiles
from node.tlog.tiles import TILE_WIDTH

if TYPE_CHECKING:
    from node.domain.ids import Origin

_SHORTEN_TILE: Final = (
    update(tiles)
    .where(
        tiles.c.log_no == bindparam("log"), tiles.c.level == bindparam("at_level"), tiles.c.idx == bindparam("at_index")
    )
    .values(data=bindparam("shorter"))
)


class LogCuts(LateBodies):
    """`LogWriter`, extended by cutting off the end of a log."""

    def cut_back(self, origin: Origin, size: int, root: bytes) -> None:
        """See `LogWriter`."""
        state = self._require(origin)
        if not 0 <= size <= state.size:
            raise Misuse("a log is cut back to a size that it has")
        gone = state.size - size
        if gone:
            self._empty(state, range(size, state.size), BodyState.PURGED)
            self._count(state, {BodyState.PURGED: -gone})
            self._shorten_runs(state.number, size)
            self._shorten_tiles(state.number, size)
            late = (targets.c.log_no == state.number, targets.c.idx >= size)
            self._connection.execute(delete(targets).where(*late))
            self._cut_mentions(state.number, size)
        cosigned, cosigned_size = (state.cosigned, state.cosigned_size) if state.cosigned_size <= size else (b"", 0)
        signed, signed_size = (state.checkpoint, state.checkpoint_size)
        if signed_size > size:
            signed, signed_size = cosigned, cosigned_size
        self._update(
            state,
            size=size,
            root=root,
            checkpoint=signed,
            checkpoint_size=signed_size,
            anchor=b"",
            anchor_size=0,
            cosigned=cosigned,
            cosigned_size=cosigned_size,
        )

    def _shorten_runs(self, number: int, size: int) -> None:
        here = runs.c.log_no == number
        self._connection.execute(delete(runs).where(here, runs.c.start >= size))
        self._connection.execute(
            update(runs).where(here, runs.c.start + runs.c.count > size).values(count=size - runs.c.start)
        )

    def _shorten_tiles(self, number: int, size: int) -> None:
        """At each level, the hashes of full tiles below stay, and those of the remaining entries."""
        levels = self._connection.scalars(select(tiles.c.level).where(tiles.c.log_no == number).distinct())
        for level in sorted(levels):
            index, kept = divmod(size // TILE_WIDTH**level, TILE_WIDTH)
            first_gone = index if kept == 0 else index + 1
            self._connection.execute(
                delete(tiles).where(tiles.c.log_no == number, tiles.c.level == level, tiles.c.idx >= first_gone)
            )
            if kept:
                shorter = self.tile(number, level, index)[: kept * HASH_SIZE]
                where = {"log": number, "at_level": level, "at_index": index}
                self._connection.execute(_SHORTEN_TILE, {**where, "shorter": shorter})
