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

import structlog

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Envelope, Kind, commit, commit_handling, encode
from node.domain.ids import NONCE_SIZE, Origin
from node.errors import Unavailable
from node.tlog import merkle, tiles
from node.tlog.merkle import CompactRange
from node.usecases.acting import caller
from node.usecases.checkpoint_trust import LogTiles
from node.usecases.quotas import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import RecordId
    from node.domain.log_ports import LogState
    from node.domain.ports import Clock, GivenAnswer, Store, StoreWriter
    from node.domain.usage import Charge

_log = structlog.get_logger(__name__)

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
    `also` runs in the same transaction, after the entry, for data that must be durable with it. `given`: the answer
    that the entry is about, if any; the answers of many entries are written together. `target`: the entry of this log
    that it belongs to (`usecases.acts`).
    """

    kind: Kind
    body: dict[str, Any]
    attached: Mapping[str, bytes] = field(default_factory=dict)
    charges: Sequence[Charge] = ()
    also: Callable[[StoreWriter], None] | None = None
    given: GivenAnswer | None = None
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


_settling: Final = threading.Lock()
"""Held briefly while any receipt is settled or listened to. One lock for all: a lock per receipt would cost more."""


class Receipt:
    """The result of an entry that was submitted. From any thread, and lighter than a `Future`."""

    __slots__ = ("_ended", "_listeners", "error", "index", "leaf")

    def __init__(self) -> None:
        self._ended = threading.Lock()
        self._ended.acquire()
        self._listeners: list[Callable[[Receipt], None]] | None = []
        self.index = -1
        """Of the entry in the log, once it is durable."""
        self.leaf = b""
        """Its leaf hash (32 bytes), once it is durable."""
        self.error: BaseException | None = None
        """Why the entry is not stored and will not be."""

    def then(self, call: Callable[[Receipt], None]) -> None:
        """Calls back once it is settled, from the thread that settles it; at once if it is settled already."""
        with _settling:
            if self._listeners is not None:
                self._listeners.append(call)
                return
        call(self)

    def result(self, timeout: float = -1) -> int:
        """Waits at most `timeout` seconds. Returns the entry's index, or raises why there is none; `TimeoutError`."""
        if not self._ended.acquire(timeout=timeout):
            raise TimeoutError("the audit entry is not durable yet")
        self._ended.release()
        if self.error is not None:
            raise self.error
        return self.index

    def settle(self, index: int, error: BaseException | None = None) -> None:
        """Called once, by the thread that stored the entry or failed to."""
        self.index, self.error = index, error
        with _settling:
            listeners, self._listeners = self._listeners or (), None
        for call in listeners:
            try:
                call(self)
            except Exception as fault:  # noqa: BLE001  (the log and the other listeners continue)
                _log.error("a listener to an audit entry failed", what=type(fault).__name__)
        self._ended.release()  # last: when the waiter gets the result, all is done


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where the log ended after a commit, so that the next one need not read and hash it again."""

    root: bytes
    edge: tuple[bytes, ...]
    tree: CompactRange


class AuditLog:
    """Appends from any thread. One committing thread of its own; `close()` waits for what was accepted.

    `random(n)` gives n unpredictable bytes.
    """

    def __init__(self, *, store: Store, origin: Origin, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._store = store
        self.origin = origin
        self.clock = clock
        self._random = random
        self._waiting: queue.SimpleQueue[tuple[AuditEntry, Receipt] | None] = queue.SimpleQueue()
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
        if self._closed:
            raise Unavailable(
                "the audit log is closed", remedy="the node is shutting down; ask again after its restart"
            )
        receipt = Receipt()
        if officer := caller().name:
            entry = replace(entry, body={**entry.body, "officer": officer})
        self._waiting.put((entry, receipt))
        return receipt

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

    def _commit(self, group: Sequence[tuple[AuditEntry, Receipt]]) -> None:
        try:
            with self._store.write() as tx:
                state = tx.open_log(self.origin)
                batch = self._batch(tx, state, [entry for entry, _ in group])
                tx.append(batch)
                tx.put_answered([entry.given for entry, _ in group if entry.given is not None])
                if charged := merged(each for entry, _ in group for each in entry.charges):
                    tx.charge(charged, self.clock())
                for entry, _ in group:
                    if entry.also is not None:
                        entry.also(tx)
        except BaseException as error:  # noqa: BLE001  (handed to every waiter: each must learn that nothing is durable)
            for _, receipt in group:
                receipt.settle(-1, error)
            return
        # A crash before this line leaves either all of the group or none of it; no receipt is settled yet.
        for at, (_, receipt) in enumerate(group):
            receipt.leaf = batch.leaves[at]
            receipt.settle(state.size + at)

    def _batch(self, tx: StoreWriter, state: LogState, entries: Sequence[AuditEntry]) -> VerifiedBatch:
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
