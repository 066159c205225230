"""A web server of our own on loopback, with TLS and whatever answers a test wants."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.wire_pki import Authority

Answer = bytes | Callable[[BaseHTTPRequestHandler], None]


class PeerServer:
    """`answers`: path -> the page, or what is done instead. `asked`: the paths that were asked for, in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        self.headers.append(dict(handler.headers.items()))
        given = self.answers.get(handler.path)
        if given is None:
            handler.send_error(404)
        elif isinstance(given, bytes):
            send(handler, given)
        else:
            given(handler)


def send(handler: BaseHTTPRequestHandler, page: bytes, *, length: int | None = None, **headers: str) -> None:
    """A page. `length`: what is said of its length, if it is not the truth."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(page) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(page)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests want."""


@contextmanager
def serving(authority: Authority) -> Iterator[PeerServer]:
    """The server, with a certificate of this authority for 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    made = PeerServer(server.server_port)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = authority.server()
    with TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        pem.write_bytes(files.key + files.chain)
        tls.load_cert_chain(pem)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
