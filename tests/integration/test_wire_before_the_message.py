"""What comes before a call's first message: who is counted, for how long it is waited, and who gives way."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from bench.attacks.frames import HEADS, JOIN, Target, call, dial, settings
from node.domain.ids import Origin, federation_id
from node.domain.limits import Limits
from node.errors import Overloaded, PeerFault, Unavailable
from node.wire import limits, status
from node.wire.client import EnrolmentChannel
from tests.integration.wire_pki import FR, Scene, on_a_loop, scene, spiffe

LOG = Origin(federation_id("test.example"), FR)


def _target(s: Scene) -> Target:
    files = s.authority.client(spiffe("FR"))
    return Target(
        main=("127.0.0.1", s.main.port),
        enrolment=("127.0.0.1", s.enrolment.port),
        chain=files.chain,
        key=files.key,
    )


def _raw(channel: Any) -> Any:
    """The stubs want serialisers, which gRPC does not."""
    return channel


def _half_open(path: str, calls: int) -> bytes:
    return settings() + b"".join(call(2 * number + 1, path) for number in range(calls))


async def _until_admitted(s: Scene, calls: int) -> None:
    while len(s.gate.seen) < calls:  # noqa: ASYNC110 (the gate tells nobody)
        await asyncio.sleep(0.01)


@on_a_loop
async def test_a_half_open_call_is_counted_before_its_message() -> None:
    """Today's hub counted none of these, and refused everybody once there were 2,000 of them."""
    async with scene(allowed=lambda: Limits(calls=20)) as s, s.channel() as channel:
        attack = await asyncio.to_thread(dial, _target(s).main, _target(s), _half_open(HEADS, 20))
        await _until_admitted(s, 20)
        with pytest.raises(Overloaded, match="too many calls"):
            await channel.carrier.heads([LOG])
        attack.close()


@pytest.mark.parametrize("method", ["Heads", "Follow", "Bodies", "Submit"])
def test_a_message_larger_than_its_call_needs_is_not_parsed(method: str) -> None:
    """A megabyte of empty elements takes 20 ms of everybody's time to parse, and 30 MB."""

    @on_a_loop
    async def scenario() -> None:
        async with scene() as s, s.channel() as channel:
            path = f"/vigil.federation.v1.LogCarrier/{method}"
            send = _raw(channel)._channel.unary_unary(path)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await send(b"\x0a\0" * (limits.MESSAGE_BYTES // 2 - 100))
            assert isinstance(found := status.to_error(refused.value), PeerFault)
            assert "at most" in str(found)

    scenario()


@on_a_loop
async def test_a_call_that_brings_no_message_is_ended() -> None:
    async with scene(allowed=lambda: Limits(calls=20), message_seconds=0.2) as s, s.channel() as channel:
        attack = await asyncio.to_thread(dial, _target(s).main, _target(s), _half_open(HEADS, 20))
        await _until_admitted(s, 20)
        async with asyncio.timeout(10):
            while True:
                try:
                    await channel.carrier.heads([LOG])
                except Overloaded:
                    continue
                break
        attack.close()


@on_a_loop
async def test_a_member_that_is_no_member_is_refused_before_its_message() -> None:
    async with scene() as s:
        stranger = s.authority.client(spiffe("BR"))
        at = Target(main=_target(s).main, enrolment=_target(s).enrolment, chain=stranger.chain, key=stranger.key)
        attack = await asyncio.to_thread(dial, at.main, at, _half_open(HEADS, 1))
        # The answer to its SETTINGS, and the end of the call: a HEADERS frame with END_STREAM.
        data = b""
        while b"unauthenticated" not in data:
            more = await asyncio.to_thread(attack.recv, 65_536)
            assert more
            data += more
        assert s.hub.callers == []
        attack.close()


@on_a_loop
async def test_half_open_calls_do_not_close_the_enrolment_port() -> None:
    """Two hundred calls of nobody on one connection, and two hundred more on others, from the address of all."""
    async with scene(message_seconds=30.0) as s:
        attacks = [
            await asyncio.to_thread(dial, _target(s).enrolment, None, _half_open(JOIN, 200)),
            *[await asyncio.to_thread(dial, _target(s).enrolment, None, _half_open(JOIN, 8)) for _ in range(25)],
        ]
        async with await EnrolmentChannel.open(s.enrolment_address, s.authority.sha256) as enrolment:
            for _ in range(10):
                assert await enrolment.challenge(FR)
        for attack in attacks:
            attack.close()


@on_a_loop
async def test_a_streams_own_limit_leaves_the_member_its_other_calls() -> None:
    async with scene(allowed=lambda: Limits(follow_streams=2)) as s, s.channel() as channel:
        streams = [channel.carrier.follow([]) for _ in range(2)]
        await _until_admitted(s, 2)
        with pytest.raises(Overloaded, match="Follow"):
            await anext(channel.carrier.follow([]))
        assert await channel.carrier.heads([LOG])
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]


@on_a_loop
async def test_headers_that_unpack_to_much_are_refused() -> None:
    async with scene() as s:
        credentials = grpc.ssl_channel_credentials(root_certificates=s.authority.pem)
        async with grpc.aio.secure_channel(s.enrolment_address, credentials) as channel:
            join = _raw(channel).unary_unary(JOIN)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await join(b"", metadata=(("x", "v" * 3 * limits.METADATA_SENT_BYTES),), timeout=10)
        assert isinstance(status.to_error(caught.value), Overloaded)
        assert s.hub.petitions == []


@on_a_loop
async def test_a_strangers_long_message_is_refused() -> None:
    async with scene() as s:
        credentials = grpc.ssl_channel_credentials(root_certificates=s.authority.pem)
        async with grpc.aio.secure_channel(s.enrolment_address, credentials) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await _raw(channel).unary_unary(JOIN)(bytes(limits.ENROLMENT_MESSAGE_BYTES + 1), timeout=10)
        assert type(status.to_error(caught.value)) is PeerFault


@on_a_loop
async def test_a_call_without_a_message_is_malformed() -> None:
    async with scene() as s:
        files = s.authority.client(spiffe("FR"))
        credentials = grpc.ssl_channel_credentials(files.ca, files.key, files.chain)

        async with grpc.aio.secure_channel(s.address, credentials) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await _raw(channel).stream_unary(HEADS)(iter(()), timeout=10)
        assert "without a message" in str(status.to_error(caught.value))


@on_a_loop
async def test_the_enrolment_port_tells_when_the_daemon_is_away() -> None:
    async with scene() as s, await EnrolmentChannel.open(s.enrolment_address, s.authority.sha256) as enrolment:
        assert await enrolment.challenge(FR)
        await s.desk.stop(0)
        with pytest.raises(Unavailable):
            await enrolment.challenge(FR)
