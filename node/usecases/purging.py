"""Purging: deletes bodies inside one transaction, with the remarks about them.

Rules this module upholds:

- Purging deletes body, nonce and handling; the entry stays. Callers end a purge with `Database.scrub`.
- Remarks on a record go with the record's newest version, never with an earlier one.
- The cost of a purge depends on what it deletes: a deleted remark is not read again.
- One transaction deletes a bounded number of remarks. The rest is noted in it (`Owed`), and later transactions delete
  it (`Catalogue.change`, and the next start after a crash). Meanwhile the hub shows no remark on a retracted record
  (`circle`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.domain.envelope import REPLACING, VERSION, Kind
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.log_ports import Chain, Link, LogReader, LogWriter, Owed
from node.domain.mentions import BINDING, ENDING, Mention
from node.tlog.tiles import TILE_WIDTH

REMARKS: Final = (Kind.OPINION, Kind.COMMENT)
"""The kinds that members say about a record without changing it."""
PURGE_AT_ONCE: Final = 500
"""Most remarks that one transaction deletes: some 50 milliseconds, after which other writers get their turn."""


def leaf_at(reader: LogReader, origin: Origin, index: int) -> bytes:
    """The leaf hash (32 bytes) of an entry in the log; b"" if there is none."""
    log = reader.log(origin)
    if log is None or not 0 <= index < log.size:
        return b""
    at = index % TILE_WIDTH * HASH_SIZE
    return reader.tile(log.number, 0, index // TILE_WIDTH)[at : at + HASH_SIZE]


def leaves_at(reader: LogReader, origin: Origin, indices: Sequence[int]) -> list[bytes]:
    """The leaf hashes of entries in the log, by index: each tile is read once."""
    log = reader.log(origin)
    if log is None:
        return []
    tiles = {tile: reader.tile(log.number, 0, tile) for tile in sorted({index // TILE_WIDTH for index in indices})}
    places = ((tiles[index // TILE_WIDTH], index % TILE_WIDTH * HASH_SIZE) for index in sorted(indices))
    return [tile[at : at + HASH_SIZE] for tile, at in places]


def kind_of(entry: bytes) -> int:
    """The kind of an entry; 0 for an entry of a later version, whose kind is unknown."""
    return entry[1] if entry[0] == VERSION else 0


def root_of(reader: LogReader, origin: Origin, index: int, leaf: bytes) -> tuple[RecordId, int]:
    """(First version of the record that this entry is a version of, number of the version): the entry itself and 0 if
    it corrects nothing.
    """
    link = reader.links(origin, index, index + 1).get(index)
    if link is not None and link.kind in REPLACING:
        return link.chain, link.version
    return RecordId(origin, leaf), 0


def chain_at(reader: LogReader, origin: Origin, index: int, leaf: bytes) -> Chain:
    """The chain that this entry is a version of; if nothing points at it, a chain of this entry alone."""
    root, _ = root_of(reader, origin, index, leaf)
    return reader.chain(root) or Chain(root=root, head=(origin, index))


def versions(reader: LogReader, chain: Chain) -> Iterator[RecordId]:
    """The names of all versions of a record, the first one first."""
    yield chain.root
    for each in reader.linked(chain.root, REPLACING):
        yield RecordId(each.origin, leaf_at(reader, each.origin, each.index))


@dataclass(slots=True)
class Purge:
    """Deletes bodies inside one transaction. `removed`: rows by source, which leave the index once it is durable.
    `owes`: whether the caller must have the noted deletions done as well. `room`: remarks that it may still delete.
    """

    writer: LogWriter
    removed: dict[int, list[int]] = field(default_factory=dict)
    purged: int = 0
    owes: bool = False
    room: int = PURGE_AT_ONCE
    _numbers: dict[Origin, int] = field(default_factory=dict)

    def bodies(self, origin: Origin, indices: Sequence[int]) -> None:
        """Only these bodies."""
        self.purged += self.writer.purge(origin, indices)
        self.removed.setdefault(self._number(origin), []).extend(indices)

    def remarks(self, root: RecordId, *, spare: MemberId | None = None) -> None:
        """Remarks on any version of a record, links of it, and remarks on those. `spare`: the member whose remarks and
        links stay.
        """
        waiting = [root]
        while waiting:
            chain, room = waiting.pop(), self.room
            found: list[Link | Mention] = list(self.writer.remarks(chain, room, spare=spare)) if room else []
            found += self._ending_with(chain, room - len(found), spare)
            waiting += self._empty(found)
            self.room -= len(found)
            if len(found) == room:
                self.writer.owe(Owed(root=chain, spare=spare))
                self.owes = True

    def _ending_with(self, root: RecordId, limit: int, spare: MemberId | None) -> list[Mention]:
        """What loses its body with a record. A link of a link, or of a remark, ends with nothing but itself."""
        chain = self.writer.chain(root)
        if chain is None or chain.head is None:
            return []
        kind = kind_of(self.writer.entry_at(*chain.head)[0])
        # With a member to spare: only this node may not read the record any more, and what binds its readers goes.
        roles = [role for role, kinds in ENDING.items() if kind in kinds and (spare is None or role in BINDING)]
        return self.writer.mentioning(root, roles, limit=limit, spare=spare) if roles else []

    def pay(self) -> None:
        """Does the noted deletions, as far as there is room. `owes` says whether some are left."""
        for each in self.writer.owed(self.room):
            # Noted again if there is no room for all of it. A crash before the end leaves the note unchanged.
            self.writer.pay(each)
            self.remarks(each.root, spare=each.spare)
        self.owes = bool(self.writer.owed(1))

    def record(self, origin: Origin, index: int, leaf: bytes) -> None:
        """One entry's body; if it is the newest version of its record, also the remarks on the record."""
        chain = chain_at(self.writer, origin, index, leaf)
        self.bodies(origin, [index])
        if chain.head == (origin, index):
            self.remarks(chain.root)

    def ended(self, links: Iterable[Link | Mention]) -> None:
        """The bodies of these entries, and what was said about them. As `record` for newest versions, with few
        statements for all.
        """
        for root in self._empty(links):
            self.remarks(root)

    def _empty(self, entries: Iterable[Link | Mention]) -> list[RecordId]:
        """Deletes the bodies of these entries; their chains, as far as anything points at them."""
        kinds: defaultdict[Origin, dict[int, int]] = defaultdict(dict)
        for each in entries:
            kinds[each.origin][each.index] = each.kind
        roots: list[RecordId] = []
        for origin, kind in kinds.items():
            self.bodies(origin, list(kind))
            leaves = leaves_at(self.writer, origin, list(kind))
            roots += [RecordId(origin, leaf) for leaf in self.writer.roots(origin, leaves)]
            # What was said about a revised link is filed under its first version.
            revised = (at for at, each in kind.items() if each == Kind.REVISION)
            links = (self.writer.links(origin, at, at + 1).get(at) for at in revised)
            roots += [link.chain for link in links if link is not None]
        return roots

    def end(self, chain: Chain) -> None:
        """The body of a record (only the newest version has one), and the remarks on the record."""
        if chain.head is not None:
            self.bodies(chain.head[0], [chain.head[1]])
        self.remarks(chain.root)

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """Quarantines an entry with content that it may not have."""
        self.writer.set_aside(origin, index, reason)
        self.removed.setdefault(self._number(origin), []).append(index)

    def _number(self, origin: Origin) -> int:
        if origin not in self._numbers:
            self._numbers[origin] = self.writer.open_log(origin).number
        return self._numbers[origin]
