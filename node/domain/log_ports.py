"""The ports of the store for logs: their entries, disclosures, tiles and notes.

Rules this module upholds:

- Those of `ports`, of whose `Store` these are a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.batch import VerifiedBatch
    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """One log as it stands in the store.

    `number`: small local integer, 1 and up, the `source` of its rows in the index. `size`, `root`: of the entries
    stored (verified progress). `checkpoint`, `checkpoint_size`: the newest verified signed note, of a size at or past
    `size` (own log: what we signed last). `anchor`, `anchor_size`: the earliest verified one that the entries have not
    reached, of a size past `size`. `cosigned`, `cosigned_size`: the newest note that also carries the hub's
    cosignature, of a size at most `size`. b"" and 0 where there is none. `frozen`: why nothing more is accepted
    (a fork), "" where all is well.
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
    """Consecutive entries as stored, as columns (see `node.domain.batch.Package`); `states` a `BodyState` an entry."""

    start: int
    entries: Sequence[bytes]
    nonces: Sequence[bytes]
    bodies: Sequence[bytes]
    handling_nonces: Sequence[bytes]
    handlings: Sequence[bytes]
    states: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEntry:
    """An acknowledged own statement that has no position in the log yet."""

    id: int
    origin: Origin
    entry: bytes
    leaf: bytes
    disclosure: Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an entry that points at another belongs to: the chain of the record that it is about.

    `chain` names the first version of that record, as far as it is known here. `version`: of a correction its own
    number in the chain (1 and up), of anything else the number of the version that it points at (0: the first).
    `counts`: a correction that stands in the chain, a retraction that ended it, a remark whose body may be here.

    `first`, of a correction: the index at which the corrections of its log that lead up to it begin; `filed`, of that
    first one: how many of its log go back to it, itself among them. 0 for everything else.
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
    """A record and its corrections. There is one as soon as an entry points at any version of a record.

    `root`: the first version. `head`: (log, index) of the newest version, None while none is here. `ended`: it was
    retracted. `barred`: the newest version is not for this node to read, so what was said of the record has to go once
    its logs are caught up.
    """

    root: RecordId
    head: tuple[Origin, int] | None
    ended: bool = False
    barred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What was said of the record that begins with `root` is still to be deleted, without the words of `spare`."""

    root: RecordId
    spare: MemberId | None = None


class ChainReader(Protocol):
    """Reads what belongs together, inside one snapshot. Each of these costs what it gives, however long a chain is."""

    def links(self, origin: Origin, start: int, stop: int) -> Mapping[int, Link]:
        """The links of the entries [start, stop) that point at another, by index."""
        ...

    def linked(self, chain: RecordId, kinds: Sequence[int], *, since: int = 0, limit: int | None = None) -> list[Link]:
        """The links of these kinds in a chain that count, of version `since` and up; by version, log and index. The
        first `limit` of them.
        """
        ...

    def remarks(self, chain: RecordId, limit: int, *, spare: MemberId | None = None) -> list[Link]:
        """The opinions and comments in a chain that count, without those of `spare`; `limit` of them, in any order."""
        ...

    def said_before(self, origin: Origin, index: int, target: RecordId, kinds: Sequence[int], limit: int) -> int:
        """How many entries of a log before `index` point at `target` and are of these kinds; counted up to `limit`."""
        ...

    def chain(self, root: RecordId) -> Chain | None: ...

    def roots(self, origin: Origin, leaves: Sequence[bytes]) -> set[bytes]:
        """Those of `leaves` that name a chain of this log."""
        ...

    def awaits(self, origin: Origin) -> bool:
        """Whether a chain of this log has no version here yet."""
        ...

    def barred(self, limit: int) -> list[Chain]:
        """Chains that are `barred`."""
        ...

    def owed(self, limit: int) -> list[Owed]:
        """Deletions that are owed, in any order."""
        ...


class LogReader(ChainReader, Protocol):
    """Reads logs inside one snapshot."""

    def logs(self) -> list[LogState]: ...

    def log(self, origin: Origin) -> LogState | None: ...

    def tile(self, number: int, level: int, index: int) -> bytes:
        """The hashes of a tile that are stored, concatenated; b"" where there is none (`tlog.tiles.TileReader`)."""
        ...

    def run(self, origin: Origin, start: int, stop: int, max_bytes: int, *, framing: int = 0) -> StoredRun:
        """Entries from `start`, at most to `stop`, ending once entries and disclosures, and `framing` bytes for each
        entry, pass `max_bytes` (at least one entry). Bodies held are re-hashed against their commitments by the caller
        where it matters (`fsck`).
        """
        ...

    def held_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """(entry, body) by index, of those entries whose body is held; the others, and those past the log, are left
        out. One read for all of them, wherever in the log they stand.
        """
        ...

    def entry_at(self, origin: Origin, index: int) -> tuple[bytes, int]:
        """(Entry, `BodyState`) without its body, however long that is. Raises `NotFound` where none stands there."""
        ...

    def disclosed_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, Disclosure]]:
        """As `held_at`, with the whole disclosure: (entry, disclosure) by index."""
        ...

    def find(self, origin: Origin, leaves: Sequence[bytes], start: int = 0) -> dict[bytes, int]:
        """Index by leaf hash, for those that stand in the log from `start` on. No secondary index: a scan of the leaf
        tiles. So it is done in a snapshot where it can be, and not while others wait to write.
        """
        ...

    def targeting(self, record: RecordId) -> list[tuple[Origin, int, int]]:
        """(origin, index, kind) of every entry, in any log, that targets `record`, in log order."""
        ...

    def expiring(self, day: int, limit: int) -> list[tuple[Origin, int]]:
        """Bodies, held or missing, whose expiry day lies before `day`, oldest first."""
        ...

    def missing(self, origin: Origin, limit: int, start: int = 0) -> list[int]:
        """Indices from `start` on whose body is MISSING, in order."""
        ...

    def body_counts(self, number: int) -> Mapping[int, int]:
        """Entries by `BodyState`."""
        ...

    def quarantined(self, origin: Origin, start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
        """(index, reason) of entries set aside from index `start` on, before `stop`. Of a log that has more than
        `limits.REASONS_KEPT`, the later ones may be left out: no reason is kept of them.
        """
        ...

    def pending(self, origin: Origin, limit: int) -> list[PendingEntry]:
        """Acknowledged own entries without a position, oldest first."""
        ...

    def count_pending(self, origin: Origin) -> int:
        """How many `pending` gives without a limit."""
        ...

    def find_pending(self, leaf: bytes) -> PendingEntry | None: ...

    def evidence(self, origin: Origin) -> list[bytes]:
        """The signed notes that froze this log, verbatim, in order."""
        ...


class ChainWriter(ChainReader, Protocol):
    """Writes what belongs together. `LogWriter.purge` and `set_aside` take what they empty out of its chain."""

    def put_links(self, links: Sequence[Link]) -> None:
        """New links, one an entry."""
        ...

    def put_chain(self, chain: Chain) -> None:
        """A new chain, or the new state of one that is there."""
        ...

    def put_filed(self, origin: Origin, first: int, filed: int) -> None:
        """How many corrections go back to the one at `first` (`Link.filed`)."""
        ...

    def owe(self, owed: Owed) -> None:
        """Notes a deletion that is still to be made. Noting it again changes nothing."""
        ...

    def pay(self, owed: Owed) -> None:
        """Forgets the note: the deletion is made in this transaction, or noted again."""
        ...

    def drop_links(self, origin: Origin, start: int) -> None:
        """Forgets the links of the entries of a log from `start` on. The chains stay as they are."""
        ...

    def drop_chain(self, root: RecordId) -> None:
        """Forgets a chain without links."""
        ...

    def join_chain(self, root: RecordId, to: RecordId, by: int) -> None:
        """What belongs to the chain `root` belongs to `to` from now on, its versions counted on by `by`; the chain
        `root` is no more.
        """
        ...


class LogWriter(LogReader, ChainWriter, Protocol):
    """Writes logs inside one transaction."""

    def open_log(self, origin: Origin) -> LogState:
        """The log, made empty where there is none."""
        ...

    def append(self, batch: VerifiedBatch) -> None:
        """Entries, disclosures, tiles, targets and the new size and root. Compare-and-swap in the SQL: raises
        `Conflict` (with `have`) unless the log stands at exactly `batch.start`.
        """
        ...

    def set_checkpoint(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the one that is kept changes nothing."""
        ...

    def set_anchor(self, origin: Origin, note: bytes, size: int) -> None:
        """In the transaction of the `append` that came up to the one before; b"" and 0 where every checkpoint is
        reached. Raises `Misuse` for one that is reached.
        """
        ...

    def set_cosigned(self, origin: Origin, note: bytes, size: int) -> None:
        """A note older than the one that is kept changes nothing. Raises `Misuse` for one past the log."""
        ...

    def purge(self, origin: Origin, indices: Sequence[int]) -> int:
        """Deletes body, nonce and handling of these entries (state PURGED); how many had any. `secure_delete` is on;
        the caller ends a purge with `Store.scrub()`. The link of an opinion or comment among them counts no more.
        """
        ...

    def fill(self, origin: Origin, index: int, disclosure: Disclosure) -> None:
        """Gives a MISSING entry its body, which the caller has checked against the commitment."""
        ...

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """State QUARANTINED with a reason; the body is deleted, and the entry's link counts no more."""
        ...

    def freeze(self, origin: Origin, reason: str, evidence: Sequence[bytes]) -> None:
        """Nothing more is accepted into this log; the evidence (signed notes) is kept."""
        ...

    def cut_back(self, origin: Origin, size: int, root: bytes) -> None:
        """Takes the entries from `size` on out of a log of our own that a change of keys has ended there; `root` is
        that of the first `size`. Their bodies are deleted as by `purge`, and notes of larger sizes go with them. The
        caller has stated them again under another key, in this transaction. Raises `Misuse` for a size past the log.
        """
        ...

    def acknowledge(self, pending: Sequence[tuple[Origin, bytes, bytes, Disclosure]]) -> list[int]:
        """Own statements (origin, entry, leaf, disclosure) that are durable once the block ends; ids in order."""
        ...

    def placed(self, ids: Sequence[int]) -> None:
        """These pending entries now stand in the log (same transaction as `append`) and are no longer pending."""
        ...

    def forget_pending(self, leaf: bytes) -> bool:
        """Deletes a pending entry that was retracted before it was ever placed."""
        ...
