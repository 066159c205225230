"""Who gets in over real TLS, who does not, and what ends a stream. Certificates are minted at run time."""

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node.domain.ids import Origin, federation_id
from node.errors import BadSignature, Expired, Refused, Suspended, Unauthenticated, Unavailable
from node.wire import limits
from node.wire.client import EnrolmentChannel
from node.wire.forward import serve_forwarding
from node.wire.tls import ServerFiles
from tests.integration.tls_versions import show, speak_http2, tls_context
from tests.integration.wire_pki import FR, HOUR, Authority, on_a_loop, scene, spiffe

LOG = Origin(federation_id("test.example"), FR)


@on_a_loop
async def test_a_member_is_admitted_by_its_spiffe_id_key_and_end_of_life() -> None:
    async with scene() as s, s.channel() as channel:
        heads = await channel.carrier.heads([LOG])
        assert [head.origin for head in heads] == [LOG]
        assert s.hub.callers == [FR]
        seen_id, seen_key, not_after = s.gate.seen[0]
        assert (seen_id, seen_key) == (spiffe("FR"), s.authority.member_spki_sha256)
        assert not_after > 0
        assert await channel.healthy()


@on_a_loop
async def test_a_client_without_a_certificate_is_refused() -> None:
    async with scene() as s:
        credentials = grpc.ssl_channel_credentials(root_certificates=s.authority.pem)
        async with grpc.aio.secure_channel(s.address, credentials) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert s.gate.seen == []


@pytest.mark.parametrize("which", ["foreign", "expired"])
def test_a_certificate_that_the_handshake_can_judge_never_reaches_the_gate(which: str) -> None:
    async def scenario() -> None:
        async with scene() as s:
            if which == "foreign":
                files = Authority().client(spiffe("FR"), trust=s.authority)
            else:
                files = s.authority.client(spiffe("FR"), life=-HOUR)
            async with s.channel(files) as channel:
                with pytest.raises(Unavailable) as caught:
                    await channel.carrier.heads([LOG])
            assert "doctor" in caught.value.remedy
            assert s.gate.seen == []
            assert s.hub.callers == []

    on_a_loop(scenario)()


@pytest.mark.parametrize(
    "uris",
    [(), ("https://test.example/member/FR",), (spiffe("FR"), spiffe("BR")), (spiffe("FR"), "https://test.example")],
    ids=["none", "another-scheme", "two", "one-and-a-url"],
)
def test_a_certificate_without_exactly_one_spiffe_id_is_refused(uris: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with scene() as s, s.channel(s.authority.client(*uris)) as channel:
            with pytest.raises(Unauthenticated):
                await channel.carrier.heads([LOG])
            assert s.hub.callers == []

    on_a_loop(scenario)()


@on_a_loop
async def test_a_member_that_the_gate_does_not_know_is_refused() -> None:
    async with scene() as s, s.channel(s.authority.client(spiffe("BR"))) as channel:
        with pytest.raises(Unauthenticated, match="nobody we know"):
            await channel.carrier.heads([LOG])
        with pytest.raises(Unauthenticated):
            await channel.healthy()
        with pytest.raises(Unauthenticated):
            await anext(channel.carrier.follow([]))
        assert s.hub.callers == []


@on_a_loop
async def test_a_suspended_member_is_refused_with_the_remedy() -> None:
    async with scene() as s, s.channel() as channel:
        s.gate.suspended = True
        with pytest.raises(Suspended, match="suspended") as caught:
            await channel.carrier.heads([LOG])
        assert caught.value.remedy == "ask the hub's operator"


@on_a_loop
async def test_a_certificate_that_ran_out_after_the_handshake_is_refused_at_the_next_call() -> None:
    async with scene() as s, s.channel() as channel:
        await channel.carrier.heads([LOG])
        s.ahead[0] = 2.0 * HOUR
        with pytest.raises(Expired):
            await channel.carrier.heads([LOG])


@on_a_loop
async def test_a_live_stream_ends_when_its_member_is_suspended() -> None:
    async with scene() as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        s.gate.suspend()
        with pytest.raises(Suspended):
            await anext(packages)
        await s.hub.ended.wait()


@on_a_loop
async def test_a_live_stream_ends_with_the_watch_s_reason_even_where_the_gate_would_still_admit() -> None:
    async with scene() as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        s.gate.fire.set()
        with pytest.raises(Refused, match="suspended by the hub"):
            await anext(packages)


@on_a_loop
async def test_a_live_stream_ends_with_its_certificate() -> None:
    async with scene(recheck_seconds=0.02) as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        s.ahead[0] = 2.0 * HOUR
        with pytest.raises(Expired):
            await anext(packages)
        await s.hub.ended.wait()


# --- resumption -------------------------------------------------------------------------------------------------------


async def _resume_with_an_expired_certificate(authority: Authority, port: int) -> tuple[bool, bytes]:
    """Connects with a good certificate, then resumes that session showing one that ran out an hour ago."""
    context = tls_context(authority.pem)
    show(context, authority.client(spiffe("FR")))
    session, _, first = await asyncio.to_thread(speak_http2, context, port)
    assert first, "a good certificate must be served"
    assert session is not None
    assert session.has_ticket
    show(context, authority.client(spiffe("FR"), life=-HOUR))
    _, resumed, first = await asyncio.to_thread(speak_http2, context, port, session)
    return resumed, first


def test_an_expired_certificate_cannot_come_back_by_resuming_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the configuration that gave out the ticket is replaced, which here is at once."""
    monkeypatch.setattr(limits, "CONFIGURATION_SECONDS", 0.0)

    async def scenario() -> None:
        async with scene() as s:
            resumed, first = await _resume_with_an_expired_certificate(s.authority, s.main.port)
            assert not resumed
            assert first == b""

    on_a_loop(scenario)()


@on_a_loop
async def test_the_resumption_test_can_fail() -> None:
    """With gRPC's ordinary server credentials the same client does come back: the trap is real."""
    authority = Authority()
    files: ServerFiles = authority.server()
    server = grpc.aio.server()
    credentials = grpc.ssl_server_credentials(
        [(files.key, files.chain)], root_certificates=files.client_ca, require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        resumed, first = await _resume_with_an_expired_certificate(authority, port)
        assert resumed
        assert first
    finally:
        await server.stop(0)


def test_tls_1_3_is_spoken_and_tls_1_2_is_not() -> None:
    """On both ports; in a process of its own, because gRPC decides it when it is first imported."""
    root = Path(__file__).parents[2]
    command = (sys.executable, "-m", "tests.integration.tls_versions")
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == {
        "main TLSv1_2": "refused",
        "main TLSv1_3": "served",
        "enrolment TLSv1_2": "refused",
        "enrolment TLSv1_3": "served",
    }


# --- first contact ----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_first_contact_trusts_the_ca_that_the_token_names() -> None:
    async with scene() as s, await EnrolmentChannel.open(s.enrolment_address, s.authority.sha256) as channel:
        assert channel.ca_pem.split() == s.authority.pem.split()
        assert await channel.challenge(FR) == b"c" * 32


@on_a_loop
async def test_first_contact_with_another_hub_is_refused() -> None:
    async with scene() as s:
        with pytest.raises(BadSignature, match="not the one"):
            await EnrolmentChannel.open(s.enrolment_address, Authority().sha256)


@on_a_loop
async def test_a_hub_that_shows_the_named_ca_beside_a_leaf_of_its_own_is_refused() -> None:
    """The CA's certificate is public: showing it proves nothing. The second connection verifies the leaf against it."""
    named, other = Authority(), Authority()
    files = other.server()
    leaf = files.chain.removesuffix(other.pem)
    server = grpc.aio.server()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(files.key, leaf + named.pem)]))
    await server.start()
    try:
        async with await EnrolmentChannel.open(f"127.0.0.1:{port}", named.sha256) as channel:
            with pytest.raises(Unavailable):
                await channel.challenge(FR)
    finally:
        await server.stop(0)


@on_a_loop
async def test_first_contact_with_nobody_says_that_nobody_is_there() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="enrolment port"):
            await EnrolmentChannel.open(f"127.0.0.1:{unheard.getsockname()[1]}", bytes(32))


@on_a_loop
async def test_a_second_hub_on_the_same_port_is_an_error() -> None:
    async with scene() as s:
        with pytest.raises(Unavailable, match="cannot listen"):
            await serve_forwarding(s.address, s.authority.server, Path("nowhere"), tell=lambda *_: None)
