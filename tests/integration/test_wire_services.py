"""Every call through a real server and a real client: what goes in comes out, and what fails says why."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
import grpc.aio
import pytest

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin, federation_id
from node.domain.limits import Limits
from node.domain.queries import LogView, Outcome, RelayEvent, SignedAnswer, SignedQuery
from node.domain.services import ANYBODY, Delivery, JoinPetition, JoinStatus, Reply, RosterReader
from node.errors import (
    Conflict,
    DiskFull,
    Malformed,
    NotFound,
    Overloaded,
    PeerFault,
    StoreError,
    Suspended,
    Unavailable,
)
from node.wire import limits, status
from node.wire.client import EnrolmentChannel, HubChannel
from node.wire.server import WireServer
from tests.integration.wire_pki import FR, Authority, on_a_loop, scene, spiffe

BR, JP = MemberId("BR"), MemberId("JP")
LOG = Origin(federation_id("test.example"), FR)
QUERY = SignedQuery(header=b"header", payload=b"payload", signature=b"s" * 64)
ANSWER = SignedAnswer(answerer=BR, answer=b"answer", signature=b"t" * 64)
REPLY = Reply(asker=FR, query_id=b"q" * 16, answer=ANSWER)


def _package(start: int = 0, body: bytes = b"body") -> Package:
    return Package(
        origin=LOG,
        start=start,
        entries=[b"entry"],
        nonces=[b"n" * 32],
        bodies=[body],
        handling_nonces=[b""],
        handlings=[b""],
        checkpoint=b"note",
        proof=[b"p" * 32],
    )


def _raw(channel: Any) -> Any:
    """Calls without the contract's types: bytes in, bytes out."""
    return channel._channel if isinstance(channel, HubChannel) else channel


@on_a_loop
async def test_the_log_calls_carry_their_values() -> None:
    async with scene() as s, s.channel() as channel:
        assert (await channel.carrier.submit(_package(start=4))).size == 5
        s.hub.disclosures[3] = Disclosure(nonce=b"n" * 32, body=b"b", handling_nonce=b"m" * 32, handling=b"h")
        assert await channel.carrier.bodies(LOG, [3, 9]) == s.hub.disclosures
        packages = channel.carrier.follow([LogView(origin=LOG, size=2)])
        for number in range(5):
            s.hub.packages.put_nowait(_package(start=number))
        assert [await anext(packages) for _ in range(5)] == [_package(start=number) for number in range(5)]


@on_a_loop
async def test_an_ask_brings_every_event_and_ends() -> None:
    async with scene() as s, s.channel() as channel:
        s.hub.events = [
            [RelayEvent(member=BR, answer=ANSWER, query_id=b"q" * 16)],
            [
                RelayEvent(member=JP, outcome=Outcome.OFFLINE, query_id=b"q" * 16),
                RelayEvent(member=FR, outcome=Outcome.TIMEOUT, query_id=b"q" * 16),
            ],
        ]
        assert [events async for events in channel.relay.ask(QUERY, 5.0)] == s.hub.events
        assert s.hub.asked == [(QUERY, 5.0)]


@on_a_loop
async def test_an_attending_node_gets_queries_and_sends_replies_until_the_farewell() -> None:
    async with scene() as s, s.channel() as channel:
        up: asyncio.Queue[Reply] = asyncio.Queue()
        down = channel.relay.attend(_from(up))
        for delivery in (Delivery(query=QUERY, remaining=2.5), Delivery(late=RelayEvent(member=BR, answer=ANSWER))):
            s.hub.deliveries.put_nowait(delivery)
            assert await anext(down) == delivery
        up.put_nowait(REPLY)
        assert await s.hub.replies.get() == REPLY
        s.hub.deliveries.put_nowait(Delivery(going_away=True))
        assert [delivery async for delivery in down] == [Delivery(going_away=True)]


@on_a_loop
async def test_a_node_knows_that_its_streams_were_let_in_before_there_is_anything_to_say() -> None:
    """What status shows of a connection is so now; a node that is refused is never told that it was let in."""
    async with scene() as s, s.channel() as channel:
        attending, following = asyncio.Event(), asyncio.Event()
        down = channel.relay.attend(_from(asyncio.Queue()), attending.set)
        waiting = asyncio.ensure_future(anext(down))
        packages = channel.carrier.follow([], following.set)
        async with asyncio.timeout(limits.UNARY_SECONDS):
            await asyncio.gather(attending.wait(), following.wait())
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await packages.aclose()  # type: ignore[attr-defined]
        s.gate.suspended = True
        refused: list[str] = []
        with pytest.raises(Suspended):
            await anext(channel.relay.attend(_from(asyncio.Queue()), lambda: refused.append("attending")))
        with pytest.raises(Suspended):
            await anext(channel.carrier.follow([], lambda: refused.append("following")))
        assert refused == []


async def _from(queue: "asyncio.Queue[Any]") -> AsyncIterator[Any]:
    while True:
        yield await queue.get()


@on_a_loop
async def test_enrolment_and_renewal_carry_their_values() -> None:
    async with scene() as s, s.channel() as channel:
        assert await channel.renewal.renew(b"csr") == (b"leaf of csr", b"ca")
        async with await EnrolmentChannel.open(s.enrolment_address, s.authority.sha256) as enrolment:
            petition = JoinPetition(
                secret=b"s" * 32, member=BR, name="Brazil", csr=b"csr", vkeys={"log": "vkey"}, proofs={"log": b"p" * 64}
            )
            assert await enrolment.join(petition) == JoinStatus(state="pending")
            assert s.hub.petitions == [petition]
            challenge = await enrolment.challenge(BR)
            assert await enrolment.renew_expired(BR, b"csr", challenge, b"s" * 64) == (b"csr", challenge, b"s" * 64)
            assert await enrolment.metadata("timestamp.json", 100) == b"{}"
            with pytest.raises(NotFound, match="no such file"):
                await enrolment.metadata("other.json", 100)


@on_a_loop
async def test_the_roster_is_read_with_a_certificate_or_with_a_proof() -> None:
    async with scene() as s, s.channel() as channel:
        assert await channel.roster.metadata("timestamp.json", 100) == b"{}"
        assert s.hub.callers == [FR]
        proof = RosterReader(member=FR, challenge=b"c" * 32, signature=b"s" * 64)
        invited = RosterReader(secret=b"s" * 32)
        async with await EnrolmentChannel.open(s.enrolment_address, s.authority.sha256) as enrolment:
            for reader in (proof, invited, ANYBODY):
                assert await enrolment.metadata("timestamp.json", 100, reader) == b"{}"
                assert s.hub.readers[-1] == reader
            with pytest.raises(Malformed):
                await enrolment.metadata("timestamp.json", 100, RosterReader(member=FR))


@on_a_loop
async def test_who_watches_hears_of_a_new_roster_until_it_may_no_longer() -> None:
    async with scene() as s, s.channel() as channel:
        changes = channel.roster.changes()
        for _ in range(3):
            s.hub.rosters.put_nowait(None)
            await anext(changes)
        s.gate.suspend()
        with pytest.raises(Suspended):
            await anext(changes)


@on_a_loop
async def test_the_enrolment_port_serves_nothing_that_needs_a_member() -> None:
    async with scene() as s:
        credentials = grpc.ssl_channel_credentials(root_certificates=s.authority.pem)
        async with grpc.aio.secure_channel(s.enrolment_address, credentials) as channel:
            heads = _raw(channel).unary_unary("/vigil.federation.v1.LogCarrier/Heads")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await heads(b"", timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


# --- failures ---------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_a_lost_compare_and_swap_says_where_the_log_is() -> None:
    async with scene() as s, s.channel() as channel:
        s.hub.fault = Conflict("the log is elsewhere", have=41)
        with pytest.raises(Conflict, match="elsewhere") as caught:
            await channel.carrier.submit(_package())
        assert caught.value.have == 41


@on_a_loop
async def test_a_stream_that_fails_says_why() -> None:
    async with scene() as s, s.channel() as channel:
        s.hub.fault = Overloaded("too much", retry_after=3.5)
        with pytest.raises(Overloaded) as caught:
            await anext(channel.carrier.follow([]))
        assert caught.value.retry_after == 3.5
        with pytest.raises(Overloaded):
            await anext(channel.relay.attend(_from(asyncio.Queue())))


@pytest.mark.parametrize("fault", [RuntimeError("secret path /var/x"), DiskFull("secret path /var/x")])
def test_the_hub_s_own_trouble_reaches_a_member_without_its_text(fault: Exception) -> None:
    async def scenario() -> None:
        async with scene() as s, s.channel() as channel:
            s.hub.fault = fault
            with pytest.raises(Unavailable) as caught:
                await channel.carrier.heads([LOG])
            assert "secret" not in str(caught.value) + caught.value.remedy
            assert not isinstance(caught.value, StoreError)

    on_a_loop(scenario)()


def test_an_unexpected_failure_is_logged_by_its_class_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with scene() as s, s.channel() as channel:
            s.hub.fault = RuntimeError("secret path /var/x")
            with pytest.raises(Unavailable):
                await channel.carrier.heads([LOG])

    on_a_loop(scenario)()
    said = "".join(capsys.readouterr())
    assert "RuntimeError" in said
    assert "secret" not in said


@on_a_loop
async def test_a_request_that_breaks_the_contract_is_refused_before_the_service_sees_it() -> None:
    async with scene() as s, s.channel() as channel:
        heads = _raw(channel).unary_unary("/vigil.federation.v1.LogCarrier/Heads")
        for request in (b"\xff\xff", b"\x0a\x03not"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await heads(request, timeout=10)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert isinstance(status.to_error(caught.value), Malformed)
        assert s.hub.callers == []


@on_a_loop
async def test_a_message_past_the_limit_is_refused() -> None:
    async with scene() as s, s.channel() as channel:
        with pytest.raises(PeerFault):
            await channel.carrier.submit(_package(body=bytes(limits.MESSAGE_BYTES)))
        with pytest.raises(Malformed, match="at most"):
            await channel.carrier.submit(_package(body=bytes(limits.PACKAGE_BYTES_ACCEPTED)))
        assert s.hub.callers == []


class _Liar(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """A hub whose every answer is bytes that no correct writer emits."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        async def unary(request: bytes, context: Any) -> bytes:
            return b"\xff\xff\xff"

        async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
            yield b"\xff\xff\xff"

        if (handler_call_details.method or "").endswith("Follow"):
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(unary)


@on_a_loop
async def test_an_answer_that_is_not_protobuf_is_the_hub_s_fault_and_hangs_nobody() -> None:
    authority = Authority()
    files = authority.server()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Liar(),))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(files.key, files.chain)]))
    await server.start()
    try:
        async with HubChannel(f"127.0.0.1:{port}", authority.client(spiffe("FR"))) as channel:
            with pytest.raises(PeerFault):
                await channel.carrier.heads([LOG])
            with pytest.raises(PeerFault):
                await anext(channel.carrier.follow([]))
    finally:
        await server.stop(0)


# --- how streams end --------------------------------------------------------------------------------------------------


@on_a_loop
async def test_waiting_with_a_timeout_costs_the_stream_nothing() -> None:
    async with scene() as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        for number in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(packages), 0.01)
            s.hub.packages.put_nowait(_package(start=number))
            assert (await anext(packages)).start == number


@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_a_stream_that_its_consumer_leaves_ends_at_the_hub(how: str) -> None:
    async def scenario() -> None:
        async with scene() as s, s.channel() as channel:
            packages = channel.carrier.follow([])
            await s.hub.following.wait()
            if how == "closed":
                await packages.aclose()  # type: ignore[attr-defined]
            else:
                del packages
                gc.collect()
            await s.hub.ended.wait()

    on_a_loop(scenario)()


@on_a_loop
async def test_closing_a_channel_ends_its_streams_with_an_error() -> None:
    async with scene() as s:
        channel = s.channel()
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        waiting = asyncio.ensure_future(anext(packages))
        await asyncio.sleep(0)
        await channel.close()
        with pytest.raises(Unavailable):
            await waiting


@on_a_loop
async def test_a_hub_that_stops_ends_the_streams_with_an_error() -> None:
    async with scene() as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        server: WireServer = s.main
        await server.stop(0)
        with pytest.raises(Unavailable):
            await anext(packages)


@on_a_loop
async def test_replies_that_fail_end_the_attending_stream_with_their_reason() -> None:
    async with scene() as s, s.channel() as channel:

        async def failing() -> AsyncIterator[Reply]:
            yield REPLY
            await s.hub.replies.get()
            raise StoreError("the audit log cannot be written")

        with pytest.raises(StoreError, match="audit"):
            await anext(channel.relay.attend(failing()))
        await s.hub.ended.wait()


@on_a_loop
async def test_a_malformed_reply_ends_the_replies_of_that_node_alone() -> None:
    async with scene() as s, s.channel() as bad, s.channel() as good:
        call = _raw(bad).stream_stream("/vigil.federation.v1.QueryRelay/Attend")()
        await call.write(b"\x0a\x02xx")
        up: asyncio.Queue[Reply] = asyncio.Queue()
        up.put_nowait(REPLY)
        async with aclosing(good.relay.attend(_from(up))) as down:
            first = asyncio.ensure_future(anext(down))
            assert await s.hub.replies.get() == REPLY
            s.hub.deliveries.put_nowait(Delivery(query=QUERY, remaining=1.0))
            s.hub.deliveries.put_nowait(Delivery(query=QUERY, remaining=1.0))
            assert await first == Delivery(query=QUERY, remaining=1.0)
        call.cancel()


@on_a_loop
async def test_a_receiver_that_takes_nothing_is_cut_off() -> None:
    """And the service is told: it holds nothing for the slow one."""
    async with scene(write_seconds=0.2) as s, s.channel() as channel:
        call = _raw(channel).unary_stream("/vigil.federation.v1.LogCarrier/Follow")(b"")
        await s.hub.following.wait()
        large = os.urandom(limits.PACKAGE_BYTES)
        for number in range(12):
            s.hub.packages.put_nowait(_package(start=number, body=large))
        await s.hub.ended.wait()
        assert s.hub.packages.qsize() > 0
        call.cancel()


@on_a_loop
async def test_a_stream_on_which_there_is_nothing_to_say_is_not_cut_off() -> None:
    async with scene(write_seconds=0.05) as s, s.channel() as channel:
        packages = channel.carrier.follow([])
        await s.hub.following.wait()
        for number in range(3):
            s.hub.packages.put_nowait(_package(start=number))
            assert (await anext(packages)).start == number
            await asyncio.sleep(0.12)


def test_a_member_with_too_many_calls_is_refused_one_more() -> None:
    async def scenario() -> None:
        async with scene(allowed=lambda: Limits(calls=2)) as s, s.channel() as channel:
            first = channel.carrier.follow([])
            await s.hub.following.wait()
            up: asyncio.Queue[Reply] = asyncio.Queue()
            second = channel.relay.attend(_from(up))
            s.hub.deliveries.put_nowait(Delivery(query=QUERY, remaining=1.0))
            await anext(second)
            with pytest.raises(Overloaded):
                await channel.carrier.heads([LOG])
            await first.aclose()  # type: ignore[attr-defined]
            await s.hub.ended.wait()
            while True:
                try:
                    await channel.carrier.heads([LOG])
                except Overloaded:
                    continue
                break

    on_a_loop(scenario)()
