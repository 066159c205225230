"""A ring keeps one key a purpose, under the right name and type, wrapped on disk."""

from pathlib import Path

import pytest

from node.errors import Damaged, Misuse
from node.pki.keys import HUB, KeyRing, log_role
from node.tlog import ed25519, note
from tests.unit.pki.federation import EMPTY, FEDERATION, FR, JP


def test_a_members_verifier_keys_have_the_names_and_types_of_their_purposes() -> None:
    vkeys = {
        purpose: note.parse_vkey(text) for purpose, text in KeyRing.for_member(FEDERATION, FR).member_vkeys().items()
    }
    assert {purpose: (vkey.name, vkey.key_type) for purpose, vkey in vkeys.items()} == {
        "log": ("federation.example/FR/log/1", 0x01),
        "statement": ("federation.example/FR/statement", 0x01),
        "witness": ("federation.example/FR/witness", 0x04),
    }
    assert len({vkey.public_key for vkey in vkeys.values()}) == 3


def test_the_hubs_mirror_key_is_a_cosigner() -> None:
    vkey = KeyRing.for_hub(FEDERATION).verifier("mirror")
    assert (vkey.name, vkey.key_type) == ("federation.example/hub/mirror", 0x04)


def test_a_signer_signs_for_its_own_verifier_key() -> None:
    ring = KeyRing.for_member(FEDERATION, FR)
    signature = ring.signer(log_role(1)).sign(b"message")
    assert ed25519.verify(ring.public_bytes("log/1"), b"message", signature)
    assert not ed25519.verify(ring.public_bytes("statement"), b"message", signature)


def test_a_ring_comes_back_from_disk_with_the_same_keys(tmp_path: Path) -> None:
    ring = KeyRing.for_hub(FEDERATION)
    ring.save(tmp_path / "keys", EMPTY)
    again = KeyRing.load(tmp_path / "keys", EMPTY, federation=FEDERATION, owner=HUB)
    assert again.roles == ring.roles
    assert again.vkey("mirror") == ring.vkey("mirror")
    assert again.tls_key_pem() == ring.tls_key_pem()
    assert again.public_bytes("online") == ring.public_bytes("online")


def test_one_members_ring_does_not_open_as_anothers(tmp_path: Path) -> None:
    KeyRing.for_member(FEDERATION, FR).save(tmp_path / "keys", EMPTY)
    with pytest.raises(Damaged):
        KeyRing.load(tmp_path / "keys", EMPTY, federation=FEDERATION, owner=JP)


def test_no_private_byte_is_on_disk_or_in_a_repr(tmp_path: Path) -> None:
    ring = KeyRing.for_member(FEDERATION, FR)
    ring.save(tmp_path / "keys", EMPTY)
    stored = (tmp_path / "keys").read_bytes()
    secret = ring._ed25519("statement").private_bytes_raw()
    assert secret not in stored
    assert secret.hex() not in stored.decode("latin-1")
    assert secret.hex() not in repr(ring)


def test_a_successor_has_other_keys_and_opens_the_next_epoch() -> None:
    ring = KeyRing.for_member(FEDERATION, FR)
    new = ring.successor()
    assert new.log_epoch == 2
    assert new.vkey("log/2").startswith("federation.example/FR/log/2+")
    assert new.vkey("statement") != ring.vkey("statement")


def test_a_key_is_not_given_out_for_another_use() -> None:
    ring = KeyRing.for_hub(FEDERATION)
    for wrong in ("tls", "ca", "log/2"):
        with pytest.raises(Misuse):
            ring.signer(wrong)
    with pytest.raises(Misuse):
        ring.p256("online")
    with pytest.raises(Misuse):
        ring.vkey("online")
