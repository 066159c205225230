"""The certificate that a desk makes for itself, for agencies that give it none.

Rules this module upholds:

- P-256 and SHA-256, one year, the names that the administrator gave and nothing else. It is no CA: it can sign nothing
  but itself.
- Browsers warn until an administrator has installed it. Its SHA-256 is what people compare.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

LIFE: Final = timedelta(days=365)
"""Within the 398 days that browsers accept (CA/Browser Forum Baseline Requirements, 6.3.2)."""
RENEW_BEFORE: Final = timedelta(days=30)
_BACKDATE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCertificate:
    """A certificate and its key, both PEM. `digest`: SHA-256 of the certificate's DER."""

    certificate: bytes
    key: bytes
    digest: bytes


def make(hosts: Sequence[str], now: datetime) -> DeskCertificate:
    """A new key and a certificate for these hosts, of which the first is the common name. `now`: in UTC."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(62))
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return DeskCertificate(
        certificate=made.public_bytes(Encoding.PEM),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        digest=hashlib.sha256(made.public_bytes(Encoding.DER)).digest(),
    )


def is_due(certificate: bytes, hosts: Sequence[str], now: datetime) -> bool:
    """Whether a certificate (PEM) ends soon, or is not for these hosts. Raises `ValueError` if it is none."""
    read = x509.load_pem_x509_certificate(certificate)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return read.not_valid_after_utc - now < RENEW_BEFORE or {_name(each) for each in hosts} != set(names)


def digest_of(certificate: bytes) -> bytes:
    """SHA-256 of the DER of the first certificate in these PEM bytes. Raises `ValueError` if there is none."""
    return hashlib.sha256(x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)).digest()


def utc_now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
