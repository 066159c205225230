"""Two histories of one log: what is a fork, and what is refused as an older checkpoint."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from node.errors import BadProof, Damaged, Fork, Refused
from node.store.store import open_node_store
from node.usecases.applying_runs import apply
from node.usecases.replica import Position, position
from tests.simulator.federation import Log, cosigned
from tests.unit.usecases.checked_packages import FR, check, log_of, start


def other_history(count: int, *, same: int) -> Log:
    """A log that begins like `log_of` and goes on otherwise."""
    log = log_of(same)
    log.pictures(range(10_000, 10_000 + count - same))
    return log


def test_two_histories_of_the_size_that_was_promised_are_a_fork_with_both_notes_as_evidence() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(Fork) as fork:
        check(other_history(9, same=4).package(4, 9, hub=True), at)
    assert fork.value.evidence == (cosigned(log_of(9).note()), cosigned(other_history(9, same=4).note()))


def test_a_history_that_leads_past_the_promised_size_another_way_is_a_fork() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(Fork):
        check(other_history(12, same=4).package(4, 12, hub=True), at)


def test_the_promise_is_kept_in_mind_until_it_is_reached() -> None:
    """A later checkpoint must not make us forget an earlier one that we have not come to."""
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    other = other_history(20, same=5)
    between = check(other.package(4, 7, at=20, hub=True), at).after
    assert between.state.anchor == at.state.checkpoint
    with pytest.raises(Fork) as fork:
        check(other.package(7, 20, hub=True), between)
    assert fork.value.evidence == (cosigned(log_of(9).note()), cosigned(other.note()))


def before_the_promised_size(log: Log) -> Position:
    """Four entries under the checkpoint of 9, then two more under that of 20: neither is reached."""
    at = check(log.package(0, 4, at=9, hub=True)).after
    after = check(log.package(4, 6, at=20, hub=True), at).after
    assert (after.state.size, after.state.anchor_size, after.state.checkpoint_size) == (6, 9, 20)
    assert (after.state.anchor, after.state.checkpoint) == (cosigned(log.note(9)), cosigned(log.note(20)))
    return after


@pytest.mark.parametrize("size", [8, 9, 12, 19])
def test_a_rollback_from_the_newest_checkpoint_is_refused_before_an_earlier_one_is_reached(size: int) -> None:
    log = log_of(20)
    with pytest.raises(BadProof, match="older"):
        check(log.package(6, 8, at=size, hub=True), before_the_promised_size(log))


def test_a_second_root_at_the_newest_size_is_a_fork_before_an_earlier_one_is_reached() -> None:
    log, other = log_of(20), other_history(20, same=10)
    for end in (8, 9, 10, 20):
        with pytest.raises(Fork) as fork:
            check(other.package(6, end, at=20, hub=True), before_the_promised_size(log))
        assert fork.value.evidence == (cosigned(log.note()), cosigned(other.note()))


def test_the_newest_checkpoint_is_the_next_to_be_reached_once_an_earlier_one_is() -> None:
    log, other = log_of(20), other_history(25, same=10)
    at = check(log.package(6, 10, at=20, hub=True), before_the_promised_size(log)).after
    assert (at.state.anchor, at.state.anchor_size) == (cosigned(log.note(20)), 20)
    with pytest.raises(Fork) as fork:
        check(other.package(10, 25, hub=True), at)
    assert fork.value.evidence == (cosigned(log.note()), cosigned(other.note()))
    done = check(log.package(10, 20, hub=True), at).after.state
    assert (done.anchor, done.anchor_size, done.checkpoint_size, done.cosigned_size) == (b"", 0, 20, 20)


def test_neither_checkpoint_is_forgotten_when_the_process_ends(tmp_path: Path) -> None:
    log, other, another = log_of(20), other_history(20, same=10), other_history(27, same=7)
    path = tmp_path / "node.db"
    open_node_store(path, create=True).close()
    for stop, size in ((4, 9), (6, 20)):
        with closing(open_node_store(path, create=False)) as store, store.write() as writer:
            at = position(writer, writer.open_log(FR.origin))
            apply(writer, check(log.package(at.state.size, stop, at=size, hub=True), at))
    with closing(open_node_store(path, create=False)) as store, store.read() as reader:
        (state,) = reader.logs()
        at = position(reader, state)
    with pytest.raises(BadProof, match="older"):
        check(log.package(6, 8, at=12, hub=True), at)
    for history, stop, known in ((other, 8, 20), (another, 12, 9)):
        with pytest.raises(Fork) as fork:
            check(history.package(6, stop, at=history.size, hub=True), at)
        assert fork.value.evidence == (cosigned(log.note(known)), cosigned(history.note()))


def test_what_contradicts_itself_in_our_own_store_is_damage_and_not_the_peers_fault() -> None:
    log = log_of(9)
    at = check(log.package(0, 5, hub=True)).after
    wrong = cosigned(other_history(5, same=2).note())
    for state in (replace(at.state, checkpoint=wrong), replace(at.state, checkpoint=b"no note")):
        with pytest.raises(Damaged):
            check(log.package(5, 9, hub=True), replace(at, state=state))


def test_an_older_checkpoint_than_the_promised_one_is_refused_and_is_no_fork() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(BadProof, match="older"):
        check(log_of(9).package(4, 6, hub=True), at)


def test_a_frozen_log_takes_nothing() -> None:
    with pytest.raises(Refused):
        check(log_of(3).package(hub=True), start(frozen="a fork"))
