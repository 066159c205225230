"""One store for many members of one process, and a store in memory.

Rules this module upholds:

- A member that shares a store sees the answers that it gave itself, and no other member's.
- The store in memory keeps only the data that asking and answering read and write. It ends with the process.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

from node.domain.batch import VerifiedBatch
from node.domain.held_questions import NearQuestion
from node.domain.holdings import Holding
from node.domain.ids import QUERY_ID_SIZE, MemberId, Origin
from node.domain.log_ports import LogState
from node.domain.material import MaterialFingerprints
from node.domain.queries import Level, SignedAnswer
from node.domain.query_ports import AskedQuery, GivenAnswer
from node.domain.stores import NodeStore, NodeStoreReader, NodeStoreWriter
from node.domain.usage import Charge, Usage, add
from node.tlog.merkle import EMPTY_ROOT
from node.usecases.audit import AuditEntry
from node.usecases.node_audit import Also, NodeAuditLog
from node.usecases.receipts import Receipt


class OwnRows:
    """A transaction as one member sees it: the answers that it gave are told apart by the query id."""

    def __init__(self, inner: Any, member: MemberId) -> None:  # noqa: ANN401 (a reader or a writer)
        self._inner = inner
        self._member = member

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the transaction has)
        return getattr(self._inner, name)

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        """See `QueryReader`."""
        return cast("SignedAnswer | None", self._inner.answered(asker, _own(self._member, query_id)))


def _own(member: MemberId, query_id: bytes) -> bytes:
    return sha256(member.encode() + query_id).digest()[:QUERY_ID_SIZE]


class SharedStore:
    """What an answerer reads, of a store that many share."""

    def __init__(self, store: NodeStore, member: MemberId) -> None:
        self._store = store
        self._member = member

    @contextmanager
    def read(self) -> Iterator[NodeStoreReader]:
        """See `NodeStore`."""
        with self._store.read() as tx:
            yield cast("NodeStoreReader", OwnRows(tx, self._member))


class SharedAudit:
    """An audit log that many share: so their entries share commits, as the entries of one node do."""

    def __init__(self, audit: NodeAuditLog, member: MemberId) -> None:
        self._audit = audit
        self._member = member

    def submit(self, entry: AuditEntry, *, also: Also | None = None, given: GivenAnswer | None = None) -> Receipt:
        """See `NodeAuditLog`."""
        if given is None:
            return self._audit.submit(entry, also=also)
        own = GivenAnswer(
            asker=given.asker, query_id=_own(self._member, given.query_id), answer=given.answer, at=given.at
        )
        return self._audit.submit(entry, given=own)


class MemoryStore:
    """`NodeStore`, as far as asking and answering go. One writer at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[Origin, LogState] = {}
        self._tiles: dict[tuple[int, int, int], bytes] = {}
        self._runs: list[VerifiedBatch] = []
        self._holdings: dict[int, Holding] = {}
        self._levels: Counter[Level] = Counter()
        self._answered: dict[tuple[MemberId, bytes], SignedAnswer] = {}
        self._asked: dict[bytes, AskedQuery] = {}
        self._usage: dict[MemberId, Usage] = {}
        self._near: list[NearQuestion] = []

    @contextmanager
    def read(self) -> Iterator[NodeStoreReader]:
        """See `NodeStore`. What is read is one value each, so nobody has to wait."""
        yield cast("NodeStoreReader", self)

    @contextmanager
    def write(self) -> Iterator[NodeStoreWriter]:
        """See `NodeStore`."""
        with self._lock:
            yield cast("NodeStoreWriter", self)

    # --- logs -----------------------------------------------------------------------------------------------------

    def logs(self) -> list[LogState]:
        """See `LogReader`, as for the next."""
        return list(self._states.values())

    def tile(self, number: int, level: int, index: int) -> bytes:
        """Hashes of a tree."""
        return self._tiles.get((number, level, index), b"")

    def open_log(self, origin: Origin) -> LogState:
        """See `LogWriter`, as for the next."""
        number = len(self._states) + 1
        return self._states.setdefault(origin, LogState(number=number, origin=origin, size=0, root=EMPTY_ROOT))

    def append(self, batch: VerifiedBatch) -> None:
        """A run of entries."""
        state = self._states[batch.origin]
        self._runs.append(batch)
        self._tiles.update({(state.number, *place): data for place, data in batch.tiles.items()})
        self._states[batch.origin] = replace(state, size=batch.size, root=batch.root)

    # --- what members took ----------------------------------------------------------------------------------------

    def usage_of_all(self) -> Mapping[MemberId, Usage]:
        """See `UsageReader`."""
        return {member: dict(usage) for member, usage in self._usage.items()}

    def charge(self, charges: Sequence[Charge], now: float) -> None:
        """See `UsageWriter`."""
        for each in charges:
            add(self._usage.setdefault(each.member, {}), each, now)

    # --- holdings -------------------------------------------------------------------------------------------------

    def holdings_by_id(self, ids: Sequence[int]) -> Mapping[int, Holding]:
        """See `HoldingReader`, as for the next."""
        return {number: self._holdings[number] for number in ids if number in self._holdings}

    def holding_levels(self) -> Mapping[Level, int]:
        """Holdings by level."""
        return self._levels

    def put_holding(
        self, prints: MaterialFingerprints, *, level: Level, case: str, tag: bytes, now: int
    ) -> tuple[int, bool]:
        """See `HoldingWriter`."""
        del tag
        number = len(self._holdings) + 1
        self._holdings[number] = Holding(
            id=number,
            sha256=prints.sha256,
            media_type=prints.media_type,
            size=prints.size,
            level=level,
            added_at=now,
            fingerprints=prints.fingerprints(),
            cases=(case,),
        )
        self._levels[level] += 1
        return number, True

    # --- queries --------------------------------------------------------------------------------------------------

    def answered(self, asker: MemberId, query_id: bytes) -> SignedAnswer | None:
        """See `QueryReader`."""
        return self._answered.get((asker, query_id))

    def answered_lately(self, limit: int) -> list[tuple[MemberId, bytes, int]]:
        """See `QueryReader`: nothing was there before."""
        del limit
        return []

    def put_answered(self, given: Sequence[GivenAnswer]) -> None:
        """See `QueryWriter`, as for the next."""
        for each in given:
            self._answered.setdefault((each.asker, each.query_id), each.answer)

    def near_questions(self) -> list[NearQuestion]:
        """See `AnswerReader`."""
        return list(self._near)

    def put_near_question(self, near: NearQuestion) -> None:
        """See `AnswerWriter`, as for the next."""
        self._near.append(near)

    def put_asked(self, asked: AskedQuery) -> None:
        """A query of ours."""
        self._asked[asked.header.query_id] = asked

    def mailbox(self, asker: MemberId, limit: int) -> Sequence[tuple[int, bytes, SignedAnswer]]:
        """See `HubReader`: nothing is late here."""
        del asker, limit
        return ()
