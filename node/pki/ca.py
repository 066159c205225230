"""The hub's certificates: its CA, its server leaf, the members' leaves of 72 hours, and the requests for them.

Rules this module upholds (certs/PROFILES.md describes the profiles):

- Only P-256 and SHA-256. A member's leaf has exactly one name, the URI `spiffe://<federation>/member/<ID>`. The caller
  takes it from the roster. Only the public key of a request is used.
- A request proves possession of its private key by its signature (RFC 2986), and at enrolment by the petition's proofs.
- A serial fits a signed 64-bit column and has 62 random bits. Short lifetimes replace revocation lists. The code that
  admits a certificate also checks the roster, the pinned key and the expiry (`node.usecases.roster`).
- These signatures are for TLS only. No record, query or roster depends on them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.domain.hub_ports import IssuedCertificate
from node.domain.ids import MemberId, spiffe_id
from node.errors import BadSignature, Expired, Malformed, Misuse
from node.pki.keys import CA, TLS, KeyRing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import FederationId

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
CA_LIFE: Final = 5 * 366 * DAY
"""Seconds. The roster names the CA by its hash, so the authority has to sign a new one."""
SERVER_LIFE: Final = 30 * DAY
MEMBER_LIFE: Final = 72 * HOUR
"""Seconds a member's certificate lasts (DESIGN, "Enrolment")."""
BACKDATE: Final = HOUR
"""Seconds that a certificate is dated back, for clocks that run slow: the widest skew a policy may allow."""
RENEW_AT: Final = 2 / 3
"""Share of its life after which a certificate is renewed."""
MAX_REQUEST: Final = 4_096
"""Bytes of a certificate request. One for P-256 has about 200."""
MAX_CERTIFICATE: Final = 8_192

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_LIBRARY_ERRORS: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, InvalidSignature)
_KEY_USAGES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _key_usage(*used: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in used for usage in _KEY_USAGES})


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _name(federation: str, common_name: str) -> x509.Name:
    # An X.520 common name has at most 64 characters. Checks read the alternative names only.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, federation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


# --- requests ---------------------------------------------------------------------------------------------------------


def spki_sha256(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """SHA-256 (32 bytes) of the DER of a SubjectPublicKeyInfo: how a certificate's key is pinned (as RFC 7469 does)."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def make_request(ring: KeyRing) -> bytes:
    """A certificate request (PKCS#10, DER) for the ring's TLS key and owner (`check_requester`)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(ring.federation, ring.owner))
    return builder.sign(ring.p256(TLS), hashes.SHA256()).public_bytes(Encoding.DER)


def check_request(request: bytes) -> ec.EllipticCurvePublicKey:
    """The checked public key of a request. Raises `Malformed`, or `BadSignature` if it does not prove possession.

    1. bounded size and DER; 2. a P-256 key; 3. its own signature, with SHA-256, verifies. Extensions are not read.
    The caller checks who asks, whether they may, and that the holder of the key made the request for them
    (`check_requester`).
    """
    parsed = _load_request(request)
    try:
        key, algorithm = parsed.public_key(), parsed.signature_hash_algorithm
        # The library also accepts a last byte of seven bits. One request must have one encoding.
        canonical = request.endswith(b"\0" + parsed.signature)
        held = canonical and isinstance(algorithm, hashes.SHA256) and parsed.is_signature_valid
    except _LIBRARY_ERRORS as error:
        raise Malformed("not a certificate request (PKCS#10, DER)") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Malformed("a certificate request is for a key on P-256")
    if not held:
        raise BadSignature("a certificate request does not prove that its key is held")
    return key


def check_requester(request: bytes, federation: FederationId, member: MemberId) -> None:
    """Raises `BadSignature` unless the request names this member as its subject. The key's own signature covers the
    name, so the holder of the key made the request for this member. A copied request of another member gives nobody
    a certificate for that member's key.
    """
    if _load_request(request).subject != _name(federation, member):
        raise BadSignature(
            "a certificate request that its key did not make for this member: its subject names another",
            remedy="make a new request with this node's own key (vigil node run does so by itself)",
        )


def _load_request(request: bytes) -> x509.CertificateSigningRequest:
    if len(request) > MAX_REQUEST:
        raise Malformed(f"a certificate request has at most {MAX_REQUEST} bytes")
    try:
        return x509.load_der_x509_csr(request)
    except _LIBRARY_ERRORS as error:
        raise Malformed("not a certificate request (PKCS#10, DER)") from error


# --- certificates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The parts of a certificate that Vigil reads. Times in Unix seconds; `uris`: all URI names; `der`: the bytes."""

    der: bytes
    serial: int
    not_before: float
    not_after: float
    uris: tuple[str, ...]
    spki_sha256: bytes

    @property
    def sha256(self) -> bytes:
        """The certificate's fingerprint (32 bytes)."""
        return hashlib.sha256(self.der).digest()

    @property
    def pem(self) -> bytes:
        """The same certificate as PEM, as the transport takes it."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)

    def renewal_due(self) -> float:
        """The time (Unix seconds) at which `RENEW_AT` of its lifetime has passed."""
        return self.not_before + RENEW_AT * (self.not_after - self.not_before)


def server_hosts(der: bytes) -> tuple[str, ...]:
    """The DNS names and IP addresses that a server certificate is for, in its order. Raises `Malformed`."""
    try:
        names = _load(der).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (*_LIBRARY_ERRORS, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise Malformed("a server certificate without names") from error
    hosts = names.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))


def is_issued_by(der: bytes, ca: bytes) -> bool:
    """Whether a certificate (DER) carries this CA's signature. Raises `Malformed`."""
    try:
        _load(der).verify_directly_issued_by(_load(ca))
    except _LIBRARY_ERRORS:
        return False
    return True


def needs_renewal(certificate: Certificate, now: float) -> bool:
    """Whether two thirds of a certificate's lifetime have passed."""
    return now >= certificate.renewal_due()


def _load(der: bytes) -> x509.Certificate:
    if len(der) > MAX_CERTIFICATE:
        raise Malformed(f"a certificate has at most {MAX_CERTIFICATE} bytes")
    try:
        return x509.load_der_x509_certificate(der)
    except _LIBRARY_ERRORS as error:
        raise Malformed("not a certificate (X.509, DER)") from error


def read_certificate(der: bytes) -> Certificate:
    """Parses a certificate without checking its signature (see `check_issued`). Raises `Malformed`."""
    parsed = _load(der)
    try:
        key = parsed.public_key()
        uris: Sequence[str] = ()
        for extension in parsed.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                uris = extension.value.get_values_for_type(x509.UniformResourceIdentifier)
        not_before, not_after = parsed.not_valid_before_utc, parsed.not_valid_after_utc
        serial = parsed.serial_number
    except (*_LIBRARY_ERRORS, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Malformed("a certificate with a part that cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Malformed("a certificate is for a key on P-256")
    return Certificate(
        der=der,
        serial=serial,
        not_before=not_before.timestamp(),
        not_after=not_after.timestamp(),
        uris=tuple(uris),
        spki_sha256=spki_sha256(key),
    )


def check_issued(der: bytes, ca: bytes, *, spiffe: str, ring: KeyRing, now: float) -> Certificate:
    """Checks a leaf from the hub. Raises `Malformed`, `BadSignature`, `Expired`.

    1. the CA signed it; 2. its one URI is ours; 3. it is for our TLS key; 4. it is valid now.
    """
    leaf = read_certificate(der)
    if not is_issued_by(der, ca):
        raise BadSignature(
            "the certificate is not signed by the federation's CA",
            remedy="a running node renews it by itself (vigil node run); if this does not help, ask the hub's operator",
        )
    if leaf.uris != (spiffe,):
        raise Malformed("the certificate names another member, not this node's")
    if leaf.spki_sha256 != spki_sha256(ring.p256(TLS).public_key()):
        raise Malformed("the certificate is for another key, not this node's")
    if not leaf.not_before <= now < leaf.not_after:
        raise Expired("the certificate is not valid at this time", remedy="check this machine's clock")
    return leaf


class CertificateAuthority:
    """The hub's CA: its self-signed certificate (DER), and the key in the hub's ring. Stateless; safe in any thread."""

    __slots__ = ("_certificate", "_ring", "der")

    def __init__(self, ring: KeyRing, der: bytes) -> None:
        certificate = _load(der)
        if certificate.public_key() != ring.p256(CA).public_key():
            raise Misuse("the CA certificate does not match the CA key of this hub")
        self._ring = ring
        self._certificate = certificate
        self.der = der

    @classmethod
    def create(cls, ring: KeyRing, *, now: float) -> CertificateAuthority:
        """A self-signed CA certificate for the ring's CA key, path length 0."""
        key = ring.p256(CA)
        name = _name(ring.federation, f"Vigil {ring.federation} hub")
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(_serial())
            .not_valid_before(_utc(now - BACKDATE))
            .not_valid_after(_utc(now + CA_LIFE))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        )
        return cls(ring, builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))

    @property
    def sha256(self) -> bytes:
        """The CA certificate's fingerprint (32 bytes), as in the roster and the tokens."""
        return hashlib.sha256(self.der).digest()

    def issue_server(self, hosts: Sequence[str], *, now: float) -> Certificate:
        """The hub's server leaf for the ring's TLS key: `hosts` are DNS names and IP addresses. Raises `Misuse`."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"spiffe://{self._ring.federation}/hub")]
        names += map(_host_name, hosts)
        if len(names) == 1:
            raise Misuse("a hub needs the host names by which nodes reach it", remedy="name one DNS name or IP address")
        return self._issue(
            self._ring.p256(TLS).public_key(), "hub", names, ExtendedKeyUsageOID.SERVER_AUTH, now=now, life=SERVER_LIFE
        )

    def issue_member(self, member: MemberId, request: bytes, *, now: float) -> Certificate:
        """A leaf for the key in `request` and the name of `member`. The caller has checked that the member may have it.

        Raises `Malformed` and `BadSignature` for the request.
        """
        key = check_request(request)
        names = [x509.UniformResourceIdentifier(spiffe_id(self._federation, member))]
        return self._issue(key, member, names, ExtendedKeyUsageOID.CLIENT_AUTH, now=now, life=MEMBER_LIFE)

    @property
    def _federation(self) -> FederationId:
        return self._ring.federation

    def _issue(
        self,
        key: ec.EllipticCurvePublicKey,
        common_name: str,
        names: Sequence[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        *,
        now: float,
        life: int,
    ) -> Certificate:
        issuer_key = self._ring.p256(CA)
        ca_identifier = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(self._federation, common_name))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(_serial())
            .not_valid_before(_utc(now - BACKDATE))
            .not_valid_after(_utc(now + life))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_identifier), critical=False
            )
        )
        return read_certificate(builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER))


def issued(member: MemberId, certificate: Certificate, *, now: float) -> IssuedCertificate:
    """The data that the hub stores about a certificate that it issued."""
    return IssuedCertificate(
        member=member,
        serial=certificate.serial,
        spki_sha256=certificate.spki_sha256,
        not_after=int(certificate.not_after),
        issued_at=int(now),
    )


def _serial() -> int:
    return secrets.randbits(62) | 1 << 62


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host):
        raise Misuse("a host is a DNS name (ASCII) or an IP address")
    return x509.DNSName(host)
