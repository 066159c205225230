"""A petition proves every key in it for this member, this token and this request, and for nothing else."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.hub_ports import JoinRequest
from node.domain.ids import MemberId
from node.domain.signing import PREVIOUS
from node.errors import BadSignature, Malformed, Misuse, PeerFault
from node.pki.ca import make_request
from node.pki.keys import KeyRing
from node.pki.petition import check_petition, keys_fingerprint, make_petition
from node.tlog import note
from tests.unit.pki.federation import FEDERATION, FR, JP, petition_of, secret_of

RING = KeyRing.for_member(FEDERATION, FR)
GOOD = petition_of(RING)
PURPOSES = ("log", "statement", "witness")


def test_an_honest_petition_is_accepted() -> None:
    claims = check_petition(GOOD, FEDERATION)
    assert claims.log_epoch == 1
    assert claims.previous is None
    assert claims.fingerprint == keys_fingerprint(FR, RING.member_vkeys())


def test_a_petition_of_another_federation_is_refused() -> None:
    with pytest.raises(Malformed):
        check_petition(GOOD, type(FEDERATION)("other.example"))


def test_proofs_are_not_good_for_another_member() -> None:
    thief = replace(GOOD, member=JP, vkeys={p: v.replace("/FR/", "/JP/") for p, v in GOOD.vkeys.items()})
    with pytest.raises(PeerFault):
        check_petition(thief, FEDERATION)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_key_of_another_member_is_not_taken_over(purpose: str) -> None:
    """The thief has the victim's public key, and its whole petition, but not the private key."""
    ring = KeyRing.for_member(FEDERATION, JP)
    mine = petition_of(ring)
    theirs = note.parse_vkey(GOOD.vkeys[purpose])
    renamed = note.make_vkey(theirs.name.replace("/FR/", "/JP/"), theirs.key_type, theirs.public_key)
    stolen = replace(
        mine,
        vkeys={**mine.vkeys, purpose: note.format_vkey(renamed)},
        proofs={**mine.proofs, purpose: GOOD.proofs[purpose]},
    )
    with pytest.raises(BadSignature):
        check_petition(stolen, FEDERATION)


def test_proofs_are_not_good_for_another_token() -> None:
    with pytest.raises(BadSignature):
        check_petition(replace(GOOD, secret_sha256=secret_of(JP)), FEDERATION)


def test_proofs_are_not_good_for_another_certificate_request() -> None:
    with pytest.raises(BadSignature):
        check_petition(replace(GOOD, csr=make_request(RING)), FEDERATION)


def test_proofs_are_not_good_for_another_purpose() -> None:
    swapped = {**GOOD.proofs, "log": GOOD.proofs["statement"], "statement": GOOD.proofs["log"]}
    with pytest.raises(BadSignature):
        check_petition(replace(GOOD, proofs=swapped), FEDERATION)


def forged_with(purpose: str, public_key: bytes) -> JoinRequest:
    """A petition with this raw key in one place, past the checks of `make_vkey`."""
    old = note.parse_vkey(GOOD.vkeys[purpose])
    vkey = replace(old, public_key=public_key, key_id=note.key_id(old.name, old.key_type, public_key))
    return replace(GOOD, vkeys={**GOOD.vkeys, purpose: note.format_vkey(vkey)})


SMALL_ORDER = (
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_of_small_order_is_refused(purpose: str, key: bytes) -> None:
    with pytest.raises(Malformed):
        check_petition(forged_with(purpose, key), FEDERATION)


def test_one_key_for_two_purposes_is_refused() -> None:
    shared = note.parse_vkey(GOOD.vkeys["statement"]).public_key
    with pytest.raises(Malformed, match="two purposes"):
        check_petition(forged_with("log", shared), FEDERATION)


def test_a_witness_key_of_the_wrong_type_is_refused() -> None:
    vkey = note.parse_vkey(GOOD.vkeys["witness"])
    wrong = note.format_vkey(note.make_vkey(vkey.name, note.ED25519, vkey.public_key))
    with pytest.raises(Malformed, match="type"):
        check_petition(replace(GOOD, vkeys={**GOOD.vkeys, "witness": wrong}), FEDERATION)


def test_a_missing_key_and_one_too_many_are_refused() -> None:
    fewer = replace(GOOD, vkeys={p: GOOD.vkeys[p] for p in ("log", "statement")})
    more = replace(GOOD, vkeys={**GOOD.vkeys, "extra": GOOD.vkeys["log"]})
    unproven = replace(GOOD, proofs={p: GOOD.proofs[p] for p in ("log", "statement")})
    for petition in (fewer, more, unproven):
        with pytest.raises(Malformed, match="exactly one key"):
            check_petition(petition, FEDERATION)


@pytest.mark.parametrize("name", ["", " France", "France\n", "Fr\x00ance", "x" * 101, "left\u202eright"])
def test_a_name_that_is_no_plain_line_is_refused(name: str) -> None:
    with pytest.raises(Malformed, match="name"):
        check_petition(replace(GOOD, name=name), FEDERATION)


@settings(max_examples=150)
@given(purpose=st.sampled_from(PURPOSES), place=st.integers(0, 63), bit=st.integers(0, 7))
def test_no_flipped_bit_of_a_proof_verifies(purpose: str, place: int, bit: int) -> None:
    proof = bytearray(GOOD.proofs[purpose])
    proof[place] ^= 1 << bit
    with pytest.raises(BadSignature):
        check_petition(replace(GOOD, proofs={**GOOD.proofs, purpose: bytes(proof)}), FEDERATION)


@given(purpose=st.sampled_from(PURPOSES), text=st.text(max_size=80))
def test_only_peer_faults_come_of_junk_keys(purpose: str, text: str) -> None:
    with pytest.raises(PeerFault):
        check_petition(replace(GOOD, vkeys={**GOOD.vkeys, purpose: text}), FEDERATION)


def test_a_change_of_keys_is_endorsed_by_the_former_statement_key() -> None:
    petition = petition_of(RING.successor(), previous=RING)
    claims = check_petition(petition, FEDERATION)
    assert claims.previous is not None
    assert note.format_vkey(claims.previous) == RING.vkey("statement")
    assert claims.log_epoch == 2


def test_an_endorsement_covers_the_new_keys() -> None:
    """Taken from one petition, it is no good in another by the same member."""
    endorsed, other = petition_of(RING.successor(), previous=RING), petition_of(RING.successor(), previous=RING)
    moved = replace(other, proofs={**other.proofs, PREVIOUS: endorsed.proofs[PREVIOUS]})
    with pytest.raises(BadSignature, match="endorsed"):
        check_petition(moved, FEDERATION)


def test_another_members_key_does_not_endorse() -> None:
    petition = petition_of(RING.successor(), previous=KeyRing.for_member(FEDERATION, JP))
    with pytest.raises(Malformed, match="endorsed"):
        check_petition(petition, FEDERATION)


def test_a_petition_needs_a_whole_secret() -> None:
    with pytest.raises(Misuse):
        make_petition(RING, name="A member", secret=b"short", csr=make_request(RING))


def test_the_fingerprint_tells_members_and_keys_apart() -> None:
    vkeys = RING.member_vkeys()
    other = {**vkeys, "witness": KeyRing.for_member(FEDERATION, FR).vkey("witness")}
    prints = {keys_fingerprint(FR, vkeys), keys_fingerprint(MemberId("JP"), vkeys), keys_fingerprint(FR, other)}
    assert len(prints) == 3


def test_a_mixed_order_key_is_refused() -> None:
    """A point of prime order plus one of order two: verifiers disagree about what it signed."""
    from node.tlog import ed25519

    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    point = ed25519._decode(public)
    assert point is not None
    x, y, z, _ = ed25519._add(point, (0, ed25519._P - 1, 1, 0))
    inverse = pow(z, -1, ed25519._P)
    encoded = y * inverse % ed25519._P | (x * inverse % ed25519._P & 1) << 255
    with pytest.raises(Malformed, match="prime order"):
        check_petition(forged_with("log", encoded.to_bytes(32, "little")), FEDERATION)
