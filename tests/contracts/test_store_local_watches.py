"""Local watches: the same over every store."""

from __future__ import annotations

from dataclasses import replace

from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.local_watches import MOST_FINDS, LocalWatch
from node.domain.stores import NodeStore

LOG = Origin(federation_id("test.vigil"), member_id("JP"), 1)
WATCH = LocalWatch(case="C-1", officer="Dupont", subjects=2, fingerprints=6, until_day=20_900, at=1_800_000_000)


def record(number: int) -> RecordId:
    return RecordId(LOG, number.to_bytes(32, "big"))


def add(store: NodeStore, payload: bytes = b"what it looks for", watch: LocalWatch = WATCH) -> LocalWatch:
    with store.write() as tx:
        return tx.add_local_watch(watch, payload)


def test_a_watch_is_stored_with_what_it_looks_for(store: NodeStore) -> None:
    first, second = add(store), add(store, b"other", replace(WATCH, case="", officer=""))
    assert first == replace(WATCH, id=first.id)
    with store.read() as tx:
        assert tx.local_watches() == [first, second]
        assert tx.local_watch(second.id) == second
        assert tx.local_watch(second.id + 1) is None
        assert tx.local_payloads([second.id, first.id, second.id + 1]) == {
            first.id: b"what it looks for",
            second.id: b"other",
        }


def test_a_record_is_found_once(store: NodeStore) -> None:
    first, second = add(store), add(store)
    with store.write() as tx:
        assert tx.add_local_finds(first.id, [record(2), record(1), record(2)]) == [record(2), record(1)]
        assert tx.add_local_finds(first.id, [record(3), record(1)]) == [record(3)]
        assert tx.add_local_finds(second.id, [record(1)]) == [record(1)]
        assert tx.add_local_finds(second.id + 1, [record(1)]) == []
    with store.read() as tx:
        assert tx.local_finds(first.id) == {record(1), record(2), record(3)}
        assert [each.found for each in tx.local_watches()] == [3, 1]


def test_what_a_watch_finds_is_bounded(store: NodeStore) -> None:
    watch = add(store)
    with store.write() as tx:
        assert len(tx.add_local_finds(watch.id, [record(number) for number in range(MOST_FINDS + 5)])) == MOST_FINDS
        assert tx.add_local_finds(watch.id, [record(MOST_FINDS + 9)]) == []
        full = tx.local_watch(watch.id)
    assert full is not None
    assert full.is_full


def test_a_deleted_watch_leaves_nothing_and_its_number_is_not_used_again(store: NodeStore) -> None:
    first, second = add(store), add(store)
    with store.write() as tx:
        tx.add_local_finds(second.id, [record(1)])
        assert tx.delete_local_watch(second.id)
        assert not tx.delete_local_watch(second.id)
    third = add(store)
    assert third.id > second.id
    with store.read() as tx:
        assert [each.id for each in tx.local_watches()] == [first.id, third.id]
        assert tx.local_payloads([second.id]) == {}
        assert tx.local_finds(second.id) == set()
