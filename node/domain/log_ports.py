"""The ports of the store for logs: their entries, disclosures, tiles and notes.

Rules this module upholds:

- They are part of every database (`node.domain.stores`), and its rules apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.domain.mentions import MentionReader, MentionWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.batch import VerifiedBatch
    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The state of one log in the store.

    `number`: small local integer, 1 and up, the `source` of its rows in the index. `size`, `root`: of the stored
    entries (verified progress). `checkpoint`, `checkpoint_size`: the newest verified signed note, for a size at or
    after `size` (own log: the last one that we signed). `anchor`, `anchor_size`: the earliest verified one that the
    entries have not reached, for a size after `size`. `cosigned`, `cosigned_size`: the newest note that also has the
    hub's cosignature, for a size at most `size`. b"" and 0 if there is none. `frozen`: why nothing more is accepted (a
    fork), "" in normal operation.
    """

    number: int
    origin: Origin
    size: int
    root: bytes
    checkpoint: bytes = b""
    checkpoint_size: int = 0
    anchor: bytes = b""
    anchor_size: int = 0
    cosigned: bytes = b""
    cosigned_size: int = 0
    frozen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """Consecutive stored entries, as columns (see `node.domain.batch.Package`); `states`: one `BodyState` per entry."""

    start: int
    entries: Sequence[bytes]
    nonces: Sequence[bytes]
    bodies: Sequence[bytes]
    handling_nonces: Sequence[bytes]
    handlings: Sequence[bytes]
    states: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEntry:
    """An acknowledged own statement without a position in the log yet."""

    id: int
    origin: Origin
    entry: bytes
    leaf: bytes
    disclosure: Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where an entry that points at another belongs: the chain of its record.

    `chain` names the first version of that record, as far as it is known here. `version`: for a correction its own
    number in the chain (1 and up), for anything else the number of the version that it points at (0: the first).
    `counts`: a correction in the chain, a retraction that ended it, a remark whose body may be here.

    `first`, for a correction: the index where the corrections of its log that lead to it begin; `filed`, for that first
    one: how many of its log go back to it, including itself. 0 for everything else.
    """

    origin: Origin
    index: int
    kind: int
    chain: RecordId
    version: int
    counts: bool = True
    first: int = 0
    filed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A record and its corrections. It exists as soon as an entry points at any version of a record.

    `root`: the first version. `head`: (log, index) of the newest version, None while none is here. `ended`: it was
    retracted. `barred`: this node may not read the newest version, so remarks on the record must go once its logs are
    caught up.
    """

    root: RecordId
    head: tuple[Origin, int] | None
    ended: bool = False
    barred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Remarks on the record that begins with `root` are still to be deleted, except those of `spare`."""

    root: RecordId
    spare: MemberId | None = None


class ChainReader(Protocol):
    """Reads chains inside one snapshot. The cost of each call depends on its result, not on the length of a chain."""

    def links(self, origin: Origin, start: int, stop: int) -> Mapping[int, Link]:
        """The links of the entries in [start, stop) that point at another, by index."""
        ...

    def links_at(self, origin: Origin, indices: Collection[int]) -> Mapping[int, Link]:
        """The links of these entries, by index; entries that point at nothing are left out."""
        ...

    def linked_in(self, chains: Collection[RecordId], kinds: Collection[int]) -> list[Link]:
        """The links of these kinds in any of the chains that count, in any order: `linked` for many chains."""
        ...

    def linked(
        self, chain: RecordId, kinds: Collection[int], *, since: int = 0, limit: int | None = None
    ) -> list[Link]:
        """The links of these kinds in a chain that count, of version `since` and up; ordered by version, log and index.
        The first `limit` of them.
        """
        ...

    def remarks(self, chain: RecordId, limit: int, *, spare: MemberId | None = None) -> list[Link]:
        """The opinions and comments in a chain that count, except those of `spare`; `limit` of them, in any order."""
        ...

    def said_before(self, origin: Origin, index: int, target: RecordId, kinds: Sequence[int], limit: int) -> int:
        """How many entries of a log before `index` point at `target` and are of these kinds; counted up to `limit`."""
        ...

    def chain(self, root: RecordId) -> Chain | None: ...

    def chains(self, roots: Collection[RecordId]) -> Mapping[RecordId, Chain]:
        """`chain` for many records; those without a chain are left out."""
        ...

    def sound(self, roots: Collection[RecordId]) -> set[RecordId]:
        """Those of these records that have a chain, were not retracted, and whose newest version has its body here."""
        ...

    def roots(self, origin: Origin, leaves: Collection[bytes]) -> set[bytes]:
        """The `leaves` that name a chain of this log."""
        ...

    def awaits(self, origin: Origin) -> bool:
        """Whether a chain of this log has no version here yet."""
        ...

    def barred(self, limit: int) -> list[Chain]:
        """Chains that are `barred`."""
        ...

    def owed(self, limit: int) -> list[Owed]:
        """Pending deletions, in any order."""
        ...


class LogReader(ChainReader, MentionReader, Protocol):
    """Reads logs inside one snapshot."""

    def logs(self) -> list[LogState]: ...

    def log(self, origin: Origin) -> LogState | None: ...

    def tile(self, number: int, level: int, index: int) -> bytes:
        """The stored hashes of a tile, concatenated; b"" if there are none (`tlog.tiles.TileReader`)."""
        ...

    def run(self, origin: Origin, start: int, stop: int, max_bytes: int, *, framing: int = 0) -> StoredRun:
        """Entries from `start`, at most to `stop`. The run ends once entries, disclosures and `framing` bytes per entry
        exceed `max_bytes` (at least one entry). If it matters (`fsck`), the caller hashes stored bodies against their
        commitments.
        """
        ...

    def held_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """(entry, body) by index, for entries with a stored body; others, and indices past the log, are left out. One
        read for all of them, wherever in the log they are.
        """
        ...

    def entry_at(self, origin: Origin, index: int) -> tuple[bytes, int]:
        """(Entry, `BodyState`) without its body, however long that is. Raises `NotFound` if there is no such entry."""
        ...

    def disclosed_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, Disclosure]]:
        """As `held_at`, with the whole disclosure: (entry, disclosure) by index."""
        ...

    def entries_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, int]]:
        """As `entry_at` for many: (entry, `BodyState`) by index, in one read. Indices past the log are left out."""
        ...

    def find(self, origin: Origin, leaves: Sequence[bytes], start: int = 0) -> dict[bytes, int]:
        """Index by leaf hash, for leaves in the log from `start` on. There is no secondary index: this scans the leaf
        tiles. So use a snapshot if possible, not a transaction that delays writers.
        """
        ...

    def targeting(self, record: RecordId) -> list[tuple[Origin, int, int]]:
        """(origin, index, kind) of every entry, in any log, that targets `record`, in log order."""
        ...

    def expiring(self, day: int, limit: int) -> list[tuple[Origin, int]]:
        """Bodies, held or missing, whose expiry day is before `day`, oldest first."""
        ...

    def missing(self, origin: Origin, limit: int, start: int = 0) -> list[int]:
        """Indices from `start` on whose body is MISSING, in order."""
        ...

    def body_counts(self, number: int) -> Mapping[int, int]:
        """Entries by `BodyState`."""
        ...

    def quarantined(self, origin: Origin, start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
        """(index, reason) of entries set aside from index `start` on, before `stop`. If a log has more than
        `limits.REASONS_KEPT`, later ones may be left out: their reasons are not stored.
        """
        ...

    def pending(self, origin: Origin, limit: int) -> list[PendingEntry]:
        """Acknowledged own entries without a position, oldest first."""
        ...

    def count_pending(self, origin: Origin) -> int:
        """How many entries `pending` returns without a limit."""
        ...

    def find_pending(self, leaf: bytes) -> PendingEntry | None: ...

    def evidence(self, origin: Origin) -> list[bytes]:
        """The signed notes that froze this log, verbatim, in order."""
        ...


class ChainWriter(ChainReader, Protocol):
    """Writes chains. `LogWriter.purge` and `set_aside` remove emptied entries from their chains."""

    def put_links(self, links: Sequence[Link]) -> None:
        """New links, one an entry."""
        ...

    def put_chain(self, chain: Chain) -> None:
        """A new chain, or the new state of an existing one."""
        ...

    def add_chains(self, new: Sequence[Chain]) -> None:
        """Chains that do not exist yet, each root once."""
        ...

    def put_filed(self, origin: Origin, first: int, filed: int) -> None:
        """How many corrections go back to the one at `first` (`Link.filed`)."""
        ...

    def owe(self, owed: Owed) -> None:
        """Notes a deletion to be made. Noting it again changes nothing."""
        ...

    def pay(self, owed: Owed) -> None:
        """Removes the note: the deletion is made in this transaction, or noted again."""
        ...

    def drop_links(self, origin: Origin, start: int) -> None:
        """Removes the links of the entries of a log from `start` on. The chains stay unchanged."""
        ...

    def drop_chain(self, root: RecordId) -> None:
        """Removes a chain without links."""
        ...

    def join_chain(self, root: RecordId, to: RecordId, by: int) -> None:
        """Entries of the chain `root` belong to `to` from now on, with `by` added to their versions. What mentions it
        mentions `to`. The chain `root` is removed.
        """
        ...


class LogWriter(LogReader, ChainWriter, MentionWriter, Protocol):
    """Writes logs inside one transaction."""

    def open_log(self, origin: Origin) -> LogState:
        """The log, created empty if it does not exist."""
        ...

    def append(self, batch: VerifiedBatch) -> None:
        """Stores entries, disclosures, tiles, targets and the new size and root. Compare-and-swap in the SQL: raises
        `Conflict` (with `have`) unless the log is at exactly `batch.start`.
        """
        ...

    def set_checkpoint(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the stored one changes nothing."""
        ...

    def set_anchor(self, origin: Origin, note: bytes, size: int) -> None:
        """Call it in the transaction of the `append` that reached the previous one; b"" and 0 if every checkpoint is
        reached. Raises `Misuse` for one that is already reached.
        """
        ...

    def set_cosigned(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the stored one changes nothing. Raises `Misuse` for one past the log."""
        ...

    def purge(self, origin: Origin, indices: Sequence[int]) -> int:
        """Deletes body, nonce, handling and mentions of these entries (state PURGED); returns how many had any.
        `secure_delete` is on; the caller ends a purge with `Database.scrub()`. The link of an opinion or comment among
        them stops counting.
        """
        ...

    def fill(self, origin: Origin, late: Mapping[int, Disclosure]) -> None:
        """Stores the bodies of MISSING entries, by index; the caller has checked them against the commitments. Raises
        `Misuse` for an entry in another state: then none is stored.
        """
        ...

    def expect(self, origin: Origin, days: Mapping[int, int]) -> None:
        """The bodies of entries that were taken for not for us are MISSING: they turned out to be for us. `days`: index
        -> expiry day of its envelope, 0 for none. Raises `Misuse` for an entry in another state: then none is changed.
        """
        ...

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """State QUARANTINED with a reason. The body and its mentions are deleted, and the entry's link stops
        counting.
        """
        ...

    def freeze(self, origin: Origin, reason: str, evidence: Sequence[bytes]) -> None:
        """This log accepts nothing more; the evidence (signed notes) is stored."""
        ...

    def cut_back(self, origin: Origin, size: int, root: bytes) -> None:
        """Removes the entries from `size` on from a log of our own that a change of keys has ended there; `root` is
        that of the first `size`. Their bodies are deleted as by `purge`, and notes of larger sizes too. The caller has
        stated them again under another key, in this transaction. Raises `Misuse` for a size past the log.
        """
        ...

    def acknowledge(self, pending: Sequence[tuple[Origin, bytes, bytes, Disclosure]]) -> list[int]:
        """Own statements (origin, entry, leaf, disclosure) that are durable once the block ends; ids in order."""
        ...

    def placed(self, ids: Sequence[int]) -> None:
        """These pending entries are now in the log (same transaction as `append`) and no longer pending."""
        ...

    def forget_pending(self, leaf: bytes) -> bool:
        """Deletes a pending entry that was retracted before it was placed."""
        ...
