"""The state of a hub's members: all their logs together, the newest epoch for what stops them, and petitioners."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from node.domain.hub_ports import JoinRequest
from node.domain.ids import MemberId
from node.domain.limits import Limits
from node.domain.roster import Policy, Roster
from node.usecases.hub_status import HubStatuses, MemberStatusAtHub
from tests.simulator.federation import NOW, Log, Speaker
from tests.simulator.world import Hub, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")


class Room:
    """A hub with FR and JP, of which FR submitted four records."""

    def __init__(self) -> None:
        self.world = World([FR, JP])
        self.world.roster = replace(self.world.roster, policy=Policy(limits=Limits(log_entries_a_day=4)))
        self.hub = Hub(self.world)
        log = Log(FR)
        log.pictures(range(4))
        asyncio.run(self.hub.carrier.submit(FR.id, log.package()))

    def statuses(self, roster: Roster | None = None) -> HubStatuses:
        return HubStatuses(
            federation="bench.vigil",
            store=self.hub.store,
            latest=lambda: roster,
            authority_until=lambda: None,
            attending=lambda: frozenset({JP.id}),
            claimed=lambda: {FR.origin: 9},
            new_keys=str,
            daemon=lambda: True,
            clock=lambda: NOW,
            refused=lambda member: {"log_set_aside": 1} if member == JP.id else {},
            at_once=lambda _: (2, 300),
            troubles=lambda: {FR.origin: "its checkpoint is of another log"},
        )

    def ask(self, member: MemberId, state: str) -> None:
        with self.hub.store.write() as tx:
            tx.put_join_request(
                JoinRequest(
                    member=member,
                    name=f"Member {member}",
                    secret_sha256=bytes(32),
                    csr=b"",
                    vkeys={},
                    proofs={},
                    requested_at=1,
                    state=state,
                )
            )


def test_each_member_is_shown_with_what_it_has_and_what_stops_it() -> None:
    room = Room()
    fr, jp = room.statuses(room.world.roster).members()
    assert isinstance(fr, MemberStatusAtHub)
    assert isinstance(jp, MemberStatusAtHub)
    assert (fr.size, fr.cosigned, fr.claimed, fr.attending) == (4, 4, 9, False)
    assert (fr.trouble, fr.at_once) == ("its checkpoint is of another log", (2, 300))
    assert [each.limit for each in fr.alarms] == ["log_entries_a_day"]
    assert (jp.size, jp.claimed, jp.attending, jp.certificate_expires) == (0, None, True, None)
    assert [each.limit for each in jp.alarms] == ["log_set_aside"]


def test_who_asks_is_shown_once_as_a_member_or_as_a_petitioner() -> None:
    room = Room()
    room.ask(FR.id, "pending")
    room.ask(JP.id, "admitted")
    room.ask(MemberId("SE"), "pending")
    fr, jp, se = room.statuses(room.world.roster).members()
    assert isinstance(fr, MemberStatusAtHub)
    assert isinstance(jp, MemberStatusAtHub)
    assert isinstance(se, JoinRequest)
    assert (fr.petition, jp.petition, se.member) == (True, False, "SE")


def test_a_hub_without_a_roster_has_no_members_and_a_stale_roster() -> None:
    room = Room()
    assert room.statuses().members() == []
    hub = room.statuses().hub()
    assert (hub.roster, hub.roster_stale, hub.attending, hub.daemon) == (None, True, 1, True)
    assert room.statuses(room.world.roster).hub().roster_stale is False
