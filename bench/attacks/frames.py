"""HTTP/2 as an attacker writes it: TLS, frames and header blocks by hand (RFC 9113, RFC 7541).

Rules this module upholds:

- Nothing is read unless it is asked for, and no window is kept: that is the caller's to do, or not to do.
- A target is public bytes and paths alone, so that it can be handed to another process.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.federation import Federation
from node.demo.stage import PASSPHRASE
from node.domain.ids import federation_id
from node.pki.ca import read_certificate
from node.pki.keys import KeyRing
from node.pki.wrapping import Passphrase

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA: Final = 0
HEADERS: Final = 1
SETTINGS: Final = 4
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9
END_STREAM: Final = 1
END_HEADERS: Final = 4
ACK: Final = 1
INITIAL_WINDOW_SIZE: Final = 4
MAX_WINDOW: Final = 2**31 - 1
FIRST_WINDOW: Final = 65_535
FOLLOW: Final = "/vigil.federation.v1.LogCarrier/Follow"
HEADS: Final = "/vigil.federation.v1.LogCarrier/Heads"
JOIN: Final = "/vigil.federation.v1.Enrolment/Join"
CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Both ports of a hub, and what a member shows at the main one (PEM): chain and key."""

    main: tuple[str, int]
    enrolment: tuple[str, int]
    chain: bytes
    key: bytes


def target(made: Federation, member: str) -> Target:
    """The hub of a federation, and the certificate and key of one of its members."""
    home = made.stage.home(member)
    if not (home / "tls" / "node.der").exists():
        # Signed in, and never started: the petition is answered with its first certificate.
        made.stage.run("node", "join", home=member)
    return target_of(home, PASSPHRASE)


def target_of(home: Path, passphrase: str) -> Target:
    """The hub of a node, and what this node shows to it. The node has been admitted."""
    settings = tomllib.loads((home / "vigil.toml").read_text("utf-8"))
    ring = KeyRing.load(
        home / "keys" / "node.keys",
        Passphrase(passphrase.encode()),
        federation=federation_id(settings["federation"]),
        owner=settings["member"],
    )
    return Target(
        main=_address(settings["hub"]),
        enrolment=_address(settings["enrolment"]),
        chain=read_certificate((home / "tls" / "node.der").read_bytes()).pem,
        key=ring.tls_key_pem(),
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window(stream: int, more: int) -> bytes:
    """A WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream, more.to_bytes(4, "big"))


def literal(name: str, value: str) -> bytes:
    """A header field that is put into no table; both parts shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def call_headers(path: str) -> bytes:
    """The header block of a gRPC call."""
    fields = {
        ":method": "POST",
        ":scheme": "https",
        ":path": path,
        ":authority": "hub",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    return b"".join(literal(name, value) for name, value in fields.items())


def call(stream: int, path: str, message: bytes | None = None) -> bytes:
    """A call that has begun; with `message` it is complete, without it is left half open."""
    opened = frame(HEADERS, END_HEADERS, stream, call_headers(path))
    if message is None:
        return opened
    return opened + frame(DATA, END_STREAM, stream, b"\0" + len(message).to_bytes(4, "big") + message)


def dial(address: tuple[str, int], shown: Target | None, first: bytes) -> ssl.SSLSocket:
    """A connection on which the preface and `first` were sent. `shown`: whose certificate is shown; None for none.
    Raises `OSError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # an attacker does not mind whom it attacks
    context.set_alpn_protocols(["h2"])
    if shown is not None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(shown.chain + shown.key)
            file.flush()
            context.load_cert_chain(file.name)
    plain = socket.create_connection(address, timeout=CONNECT_SECONDS)
    try:
        secured = context.wrap_socket(plain)
        secured.sendall(PREFACE + first)
    except OSError:
        plain.close()
        raise
    return secured


def closed(connection: socket.socket) -> bool:
    """Whether the other side has ended the connection. Takes nothing off it, and never waits."""
    with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
        connection.settimeout(0)
        try:
            plain = socket.socket(fileno=socket.dup(connection.fileno()))
            with plain:
                return plain.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True
    return False


def hold(opens: Sequence[Callable[[], socket.socket]], pause: Callable[[], None]) -> None:
    """Holds a connection for each of `opens` for ever: what was ended is opened again after each `pause`."""
    held: list[socket.socket | None] = [None] * len(opens)
    while True:
        for number, opened in enumerate(opens):
            connection = held[number]
            if connection is not None and closed(connection):
                connection.close()
                connection = None
            if connection is None:
                with contextlib.suppress(OSError):
                    connection = opened()
            held[number] = connection
        pause()
