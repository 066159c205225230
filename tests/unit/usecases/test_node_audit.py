"""The audit log of a node: an entry and the rows that come with it are stored together, or neither is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.domain.envelope import Kind
from node.domain.ids import MemberId, Origin
from node.domain.queries import SignedAnswer
from node.domain.query_ports import GivenAnswer
from node.domain.stores import NodeStoreWriter
from node.errors import StoreError
from node.usecases.audit import AuditEntry
from node.usecases.node_audit import NodeAuditLog
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryStore

FR, JP = MemberId("FR"), MemberId("JP")
ORIGIN = Origin(sim.FEDERATION, FR, 1, "audit")
ENTRY = AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body={"what": "something"})


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def audit(store: MemoryStore) -> Iterator[NodeAuditLog]:
    made = NodeAuditLog(store=store, origin=ORIGIN, clock=lambda: sim.NOW, random=sim.seeded("audit"))
    yield made
    made.close()


def stored(store: MemoryStore) -> tuple[int, bytes]:
    """(Entries of the log, the value that the tests write beside them)."""
    with store.read() as tx:
        log = tx.log(ORIGIN)
        return log.size if log else 0, tx.setting("beside")


def beside(tx: NodeStoreWriter) -> None:
    tx.set_setting("beside", b"written")


def test_the_rows_of_an_entry_are_stored_with_it(store: MemoryStore, audit: NodeAuditLog) -> None:
    assert audit.append(ENTRY, also=beside) == 0
    assert stored(store) == (1, b"written")
    assert audit.append(ENTRY) == 1


def test_rows_that_cannot_be_written_take_the_entry_with_them(store: MemoryStore, audit: NodeAuditLog) -> None:
    def fails(tx: NodeStoreWriter) -> None:
        beside(tx)
        raise StoreError("made to fail")

    with pytest.raises(StoreError, match="made to fail"):
        audit.append(ENTRY, also=fails)
    assert stored(store) == (0, b"")


def test_a_transaction_that_fails_stores_neither(store: MemoryStore, audit: NodeAuditLog) -> None:
    store.fail_next_commit = StoreError("no commit")
    with pytest.raises(StoreError, match="no commit"):
        audit.append(ENTRY, also=beside)
    assert stored(store) == (0, b"")
    assert audit.append(ENTRY, also=beside) == 0
    assert stored(store) == (1, b"written")


def test_the_first_answer_to_a_query_stands(store: MemoryStore, audit: NodeAuditLog) -> None:
    answers = [SignedAnswer(answerer=FR, answer=text, signature=bytes(64)) for text in (b"first", b"second")]
    for each in answers:
        audit.append(ENTRY, given=GivenAnswer(asker=JP, query_id=b"q" * 16, answer=each, at=sim.NOW))
    with store.read() as tx:
        assert tx.answered(JP, b"q" * 16) == answers[0]
    assert stored(store)[0] == 2
