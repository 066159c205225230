"""TLS of the desk: the agency's certificate or one of its own making, and the officers' client certificates.

Rules this module upholds:

- Only TLS 1.3.
- If the administrator names a CA for officers' certificates, and it cannot be read, the desk does not start: a missing
  CA never switches a check off.
- A key that others can read is refused. A certificate of the desk's own making is renewed when it is due.
"""

from __future__ import annotations

import os
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.errors import ConfigError
from node.pki import desk_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTls:
    """`context`: of the server. `digest`: SHA-256 of its certificate. `is_own`: the desk made it itself."""

    context: ssl.SSLContext
    digest: bytes
    is_own: bool


def given(certificate: Path, key: Path, client_ca: Path | None) -> DeskTls:
    """TLS with the agency's certificate. Raises `ConfigError`."""
    if key.exists() and key.stat().st_mode & _OTHERS:
        raise ConfigError("others can read the key of the desk's certificate", remedy="chmod 600 the file of --key")
    try:
        digest = desk_certificate.digest_of(certificate.read_bytes())
    except (OSError, ValueError):
        raise ConfigError(
            "the certificate of the desk cannot be read", remedy="check --certificate: a PEM file, the chain in order"
        ) from None
    return DeskTls(context=_context(certificate, key, client_ca), digest=digest, is_own=False)


def own(folder: Path, hosts: Sequence[str], client_ca: Path | None) -> DeskTls:
    """TLS with a certificate that is kept in `folder`, and made if there is none that is good. Raises `ConfigError`."""
    certificate, key = folder / "desk.pem", folder / "desk.key"
    now = desk_certificate.utc_now()
    try:
        is_due = desk_certificate.is_due(certificate.read_bytes(), hosts, now)
    except (OSError, ValueError):
        is_due = True
    try:
        if is_due or not key.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = desk_certificate.make(hosts, now)
            # A crash between the two leaves a pair that does not match. The next start finds that and makes both again.
            _write(key, made.key)
            _write(certificate, made.certificate)
        try:
            context = _context(certificate, key, client_ca)
        except ConfigError:
            if client_ca is not None and not client_ca.is_file():
                raise
            made = desk_certificate.make(hosts, now)
            _write(key, made.key)
            _write(certificate, made.certificate)
            context = _context(certificate, key, client_ca)
        return DeskTls(context=context, digest=desk_certificate.digest_of(certificate.read_bytes()), is_own=True)
    except OSError as error:
        raise ConfigError(
            f"the folder of the desk's certificate cannot be used: {os.strerror(error.errno or 0).lower()}",
            remedy="give --folder a folder that this user can write to",
        ) from None


def _context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise ConfigError(
            "the certificate of the desk and its key cannot be used together",
            remedy="check --certificate and --key: PEM files of one pair, the key without a passphrase",
        ) from None
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError):
            raise ConfigError(
                "the CA of the officers' certificates cannot be read", remedy="check --client-ca: a PEM file"
            ) from None
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
