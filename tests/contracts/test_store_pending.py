"""What every store owes entries that are acknowledged and wait for a place in their log."""

from __future__ import annotations

from node.domain.stores import NodeStore
from node.tlog import merkle
from tests.simulator.batches import FR, JP, batch, disclosure, entry


def test_pending_entries_wait_in_order_and_are_placed_with_the_append(store: NodeStore) -> None:
    pending = [(FR, entry(word), merkle.leaf_hash(entry(word)), disclosure(word)) for word in ("a", "b", "c")]
    with store.write() as writer:
        ids = writer.acknowledge(pending)
        assert writer.acknowledge([]) == []
    assert ids == sorted(set(ids))
    with store.read() as reader:
        waiting = reader.pending(FR, 9)
        assert [each.id for each in waiting] == ids
        assert [(each.origin, each.entry, each.leaf, each.disclosure) for each in waiting] == pending
        assert [each.id for each in reader.pending(FR, 2)] == ids[:2]
        assert reader.pending(JP, 9) == []
        assert reader.find_pending(pending[1][2]) == waiting[1]
        assert reader.find_pending(bytes(32)) is None
    made = batch(store, FR, ["a", "b"])
    with store.write() as writer:
        writer.open_log(FR)
        writer.append(made)
        writer.placed(ids[:2])
    with store.read() as reader:
        assert [each.id for each in reader.pending(FR, 9)] == ids[2:]


def test_ids_of_pending_entries_are_never_used_again(store: NodeStore) -> None:
    one = (FR, entry("a"), merkle.leaf_hash(entry("a")), disclosure("a"))
    seen: list[int] = []
    for _ in range(3):
        with store.write() as writer:
            seen += writer.acknowledge([one])
        with store.write() as writer:
            writer.placed(seen)
    assert len(set(seen)) == 3


def test_a_pending_entry_can_be_forgotten_before_it_is_placed(store: NodeStore) -> None:
    pending = [(FR, entry(word), merkle.leaf_hash(entry(word)), disclosure(word)) for word in ("a", "b")]
    with store.write() as writer:
        writer.acknowledge(pending)
        assert writer.forget_pending(pending[0][2])
        assert not writer.forget_pending(pending[0][2])
    with store.read() as reader:
        assert [each.leaf for each in reader.pending(FR, 9)] == [pending[1][2]]
