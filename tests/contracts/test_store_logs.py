"""What every store owes a log."""

from __future__ import annotations

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import HASH_SIZE, RecordId
from node.domain.stores import NodeStore
from node.errors import Conflict, Fork, Misuse, NotFound
from node.tlog import merkle, tiles
from tests.simulator.batches import FR, JP, StoreTiles, append, batch, disclosure, entry

HELD, NOT_FOR_US, MISSING = BodyState.HELD, BodyState.NOT_FOR_US, BodyState.MISSING
PURGED, QUARANTINED = BodyState.PURGED, BodyState.QUARANTINED
EVERYTHING = 1 << 30


def words(count: int, prefix: str = "") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


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
    from dataclasses import replace

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


def test_only_held_bodies_have_bytes_and_all_states_are_counted(store: NodeStore) -> None:
    states = [HELD, NOT_FOR_US, MISSING, PURGED, QUARANTINED, HELD]
    append(store, batch(store, FR, words(6), states=states, quarantine=[(4, "says another audience")]))
    with store.read() as reader:
        run = reader.run(FR, 0, 6, EVERYTHING)
        assert list(run.states) == states
        for place, state in enumerate(states):
            parts = (run.nonces[place], run.bodies[place], run.handling_nonces[place], run.handlings[place])
            assert all(parts) == (state is HELD)
            assert any(parts) == (state is HELD)
        counts = reader.body_counts(1)
        assert counts == {HELD: 2, NOT_FOR_US: 1, PURGED: 1, MISSING: 1, QUARANTINED: 1}
        assert reader.missing(FR, 9) == [2]
        assert reader.quarantined(FR) == [(4, "says another audience")]


def test_a_purge_takes_body_nonce_and_handling_and_tells_how_many_had_any(store: NodeStore) -> None:
    append(store, batch(store, FR, words(6), states=[HELD, HELD, MISSING, NOT_FOR_US, HELD, HELD]))
    with store.write() as writer:
        assert writer.purge(FR, [1, 2, 3, 1]) == 1
        assert writer.purge(FR, [1]) == 0
        assert writer.purge(FR, []) == 0
    with store.read() as reader:
        run = reader.run(FR, 0, 6, EVERYTHING)
        assert list(run.states) == [HELD, PURGED, PURGED, PURGED, HELD, HELD]
        assert [bool(body) for body in run.bodies] == [True, False, False, False, True, True]
        assert [bool(nonce) for nonce in run.nonces] == [True, False, False, False, True, True]
        assert len(run.entries) == 6
        assert reader.missing(FR, 9) == []
        assert reader.body_counts(1)[HELD] == 3
        assert reader.body_counts(1)[PURGED] == 3


@pytest.mark.parametrize("index", [-1, 2, 1 << 40])
def test_an_index_outside_the_log_is_refused(store: NodeStore, index: int) -> None:
    append(store, batch(store, FR, words(2)))
    with pytest.raises(Misuse), store.write() as writer:
        writer.purge(FR, [0, index])
    with pytest.raises(Misuse), store.write() as writer:
        writer.fill(FR, {index: disclosure("x")})
    with store.read() as reader:
        assert reader.body_counts(1)[PURGED] == 0


def test_a_missing_body_that_is_filled_in_reads_like_any_other_and_is_purged_like_any_other(store: NodeStore) -> None:
    append(store, batch(store, FR, words(4), states=[HELD, MISSING, MISSING, HELD], expiry_days=[0, 70, 0, 0]))
    late = disclosure("late", size=900)
    with store.read() as reader:
        assert reader.expiring(100, 9) == [(FR, 1)], "what is missing is not waited for beyond its day"
    with store.write() as writer:
        writer.fill(FR, {1: late})
    with store.read() as reader:
        run = reader.run(FR, 0, 4, EVERYTHING)
        assert list(run.states) == [HELD, HELD, MISSING, HELD]
        assert (run.nonces[1], run.bodies[1]) == (late.nonce, late.body)
        assert (run.handling_nonces[1], run.handlings[1]) == (late.handling_nonce, late.handling)
        assert reader.missing(FR, 9) == [2]
        assert reader.expiring(100, 9) == [(FR, 1)]
        assert reader.body_counts(1)[HELD] == 3
    with store.write() as writer:
        assert writer.purge(FR, [1, 2]) == 1
    with store.read() as reader:
        run = reader.run(FR, 1, 3, EVERYTHING)
        assert (list(run.states), run.bodies) == ([PURGED, PURGED], [b"", b""])
        assert reader.expiring(100, 9) == []


def test_a_body_that_was_not_for_us_may_be_expected_and_then_filled_in(store: NodeStore) -> None:
    states = [HELD, NOT_FOR_US, NOT_FOR_US]
    append(store, batch(store, FR, words(3), states=states, expiry_days=[0, 70, 0]))
    with store.read() as reader:
        assert reader.expiring(100, 9) == []
    with store.write() as writer:
        writer.expect(FR, {1: 70})
    with store.read() as reader:
        assert reader.missing(FR, 9) == [1]
        assert reader.expiring(100, 9) == [(FR, 1)]
        assert (reader.body_counts(1)[NOT_FOR_US], reader.body_counts(1)[MISSING]) == (1, 1)
    with store.write() as writer:
        writer.fill(FR, {1: disclosure("late")})
    with store.read() as reader:
        assert list(reader.run(FR, 0, 3, EVERYTHING).states) == [HELD, HELD, NOT_FOR_US]
    for index in (0, 1):
        with pytest.raises(Misuse), store.write() as writer:
            writer.expect(FR, {index: 0})
    with store.write() as writer:
        assert writer.purge(FR, [1]) == 1
    with store.read() as reader:
        assert reader.expiring(100, 9) == []


def test_only_a_missing_body_is_filled_in(store: NodeStore) -> None:
    append(store, batch(store, FR, words(2), states=[HELD, MISSING]))
    with store.write() as writer:
        writer.purge(FR, [1])
    for index in (0, 1):
        with pytest.raises(Misuse), store.write() as writer:
            writer.fill(FR, {index: disclosure("late")})


def test_setting_aside_takes_the_body_and_keeps_the_reason(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    with store.write() as writer:
        writer.set_aside(FR, 1, "first reason")
        writer.set_aside(FR, 1, "second reason")
    with store.read() as reader:
        assert reader.run(FR, 1, 2, EVERYTHING).bodies == [b""]
        assert reader.quarantined(FR) == [(1, "second reason")]
        assert reader.body_counts(1)[QUARANTINED] == 1
        assert reader.quarantined(FR, 1, 2) == reader.quarantined(FR)
        assert reader.quarantined(FR, 2) == reader.quarantined(FR, 0, 1) == []
    with store.write() as writer:
        assert writer.purge(FR, [1]) == 0
    with store.read() as reader:
        assert reader.quarantined(FR) == []


def test_bodies_expire_oldest_first_and_only_those_that_are_held(store: NodeStore) -> None:
    append(store, batch(store, FR, words(4), expiry_days=[30, 0, 10, 50], states=[HELD, HELD, HELD, NOT_FOR_US]))
    append(store, batch(store, JP, words(2, "jp"), expiry_days=[20, 10]))
    with store.read() as reader:
        assert reader.expiring(10, 9) == []
        assert reader.expiring(11, 9) == [(FR, 2), (JP, 1)]
        assert reader.expiring(99, 9) == [(FR, 2), (JP, 1), (JP, 0), (FR, 0)]
        assert reader.expiring(99, 3) == [(FR, 2), (JP, 1), (JP, 0)]
    with store.write() as writer:
        writer.purge(JP, [1])
        writer.set_aside(FR, 2, "damaged")
    with store.read() as reader:
        assert reader.expiring(99, 9) == [(JP, 0), (FR, 0)]


def test_missing_bodies_are_told_in_order_up_to_the_limit(store: NodeStore) -> None:
    append(store, batch(store, FR, words(6), states=[MISSING, HELD, MISSING, MISSING, HELD, MISSING]))
    with store.read() as reader:
        assert reader.missing(FR, 3) == [0, 2, 3]


def test_checkpoints_only_go_forward(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 5", 5)
        writer.set_checkpoint(FR, b"signed at 4", 4)
        writer.set_cosigned(FR, b"cosigned at 3", 3)
        writer.set_cosigned(FR, b"cosigned at 2", 2)
    with store.read() as reader:
        log = reader.log(FR)
    assert log is not None
    assert (log.checkpoint, log.checkpoint_size) == (b"signed at 5", 5)
    assert (log.cosigned, log.cosigned_size) == (b"cosigned at 3", 3)
    with pytest.raises(Misuse), store.write() as writer:
        writer.set_cosigned(FR, b"cosigned at 4", 4)


def test_the_anchor_stays_beside_newer_checkpoints_until_it_is_replaced_or_reached(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 5", 5)
        writer.set_anchor(FR, b"signed at 5", 5)
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 9", 9)
    with store.read() as reader:
        log = reader.log(FR)
        assert log is not None
        assert (log.anchor, log.anchor_size) == (b"signed at 5", 5)
        assert (log.checkpoint, log.checkpoint_size) == (b"signed at 9", 9)
    append(store, batch(store, FR, words(3, "more")))
    for note, size in ((b"signed at 9", 9), (b"", 0)):
        with store.write() as writer:
            writer.set_anchor(FR, note, size)
        with store.read() as reader:
            (log,) = reader.logs()
        assert (log.anchor, log.anchor_size, log.checkpoint_size) == (note, size, 9)


def test_an_anchor_is_past_the_log_or_none(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    for note, size in ((b"signed at 3", 3), (b"signed at 2", 2), (b"", 5), (b"signed at nothing", 0)):
        with pytest.raises(Misuse), store.write() as writer:
            writer.set_anchor(FR, note, size)
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_anchor(JP, b"", 0)
    with store.read() as reader:
        (log,) = reader.logs()
    assert (log.anchor, log.anchor_size) == (b"", 0)


def test_a_frozen_log_takes_nothing_more_and_keeps_its_evidence(store: NodeStore) -> None:
    append(store, batch(store, FR, words(2)))
    notes = [b"one note\n", b"another note\n"]
    with store.write() as writer:
        writer.freeze(FR, "two roots at size 2", notes)
    more = batch(store, FR, ["more"])
    with pytest.raises(Fork) as caught:
        append(store, more)
    assert list(caught.value.evidence) == notes
    with store.read() as reader:
        assert reader.evidence(FR) == notes
        log = reader.log(FR)
    assert log is not None
    assert (log.frozen, log.size) == ("two roots at size 2", 2)


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
