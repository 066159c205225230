"""Mutes: this node's own word on whose hits it does not want to see, audited, and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from node.domain.ids import FederationId, MemberId, Origin
from node.domain.limits import Limits
from node.domain.roster import HubIdentity, Member, MemberStatus, Roster
from node.errors import Misuse, NotFound
from node.usecases.audit import AuditLog
from node.usecases.sources import MUTED, SUSPENDED, Mute, Muting, mutes, sources
from tests.simulator.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

FEDERATION, FR, JP, DE = FederationId("test.example"), MemberId("FR"), MemberId("JP"), MemberId("DE")


def roster(**states: MemberStatus) -> Roster:
    members = {
        MemberId(name): Member(id=MemberId(name), name=name, status=state, keys=()) for name, state in states.items()
    }
    hub = HubIdentity(cosigner_vkey="x", ca_sha256=bytes(32))
    return Roster(federation=FEDERATION, version=1, expires=1 << 40, hub=hub, members=members)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def muting(store: MemoryStore) -> Iterator[Muting]:
    audit = AuditLog(store=store, origin=Origin(FEDERATION, FR, 1, "audit"), clock=lambda: 1_000.0, random=bytes)
    known = roster(FR=MemberStatus.ACTIVE, JP=MemberStatus.ACTIVE)
    yield Muting(store=store, audit=audit, clock=lambda: 1_000.0, own=FR, latest=lambda: known)
    audit.close()


def test_a_mute_stands_until_it_is_lifted(muting: Muting, store: MemoryStore) -> None:
    muting.mute(JP, "floods")
    muting.mute(JP, "floods again")
    assert muting.mutes() == [Mute(member=JP, reason="floods again", at=1_000)]
    with store.read() as tx:
        stand = sources(tx, None)
    assert (dict(stand.standing), set(stand.aside)) == ({JP: MUTED}, {JP})
    assert stand.hidden(show_all=True) == frozenset()
    muting.lift(JP)
    with store.read() as tx:
        assert mutes(tx) == []
        assert sources(tx, None).aside == frozenset()


def test_what_makes_no_sense_is_refused_and_changes_nothing(muting: Muting) -> None:
    with pytest.raises(Misuse):
        muting.mute(FR, "")
    with pytest.raises(Misuse):
        muting.mute(JP, "two\nlines")
    with pytest.raises(NotFound):
        muting.mute(DE, "")
    with pytest.raises(NotFound):
        muting.lift(JP)
    assert muting.mutes() == []


@pytest.mark.parametrize(("shown", "aside"), [(0, {JP}), (1, set())])
def test_the_policy_says_whether_a_suspended_members_hits_are_shown(
    store: MemoryStore, shown: int, aside: set[MemberId]
) -> None:
    known = roster(FR=MemberStatus.ACTIVE, JP=MemberStatus.SUSPENDED, DE=MemberStatus.LEFT)
    known = replace(known, policy=replace(known.policy, limits=replace(Limits(), suspended_hits=shown)))
    with store.read() as tx:
        stand = sources(tx, known)
    assert (dict(stand.standing), set(stand.aside)) == ({JP: SUSPENDED}, aside)
