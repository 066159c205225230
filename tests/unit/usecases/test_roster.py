"""Who may speak: fail closed, remember the newest, and end a voice when it is taken."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from node.domain.hub_ports import IssuedCertificate
from node.domain.ids import FederationId, MemberId, spiffe_id
from node.domain.roster import HubIdentity, KeyPurpose, KeyStatus, Member, MemberKey, MemberStatus, Roster
from node.errors import BadSignature, Expired, PeerFault, Refused, Suspended, Unauthenticated, Unavailable
from node.usecases.roster import FADING_SECONDS, Members, OwnLine, Pins, RosterGate, has_come

FEDERATION = FederationId("federation.example")
FR, JP = MemberId("FR"), MemberId("JP")
NOW = 1_000.0
SPKI = bytes(32)
OWN = {"log": "log of FR", "statement": "statement of FR", "witness": "witness of FR"}


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def member(name: MemberId, *, status: MemberStatus = MemberStatus.ACTIVE) -> Member:
    keys = tuple(MemberKey(purpose=purpose, vkey=f"{purpose.value} of {name}") for purpose in KeyPurpose)
    return Member(id=name, name=str(name), status=status, keys=keys)


def roster(*, version: int = 1, expires: float = NOW + 100, fr: MemberStatus = MemberStatus.ACTIVE) -> Roster:
    return Roster(
        federation=FEDERATION,
        version=version,
        expires=expires,
        hub=HubIdentity(cosigner_vkey="x", ca_sha256=bytes(32)),
        members={FR: member(FR, status=fr), JP: member(JP)},
    )


def issued(name: MemberId = FR, *, spki: bytes = SPKI, not_after: int = int(NOW) + 50) -> IssuedCertificate:
    return IssuedCertificate(member=name, serial=1, spki_sha256=spki, not_after=not_after, issued_at=int(NOW))


class World:
    """Members, pins and gate on one clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.members = Members(clock=self.clock)
        self.pins = Pins([issued()])
        self.gate = RosterGate(federation=FEDERATION, members=self.members, pins=self.pins, clock=self.clock)
        self.members.replace(roster())

    def admit(
        self, *, name: str = spiffe_id(FEDERATION, FR), spki: bytes = SPKI, not_after: float = NOW + 50
    ) -> MemberId:
        return self.gate.admit(name, spki, not_after)


@pytest.fixture
def world() -> World:
    return World()


# --- the roster in force ----------------------------------------------------------------------------------------------


def test_without_a_roster_nobody_is_believed() -> None:
    members = Members(clock=Clock())
    with pytest.raises(Unavailable):
        members.current()
    assert members.latest() is None
    assert not members.stale()


def test_an_expired_roster_is_shown_and_not_used(world: World) -> None:
    world.clock.now = NOW + 99.9
    assert world.members.current() == roster()
    world.clock.now = NOW + 100
    with pytest.raises(Expired) as caught:
        world.members.current()
    assert "clock" in caught.value.remedy
    assert world.members.stale()
    assert world.members.latest() == roster()


def test_a_roster_loaded_from_disk_that_ran_out_is_kept_for_showing(world: World) -> None:
    members = Members(clock=world.clock)
    members.replace(roster(expires=NOW - 1))
    assert members.stale()
    with pytest.raises(Expired):
        members.current()


def test_an_older_roster_or_one_of_another_federation_is_refused(world: World) -> None:
    world.members.replace(roster(version=3))
    for wrong in (roster(version=2), replace(roster(version=4), federation=FederationId("other.example"))):
        with pytest.raises(PeerFault):
            world.members.replace(wrong)
    assert world.members.current().version == 3


def test_the_same_version_may_bring_a_suspension(world: World) -> None:
    world.members.replace(roster(fr=MemberStatus.SUSPENDED))
    assert world.members.current().active() == (JP,)


def test_listeners_hear_of_each_replacement_until_they_leave(world: World) -> None:
    heard: list[int] = []
    leave = world.members.subscribe(lambda found: heard.append(found.version))
    world.members.replace(roster(version=2))
    leave()
    leave()
    world.members.replace(roster(version=3))
    assert heard == [2]


# --- one's own line ---------------------------------------------------------------------------------------------------


def with_own(**keys: str) -> Members:
    return Members(clock=Clock(), own=OwnLine(member=FR, vkeys={**OWN, **keys}))


def test_a_roster_with_our_own_keys_is_taken() -> None:
    members = with_own()
    members.replace(roster())
    assert members.current() == roster()


@pytest.mark.parametrize("purpose", sorted(OWN))
def test_a_roster_that_gives_us_another_key_raises_the_alarm_and_is_not_taken(purpose: str) -> None:
    members = with_own(**{purpose: "what this node really holds"})
    with pytest.raises(BadSignature, match="other keys") as caught:
        members.replace(roster())
    assert "authority" in caught.value.remedy
    assert members.latest() is None


def test_one_more_key_in_our_name_is_as_bad_as_another() -> None:
    found = roster()
    more = replace(
        found.members[FR],
        keys=(*found.members[FR].keys, MemberKey(purpose=KeyPurpose.STATEMENT, vkey="an intruder's")),
    )
    members = with_own()
    with pytest.raises(BadSignature):
        members.replace(replace(found, members={**found.members, FR: more}))
    retired = replace(more, keys=(*more.keys[:-1], replace(more.keys[-1], status=KeyStatus.RETIRED)))
    members.replace(replace(found, members={**found.members, FR: retired}))


def test_a_roster_without_us_says_that_we_are_not_in_yet() -> None:
    found = roster()
    with pytest.raises(Refused, match="yet"):
        with_own().replace(replace(found, members={JP: found.members[JP]}))


def test_after_a_change_of_keys_the_next_roster_is_held_against_the_new_ones() -> None:
    members = with_own(log="the former key")
    with pytest.raises(BadSignature):
        members.replace(roster())
    members.set_own(OwnLine(member=FR, vkeys=OWN))
    members.replace(roster())


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_a_member_with_its_own_certificate_is_admitted(world: World) -> None:
    assert world.admit() == FR


@pytest.mark.parametrize(
    "name",
    [
        "",
        "FR",
        "spiffe://federation.example/hub",
        "spiffe://other.example/member/FR",
        "spiffe://federation.example/member/DE",
        "spiffe://federation.example/member/FR/x",
    ],
)
def test_a_certificate_that_names_no_member_of_ours_is_refused(world: World, name: str) -> None:
    with pytest.raises(Unauthenticated):
        world.admit(name=name)


def test_a_certificate_for_a_key_that_was_not_issued_is_refused(world: World) -> None:
    with pytest.raises(Unauthenticated, match="did not issue"):
        world.admit(spki=bytes([1]) * 32)


def test_one_members_key_does_not_admit_another(world: World) -> None:
    with pytest.raises(Unauthenticated):
        world.admit(name=spiffe_id(FEDERATION, JP))


def test_an_expired_certificate_is_refused(world: World) -> None:
    with pytest.raises(Expired, match="certificate"):
        world.admit(not_after=NOW)


def test_a_key_whose_last_certificate_ran_out_is_refused_whatever_the_certificate_says(world: World) -> None:
    world.clock.now = NOW + 60
    with pytest.raises(Unauthenticated):
        world.admit(not_after=NOW + 10_000)


def test_a_suspended_member_is_refused_as_such(world: World) -> None:
    world.members.replace(roster(fr=MemberStatus.SUSPENDED))
    with pytest.raises(Suspended):
        world.admit()


def test_a_member_that_left_is_admitted_for_its_last_word_and_is_no_active_one(world: World) -> None:
    left = roster(fr=MemberStatus.LEFT)
    world.members.replace(left)
    assert world.admit() == FR
    assert left.require_owner(FR).status is MemberStatus.LEFT
    with pytest.raises(Refused):
        left.require_active(FR)


def test_nobody_is_admitted_on_an_expired_roster(world: World) -> None:
    world.clock.now = NOW + 100
    with pytest.raises(Expired):
        world.admit(not_after=NOW + 1_000)


def test_nobody_is_admitted_without_a_roster() -> None:
    clock = Clock()
    gate = RosterGate(federation=FEDERATION, members=Members(clock=clock), pins=Pins([issued()]), clock=clock)
    with pytest.raises(Unavailable):
        gate.admit(spiffe_id(FEDERATION, FR), SPKI, NOW + 50)


def test_a_renewed_key_is_admitted_from_the_moment_it_is_pinned(world: World) -> None:
    fresh = bytes([7]) * 32
    with pytest.raises(Unauthenticated):
        world.admit(spki=fresh)
    world.pins.add(issued(spki=fresh))
    assert world.admit(spki=fresh) == FR
    assert world.admit() == FR


def test_pins_that_ran_out_are_forgotten() -> None:
    pins = Pins([issued(not_after=int(NOW) - 5)])
    pins.add(issued(spki=bytes([1]) * 32))
    assert not pins.holds(FR, SPKI, NOW - 100)
    assert pins.last_end(FR) == NOW + 50
    assert pins.last_end(JP) == 0


# --- live streams -----------------------------------------------------------------------------------------------------


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


async def settled(task: asyncio.Task[str]) -> None:
    """Lets a watch come to rest without waiting for a time."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()


async def first(world: World, name: MemberId = FR) -> str:
    reasons = [reason async for reason in world.gate.watch(name)]
    assert len(reasons) == 1
    return reasons[0]


@pytest.mark.parametrize("status", [MemberStatus.SUSPENDED, MemberStatus.LEFT])
def test_a_watch_fires_when_the_member_loses_its_voice(world: World, status: MemberStatus) -> None:
    async def scenario() -> None:
        watch = asyncio.create_task(first(world))
        await settled(watch)
        world.members.replace(roster(version=2))
        await settled(watch)
        # From a thread, as the refresh of the roster does it.
        await asyncio.to_thread(world.members.replace, roster(version=3, fr=status))
        assert "FR" in await watch

    run(scenario)
    assert not world.members._listeners


def test_a_watch_over_one_member_does_not_fire_for_another(world: World) -> None:
    async def scenario() -> None:
        world.pins.add(issued(JP))
        watch = asyncio.create_task(first(world, JP))
        await settled(watch)
        world.members.replace(roster(fr=MemberStatus.SUSPENDED))
        await settled(watch)
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    run(scenario)
    assert not world.members._listeners


def test_a_watch_that_begins_too_late_fires_at_once(world: World) -> None:
    world.members.replace(roster(fr=MemberStatus.SUSPENDED))
    run(lambda: _says(world, "suspended"))


def test_a_watch_fires_when_the_roster_or_the_last_certificate_runs_out(world: World) -> None:
    world.clock.now = NOW + 60
    run(lambda: _says(world, "certificate"))
    world.clock.now = NOW + 100
    run(lambda: _says(world, "roster has expired"))


async def _says(world: World, words: str) -> None:
    assert words in await first(world)


def test_a_watch_looks_at_the_clock_by_itself(world: World) -> None:
    """Dates end without an event: the roster ends 10 ms from now, on a clock that then jumps."""

    async def scenario() -> None:
        world.clock.now = NOW + 49.99
        watch = asyncio.create_task(first(world))
        await settled(watch)
        world.clock.now = NOW + 51
        assert "certificate" in await watch

    run(scenario)


# --- a change of keys -------------------------------------------------------------------------------------------------

NEXT = {purpose: f"next {purpose} of FR" for purpose in OWN}


def changed(version: int, status: KeyStatus) -> Roster:
    """The roster in which France's former keys have this status, and its next ones are active."""
    former = tuple(replace(key, status=status) for key in member(FR).keys)
    fresh = tuple(MemberKey(purpose=KeyPurpose(purpose), vkey=vkey, epoch=2) for purpose, vkey in NEXT.items())
    members = {FR: replace(member(FR), keys=(*former, *fresh)), JP: member(JP)}
    return replace(roster(version=version, expires=NOW + 10 * FADING_SECONDS), members=members)


def test_the_keys_that_a_node_asked_for_are_its_own_too_and_no_others() -> None:
    own = OwnLine(member=FR, vkeys=OWN, coming=NEXT)
    members = Members(clock=Clock(), own=own)
    members.replace(roster())
    assert not has_come(members.current(), own)
    members.replace(changed(2, KeyStatus.RETIRED))
    assert has_come(members.current(), own)
    stranger = Members(clock=Clock(), own=OwnLine(member=FR, vkeys=OWN))
    with pytest.raises(BadSignature):
        stranger.replace(changed(2, KeyStatus.RETIRED))
    mixed = changed(3, KeyStatus.RETIRED)
    keys = tuple(
        replace(key, vkey="somebody's") if key.vkey == NEXT["witness"] else key for key in mixed.members[FR].keys
    )
    with pytest.raises(BadSignature):
        members.replace(replace(mixed, members={FR: replace(mixed.members[FR], keys=keys)}))


def test_a_statement_key_that_was_retired_in_order_counts_a_while_longer_for_what_is_on_its_way(world: World) -> None:
    world.members.replace(changed(2, KeyStatus.RETIRED))
    france = world.members.current().members[FR]
    assert france.statement_vkeys() == (NEXT["statement"],)
    assert france.in_flight_vkeys() == (NEXT["statement"], OWN["statement"])
    world.clock.now += FADING_SECONDS / 2
    world.members.replace(changed(3, KeyStatus.RETIRED))
    assert OWN["statement"] in world.members.current().members[FR].in_flight_vkeys(), "a newer roster is no new change"
    world.clock.now += FADING_SECONDS / 2
    assert world.members.current().members[FR].in_flight_vkeys() == (NEXT["statement"],)


def test_a_revoked_statement_key_stops_at_once(world: World) -> None:
    world.members.replace(changed(2, KeyStatus.REVOKED))
    assert world.members.current().members[FR].in_flight_vkeys() == (NEXT["statement"],)
    world.members.replace(changed(3, KeyStatus.RETIRED))
    assert world.members.current().members[FR].in_flight_vkeys() == (NEXT["statement"],)


def test_bounded_certificates_end_at_the_bound_and_later_ones_do_not(world: World) -> None:
    world.pins.bound(FR, NOW + 10)
    later = bytes([1]) * 32
    world.pins.add(issued(spki=later))
    assert world.pins.holds(FR, SPKI, NOW + 9)
    assert not world.pins.holds(FR, SPKI, NOW + 10)
    assert world.pins.holds(FR, later, NOW + 40)
