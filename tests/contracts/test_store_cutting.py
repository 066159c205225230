"""What every store owes when the end of a log of our own is cut off, as a change of keys does."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.batch import BodyState
from node.domain.ids import RecordId
from node.domain.stores import NodeStore
from node.errors import Misuse
from node.store.store import open_node_store
from node.tlog import merkle, tiles
from tests.simulator.batches import FR, JP, StoreTiles, append, batch, disclosure, entry
from tests.stores import EVERYTHING


def filled(store: NodeStore, *counts: int) -> None:
    """A log of ours that grew in so many runs, with another log's runs between them."""
    for number, count in enumerate(counts):
        append(store, batch(store, FR, [f"{number}.{at}" for at in range(count)]))
        append(store, batch(store, JP, [f"jp{number}"]))


def cut(store: NodeStore, size: int) -> None:
    with store.write() as writer:
        state = writer.open_log(FR)
        root = tiles.root(StoreTiles(writer, state.number), size)
        writer.cut_back(FR, size, root)


@pytest.mark.parametrize(
    ("counts", "size"), [((3, 2), 5), ((3, 2), 4), ((3, 2), 3), ((3, 2), 0), ((300, 300), 256), ((600, 7), 511)]
)
def test_what_is_left_is_the_log_as_it_was_at_that_size_and_it_grows_again(
    store: NodeStore, counts: tuple[int, ...], size: int
) -> None:
    filled(store, *counts)
    with store.read() as reader:
        whole = reader.run(FR, 0, sum(counts), EVERYTHING)
    cut(store, size)
    with store.read() as reader:
        log = reader.log(FR)
        assert log is not None
        run = reader.run(FR, 0, sum(counts), EVERYTHING)
        assert list(run.entries) == list(whole.entries[:size])
        assert list(run.bodies) == list(whole.bodies[:size])
        assert (log.size, log.root) == (size, tiles.root(StoreTiles(reader, log.number), size))
        counted = {int(state): 0 for state in BodyState} | {int(BodyState.HELD): size}
        assert dict(reader.body_counts(log.number)) == counted
        leaf = merkle.leaf_hash(whole.entries[-1])
        assert reader.find(FR, [leaf]) == ({leaf: size - 1} if size == sum(counts) else {})
        other = reader.log(JP)
        assert other is not None
        assert len(reader.run(JP, 0, 9, EVERYTHING).entries) == other.size == len(counts)
    append(store, batch(store, FR, ["new", "newer"]))
    with store.read() as reader:
        log = reader.log(FR)
        assert log is not None
        run = reader.run(FR, 0, size + 2, EVERYTHING)
        assert list(run.entries[:size]) == list(whole.entries[:size])
        assert run.entries[size] == entry("new")
        leaves = merkle.leaf_hashes(run.entries)
        assert log.root == merkle.CompactRange().append_many(leaves).root()
        assert log.root == tiles.root(StoreTiles(reader, log.number), size + 2)


def test_what_the_entries_said_of_others_and_when_they_expire_goes_with_them(store: NodeStore) -> None:
    record = RecordId(JP, merkle.leaf_hash(entry("theirs")))
    append(store, batch(store, FR, ["a"], targets=[(0, record)], expiry_days=[7]))
    append(store, batch(store, FR, ["b", "c"], targets=[(0, record)], expiry_days=[7, 7], quarantine=[(1, "odd")]))
    with store.write() as writer:
        writer.open_log(FR)
        writer.set_aside(FR, 2, "odd")
    cut(store, 1)
    with store.read() as reader:
        assert [index for _, index, _ in reader.targeting(record)] == [0]
        assert reader.expiring(99, 9) == [(FR, 0)]
        assert reader.quarantined(FR) == []


def test_notes_of_larger_sizes_go_and_the_cosigned_one_stays(store: NodeStore) -> None:
    filled(store, 5)
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 5", 5)
        writer.set_cosigned(FR, b"cosigned at 3", 3)
    cut(store, 4)
    with store.read() as reader:
        log = reader.log(FR)
    assert log is not None
    assert (log.checkpoint, log.checkpoint_size) == (b"cosigned at 3", 3)
    assert (log.cosigned, log.cosigned_size) == (b"cosigned at 3", 3)
    cut(store, 2)
    with store.read() as reader:
        log = reader.log(FR)
    assert log is not None
    assert (log.checkpoint, log.checkpoint_size, log.cosigned, log.cosigned_size) == (b"", 0, b"", 0)


def test_a_log_is_not_cut_back_to_what_it_never_had(store: NodeStore) -> None:
    filled(store, 2)
    with pytest.raises(Misuse), store.write() as writer:
        writer.cut_back(FR, 3, bytes(32))


def test_no_byte_of_a_body_that_was_cut_off_is_left_in_a_file(tmp_path: Path) -> None:
    store = open_node_store(tmp_path / "vigil.sqlite3", create=True)
    try:
        filled(store, 40, 40)
        cut(store, 50)
        store.scrub()
        held = b"".join(file.read_bytes() for file in tmp_path.glob("vigil.sqlite3*"))
        gone = [f"1.{at}" for at in range(10, 40)]
        assert [word for word in gone if disclosure(word).body in held] == []
        assert disclosure("1.9").body in held
    finally:
        store.close()
