"""Servicers: turn gRPC calls into calls of the domain's services. They make no decisions.

Rules this module upholds:

- The methods are those of federation.proto, which describes each.
- The caller is `guard.caller()`; a message's own statement of its sender is never used.
- A message is written with a deadline; a receiver too slow for it is cut off. So a service's iterator is advanced only
  once the receiver has room for the last item.
- A service's iterator is closed when its stream ends, for any reason.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from node.domain.ids import Origin, member_id
from node.domain.services import (
    CarrierService,
    EnrolmentService,
    RelayService,
    RenewalService,
    Reply,
    RosterService,
)
from node.errors import Refused
from node.wire import checks, convert_enrolment, limits
from node.wire import convert_federation as convert
from node.wire.guard import caller
from node.wire.pb import federation_pb2 as pb
from node.wire.pb import federation_pb2_grpc as pb_grpc
from node.wire.status import Context
from node.wire.streams import OPENED, too_slow
from node.wire.turns import MANY_NAMES, Turns

T = TypeVar("T")


class _Patience:
    """Ends `stream`, just before a write, if a message is not read within `seconds`.

    One timer watches the whole stream: a timer per message would cost as much as the message.
    """

    def __init__(self, stream: asyncio.Timeout, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._seconds = seconds
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A message is passed to gRPC."""
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_at(self._since + self._seconds, self._look)

    def end(self) -> None:
        """It was taken."""
        self._since = None

    def close(self) -> None:
        """Nothing more is written."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._since is None:
            return
        due = self._since + self._seconds
        if self._loop.time() >= due:
            self._stream.reschedule(due)
        else:
            self._timer = self._loop.call_at(due, self._look)


async def send(
    context: Context, items: AsyncIterator[T], to_pb: Callable[[T], object], *, seconds: float = limits.WRITE_SECONDS
) -> None:
    """Writes every item; closes `items` at the end. Raises `TooSlow` if one is not read within `seconds`."""
    stream = asyncio.timeout(None)
    try:
        async with stream:
            patience = _Patience(stream, seconds)
            try:
                async for item in items:
                    patience.begin()
                    await context.write(to_pb(item))
                    patience.end()
            finally:
                patience.close()
    except TimeoutError as error:
        if not stream.expired():
            raise
        raise too_slow() from error
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


class LogCarrierServicer(pb_grpc.LogCarrierServicer):
    """Serves a `CarrierService`."""

    def __init__(self, service: CarrierService, *, write_seconds: float = limits.WRITE_SECONDS) -> None:
        self._service = service
        self._turns = Turns()
        self._write_seconds = write_seconds

    async def Heads(self, request: pb.HeadsRequest, context: Context) -> pb.HeadsResponse:
        """The hub's heads."""
        checks.at_most(len(request.origins), limits.LOGS, "logs named")
        async with self._turns.turn(caller(), much=len(request.origins) >= MANY_NAMES):
            origins = convert.origins_from_pb(request.origins)
        heads = await self._service.heads(caller(), origins)
        return pb.HeadsResponse(heads=map(convert.head_to_pb, heads))

    async def Submit(self, request: pb.Package, context: Context) -> pb.Head:
        """The next run of the caller's own log."""
        return convert.head_to_pb(await self._service.submit(caller(), convert.package_from_pb(request)))

    async def Follow(self, request: pb.FollowRequest, context: Context) -> None:
        """Packages, until a failure."""
        checks.at_most(len(request.cursors), limits.LOGS, "cursors")
        async with self._turns.turn(caller(), much=len(request.cursors) >= MANY_NAMES):
            cursors = convert.cursors_from_pb(request)
        packages = self._service.follow(caller(), cursors)
        await context.send_initial_metadata(OPENED)
        await send(context, packages, convert.package_to_pb, seconds=self._write_seconds)

    async def Bodies(self, request: pb.BodiesRequest, context: Context) -> pb.BodiesResponse:
        """Repair."""
        checks.at_most(len(request.indices), limits.BODIES_ASKED, "bodies asked for")
        origin = Origin.parse(request.origin)
        return convert.disclosures_to_pb(await self._service.bodies(caller(), origin, list(request.indices)))


class QueryRelayServicer(pb_grpc.QueryRelayServicer):
    """Serves a `RelayService`."""

    def __init__(self, service: RelayService, *, write_seconds: float = limits.WRITE_SECONDS) -> None:
        self._service = service
        self._write_seconds = write_seconds

    async def Ask(self, request: pb.AskRequest, context: Context) -> None:
        """One event a recipient."""
        query, budget = convert.ask_from_pb(request)
        events = self._service.ask(caller(), query, budget)
        await send(context, events, convert.events_to_pb, seconds=self._write_seconds)

    async def Attend(self, request_iterator: AsyncIterator[pb.Reply], context: Context) -> None:
        """The stream that a node holds open."""
        # The headers are sent at once: they tell the node that it is attending, before any query comes.
        await context.send_initial_metadata(OPENED)
        deliveries = self._service.attend(caller(), _Replies(request_iterator))
        await send(context, deliveries, convert.delivery_to_pb, seconds=self._write_seconds)


class _Replies(AsyncIterator[Reply]):
    """The messages of an attending node. Not a generator: a generator that is being read cannot be closed."""

    def __init__(self, requests: AsyncIterator[pb.Reply]) -> None:
        self._next = requests.__anext__

    async def __anext__(self) -> Reply:
        return convert.reply_from_pb(await self._next())


class RenewalServicer(pb_grpc.RenewalServicer):
    """Serves a `RenewalService`."""

    def __init__(self, service: RenewalService) -> None:
        self._service = service

    async def Renew(self, request: pb.RenewRequest, context: Context) -> pb.Certificates:
        """A new chain for a certificate still valid."""
        return _certificates(await self._service.renew(caller(), convert_enrolment.csr_from_pb(request.csr)))


class RosterServicer(pb_grpc.RosterServicer):
    """Serves a `RosterService`."""

    def __init__(self, service: RosterService, *, write_seconds: float = limits.WRITE_SECONDS) -> None:
        self._service = service
        self._write_seconds = write_seconds

    async def Metadata(self, request: pb.MetadataRequest, context: Context) -> pb.MetadataResponse:
        """A file of the roster."""
        name, limit = convert_enrolment.file_from_pb(request)
        return _file(await self._service.file(caller(), name, limit), limit)

    async def Watch(self, request: pb.WatchRequest, context: Context) -> None:
        """One message for each new roster, until an error."""
        changes = self._service.changes(caller())
        await context.send_initial_metadata(OPENED)
        await send(context, changes, lambda _: pb.RosterChange(), seconds=self._write_seconds)


class EnrolmentServicer(pb_grpc.EnrolmentServicer):
    """Serves an `EnrolmentService`. Its callers are not authenticated."""

    def __init__(self, service: EnrolmentService) -> None:
        self._service = service

    async def Join(self, request: pb.JoinPetition, context: Context) -> pb.JoinStatus:
        """Files a petition, or reports its state."""
        petition = convert_enrolment.petition_from_pb(request)
        return convert_enrolment.join_status_to_pb(await self._service.join(petition, address=_address(context)))

    async def Challenge(self, request: pb.ChallengeRequest, context: Context) -> pb.ChallengeResponse:
        """Fresh bytes."""
        return pb.ChallengeResponse(challenge=await self._service.challenge(member_id(request.member)))

    async def RenewExpired(self, request: pb.RenewExpiredRequest, context: Context) -> pb.Certificates:
        """A new chain for an expired certificate."""
        chain = await self._service.renew_expired(
            member_id(request.member),
            convert_enrolment.csr_from_pb(request.csr),
            checks.size(request.challenge, "a challenge", *limits.CHALLENGE_BYTES),
            checks.size(request.signature, "a signature", convert.SIGNATURE_SIZE),
        )
        return _certificates(chain)

    async def Metadata(self, request: pb.MetadataRequest, context: Context) -> pb.MetadataResponse:
        """A file of the roster."""
        name, limit = convert_enrolment.file_from_pb(request)
        reader = convert_enrolment.reader_from_pb(request)
        return _file(await self._service.metadata(name, limit, reader, address=_address(context)), limit)


def _address(context: Context) -> str:
    """The client whose call the enrolment port's process passes on; "" if it does not say."""
    found = dict(context.invocation_metadata() or ()).get(limits.ADDRESS_KEY, "")
    return found if isinstance(found, str) else ""


def _file(data: bytes, limit: int) -> pb.MetadataResponse:
    if len(data) > limit:
        raise Refused("a file of the roster is larger than the caller takes")
    return pb.MetadataResponse(data=data)


def _certificates(chain: Iterable[bytes]) -> pb.Certificates:
    return pb.Certificates(chain=chain)
