"""A page of a peer over HTTPS, from a server of our own with its own CA."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from node.app.peer_download import Request, download, tls_of
from node.domain.peers import address_of
from node.errors import BadSignature, Malformed, Misuse, Overloaded, Unavailable
from tests.integration.peer_server import PeerServer, send, serving
from tests.integration.wire_pki import Authority

PAGE = b'{"response": []}' * 40_000
LIMIT = 1 << 20
SECONDS = 20.0
"""Far more than any of this takes."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[PeerServer]:
    with serving(authority) as made:
        yield made


Get = Callable[..., bytes]


@pytest.fixture
def get(server: PeerServer, authority: Authority, tmp_path: Path) -> Get:
    def work(path: str = "/page", *, trusted: Authority = authority, seconds: float = SECONDS) -> bytes:
        (tmp_path / "ca.pem").write_bytes(trusted.pem)
        target = tmp_path / "target"
        target.unlink(missing_ok=True)
        url = path if path.startswith("https") else server.url(path)
        download(address_of(url), Request(tls=tls_of(tmp_path / "ca.pem")), target, max_bytes=LIMIT, seconds=seconds)
        assert target.stat().st_mode & 0o777 == 0o600
        return target.read_bytes()

    return work


def test_a_page_comes_as_it_is(server: PeerServer, get: Get) -> None:
    server.answers["/page"] = PAGE
    assert get() == PAGE
    [headers] = server.headers
    assert headers == {
        "Host": f"127.0.0.1:{server.port}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": "vigil",
        "Connection": "close",
    }


def test_a_page_in_chunks_comes_as_it_is(server: PeerServer, get: Get) -> None:
    server.answers["/page"] = lambda handler: _chunks(handler, [PAGE[:9], PAGE[9:]], end=True)
    assert get() == PAGE


def test_only_the_pinned_ca_is_trusted(server: PeerServer, get: Get) -> None:
    server.answers["/page"] = PAGE
    with pytest.raises(BadSignature, match="not trusted"):
        get(trusted=Authority())
    assert server.asked == []


def test_a_certificate_of_another_host_is_not_taken(server: PeerServer, get: Get) -> None:
    server.answers["/page"] = PAGE
    with pytest.raises(BadSignature, match="not trusted"):
        get(f"https://localhost:{server.port}/page")
    assert server.asked == []


def test_a_redirect_is_not_followed(server: PeerServer, get: Get) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", server.url("/other"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers |= {"/page": redirect, "/other": PAGE}
    with pytest.raises(Malformed, match="302") as caught:
        get()
    assert "not followed" in caught.value.remedy
    assert server.asked == ["/page"]


def test_no_proxy_is_asked(server: PeerServer, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answers["/page"] = PAGE
    assert get() == PAGE


@pytest.mark.parametrize("said", [LIMIT + 1, None])
def test_a_page_that_is_too_large_is_not_read_to_its_end(server: PeerServer, get: Get, said: int | None) -> None:
    large = b" " * (LIMIT + 1)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if said is None:
            _chunks(handler, [large], end=True)
        else:
            send(handler, b"", length=said)

    server.answers["/page"] = answer
    with pytest.raises(Overloaded, match="larger than 1 MiB"):
        get()


def _short(handler: BaseHTTPRequestHandler) -> None:
    send(handler, PAGE, length=len(PAGE) + 1)
    handler.close_connection = True


def _without_length(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(PAGE)
    handler.close_connection = True


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-x\r\n")
    handler.close_connection = True


def _chunks(handler: BaseHTTPRequestHandler, pieces: list[bytes], *, end: bool) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for piece in pieces:
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n" if end else b"")
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_short, "ends early"),
        (lambda handler: _chunks(handler, [PAGE], end=False), "no whole HTTP answer"),
        (_without_length, "how long"),
        (lambda handler: send(handler, PAGE, Content_Encoding="gzip"), "compressed"),
        (lambda handler: handler.send_error(404), "404"),
        (_no_http, "no whole HTTP answer"),
    ],
)
def test_anything_but_a_whole_page_is_refused(
    server: PeerServer, get: Get, answer: Callable[[BaseHTTPRequestHandler], None], why: str
) -> None:
    server.answers["/page"] = answer
    with pytest.raises(Malformed, match=why):
        get()


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_peer_that_asks_to_try_later_is_told_so(server: PeerServer, get: Get, status: int) -> None:
    server.answers["/page"] = lambda handler: handler.send_error(status)
    with pytest.raises(Unavailable, match=str(status)):
        get()


def test_a_peer_that_sends_byte_by_byte_is_left_when_the_time_is_over(server: PeerServer, get: Get) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"", length=LIMIT)
        while not over.wait(0.02):
            handler.wfile.write(b" ")

    server.answers["/page"] = drip
    try:
        with pytest.raises(Unavailable, match="more than 1 seconds"):
            get(seconds=1.0)
    finally:
        over.set()


def test_a_peer_that_is_silent_in_the_handshake_is_left_when_the_time_is_over(get: Get) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match=r"more than 0\.2 seconds"):
        get(f"https://127.0.0.1:{silent.getsockname()[1]}/page", seconds=0.2)


def test_a_peer_that_is_not_there_is_told_without_its_address(get: Get) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached: connection refused") as caught:
        get(f"https://127.0.0.1:{port}/secret-name")
    assert "secret-name" not in f"{caught.value}{caught.value.remedy}"


def test_only_tls_1_3_is_spoken(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    assert tls_of(tmp_path / "ca.pem").minimum_version.name == "TLSv1_3"


def test_what_is_no_ca_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(Misuse, match="CA of the peer"):
            tls_of(path)
