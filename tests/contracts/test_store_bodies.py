"""What every store owes the bodies of a log: held, filled in, purged, set aside, expired."""

from __future__ import annotations

import pytest

from node.domain.batch import BodyState
from node.domain.stores import NodeStore
from node.errors import Misuse
from tests.simulator.batches import FR, JP, append, batch, disclosure, words
from tests.stores import EVERYTHING

HELD, NOT_FOR_US, MISSING = BodyState.HELD, BodyState.NOT_FOR_US, BodyState.MISSING
PURGED, QUARANTINED = BodyState.PURGED, BodyState.QUARANTINED


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
