"""A member hands in a run: the hub stores it whole, once, and cosigns what it has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.statements import Retraction
from node.errors import Conflict, StoreError, Unavailable
from node.hub import carrier as carrier_module
from node.usecases.checkpoint_trust import verify_note
from node.usecases.replica import Verified, verify_package
from tests.simulator.federation import NOW, Log, cosigned
from tests.simulator.world import Hub
from tests.unit.hub.carriers import FR, JP, a_hub, followed, refused, submit

HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)


def test_a_run_is_stored_and_cosigned() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(3))
    head = submit(hub, log.package())
    assert (head.size, head.cosigned_size, head.cosigned) == (3, 3, cosigned(log.note()))
    assert verify_note(hub.world.roster, FR.origin, head.cosigned, cosigned=True)[1] == NOW


def test_nothing_is_cosigned_before_all_of_it_is_here() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    head = submit(hub, log.package(0, 4, at=9))
    assert (head.size, head.cosigned_size) == (4, 0)
    assert submit(hub, log.package(4, 9)).cosigned == cosigned(log.note())


def test_a_hub_whose_keys_may_be_in_other_hands_cosigns_nothing_more() -> None:
    """And names the sizes that it had cosigned, exactly."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    submit(hub, log.package(0, 4))
    hub.halted = "a reason"
    refused(hub, log.package(4, 9), Unavailable)
    assert hub.carrier.cosigned_sizes() == {str(FR.origin): 4}
    hub.halted = ""
    assert submit(hub, log.package(4, 9)).cosigned_size == 9


def test_a_run_that_was_under_way_when_the_hub_stopped_is_not_cosigned_either(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(3))

    def meanwhile(*given: Any) -> Verified:
        hub.halted = "a reason"
        return verify_package(*given)

    monkeypatch.setattr(carrier_module, "verify_package", meanwhile)
    refused(hub, log.package(), Unavailable)
    assert hub.carrier.cosigned_sizes().get(str(FR.origin), 0) == 0


def test_the_same_run_again_gets_the_same_head_again() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    heads = [submit(hub, log.package(0, 4)), submit(hub, log.package(0, 4))]
    hub.world.clock.now += 60
    heads.append(submit(hub, log.package(0, 4)))
    assert heads[0] == heads[1] == heads[2]
    submit(hub, log.package(4, 9))
    assert submit(hub, log.package(0, 4)).size == 9


def test_a_hub_that_died_before_it_answered_answers_the_same_run_later() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(3))
    hub.store.fail_next_commit = StoreError("killed")
    refused(hub, log.package(), StoreError)
    assert submit(hub, log.package()).cosigned_size == 3
    again = Hub(hub.world, hub.store)
    again.world.clock.now += 60
    assert submit(again, log.package()).cosigned == cosigned(log.note())


def test_a_run_from_elsewhere_is_a_conflict_that_says_where_the_log_stands() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    submit(hub, log.package(0, 4))
    for start in (3, 5):
        with pytest.raises(Conflict) as conflict:
            submit(hub, log.package(start, 9))
        assert conflict.value.have == 4


def test_runs_handed_in_at_once_are_taken_once() -> None:
    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        log.pictures(range(5))
        heads = await asyncio.gather(*(hub.carrier.submit(FR.id, log.package()) for _ in range(5)))
        assert {head.size for head in heads} == {5}

    asyncio.run(story())


def test_one_malformed_entry_is_set_aside_and_the_log_goes_on() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1])
    log.add(b"\x01 not an entry")
    log.pictures([2])
    assert submit(hub, log.package()).cosigned_size == 3
    with hub.store.read() as reader:
        assert list(reader.run(FR.origin, 0, 3, 1 << 20).states) == [HELD, QUARANTINED, HELD]


def test_a_retraction_purges_at_the_hub() -> None:
    hub, log = a_hub(), Log(FR)
    (record,) = log.pictures([1])
    submit(hub, log.package())
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    submit(hub, log.package(1))
    (package,) = followed(hub, JP.id, 1)
    assert [bool(body) for body in package.bodies] == [False, True]
    assert hub.store.scrubs == 1
