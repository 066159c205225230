"""Finds a record by its full name, or by the first digits of it, as a person types them.

Rules this module upholds:

- The digits must fit only one record, of any member. Our own statements count from their acknowledgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.ids import HASH_SIZE, RecordId
from node.errors import Misuse, NotFound, Refused
from node.tlog.tiles import TILE_WIDTH
from node.usecases.waiting import ALL

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader, LogState

MIN_PREFIX: Final = 8
"""Fewest hex digits of a leaf hash that may name a record."""
_HEX: Final = frozenset("0123456789abcdef")


def resolve(reader: LogReader, text: str, own: Origin) -> RecordId:
    """A record by its id, or by a prefix of its leaf hash; `own` is our log. Raises `Misuse`, `NotFound`, `Refused`."""
    if "#" in text:
        return RecordId.parse(text)
    if len(text) < MIN_PREFIX or len(text) > 2 * HASH_SIZE or not _HEX.issuperset(text):
        raise Misuse(
            "not a record",
            remedy=f"give its id (<origin>#<64 hex digits>) or the first {MIN_PREFIX} digits of its hash",
        )
    found: set[RecordId] = set()
    for log in reader.logs():
        if log.origin.stream == "log":
            found.update(records_with_prefix(reader, log, text))
    found.update(RecordId(own, each.leaf) for each in reader.pending(own, ALL) if each.leaf.hex().startswith(text))
    if not found:
        raise NotFound("no record here begins with these digits", remedy="vigil records lists the records")
    if len(found) > 1:
        raise Refused("several records begin with these digits", remedy="give more of them")
    return found.pop()


def records_with_prefix(reader: LogReader, log: LogState, digits: str) -> list[RecordId]:
    """The records of `log` whose leaf hash begins with these lower-case hex digits. A scan of the leaf tiles."""
    # Whole bytes are compared first; an odd last digit is compared as text.
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
