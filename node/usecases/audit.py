"""The audit log: who searched for what, when, and on which legal basis. Its bodies can be deleted.

Rules this module upholds:

- It is a log of its own, origin `<federation>/<member>/audit/1`, built like the records' log and never published.
- The leaf commits to the entry under a nonce. The body can be purged, and the log stays verifiable. So storing the
  whole query never leaves a hash that cannot be deleted.
- `append` returns only when the entry is durable. Entries that arrive together share one commit.
- The audit comes first: an act that cannot be recorded is not done.
- Signed messages are stored as their exact bytes, after the JSON that describes them, without further cost.
- Every entry names the officer for whom it is written (`acting`), if there is one; commands do not do this themselves.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Envelope, Kind, commit, commit_handling, encode
from node.domain.ids import NONCE_SIZE, Origin
from node.errors import Unavailable
from node.tlog import merkle, tiles
from node.tlog.merkle import CompactRange
from node.usecases.acting import stated
from node.usecases.checkpoint_trust import LogTiles
from node.usecases.quotas import merged
from node.usecases.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import RecordId
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock
    from node.domain.stores import LogStore, LogStoreWriter
    from node.domain.usage import Charge


RETENTION_DAYS: Final = 5 * 366
"""Days for which an audit body is stored. The entry itself stays for ever."""
_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_ATTACHED: Final = "attached"
GROUP: Final = 512
"""Most entries that share one commit."""
GATHER_SECONDS: Final = 0.004
"""Least seconds between two commits; also at least as long as the last commit took. Entries that come meanwhile share
the next commit, so under load at most half of the time goes into commits. A single entry never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`attached`: bytes that are stored unchanged, by name. `charges`: what a member is charged for it, in the ledger.
    `target`: the entry of this log that it belongs to (`usecases.acts`).
    """

    kind: Kind
    body: dict[str, Any]
    attached: Mapping[str, bytes] = field(default_factory=dict)
    charges: Sequence[Charge] = ()
    target: RecordId | None = None


def pack_body(body: dict[str, Any], attached: Mapping[str, bytes]) -> bytes:
    """JSON on one line, followed by the attached bytes; the JSON has their names and lengths."""
    if not attached:
        return _as_json(body).encode()
    named = {**body, _ATTACHED: [[name, len(data)] for name, data in attached.items()]}
    return b"\n".join((_as_json(named).encode(), b"".join(attached.values())))


def unpack_body(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The inverse. A body of a former version has nothing attached, and its bytes as hex in the JSON."""
    head, _, rest = data.partition(b"\n")
    body = json.loads(head)
    attached, at = {}, 0
    for name, size in body.pop(_ATTACHED, ()):
        attached[name], at = rest[at : at + size], at + size
    return body, attached


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where the log ended after a commit, so that the next one need not read and hash it again."""

    root: bytes
    edge: tuple[bytes, ...]
    tree: CompactRange


@dataclass(frozen=True, slots=True)
class Submitted:
    """An entry on its way to the log."""

    entry: AuditEntry
    receipt: Receipt = field(default_factory=Receipt)


class AuditLog:
    """Appends from any thread. One committing thread of its own; `close()` waits for what was accepted.

    It needs only what a node's and a hub's database have in common. `node.usecases.node_audit` has the log of a node.
    `random(n)` gives n unpredictable bytes.
    """

    def __init__(self, *, store: LogStore, origin: Origin, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store = store
        self.origin = origin
        self.clock = clock
        self._random = random
        self._waiting: queue.SimpleQueue[Submitted | None] = queue.SimpleQueue()
        self._closed = False
        self.unfinished: set[int] = set()
        """Indices of the acts of this process that have no outcome yet (`usecases.acts`)."""
        self._end: _End | None = None
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def submit(self, entry: AuditEntry) -> Receipt:
        """The receipt is settled with the entry's index once it is durable, or with the error of the store.

        An accepted entry is stored even if nobody waits for it any more.
        """
        return self._accept(Submitted(entry))

    def _accept(self, submitted: Submitted) -> Receipt:
        if self._closed:
            raise Unavailable(
                "the audit log is closed", remedy="the node is shutting down; ask again after its restart"
            )
        entry = submitted.entry
        if said := stated():
            submitted = replace(submitted, entry=replace(entry, body={**entry.body, **said}))
        self._waiting.put(submitted)
        return submitted.receipt

    def append(self, entry: AuditEntry) -> int:
        """`submit`, and waits. Never on the event loop."""
        return self.submit(entry).result()

    def close(self) -> None:
        """Commits what was accepted and ends the thread. Idempotent."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        due = 0.0
        while True:
            first = self._waiting.get()
            # Entries come in groups: waiting a few milliseconds saves most of the commits.
            time.sleep(max(0.0, due - time.monotonic()))
            group = [] if first is None else [first]
            last = first is None
            while len(group) < GROUP and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            if group:
                began = time.monotonic()
                self._commit(group)
                ended = time.monotonic()
                due = ended + max(GATHER_SECONDS, ended - began)
            if last:
                return

    def _commit(self, group: Sequence[Submitted]) -> None:
        try:
            batch = self._store_group(group)
        except BaseException as error:  # noqa: BLE001  (handed to every waiter: each must learn that nothing is durable)
            for each in group:
                each.receipt.settle(-1, error)
            return
        # A crash before this line leaves either all of the group or none of it; no receipt is settled yet.
        for at, each in enumerate(group):
            each.receipt.leaf = batch.leaves[at]
            each.receipt.settle(batch.start + at)

    def _store_group(self, group: Sequence[Submitted]) -> VerifiedBatch:
        """One transaction with these entries. A log with more rows to store beside them adds these here."""
        with self._store.write() as tx:
            return self._append_group(tx, group)

    def _append_group(self, tx: LogStoreWriter, group: Sequence[Submitted]) -> VerifiedBatch:
        """Appends these entries, and charges members for them, in the caller's transaction."""
        state = tx.open_log(self.origin)
        batch = self._batch(tx, state, [each.entry for each in group])
        tx.append(batch)
        if charged := merged(charge for each in group for charge in each.entry.charges):
            tx.charge(charged, self.clock())
        return batch

    def _batch(self, tx: LogStoreWriter, state: LogState, entries: Sequence[AuditEntry]) -> VerifiedBatch:
        day = int(self.clock()) // SECONDS_A_DAY
        origin = str(self.origin)
        leaves, bodies, nonces, handling_nonces = [], [], [], []
        drawn = self._random(2 * NONCE_SIZE * len(entries))
        for at, entry in enumerate(entries):
            body = pack_body(entry.body, entry.attached)
            middle = (2 * at + 1) * NONCE_SIZE
            nonce, handling_nonce = drawn[middle - NONCE_SIZE : middle], drawn[middle : middle + NONCE_SIZE]
            leaves.append(
                encode(
                    Envelope(
                        kind=entry.kind,
                        issued_day=day,
                        open=False,
                        expiry_day=day + RETENTION_DAYS,
                        target=entry.target,
                        handling_commitment=commit_handling(origin, entry.kind, handling_nonce, b""),
                        commitment=commit(origin, entry.kind, nonce, body),
                    )
                )
            )
            bodies.append(body)
            nonces.append(nonce)
            handling_nonces.append(handling_nonce)
        hashes = merkle.leaf_hashes(leaves)
        end = self._end
        if end is None or (end.tree.size, end.root) != (state.size, state.root):
            # The first commit, or the first one after a failed commit.
            edge = tiles.read_edge(LogTiles(tx, state.number), state.size)
            end = _End(root=state.root, edge=edge, tree=tiles.compact_range(state.size, edge))
        grown = tiles.append(state.size, end.edge, hashes, end.tree)
        root = grown.root
        self._end = _End(root=root, edge=tiles.edge_after(end.edge, grown), tree=grown.tree)
        return VerifiedBatch(
            origin=self.origin,
            start=state.size,
            entries=leaves,
            leaves=hashes,
            kinds=bytes(entry.kind for entry in entries),
            expiry_days=[day + RETENTION_DAYS] * len(leaves),
            nonces=nonces,
            bodies=bodies,
            handling_nonces=handling_nonces,
            handlings=[b""] * len(leaves),
            states=bytes([BodyState.HELD]) * len(leaves),
            tiles=dict(grown.tiles),
            size=grown.size,
            root=root,
            targets=[
                (at, int(entry.kind), str(entry.target.origin), entry.target.leaf)
                for at, entry in enumerate(entries)
                if entry.target is not None
            ],
        )
