"""One page of a peer over HTTPS.

Rules this module upholds:

- TLS 1.3, and a certificate of exactly the CA that the settings name. The machine's CAs are not trusted.
- One GET of one address: no redirect, no proxy, no compression, no body. So the headers that the settings name reach
  the peer alone, after its certificate was checked.
- A page has at most so many bytes and takes at most so many seconds in all. A page that ends early is not used.
- An error names neither the address, nor the headers, nor anything that the peer sent, its status aside.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from node.app.peer_credentials import Credentials
from node.errors import BadSignature, Malformed, Misuse, Overloaded, StoreError, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from node.domain.peers import Address

_CHUNK: Final = 262_144
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "vigil", "Connection": "close"}
_LATER: Final = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)
_WHO_ARE_YOU: Final = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How every page of a peer is asked for. `accept`: the type of content that is asked for."""

    tls: ssl.SSLContext
    headers: Credentials = field(default_factory=Credentials)
    accept: str = "*/*"


def tls_of(ca: Path) -> ssl.SSLContext:
    """TLS that trusts this CA alone. Raises `Misuse` if the file is not the PEM of one."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        tls.load_verify_locations(cafile=ca)
    except (OSError, ssl.SSLError):
        raise Misuse("the CA of the peer cannot be read", remedy="set ca to a file with the PEM of its CA") from None
    return tls


def download(address: Address, request: Request, target: Path, *, max_bytes: int, seconds: float) -> None:
    """Writes the page to the new file `target`, mode 0600.

    Raises `Unavailable` if the peer cannot be reached, is too slow or asks to try later, `BadSignature` if its
    certificate is not trusted, `Malformed` for any other answer but a whole page, `Overloaded` for a page that is too
    large, `StoreError`.
    """
    begun, tls = time.monotonic(), request.tls
    try:
        plain = socket.create_connection((address.host, address.port), timeout=seconds)
    except OSError as error:
        raise _unreachable(error) from None
    with plain, tls.wrap_socket(plain, server_hostname=address.host, do_handshake_on_connect=False) as connected:
        clock = _Deadline(connected, max(0.0, begun + seconds - time.monotonic()))
        try:
            with clock:
                connected.do_handshake()
                _get(address, request, connected, target, max_bytes)
        except ssl.SSLCertVerificationError:
            raise BadSignature(
                "the certificate of the peer is not trusted", remedy="check ca and the host name in url"
            ) from None
        except (OSError, http.client.HTTPException, Malformed) as error:
            if clock.is_over or isinstance(error, TimeoutError):
                raise Unavailable(
                    f"the page took more than {seconds:g} seconds", remedy="try later, or raise timeout_seconds"
                ) from None
            if isinstance(error, Malformed):
                raise
            if isinstance(error, http.client.HTTPException):
                raise Malformed("the answer of the peer is no whole HTTP answer", remedy="try again") from None
            raise _unreachable(error) from None


class _Deadline:
    """Ends a connection after some seconds, in whatever state it is: a peer may send one byte at a time."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self.is_over = False
        self._connected = connected
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def _end(self) -> None:
        self.is_over = True
        # Under the TLS layer, which another thread is using. The peer may have ended the connection just before.
        with suppress(OSError):
            socket.socket.shutdown(self._connected, socket.SHUT_RDWR)


def _get(address: Address, request: Request, connected: socket.socket, target: Path, max_bytes: int) -> None:
    connection = http.client.HTTPConnection(address.host, address.port)
    connection.sock = connected
    connection.request("GET", address.target, headers={"Accept": request.accept, **_HEADERS, **request.headers.headers})
    with connection.getresponse() as answer:
        length = _length(answer)
        if length is not None and length > max_bytes:
            raise _too_large(max_bytes)
        read = _keep(answer, target, max_bytes)
    if length is not None and read != length:
        raise Malformed("the page ends early", remedy="try again")


def _keep(answer: http.client.HTTPResponse, target: Path, max_bytes: int) -> int:
    """Writes the page to its file; how many bytes it has."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    read = 0
    with os.fdopen(descriptor, "wb") as file:
        while piece := answer.read1(_CHUNK):
            read += len(piece)
            if read > max_bytes:
                raise _too_large(max_bytes)
            _write(file, piece)
    return read


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise StoreError(f"a page cannot be stored: {error.strerror}", remedy="make room in the home") from None


def _length(answer: http.client.HTTPResponse) -> int | None:
    """Bytes of the page, None if it comes in chunks, whose last one says that it is the last. Raises `Malformed`."""
    if answer.status != http.client.OK:
        if answer.status in _WHO_ARE_YOU:
            raise Malformed(
                f"the peer does not let this node in (status {answer.status})",
                remedy="check the file that credentials names, and what the peer allows",
            )
        if answer.status in _LATER or answer.status >= http.client.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"the peer answers with status {answer.status}", remedy="try later")
        is_redirect = http.client.MULTIPLE_CHOICES <= answer.status < http.client.BAD_REQUEST
        remedy = "a redirect is not followed: set url to where it leads" if is_redirect else "check url"
        raise Malformed(f"the peer answers with status {answer.status}", remedy=remedy)
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Malformed("the answer is compressed, which was not asked for", remedy="switch it off at the peer")
    if answer.chunked:
        return None
    stated = answer.headers.get("Content-Length", "")
    if not (stated.isascii() and stated.isdigit()):
        raise Malformed("the answer does not say how long it is", remedy="let the peer send Content-Length")
    return int(stated)


def _too_large(max_bytes: int) -> Overloaded:
    return Overloaded(f"the page is larger than {max_bytes >> 20} MiB", remedy="raise max_mebibytes if that is right")


def _unreachable(error: OSError) -> Unavailable:
    is_of_the_system = error.errno and error.errno > 0 and not isinstance(error, ssl.SSLError)
    why = os.strerror(error.errno).lower() if is_of_the_system and error.errno else "the connection failed"
    return Unavailable(f"the peer cannot be reached: {why}", remedy="check url, and that the peer runs")
