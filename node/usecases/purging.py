"""Purging: deleting bodies inside one transaction, with what was said about them.

Rules this module upholds:

- Purging is forgetting: body, nonce and handling go, the entry stays. Callers end a purge with `Store.scrub`.
- What was said of a record goes with the record's newest version, never with an earlier one.
- A purge costs what it deletes: a remark that is gone is not looked at again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.domain.envelope import VERSION, Kind
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.log_ports import Chain, LogReader, LogWriter
from node.tlog.tiles import TILE_WIDTH

REMARKS: Final = (Kind.OPINION, Kind.COMMENT)
"""The kinds that members say about a record without changing it."""


def leaf_at(reader: LogReader, origin: Origin, index: int) -> bytes:
    """The leaf hash (32 bytes) of an entry that stands in the log; b"" where none does."""
    log = reader.log(origin)
    if log is None or not 0 <= index < log.size:
        return b""
    at = index % TILE_WIDTH * HASH_SIZE
    return reader.tile(log.number, 0, index // TILE_WIDTH)[at : at + HASH_SIZE]


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
    """Deletes bodies inside one transaction. `removed`: rows by source, which leave the index once it is durable."""

    writer: LogWriter
    removed: dict[int, list[int]] = field(default_factory=dict)
    purged: int = 0
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
            said: defaultdict[Origin, list[int]] = defaultdict(list)
            for each in self.writer.linked(waiting.pop(), REMARKS):
                if each.origin.member != spare:
                    said[each.origin].append(each.index)
            for origin, indices in said.items():
                self.bodies(origin, indices)
                leaves = [leaf_at(self.writer, origin, index) for index in indices]
                waiting += [RecordId(origin, leaf) for leaf in self.writer.roots(origin, leaves)]

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
