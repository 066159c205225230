"""A stored log as `node.tlog.tiles` wants to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.ports import LogReader


class LogTiles:
    """`tlog.tiles.TileReader` over one log of a store, inside the snapshot or transaction that `reader` belongs to."""

    def __init__(self, reader: LogReader, number: int) -> None:
        self._reader = reader
        self._number = number

    def read_tile(self, level: int, index: int, /) -> bytes:
        """See `TileReader`."""
        return self._reader.tile(self._number, level, index)
