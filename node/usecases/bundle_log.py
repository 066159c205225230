"""One log of a bundle, read into this node.

Rules this module upholds:

- A run is stored by the same code that stores the runs of the hub's stream (`Copying`): the same signatures, limits,
  effects and transactions. The source of a file is trusted as little as the hub.
- Entries that are here already are compared by their tree. Another history under a valid checkpoint is a fork: the log
  is frozen with both checkpoints as evidence.
- A body of an entry that came without it before is stored now (`late_bodies`). What a file does not disclose may be for
  us all the same: these entries are noted, and the hub is asked for their bodies once there is a line (`from_files`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.batch import RUN_BYTES, BodyState
from node.domain.envelope import Disclosure
from node.errors import BadProof, Damaged, Fork, Malformed, PeerFault
from node.tlog.merkle import EMPTY_ROOT, leaf_hashes, verify_consistency
from node.usecases.applying_runs import freeze
from node.usecases.bundle_choice import RECORDS
from node.usecases.checkpoint_trust import compare, fork, verify_note
from node.usecases.from_files import note_entries
from node.usecases.late_bodies import ABSENT, AT_ONCE, fill_late

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.batch import Package
    from node.domain.ids import Origin
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.stores import LogStore
    from node.tlog.checkpoint import Checkpoint
    from node.tlog.merkle import CompactRange
    from node.usecases.allowance import Pause
    from node.usecases.bundle_format import LogHead
    from node.usecases.log_catalogue import LogCatalogue
    from node.usecases.replica import Verified

GROUP_BYTES: Final = 4 << 20
"""Bytes of packages that are stored together."""


class Copying(Protocol):
    """The copies of the logs here (`sync.copies.Copies`), of one reading. Blocking, for one thread at a time."""

    stopped: dict[Origin, str]
    paused: dict[Origin, Pause]

    def open(self) -> object:
        """Forgets what was not stored."""
        ...

    def verify(self, packages: Sequence[Package]) -> list[Verified]:
        """The packages that may be stored. A fault with a log is in `stopped` or `paused`."""
        ...

    def commit(self, group: Sequence[Verified]) -> None:
        """Stores them."""
        ...


class Standing(StrEnum):
    """How a log of a bundle ended."""

    READ = "read"
    """Entries were stored, up to the size of the bundle."""
    KNOWN = "known"
    """Every entry was here."""
    OWN = "own"
    """It is this node's own log, which is never read from a file."""
    GAP = "gap"
    """The bundle begins after what is here."""
    PAUSED = "paused"
    """The policy's limit on what a member may send is reached."""
    STOPPED = "stopped"
    FROZEN = "frozen"
    """Its member has signed two histories: now or before."""

    @property
    def is_complete(self) -> bool:
        """Whether this node has everything that the bundle says of the log."""
        return self in {Standing.READ, Standing.KNOWN, Standing.OWN}


@dataclass(slots=True, kw_only=True)
class LogResult:
    """What a bundle changed of one log. `before`, `after`: its size here. `records`: stored with their body; `missing`:
    new records that are open to all and came without it; `closed`: new records for other members; `late`: bodies stored
    of entries that were here before.
    """

    origin: Origin
    before: int
    after: int
    standing: Standing = Standing.KNOWN
    why: str = ""
    records: int = 0
    missing: int = 0
    closed: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The node that reads. `roster`: the one in force for records in files (`Members.signed`)."""

    store: LogStore
    catalogue: LogCatalogue
    codec: Codec
    roster: Callable[[], Roster]
    own: Origin
    copies: Copying
    decode: Callable[[bytes], Package]


class LogReading:
    """The runs of one log. `result`: what came of it so far."""

    def __init__(self, reader: Reader, head: LogHead) -> None:
        self._reader = reader
        self._head = head
        with reader.store.read() as tx:
            self._here = tx.log(head.origin)
        size = self._here.size if self._here else 0
        self.result = LogResult(origin=head.origin, before=size, after=size)
        self._at = head.start
        self._tree: CompactRange = head.tree()
        self._joined = self._noted = False
        self._signed: bytes | None = None
        self._checkpoint: Checkpoint | None = None
        self._group: list[Verified] = []
        self._bytes = 0
        self._over = False
        if head.origin == reader.own:
            self._end(Standing.OWN)
        elif self._here is not None and self._here.frozen:
            self._end(Standing.FROZEN, self._here.frozen)
        elif head.start > size:
            self._end(Standing.GAP, f"it begins after entry {head.start:,}, and this node has {size:,}")

    def _end(self, standing: Standing, why: str = "") -> None:
        self.result.standing, self.result.why = standing, why
        self._over = True

    def take(self, package: Package) -> None:
        """The next run. Raises `Malformed` if it is not the next one, `StoreError`."""
        if package.origin != self._head.origin or package.start != self._at or not package.entries:
            raise Malformed("a bundle has a run of a log that does not continue it")
        self._at = package.end
        if self._over:
            return
        try:
            self._take(package)
        except Fork as found:
            freeze(self._reader.store, self._head.origin, found)
            self._end(Standing.FROZEN, str(found))
        except (PeerFault, Damaged) as fault:
            self._end(Standing.STOPPED, str(fault))

    def _take(self, package: Package) -> None:
        self._check_note(package)
        size = self.result.before
        if package.start < size:
            self._fill(package, size)
        if not self._joined:
            self._join(package, size)
        if self._joined and package.end > size:
            self._note()
            self._store(_from(package, size))

    def _check_note(self, package: Package) -> None:
        """One checkpoint vouches for all runs. Compares it with what is here. Raises `Fork`."""
        if self._signed is None:
            origin = self._head.origin
            self._checkpoint, _ = verify_note(self._reader.roster(), origin, package.checkpoint, cosigned=True)
            self._signed = package.checkpoint
            if self._here is not None:
                with self._reader.store.read() as tx:
                    compare(tx, self._here, self._checkpoint, self._signed)
        if package.checkpoint != self._signed:
            raise Malformed("a bundle has two checkpoints of one log")

    def _join(self, package: Package, size: int) -> None:
        """Follows the tree of the file to the size of ours, and compares the two."""
        leaves = leaf_hashes(package.entries)
        if package.end < size:
            self._tree = self._tree.append_many(leaves)
            return
        at = self._tree.append_many(leaves[: size - package.start])
        if at.root() == (self._here.root if self._here is not None else EMPTY_ROOT):
            self._joined = True
            return
        # Another history. It counts only if the checkpoint vouches for it; otherwise somebody changed the file.
        whole, offered = at.append_many(leaves[size - package.start :]), self._checkpoint
        if offered is None or self._here is None:
            raise BadProof("the file does not begin with the entries that it says it has")
        verify_consistency(package.end, offered.size, whole.root(), offered.root, package.proof)
        raise fork(self._head.origin, self._here.checkpoint or self._here.cosigned, package.checkpoint)

    def _note(self) -> None:
        """Before the first entry is stored: these entries come from a file. A crash right after it notes too many."""
        if self._checkpoint is not None and not self._noted:
            note_entries(self._reader.store, self._head.origin, self.result.before, self._checkpoint.size)
            self._noted = True

    def _store(self, package: Package) -> None:
        copies, origin = self._reader.copies, self._head.origin
        good = copies.verify([package])
        self._group += good
        self._bytes += sum(map(len, (*package.entries, *package.bodies)))
        if self._bytes >= GROUP_BYTES or not good:
            self._commit()
        if origin in copies.paused:
            self._end(Standing.PAUSED, copies.paused[origin].words(origin.member))
        elif origin in copies.stopped:
            with self._reader.store.read() as tx:
                log = tx.log(origin)
            frozen = log is not None and bool(log.frozen)
            self._end(Standing.FROZEN if frozen else Standing.STOPPED, copies.stopped[origin])

    def _commit(self) -> None:
        group, self._group, self._bytes = self._group, [], 0
        if not group:
            return
        # A crash before this ends leaves the log at a smaller size, from which the same bundle continues.
        self._reader.copies.commit(group)
        with self._reader.store.read() as tx:
            log = tx.log(self._head.origin)
        self.result.after = log.size if log is not None else self.result.before
        for each in group:
            if each.batch.size <= self.result.after:
                records = [s for k, s in zip(each.batch.kinds, each.batch.states, strict=True) if k in RECORDS]
                self.result.records += records.count(BodyState.HELD)
                self.result.missing += records.count(BodyState.MISSING)
                self.result.closed += records.count(BodyState.NOT_FOR_US)
        if self.result.after > self.result.before and not self._over:
            self.result.standing = Standing.READ

    def _fill(self, package: Package, size: int) -> None:
        """Stores bodies that are not here, of entries that are here."""
        given = {
            package.start + at: _disclosed(package, at)
            for at, nonce in enumerate(package.nonces[: size - package.start])
            if nonce
        }
        absent = self._absent(package.start, min(package.end, size)) & given.keys() if given else set[int]()
        member, codec, origin = self._reader.own.member, self._reader.codec, self._head.origin
        places = sorted(absent)
        for first in range(0, len(places), AT_ONCE):
            late = {at: given[at] for at in places[first : first + AT_ONCE]}
            with self._reader.catalogue.change() as change:
                self.result.late += fill_late(change, origin, late, reader=member, codec=codec)

    def _absent(self, start: int, stop: int) -> set[int]:
        """The entries in [start, stop) whose body may come late."""
        found: set[int] = set()
        with self._reader.store.read() as tx:
            here = self._here
            if here is None or not any(tx.body_counts(here.number).get(state, 0) for state in ABSENT):
                return found
            while start < stop:
                run = tx.run(self._head.origin, start, stop, RUN_BYTES)
                found.update(start + at for at, state in enumerate(run.states) if state in ABSENT)
                start += len(run.entries)
        return found

    def finish(self) -> None:
        """Stores what waits."""
        self._commit()
        stopped = self._reader.copies.stopped.get(self._head.origin)
        if stopped is not None and not self._over:
            self._end(Standing.STOPPED, stopped)


def _from(package: Package, size: int) -> Package:
    """The package without the entries before `size`."""
    cut = max(0, size - package.start)
    if not cut:
        return package
    return replace(
        package,
        start=size,
        entries=package.entries[cut:],
        nonces=package.nonces[cut:],
        bodies=package.bodies[cut:],
        handling_nonces=package.handling_nonces[cut:],
        handlings=package.handlings[cut:],
    )


def _disclosed(package: Package, at: int) -> Disclosure:
    return Disclosure(
        nonce=package.nonces[at],
        body=package.bodies[at],
        handling_nonce=package.handling_nonces[at],
        handling=package.handlings[at],
    )
