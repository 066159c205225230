"""Finding a record by the first digits of its name, as a person types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.ids import HASH_SIZE, RecordId
from node.tlog.tiles import TILE_WIDTH

if TYPE_CHECKING:
    from node.domain.log_ports import LogReader, LogState


def records_with_prefix(reader: LogReader, log: LogState, digits: str) -> list[RecordId]:
    """The records of `log` whose leaf hash begins with these lower-case hex digits. A scan of the leaf tiles."""
    # Whole bytes are compared first: an odd last digit is left to the text.
    start = bytes.fromhex(digits[: len(digits) // 2 * 2])
    found = []
    for index in range(-(-log.size // TILE_WIDTH)):
        tile = reader.tile(log.number, 0, index)
        at = tile.find(start)
        while at >= 0:
            leaf = tile[at - at % HASH_SIZE :][:HASH_SIZE]
            if at % HASH_SIZE == 0 and leaf.hex().startswith(digits):
                found.append(RecordId(log.origin, leaf))
            at = tile.find(start, at + 1)
    return found
