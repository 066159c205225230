"""The certificate profiles, and what asks for a certificate."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.ids import spiffe_id
from node.errors import BadSignature, Expired, Malformed, Misuse, PeerFault
from node.pki import ca as profiles
from node.pki.ca import CertificateAuthority, check_issued, check_request, make_request, needs_renewal, read_certificate
from node.pki.keys import KeyRing
from tests.unit.pki.federation import FEDERATION, FR, JP, NOW

HUB = KeyRing.for_hub(FEDERATION)
CA = CertificateAuthority.create(HUB, now=NOW)
RING = KeyRing.for_member(FEDERATION, FR)
REQUEST = make_request(RING)


def parsed(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def test_a_members_leaf_follows_its_profile() -> None:
    leaf = parsed(CA.issue_member(FR, REQUEST, now=NOW).der)
    extensions = leaf.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["spiffe://federation.example/member/FR"]
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    issuer = parsed(CA.der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == issuer.digest
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert life.total_seconds() == profiles.MEMBER_LIFE + profiles.BACKDATE


def test_a_members_leaf_is_accepted_by_an_independent_verifier_as_a_client() -> None:
    leaf = parsed(CA.issue_member(FR, REQUEST, now=NOW).der)
    builder = PolicyBuilder().store(Store([parsed(CA.der)])).time(leaf.not_valid_before_utc)
    assert builder.build_client_verifier().verify(leaf, []).chain[0] == leaf


def test_the_hubs_leaf_is_accepted_by_an_independent_verifier_under_each_of_its_names() -> None:
    leaf = parsed(CA.issue_server(("hub.example.org", "127.0.0.1"), now=NOW).der)
    builder = PolicyBuilder().store(Store([parsed(CA.der)])).time(leaf.not_valid_before_utc)
    assert builder.build_server_verifier(x509.DNSName("hub.example.org")).verify(leaf, [])
    assert read_certificate(leaf.public_bytes(Encoding.DER)).uris == ("spiffe://federation.example/hub",)


def test_a_hub_without_a_host_name_is_refused() -> None:
    with pytest.raises(Misuse):
        CA.issue_server((), now=NOW)


def test_nothing_that_a_request_asks_for_is_honoured_but_its_key() -> None:
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "JP")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(spiffe_id(FEDERATION, JP))]), False)
        .sign(RING.p256("tls"), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    certificate = CA.issue_member(FR, greedy, now=NOW)
    assert certificate.uris == (spiffe_id(FEDERATION, FR),)
    leaf = parsed(certificate.der)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "JP" not in leaf.subject.rfc4514_string()


def test_only_p256_keys_get_a_certificate() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "FR")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for request in (
        builder.sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
        builder.sign(ed25519.Ed25519PrivateKey.generate(), None),
    ):
        with pytest.raises(Malformed, match="P-256"):
            check_request(request.public_bytes(Encoding.DER))


@settings(max_examples=300)
@given(place=st.integers(0, len(REQUEST) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_of_a_request_gets_a_certificate(place: int, bit: int) -> None:
    flipped = bytearray(REQUEST)
    flipped[place] ^= 1 << bit
    with pytest.raises(PeerFault):
        check_request(bytes(flipped))


def test_a_request_has_one_spelling() -> None:
    """A signature that ends in a zero bit can also be written as one bit shorter (X.690, section 8.6.2)."""
    key = RING.p256("tls")
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = (builder.sign(key, hashes.SHA256()) for _ in range(64))
    found = next(each for each in signed if each.signature[-1] % 2 == 0)
    request = found.public_bytes(Encoding.DER)
    check_request(request)
    shorter = request.replace(b"\0" + found.signature, b"\1" + found.signature)
    assert shorter != request
    with pytest.raises(PeerFault):
        check_request(shorter)


@given(junk=st.binary(max_size=300))
def test_junk_is_no_request_and_no_certificate(junk: bytes) -> None:
    for reader in (check_request, read_certificate):
        with pytest.raises(Malformed):
            reader(junk)


def test_a_request_for_a_key_that_is_not_held_is_refused() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), RING.p256("tls")
    honest = x509.load_der_x509_csr(REQUEST)
    theirs = (
        x509.CertificateSigningRequestBuilder().subject_name(honest.subject).sign(key, hashes.SHA256())
    ).public_bytes(Encoding.DER)
    mine, wanted = (
        each.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for each in (key, other)
    )
    with pytest.raises(BadSignature):
        check_request(theirs.replace(mine, wanted))


def test_renewal_is_due_at_two_thirds_of_its_life() -> None:
    certificate = CA.issue_member(FR, REQUEST, now=NOW)
    life = certificate.not_after - certificate.not_before
    due = certificate.not_before + life * 2 / 3
    assert not needs_renewal(certificate, due - 1)
    assert needs_renewal(certificate, due + 1)


def test_a_leaf_is_dated_back_for_slow_clocks() -> None:
    certificate = CA.issue_member(FR, REQUEST, now=NOW)
    assert certificate.not_before == NOW - profiles.BACKDATE


def test_a_node_keeps_no_leaf_of_another_ca_member_key_or_day() -> None:
    leaf = CA.issue_member(FR, REQUEST, now=NOW).der
    mine = spiffe_id(FEDERATION, FR)
    assert check_issued(leaf, CA.der, spiffe=mine, ring=RING, now=NOW).uris == (mine,)
    other = CertificateAuthority.create(KeyRing.for_hub(FEDERATION), now=NOW)
    with pytest.raises(BadSignature):
        check_issued(leaf, other.der, spiffe=mine, ring=RING, now=NOW)
    with pytest.raises(Malformed, match="another member"):
        check_issued(leaf, CA.der, spiffe=spiffe_id(FEDERATION, JP), ring=RING, now=NOW)
    with pytest.raises(Malformed, match="another key"):
        check_issued(leaf, CA.der, spiffe=mine, ring=KeyRing.for_member(FEDERATION, FR), now=NOW)
    with pytest.raises(Expired):
        check_issued(leaf, CA.der, spiffe=mine, ring=RING, now=NOW + profiles.MEMBER_LIFE)


def test_serials_fit_a_signed_64_bit_column() -> None:
    serials = {CA.issue_member(FR, REQUEST, now=NOW).serial for _ in range(20)}
    assert len(serials) == 20
    assert all(0 < serial < 2**63 for serial in serials)


def test_a_pinned_key_is_the_hash_of_its_spki() -> None:
    leaf = CA.issue_member(FR, REQUEST, now=NOW)
    key = parsed(leaf.der).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert leaf.spki_sha256 == hashlib.sha256(spki).digest()


def test_a_ca_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(Misuse):
        CertificateAuthority(KeyRing.for_hub(FEDERATION), CA.der)
