"""A node's side of the wire: `HubChannel` (mutual TLS) and `EnrolmentChannel` (the hub's CA pinned).

Rules this module upholds:

- A call returns a domain value or raises a `VigilError`, never anything of gRPC's.
- Every call has a deadline, except the two streams that stay open: `follow` and `attend`.
- A channel is created once and kept; a renewed certificate needs a new channel, and the old one is closed.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin
from node.domain.queries import LogView, RelayEvent, SignedQuery
from node.domain.services import ANYBODY, Delivery, Head, JoinPetition, JoinStatus, Reply, RosterReader
from node.errors import Malformed, VigilError
from node.wire import checks, limits, status, tls
from node.wire import convert_enrolment as enrol
from node.wire import convert_federation as convert
from node.wire.pb import federation_pb2 as pb
from node.wire.pb import federation_pb2_grpc as pb_grpc
from node.wire.streams import Opened, Prefetch, messages, nobody, raise_unless_cancelled_here, understood

T = TypeVar("T")


async def _unary(call: Awaitable[Any], from_pb: Callable[[Any], T]) -> T:
    """The converted answer of one call. Raises its error."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        raise status.to_error(error) from None
    except asyncio.CancelledError:
        raise_unless_cancelled_here()
        raise
    return from_pb(understood(answer))


def _options(server_name: str | None) -> limits.Options:
    override: limits.Options = (("grpc.ssl_target_name_override", server_name),) if server_name else ()
    return limits.CLIENT_OPTIONS + override


class CarrierClient:
    """`services.Carrier` over a channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.LogCarrierStub(channel)

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        """See `services.Carrier`, as for every method here."""
        request = pb.HeadsRequest(origins=map(str, origins))
        call = self._stub.Heads(request, timeout=limits.UNARY_SECONDS)
        return await _unary(call, lambda answer: [convert.head_from_pb(head) for head in answer.heads])

    async def submit(self, package: Package) -> Head:
        """Submits the next run of our own log."""
        call = self._stub.Submit(convert.package_to_pb(package), timeout=limits.SUBMIT_SECONDS)
        return await _unary(call, convert.head_from_pb)

    def follow(self, cursors: Sequence[LogView], opened: Opened = nobody) -> AsyncIterator[Package]:
        """Packages, then new ones as they come. The iterator has `aclose`; its `anext` may be cancelled without harm.
        `opened`: see `messages`.
        """
        call = self._stub.Follow(convert.cursors_to_pb(cursors))
        return Prefetch(messages(call, convert.followed_from_pb, opened), limits.PACKAGE_QUEUE)

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        """Requests at most `limits.BODIES_ASKED` of `indices`, in order; missing ones may be requested again."""
        wanted = list(indices[: limits.BODIES_ASKED])
        request = pb.BodiesRequest(origin=str(origin), indices=wanted)
        found = await _unary(self._stub.Bodies(request, timeout=limits.UNARY_SECONDS), convert.disclosures_from_pb)
        if not found.keys() <= set(wanted):
            raise Malformed("the hub sent bodies that were not requested")
        return found


class RelayClient:
    """`services.Relay` over a channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.QueryRelayStub(channel)

    def ask(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        """One event per recipient, in groups. The iterator has `aclose`."""
        call = self._stub.Ask(convert.ask_to_pb(query, budget), timeout=budget + limits.ASK_GRACE_SECONDS)
        return Prefetch(messages(call, convert.events_from_pb), limits.EVENTS_QUEUE)

    def attend(self, replies: AsyncIterator[Reply], opened: Opened = nobody) -> AsyncGenerator[Delivery, None]:
        """Deliveries from the hub, replies to it. Its reader must close it, which also ends the reading of `replies`.
        `opened`: see `messages`.
        """
        return _attending(self._stub.Attend(), replies, opened)


async def _attending(
    call: Any,  # noqa: ANN401 (gRPC's are untyped)
    replies: AsyncIterator[Reply],
    opened: Opened,
) -> AsyncGenerator[Delivery, None]:
    async def write() -> None:
        async for reply in replies:
            await call.write(convert.reply_to_pb(reply))
        await call.done_writing()

    writer = asyncio.create_task(write())
    # If the replies themselves fail, the stream ends with that reason: a node that cannot answer must not attend.
    writer.add_done_callback(lambda task: None if task.cancelled() or task.exception() is None else call.cancel())
    try:
        async with aclosing(messages(call, convert.delivery_from_pb, opened)) as deliveries:
            async for delivery in deliveries:
                yield delivery
    except VigilError:
        fault = writer.exception() if writer.done() and not writer.cancelled() else None
        if fault is None or isinstance(fault, grpc.aio.AioRpcError | asyncio.InvalidStateError):
            raise
        raise fault from None
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


class RenewalClient:
    """`services.Renewal` over a channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.RenewalStub(channel)

    async def renew(self, csr: bytes) -> tuple[bytes, ...]:
        """A new chain (DER, leaf first) for the same member."""
        call = self._stub.Renew(pb.RenewRequest(csr=csr), timeout=limits.UNARY_SECONDS)
        return await _unary(call, lambda answer: enrol.chain_from_pb(answer.chain))


class RosterOverHub:
    """The roster over a channel with our certificate."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.RosterStub(channel)

    async def metadata(self, name: str, limit: int) -> bytes:
        """A file of the TUF repository, of at most `limit` bytes."""
        return await _metadata(self._stub, name, limit)

    def changes(self, opened: Opened = nobody) -> AsyncIterator[None]:
        """Once at first, then each time the roster changes. The iterator has `aclose`. `opened`: see `messages`."""
        return Prefetch(messages(self._stub.Watch(pb.WatchRequest()), lambda _: None, opened), limits.CHANGES_QUEUE)


class HubChannel:
    """A node's connection to the hub's main port. Created on a running loop. `server_name`: for a hub certificate with
    another name than the host of `address`.
    """

    def __init__(self, address: str, files: tls.ClientFiles, *, server_name: str | None = None) -> None:
        credentials = tls.mutual_client_credentials(files)
        self._channel = grpc.aio.secure_channel(address, credentials, options=_options(server_name))
        self.carrier = CarrierClient(self._channel)
        self.relay = RelayClient(self._channel)
        self.renewal = RenewalClient(self._channel)
        self.roster = RosterOverHub(self._channel)

    async def healthy(self) -> bool:
        """Whether the hub reports that it serves. Raises `Unavailable` and what the gate raises."""
        stub = health_pb2_grpc.HealthStub(self._channel)
        call = stub.Check(health_pb2.HealthCheckRequest(), timeout=limits.PROBE_SECONDS)
        return await _unary(call, lambda answer: bool(answer.status == health_pb2.HealthCheckResponse.SERVING))

    async def close(self) -> None:
        """Cuts every call."""
        await self._channel.close(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class EnrolmentChannel:
    """`services.Enrolment` over the hub's enrolment port. Created by `open`."""

    def __init__(self, channel: grpc.aio.Channel, ca_pem: bytes) -> None:
        self._channel = channel
        self._stub = pb_grpc.EnrolmentStub(channel)
        self.ca_pem = ca_pem
        """The CA certificate of the server: recognised by the pin, or trusted once a verified roster names it."""

    @classmethod
    async def open(cls, address: str, ca_sha256: bytes | None, *, server_name: str | None = None) -> Self:
        """Connects to the hub whose CA has this SHA-256 (of the DER). With None, to any server, for signed data and for
        requests that are useless to others. Raises `Unavailable`, `BadSignature`.
        """
        ca_pem = await (tls.fetch_shown_ca(address) if ca_sha256 is None else tls.fetch_pinned_ca(address, ca_sha256))
        credentials = tls.pinned_client_credentials(ca_pem)
        return cls(grpc.aio.secure_channel(address, credentials, options=_options(server_name)), ca_pem)

    async def join(self, petition: JoinPetition) -> JoinStatus:
        """See `services.Enrolment`, as for every method here."""
        call = self._stub.Join(enrol.petition_to_pb(petition), timeout=limits.UNARY_SECONDS)
        return await _unary(call, enrol.join_status_from_pb)

    async def challenge(self, member: MemberId) -> bytes:
        """Fresh bytes for `renew_expired`."""
        call = self._stub.Challenge(pb.ChallengeRequest(member=member), timeout=limits.UNARY_SECONDS)
        return await _unary(call, lambda answer: checks.size(answer.challenge, "a challenge", *limits.CHALLENGE_BYTES))

    async def renew_expired(
        self, member: MemberId, csr: bytes, challenge: bytes, signature: bytes
    ) -> tuple[bytes, ...]:
        """A new chain (DER, leaf first) for a member whose certificate has expired."""
        request = pb.RenewExpiredRequest(member=member, csr=csr, challenge=challenge, signature=signature)
        call = self._stub.RenewExpired(request, timeout=limits.UNARY_SECONDS)
        return await _unary(call, lambda answer: enrol.chain_from_pb(answer.chain))

    async def metadata(self, name: str, limit: int, reader: RosterReader = ANYBODY) -> bytes:
        """A file of the TUF repository, of at most `limit` bytes."""
        return await _metadata(self._stub, name, limit, reader)

    async def close(self) -> None:
        """Cuts every call."""
        await self._channel.close(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _metadata(
    stub: pb_grpc.EnrolmentStub | pb_grpc.RosterStub, name: str, limit: int, reader: RosterReader = ANYBODY
) -> bytes:
    request = enrol.file_to_pb(name, limit, reader)
    data = await _unary(stub.Metadata(request, timeout=limits.UNARY_SECONDS), lambda answer: answer.data)
    checks.at_most(len(data), limit, "bytes of a file of the roster")
    return bytes(data)
