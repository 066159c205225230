"""A certificate is renewed for its member alone, in time by the certificate and after it by the statement key."""

from __future__ import annotations

from typing import Any

import pytest

from node.domain.hub_ports import IssuedCertificate
from node.domain.ids import MemberId, spiffe_id
from node.errors import (
    BadSignature,
    DiskFull,
    Expired,
    Overloaded,
    Refused,
    Unauthenticated,
)
from node.hub import challenges, key_changes
from node.pki.ca import MEMBER_LIFE, make_request, read_certificate
from node.pki.keys import KeyRing
from node.pki.petition import make_petition
from node.usecases.enrolment import ask_to_join, renew_after_absence
from tests.integration.enrolment_world import HOUR, Node, World, away, petition, run, world
from tests.unit.pki.federation import FEDERATION, FR, JP

__all__ = ["world"]


def test_renewal_under_the_same_and_under_another_tls_key(world: World) -> None:
    node = world.admitted(FR)
    other = KeyRing.for_member(FEDERATION, FR)
    world.now += 48 * HOUR
    world.refresh()
    for ring in (node.ring, other):
        node.chain = run(world.desk.renew(FR, make_request(ring)))
        leaf = read_certificate(node.chain[0])
        assert leaf.not_after == world.now + MEMBER_LIFE
        assert leaf.uris == (spiffe_id(FEDERATION, FR),)
        assert node.admit() == FR


def issued(world: World, member: MemberId) -> list[IssuedCertificate]:
    with world.store.read() as reader:
        return reader.certificates(member)


def test_a_certificate_request_that_another_member_made_certifies_nothing(world: World) -> None:
    """Whoever saw it (the hub's operator, a backup) has another member's key named in its own certificate else."""
    fr, jp = world.admitted(FR), world.admitted(JP)
    for member, other in ((FR, jp), (JP, fr)):
        with pytest.raises(BadSignature):
            run(world.desk.renew(member, make_request(other.ring)))
    assert [len(issued(world, member)) for member in (FR, JP)] == [1, 1]


def test_a_key_that_was_certified_for_another_member_is_certified_for_nobody_else(world: World) -> None:
    """Also where its holder makes a request for the other: two members with one key can be told apart by nobody."""
    fr = world.admitted(FR)
    world.admitted(JP)
    shared = KeyRing(FEDERATION, JP, fr.ring._keys)
    with pytest.raises(Refused, match="another member"):
        run(world.desk.renew(JP, make_request(shared)))


def test_a_tls_key_that_was_given_up_is_not_certified_again(world: World) -> None:
    node = world.admitted(FR)
    ring = node.ring.successor()
    asked = petition(ring, world.invite(FR), previous=node.ring)
    run(ask_to_join(world.desk, asked))
    world.now += 1
    world.sign(admit=(FR,))
    assert run(ask_to_join(world.desk, asked))
    world.now += key_changes.GRACE_SECONDS + 1
    with pytest.raises(Refused, match="gave up"):
        run(world.desk.renew(FR, make_request(node.ring)))
    assert run(world.desk.renew(FR, make_request(ring)))
    assert run(world.desk.renew(FR, make_request(ring)))


@pytest.mark.parametrize(
    "name", ["police of fr", "P\u043elice of FR", "\uff30olice of FR", "Police-of-FR", "FR", "fr."]
)
def test_a_name_that_can_be_taken_for_anothers_is_refused_and_leaves_the_token_unused(world: World, name: str) -> None:
    world.admitted(FR)
    node = Node(world, JP)
    taken = make_petition(node.ring, name=name, secret=node.token.secret, csr=make_request(node.ring))
    with pytest.raises(Refused, match="taken for that of FR"):
        run(world.desk.join(taken))
    assert run(world.desk.join(node.petition)).state == "pending"


def test_a_renewal_is_durable_before_it_is_handed_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = world.admitted(FR)
    fresh = KeyRing.for_member(FEDERATION, FR)
    with monkeypatch.context() as patch:

        def full() -> None:
            raise DiskFull("no space left")

        patch.setattr(world.store, "write", full)
        with pytest.raises(DiskFull):
            run(world.desk.renew(FR, make_request(fresh)))
    key = world.federation.hub.registrar.key_of(make_request(fresh))
    assert not world.pins.holds(FR, key, world.now)
    assert node.admit() == FR


def test_a_member_that_renews_over_and_over_is_stopped_for_a_day_and_no_other_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each certificate is a row for ever, and a key in the hub's memory."""
    monkeypatch.setattr(key_changes, "CERTIFICATES_A_DAY", 3)
    node, other = world.admitted(FR), world.admitted(JP)
    world.now += 1
    for _ in range(2):
        assert run(world.desk.renew(FR, make_request(node.ring)))
    with pytest.raises(Overloaded) as refused:
        run(world.desk.renew(FR, make_request(KeyRing.for_member(FEDERATION, FR))))
    assert len(issued(world, FR)) == 3
    assert run(world.desk.renew(JP, make_request(other.ring)))
    world.now += refused.value.retry_after
    world.refresh()
    assert run(world.desk.renew(FR, make_request(node.ring)))


def test_a_stranger_renews_nothing(world: World) -> None:
    world.admitted(FR)
    with pytest.raises(Refused):
        run(world.desk.renew(JP, make_request(KeyRing.for_member(FEDERATION, JP))))
    with pytest.raises(BadSignature):
        run(away(world, Node(world, JP)))


def test_a_member_that_was_away_for_a_month_renews_with_its_statement_key(world: World) -> None:
    node = world.admitted(FR)
    world.now += 30 * 86_400
    world.refresh()
    with pytest.raises(Expired):
        node.admit()
    node.chain = run(away(world, node))
    assert node.admit() == FR


def test_only_the_members_own_statement_key_renews(world: World) -> None:
    node, other = world.admitted(FR), world.admitted(JP)
    for signer in (other.ring.signer("statement"), node.ring.signer("log/1"), node.ring.signer("witness")):
        with pytest.raises(BadSignature):
            run(away(world, node, statement=signer))


def test_a_signature_is_good_for_its_certificate_request_only(world: World) -> None:
    node = world.admitted(FR)

    async def swap() -> tuple[bytes, ...]:
        class Meddler:
            """A hub, or somebody in between, that puts in a key of its own."""

            def __getattr__(self, name: str) -> Any:
                return getattr(world.desk, name)

            async def renew_expired(self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes) -> Any:
                mine = make_request(KeyRing.for_member(FEDERATION, FR))
                return await world.desk.renew_expired(member, mine, challenge, signature)

        return await renew_after_absence(
            Meddler(),
            federation=FEDERATION,
            member=FR,
            csr=make_request(node.ring),
            statement=node.ring.signer("statement"),
        )

    with pytest.raises(BadSignature):
        run(swap())


def signed(node: Node, challenge: bytes) -> tuple[MemberId, bytes, bytes, bytes]:
    from node.domain.signing import renewal_preimage

    csr = make_request(node.ring)
    signature = node.ring.signer("statement").sign(renewal_preimage(FEDERATION, FR, csr, challenge))
    return FR, csr, challenge, signature


def test_a_challenge_is_good_once(world: World) -> None:
    node = world.admitted(FR)
    call = signed(node, run(world.desk.challenge(FR)))
    assert run(world.desk.renew_expired(*call))
    with pytest.raises(Unauthenticated, match="used before"):
        run(world.desk.renew_expired(*call))


@pytest.mark.parametrize("wait", [challenges.CHALLENGE_SECONDS + 1, 10 * challenges.CHALLENGE_SECONDS, -10])
def test_a_challenge_is_good_for_two_minutes(world: World, wait: int) -> None:
    node = world.admitted(FR)
    call = signed(node, run(world.desk.challenge(FR)))
    world.now += wait
    with pytest.raises(Expired, match="challenge"):
        run(world.desk.renew_expired(*call))


def test_a_challenge_of_another_member_another_hub_or_nobodys_is_refused(world: World) -> None:
    node = world.admitted(FR)
    honest = run(world.desk.challenge(FR))
    flipped = honest[:-1] + bytes([honest[-1] ^ 1])
    for challenge in (
        run(world.desk.challenge(JP)),
        run(world.new_desk().challenge(FR)),
        flipped,
        bytes(32),
        b"",
        honest + b"x",
    ):
        with pytest.raises(Unauthenticated):
            run(world.desk.renew_expired(*signed(node, challenge)))


def test_challenges_are_fresh_and_cost_the_hub_nothing(world: World) -> None:
    async def ask() -> set[bytes]:
        return {await world.desk.challenge(FR) for _ in range(200)}

    assert len(run(ask())) == 200
    assert not world.desk._challenges._spent
