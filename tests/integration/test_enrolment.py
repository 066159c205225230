"""From an invitation to a certificate: authority, hub and nodes in one process, only the transport left out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from node.domain.hub_ports import IssuedCertificate
from node.domain.ids import MemberId, spiffe_id
from node.domain.ports import Store
from node.domain.services import JoinPetition, RosterReader
from node.domain.token import INVITATION_SECONDS, Token, format_token, parse_token
from node.errors import (
    BadSignature,
    DiskFull,
    Expired,
    Malformed,
    Misuse,
    NotFound,
    Overloaded,
    PeerFault,
    Refused,
    Suspended,
    Unauthenticated,
)
from node.hub import brake, challenges, key_changes
from node.hub import enrolment as desk_module
from node.hub.brake import Brake
from node.hub.challenges import Challenges
from node.hub.enrolment import EnrolmentDesk
from node.hub.roster_desk import RosterDesk
from node.pki.ca import MEMBER_LIFE, check_issued, make_request, read_certificate
from node.pki.client import RosterClient
from node.pki.keys import KeyRing
from node.pki.petition import make_petition
from node.store.store import open_store
from node.usecases.enrolment import ask_to_join, reader_by_key, renew_after_absence
from node.usecases.roster import Members, OwnLine, Pins, RosterGate
from tests.simulator.memory_store import MemoryStore
from tests.unit.pki.federation import FEDERATION, FR, JP, NOW, Federation

T = TypeVar("T")
HOUR = 3_600


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class World:
    """A federation with its hub's desk in front of it. `now` is everybody's clock."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.now = NOW
        self.federation = Federation(folder)
        self.store = store
        self.members = Members(clock=self.clock)
        self.pins = Pins()
        self.gate = RosterGate(federation=FEDERATION, members=self.members, pins=self.pins, clock=self.clock)
        self.desk = self.new_desk()
        self.hubs_roster = self.federation.client("hub-roster")

    def clock(self) -> float:
        return self.now

    def new_desk(self) -> EnrolmentDesk:
        """The desk after a restart: the same store, nothing else remembered."""
        asked, guesses = Challenges(self.clock), Brake(self.clock)
        self.roster = RosterDesk(
            federation=FEDERATION,
            store=self.store,
            members=self.members,
            repository=self.federation.hub.repository,
            challenges=asked,
            brake=guesses,
            ca_sha256=self.federation.hub.ca.sha256,
            clock=self.clock,
        )
        return EnrolmentDesk(
            federation=FEDERATION,
            store=self.store,
            members=self.members,
            pins=self.pins,
            registrar=self.federation.hub.registrar,
            repository=self.federation.hub.repository,
            challenges=asked,
            brake=guesses,
            roster=self.roster,
            clock=self.clock,
        )

    def invite(self, member: MemberId, **options: Any) -> Token:
        token = self.desk.invite(
            member, hub="localhost:1", enrolment="localhost:2", ca_sha256=self.federation.hub.ca.sha256, **options
        )
        return parse_token(format_token(token))

    def refresh(self) -> None:
        """What the hub's job does."""
        self.federation.hub.repository.refresh(now=self.now)
        self.members.replace(self.hubs_roster.refresh(self.federation.hub.repository.read, now=self.now))

    def sign(self, *, admit: tuple[MemberId, ...] = (), replace_keys: tuple[MemberId, ...] = ()) -> None:
        """Request to the authority, bundle back, hub refreshed."""
        with self.store.read() as reader:
            pending = reader.join_requests(state="pending")
        bundle = self.federation.authority.sign(
            self.federation.request(*pending),
            now=self.now,
            admit_members=admit,
            replace_keys=replace_keys,
            accept_hub=True,
        )
        self.desk.announce(self.federation.hub.repository.check(bundle, now=self.now).members)
        self.federation.hub.repository.accept(bundle, now=self.now)
        self.refresh()

    def admitted(self, member: MemberId) -> Node:
        """A node that went the whole way."""
        node = Node(self, member)
        run(self.desk.join(node.petition))
        self.sign(admit=(member,))
        node.chain = run(ask_to_join(self.desk, node.petition))
        return node


class Node:
    """A node's ring, its petition for a token of its own, and the chain that it got."""

    def __init__(self, world: World, member: MemberId, *, token: Token | None = None) -> None:
        self.world = world
        self.token = token or world.invite(member)
        self.ring = KeyRing.for_member(FEDERATION, member)
        self.petition = petition(self.ring, self.token)
        self.chain: tuple[bytes, ...] = ()

    def admit(self) -> MemberId:
        """Shows the certificate at the gate."""
        leaf = read_certificate(self.chain[0])
        return self.world.gate.admit(leaf.uris[0], leaf.spki_sha256, leaf.not_after)


def petition(ring: KeyRing, token: Token, *, previous: KeyRing | None = None) -> JoinPetition:
    return make_petition(
        ring, name=f"Police of {ring.owner}", secret=token.secret, csr=make_request(ring), previous=previous
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, MemoryStore())


def test_the_whole_way_over_the_real_store(tmp_path: Path) -> None:
    """Invitation, petition, wait, admission, certificate, the gate, the roster with our own line in it."""
    store = open_store(tmp_path / "hub.sqlite3", create=True)
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


# --- tokens -----------------------------------------------------------------------------------------------------------


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


# --- admission --------------------------------------------------------------------------------------------------------


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


def sealed(member: MemberId) -> Token:
    """What stands in a token's place where none was given out: a secret of the node's own."""
    return Token(
        federation=FEDERATION, member=member, hub="localhost:1", enrolment="localhost:2", ca_sha256=bytes(32),
        root_version=1, root_sha256=bytes(32), secret=os.urandom(32), expires=1,
    )  # fmt: skip


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


# --- renewal ----------------------------------------------------------------------------------------------------------


async def away(world: World, node: Node, **changes: Any) -> tuple[bytes, ...]:
    """Renews as a node that was away does."""
    options = {
        "federation": FEDERATION,
        "member": MemberId(node.ring.owner),
        "csr": make_request(node.ring),
        "statement": node.ring.signer("statement"),
    }
    return await renew_after_absence(world.desk, **{**options, **changes})


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


# --- who may read the roster ------------------------------------------------------------------------------------------


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
