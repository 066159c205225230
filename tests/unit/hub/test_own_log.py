"""The hub's own log: it is written under a signed key alone, survives a crash, and fails closed after a restore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId, federation_id
from node.domain.notices import NoticeDecision, NoticeStep
from node.errors import StoreError, Unavailable
from node.hub.own_log import RESTORED
from node.usecases.checkpoint_trust import verify_note
from node.usecases.fsck import check_store
from tests.simulator.federation import Speaker
from tests.simulator.hub_log import HUB, HUB_2, Operator, key_of, told, with_hub_logs
from tests.simulator.memory_log_writer import MemoryLogWriter
from tests.simulator.world import Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
SAID = NoticeDecision(request=RecordId(FR.origin, bytes(32)), step=NoticeStep.REFUSED, reason="no photograph")


@pytest.fixture
def operator() -> Operator:
    world = World([FR, JP])
    world.roster = with_hub_logs(world.roster, HUB)
    return Operator(world)


def say(operator: Operator) -> RecordId:
    return operator.log.state(Kind.NOTICE_DECISION, SAID, Handling())


def closed(operator: Operator, why: str) -> None:
    with pytest.raises(Unavailable, match=why) as caught:
        say(operator)
    assert "vigil hub" in caught.value.remedy or "wait" in caught.value.remedy
    assert operator.hub.log(HUB.origin) is None


def test_a_decision_is_signed_cosigned_and_followed_like_any_entry(operator: Operator) -> None:
    said = say(operator)
    log = operator.hub.log(HUB.origin)
    assert log is not None
    assert (log.size, log.checkpoint_size, log.cosigned_size, operator.told) == (1, 1, 1, 1)
    assert verify_note(operator.world.roster, HUB.origin, log.cosigned, cosigned=True)[0].root == log.root
    node = Node(operator.world, JP, Wire(operator.hub, JP.id))
    told(node, operator.hub, HUB.origin)
    with node.store.read() as reader:
        assert reader.find(HUB.origin, [said.leaf]) == {said.leaf: 0}
    assert all(not report.faults for report in check_store(operator.hub.store, operator.world.roster))


def test_a_hub_of_before_has_no_key_and_says_what_to_do(operator: Operator) -> None:
    operator.key = None
    closed(operator, "no key for a log of its own")


def test_a_key_that_the_authority_has_not_signed_writes_nothing(operator: Operator) -> None:
    operator.world.roster = replace(operator.world.roster, hub=replace(operator.world.roster.hub, logs=()))
    closed(operator, "has not signed the key")
    operator.world.roster = with_hub_logs(operator.world.roster, HUB_2)
    closed(operator, "has not signed the key")


def test_a_restored_hub_writes_nothing_until_it_has_a_new_key(operator: Operator) -> None:
    with operator.hub.store.write() as writer:
        writer.set_setting(RESTORED, b"1")
    closed(operator, "restored from a backup")
    operator.key = key_of(HUB_2)
    operator.world.roster = with_hub_logs(operator.world.roster, HUB, HUB_2)
    operator.log.begin()
    assert say(operator).origin == HUB_2.origin


def test_a_log_that_members_have_more_of_is_not_continued(operator: Operator) -> None:
    operator.claimed[HUB.origin] = 3
    closed(operator, "restored from a backup")


def test_a_hub_that_cosigns_nothing_keeps_the_decision_for_later(operator: Operator) -> None:
    """As a hub whose keys may be in other hands: what is acknowledged waits, and is published by a later start."""
    operator.hub.halted = "a reason"
    with pytest.raises(Unavailable, match="a reason"):
        say(operator)
    operator.hub.halted = ""
    operator.log.resume()
    log = operator.hub.log(HUB.origin)
    assert log is not None
    assert (log.size, log.cosigned_size) == (1, 1)


@pytest.mark.parametrize("step", ["place", "sign", "publish"])
def test_a_crash_at_any_step_is_made_good_by_the_next_start(
    operator: Operator, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = {"place": "append", "sign": "set_checkpoint", "publish": "set_cosigned"}[step]

    def crash(*_given: object, **_named: object) -> None:
        raise StoreError("the machine went away")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryLogWriter, what, crash)
        with pytest.raises(StoreError):
            say(operator)
    again = Operator(operator.world, hub=operator.hub)
    again.log.resume()
    log = operator.hub.log(HUB.origin)
    assert log is not None
    assert (log.size, log.checkpoint_size, log.cosigned_size) == (1, 1, 1)
    again.log.resume()
    assert (operator.hub.log(HUB.origin), again.told) == (log, 1)


def test_the_roster_says_which_key_vouches_for_this_log(operator: Operator) -> None:
    assert operator.world.roster.log_vkeys(HUB.origin) == (key_of(HUB).vkey,)
    assert operator.world.roster.log_vkeys(replace(HUB.origin, stream="audit")) == ()
    assert operator.world.roster.log_vkeys(HUB_2.origin) == ()
    assert operator.world.roster.log_vkeys(replace(HUB.origin, federation=federation_id("other.example"))) == ()
