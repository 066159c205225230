"""Purging: deleting bodies inside one transaction, with what was said about them.

Rules this module upholds:

- Purging is forgetting: body, nonce and handling go, the entry stays. Callers end a purge with `Store.scrub`.
- What was said of a record goes with the record's newest version, never with an earlier one.
- A purge costs what it deletes: a remark that is gone is not looked at again.
- One transaction deletes a bounded number of remarks. What is left is noted in it (`Owed`), and deleted by those that
  follow (`Catalogue.change`, and the next start after a crash). Of a record that was retracted the hub shows no remark
  meanwhile (`circle`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.domain.envelope import VERSION, Kind
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.log_ports import Chain, LogReader, LogWriter, Owed
from node.tlog.tiles import TILE_WIDTH

REMARKS: Final = (Kind.OPINION, Kind.COMMENT)
"""The kinds that members say about a record without changing it."""
PURGE_AT_ONCE: Final = 500
"""Remarks that one transaction deletes, at most: some 50 milliseconds, after which other writers get their turn."""


def leaf_at(reader: LogReader, origin: Origin, index: int) -> bytes:
    """The leaf hash (32 bytes) of an entry that stands in the log; b"" where none does."""
    log = reader.log(origin)
    if log is None or not 0 <= index < log.size:
        return b""
    at = index % TILE_WIDTH * HASH_SIZE
    return reader.tile(log.number, 0, index // TILE_WIDTH)[at : at + HASH_SIZE]


def leaves_at(reader: LogReader, origin: Origin, indices: Sequence[int]) -> list[bytes]:
    """The leaf hashes of entries that stand in the log, by index: each tile is read once."""
    log = reader.log(origin)
    if log is None:
        return []
    tiles = {tile: reader.tile(log.number, 0, tile) for tile in sorted({index // TILE_WIDTH for index in indices})}
    places = ((tiles[index // TILE_WIDTH], index % TILE_WIDTH * HASH_SIZE) for index in sorted(indices))
    return [tile[at : at + HASH_SIZE] for tile, at in places]


def kind_of(entry: bytes) -> int:
    """The kind of an entry; 0 for a later version of entry, of which nothing is known."""
    return entry[1] if entry[0] == VERSION else 0


def root_of(reader: LogReader, origin: Origin, index: int, leaf: bytes) -> tuple[RecordId, int]:
    """(First version of the record that this entry is a version of, number of the version): the entry itself and 0,
    where it corrects nothing.
    """
    link = reader.links(origin, index, index + 1).get(index)
    if link is not None and link.kind == Kind.CORRECTION:
        return link.chain, link.version
    return RecordId(origin, leaf), 0


def chain_at(reader: LogReader, origin: Origin, index: int, leaf: bytes) -> Chain:
    """The chain that this entry is a version of; where nothing points at it, a chain of this entry alone."""
    root, _ = root_of(reader, origin, index, leaf)
    return reader.chain(root) or Chain(root=root, head=(origin, index))


def versions(reader: LogReader, chain: Chain) -> Iterator[RecordId]:
    """The names of all versions of a record, the first one first."""
    yield chain.root
    for each in reader.linked(chain.root, [Kind.CORRECTION]):
        yield RecordId(each.origin, leaf_at(reader, each.origin, each.index))


@dataclass(slots=True)
class Purge:
    """Deletes bodies inside one transaction. `removed`: rows by source, which leave the index once it is durable.
    `owes`: whether the caller has to see to it that what was noted is deleted, too. `room`: remarks that it may delete.
    """

    writer: LogWriter
    removed: dict[int, list[int]] = field(default_factory=dict)
    purged: int = 0
    owes: bool = False
    room: int = PURGE_AT_ONCE
    _numbers: dict[Origin, int] = field(default_factory=dict)

    def bodies(self, origin: Origin, indices: Sequence[int]) -> None:
        """These bodies and nothing else."""
        self.purged += self.writer.purge(origin, indices)
        self.removed.setdefault(self._number(origin), []).extend(indices)

    def remarks(self, root: RecordId, *, spare: MemberId | None = None) -> None:
        """What was said of a record, whichever version it was said of, and what was said of that. `spare`: the member
        whose words stay.
        """
        waiting = [root]
        while waiting:
            chain, room = waiting.pop(), self.room
            found = self.writer.remarks(chain, room, spare=spare) if room else []
            said: defaultdict[Origin, list[int]] = defaultdict(list)
            for each in found:
                said[each.origin].append(each.index)
            for origin, indices in said.items():
                self.bodies(origin, indices)
                leaves = leaves_at(self.writer, origin, indices)
                waiting += [RecordId(origin, leaf) for leaf in self.writer.roots(origin, leaves)]
            self.room -= len(found)
            if len(found) == room:
                self.writer.owe(Owed(root=chain, spare=spare))
                self.owes = True

    def pay(self) -> None:
        """Deletes of what is owed as much as there is room for. `owes` says whether that was not all."""
        for each in self.writer.owed(self.room):
            # Noted again where there is no room for all of it. A crash before the end leaves the note as it was.
            self.writer.pay(each)
            self.remarks(each.root, spare=each.spare)
        self.owes = bool(self.writer.owed(1))

    def record(self, origin: Origin, index: int, leaf: bytes) -> None:
        """One entry's body; where it is the newest version of its record, also what was said of the record."""
        chain = chain_at(self.writer, origin, index, leaf)
        self.bodies(origin, [index])
        if chain.head == (origin, index):
            self.remarks(chain.root)

    def end(self, chain: Chain) -> None:
        """The body of a record, of which only the newest version has any, and what was said of the record."""
        if chain.head is not None:
            self.bodies(chain.head[0], [chain.head[1]])
        self.remarks(chain.root)

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """Quarantines an entry that says what it may not say."""
        self.writer.set_aside(origin, index, reason)
        self.removed.setdefault(self._number(origin), []).append(index)

    def _number(self, origin: Origin) -> int:
        if origin not in self._numbers:
            self._numbers[origin] = self.writer.open_log(origin).number
        return self._numbers[origin]
