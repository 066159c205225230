"""What every store owes a log: its entries, its tiles, and where its leaves stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.ids import HASH_SIZE, RecordId
from node.domain.stores import NodeStore
from node.errors import Conflict, Misuse, NotFound
from node.tlog import merkle, tiles
from tests.simulator.batches import FR, JP, StoreTiles, append, batch, words
from tests.stores import EVERYTHING


def test_a_log_that_is_not_kept_reads_as_an_empty_one(store: NodeStore) -> None:
    with store.read() as reader:
        assert reader.logs() == []
        assert reader.log(FR) is None
        assert reader.tile(1, 0, 0) == b""
        assert reader.run(FR, 0, 10, EVERYTHING).entries == []
        assert reader.find(FR, [bytes(HASH_SIZE)]) == {}
        assert reader.missing(FR, 5) == []
        assert reader.quarantined(FR) == []
        assert reader.evidence(FR) == []
        assert set(reader.body_counts(7).values()) == {0}


def test_writing_to_a_log_that_was_never_opened_is_refused(store: NodeStore) -> None:
    made = batch(store, FR, ["a"])
    with pytest.raises(NotFound), store.write() as writer:
        writer.append(made)
    with pytest.raises(NotFound), store.write() as writer:
        writer.purge(FR, [0])
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_checkpoint(FR, b"note", 0)


def test_a_new_log_is_the_empty_tree_and_opening_it_again_changes_nothing(store: NodeStore) -> None:
    with store.write() as writer:
        first = writer.open_log(FR)
        second = writer.open_log(JP)
        again = writer.open_log(FR)
    assert (first.number, second.number) == (1, 2)
    assert first == again
    assert (first.size, first.root) == (0, merkle.EMPTY_ROOT)
    with store.read() as reader:
        assert reader.logs() == [first, second]


def test_what_was_appended_is_read_back_as_columns(store: NodeStore) -> None:
    made = batch(store, FR, words(5))
    append(store, made)
    with store.read() as reader:
        run = reader.run(FR, 0, 5, EVERYTHING)
        log = reader.log(FR)
    assert log is not None
    assert (log.size, log.root) == (5, made.root)
    assert (run.start, run.states) == (0, bytes(5))
    assert list(run.entries) == list(made.entries)
    assert list(run.nonces) == list(made.nonces)
    assert list(run.bodies) == list(made.bodies)
    assert list(run.handling_nonces) == list(made.handling_nonces)
    assert list(run.handlings) == list(made.handlings)


def test_a_run_spans_appends_that_stand_apart_and_begins_and_ends_anywhere(store: NodeStore) -> None:
    for number in range(12):
        for origin in (FR, JP):
            append(store, batch(store, origin, words(1 + number % 3, f"{origin.member}{number}-")))
    with store.read() as reader:
        size = reader.logs()[0].size
        whole = reader.run(FR, 0, size, EVERYTHING)
        assert len(whole.entries) == size
        for start in range(size):
            for stop in range(start, size + 2):
                run = reader.run(FR, start, stop, EVERYTHING)
                assert list(run.entries) == list(whole.entries[start:stop])
                assert list(run.bodies) == list(whole.bodies[start:stop])


def test_a_run_ends_before_it_passes_its_bytes_but_has_one_entry_at_least(store: NodeStore) -> None:
    append(store, batch(store, FR, words(4, "abc")))
    with store.read() as reader:
        whole = reader.run(FR, 0, 4, EVERYTHING)
        columns = (whole.entries, whole.nonces, whole.bodies, whole.handling_nonces, whole.handlings)
        one = sum(len(column[0]) for column in columns)
        assert len(reader.run(FR, 0, 4, 0).entries) == 1
        assert len(reader.run(FR, 0, 4, 2 * one - 1).entries) == 1
        assert len(reader.run(FR, 0, 4, 2 * one).entries) == 2
        assert len(reader.run(FR, 0, 4, 2 * one, framing=1).entries) == 1
        assert len(reader.run(FR, 0, 4, 2 * one + 20, framing=10).entries) == 2
        assert len(reader.run(FR, 1, 3, EVERYTHING).entries) == 2
        assert reader.run(FR, 4, 9, EVERYTHING).entries == []


def test_a_leaf_is_found_from_where_it_is_looked_for(store: NodeStore) -> None:
    made = batch(store, FR, words(600))
    append(store, made)
    with store.read() as reader:
        wanted = [made.leaves[index] for index in (3, 299, 300, 599)]
        for start in (0, 4, 256, 300, 301, 600):
            found = reader.find(FR, wanted, start)
            assert found == {made.leaves[index]: index for index in (3, 299, 300, 599) if index >= start}


def test_an_append_at_another_place_is_a_conflict_and_writes_nothing(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    for start in (0, 2, 4):
        late = batch(store, FR, ["x"], start=start)
        with pytest.raises(Conflict) as caught, store.write() as writer:
            writer.append(late)
        assert caught.value.have == 3
    with store.read() as reader:
        assert len(reader.run(FR, 0, 9, EVERYTHING).entries) == 3


def test_a_conflict_that_is_caught_inside_the_block_leaves_the_rest_of_it_standing(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    wrong, right = batch(store, FR, ["x"], start=1), batch(store, FR, ["y"])
    with store.write() as writer:
        with pytest.raises(Conflict):
            writer.append(wrong)
        writer.append(right)
    with store.read() as reader:
        assert reader.find(FR, [right.leaves[0], merkle.leaf_hash(b"elsewhere")]) == {right.leaves[0]: 3}


def test_a_batch_whose_columns_do_not_fit_together_is_refused(store: NodeStore) -> None:
    made = batch(store, FR, words(2))
    for wrong in (replace(made, nonces=made.nonces[:1]), replace(made, states=b"\0"), replace(made, size=3)):
        with pytest.raises(Misuse):
            append(store, wrong)


def test_tiles_grow_and_the_tree_over_them_has_the_root_that_was_stored(store: NodeStore) -> None:
    for count in (1, 254, 1, 1, 300, 256):
        append(store, batch(store, FR, words(count, f"{count}.")))
    with store.read() as reader:
        (log,) = reader.logs()
        whole = reader.run(FR, 0, log.size, EVERYTHING)
        leaves = merkle.leaf_hashes(whole.entries)
        assert merkle.CompactRange().append_many(leaves).root() == log.root
        assert tiles.root(StoreTiles(reader, log.number), log.size) == log.root
        assert reader.tile(log.number, 0, 0) == b"".join(leaves[:256])
        assert reader.tile(log.number, 0, 3) == b"".join(leaves[768:])
        assert len(reader.tile(log.number, 1, 0)) == 3 * HASH_SIZE
        assert reader.tile(log.number, 2, 0) == b""


def test_find_knows_where_leaves_stand_and_nothing_of_the_others(store: NodeStore) -> None:
    made = batch(store, FR, words(700))
    append(store, made)
    append(store, batch(store, JP, words(3, "jp")))
    places = [0, 1, 255, 256, 511, 699]
    wanted = [made.leaves[place] for place in places]
    stranger = wanted[0][:8] + bytes(24)
    with store.read() as reader:
        found = reader.find(FR, [*wanted, stranger, bytes(32), b"short"])
        assert found == {made.leaves[place]: place for place in places}
        assert reader.find(FR, []) == {}
        assert reader.find(JP, wanted) == {}


def test_a_leaf_that_stands_twice_is_found_where_it_stood_first(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a", "b"]))
    again = batch(store, FR, ["b", "a"])
    append(store, again)
    with store.read() as reader:
        assert reader.find(FR, again.leaves) == {again.leaves[0]: 1, again.leaves[1]: 0}


def test_what_targets_a_record_is_found_across_logs(store: NodeStore) -> None:
    made = batch(store, FR, ["a", "b"])
    append(store, made)
    record = RecordId(FR, made.leaves[0])
    append(store, batch(store, JP, ["x", "y"], targets=[(1, record)]))
    append(store, batch(store, FR, ["c", "d", "e"], targets=[(0, record), (2, RecordId(FR, made.leaves[1]))]))
    with store.read() as reader:
        assert reader.targeting(record) == [(FR, 2, Kind.RETRACTION), (JP, 1, Kind.RETRACTION)]
        assert reader.targeting(RecordId(JP, made.leaves[0])) == []
