"""The own log: placed, signed, and compared with what the hub has of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.batch import Package
from node.domain.services import Head
from node.errors import BadProof, BadSignature, Conflict, Fork, Malformed, Refused, StoreError, Unavailable
from node.tlog.checkpoint import parse_text
from node.tlog.note import parse
from node.usecases.ownlog import Standing
from tests.simulator.federation import HUB_VKEY, Log, cosigned
from tests.simulator.world import Node
from tests.unit.usecases.ledger_nodes import FR, JP, NOTHING_YET, a_crash, a_node, drafts, pending, published, view


def head_of(log: Log, size: int | None = None) -> Head:
    size = log.size if size is None else size
    return Head(origin=log.speaker.origin, size=size, cosigned=cosigned(log.note(size)), cosigned_size=size)


# --- placed and signed ------------------------------------------------------------------------------------------------


def test_nothing_is_placed_signed_or_published_before_this_start_was_compared() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    for deed in (node.own.place_and_sign, lambda: node.own.run_from(0)):
        with pytest.raises(Unavailable):
            deed()
    assert (pending(node), node.own.state().checkpoint) == (1, b"")
    assert node.own.reconcile(NOTHING_YET) is Standing.EQUAL
    assert node.own.place_and_sign().checkpoint_size == 1


def test_a_crash_before_the_leaves_are_durable_leaves_them_waiting() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    node.own.reconcile(NOTHING_YET)
    with a_crash(node):
        node.own.place_and_sign()
    assert (pending(node), node.size(FR.origin)) == (1, 0)
    assert not node.finds(1)


def test_a_crash_between_placing_and_persisting_the_signature_signs_the_same_size_again() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1, 2))
    node.own.reconcile(NOTHING_YET)
    sign, made = node.own._note, []

    def sign_and_die(size: int, root: bytes) -> bytes:
        made.append(sign(size, root))
        node.store.fail_next_commit = StoreError("killed")
        return made[0]

    node.own._note = sign_and_die  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        node.own.place_and_sign()
    again = node.restarted()
    assert (again.own.state().size, again.own.state().checkpoint_size) == (2, 0)
    with pytest.raises(Unavailable):
        again.own.place_and_sign()
    again.own.reconcile(NOTHING_YET)
    again.ledger.contribute(drafts(3))
    assert again.own.sign().checkpoint == made[0]
    assert again.own.place_and_sign().size == 3


def test_signing_again_changes_nothing() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1))
    node.own.reconcile(NOTHING_YET)
    assert node.own.place_and_sign() == node.own.place_and_sign() == node.own.sign()


def test_runs_are_cut_to_size_and_each_ends_with_a_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    node = a_node()
    node.ledger.contribute(drafts(*range(20)))
    node.own.reconcile(NOTHING_YET)
    node.own.place_and_sign()
    monkeypatch.setattr("node.usecases.ownlog.RUN_BYTES", 2_000)
    at, sizes = 0, []
    while (run := node.own.run_from(at)) is not None:
        at = run.end
        checkpoint = parse_text(parse(run.checkpoint).text)
        sizes.append(checkpoint.size)
        assert (checkpoint.size, run.proof) == (at, ())
    assert at == 20
    assert len(sizes) > 3


# --- compared with the hub --------------------------------------------------------------------------------------------


def test_the_hub_behind_or_equal_lets_the_log_go_on() -> None:
    node = a_node()
    node.ledger.contribute(drafts(1, 2))
    published(node)
    again = node.restarted()
    (head,) = asyncio.run(again.carrier.heads([FR.origin]))
    assert again.own.reconcile(NOTHING_YET) is Standing.HUB_BEHIND
    assert again.own.reconcile(head) is Standing.EQUAL
    assert again.own.state().cosigned == head.cosigned


def a_log_and_a_node_behind_it(known: int, size: int) -> tuple[Log, Node]:
    """A store restored from a backup: it has the first entries of a log that the hub has whole."""
    log, node = Log(FR), a_node()
    log.pictures(range(size))
    if known:
        node.own.adopt(log.package(0, known, hub=True))
    return log, node


def test_a_hub_that_is_ahead_stops_signatures_until_its_entries_are_adopted() -> None:
    log, node = a_log_and_a_node_behind_it(3, 7)
    (record,) = node.ledger.contribute(drafts(100))
    assert node.own.reconcile(head_of(log)) is Standing.HUB_AHEAD
    with pytest.raises(Unavailable):
        node.own.place_and_sign()
    node.own.adopt(log.package(3, 7, hub=True))
    assert node.own.reconcile(head_of(log)) is Standing.EQUAL
    state = node.own.place_and_sign()
    assert view(node, record).index == 7
    assert state.size == 8
    assert all(map(node.finds, (0, 6, 100)))


def test_a_hub_that_rolls_back_while_we_take_our_own_entries_back_gets_no_signature() -> None:
    log, node = a_log_and_a_node_behind_it(3, 7)
    node.own.adopt(log.package(3, 5, at=7, hub=True))
    node.ledger.contribute(drafts(100))
    for size in (3, 5):
        note = cosigned(log.note(size))
        with pytest.raises(BadProof, match="less of our own log"):
            node.own.reconcile(Head(origin=FR.origin, size=size, cosigned=note, cosigned_size=size))
        with pytest.raises(Unavailable):
            node.own.place_and_sign()
    node.own.adopt(log.package(5, 7, hub=True))
    assert node.own.reconcile(head_of(log)) is Standing.EQUAL
    assert node.own.place_and_sign().size == 8


def test_a_waiting_statement_that_was_published_before_the_restore_is_not_placed_twice() -> None:
    log, node = a_log_and_a_node_behind_it(3, 3)
    again, lost = node.ledger.contribute(drafts(50, 51))
    with node.store.read() as reader:
        waiting = reader.find_pending(again.leaf)
    assert waiting is not None
    log.add(waiting.entry, waiting.disclosure)
    node.own.adopt(log.package(3, 4, hub=True))
    node.own.reconcile(head_of(log))
    node.own.place_and_sign()
    assert (view(node, again).index, view(node, lost).index, node.size(FR.origin)) == (3, 4, 5)


@pytest.mark.parametrize("size", [2, 3])
def test_another_history_under_our_key_freezes_the_log_with_its_evidence(size: int) -> None:
    _, node = a_log_and_a_node_behind_it(3, 3)
    other = Log(FR)
    other.pictures(range(50, 50 + size))
    with pytest.raises(Fork):
        node.own.reconcile(head_of(other))
    assert node.own.state().frozen
    with node.store.read() as reader:
        assert head_of(other).cosigned in reader.evidence(FR.origin)
    again = node.restarted()
    with pytest.raises(Refused):
        again.own.reconcile(NOTHING_YET)
    with pytest.raises(Unavailable):
        again.own.place_and_sign()


def test_a_head_that_is_not_signed_and_cosigned_convinces_nobody() -> None:
    log, node = a_log_and_a_node_behind_it(0, 3)
    uncosigned = replace(head_of(log), cosigned=log.note())
    of_jp = Log(JP)
    of_jp.pictures([1])
    with pytest.raises(BadSignature):
        node.own.reconcile(uncosigned)
    with pytest.raises(Malformed):
        node.own.reconcile(replace(head_of(log), cosigned=cosigned(of_jp.note())))
    with pytest.raises(Malformed):
        node.own.reconcile(head_of(of_jp))
    with pytest.raises(Conflict):
        node.own.reconcile(replace(NOTHING_YET, size=3))
    assert not node.own.compared


def test_adopting_is_verifying() -> None:
    log, node = a_log_and_a_node_behind_it(0, 3)

    def refused(package: Package, error: type[Exception]) -> None:
        with pytest.raises(error):
            node.own.adopt(package)
        assert node.size(FR.origin) == 0

    refused(log.package(), BadSignature)
    refused(log.package(1, 3, hub=True), Conflict)
    assert HUB_VKEY.name.encode() in log.package(hub=True).checkpoint
