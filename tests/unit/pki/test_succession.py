"""The hub's keys change: who may say so, and what its former keys go on counting for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.roster import FormerHubKey, KeyStatus, MemberStatus
from node.errors import BadSignature, Expired, Misuse, NotFound, PeerFault, Refused, StoreError
from node.pki.ca import CertificateAuthority, read_certificate
from node.pki.change import HubChange, NextKeys, former_cas
from node.pki.client import RosterClient
from node.pki.courier import SigningRequest, claim_hub, encode_request
from node.pki.files import write_atomic
from node.pki.keys import HUB, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.repository import Repository
from node.pki.succession import OVERLAP_SECONDS, FormerWord, HubVerdict
from node.pki.successor import name_successor
from tests.unit.pki.federation import BR, DAY, EMPTY, FEDERATION, FR, JP, NOW, Federation, Hub

SIZES = {f"{FEDERATION}/FR/log/1": 7}


def new_ring() -> tuple[KeyRing, CertificateAuthority]:
    ring = KeyRing.for_hub(FEDERATION)
    return ring, CertificateAuthority.create(ring, now=NOW)


def asked(former: KeyRing, ring: KeyRing, ca: CertificateAuthority, sizes: dict[str, int] | None = None) -> bytes:
    """The request of a hub that has new keys, and its former ones at hand."""
    hub = claim_hub(ring, ca_sha256=ca.sha256)
    word = name_successor(former, hub, sizes=sizes, federation=FEDERATION)
    return encode_request(SigningRequest(federation=FEDERATION, hub=hub, petitions=(), succession=word))


def former_of(federation: Federation) -> tuple[FormerHubKey, ...]:
    hub = federation.authority._membership
    assert hub is not None
    return hub.hub.former


# --- the authority ----------------------------------------------------------------------------------------------------


def test_a_hub_that_names_its_new_keys_with_its_former_ones_keeps_them_for_a_while(federation: Federation) -> None:
    request = asked(federation.hub.ring, *new_ring())
    found = federation.authority.review(request).hub
    assert found.verdict is HubVerdict.ROTATE
    assert found.former_fingerprint == federation.hub.claims.fingerprint(FEDERATION)
    with pytest.raises(Refused):
        federation.authority.sign(request, now=NOW)
    federation.authority.sign(request, now=NOW, accept_hub=True)
    mirror = federation.hub.ring.vkey("mirror")
    assert former_of(federation) == (
        FormerHubKey(vkey=mirror, status=KeyStatus.RETIRED, until=int(NOW) + OVERLAP_SECONDS),
    )


def test_a_bundle_that_is_slow_on_its_way_is_signed_again_for_longer(federation: Federation) -> None:
    """The hub still asks with its former key's word: it has not changed over, and goes on cosigning with that key."""
    request = asked(federation.hub.ring, *new_ring())
    federation.authority.sign(request, now=NOW, accept_hub=True)
    federation.authority.sign(request, now=NOW + DAY)
    (former,) = former_of(federation)
    assert former.until == int(NOW) + DAY + OVERLAP_SECONDS


def test_a_hub_whose_keys_are_in_other_hands_names_the_sizes_and_its_key_is_revoked(federation: Federation) -> None:
    request = asked(federation.hub.ring, *new_ring(), sizes=SIZES)
    federation.authority.sign(request, now=NOW, accept_hub=True)
    (former,) = former_of(federation)
    assert (former.status, former.until, former.sizes) == (KeyStatus.REVOKED, int(NOW), SIZES)
    federation.authority.sign(request, now=NOW + DAY)
    assert former_of(federation) == (former,), "what is revoked stays as it was"


@pytest.mark.parametrize(
    ("word", "status", "until"),
    [
        (FormerWord(), KeyStatus.RETIRED, int(NOW)),
        (FormerWord(until=int(NOW) - 5), KeyStatus.RETIRED, int(NOW) - 5),
        (FormerWord(until=int(NOW) - 5, compromised=True), KeyStatus.REVOKED, int(NOW) - 5),
    ],
)
def test_a_lost_hub_is_replaced_on_the_authoritys_word(
    federation: Federation, tmp_path: Path, word: FormerWord, status: KeyStatus, until: int
) -> None:
    other = Hub.create(tmp_path / "other", federation.authority.root)
    request = other.signing_request(())
    assert federation.authority.review(request).hub.verdict is HubVerdict.REPLACE
    federation.authority.sign(request, now=NOW, accept_hub=True, former_hub=word)
    (former,) = former_of(federation)
    assert (former.vkey, former.status, former.until) == (federation.hub.ring.vkey("mirror"), status, until)
    # Whatever is signed after that carries it on.
    federation.authority.extend(now=NOW + 1)
    federation.authority.release(FR, now=NOW + 2)
    assert former_of(federation) == (former,)


def test_a_former_key_cannot_count_into_the_future(federation: Federation, tmp_path: Path) -> None:
    request = Hub.create(tmp_path / "other", federation.authority.root).signing_request(())
    with pytest.raises(Refused, match="future time"):
        federation.authority.sign(request, now=NOW, accept_hub=True, former_hub=FormerWord(until=int(NOW) + 1))


def test_no_key_of_the_hub_comes_back(federation: Federation, tmp_path: Path) -> None:
    other = Hub.create(tmp_path / "other", federation.authority.root)
    federation.authority.sign(other.signing_request(()), now=NOW, accept_hub=True)
    with pytest.raises(Refused, match="gave up before"):
        federation.authority.review(federation.request())


def test_the_word_of_strangers_names_no_successor(federation: Federation) -> None:
    """Bent, it is refused. Of other keys than the roster's it says nothing: the hub is replaced, or is not."""
    ring, ca = new_ring()
    hub = claim_hub(ring, ca_sha256=ca.sha256)
    honest = name_successor(federation.hub.ring, hub, sizes=SIZES, federation=FEDERATION)
    for bent in (
        replace(honest, sizes=None),
        replace(honest, sizes={**SIZES, f"{FEDERATION}/JP/log/1": 1}),
        replace(honest, mirror_proof=bytes(64)),
        replace(honest, online=KeyRing.for_hub(FEDERATION).public_bytes("online")),
    ):
        request = encode_request(SigningRequest(federation=FEDERATION, hub=hub, petitions=(), succession=bent))
        with pytest.raises(BadSignature):
            federation.authority.review(request)
    found = federation.authority.review(asked(KeyRing.for_hub(FEDERATION), ring, ca)).hub
    assert found.verdict is HubVerdict.REPLACE


# --- the hub's change over --------------------------------------------------------------------------------------------


class Changing:
    """A hub's folders as its home has them."""

    def __init__(self, federation: Federation, folder: Path) -> None:
        self.federation = federation
        self.keys, self.tls, self.next = folder / "keys", folder / "tls", folder / "next"
        for each in (self.keys, self.tls):
            each.mkdir(parents=True)
        hub = federation.hub
        hub.ring.save(self.keys / "hub.keys", EMPTY)
        (self.tls / "ca.der").write_bytes(hub.ca.der)
        (self.tls / "hub.der").write_bytes(hub.ca.issue_server(["hub.example", "127.0.0.1"], now=NOW).der)
        self.change = HubChange(
            self.next,
            keys=self.keys,
            tls=self.tls,
            repository=federation.folder / "hub" / "repository",
            federation=FEDERATION,
        )

    def bundle(self, waiting: NextKeys, *, now: float = NOW) -> bytes:
        word = name_successor(self.federation.hub.ring, waiting.claims, sizes=waiting.sizes, federation=FEDERATION)
        request = SigningRequest(federation=FEDERATION, hub=waiting.claims, petitions=(), succession=word)
        return self.federation.authority.sign(encode_request(request), now=now, accept_hub=True)

    def waiting(self) -> NextKeys:
        found = self.change.waiting(EMPTY)
        assert found is not None
        return found

    def ring(self) -> KeyRing:
        return KeyRing.load(self.keys / "hub.keys", EMPTY, federation=FEDERATION, owner=HUB)


@pytest.fixture
def changing(federation: Federation, tmp_path: Path) -> Changing:
    return Changing(federation, tmp_path / "home")


def test_new_keys_wait_until_the_authority_has_signed_and_then_take_the_place_of_the_former(changing: Changing) -> None:
    node = changing.federation.client()
    before = node.refresh(changing.federation.fetch, now=NOW)
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    assert changing.change.prepare(EMPTY, sizes=None, now=NOW + 1).claims == made.claims
    assert changing.ring().vkey("mirror") == changing.federation.hub.ring.vkey("mirror")
    bundle = changing.bundle(made)
    assert changing.change.is_for(bundle, made)
    changing.change.take(bundle, made, now=NOW)
    assert changing.ring().vkey("mirror") == made.ring.vkey("mirror")
    assert (changing.tls / "ca.der").read_bytes() == made.ca.der
    assert read_certificate((changing.tls / "hub.der").read_bytes()).spki_sha256
    assert changing.change.waiting(EMPTY) is None
    assert not changing.next.exists()
    # A node that followed the former keys follows the new ones: signatures lead from its pinned root.
    after = node.refresh(changing.federation.fetch, now=NOW)
    assert after.version == before.version + 1
    assert after.hub.ca_sha256 == made.ca.sha256
    # The former CA admits its certificates until the last of them has run out.
    assert former_cas(changing.tls, now=NOW + 2 * DAY) == [changing.federation.hub.ca.der]
    assert former_cas(changing.tls, now=NOW + 4 * DAY) == []
    assert former_cas(changing.tls, now=NOW) == [], "and is gone for good then"


def test_where_somebody_else_may_hold_the_keys_the_former_ca_admits_nobody(changing: Changing) -> None:
    made = changing.change.prepare(EMPTY, sizes=SIZES, now=NOW)
    changing.change.take(changing.bundle(made), made, now=NOW)
    assert former_cas(changing.tls, now=NOW) == []


@pytest.mark.parametrize("steps", range(12))
def test_a_change_over_that_was_cut_off_anywhere_is_finished_by_the_next_start(
    changing: Changing, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    bundle = changing.bundle(made)
    left = [steps]
    for module in ("change", "repository"):

        def failing(path: Path, data: bytes) -> None:
            if not left[0]:
                raise StoreError("the disk is gone")
            left[0] -= 1
            write_atomic(path, data)

        monkeypatch.setattr(f"node.pki.{module}.write_atomic", failing)
    try:
        changing.change.take(bundle, made, now=NOW)
    except StoreError:
        left[0] = 1_000
        if changing.change.begun():
            changing.change.finish(changing.waiting(), now=NOW + 1)
        else:
            changing.change.take(bundle, changing.waiting(), now=NOW + 1)
    assert changing.ring().vkey("mirror") == made.ring.vkey("mirror")
    assert (changing.tls / "ca.der").read_bytes() == made.ca.der
    assert former_cas(changing.tls, now=NOW + 2) == [changing.federation.hub.ca.der]
    assert changing.federation.roster().hub.ca_sha256 == made.ca.sha256


def test_a_bundle_that_was_signed_too_long_ago_changes_nothing(changing: Changing) -> None:
    """What the hub cosigned meanwhile with its former key would count no more."""
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    bundle = changing.bundle(made)
    late = NOW + OVERLAP_SECONDS
    with pytest.raises(Refused, match="so long ago"):
        changing.change.take(bundle, made, now=late)
    assert not changing.change.begun()
    changing.change.take(changing.bundle(made, now=late), made, now=late + 1)


def test_a_bundle_that_ran_out_before_the_change_was_finished_leaves_the_new_keys_waiting(
    changing: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that was cut off and stood still for months opens with its former keys, and takes another bundle."""
    made = changing.change.prepare(EMPTY, sizes=SIZES, now=NOW)
    bundle = changing.bundle(made)
    with monkeypatch.context() as patch:
        patch.setattr(HubChange, "finish", lambda *_, **__: None)
        changing.change.take(bundle, made, now=NOW)
    assert changing.change.begun()
    late = NOW + 100 * DAY
    with pytest.raises(Expired):
        changing.change.finish(changing.waiting(), now=late)
    assert not changing.change.begun()
    assert changing.ring().vkey("mirror") == changing.federation.hub.ring.vkey("mirror")
    changing.change.take(changing.bundle(made, now=late), made, now=late)
    assert changing.ring().vkey("mirror") == made.ring.vkey("mirror")


def test_a_bundle_for_the_present_keys_does_not_change_over(changing: Changing) -> None:
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    bundle = changing.federation.authority.extend(now=NOW)
    assert not changing.change.is_for(bundle, made)
    with pytest.raises((Refused, PeerFault)):
        changing.change.take(bundle, made, now=NOW)
    assert not changing.change.begun()


def test_new_keys_can_be_dropped_until_the_authority_has_signed(changing: Changing) -> None:
    assert not changing.change.drop()
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    with pytest.raises(Misuse, match="exist already"):
        changing.change.prepare(EMPTY, sizes=SIZES, now=NOW)
    assert changing.change.drop()
    again = changing.change.prepare(EMPTY, sizes=SIZES, now=NOW)
    assert again.claims != made.claims
    assert changing.waiting().sizes == SIZES


def test_what_a_crash_left_behind_a_finished_change_is_not_taken_for_another(
    changing: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr("node.pki.change.shutil.rmtree", lambda *_, **__: None)
        changing.change.take(changing.bundle(made), made, now=NOW)
    assert (changing.next / "bundle").exists()
    assert changing.change.waiting(EMPTY) is None
    assert not changing.change.begun()
    again = changing.change.prepare(EMPTY, sizes=None, now=NOW)
    assert again.claims != made.claims
    assert not changing.change.begun(), "the former bundle is not for these keys"


# --- a list of members that was lost ----------------------------------------------------------------------------------


def on_the_same_keys(federation: Federation) -> Repository:
    """The hub's repository opened anew."""
    ring = federation.hub.ring
    online = RoleSigner(ring.signer("online"), ring.public_bytes("online"))
    folder = federation.folder / "hub" / "repository"
    return Repository(folder, federation=FEDERATION, hub=federation.hub.claims.identity, online=online)


def test_a_repository_from_an_older_backup_is_not_taken_for_a_rollback(federation: Federation) -> None:
    """Same keys, fewer signatures: its next one is newer than all that members have seen."""
    node, folder = federation.client(), federation.folder / "hub" / "repository"
    backup = {path.name: path.read_bytes() for path in folder.iterdir()}
    for minute in range(5):
        federation.hub.repository.suspend(FR, f"reason {minute}", now=NOW + 60 * minute)
        node.refresh(federation.fetch, now=NOW + 60 * minute)
    for path in folder.iterdir():
        path.unlink()
    Repository.recover(folder, backup)
    federation.hub.repository = on_the_same_keys(federation)
    federation.hub.repository.accept(federation.authority.bundle(), now=NOW + DAY / 2)
    assert node.refresh(federation.fetch, now=NOW + DAY / 2).members[FR].status is MemberStatus.ACTIVE
    federation.hub.repository.renew(now=NOW + DAY / 2 + 60)
    assert node.refresh(federation.fetch, now=NOW + DAY / 2 + 60).members[FR].status is MemberStatus.ACTIVE


def test_what_the_hub_verified_last_makes_its_repository_again(federation: Federation) -> None:
    federation.hub.repository.suspend(JP, "a reason", now=NOW)
    first = federation.hub.repository.read("1.root.json", 10**6)
    own = RosterClient.bootstrap(
        federation.folder / "hub-roster",
        federation.fetch,
        federation=FEDERATION,
        root_version=1,
        root_sha256=hashlib.sha256(first).digest(),
    )
    own.refresh(federation.fetch, now=NOW)
    folder = federation.folder / "hub" / "repository"
    for path in folder.iterdir():
        path.unlink()
    Repository.recover(folder, own.published())
    federation.hub.repository = on_the_same_keys(federation)
    assert set(federation.hub.repository.suspended()) == {JP}
    assert federation.roster().members[JP].status is MemberStatus.SUSPENDED
    with pytest.raises(NotFound):
        federation.client("nothing yet").published()


def test_whether_a_root_leads_to_another_is_told_by_signatures_both_ways(
    federation: Federation, tmp_path: Path
) -> None:
    """The invitation of a new hub names a newer root of the same authority, or the very first one."""
    node = federation.client()
    other = Hub.create(tmp_path / "other", federation.authority.root)
    other.repository.accept(federation.authority.sign(other.signing_request(()), now=NOW, accept_hub=True), now=NOW)

    def fetch(name: str, limit: int) -> bytes:
        return other.repository.read(name, limit)

    version, sha256 = 3, hashlib.sha256(fetch("3.root.json", 1 << 20)).digest()
    assert node.leads_to(fetch, root_version=version, root_sha256=sha256)
    pinned, pin = other.repository.root_pin()
    assert (pinned, node.leads_to(fetch, root_version=pinned, root_sha256=pin)) == (1, True)
    newest = RosterClient.bootstrap(
        tmp_path / "newest", fetch, federation=FEDERATION, root_version=version, root_sha256=sha256
    )
    assert newest.leads_to(fetch, root_version=1, root_sha256=node.root_sha256)
    assert not node.leads_to(fetch, root_version=version, root_sha256=bytes(32))
    assert not node.leads_to(fetch, root_version=version + 1, root_sha256=sha256)
    (tmp_path / "stranger").mkdir()
    stranger = Federation(tmp_path / "stranger")
    stranger.admit(BR)
    version, sha256 = stranger.hub.repository.root_pin()
    assert not node.leads_to(stranger.fetch, root_version=version, root_sha256=sha256)
