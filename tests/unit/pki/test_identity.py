"""A node's identity on disk: the same petition until it is answered, a certificate only once it was checked."""

import os
import stat
from pathlib import Path

import pytest

from node.domain.token import Token
from node.errors import BadSignature, Damaged, Misuse, NotFound, PeerFault
from node.pki import ca as profiles
from node.pki.hubhome import HubHome
from node.pki.identity import NodeIdentity
from node.pki.petition import check_petition, to_request
from node.pki.wrapping import Passphrase
from tests.unit.pki.federation import EMPTY, FEDERATION, FR, JP, NOW, Federation


def token_of(federation: Federation, **changes: object) -> Token:
    version, root = federation.hub.repository.root_pin()
    fields = {
        "federation": FEDERATION,
        "member": FR,
        "hub": "localhost:7443",
        "enrolment": "localhost:7444",
        "ca_sha256": federation.hub.ca.sha256,
        "root_version": version,
        "root_sha256": root,
        "secret": os.urandom(32),
        "expires": int(NOW) + 60,
    }
    return Token(**{**fields, **changes})  # type: ignore[arg-type]


def ca_pem(hub: HubHome) -> bytes:
    return profiles.to_pem(hub.ca.der)


@pytest.fixture
def node(empty: Federation) -> NodeIdentity:
    """A node that made its petition."""
    return NodeIdentity.create(
        empty.folder / "fr", token_of(empty), name="France", ca_pem=ca_pem(empty.hub), passphrase=EMPTY
    )


def chain_for(federation: Federation, node: NodeIdentity) -> tuple[bytes, ...]:
    return federation.hub.registrar.issue(FR, node.petition().csr, NOW)[0]


def test_a_restart_sends_the_same_petition(empty: Federation, node: NodeIdentity) -> None:
    again = NodeIdentity(empty.folder / "fr", EMPTY)
    assert again.petition() == node.petition()
    assert again.fingerprint == node.fingerprint
    assert again.facts == node.facts


def test_the_digits_that_both_sides_read_out_are_the_same(empty: Federation, node: NodeIdentity) -> None:
    request = to_request(node.petition(), now=NOW)
    (finding,) = empty.authority.review(empty.request(request)).findings
    assert finding.fingerprint == node.fingerprint


def test_the_secret_is_gone_once_the_member_is_in(empty: Federation, node: NodeIdentity) -> None:
    secret = node.petition().secret
    leaf = node.admit(chain_for(empty, node), now=NOW)
    assert not node.pending
    assert not any(secret.hex().encode() in each.read_bytes() for each in (empty.folder / "fr").iterdir())
    assert node.certificate() == leaf
    assert not node.needs_renewal(NOW)
    with pytest.raises(NotFound, match="petition"):
        node.petition()


def test_a_bad_certificate_leaves_the_petition_pending(empty: Federation, node: NodeIdentity, tmp_path: Path) -> None:
    other = HubHome.create(tmp_path / "other", FEDERATION, EMPTY, root=empty.authority.root, hosts=("a",), now=NOW)
    csr = node.petition().csr
    for chain in (
        (),
        (b"junk",),
        other.registrar.issue(FR, csr, NOW)[0],
        empty.hub.registrar.issue(JP, csr, NOW)[0],
        empty.hub.registrar.issue(FR, csr, NOW - 100 * 3_600)[0],
    ):
        with pytest.raises(PeerFault):
            node.admit(chain, now=NOW)
    assert node.pending
    with pytest.raises(NotFound):
        node.certificate()


def test_a_renewed_certificate_takes_the_place_of_the_former(empty: Federation, node: NodeIdentity) -> None:
    node.admit(chain_for(empty, node), now=NOW)
    late = NOW + 50 * 3_600
    assert node.needs_renewal(late)
    chain, _ = empty.hub.registrar.issue(FR, node.renewal_request(), late)
    node.renewed(chain, now=late)
    assert not node.needs_renewal(late)
    before = node.certificate()
    with pytest.raises(PeerFault):
        node.renewed((b"junk",), now=late)
    assert node.certificate() == before


def test_a_change_of_keys_is_endorsed_and_comes_into_use_when_it_is_admitted(
    empty: Federation, node: NodeIdentity
) -> None:
    node.admit(chain_for(empty, node), now=NOW)
    former = node.ring
    node.change_keys(token_of(empty))
    again = NodeIdentity(empty.folder / "fr", EMPTY)
    assert again.ring.vkey("statement") == former.vkey("statement")
    claims = check_petition(to_request(again.petition(), now=NOW), FEDERATION)
    assert claims.previous is not None
    assert claims.log_epoch == 2
    again.admit(chain_for(empty, again), now=NOW)
    assert again.ring.vkey("statement") != former.vkey("statement")
    last = NodeIdentity(empty.folder / "fr", EMPTY)
    assert last.ring.member_vkeys() == again.ring.member_vkeys()
    assert not last.pending


def test_a_token_for_another_member_changes_no_keys(empty: Federation, node: NodeIdentity) -> None:
    with pytest.raises(Misuse):
        node.change_keys(token_of(empty, member=JP))


def test_a_hub_with_another_ca_than_the_tokens_is_refused(empty: Federation) -> None:
    token = token_of(empty, ca_sha256=bytes(32))
    with pytest.raises(BadSignature, match="another CA"):
        NodeIdentity.create(empty.folder / "x", token, name="France", ca_pem=ca_pem(empty.hub), passphrase=EMPTY)
    assert not (empty.folder / "x" / "identity.json").exists()


def test_a_second_identity_in_one_folder_is_refused(empty: Federation, node: NodeIdentity) -> None:
    with pytest.raises(Misuse):
        NodeIdentity.create(
            empty.folder / "fr", token_of(empty), name="France", ca_pem=ca_pem(empty.hub), passphrase=EMPTY
        )


def test_every_file_is_the_owners_alone(empty: Federation, node: NodeIdentity) -> None:
    node.admit(chain_for(empty, node), now=NOW)
    folder = empty.folder / "fr"
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_wrong_passphrase_says_so(empty: Federation, node: NodeIdentity) -> None:
    with pytest.raises(Damaged, match="passphrase is wrong"):
        NodeIdentity(empty.folder / "fr", Passphrase(b"wrong"))


def test_no_identity_is_told_from_a_damaged_one(empty: Federation, node: NodeIdentity, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        NodeIdentity(tmp_path / "none", EMPTY)
    (empty.folder / "fr" / "identity.json").write_bytes(b"{}")
    with pytest.raises(Damaged):
        NodeIdentity(empty.folder / "fr", EMPTY)


def test_the_hubs_server_certificate_is_made_when_needed_and_again_in_time(empty: Federation) -> None:
    key, chain, ca = empty.hub.server_files(now=NOW)
    assert chain.endswith(ca)
    assert empty.hub.server_files(now=NOW + 60) == (key, chain, ca)
    assert empty.hub.server_files(now=NOW + profiles.SERVER_LIFE)[1] != chain


def test_a_hub_opens_again_as_it_was_and_not_twice_in_one_folder(empty: Federation) -> None:
    again = HubHome(empty.folder / "hub", EMPTY)
    assert again.claims == empty.hub.claims
    assert again.hosts == empty.hub.hosts
    with pytest.raises(Misuse):
        HubHome.create(
            empty.folder / "hub", FEDERATION, EMPTY, root=empty.authority.root, hosts=("localhost",), now=NOW
        )


@pytest.mark.parametrize("hosts", [(), ("bad host",), ("höst",)])
def test_a_hub_without_a_usable_host_is_refused_before_anything_is_written(
    empty: Federation, tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    with pytest.raises(Misuse):
        HubHome.create(tmp_path / "h", FEDERATION, EMPTY, root=empty.authority.root, hosts=hosts, now=NOW)
    assert not (tmp_path / "h" / "keys").exists()
