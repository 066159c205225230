"""Who is calling, asked for every call and every stream, and what a call's failure looks like from outside.

Rules this module upholds:

- Fail closed: nothing is parsed and no handler runs before the `Gate` has admitted the certificate's one SPIFFE id, its
  key and its end of life; a handler that asks for its caller outside a guarded call gets an error, never a default.
- A live stream ends when `Gate.watch` fires, when its certificate's life ends, and when a recheck is refused: the
  handshake is hours ago by then.
- A member holds at most so many calls at once, so that one cannot crowd out the others.
- Every exception leaves through `status.abort`; none leaves as text that nobody chose.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.message import DecodeError

from node.domain.ids import MemberId
from node.domain.ports import Clock
from node.domain.services import Gate
from node.errors import Expired, Malformed, Overloaded, Refused, Unauthenticated, Unavailable
from node.wire import limits, status
from node.wire.status import Context

_CALLER: Final[ContextVar[MemberId]] = ContextVar("caller")
_REMEDY: Final = "run `vigil node doctor`: it checks this node's certificate and names the fault"

Behaviour = Callable[[Any, Context], Awaitable[Any]]


def caller() -> MemberId:
    """The member whose call is being served. Raises `Unauthenticated` outside a guarded call."""
    try:
        return _CALLER.get()
    except LookupError as error:
        raise Unauthenticated("nobody was admitted to this call") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a client certificate says: its one SPIFFE id, SHA-256 of its SubjectPublicKeyInfo, end of life (Unix s)."""

    spiffe_id: str
    spki_sha256: bytes
    not_after: float


def identity(context: Context) -> Identity:
    """The identity behind a call. Raises `Unauthenticated` unless there is exactly one SPIFFE id and one certificate.

    Other kinds of name in the certificate are not looked at: gRPC mixes them in `peer_identities`.
    """
    auth = context.auth_context()
    ids = list(auth.get("peer_spiffe_id", ()))
    pems = list(auth.get("x509_pem_cert", ()))
    if len(ids) != 1 or len(pems) != 1:
        raise Unauthenticated("a client certificate must hold exactly one SPIFFE id", remedy=_REMEDY)
    try:
        certificate = x509.load_pem_x509_certificate(pems[0])
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Identity(
            spiffe_id=ids[0].decode("ascii"),
            spki_sha256=hashlib.sha256(key).digest(),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )
    except (ValueError, TypeError) as error:
        raise Unauthenticated("a client certificate that cannot be read", remedy=_REMEDY) from error


class Admission:
    """Admits callers by the gate, and ends their streams when they may stay no longer."""

    def __init__(self, gate: Gate, clock: Clock, *, recheck_seconds: float = limits.RECHECK_SECONDS) -> None:
        self._gate = gate
        self._clock = clock
        self._recheck_seconds = recheck_seconds
        self._calls: Counter[MemberId] = Counter()

    @asynccontextmanager
    async def admitted(self, context: Context) -> AsyncGenerator[tuple[MemberId, Identity], None]:
        """Holds a place for one call. Raises what the gate raises, `Expired`, `Overloaded` for one call too many."""
        who = identity(context)
        member = self._check(who)
        if self._calls[member] >= limits.CALLS_A_MEMBER:
            raise Overloaded("this member has too many calls open", retry_after=limits.UNARY_SECONDS)
        self._calls[member] += 1
        token = _CALLER.set(member)
        try:
            yield member, who
        finally:
            _CALLER.reset(token)
            self._calls[member] -= 1

    def _check(self, who: Identity) -> MemberId:
        if self._clock() >= who.not_after:
            raise Expired("the certificate is past its end", remedy="renew it, and check this machine's clock")
        return self._gate.admit(who.spiffe_id, who.spki_sha256, who.not_after)

    async def ends(self, member: MemberId, who: Identity) -> None:
        """Waits until the member's streams must end, and raises the reason."""
        watch = self._gate.watch(member)
        fired = asyncio.ensure_future(anext(watch, None))
        try:
            while not fired.done():
                left = min(self._recheck_seconds, who.not_after - self._clock())
                await asyncio.wait({fired}, timeout=max(left, 0.0))
                self._check(who)
            reason = fired.result()
            if reason is None:
                raise Unavailable("the hub watches over this stream no longer", remedy="reconnect")
            raise Refused(f"the stream was ended: {reason}")
        finally:
            fired.cancel()
            await asyncio.gather(fired, return_exceptions=True)


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Wraps every handler of a server. Without an `Admission` (the enrolment port) it only translates errors."""

    def __init__(self, admission: Admission | None) -> None:
        self._admission = admission

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:  # noqa: ANN401  (gRPC's handlers are untyped)
        """GRPC asks for each call which handler serves it."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        kinds = (
            (handler.unary_unary, grpc.unary_unary_rpc_method_handler),
            (handler.unary_stream, grpc.unary_stream_rpc_method_handler),
            (handler.stream_unary, grpc.stream_unary_rpc_method_handler),
            (handler.stream_stream, grpc.stream_stream_rpc_method_handler),
        )
        behaviour, build = next(kind for kind in kinds if kind[0] is not None)
        served = _Served(
            behaviour=behaviour,
            parse=handler.request_deserializer,
            streams_up=handler.request_streaming,
            live=handler.request_streaming or handler.response_streaming,
        )

        async def guarded(request: Any, context: Context) -> object:  # noqa: ANN401  (bytes, or an iterator of them)
            return await self._serve(served, request, context)

        # Without a deserializer gRPC hands over bytes: they are parsed in `_serve`, once it is known whose they are.
        return build(guarded, None, handler.response_serializer)

    async def _serve(self, served: "_Served", request: Any, context: Context) -> object:  # noqa: ANN401
        try:
            if self._admission is None:
                return await served.behaviour(served.parsed(request, context), context)
            async with self._admission.admitted(context) as (member, who):
                work = served.behaviour(served.parsed(request, context), context)
                return await (_until(work, self._admission.ends(member, who)) if served.live else work)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001  (the one door that errors leave by)
            await status.abort(context, error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """One handler: what to run, how to parse what it takes, whether that is a stream, whether either side is."""

    behaviour: Behaviour
    parse: Callable[[bytes], Any]
    streams_up: bool
    live: bool

    def parsed(self, request: Any, context: Context) -> Any:  # noqa: ANN401
        """The message in `request`, or an iterator of them. Raises `Malformed`, the iterator when it comes to it."""
        return _Messages(context, self._one) if self.streams_up else self._one(request)

    def _one(self, data: bytes) -> object:
        try:
            return self.parse(data)
        except DecodeError as error:
            raise Malformed("a message is not what the contract says") from error


class _Messages(AsyncIterator[object]):
    """What comes up a stream, parsed. Not a generator, of which one that is being read could not be closed."""

    def __init__(self, context: Context, parse: Callable[[bytes], object]) -> None:
        self._read = context.read
        self._parse = parse

    async def __anext__(self) -> object:
        data = await self._read()
        if data is grpc.aio.EOF:  # type: ignore[attr-defined]  # the stubs lack it
            raise StopAsyncIteration
        return self._parse(data)


async def _until(work: Awaitable[Any], end: Awaitable[None]) -> object:
    """`work`'s result, unless `end` raises first: then that, with `work` cancelled and waited for."""
    working, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await ending
        return await working
    finally:
        working.cancel()
        ending.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
