"""From an invitation to a certificate: authority, hub and nodes in one process, only the transport left out."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.domain.ids import spiffe_id
from node.domain.services import RosterReader
from node.errors import (
    DiskFull,
    Expired,
    Misuse,
    NotFound,
    PeerFault,
    Refused,
    Unauthenticated,
)
from node.pki.ca import MEMBER_LIFE, check_issued, make_request
from node.pki.client import RosterClient
from node.store.store import open_hub_store
from node.usecases.enrolment import ask_to_join
from node.usecases.roster import Members, OwnLine, Pins, RosterGate
from tests.integration.enrolment_world import Node, World, petition, run, world
from tests.unit.pki.federation import FEDERATION, FR, JP, NOW

__all__ = ["world"]


def test_the_whole_way_over_the_real_store(tmp_path: Path) -> None:
    """Invitation, petition, wait, admission, certificate, the gate, the roster with our own line in it."""
    store = open_hub_store(tmp_path / "hub.sqlite3", create=True)
    try:
        world = World(tmp_path, store)
        node = Node(world, FR)
        assert run(ask_to_join(world.desk, node.petition)) == ()
        world.sign()
        assert run(ask_to_join(world.desk, node.petition)) == ()
        world.sign(admit=(FR,))
        node.chain = run(ask_to_join(world.desk, node.petition))
        leaf = check_issued(
            node.chain[0], world.federation.hub.ca.der, spiffe=spiffe_id(FEDERATION, FR), ring=node.ring, now=world.now
        )
        assert leaf.not_after == NOW + MEMBER_LIFE
        assert node.admit() == FR
        own = Members(clock=world.clock, own=OwnLine(member=FR, vkeys=node.ring.member_vkeys()))

        def fetch(name: str, limit: int) -> bytes:
            return run(world.desk.metadata(name, limit, RosterReader(secret=node.token.secret)))

        client = RosterClient.bootstrap(
            tmp_path / "fr",
            fetch,
            federation=FEDERATION,
            root_version=node.token.root_version,
            root_sha256=node.token.root_sha256,
        )
        own.replace(client.refresh(fetch, now=world.now))
        assert own.current().active() == (FR,)
        with store.read() as reader:
            (certificate,) = reader.certificates(FR)
            request = reader.join_request(FR)
        assert certificate.spki_sha256 == leaf.spki_sha256
        assert request is not None
        assert request.state == "admitted"
        # A hub that starts again fills its pins from the store.
        again = RosterGate(federation=FEDERATION, members=world.members, pins=Pins([certificate]), clock=world.clock)
        assert again.admit(leaf.uris[0], leaf.spki_sha256, leaf.not_after) == FR
    finally:
        store.close()


def test_a_lost_answer_costs_nothing(world: World) -> None:
    node = Node(world, FR)
    first = run(world.desk.join(node.petition))
    world.desk = world.new_desk()
    assert run(world.desk.join(node.petition)) == first
    world.sign(admit=(FR,))
    chain = run(ask_to_join(world.desk, node.petition))
    assert run(ask_to_join(world.desk, node.petition)) == chain
    assert run(ask_to_join(world.new_desk(), node.petition))
    with world.store.read() as reader:
        assert len(reader.certificates(FR)) == 2


def test_a_token_that_nobody_gave_out_is_refused(world: World) -> None:
    invented = replace(world.invite(FR), secret=os.urandom(32))
    with pytest.raises(Unauthenticated, match="did not issue this token"):
        run(world.desk.join(Node(world, FR, token=invented).petition))


def test_a_token_is_good_for_its_member_only(world: World) -> None:
    with pytest.raises(Unauthenticated):
        run(world.desk.join(Node(world, JP, token=world.invite(FR)).petition))


def test_a_used_token_with_other_keys_is_refused_and_changes_nothing(world: World) -> None:
    """Somebody copied the token. Whoever comes second is told to raise the alarm."""
    node = Node(world, FR)
    run(world.desk.join(node.petition))
    thief = Node(world, FR, token=node.token)
    with pytest.raises(Unauthenticated, match="used before") as caught:
        run(world.desk.join(thief.petition))
    assert "operator" in caught.value.remedy
    with world.store.read() as reader:
        request = reader.join_request(FR)
    assert request is not None
    assert dict(request.vkeys) == node.ring.member_vkeys()


def test_a_used_token_with_another_certificate_request_is_refused(world: World) -> None:
    node = Node(world, FR)
    run(world.desk.join(node.petition))
    with pytest.raises(Unauthenticated):
        run(world.desk.join(petition(node.ring, node.token)))


def test_an_expired_token_is_refused_but_a_petition_may_wait_longer_than_its_token(world: World) -> None:
    late, patient = Node(world, JP, token=world.invite(JP, lifetime=60)), Node(world, FR)
    run(world.desk.join(patient.petition))
    world.now += 60
    with pytest.raises(Expired):
        run(world.desk.join(late.petition))
    world.now += 30 * 86_400
    assert run(ask_to_join(world.desk, patient.petition)) == ()
    world.sign(admit=(FR,))
    assert run(ask_to_join(world.desk, patient.petition))


def test_two_at_once_with_one_token_do_not_both_get_in(world: World) -> None:
    token = world.invite(FR)
    rivals = [Node(world, FR, token=token) for _ in range(6)]

    async def race() -> list[Any]:
        return await asyncio.gather(*(world.desk.join(each.petition) for each in rivals), return_exceptions=True)

    outcomes = run(race())
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
    assert all(isinstance(each, Unauthenticated) for each in outcomes if isinstance(each, BaseException))


def test_a_petition_that_proves_nothing_leaves_the_token_unused(world: World) -> None:
    node = Node(world, FR)
    for bad in (
        replace(node.petition, proofs={**node.petition.proofs, "log": bytes(64)}),
        replace(node.petition, csr=make_request(node.ring)),
        replace(node.petition, csr=b"junk"),
        replace(node.petition, name="two\nlines"),
        replace(node.petition, secret=b"short"),
        replace(node.petition, vkeys={}),
    ):
        with pytest.raises(PeerFault):
            run(world.desk.join(bad))
    assert run(world.desk.join(node.petition)).state == "pending"


def test_a_full_disk_leaves_the_token_unused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(world, FR)
    with monkeypatch.context() as patch:

        def full() -> None:
            raise DiskFull("no space left")

        patch.setattr(world.store, "write", full)
        with pytest.raises(DiskFull):
            run(world.desk.join(node.petition))
    assert run(world.desk.join(node.petition)).state == "pending"


def test_a_refused_petition_stays_refused(world: World) -> None:
    node = Node(world, FR)
    run(world.desk.join(node.petition))
    world.desk.refuse(FR)
    with pytest.raises(Refused):
        run(ask_to_join(world.desk, node.petition))
    for without in (JP, FR):  # one never asked, one was refused before
        with pytest.raises(NotFound):
            world.desk.refuse(without)


def test_an_invitation_that_never_was_valid_is_not_made(world: World) -> None:
    with pytest.raises(Misuse):
        world.invite(FR, lifetime=0)
