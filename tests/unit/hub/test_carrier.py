"""The hub takes in what members sign, and hands on what each may read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from node.domain.batch import RUN_ENTRIES, BodyState, Package
from node.domain.envelope import Disclosure, Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin
from node.domain.log_ports import LogState
from node.domain.queries import LogView
from node.domain.roster import KeyStatus, MemberStatus
from node.domain.services import Head
from node.domain.statements import Comment, Retraction
from node.errors import (
    BadProof,
    BadSignature,
    Conflict,
    Fork,
    Malformed,
    NotFound,
    PeerFault,
    Refused,
    StoreError,
    Suspended,
    Unavailable,
)
from node.hub import carrier as carrier_module
from node.tlog.merkle import MAX_TREE_SIZE
from node.usecases.checkpoint_trust import verify_note
from node.usecases.replica import Verified, verify_package
from node.wire.convert_federation import package_from_pb, package_to_pb
from tests.simulator import hostile_member
from tests.simulator.federation import NOW, TODAY, Log, Speaker, cosigned, entry_of, picture, roster
from tests.simulator.world import PATIENCE, Hub, World, first

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)
ONLY_JP = Handling(audience=(MemberId("JP"),))
Given = TypeVar("Given")


def a_hub() -> Hub:
    return Hub(World([FR, JP, DE]))


def do(work: Awaitable[Given]) -> Given:
    async def within() -> Given:
        return await work

    return asyncio.run(within())


def submit(hub: Hub, package: Package, member: MemberId = FR.id) -> Head:
    return do(hub.carrier.submit(member, package))


def refused(hub: Hub, package: Package, error: type[Exception], member: MemberId = FR.id) -> None:
    before = hub.log(package.origin)
    with pytest.raises(error):
        submit(hub, package, member)
    after = hub.log(package.origin)
    assert (after and replace(after, frozen="")) == (before and replace(before, frozen=""))


def followed(hub: Hub, member: MemberId, count: int, *cursors: LogView) -> list[Package]:
    return do(first(hub.carrier.follow(member, cursors), count))


# --- a member that left ----------------------------------------------------------------------------------------------


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


# --- submit -----------------------------------------------------------------------------------------------------------


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


def test_a_hub_that_lost_entries_learns_from_its_followers_how_many() -> None:
    """Restored from an older backup: what members name when they begin to follow is more than it has."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    submit(hub, log.package(0, 4))
    assert hub.carrier.claimed() == {}
    stranger = LogView(origin=Speaker.named("QQ").origin, size=5)
    unwanted = LogView(origin=JP.origin, size=MAX_TREE_SIZE)
    followed(hub, JP.id, 1, LogView(origin=FR.origin, size=0), stranger, unwanted)
    assert hub.carrier.claimed() == {}

    other = Log(JP)
    other.pictures(range(1))
    submit(hub, other.package(), JP.id)
    followed(hub, DE.id, 1, LogView(origin=FR.origin, size=9))
    assert hub.carrier.claimed() == {FR.origin: 9}
    submit(hub, log.package(4, 9))
    assert hub.carrier.claimed() == {}, "it is back"


@pytest.mark.parametrize("call", ["bodies", "submit"])
def test_a_member_that_hangs_up_and_calls_again_has_one_call_at_work(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads that read and store are few, and everybody's."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(2))
    submit(hub, log.package())
    at_work, most, let_go = 0, 0, threading.Event()

    def work(*_given: Any) -> dict[int, Disclosure]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        let_go.wait(PATIENCE)
        at_work -= 1
        return {}

    monkeypatch.setattr(hub.carrier._showing, "bodies", work)
    monkeypatch.setattr(hub.carrier, "_submit", work)

    def one(number: int) -> Awaitable[Any]:
        if call == "bodies":
            return hub.carrier.bodies(FR.id, FR.origin, range(number + 1))
        return hub.carrier.submit(FR.id, log.package())

    async def story() -> None:
        calls = [asyncio.ensure_future(one(number)) for number in range(3)]
        async with asyncio.timeout(PATIENCE):
            while not at_work:  # noqa: ASYNC110 (a thread tells nobody)
                await asyncio.sleep(0.01)
            for each in calls:
                each.cancel()
            again = asyncio.ensure_future(one(7))
            await asyncio.sleep(0.05)
            assert at_work == 1
            let_go.set()
            await again
        await asyncio.gather(*calls, return_exceptions=True)
        assert most == 1

    asyncio.run(story())


def test_a_follower_that_names_ever_other_logs_costs_the_hub_no_memory() -> None:
    """Epochs that a member never had: there are a thousand million names of them."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(1))
    submit(hub, log.package())
    named = [LogView(origin=replace(FR.origin, epoch=epoch), size=5) for epoch in range(2, 2_000)]
    followed(hub, DE.id, 1, *named)
    assert hub.carrier.claimed() == {}
    assert hub.carrier._claimed == {}


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


def shown(hub: Hub, member: MemberId, log: Log) -> list[bool]:
    """Which bodies of a log the hub hands to a member, in a package and one by one."""
    (package,) = [each for each in followed(hub, member, 2) if each.origin == log.speaker.origin]
    single = do(hub.carrier.bodies(member, log.speaker.origin, range(log.size)))
    assert [index in single for index in range(log.size)] == [bool(body) for body in package.bodies]
    return [bool(body) for body in package.bodies]


def test_a_remark_goes_to_nobody_whom_the_newest_version_of_its_record_does_not_admit() -> None:
    """What was said openly of an open record is closed by the correction that closes the record, and it stays with
    those who may read both, with the owner and with who said it.
    """
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (record,) = fr.pictures([1])
    submit(hub, fr.package())
    said = jp.say(Comment(text="seen"), kind=Kind.COMMENT, target=record)
    jp.say(Comment(text="and again"), kind=Kind.COMMENT, target=said)
    submit(hub, jp.package(), JP.id)
    assert shown(hub, DE.id, jp) == [True, True]
    closed = fr.say(picture(2), kind=Kind.CORRECTION, target=record, handling=ONLY_JP)
    submit(hub, fr.package(1))
    assert shown(hub, DE.id, jp) == [False, False]
    for reader in (FR.id, JP.id):
        assert shown(hub, reader, jp) == [True, True]
    fr.say(picture(3), kind=Kind.CORRECTION, target=closed)
    submit(hub, fr.package(2))
    assert shown(hub, DE.id, jp) == [True, True]


def test_a_remark_that_is_open_about_a_record_that_is_not_is_withheld() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (secret,) = fr.pictures([1], handling=ONLY_JP)
    submit(hub, fr.package())
    jp.say(Comment(text="to all"), kind=Kind.COMMENT, target=secret)
    submit(hub, jp.package(), JP.id)
    assert shown(hub, DE.id, jp) == [False]
    assert shown(hub, FR.id, jp) == [True]


# --- heads and follow -------------------------------------------------------------------------------------------------


def test_heads_are_given_of_all_logs_or_of_those_asked_for() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    fr.pictures([1, 2])
    jp.pictures([3])
    submit(hub, fr.package())
    submit(hub, jp.package(), JP.id)
    assert {h.origin: h.cosigned_size for h in do(hub.carrier.heads(DE.id, []))} == {FR.origin: 2, JP.origin: 1}
    assert [h.origin for h in do(hub.carrier.heads(DE.id, [JP.origin, DE.origin]))] == [JP.origin]


def test_a_follower_gets_every_log_from_its_cursors_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1_000)
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    fr.pictures(range(12))
    jp.pictures(range(20, 26))
    submit(hub, fr.package())
    submit(hub, jp.package(), JP.id)
    packages = followed(hub, DE.id, 5, LogView(origin=FR.origin, size=5))
    assert [each.origin for each in packages[:4]] == [FR.origin, JP.origin, FR.origin, JP.origin]
    for log, start in ((fr, 5), (jp, 0)):
        at = start
        for each in packages:
            if each.origin == log.speaker.origin:
                assert each == log.package(at, each.end, at=log.size, hub=True)
                at = each.end
        assert at > start


def test_only_what_is_cosigned_is_handed_on() -> None:
    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        log.pictures(range(4))
        await hub.carrier.submit(FR.id, log.package(0, 2, at=4))
        stream = hub.carrier.follow(JP.id, [])
        waiting = asyncio.ensure_future(anext(stream))
        await hub.carrier.heads(JP.id, [])
        assert not waiting.done()
        await hub.carrier.submit(FR.id, log.package(2, 4))
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).end == 4

    asyncio.run(story())


def test_the_live_tail_reaches_every_follower() -> None:
    async def story() -> None:
        hub, log = a_hub(), Log(FR)
        streams = [hub.carrier.follow(member, []) for member in (JP.id, DE.id)]
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        for number in range(3):
            log.pictures([number])
            await hub.carrier.submit(FR.id, log.package(number))
            async with asyncio.timeout(PATIENCE):
                packages = await asyncio.gather(*waiting)
            assert [each.start for each in packages] == [number, number]
            waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(story())


def test_what_was_stored_for_a_caller_who_hung_up_reaches_the_followers() -> None:
    async def story() -> None:
        hub, log, begun, go_on = a_hub(), Log(FR), threading.Event(), threading.Event()
        log.pictures([1])
        take = hub.carrier._take

        def slow(package: Package) -> Head:
            begun.set()
            assert go_on.wait(PATIENCE)
            return take(package)

        hub.carrier._take = slow  # type: ignore[method-assign]
        waiting = asyncio.ensure_future(anext(hub.carrier.follow(JP.id, [])))
        call = asyncio.ensure_future(hub.carrier.submit(FR.id, log.package()))
        await asyncio.to_thread(begun.wait, PATIENCE)
        call.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(call, return_exceptions=True)
        assert call.cancelled()
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).end == 1

    asyncio.run(story())


def test_a_body_goes_to_those_its_handling_admits() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1])
    log.pictures([2], handling=ONLY_JP)
    log.say(picture(3), handling=bytes([0x08, 2, 0x10, 1]), open=False)
    submit(hub, log.package())
    shown = {member: [bool(body) for body in followed(hub, member, 1)[0].bodies] for member in (FR.id, JP.id, DE.id)}
    assert shown == {FR.id: [True, True, True], JP.id: [True, True, False], DE.id: [True, False, False]}
    (package,) = followed(hub, DE.id, 1)
    for column in (package.nonces, package.handling_nonces, package.handlings):
        assert [bool(each) for each in column] == [True, False, False]


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


def test_too_many_cursors_or_indices_are_refused() -> None:
    hub = a_hub()
    with pytest.raises(Malformed):
        followed(hub, JP.id, 1, *[LogView(origin=FR.origin, size=0)] * 10_001)
    with pytest.raises(Malformed):
        do(hub.carrier.bodies(JP.id, FR.origin, range(1_001)))


# --- repair -----------------------------------------------------------------------------------------------------------


def test_bodies_are_given_again_to_those_who_may_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1, 2])
    log.pictures([3], handling=ONLY_JP)
    log.add(entry_of(FR.origin, picture(4), handling=Handling(retain_until_day=TODAY))[0])
    submit(hub, log.package())
    wanted = [-1, 0, 1, 2, 3, 99]

    def given(member: MemberId, origin: Origin = FR.origin) -> dict[int, Disclosure]:
        return dict(do(hub.carrier.bodies(member, origin, wanted)))

    assert given(JP.id) == {index: log.disclosures[index] for index in (0, 1, 2)}
    assert given(DE.id) == {index: log.disclosures[index] for index in (0, 1)}
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1)
    assert list(given(JP.id)) == [0]
    with pytest.raises(NotFound):
        given(JP.id, JP.origin)


def test_a_log_of_which_no_package_can_be_made_leaves_the_others_going(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, held back and tried again; the stream does not end."""
    monkeypatch.setattr("node.hub.rota.HELD_BACK_FIRST", 0.01)

    async def story() -> None:
        hub, fr, jp = a_hub(), Log(FR), Log(JP)
        fr.pictures(range(3))
        jp.pictures(range(10, 14))
        await hub.carrier.submit(FR.id, fr.package())
        await hub.carrier.submit(JP.id, jp.package())
        sound = hub.carrier._showing.package
        broken = True

        def package(member: MemberId, log: LogState, *rest: object) -> Package:
            if broken and log.origin == FR.origin:
                raise ValueError(member)
            return sound(member, log, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(hub.carrier._showing, "package", package)
        stream = hub.carrier.follow(DE.id, [])
        async with asyncio.timeout(PATIENCE):
            assert (await anext(stream)).origin == JP.origin
            assert hub.carrier.troubles == {FR.origin: "internal (ValueError)"}
            jp.pictures([20])
            await hub.carrier.submit(JP.id, jp.package(4))
            assert (await anext(stream)).start == 4
            broken = False
            assert (await anext(stream)).origin == FR.origin
        assert hub.carrier.troubles == {}

    asyncio.run(story())


def test_tiny_entries_travel_in_packages_that_every_receiver_takes() -> None:
    """As many bytes of them as fill a package by themselves would be five times as long on the wire."""
    hub, log, jp = a_hub(), Log(FR), Log(JP)
    hostile_member.tiny(log, 60_000)
    jp.pictures([1])
    for start in range(0, log.size, 30_000):
        submit(hub, log.package(start, min(start + 30_000, log.size)))
    submit(hub, jp.package(), JP.id)
    packages = followed(hub, DE.id, 3)
    assert [each.origin for each in packages] == [FR.origin, JP.origin, FR.origin]
    for each in packages:
        assert package_from_pb(package_to_pb(each)).entries == each.entries
        assert package_to_pb(each).ByteSize() < 1 << 20
    assert [each.end for each in packages] == [RUN_ENTRIES, 1, 2 * RUN_ENTRIES]


def test_a_member_whose_run_was_much_work_rests_and_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.REST_SHARE", 1e9)

    async def story() -> None:
        hub, jp = a_hub(), Log(JP)
        (fr,) = hostile_member.late_retractions(20)
        jp.pictures(range(2))
        await hub.carrier.submit(FR.id, fr.package())
        fr.pictures([50])
        resting = asyncio.ensure_future(hub.carrier.submit(FR.id, fr.package(40)))
        for number in range(2):
            await hub.carrier.submit(JP.id, jp.package(number, number + 1))
        assert not resting.done()
        resting.cancel()
        await asyncio.gather(resting, return_exceptions=True)

    asyncio.run(story())
