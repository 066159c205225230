"""Histories that contradict each other freeze a log; what is not proven is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.errors import BadProof, Fork, Malformed, PeerFault, Refused
from tests.simulator.federation import Log, cosigned
from tests.unit.hub.carriers import FR, JP, a_hub, refused, submit


def test_a_fork_freezes_that_log_with_both_notes_and_no_other() -> None:
    hub, log, other, of_jp = a_hub(), Log(FR), Log(FR), Log(JP)
    log.pictures(range(3))
    other.pictures(range(10, 13))
    of_jp.pictures([1])
    submit(hub, log.package())
    refused(hub, other.package(), Fork)
    with hub.store.read() as reader:
        assert reader.evidence(FR.origin) == [log.note(), other.note()]
    log.pictures([4])
    refused(hub, log.package(3), Refused)
    assert submit(hub, of_jp.package(), JP.id).size == 1


@pytest.mark.parametrize("size", [9, 12])
def test_a_second_root_at_a_size_that_was_signed_and_is_not_here_yet_is_a_fork(size: int) -> None:
    hub, log, other = a_hub(), Log(FR), Log(FR)
    log.pictures(range(12))
    other.pictures([*range(6), *range(20, 26)])
    submit(hub, log.package(0, 4, at=9))
    submit(hub, log.package(4, 5, at=12))
    refused(hub, other.package(5, 6, at=size), Fork)
    with hub.store.read() as reader:
        assert reader.evidence(FR.origin) == [log.note(size), other.note(size)]


def test_a_rollback_behind_what_was_signed_is_refused_and_the_log_goes_on() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(12))
    submit(hub, log.package(0, 4, at=9))
    submit(hub, log.package(4, 5, at=12))
    refused(hub, log.package(5, 10), BadProof)
    assert submit(hub, log.package(5, 12)).cosigned == cosigned(log.note())


def test_a_shorter_history_that_is_another_is_a_fork_and_a_shorter_one_that_is_not_is_none() -> None:
    hub, log, other = a_hub(), Log(FR), Log(FR)
    log.pictures(range(5))
    other.pictures([0, 1, 77])
    submit(hub, log.package())
    assert submit(hub, log.package(1, 3)).size == 5
    refused(hub, other.package(), Fork)


def test_other_entries_under_a_checkpoint_that_is_right_are_a_bad_proof() -> None:
    hub, log, other = a_hub(), Log(FR), Log(FR)
    log.pictures(range(3))
    other.pictures(range(10, 13))
    submit(hub, log.package())
    refused(hub, replace(other.package(), checkpoint=log.note()), BadProof)


def test_a_bad_signature_proof_disclosure_or_a_second_signature_is_refused() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(3))
    good = log.package()
    refused(hub, replace(good, checkpoint=JP.note(3, log.root(3))), PeerFault)
    refused(hub, replace(good, checkpoint=cosigned(log.note())), Malformed)
    refused(hub, log.package(0, 2, at=3, proof=()), PeerFault)
    refused(hub, replace(good, bodies=[*good.bodies[:2], b"another"]), BadProof)
    refused(hub, replace(good, entries=[*good.entries[:2], b"\x01"]), PeerFault)
    refused(hub, replace(good, entries=[], nonces=[], bodies=[], handling_nonces=[], handlings=[]), Malformed)
