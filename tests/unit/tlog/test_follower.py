"""Following a log: what moves a follower on, what stops it, and that a log cannot take back its word."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.errors import BadProof, BadSignature, Conflict, Damaged, Fork, Malformed, Misuse
from node.tlog import checkpoint, cosignature, follower, merkle, note, tiles
from node.tlog.checkpoint import Checkpoint
from node.tlog.follower import Followed, Relation
from node.tlog.merkle import CompactRange
from tests.unit.tlog.keys import HUB_KEY, HUB_VKEY, LOG_KEY, LOG_VKEY, ORIGIN, verifier_key

TIME = 1_700_000_000


class Log:
    """A log that signs whatever it is asked to."""

    def __init__(self, *entries: bytes) -> None:
        self.leaves = merkle.leaf_hashes(entries)
        self._tiles = tiles.append(0, (), self.leaves).tiles

    def read_tile(self, level: int, index: int) -> bytes:
        return self._tiles.get((level, index), b"")

    def signed(self, size: int) -> bytes:
        """The log's checkpoint at this size."""
        point = Checkpoint(origin=ORIGIN, size=size, root=tiles.root(self, size))
        return checkpoint.sign_checkpoint(point, LOG_VKEY, LOG_KEY)

    def cosigned(self, size: int) -> bytes:
        """The same with the hub's word."""
        bare = self.signed(size)
        return cosignature.add_signature(bare, cosignature.cosign(note.parse(bare).text, HUB_VKEY, HUB_KEY, TIME))

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        return tiles.consistency_proof(self, old, new)

    def take(self, state: Followed, end: int, size: int) -> Followed:
        """What a follower does with this log's next leaves up to `end`, under its checkpoint of `size`."""
        return follower.advance(
            state,
            state.size,
            self.leaves[state.size : end],
            checkpoint_note=self.signed(size),
            consistency_proof=self.proof(end, size),
            log_vkeys=[LOG_VKEY],
        )


def entries(prefix: str, count: int) -> list[bytes]:
    """That many entries."""
    return [f"{prefix} {each}".encode() for each in range(count)]


HONEST = Log(*entries("honest", 20))
# The same up to entry 9, and another history from there on.
FORKED = Log(*entries("honest", 10), *entries("forked", 10))
START = Followed(origin=ORIGIN)


def size_of(signed: follower.SignedCheckpoint | None) -> int | None:
    """The size of a checkpoint that may be there."""
    return None if signed is None else signed.checkpoint.size


# --- going on ---------------------------------------------------------------------------------------------------------


def test_a_log_is_followed_from_nothing_to_its_head() -> None:
    state = START
    for end, size in ((0, 0), (1, 1), (5, 8), (8, 8), (8, 12), (20, 20)):
        state = HONEST.take(state, end, size)
        assert (state.size, state.root) == (end, tiles.root(HONEST, end))
        assert size_of(state.latest) == size
        assert size_of(state.anchor) == (None if size == end else size)
    assert state.latest is not None
    assert state.latest.note == HONEST.signed(20)


def test_the_same_checkpoint_again_changes_nothing() -> None:
    state = HONEST.take(START, 8, 8)
    assert HONEST.take(state, 8, 8) == state


def test_a_tree_that_the_caller_has_computed_gives_the_same_state() -> None:
    before = HONEST.take(START, 3, 7)
    after = follower.advance(
        before,
        3,
        HONEST.leaves[3:9],
        checkpoint_note=HONEST.signed(12),
        consistency_proof=HONEST.proof(9, 12),
        log_vkeys=[LOG_VKEY],
        grown=CompactRange().append_many(HONEST.leaves[:9]),
    )
    assert after == HONEST.take(before, 9, 12)


def test_a_computed_tree_of_another_size_is_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        advance(START, 0, HONEST.leaves[:2], HONEST.signed(2), grown=CompactRange())


def test_a_state_survives_its_store() -> None:
    """The tree's bytes and two notes are all that has to be kept."""
    state = HONEST.take(HONEST.take(START, 2, 6), 4, 12)
    assert state.latest is not None
    assert state.anchor is not None
    tree = CompactRange.from_bytes(state.tree.to_bytes())
    assert follower.resume(ORIGIN, tree, state.latest.note, state.anchor.note) == state
    assert follower.resume(ORIGIN, CompactRange()) == START
    caught_up = HONEST.take(state, 12, 12)
    assert follower.resume(ORIGIN, caught_up.tree, HONEST.signed(12)) == caught_up
    assert size_of(follower.resume(ORIGIN, tree, HONEST.signed(12)).anchor) == 12


def test_a_store_that_contradicts_itself_is_damaged() -> None:
    tree = HONEST.take(START, 12, 12).tree
    foreign = HONEST.signed(12).replace(b"FR", b"JP")
    for stored in (FORKED.signed(12), foreign, b"no note"):
        with pytest.raises(Damaged):
            follower.resume(ORIGIN, tree, stored)


# --- refusing ---------------------------------------------------------------------------------------------------------


def advance(
    state: Followed,
    start: int,
    leaves: Sequence[bytes],
    signed: bytes,
    proof: Sequence[bytes] = (),
    *,
    hub: note.VerifierKey | None = None,
    grown: CompactRange | None = None,
) -> Followed:
    """The call with the log's key."""
    return follower.advance(
        state,
        start,
        leaves,
        checkpoint_note=signed,
        consistency_proof=proof,
        log_vkeys=[LOG_VKEY],
        hub_vkey=hub,
        grown=grown,
    )


@pytest.mark.parametrize("start", [0, 4, 6])
def test_a_run_that_does_not_begin_where_ours_ends_is_a_conflict_that_says_where(start: int) -> None:
    state = HONEST.take(START, 5, 5)
    with pytest.raises(Conflict) as caught:
        advance(state, start, HONEST.leaves[start:8], HONEST.signed(8))
    assert caught.value.have == 5


def test_leaves_edited_reordered_dropped_or_invented_are_refused() -> None:
    good, leaves = HONEST.signed(8), HONEST.leaves[:8]
    wrong = [
        [*leaves[:3], merkle.leaf_hash(b"edited"), *leaves[4:]],
        [leaves[1], leaves[0], *leaves[2:]],
        [*leaves[:3], *leaves[4:]],
        [*leaves, merkle.leaf_hash(b"invented")],
        [*leaves[:7], merkle.leaf_hash(b"invented")],
    ]
    for run in wrong:
        with pytest.raises(BadProof):
            advance(START, 0, run, good, HONEST.proof(len(run), 8) if len(run) < 8 else ())
        if len(run) == 8:
            with pytest.raises(BadProof):
                advance(START, 0, run, HONEST.signed(12), HONEST.proof(8, 12))


@pytest.mark.parametrize("size", [8, 12])
def test_a_proof_that_is_missing_cut_long_or_of_another_size_is_refused(size: int) -> None:
    good = HONEST.proof(6, size)
    for proof in ((), good[:-1], (*good, good[-1]), HONEST.proof(5, size), (good[0][:-1], *good[1:])):
        with pytest.raises(BadProof):
            advance(START, 0, HONEST.leaves[:6], HONEST.signed(size), proof)


def test_leaves_past_their_checkpoint_are_refused() -> None:
    with pytest.raises(BadProof, match="past its checkpoint"):
        advance(START, 0, HONEST.leaves[:9], HONEST.signed(8))


def test_a_proof_where_none_is_needed_is_refused() -> None:
    with pytest.raises(BadProof):
        advance(START, 0, HONEST.leaves[:8], HONEST.signed(8), (HONEST.leaves[0],))


def test_a_checkpoint_that_the_log_did_not_sign_is_refused() -> None:
    stranger = verifier_key(ORIGIN, note.ED25519, "stranger")
    for vkeys in ([stranger], [HUB_VKEY], []):
        with pytest.raises(BadSignature):
            follower.advance(
                START,
                0,
                HONEST.leaves[:8],
                checkpoint_note=HONEST.signed(8),
                consistency_proof=(),
                log_vkeys=vkeys,
            )
    with pytest.raises(Malformed):
        advance(START, 0, HONEST.leaves[:8], b"no note")


def test_another_logs_checkpoint_is_refused_though_its_own_key_signed_it() -> None:
    state = replace(START, origin="example.org/FR/log/2")
    with pytest.raises(BadSignature):
        advance(state, 0, HONEST.leaves[:8], HONEST.signed(8))


def test_the_hubs_cosignature_is_demanded_where_it_is_asked_for() -> None:
    with pytest.raises(BadSignature):
        advance(START, 0, HONEST.leaves[:8], HONEST.signed(8), hub=HUB_VKEY)
    assert advance(START, 0, HONEST.leaves[:8], HONEST.cosigned(8), hub=HUB_VKEY).size == 8
    spoilt = HONEST.cosigned(8).replace(HONEST.signed(8), FORKED.signed(12))
    with pytest.raises(BadSignature):
        advance(START, 0, FORKED.leaves[:12], spoilt, hub=HUB_VKEY)


def test_a_smaller_checkpoint_than_one_seen_is_a_rollback_even_before_its_leaves_came() -> None:
    state = HONEST.take(START, 2, 12)
    for kept in (state, HONEST.take(state, 3, 16)):
        with pytest.raises(BadProof, match="rollback"):
            HONEST.take(kept, 4, 8)
    # Also from the latest, before its anchor is reached.
    with pytest.raises(BadProof, match="rollback"):
        HONEST.take(HONEST.take(state, 3, 16), 4, 14)


def test_a_verified_checkpoint_of_another_log_is_our_own_mistake() -> None:
    offered = HONEST.take(START, 8, 8).latest
    assert offered is not None
    with pytest.raises(Misuse):
        follower.extend(replace(START, origin="other"), 0, HONEST.leaves[:8], offered=offered, consistency_proof=())


# --- forks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("have", [0, 3, 12])
def test_two_roots_for_one_size_are_a_fork_with_both_notes_as_evidence(have: int) -> None:
    state = HONEST.take(START, have, 12)
    with pytest.raises(Fork) as caught:
        advance(state, have, (), FORKED.signed(12))
    assert caught.value.evidence == (HONEST.signed(12), FORKED.signed(12))


def test_leaves_that_contradict_an_earlier_checkpoint_are_a_fork_when_they_reach_it() -> None:
    """The log signs 12 of one history, then goes on with another, every step of which is proven: caught at 12."""
    state = HONEST.take(START, 5, 12)
    state = FORKED.take(state, 9, 15)
    assert (size_of(state.anchor), size_of(state.latest)) == (12, 15)
    for end, size in ((12, 16), (14, 16), (12, 15), (20, 20)):
        with pytest.raises(Fork) as caught:
            FORKED.take(state, end, size)
        assert caught.value.evidence == (HONEST.signed(12), FORKED.signed(size))


def test_the_oldest_word_stays_the_anchor_however_often_the_log_signs_on() -> None:
    state = HONEST.take(START, 1, 12)
    for end, size in ((2, 13), (3, 14), (4, 15), (9, 19)):
        state = FORKED.take(state, end, size)
        assert (size_of(state.anchor), size_of(state.latest)) == (12, size)
    with pytest.raises(Fork):
        FORKED.take(state, 20, 20)


def test_the_latest_word_is_held_too_where_an_older_one_is_the_anchor() -> None:
    state = HONEST.take(HONEST.take(START, 1, 8), 2, 12)
    assert (size_of(state.anchor), size_of(state.latest)) == (8, 12)
    with pytest.raises(Fork) as caught:
        advance(state, 2, FORKED.leaves[2:14], FORKED.signed(14))
    assert caught.value.evidence == (HONEST.signed(12), FORKED.signed(14))


def test_a_branch_from_where_a_follower_stands_is_a_bad_proof_not_a_fork() -> None:
    """Nothing then shows that the log, and not who carried it, is at fault."""
    state = HONEST.take(START, 12, 12)
    with pytest.raises(BadProof):
        advance(state, 12, FORKED.leaves[12:15], FORKED.signed(15))


def test_an_error_leaves_the_state_as_it_was() -> None:
    state = HONEST.take(START, 5, 12)
    kept = replace(state)
    with pytest.raises(Fork):
        advance(state, 5, (), FORKED.signed(12))
    assert state == kept
    assert HONEST.take(state, 12, 12).size == 12


# --- two notes --------------------------------------------------------------------------------------------------------


def test_two_checkpoints_are_told_apart() -> None:
    for first, second, relation in (
        (HONEST.signed(12), HONEST.cosigned(12), Relation.SAME),
        (HONEST.signed(12), FORKED.signed(12), Relation.FORK),
        (HONEST.signed(12), FORKED.signed(11), Relation.ROLLBACK),
        (HONEST.signed(12), FORKED.signed(13), Relation.LONGER),
    ):
        assert follower.detect_fork(first, second) is relation


def test_checkpoints_of_different_logs_say_nothing_about_each_other() -> None:
    with pytest.raises(Malformed):
        follower.detect_fork(HONEST.signed(12), HONEST.signed(12).replace(b"FR", b"JP"))
    one = Checkpoint(origin="a", size=0, root=merkle.EMPTY_ROOT)
    with pytest.raises(Misuse):
        follower.relate(one, replace(one, origin="b"))
