"""A node reads the roster from its hub, keeps it, and reads the kept roster without a network."""

import hashlib

import pytest

from node.domain.ids import FederationId
from node.domain.roster import Policy
from node.errors import Damaged, Malformed, NotFound, Unavailable
from node.pki import metadata
from node.pki.client import RosterClient
from tests.unit.pki.federation import BR, FEDERATION, FR, JP, NOW, Federation


def test_a_node_sees_the_members_their_keys_the_hub_and_the_policy(federation: Federation) -> None:
    roster = federation.roster()
    assert roster.active() == (FR, JP)
    assert roster.members[FR].statement_vkeys() == (federation.rings[FR].vkey("statement"),)
    assert roster.hub.cosigner_vkey == federation.hub.ring.vkey("mirror")
    assert roster.hub.ca_sha256 == federation.hub.ca.sha256
    assert roster.policy == Policy()
    assert roster.version == 1
    assert roster.expires == NOW + metadata.TIMESTAMP_LIFE


def test_a_later_roster_takes_the_place_of_the_former(federation: Federation) -> None:
    client = federation.client()
    assert client.refresh(federation.fetch, now=NOW).version == 1
    federation.admit(BR, now=NOW + 5)
    later = client.refresh(federation.fetch, now=NOW + 10)
    assert (later.version, later.active()) == (2, (BR, FR, JP))


def test_before_the_first_signature_a_node_is_told_that_there_is_nothing(empty: Federation) -> None:
    client = empty.client()
    with pytest.raises(NotFound, match="lacks"):
        client.refresh(empty.fetch, now=NOW)
    with pytest.raises(NotFound, match="verified"):
        client.load()


def test_what_fetching_raises_passes_untouched(federation: Federation) -> None:
    def unreachable(name: str, limit: int) -> bytes:
        raise Unavailable("the hub is away")

    with pytest.raises(Unavailable):
        federation.client().refresh(unreachable, now=NOW)


def test_the_last_roster_is_there_without_a_network_and_says_when_it_ran_out(federation: Federation) -> None:
    roster = federation.client().refresh(federation.fetch, now=NOW)
    root = hashlib.sha256((federation.folder / "node" / "pinned.root.json").read_bytes()).digest()
    again = RosterClient(federation.folder / "node", federation=FEDERATION, root_sha256=root)
    assert again.load() == roster


def test_a_cut_in_the_middle_of_a_refresh_leaves_the_last_roster_usable(federation: Federation) -> None:
    client = federation.client()
    before = client.refresh(federation.fetch, now=NOW)
    federation.admit(BR, now=NOW + 5)

    def cut(name: str, limit: int) -> bytes:
        if name.endswith("roster.json"):
            raise Unavailable("the line was cut")
        return federation.fetch(name, limit)

    with pytest.raises(Unavailable):
        client.refresh(cut, now=NOW + 10)
    assert client.load() == before
    assert client.refresh(federation.fetch, now=NOW + 10).active() == (BR, FR, JP)


def test_the_roster_on_disk_is_verified_not_trusted(federation: Federation) -> None:
    """Many a byte of the kept file, flipped in turn: never a roster other than the one that was signed."""
    client = federation.client()
    roster = client.refresh(federation.fetch, now=NOW)
    path = federation.folder / "node" / "verified.json"
    good = path.read_bytes()
    for place in range(0, len(good), 61):
        bad = bytearray(good)
        bad[place] ^= 1
        path.write_bytes(bytes(bad))
        try:
            found = client.load()
        except Damaged:
            continue
        # Signatures are malleable in their spelling (the case of a hex digit): only the same roster may come out.
        assert found == roster


def test_another_pinned_root_than_the_invitations_is_refused(federation: Federation) -> None:
    federation.client()
    with pytest.raises(Damaged, match="pinned root"):
        RosterClient(federation.folder / "node", federation=FEDERATION, root_sha256=bytes(32))


def test_a_folder_that_a_person_vouches_for_is_read_whatever_its_federation(federation: Federation) -> None:
    roster = federation.client().refresh(federation.fetch, now=NOW)
    found = RosterClient(federation.folder / "node", federation=None, root_sha256=None)
    assert found.load() == roster
    assert found.root_sha256 == federation.hub.repository.root_pin()[1]


def test_a_roster_of_another_federation_is_refused(federation: Federation) -> None:
    federation.client().refresh(federation.fetch, now=NOW)
    other = RosterClient(federation.folder / "node", federation=FederationId("other.example"), root_sha256=None)
    with pytest.raises(Malformed, match="another federation"):
        other.refresh(federation.fetch, now=NOW)
