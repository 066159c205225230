"""Who is let in: by the authority's roster alone, with the keys of the petition, and until it says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.errors import (
    BadSignature,
    Expired,
    Refused,
    Suspended,
    Unauthenticated,
)
from node.hub import enrolment as desk_module
from node.hub import key_changes
from node.pki.ca import make_request, read_certificate
from node.pki.keys import KeyRing
from node.usecases.enrolment import ask_to_join, renew_after_absence
from node.usecases.roster import Pins
from tests.integration.enrolment_world import Node, World, away, petition, run, sealed, world
from tests.unit.pki.federation import FEDERATION, FR, JP

__all__ = ["world"]


def test_the_hub_admits_nobody_by_itself(world: World) -> None:
    """Whatever stands in the hub's database: without the authority's signature there is no certificate."""
    node = Node(world, FR)
    run(world.desk.join(node.petition))
    with world.store.write() as writer:
        writer.set_join_state(FR, "admitted")
    assert run(world.desk.join(node.petition)).certificates == ()


def test_a_roster_with_other_keys_than_the_petitions_admits_nobody(world: World) -> None:
    """The authority signed an earlier petition of this member; the later one is another key set."""
    world.admitted(FR)
    second = Node(world, FR)
    assert run(ask_to_join(world.desk, second.petition)) == ()


def test_settling_marks_those_that_the_roster_holds(world: World) -> None:
    for member in (FR, JP):
        run(world.desk.join(Node(world, member).petition))
    world.sign(admit=(FR,))
    assert world.desk.settle() == [FR]
    assert world.desk.settle() == []
    with world.store.read() as reader:
        assert [each.member for each in reader.join_requests(state="pending")] == [JP]


def test_a_member_changes_its_keys_and_its_former_ones_stop_speaking(world: World) -> None:
    node = world.admitted(FR)
    fresh = node.ring.successor()
    asked = petition(fresh, world.invite(FR), previous=node.ring)
    assert run(ask_to_join(world.desk, asked)) == ()
    world.sign(admit=(FR,))
    assert run(ask_to_join(world.desk, asked))
    member = world.members.current().members[FR]
    assert member.statement_vkeys() == (fresh.vkey("statement"),)
    with pytest.raises(BadSignature):
        run(
            renew_after_absence(
                world.desk,
                federation=FEDERATION,
                member=FR,
                csr=make_request(node.ring),
                statement=node.ring.signer("statement"),
            )
        )


def test_the_present_statement_key_stands_in_the_place_of_a_token(world: World) -> None:
    """A change of keys needs nobody's invitation; and its petition, sent again, is the same one."""
    node = world.admitted(FR)
    fresh = node.ring.successor()
    asked = petition(fresh, sealed(FR), previous=node.ring)
    assert run(ask_to_join(world.desk, asked)) == ()
    assert run(ask_to_join(world.new_desk(), asked)) == ()
    world.sign(admit=(FR,))
    assert run(ask_to_join(world.desk, asked))
    # Nobody else's old key comes back: what the former key endorses now is nothing.
    again = petition(fresh.successor(), sealed(FR), previous=node.ring)
    with pytest.raises(Unauthenticated):
        run(world.desk.join(again))


def test_no_other_key_endorses_a_petition_without_a_token(world: World) -> None:
    node, other = world.admitted(FR), world.admitted(JP)
    fresh = node.ring.successor()
    for forged in (
        petition(fresh, sealed(FR)),
        petition(fresh, sealed(FR), previous=KeyRing.for_member(FEDERATION, FR)),
        replace(
            petition(fresh, sealed(FR), previous=node.ring),
            proofs=petition(fresh, sealed(FR), previous=fresh).proofs,
        ),
        petition(other.ring.successor(), sealed(JP), previous=KeyRing(FEDERATION, JP, node.ring._keys)),
    ):
        with pytest.raises((Unauthenticated, BadSignature)):
            run(world.desk.join(forged))
    with world.store.read() as reader:
        assert [each.member for each in reader.join_requests(state="pending")] == []


@pytest.mark.parametrize("lost", [False, True])
def test_former_certificates_end_with_the_keys_at_once_or_after_a_while_and_renew_nothing(
    world: World, lost: bool
) -> None:
    """A stolen disk's certificate neither outlives the replacement of its keys, nor gets others in the meantime."""
    node = world.admitted(FR)
    fresh = node.ring.successor()
    token = world.invite(FR) if lost else sealed(FR)
    asked = petition(fresh, token, previous=None if lost else node.ring)
    run(world.desk.join(asked))
    world.now += 60
    world.sign(replace_keys=(FR,))
    if lost:
        with pytest.raises(Unauthenticated):
            node.admit()
    else:
        assert node.admit() == FR
        with pytest.raises(Refused, match="just changed"):
            run(world.desk.renew(FR, make_request(node.ring)))
    changed = Node.__new__(Node)
    changed.world, changed.ring = world, fresh
    changed.chain = run(away(world, changed))
    assert changed.admit() == FR
    world.now += key_changes.GRACE_SECONDS
    with pytest.raises(Unauthenticated):
        node.admit()
    with world.store.read() as reader:
        restarted = Pins(key_changes.standing(reader, FR))
    assert not restarted.holds(FR, read_certificate(node.chain[0]).spki_sha256, world.now)
    assert restarted.holds(FR, read_certificate(changed.chain[0]).spki_sha256, world.now)
    assert run(world.desk.renew(FR, make_request(fresh)))


def test_a_suspended_member_changes_stolen_keys_before_its_suspension_is_lifted(world: World) -> None:
    node = world.admitted(FR)
    world.federation.hub.repository.suspend(FR, "stolen disk", now=world.now)
    world.refresh()
    fresh = node.ring.successor()
    asked = petition(fresh, world.invite(FR))
    assert run(ask_to_join(world.desk, asked)) == ()
    world.sign(replace_keys=(FR,))
    with pytest.raises(Suspended):
        run(ask_to_join(world.desk, asked))
    world.federation.hub.repository.lift(FR, now=world.now)
    world.refresh()
    assert run(ask_to_join(world.desk, asked))
    with pytest.raises(Unauthenticated):
        node.admit()


def test_an_old_petition_is_no_way_round_renewal(world: World) -> None:
    """Token and petition, found on an old disk years later, give no certificate any more."""
    node = world.admitted(FR)
    world.now += desk_module.REISSUE_SECONDS + 1
    world.refresh()
    with pytest.raises(Refused, match="long ago"):
        run(world.desk.join(node.petition))


def test_a_suspended_member_gets_nothing(world: World) -> None:
    node = world.admitted(FR)
    world.federation.hub.repository.suspend(FR, "lost a laptop", now=world.now)
    world.refresh()
    with pytest.raises(Suspended):
        node.admit()
    for attempt in (
        world.desk.join(node.petition),
        world.desk.renew(FR, make_request(node.ring)),
        away(world, node),
    ):
        with pytest.raises(Suspended):
            run(attempt)
    with pytest.raises(Suspended, match="endorse"):
        run(world.desk.join(petition(node.ring.successor(), sealed(FR), previous=node.ring)))
    world.federation.hub.repository.lift(FR, now=world.now)
    world.refresh()
    assert node.admit() == FR


def test_a_member_that_left_joins_no_more_and_keeps_its_certificate_for_its_last_word(world: World) -> None:
    node = world.admitted(FR)
    world.federation.hub.repository.accept(world.federation.authority.release(FR, now=world.now), now=world.now)
    world.refresh()
    with pytest.raises(Refused):
        run(ask_to_join(world.desk, node.petition))
    assert node.admit() == FR
    assert run(away(world, node))
    assert run(world.desk.renew(FR, make_request(node.ring)))


def test_on_an_expired_roster_nothing_is_issued(world: World) -> None:
    node = world.admitted(FR)
    world.now += 2 * 86_400
    for attempt in (world.desk.join(node.petition), world.desk.renew(FR, make_request(node.ring)), away(world, node)):
        with pytest.raises(Expired):
            run(attempt)
