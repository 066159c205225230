"""Who may read the roster at the hub, by what it shows."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest

from node.domain.ids import MemberId, spiffe_id
from node.domain.services import RosterReader
from node.domain.token import INVITATION_SECONDS
from node.errors import (
    BadSignature,
    Expired,
    Malformed,
    NotFound,
    Overloaded,
    Suspended,
    Unauthenticated,
)
from node.hub import brake
from node.pki.ca import check_issued
from node.pki.keys import KeyRing
from node.usecases.enrolment import reader_by_key
from tests.integration.enrolment_world import Node, World, away, petition, run, sealed, world
from tests.unit.pki.federation import FEDERATION, FR, JP

__all__ = ["world"]


async def by_key(world: World, node: Node, **changes: Any) -> RosterReader:
    """What a member without a certificate shows."""
    options = {
        "federation": FEDERATION,
        "member": MemberId(node.ring.owner),
        "ca_sha256": world.federation.hub.ca.sha256,
        "statement": node.ring.signer("statement"),
    }
    return await reader_by_key(world.desk, **{**options, **changes})


def test_the_roster_is_served_and_nothing_else(world: World) -> None:
    node = world.admitted(FR)
    assert run(world.desk.metadata("timestamp.json", 10_000, run(by_key(world, node)))).startswith(b"{")
    assert run(world.roster.file(FR, "timestamp.json", 10_000)).startswith(b"{")
    for name in ("../keys", "keys", "root.json"):
        with pytest.raises(NotFound):
            run(world.desk.metadata(name, 10_000, run(by_key(world, node))))
        with pytest.raises(NotFound):
            run(world.roster.file(FR, name, 10_000))


def test_a_stranger_reads_the_roots_and_no_more(world: World) -> None:
    """Not who is a member, and not why one is suspended."""
    node = world.admitted(FR)
    world.federation.hub.repository.suspend(FR, "lost a laptop", now=world.now)
    world.refresh()
    served = [path.name for path in world.federation.hub.repository._folder.iterdir()]
    assert any(name.endswith(".suspended.json") for name in served)
    for name in served:
        if name.endswith(".root.json"):
            assert run(world.desk.metadata(name, 100_000)) == run(
                world.desk.metadata(name, 100_000, run(by_key(world, node)))
            )
        else:
            with pytest.raises(Unauthenticated):
                run(world.desk.metadata(name, 100_000))


def test_a_suspended_member_reads_how_it_stands(world: World) -> None:
    node = world.admitted(FR)
    world.federation.hub.repository.suspend(FR, "lost a laptop", now=world.now)
    world.refresh()
    assert run(world.desk.metadata("timestamp.json", 10_000, run(by_key(world, node))))
    with pytest.raises(Suspended):
        run(world.roster.file(FR, "timestamp.json", 10_000))


def test_a_signature_of_another_key_member_hub_or_time_reads_nothing(world: World) -> None:
    node, other = world.admitted(FR), world.admitted(JP)
    good = run(by_key(world, node))
    bad = [
        run(by_key(world, node, statement=other.ring.signer("statement"))),
        run(by_key(world, node, member=MemberId("ZZ"))),
        run(by_key(world, node, ca_sha256=bytes(32))),
        replace(good, member=JP),
        replace(good, challenge=bytes(32)),
        replace(good, signature=bytes(64)),
    ]
    for reader in bad:
        with pytest.raises(Unauthenticated):
            run(world.desk.metadata("timestamp.json", 10_000, reader))
    world.now += 121
    with pytest.raises(Expired):
        run(world.desk.metadata("timestamp.json", 10_000, good))


def test_after_a_change_of_keys_both_are_known_unless_the_former_was_revoked(world: World) -> None:
    """A node that slept through the change has the former alone; of one that lost its keys, somebody else has them."""
    node = world.admitted(FR)
    again = Node(world, FR)
    again.ring = node.ring.successor()
    run(world.desk.join(petition(again.ring, again.token)))
    world.sign(replace_keys=(FR,))
    assert run(world.desk.metadata("timestamp.json", 10_000, run(by_key(world, again))))
    with pytest.raises(Unauthenticated):
        run(world.desk.metadata("timestamp.json", 10_000, run(by_key(world, node))))


def test_an_invitation_reads_the_roster_until_it_runs_out_or_its_petition_ends(world: World) -> None:
    waiting, node = Node(world, JP), Node(world, FR)
    run(world.desk.join(node.petition))
    world.sign()
    readers = [RosterReader(secret=each.token.secret) for each in (waiting, node)]
    for reader in readers:
        assert run(world.desk.metadata("timestamp.json", 10_000, reader))
    world.now += INVITATION_SECONDS + 1
    with pytest.raises(Unauthenticated, match="expired"):
        run(world.desk.metadata("timestamp.json", 10_000, readers[0]))
    assert run(world.desk.metadata("timestamp.json", 10_000, readers[1]))
    world.desk.refuse(FR)
    with pytest.raises(Unauthenticated, match="expired"):
        run(world.desk.metadata("timestamp.json", 10_000, readers[1]))


def test_how_a_member_stands_is_told_to_nobody_else(world: World) -> None:
    """A challenge, and a signature by somebody's own key: the same answer for a member, a suspended one, a stranger."""
    node, _ = world.admitted(FR), world.admitted(JP)
    world.federation.hub.repository.suspend(JP, "lost a laptop", now=world.now)
    world.refresh()
    stranger = KeyRing.for_member(FEDERATION, MemberId("ZZ"))
    told = set()
    for member in (FR, JP, MemberId("ZZ")):
        with pytest.raises(BadSignature) as caught:
            run(away(world, node, member=member, statement=stranger.signer("statement")))
        told.add((str(caught.value), caught.value.remedy))
    assert len(told) == 1
    endorsed = petition(KeyRing.for_member(FEDERATION, JP), sealed(JP), previous=stranger)
    with pytest.raises(Unauthenticated) as refused:
        run(world.desk.join(endorsed))
    assert "suspended" not in str(refused.value)


def test_who_guesses_tokens_has_to_wait_and_nobody_else_has(world: World) -> None:
    node = Node(world, FR)
    for number in range(brake.FAILURES):
        token = replace(world.invite(JP), secret=os.urandom(32))
        guess = RosterReader(secret=token.secret)
        attempt = (
            world.desk.join(Node(world, JP, token=token).petition, address="192.0.2.7")
            if number % 2
            else world.desk.metadata("timestamp.json", 10_000, guess, address="192.0.2.7")
        )
        with pytest.raises(Unauthenticated):
            run(attempt)
    with pytest.raises(Overloaded) as caught:
        run(world.desk.join(node.petition, address="192.0.2.7"))
    assert 0 < caught.value.retry_after <= brake.SECONDS
    assert run(world.desk.join(node.petition, address="192.0.2.8")).state == "pending"
    world.now += brake.SECONDS + 1
    assert run(world.desk.join(node.petition, address="192.0.2.7")).state == "pending"


def test_who_watches_is_told_of_what_changed_and_of_nothing_else(world: World) -> None:
    world.admitted(FR)
    world.admitted(JP)

    async def scenario() -> None:
        changes = world.roster.changes(FR)
        await anext(changes)
        waits = asyncio.ensure_future(anext(changes))
        world.federation.hub.repository.renew(now=world.now)
        await asyncio.to_thread(world.refresh)
        await asyncio.sleep(0)
        assert not waits.done()
        world.federation.hub.repository.suspend(JP, "lost a laptop", now=world.now)
        await asyncio.to_thread(world.refresh)
        await waits
        await changes.aclose()  # type: ignore[attr-defined]

    run(scenario())


def test_what_a_node_is_handed_is_checked_before_it_is_used(world: World) -> None:
    node, other = world.admitted(FR), world.admitted(JP)
    for chain in (other.chain, (b"junk",)):
        with pytest.raises((BadSignature, Malformed)):
            check_issued(
                chain[0], world.federation.hub.ca.der, spiffe=spiffe_id(FEDERATION, FR), ring=node.ring, now=world.now
            )
