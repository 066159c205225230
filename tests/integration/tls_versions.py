"""A client that speaks TLS without gRPC. As a program, it prints which versions of TLS the ports serve (JSON)."""

import asyncio
import json
import socket
import ssl
import sys
import tempfile
from pathlib import Path

from node.wire.tls import ClientFiles
from tests.integration.wire_pki import scene, spiffe


def tls_context(ca: bytes, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca.decode())
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    return context


def show(context: ssl.SSLContext, files: ClientFiles) -> None:
    """Makes `context` show this certificate from now on."""
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(files.chain)
        key.write_bytes(files.key)
        context.load_cert_chain(chain, key)


def speak_http2(
    context: ssl.SSLContext, port: int, session: ssl.SSLSession | None = None
) -> tuple[ssl.SSLSession | None, bool, bytes]:
    """(session, whether it was resumed, the first bytes that the server's HTTP/2 says; b"" where it hung up)."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secured,
    ):
        try:
            secured.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
            first = secured.recv(9)
        except (ssl.SSLError, ConnectionError):
            first = b""
        return secured.session, bool(secured.session_reused), first


async def versions() -> dict[str, str]:
    found = {}
    async with scene() as s:
        for name, port in (("main", s.main.port), ("enrolment", s.enrolment.port)):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = tls_context(s.authority.pem, version)
                show(context, s.authority.client(spiffe("FR")))
                try:
                    _, _, first = await asyncio.to_thread(speak_http2, context, port)
                except (ssl.SSLError, ConnectionError):
                    first = b""
                found[f"{name} {version.name}"] = "served" if first else "refused"
    return found


if __name__ == "__main__":
    json.dump(asyncio.run(versions()), sys.stdout)
