"""TLS: credentials of both ports and of their clients, and the pinned first contact.

Rules this module upholds:

- TLS 1.3 alone (see the package, which takes TLS 1.2's last cipher suite away).
- A server makes a fresh configuration every few seconds. With a lasting one, session tickets let a client whose
  certificate ran out come back by resumption, past every check of the handshake; this way no ticket outlives
  `limits.CONFIGURATION_SECONDS`. Not for every handshake: gRPC takes an old configuration away while another handshake
  may be about to use it (grpc issue 36693), and a hub that all its nodes dial at once would die of it.
- A client trusts exactly the roots it was given, never the machine's.
- First contact trusts nothing but the SHA-256 of the CA's certificate that came with the token.
"""

import asyncio
import hashlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import grpc

from node.errors import BadSignature, Unavailable
from node.wire import limits

_DER: Final = 2
"""_ssl.ENCODING_DER"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """What a server shows and whom it trusts, all PEM, in memory.

    `chain`: its leaf and the CA, in this order (first contact reads the CA from it). `client_ca`: the root of the
    members' certificates.
    """

    key: bytes
    chain: bytes
    client_ca: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFiles:
    """What a node shows and whom it trusts, all PEM, in memory."""

    key: bytes
    chain: bytes
    ca: bytes


def mutual_server_credentials(load: Callable[[], ServerFiles]) -> grpc.ServerCredentials:
    """The hub's main port: a client must show a certificate of `client_ca`. `load` is called every few seconds while
    there are handshakes, in a thread of gRPC's, so that a renewed certificate soon serves; it must not block.
    """
    return _dynamic(load, mutual=True)


def plain_server_credentials(load: Callable[[], ServerFiles]) -> grpc.ServerCredentials:
    """The enrolment port: the server alone shows a certificate."""
    return _dynamic(load, mutual=False)


class _Configurations:
    """What gRPC asks for at each handshake, one at a time: a fresh configuration, or None to go on with the last."""

    def __init__(self, load: Callable[[], ServerFiles], *, mutual: bool) -> None:
        self._load = load
        self._mutual = mutual
        self._made = 0.0

    def make(self) -> grpc.ServerCertificateConfiguration:
        self._made = time.monotonic()
        files = self._load()
        return grpc.ssl_server_certificate_configuration(
            [(files.key, files.chain)], root_certificates=files.client_ca if self._mutual else None
        )

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        if time.monotonic() - self._made < limits.CONFIGURATION_SECONDS:
            return None
        # Nobody begins a handshake meanwhile, and who has begun one gets time to take hold of the last configuration.
        time.sleep(limits.CONFIGURATION_PAUSE_SECONDS)
        return self.make()


def _dynamic(load: Callable[[], ServerFiles], *, mutual: bool) -> grpc.ServerCredentials:
    configurations = _Configurations(load, mutual=mutual)
    return grpc.dynamic_ssl_server_credentials(
        configurations.make(),
        configurations.fetch,  # type: ignore[arg-type]  # it may give None, which the stubs do not know
        require_client_authentication=mutual,
    )


def mutual_client_credentials(files: ClientFiles) -> grpc.ChannelCredentials:
    """A node's credentials towards the hub's main port."""
    return grpc.ssl_channel_credentials(
        root_certificates=files.ca, private_key=files.key, certificate_chain=files.chain
    )


def pinned_client_credentials(ca_pem: bytes) -> grpc.ChannelCredentials:
    """Credentials towards the enrolment port, whose CA `fetch_pinned_ca` brought."""
    return grpc.ssl_channel_credentials(root_certificates=ca_pem)


def split_address(address: str) -> tuple[str, int]:
    """`host:port`, IPv6 in brackets, taken apart. Raises `Unavailable`, for an address that reaches nothing."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 0xFFFF:  # noqa: PLR2004 (16 bits)
        raise Unavailable("not an address", remedy="write host:port, such as hub.example.org:7443")
    return host.strip("[]"), int(port)


async def fetch_shown_ca(address: str) -> bytes:
    """The CA certificate (PEM) that the enrolment port at `address` shows, whoever that is: the last of its chain.

    For what proves itself without it, which is the roster alone. Raises `Unavailable`, `BadSignature`.
    """
    host, port = split_address(address)
    chain = await asyncio.to_thread(_shown_chain, host, port)
    if not chain:
        raise BadSignature(
            "the hub at this address shows no certificate", remedy="compare the address with its operator"
        )
    return ssl.DER_cert_to_PEM_cert(chain[-1]).encode()


async def fetch_pinned_ca(address: str, ca_sha256: bytes) -> bytes:
    """The CA certificate (PEM) of the enrolment port at `address`, recognised by its SHA-256 (of the DER).

    1. A handshake that trusts nobody, and sends nothing, brings the chain that the server shows; 2. the certificate
    with the pinned hash is taken from it. Left to the caller: a second connection that verifies the server's leaf and
    name against it, which is what `pinned_client_credentials` is for. Raises `Unavailable`, `BadSignature`.
    """
    host, port = split_address(address)
    chain = await asyncio.to_thread(_shown_chain, host, port)
    for der in chain:
        if hashlib.sha256(der).digest() == ca_sha256:
            return ssl.DER_cert_to_PEM_cert(der).encode()
    raise BadSignature(
        "the hub at this address is not the one that the token names",
        remedy="compare the address and the token with the hub's operator, by another channel",
    )


def _shown_chain(host: str, port: int) -> list[bytes]:
    """The certificates (DER) that a server shows, unverified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the pin decides, on what this brings
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, port), timeout=limits.PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return _unverified_chain(secured)
    except OSError as error:
        raise Unavailable(
            "the hub's enrolment port cannot be reached", remedy="check the address, the firewall and the hub"
        ) from error


def _unverified_chain(secured: ssl.SSLSocket) -> list[bytes]:
    # Public from Python 3.13 on; the same function of the socket's inner object serves 3.10 to 3.12.
    public = getattr(secured, "get_unverified_chain", None)
    if public is not None:
        return list(cast("list[bytes]", public()))
    inner = cast("Any", secured)._sslobj  # noqa: SLF001
    return [bytes(certificate.public_bytes(_DER)) for certificate in inner.get_unverified_chain() or ()]
