"""TLS: credentials of both ports and of their clients, and the pinned first contact.

Rules this module upholds:

- Only TLS 1.3 (see the package, which removes TLS 1.2's last cipher suite).
- A server creates a new configuration every few seconds. With a permanent one, session tickets would let a client with
  an expired certificate return by resumption, past every check of the handshake; this way no ticket outlives
  `limits.CONFIGURATION_SECONDS`. It does not do so for every handshake: gRPC removes an old configuration while another
  handshake may be about to use it (grpc issue 36693), and a hub to which all its nodes connect at once would crash.
- A client trusts exactly the given roots, never the machine's.
- First contact trusts only the SHA-256 of the CA's certificate that came with the token.
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
    """What a server shows and which roots it trusts, all PEM, in memory.

    `chain`: its leaf and the CA, in this order (first contact reads the CA from it). `client_ca`: the root of the
    members' certificates.
    """

    key: bytes
    chain: bytes
    client_ca: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFiles:
    """What a node shows and which roots it trusts, all PEM, in memory."""

    key: bytes
    chain: bytes
    ca: bytes


def mutual_server_credentials(load: Callable[[], ServerFiles]) -> grpc.ServerCredentials:
    """The hub's main port: a client must show a certificate of `client_ca`. `load` is called every few seconds while
    there are handshakes, in a thread of gRPC's, so that a renewed certificate is soon in use; it must not block.
    """
    return _dynamic(load, mutual=True)


def plain_server_credentials(load: Callable[[], ServerFiles]) -> grpc.ServerCredentials:
    """The enrolment port: only the server shows a certificate."""
    return _dynamic(load, mutual=False)


class _Configurations:
    """gRPC calls it at each handshake, one at a time: a new configuration, or None to continue with the last one."""

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
        # No handshake begins meanwhile, and one that has begun gets time to take the last configuration.
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
    """Credentials for the enrolment port, with the CA from `fetch_pinned_ca`."""
    return grpc.ssl_channel_credentials(root_certificates=ca_pem)


def split_address(address: str) -> tuple[str, int]:
    """Parses `host:port`, IPv6 in brackets. Raises `Unavailable` for an invalid address."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 0xFFFF:  # noqa: PLR2004 (16 bits)
        raise Unavailable("not an address", remedy="write host:port, such as hub.example.org:7443")
    return host.strip("[]"), int(port)


async def fetch_shown_ca(address: str) -> bytes:
    """The CA certificate (PEM) that the enrolment port at `address` shows, unverified: the last of its chain.

    Only for data that proves itself without it, which is the roster. Raises `Unavailable`, `BadSignature`.
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

    1. A handshake that trusts no root, and sends nothing, returns the chain that the server shows; 2. the certificate
    with the pinned hash is taken from it. The caller must open a second connection that verifies the server's leaf and
    name against it (`pinned_client_credentials`). Raises `Unavailable`, `BadSignature`.
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
    context.verify_mode = ssl.CERT_NONE  # the pin decides, on the chain that this returns
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
