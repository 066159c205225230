"""What a member may do at the hub by its standing: left, suspended, unknown, or with a former key."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.roster import KeyStatus, MemberStatus
from node.domain.statements import Retraction
from node.errors import BadSignature, Refused, Suspended
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.world import Hub, World
from tests.unit.hub.carriers import DE, FR, JP, a_hub, do, followed, refused, submit


def has_left(hub: Hub, *left: Speaker) -> None:
    hub.world.roster = roster(FR, JP, DE, **{speaker.id: MemberStatus.LEFT for speaker in left})


def test_a_member_that_left_takes_back_what_it_said_and_says_nothing_new() -> None:
    hub, log = a_hub(), Log(FR)
    records = log.pictures(range(3))
    submit(hub, log.package())
    has_left(hub, FR)
    log.say(Retraction(), kind=Kind.RETRACTION, target=records[1])
    assert submit(hub, log.package(3)).cosigned_size == 4
    (package,) = followed(hub, JP.id, 1)
    assert [bool(body) for body in package.bodies] == [True, False, True, True]
    log.pictures([7])
    refused(hub, log.package(4), Refused)


def test_a_member_that_left_reads_nothing_of_the_others() -> None:
    hub, log, other = a_hub(), Log(FR), Log(JP)
    log.pictures(range(2))
    other.pictures(range(2))
    submit(hub, log.package())
    submit(hub, other.package(), JP.id)
    has_left(hub, FR)
    assert [head.origin for head in do(hub.carrier.heads(FR.id, []))] == [FR.origin]
    with pytest.raises(Refused):
        followed(hub, FR.id, 1)
    with pytest.raises(Refused):
        do(hub.carrier.bodies(FR.id, JP.origin, [0]))


@pytest.mark.parametrize(("status", "until", "taken"), [
    (KeyStatus.RETIRED, 9, True),
    (KeyStatus.RETIRED, 8, False),
    (KeyStatus.RETIRED, None, False),
    (KeyStatus.REVOKED, 9, False),
])  # fmt: skip
def test_a_former_log_is_taken_again_by_a_hub_that_lost_it_as_far_as_its_key_counts(
    status: KeyStatus, until: int | None, taken: bool
) -> None:
    later = Speaker.named("FR", 2)
    hub, log = Hub(World([FR, later, JP])), Log(FR)
    log.pictures(range(9))
    member = hub.world.roster.members[FR.id]
    keys = tuple(replace(k, status=status, until_size=until) if k.epoch == 1 else k for k in member.keys)
    hub.world.roster = replace(hub.world.roster, members={FR.id: replace(member, keys=keys)})
    if taken:
        assert submit(hub, log.package()).cosigned_size == 9
    else:
        refused(hub, log.package(), (Refused, BadSignature))  # type: ignore[arg-type]
    refused(hub, log.package(), Exception, JP.id)


def test_a_member_submits_to_its_own_log_alone() -> None:
    hub, of_jp = a_hub(), Log(JP)
    of_jp.pictures([1])
    refused(hub, of_jp.package(), Refused)
    elsewhere = replace(of_jp.package(), origin=replace(FR.origin, federation="other.example"))  # type: ignore[arg-type]
    refused(hub, elsewhere, Refused)
    refused(hub, replace(of_jp.package(), origin=replace(FR.origin, stream="audit")), Refused)


def test_a_closed_epoch_takes_nothing_more() -> None:
    second = Speaker.named("FR", epoch=2)
    hub, old, new = Hub(World([FR, second])), Log(FR), Log(second)
    old.pictures([1])
    new.pictures([2])
    refused(hub, old.package(), Refused)
    assert submit(hub, new.package()).size == 1
    member = hub.world.roster.members[FR.id]
    retired = replace(member, keys=tuple(replace(key, status=KeyStatus.RETIRED) for key in member.keys))
    hub.world.roster = replace(hub.world.roster, members={FR.id: retired})
    new.pictures([3])
    refused(hub, new.package(1), Refused)


def test_the_suspended_and_the_unknown_are_refused() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1])
    hub.world.roster = roster(FR, JP, FR=MemberStatus.SUSPENDED)
    refused(hub, log.package(), Suspended)
    hub.world.roster = roster(JP)
    refused(hub, log.package(), Refused)
    for call in (hub.carrier.heads(FR.id, []), hub.carrier.bodies(FR.id, JP.origin, [0])):
        with pytest.raises(Refused):
            do(call)
    with pytest.raises(Refused):
        followed(hub, FR.id, 1)


def test_a_suspension_ends_a_stream_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1_000)

    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        log.pictures(range(20))
        await hub.carrier.submit(FR.id, log.package())
        stream = hub.carrier.follow(JP.id, [])
        await anext(stream)
        hub.world.roster = roster(FR, JP, JP=MemberStatus.SUSPENDED)
        with pytest.raises(Suspended):
            await anext(stream)

    asyncio.run(story())
