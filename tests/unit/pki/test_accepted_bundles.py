"""A hub accepts a bundle only if it is whole, newer, unexpired, and from its own authority for this hub."""

from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Targets

from node.errors import Expired, Malformed, NotFound, PeerFault, Refused
from node.pki import metadata
from node.pki.courier import SigningRequest, claim_hub, decode_bundle, encode_bundle, encode_request
from node.pki.keys import KeyRing
from node.pki.metadata import RoleSigner
from tests.unit.pki.federation import BR, EMPTY, FEDERATION, FR, JP, NOW, Federation, Hub
from tests.unit.pki.hostile_hub import names_of


def test_a_hub_takes_no_bundle_of_another_authority(federation: Federation, tmp_path: Path) -> None:
    other = Federation(tmp_path / "other")
    bundle = other.admit(FR)
    with pytest.raises(Refused, match="another authority"):
        federation.hub.repository.accept(bundle, now=NOW)


def test_a_hub_takes_no_bundle_for_another_hub(federation: Federation, tmp_path: Path) -> None:
    twin = Hub.create(tmp_path / "twin", federation.authority.root)
    with pytest.raises(Refused, match="another hub"):
        twin.repository.accept(federation.authority.bundle(), now=NOW)


def test_a_hub_takes_no_roster_that_names_another_mirror_or_ca(federation: Federation) -> None:
    """The online key is this hub's, the rest of its identity somebody else's: its cosignatures would be nobody's."""
    ring = federation.hub.ring
    mirror = KeyRing.generate(FEDERATION, "hub", ("mirror",))
    mixed = KeyRing(FEDERATION, "hub", {**ring._keys, **mirror._keys})
    for claims in (
        claim_hub(ring, ca_sha256=bytes(32)),
        claim_hub(mixed, ca_sha256=federation.hub.ca.sha256),
    ):
        request = encode_request(SigningRequest(federation=FEDERATION, hub=claims, petitions=()))
        bundle = federation.authority.sign(request, now=NOW, accept_hub=True)
        with pytest.raises(Refused, match="another hub"):
            federation.hub.repository.accept(bundle, now=NOW)


def test_a_hub_takes_no_older_bundle_and_the_same_one_again(federation: Federation) -> None:
    first = federation.authority.bundle()
    federation.hub.repository.accept(first, now=NOW)
    federation.admit(BR)
    with pytest.raises(PeerFault, match="older"):
        federation.hub.repository.accept(first, now=NOW)
    assert federation.roster().active() == (BR, FR, JP)


def test_a_root_counts_under_its_own_number_only(federation: Federation) -> None:
    """The newest root once more, as if it were the next."""
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    again = encode_bundle(replace(bundle, files={**bundle.files, "3.root.json": bundle.files["2.root.json"]}))
    with pytest.raises(PeerFault):
        federation.hub.repository.accept(again, now=NOW + 1)
    with pytest.raises(NotFound):
        federation.hub.repository.read("3.root.json", 10**6)


def test_a_hub_takes_no_expired_bundle(federation: Federation) -> None:
    with pytest.raises(Expired):
        federation.hub.repository.accept(federation.authority.bundle(), now=NOW + metadata.TARGETS_LIFE)


def test_a_bundle_with_any_file_altered_publishes_nothing(federation: Federation) -> None:
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    published = {name: federation.hub.repository.read(name, 10**7) for name in names_of(federation)}
    for name, data in bundle.files.items():
        altered = encode_bundle(replace(bundle, files={**bundle.files, name: data[:-3] + b"}}}"}))
        missing = encode_bundle(
            replace(bundle, files={each: bundle.files[each] for each in bundle.files if each != name})
        )
        for bad in (altered, missing):
            # A root that the hub has already is not read again, so its copy in the bundle may be anything.
            if name == "2.root.json":
                continue
            with pytest.raises((PeerFault, Refused)):
                federation.hub.repository.accept(bad, now=NOW + 1)
    assert {name: federation.hub.repository.read(name, 10**7) for name in names_of(federation)} == published


def test_a_hub_takes_no_delegation_wider_than_suspensions(federation: Federation) -> None:
    bundle = decode_bundle(federation.authority.extend(now=NOW + 1))
    ring = KeyRing.load(
        federation.folder / "authority" / "keys" / "targets-1.key", EMPTY, federation=FEDERATION, owner="authority"
    )
    targets = metadata.parse(bundle.files["2.targets.json"], Targets, "it").signed
    assert targets.delegations is not None
    assert targets.delegations.roles is not None
    targets.delegations.roles["suspensions"].paths = ["*"]
    signed = metadata.sign(targets, [RoleSigner(ring.signer("targets/1"), ring.public_bytes("targets/1"))])
    wider = encode_bundle(replace(bundle, files={**bundle.files, "2.targets.json": signed}))
    with pytest.raises(Malformed, match="delegates"):
        federation.hub.repository.accept(wider, now=NOW + 1)


def test_a_hub_whose_key_changed_signs_everything_anew(federation: Federation) -> None:
    """The authority accepts the new online key; what the former one signed is not served on."""
    old = KeyRing.load(federation.folder / "hub" / "keys", EMPTY, federation=FEDERATION, owner="hub")
    fresh = KeyRing.generate(FEDERATION, "hub", ("online",))
    KeyRing(FEDERATION, "hub", {**old._keys, **fresh._keys}).save(federation.folder / "hub" / "keys", EMPTY)
    hub = Hub(federation.folder / "hub")
    bundle = federation.authority.sign(hub.signing_request(()), now=NOW + 5, accept_hub=True)
    hub.repository.accept(bundle, now=NOW + 5)
    client = federation.client(fetch=hub.repository.read)
    assert client.refresh(hub.repository.read, now=NOW + 5).active() == (FR, JP)
